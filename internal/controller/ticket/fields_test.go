// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
	"github.com/synqly/ticketing-operator/internal/synqly/patchtest"
)

const marker = "k8s-00112233445566778899aabbccddeeff"

func at(text string) *metav1.Time {
	parsed, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return &metav1.Time{Time: parsed}
}

func customFields(fields map[string]string) map[string]apiextensionsv1.JSON {
	values := map[string]apiextensionsv1.JSON{}
	for name, raw := range fields {
		values[name] = apiextensionsv1.JSON{Raw: []byte(raw)}
	}
	return values
}

// wholeSpec sets every managed field.
func wholeSpec() *v1alpha1.TicketSpec {
	return &v1alpha1.TicketSpec{
		Name: "Checkout latency", Summary: "p99 above 2s", Description: "Since **10:05**.", Priority: "HIGH", Status: "To Do",
		Project: "OPS", IssueType: "Incident", Assignee: "jane@example.com", Contact: "joe@example.com", Creator: "bot@example.com",
		DueDate: at("2026-12-01T00:00:00Z"), CompletionDate: at("2026-12-02T00:00:00Z"),
		Tags:         []string{"team:checkout", "sev2"},
		CustomFields: customFields(map[string]string{"severity": "2", "region": `"eu"`}),
	}
}

// wholeTicket is a remote ticket as wholeSpec asks, and what the provider and other people have
// added.
const wholeTicket = `{
  "id": "10023", "name": "Checkout latency", "summary": "p99 above 2s", "description": "Since **10:05**.", "priority": "HIGH", "status": "To Do",
  "project": "OPS", "issue_type": "Incident", "assignee": "jane@example.com", "contact": "joe@example.com", "creator": "bot@example.com",
  "due_date": "2026-12-01T00:00:00Z", "completion_date": "2026-12-02T00:00:00Z",
  "created_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-01T12:00:00Z",
  "tags": ["triaged", "team:checkout", "` + marker + `", "sev2"],
  "custom_fields": {"severity": 2, "region": "eu", "squad": ["a", "b"]},
  "attachments": [{
    "id": "40001", "ticket_id": "10023", "file_name": "heap.txt", "file_type": "text/plain", "file_size": 11, "creator": "max@example.com",
    "created_date": "2026-03-01T12:00:00Z"
  }],
  "unmapped": {"votes": 3}
}`

func decodeTicket(tb testing.TB, document []byte) *synqly.Ticket {
	tb.Helper()
	var ticket synqly.Ticket
	if err := json.Unmarshal(document, &ticket); err != nil {
		tb.Fatalf("decoding the ticket: %v", err)
	}
	return &ticket
}

// specChanges are changes of one field of wholeSpec: what has to be written then, and the operation
// that writes it.
var specChanges = map[string]struct {
	change func(*v1alpha1.TicketSpec)
	field  string
	path   string
	value  string
}{
	"name":            {func(s *v1alpha1.TicketSpec) { s.Name = "x" }, "name", "/name", `"x"`},
	"summary":         {func(s *v1alpha1.TicketSpec) { s.Summary = "x" }, "summary", "/summary", `"x"`},
	"description":     {func(s *v1alpha1.TicketSpec) { s.Description = "x" }, "description", "/description", `"x"`},
	"priority":        {func(s *v1alpha1.TicketSpec) { s.Priority = "LOW" }, "priority", "/priority", `"LOW"`},
	"status":          {func(s *v1alpha1.TicketSpec) { s.Status = "Done" }, "status", "/status", `"Done"`},
	"project":         {func(s *v1alpha1.TicketSpec) { s.Project = "X" }, "project", "/project", `"X"`},
	"issue type":      {func(s *v1alpha1.TicketSpec) { s.IssueType = "Bug" }, "issueType", "/issue_type", `"Bug"`},
	"assignee":        {func(s *v1alpha1.TicketSpec) { s.Assignee = "x" }, "assignee", "/assignee", `"x"`},
	"contact":         {func(s *v1alpha1.TicketSpec) { s.Contact = "x" }, "contact", "/contact", `"x"`},
	"creator":         {func(s *v1alpha1.TicketSpec) { s.Creator = "x" }, "creator", "/creator", `"x"`},
	"due date":        {func(s *v1alpha1.TicketSpec) { s.DueDate = at("2027-01-01T01:00:00+01:00") }, "dueDate", "/due_date", `"2027-01-01T00:00:00Z"`},
	"completion date": {func(s *v1alpha1.TicketSpec) { s.CompletionDate = at("2027-01-01T00:00:00Z") }, "completionDate", "/completion_date", `"2027-01-01T00:00:00Z"`},
	"tag added": {
		func(s *v1alpha1.TicketSpec) { s.Tags = append(s.Tags, "new") }, "tags/new", "/tags",
		`["triaged","team:checkout","` + marker + `","sev2","new"]`,
	},
	"tag removed": {
		func(s *v1alpha1.TicketSpec) { s.Tags = []string{"team:checkout"} }, "tags/sev2", "/tags",
		`["triaged","team:checkout","` + marker + `"]`,
	},
	"custom field changed": {
		func(s *v1alpha1.TicketSpec) { s.CustomFields["severity"] = apiextensionsv1.JSON{Raw: []byte("3")} },
		"customFields/severity", "/custom_fields/severity", "3",
	},
	"custom field added": {
		func(s *v1alpha1.TicketSpec) {
			s.CustomFields["a/b~c"] = apiextensionsv1.JSON{Raw: []byte(`{"k": [1]}`)}
		},
		"customFields/a/b~c", "/custom_fields/a~1b~0c", `{"k":[1]}`,
	},
	"custom field cleared": {
		func(s *v1alpha1.TicketSpec) { s.CustomFields["region"] = apiextensionsv1.JSON{Raw: []byte("null")} },
		"customFields/region", "/custom_fields/region", "null",
	},
}

func TestOneChangedFieldIsOneOperation(t *testing.T) {
	applied := specFields(wholeSpec())
	for name, test := range specChanges {
		t.Run(name, func(t *testing.T) {
			spec := wholeSpec()
			test.change(spec)
			names := diff(spec, applied)
			if diff := cmp.Diff([]string{test.field}, names); diff != "" {
				t.Fatalf("fields to write (-want +got):\n%s", diff)
			}
			operation := "replace"
			if strings.HasPrefix(test.field, customFieldPrefix) {
				operation = "add"
			}
			want := []synqly.PatchOperation{{Op: operation, Path: test.path, Value: json.RawMessage(test.value)}}
			seen := decodeTicket(t, []byte(wholeTicket))
			patch, err := patchOf(spec, names, seen)
			if diff := cmp.Diff(want, patch); diff != "" || err != nil {
				t.Errorf("%v, patch (-want +got):\n%s", err, diff)
			}
			if namesTags(names) {
				return // which need the ticket as it is
			}
			patch, err = patchOf(spec, names, nil)
			if diff := cmp.Diff(want, patch); diff != "" || err != nil {
				t.Errorf("without the ticket as seen: %v, patch (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestWhatIsSetAgainToWhatTheTicketShowsIsNotSent(t *testing.T) {
	spec := wholeSpec()
	names := diff(spec, nil)
	if len(names) != len(fields)+len(spec.Tags)+len(spec.CustomFields) {
		t.Fatalf("of a spec that was never applied, %q are to be written", names)
	}
	patch, err := patchOf(spec, names, decodeTicket(t, []byte(wholeTicket)))
	if len(patch) != 0 || err != nil {
		t.Errorf("patch %+v, %v", patch, err)
	}
}

func TestNoDiffWhenNothingChanged(t *testing.T) {
	for name, change := range map[string]func(*v1alpha1.TicketSpec){
		"nothing":               func(*v1alpha1.TicketSpec) {},
		"tags in another order": func(s *v1alpha1.TicketSpec) { slices.Reverse(s.Tags) },
		"what is not remote":    func(s *v1alpha1.TicketSpec) { s.DeletionPolicy, s.TicketID = v1alpha1.TicketClose, "10023" },
		"time in another zone":  func(s *v1alpha1.TicketSpec) { s.DueDate = at("2026-12-01T02:00:00+02:00") },
		"fraction of a second":  func(s *v1alpha1.TicketSpec) { s.DueDate = at("2026-12-01T00:00:00.4Z") },
		"custom field respaced": func(s *v1alpha1.TicketSpec) {
			s.CustomFields["region"] = apiextensionsv1.JSON{Raw: []byte(" \"eu\"\n")}
		},
		"number in another form": func(s *v1alpha1.TicketSpec) { s.CustomFields["severity"] = apiextensionsv1.JSON{Raw: []byte("2.0")} },
		"text in another form": func(s *v1alpha1.TicketSpec) {
			s.CustomFields["region"] = apiextensionsv1.JSON{Raw: []byte(`"\u0065u"`)}
		},
		"all tags taken out":      func(s *v1alpha1.TicketSpec) { s.Tags = nil },
		"all custom fields out":   func(s *v1alpha1.TicketSpec) { s.CustomFields = nil },
		"one custom field out":    func(s *v1alpha1.TicketSpec) { delete(s.CustomFields, "region") },
		"every optional text out": func(s *v1alpha1.TicketSpec) { *s = v1alpha1.TicketSpec{Summary: s.Summary, Tags: s.Tags} },
	} {
		spec := wholeSpec()
		change(spec)
		if got := diff(spec, specFields(wholeSpec())); got != nil {
			t.Errorf("%s: %q are to be written", name, got)
		}
	}
}

func TestShownFieldsMatchTheSpec(t *testing.T) {
	spec := wholeSpec()
	wanted := specFields(spec)
	if diff := cmp.Diff(wanted, shownFields(spec, decodeTicket(t, []byte(wholeTicket)))); diff != "" {
		t.Errorf("of a ticket as the spec asks (-spec +shown):\n%s", diff)
	}
	shown := shownFields(spec, &synqly.Ticket{})
	for name, hash := range wanted {
		if shown[name] == hash {
			t.Errorf("an empty ticket shows %s as the spec asks", name)
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(wanted)), slices.Sorted(maps.Keys(shown))); diff != "" {
		t.Errorf("names (-spec +shown):\n%s", diff)
	}
	if got := shownFields(&v1alpha1.TicketSpec{}, decodeTicket(t, []byte(wholeTicket))); len(got) != 0 {
		t.Errorf("of a spec that sets nothing: %v", got)
	}
}

func TestShownTimes(t *testing.T) {
	for raw, want := range map[string]string{
		`null`:                             "",
		`""`:                               "",
		`"2026-12-01T00:00:00Z"`:           "2026-12-01T00:00:00Z",
		`"2026-12-01T02:00:00+02:00"`:      "2026-12-01T00:00:00Z",
		`"2026-12-01T02:00:00.000+0200"`:   "2026-12-01T00:00:00Z",
		`"2026-11-30T19:00:00-05:00"`:      "2026-12-01T00:00:00Z",
		`"next week"`:                      "next week",
		`"2026-12-01T00:00:00.999999999Z"`: "2026-12-01T00:00:00Z",
	} {
		ticket := decodeTicket(t, []byte(`{"due_date":`+raw+`}`))
		if got := shownTime(ticket.DueDate); got != want {
			t.Errorf("shownTime(%s) = %q, want %q", raw, got, want)
		}
	}
	if got := wireTime(&metav1.Time{}); got != "" {
		t.Errorf("wireTime of no time = %q", got)
	}
}

func TestTimesInOtherZonesAreNotSent(t *testing.T) {
	spec := &v1alpha1.TicketSpec{DueDate: at("2026-12-01T01:00:00+01:00")}
	seen := decodeTicket(t, []byte(`{"due_date":"2026-11-30T19:00:00-0500"}`))
	if patch, err := patchOf(spec, []string{"dueDate"}, seen); len(patch) != 0 || err != nil {
		t.Errorf("patch %+v, %v", patch, err)
	}
}

func TestShownTags(t *testing.T) {
	spec := &v1alpha1.TicketSpec{Tags: []string{"Team"}}
	shown := func(tags ...string) string {
		return shownFields(spec, &synqly.Ticket{Tags: tags})["tags/Team"]
	}
	if shown("x", "Team") != specFields(spec)["tags/Team"] || shown("team", "Team") != shown("Team") {
		t.Error("a tag that is there is not shown as the spec has it")
	}
	if shown("team") == shown("Team") || shown("team") == shown("x") || shown("x") == shown("Team") {
		t.Error("a tag that is there, one in another case and none are not told apart")
	}
	if shown("team", "TEAM") != shown("TEAM") {
		t.Error("in which other case a tag is there makes a difference")
	}
}

// A form in a browser sends CR LF, and a person who saves it has not changed a text.
func TestLineEndsAreNoDifference(t *testing.T) {
	lf, crlf := &v1alpha1.TicketSpec{Description: "one\ntwo\n"}, &v1alpha1.TicketSpec{Description: "one\r\ntwo\r\n"}
	if names := diff(crlf, specFields(lf)); names != nil {
		t.Errorf("%q are to be written", names)
	}
	saved, other := &synqly.Ticket{Description: crlf.Description}, &synqly.Ticket{Description: "one two"}
	if diff := cmp.Diff(specFields(lf), shownFields(lf, saved)); diff != "" {
		t.Errorf("(-spec +shown):\n%s", diff)
	}
	if patch, err := patchOf(lf, []string{"description"}, saved); len(patch) != 0 || err != nil {
		t.Errorf("patch %+v, %v", patch, err)
	}
	if shownFields(lf, other)["description"] == specFields(lf)["description"] {
		t.Error("lines that were joined are no difference")
	}
}

// A provider may leave out members that have no value, and custom_fields may be null. Replace, and
// add inside of null, would be refused (RFC 6902, section 4).
func TestMembersWithoutAValueAreAdded(t *testing.T) {
	spec := wholeSpec()
	names := diff(spec, nil)
	for _, document := range []string{
		`{"id": "1"}`, `{"id": "1", "tags": null, "custom_fields": null, "description": null, "due_date": null}`,
		`{"id": "1", "tags": [], "custom_fields": {}, "description": "", "due_date": ""}`,
	} {
		patch, err := patchOf(spec, names, decodeTicket(t, []byte(document)))
		if err != nil {
			t.Fatalf("%s: %v", document, err)
		}
		patched := decodeTicket(t, patchtest.Apply(t, []byte(document), patch))
		if diff := cmp.Diff(specFields(spec), shownFields(spec, patched)); diff != "" {
			t.Errorf("%s (-spec +shown):\n%s", document, diff)
		}
	}
}

// What could not be read is not known: it is no drift, and neither taken for what the spec wants
// nor, as a list or a map, overwritten.
func TestMembersThatCannotBeRead(t *testing.T) {
	spec := &v1alpha1.TicketSpec{
		Summary: "p99", DueDate: at("2026-12-01T00:00:00Z"), Tags: []string{"a"}, CustomFields: customFields(map[string]string{"x": "null"}),
	}
	for _, tags := range []string{`"a"`, `[1, "a"]`} {
		odd := decodeTicket(t, []byte(`{"id": "1", "summary": "p99", "due_date": 5, "tags": `+tags+`, "custom_fields": ["x"]}`))
		if diff := cmp.Diff([]string{"summary"}, slices.Sorted(maps.Keys(shownFields(spec, odd)))); diff != "" {
			t.Errorf("known (-want +got):\n%s", diff)
		}
		want := []synqly.PatchOperation{
			{Op: "replace", Path: "/due_date", Value: json.RawMessage(`"2026-12-01T00:00:00Z"`)},
			{Op: "add", Path: "/custom_fields/x", Value: json.RawMessage("null")},
		}
		patch, err := patchOf(spec, []string{"customFields/x", "dueDate", "summary"}, odd)
		if diff := cmp.Diff(want, patch); diff != "" || err != nil {
			t.Errorf("%v, patch (-want +got):\n%s", err, diff)
		}
		patch, err = patchOf(spec, []string{"tags/a"}, odd)
		if err == nil || !strings.Contains(err.Error(), "tags") {
			t.Errorf("tags that cannot be read: %v, patch %+v", err, patch)
		}
	}
}

func TestMergeTags(t *testing.T) {
	names := func(tags ...string) (prefixed []string) {
		for _, tag := range tags {
			prefixed = append(prefixed, tagPrefix+tag)
		}
		return append(prefixed, "summary", customFieldPrefix+"tags/x")
	}
	for name, test := range map[string]struct {
		wanted, names, seen []string
		want                []string // nil where nothing changes
	}{
		"added":                     {[]string{"a"}, names("a"), []string{"theirs", marker}, []string{"theirs", marker, "a"}},
		"there already":             {[]string{"a"}, names("a"), []string{"a", "theirs"}, nil},
		"removed":                   {[]string{"a"}, names("b"), []string{"a", "b", "theirs", marker}, []string{"a", "theirs", marker}},
		"removed by somebody else":  {[]string{"a"}, names("b"), []string{"a", "theirs"}, nil},
		"removed in another case":   {[]string{"a"}, names("Team"), []string{"a", "TEAM"}, []string{"a"}},
		"removed every time":        {[]string{"a"}, names("b"), []string{"b", "a", "b"}, []string{"a"}},
		"removed, not a person's":   {[]string{"a"}, names("b"), []string{"b", "a", "B"}, []string{"a", "B"}},
		"removed in both cases":     {[]string{"a"}, names("B", "b"), []string{"b", "a", "B"}, []string{"a"}},
		"not named":                 {[]string{"a", "b"}, names(), []string{"theirs"}, nil},
		"replaced":                  {[]string{"b"}, names("a", "b"), []string{"a", "theirs"}, []string{"theirs", "b"}},
		"first tags":                {[]string{"a", "b"}, names("a", "b"), nil, []string{"a", "b"}},
		"to upper case":             {[]string{"Team"}, names("Team", "team"), []string{"team", "theirs"}, []string{"theirs", "Team"}},
		"to lower case":             {[]string{"team"}, names("Team", "team"), []string{"Team", "theirs"}, []string{"theirs", "team"}},
		"of two cases one is left":  {[]string{"team"}, names("Team"), []string{"team", "Team"}, []string{"team"}},
		"one form of two tags":      {[]string{"TEAM"}, names("Team"), []string{"team"}, nil},
		"that form is its own":      {[]string{"Team"}, names("team"), []string{"team"}, nil},
		"a form of the new tag":     {[]string{"TEAM"}, names("TEAM", "Team"), []string{"team", "theirs"}, []string{"theirs", "TEAM"}},
		"there in another case":     {[]string{"Team"}, names("Team"), []string{"team"}, []string{"team", "Team"}},
		"like the operator's mark":  {[]string{"a"}, names(strings.ToUpper(marker)), []string{"a", marker}, nil},
		"whole list not set":        {nil, names("a"), []string{"a", "theirs"}, nil},
		"order of others is kept":   {[]string{"x"}, names("x", "m"), []string{"z", "m", "y", "b"}, []string{"z", "y", "b", "x"}},
		"doubles of others are too": {[]string{"x"}, names("x"), []string{"z", "z"}, []string{"z", "z", "x"}},
	} {
		seen := &synqly.Ticket{Tags: slices.Clone(test.seen)}
		got, changed := mergeTags(test.wanted, test.names, seen)
		if changed != (test.want != nil) {
			t.Errorf("%s: changed = %t, tags %q", name, changed, got)
		}
		if diff := cmp.Diff(test.want, got); changed && diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(test.seen, seen.Tags); diff != "" {
			t.Errorf("%s: the ticket as seen was changed (-before +after):\n%s", name, diff)
		}
	}
	if tags, changed := mergeTags([]string{"a"}, names("a"), nil); changed {
		t.Errorf("without the ticket as seen the list is %q", tags)
	}
}

func TestNamesTags(t *testing.T) {
	for name, test := range map[string]struct {
		names []string
		want  bool
	}{
		"none": {nil, false}, "a tag": {[]string{"summary", "tags/a"}, true}, "others": {[]string{"summary", "customFields/tags/a"}, false},
	} {
		if got := namesTags(test.names); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// The names can be older than the spec: drift is recorded, and then the field is taken out of the
// spec. What the spec does not set is never touched.
func TestFieldsThatTheSpecDoesNotSetAreNotWritten(t *testing.T) {
	names := slices.Sorted(maps.Keys(specFields(wholeSpec())))
	patch, err := patchOf(&v1alpha1.TicketSpec{}, names, decodeTicket(t, []byte(wholeTicket)))
	if len(patch) != 0 || err != nil {
		t.Errorf("patch %+v, %v", patch, err)
	}
	if patch, err := patchOf(&v1alpha1.TicketSpec{}, names, nil); len(patch) != 0 || err != nil {
		t.Errorf("without the ticket as seen: patch %+v, %v", patch, err)
	}
}

func TestCustomFieldsOfEveryJSONType(t *testing.T) {
	values := []string{
		`null`, `true`, `false`, `0`, `-1`, `1.5`, `9007199254740992`, `9007199254740993`, `""`, `"a"`, `"1"`, `"null"`, `[]`, `[null]`, `["a","b"]`,
		`["b","a"]`, `{}`, `{"id":"1"}`, `{"id":1}`, `{"id":{"deep":[1,{"x":null}]}}`,
	}
	for i, raw := range values {
		spec := &v1alpha1.TicketSpec{CustomFields: customFields(map[string]string{"x": raw})}
		patch, err := patchOf(spec, diff(spec, nil), nil)
		want := []synqly.PatchOperation{{Op: "add", Path: "/custom_fields/x", Value: json.RawMessage(raw)}}
		if diff := cmp.Diff(want, patch); diff != "" || err != nil {
			t.Errorf("%s: %v, patch (-want +got):\n%s", raw, err, diff)
		}
		for j, other := range values {
			if got := hashJSON([]byte(raw)) == hashJSON([]byte(other)); got != (i == j) {
				t.Errorf("%s and %s are the same: %t", raw, other, got)
			}
		}
	}
}

func TestHashJSONLooksAtTheValue(t *testing.T) {
	for name, test := range map[string]struct {
		a, b string
		same bool
	}{
		"spaces":            {`{"a":1,"b":[1,2]}`, "{ \"b\" : [1, 2],\n \"a\" : 1 }", true},
		"escapes":           {`"\u00fc\/"`, `"ü/"`, true},
		"fraction of zero":  {`2`, `2.0`, true},
		"exponent":          {`100`, `1e2`, true},
		"none is null":      {``, `null`, true},
		"neither is JSON":   {`{`, `[`, false},
		"the same non-JSON": {`{`, `{`, true},
		"case":              {`"A"`, `"a"`, false},
		"member names":      {`{"A":1}`, `{"a":1}`, false},
		"large numbers":     {`10000000000000001`, `10000000000000002`, false},
		"inside, too":       {`{"a":[10000000000000001]}`, `{"a":[10000000000000002]}`, false},
	} {
		if got := hashJSON([]byte(test.a)) == hashJSON([]byte(test.b)); got != test.same {
			t.Errorf("%s: %q and %q are the same: %t", name, test.a, test.b, got)
		}
	}
}

func TestPatchFailsForACustomFieldThatIsNoJSON(t *testing.T) {
	spec := &v1alpha1.TicketSpec{CustomFields: customFields(map[string]string{"x": "{"})}
	if patch, err := patchOf(spec, []string{"customFields/x"}, nil); err == nil {
		t.Errorf("patch %+v", patch)
	}
}

func TestWireCustomFields(t *testing.T) {
	if got := wireCustomFields(nil); got != nil {
		t.Errorf("of none: %v", got)
	}
	want := map[string]json.RawMessage{"a": json.RawMessage("1"), "b": json.RawMessage(`{"c":null}`)}
	if diff := cmp.Diff(want, wireCustomFields(customFields(map[string]string{"a": "1", "b": `{"c":null}`}))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// change is a ticket that is patched from one spec to another. then is the remote ticket as it was
// when the first spec had just been applied, and now what people have made of it.
type change struct {
	before, wanted *v1alpha1.TicketSpec
	then, now      []byte
	// enforce writes back what people have changed, which has been seen.
	enforce bool
	// looked: the patch is made from the ticket as it is now.
	looked bool
}

// check patches the ticket, and checks that it is then as wanted, that nothing else of it has
// changed, and that nothing is left to write.
func (c change) check(tb testing.TB) {
	tb.Helper()
	// As a patched document is written, so that what is left alone has the same bytes.
	c.then, c.now = patchtest.Apply(tb, c.then, nil), patchtest.Apply(tb, c.now, nil)
	ticket := &keptTicket{document: c.then, enforce: c.enforce, rewrite: func(_, patched []byte) []byte { return patched }}
	ticket.record(tb, c.before)
	ticket.document = c.now
	seen := ticket.look(tb, c.wanted)
	if !c.looked {
		seen = nil
	}
	patched := ticket.reconcile(tb, c.wanted, seen)
	same := c.checkTexts(tb, ticket.document)
	same = c.checkTags(tb, ticket.document) && same
	same = c.checkCustomFields(tb, ticket.document) && same
	rest := []string{"tags", "custom_fields"}
	for _, text := range wireTexts {
		rest = append(rest, text.member)
	}
	before, after := patchtest.Members(tb, c.now), patchtest.Members(tb, ticket.document)
	for _, member := range rest {
		delete(before, member)
		delete(after, member)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		tb.Errorf("what is not managed has changed (-before +after):\n%s", diff)
	}
	if patched && same && c.looked {
		tb.Errorf("a patch was sent that changed nothing of %s", c.now)
	}
	if names := diff(c.wanted, ticket.applied); names != nil {
		tb.Errorf("once it is applied, %q are still to be written", names)
	}
	seen = ticket.look(tb, c.wanted)
	if c.enforce && ticket.drift != nil && !twins(c.wanted.Tags) {
		tb.Errorf("after Enforce, %q are different", ticket.drift)
	}
	if ticket.reconcile(tb, c.wanted, seen) && !twins(c.wanted.Tags) {
		tb.Errorf("patched a second time, to %s", ticket.document)
	}
	if ticket.reconcile(tb, c.wanted, ticket.look(tb, c.wanted)) {
		tb.Errorf("patched once more, to %s", ticket.document)
	}
}

// twins reports whether tags differ in case alone. Writing one of two such tags can change what is
// shown of the other, so that Enforce needs a second patch.
func twins(tags []string) bool {
	for i, tag := range tags {
		if slices.ContainsFunc(tags[:i], func(other string) bool { return strings.EqualFold(tag, other) }) {
			return true
		}
	}
	return false
}

// wireTexts are the texts of a ticket by their names in the spec and in the API.
var wireTexts = []struct {
	name, member string
	date         bool
}{
	{"name", "name", false}, {"summary", "summary", false}, {"description", "description", false}, {"priority", "priority", false},
	{"status", "status", false}, {"project", "project", false}, {"issueType", "issue_type", false}, {"assignee", "assignee", false},
	{"contact", "contact", false}, {"creator", "creator", false}, {"dueDate", "due_date", true}, {"completionDate", "completion_date", true},
}

// checkTexts checks the texts after a patch, and reports whether all are as before.
func (c change) checkTexts(tb testing.TB, document []byte) (same bool) {
	tb.Helper()
	before, wanted := specObject(tb, c.before), specObject(tb, c.wanted)
	then, now, after := patchtest.Members(tb, c.then), patchtest.Members(tb, c.now), patchtest.Members(tb, document)
	same = true
	for _, text := range wireTexts {
		meaning := func(raw json.RawMessage) string {
			var value string
			if len(raw) > 0 {
				if err := json.Unmarshal(raw, &value); err != nil {
					tb.Fatalf("%s is %s: %v", text.member, raw, err)
				}
			}
			if moment, err := time.Parse(time.RFC3339, value); err == nil && text.date {
				return moment.Truncate(time.Second).UTC().String()
			}
			return strings.ReplaceAll(value, "\r\n", "\n")
		}
		was, want := meaning(before[text.name]), meaning(wanted[text.name])
		drifted := was != "" && meaning(then[text.member]) != meaning(now[text.member])
		written := want != "" && (was != want || (c.enforce && drifted))
		same = same && string(now[text.member]) == string(after[text.member])
		switch {
		case written && meaning(after[text.member]) != want:
			tb.Errorf("%s is %s, want %q", text.name, after[text.member], want)
		case !written && string(after[text.member]) != string(now[text.member]):
			tb.Errorf("%s is %s, want it left at %s", text.name, after[text.member], now[text.member])
		}
	}
	return same
}

// checkTags checks the tags after a patch, and reports whether all are as before.
func (c change) checkTags(tb testing.TB, document []byte) (same bool) {
	tb.Helper()
	then, now, after := decodeTicket(tb, c.then).Tags, decodeTicket(tb, c.now).Tags, decodeTicket(tb, document).Tags
	inAnyCase := func(tags []string, tag string) bool {
		return slices.ContainsFunc(tags, func(other string) bool { return strings.EqualFold(tag, other) })
	}
	var putOn, inPlace []string
	for _, tag := range slices.Sorted(slices.Values(c.wanted.Tags)) {
		drifted := slices.Contains(then, tag) != slices.Contains(now, tag) || inAnyCase(then, tag) != inAnyCase(now, tag)
		if !slices.Contains(c.before.Tags, tag) || (c.enforce && drifted) {
			putOn = append(putOn, tag)
		} else {
			inPlace = append(inPlace, tag)
		}
	}
	takenOff := func(tag string) bool {
		if len(c.wanted.Tags) == 0 || slices.Contains(c.wanted.Tags, tag) || strings.EqualFold(tag, marker) {
			return false
		}
		// The provider may have changed the case of the tag that is taken off.
		return slices.ContainsFunc(c.before.Tags, func(old string) bool {
			return !slices.Contains(c.wanted.Tags, old) && (old == tag || (!slices.Contains(now, old) && strings.EqualFold(old, tag)))
		})
	}
	want := slices.DeleteFunc(slices.Clone(now), takenOff)
	// Or it has made one of two; then one form stays for the other tag.
	forms := map[string]bool{}
	for _, tag := range inPlace {
		if inAnyCase(now, tag) && !inAnyCase(want, tag) {
			if !inAnyCase(after, tag) {
				tb.Errorf("the tag %q, which stays, is gone with another", tag)
			}
			for _, shown := range after {
				forms[shown] = forms[shown] || strings.EqualFold(shown, tag)
			}
		}
	}
	want = slices.DeleteFunc(slices.Clone(now), func(tag string) bool { return takenOff(tag) && !forms[tag] })
	for _, tag := range putOn {
		if !slices.Contains(want, tag) {
			want = append(want, tag)
		}
	}
	if diff := cmp.Diff(want, after, cmpopts.EquateEmpty()); diff != "" {
		tb.Errorf("tags %q, before %q, applied %q, spec %q (-want +got):\n%s", after, now, c.before.Tags, c.wanted.Tags, diff)
	}
	return slices.Equal(now, after)
}

// checkCustomFields checks the custom fields after a patch, and reports whether all are as before.
func (c change) checkCustomFields(tb testing.TB, document []byte) (same bool) {
	tb.Helper()
	then, now, after := decodeTicket(tb, c.then).CustomFields, decodeTicket(tb, c.now).CustomFields, decodeTicket(tb, document).CustomFields
	same = true
	for _, name := range slices.Concat(slices.Collect(maps.Keys(now)), slices.Collect(maps.Keys(after)), slices.Collect(maps.Keys(c.wanted.CustomFields))) {
		was, wasSet := c.before.CustomFields[name]
		want, isSet := c.wanted.CustomFields[name]
		drifted := wasSet && hashJSON(then[name]) != hashJSON(now[name])
		written := isSet && (!wasSet || hashJSON(was.Raw) != hashJSON(want.Raw) || (c.enforce && drifted))
		same = same && string(now[name]) == string(after[name])
		switch {
		case written && hashJSON(after[name]) != hashJSON(want.Raw):
			tb.Errorf("the custom field %q is %s, want %s", name, after[name], want.Raw)
		case !written && string(after[name]) != string(now[name]):
			tb.Errorf("the custom field %q is %s, want it left at %s", name, after[name], now[name])
		}
	}
	return same
}

func specObject(tb testing.TB, spec *v1alpha1.TicketSpec) map[string]json.RawMessage {
	tb.Helper()
	encoded, err := json.Marshal(spec)
	if err != nil {
		tb.Fatal(err)
	}
	return patchtest.Members(tb, encoded)
}

func TestPatchedTicketIsAsTheSpecAsks(t *testing.T) {
	everything := wholeSpec()
	for name, test := range specChanges {
		test.change(everything)
		t.Run(name, func(t *testing.T) {
			wanted := wholeSpec()
			test.change(wanted)
			for _, looked := range []bool{false, true} {
				change{before: wholeSpec(), wanted: wanted, then: []byte(wholeTicket), now: []byte(wholeTicket), looked: looked}.check(t)
			}
		})
	}
	t.Run("everything", func(t *testing.T) {
		change{before: wholeSpec(), wanted: everything, then: []byte(wholeTicket), now: []byte(wholeTicket)}.check(t)
	})
	t.Run("everything for the first time", func(t *testing.T) {
		change{before: &v1alpha1.TicketSpec{}, wanted: everything, then: []byte(wholeTicket), now: []byte(wholeTicket)}.check(t)
	})
	t.Run("everything written back", func(t *testing.T) {
		changed := []byte(`{"id": "10023", "tags": ["theirs", "` + marker + `"], "custom_fields": {"squad": null}}`)
		change{before: wholeSpec(), wanted: wholeSpec(), then: []byte(wholeTicket), now: changed, enforce: true, looked: true}.check(t)
	})
}

// choices are what a fuzzed input decides, one byte each.
type choices struct {
	bytes []byte
	words []string
}

func (c *choices) next(options int) int {
	if len(c.bytes) == 0 {
		return 0
	}
	chosen := int(c.bytes[0]) % options
	c.bytes = c.bytes[1:]
	return chosen
}

// word is one of the words or, more often than each of them, empty.
func (c *choices) word() string {
	if chosen := c.next(len(c.words) + 2); chosen < len(c.words) {
		return c.words[chosen]
	}
	return ""
}

// dates are ways to write three times, and what is none.
var dates = []string{
	"2026-12-01T00:00:00Z", "2026-12-01T02:00:00+02:00", "2026-12-01T00:00:00.5Z", "2026-12-01T00:00:01Z", "1999-12-31T19:00:00-05:00", "2000-01-01T00:00:00Z",
	"next week", "",
}

func (c *choices) spec() *v1alpha1.TicketSpec {
	spec := &v1alpha1.TicketSpec{
		Name: c.word(), Summary: c.word(), Description: c.word(), Priority: v1alpha1.Priority(c.word()), Status: c.word(), Project: c.word(),
		IssueType: c.word(), Assignee: c.word(), Contact: c.word(), Creator: c.word(), CustomFields: map[string]apiextensionsv1.JSON{},
	}
	for _, date := range []**metav1.Time{&spec.DueDate, &spec.CompletionDate} {
		if chosen := c.next(len(dates)); chosen < 6 {
			*date = at(dates[chosen])
		}
	}
	for range c.next(4) {
		// As the schema allows them: without doubles, and without what the operator marks tickets
		// with.
		if tag := c.word(); tag != "" && tag != marker && !slices.Contains(spec.Tags, tag) {
			spec.Tags = append(spec.Tags, tag)
		}
	}
	for range c.next(4) {
		spec.CustomFields[c.word()] = apiextensionsv1.JSON{Raw: []byte(jsonValue(c.word()))}
	}
	return spec
}

// ticket is a remote ticket. Where all is there, no member is absent, and custom_fields is not
// null: without a look at the ticket, that is what a patch has to count on.
func (c *choices) ticket(tb testing.TB, allThere bool) []byte {
	tb.Helper()
	members := map[string]any{"id": "1", "updated_at": "2026-03-01T12:00:00Z", "unmapped": map[string]any{"votes": 3}}
	for _, text := range wireTexts {
		value := c.word()
		if text.date {
			value = dates[c.next(len(dates))]
		}
		switch chosen := c.next(8); {
		case chosen == 0 && !allThere:
		case chosen <= 1:
			members[text.member] = nil
		default:
			members[text.member] = value
		}
	}
	tags := []string{}
	for range c.next(6) {
		tags = append(tags, c.word())
	}
	custom := map[string]json.RawMessage{}
	for range c.next(5) {
		custom[c.word()] = json.RawMessage(jsonValue(c.word()))
	}
	switch chosen := c.next(8); {
	case chosen == 0 && !allThere:
	case chosen == 1 && !allThere:
		members["tags"], members["custom_fields"] = nil, nil
	default:
		members["tags"], members["custom_fields"] = append(tags, marker), custom
	}
	document, err := json.Marshal(members)
	if err != nil {
		tb.Fatal(err)
	}
	return document
}

// FuzzTicketPatch makes a spec that was applied, the one that is wanted now, and the remote ticket
// then and now, of words that are separated by bars.
func FuzzTicketPatch(f *testing.F) {
	words := "p99|a\nb|a\r\nb|Team|team|TEAM|a/b~c|2|2.0|[1,null]|null|" + strings.ToUpper(marker) + "|" + marker
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 64 {
		input := make([]byte, 200)
		for j := range input {
			input[j] = byte(random.Uint32())
		}
		f.Add(input, words, i%2 == 0, i%4 < 2, i%8 < 4)
	}
	f.Add([]byte{}, "", false, false, false)
	f.Add([]byte("\x00\x01\x02\x03"), "\xff|~0/|{\"a\":1}|9007199254740993", true, true, true)
	f.Fuzz(func(t *testing.T, input []byte, text string, similar, enforce, looked bool) {
		c := choices{bytes: input, words: strings.Split(patchtest.Text(text), "|")}
		spec, ticket := c.spec(), c.ticket(t, !looked)
		fuzzed := change{before: spec, wanted: spec, then: ticket, now: ticket, enforce: enforce, looked: looked}
		if similar {
			// One thing or the other has changed, not all at once.
			if c.next(2) == 0 {
				fuzzed.wanted = c.spec()
			} else {
				fuzzed.now = c.ticket(t, !looked)
			}
		} else {
			fuzzed.wanted, fuzzed.now = c.spec(), c.ticket(t, !looked)
		}
		fuzzed.check(t)
	})
}

// jsonValue is the text if it is JSON with numbers that a double can hold, and a JSON string of it
// otherwise.
func jsonValue(text string) string {
	var value any
	if json.Unmarshal([]byte(text), &value) == nil {
		return text
	}
	encoded, err := json.Marshal(patchtest.Text(text))
	if err != nil {
		panic(err)
	}
	return string(encoded)
}
