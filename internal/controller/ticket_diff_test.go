// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
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

// wholeTicket is a remote ticket as wholeSpec asks, and what the provider and other
// people have added.
const wholeTicket = `{
  "id": "10023", "name": "Checkout latency", "summary": "p99 above 2s", "description": "Since **10:05**.", "priority": "HIGH", "status": "To Do",
  "project": "OPS", "issue_type": "Incident", "assignee": "jane@example.com", "contact": "joe@example.com", "creator": "bot@example.com",
  "due_date": "2026-12-01T00:00:00Z", "completion_date": "2026-12-02T00:00:00Z",
  "created_at": "2026-03-01T12:00:00Z", "updated_at": "2026-03-01T12:00:00Z",
  "tags": ["triaged", "team:checkout", "` + marker + `", "sev2"],
  "custom_fields": {"severity": 2, "region": "eu", "squad": ["a", "b"]},
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

// specChanges are changes of one field of wholeSpec: what has to be written then,
// and the operation that writes it.
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
	applied := ticketSpecFields(wholeSpec())
	for name, test := range specChanges {
		t.Run(name, func(t *testing.T) {
			spec := wholeSpec()
			test.change(spec)
			names := ticketDiff(spec, applied)
			if diff := cmp.Diff([]string{test.field}, names); diff != "" {
				t.Fatalf("fields to write (-want +got):\n%s", diff)
			}
			operation := "replace"
			if strings.HasPrefix(test.field, customFieldPrefix) {
				operation = "add"
			}
			want := []synqly.PatchOperation{{Op: operation, Path: test.path, Value: json.RawMessage(test.value)}}
			seen := decodeTicket(t, []byte(wholeTicket))
			patch, err := ticketPatch(spec, names, seen)
			if diff := cmp.Diff(want, patch); diff != "" || err != nil {
				t.Errorf("%v, patch (-want +got):\n%s", err, diff)
			}
			if namesTags(names) {
				return // which need the ticket as it is
			}
			patch, err = ticketPatch(spec, names, nil)
			if diff := cmp.Diff(want, patch); diff != "" || err != nil {
				t.Errorf("without the ticket as seen: %v, patch (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestWhatIsSetAgainToWhatTheTicketShowsIsNotSent(t *testing.T) {
	spec := wholeSpec()
	names := ticketDiff(spec, nil)
	if len(names) != len(ticketFields)+len(spec.Tags)+len(spec.CustomFields) {
		t.Fatalf("of a spec that was never applied, %q are to be written", names)
	}
	patch, err := ticketPatch(spec, names, decodeTicket(t, []byte(wholeTicket)))
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
		if got := ticketDiff(spec, ticketSpecFields(wholeSpec())); got != nil {
			t.Errorf("%s: %q are to be written", name, got)
		}
	}
}

func TestShownFieldsMatchTheSpec(t *testing.T) {
	spec := wholeSpec()
	wanted := ticketSpecFields(spec)
	if diff := cmp.Diff(wanted, ticketShownFields(spec, decodeTicket(t, []byte(wholeTicket)))); diff != "" {
		t.Errorf("of a ticket as the spec asks (-spec +shown):\n%s", diff)
	}
	shown := ticketShownFields(spec, &synqly.Ticket{})
	for name, hash := range wanted {
		if shown[name] == hash {
			t.Errorf("an empty ticket shows %s as the spec asks", name)
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(wanted)), slices.Sorted(maps.Keys(shown))); diff != "" {
		t.Errorf("names (-spec +shown):\n%s", diff)
	}
	if got := ticketShownFields(&v1alpha1.TicketSpec{}, decodeTicket(t, []byte(wholeTicket))); len(got) != 0 {
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
	if patch, err := ticketPatch(spec, []string{"dueDate"}, seen); len(patch) != 0 || err != nil {
		t.Errorf("patch %+v, %v", patch, err)
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
		"removed every time":        {[]string{"a"}, names("b"), []string{"b", "a", "B"}, []string{"a"}},
		"not named":                 {[]string{"a", "b"}, names(), []string{"theirs"}, nil},
		"replaced":                  {[]string{"b"}, names("a", "b"), []string{"a", "theirs"}, []string{"theirs", "b"}},
		"first tags":                {[]string{"a", "b"}, names("a", "b"), nil, []string{"a", "b"}},
		"to upper case":             {[]string{"Team"}, names("Team", "team"), []string{"team", "theirs"}, []string{"theirs", "Team"}},
		"to lower case":             {[]string{"team"}, names("Team", "team"), []string{"Team", "theirs"}, []string{"theirs", "team"}},
		"of two cases one is left":  {[]string{"team"}, names("Team"), []string{"team", "Team"}, []string{"team"}},
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

// The names can be older than the spec: drift is recorded, and then the field is
// taken out of the spec. What the spec does not set is never touched.
func TestFieldsThatTheSpecDoesNotSetAreNotWritten(t *testing.T) {
	names := slices.Sorted(maps.Keys(ticketSpecFields(wholeSpec())))
	patch, err := ticketPatch(&v1alpha1.TicketSpec{}, names, decodeTicket(t, []byte(wholeTicket)))
	if len(patch) != 0 || err != nil {
		t.Errorf("patch %+v, %v", patch, err)
	}
	if patch, err := ticketPatch(&v1alpha1.TicketSpec{}, names, nil); len(patch) != 0 || err != nil {
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
		patch, err := ticketPatch(spec, ticketDiff(spec, nil), nil)
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
	if patch, err := ticketPatch(spec, []string{"customFields/x"}, nil); err == nil {
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

// applyPatch is what a server does with the patch.
func applyPatch(tb testing.TB, document []byte, patch []synqly.PatchOperation) []byte {
	tb.Helper()
	encoded, err := json.Marshal(patch)
	if err != nil {
		tb.Fatalf("encoding the patch: %v", err)
	}
	decoded, err := jsonpatch.DecodePatch(encoded)
	if err != nil {
		tb.Fatalf("decoding the patch %s: %v", encoded, err)
	}
	patched, err := decoded.Apply(document)
	if err != nil {
		tb.Fatalf("applying %s to %s: %v", encoded, document, err)
	}
	return patched
}

// members are the values of a document by their place: one for each top-level
// member, custom field and tag.
func members(tb testing.TB, document []byte) map[string]string {
	tb.Helper()
	var ticket map[string]json.RawMessage
	if err := json.Unmarshal(document, &ticket); err != nil {
		tb.Fatal(err)
	}
	values := map[string]string{}
	for name, value := range ticket {
		switch name {
		case "custom_fields":
			var fields map[string]json.RawMessage
			if err := json.Unmarshal(value, &fields); err != nil {
				tb.Fatal(err)
			}
			for field, value := range fields {
				values[customFieldPrefix+field] = hashJSON(value)
			}
		case "tags":
			var tags []string
			if err := json.Unmarshal(value, &tags); err != nil {
				tb.Fatal(err)
			}
			for _, tag := range tags {
				values[tagPrefix+folded(tag)] = "there"
			}
		default:
			values[name] = hashJSON(value)
		}
	}
	return values
}

// folded is the same text for tags that differ in case alone, as strings.EqualFold
// has it.
func folded(tag string) string {
	return strings.Map(func(r rune) rune {
		smallest := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			smallest = min(smallest, next)
		}
		return smallest
	}, tag)
}

// checkPatch patches the ticket from the spec that was applied to the one that is
// wanted now, and checks that the ticket is then as wanted, and otherwise as before.
func checkPatch(tb testing.TB, document []byte, applied, wanted *v1alpha1.TicketSpec) {
	tb.Helper()
	seen := decodeTicket(tb, document)
	names := ticketDiff(wanted, ticketSpecFields(applied))
	patch, err := ticketPatch(wanted, names, seen)
	if err != nil {
		tb.Fatalf("ticketPatch: %v", err)
	}
	patched := document
	if len(patch) > 0 {
		patched = applyPatch(tb, document, patch)
	}
	if rest, err := ticketPatch(wanted, names, decodeTicket(tb, patched)); len(rest) != 0 || err != nil {
		tb.Errorf("after the patch %+v is left to write, %v", rest, err)
	}
	shown, spec := ticketShownFields(wanted, decodeTicket(tb, patched)), ticketSpecFields(wanted)
	for _, name := range names {
		if spec[name] != shown[name] {
			tb.Errorf("%s is not as the spec asks in %s", name, patched)
		}
	}
	if diff := ticketDiff(wanted, spec); diff != nil {
		tb.Errorf("once it is applied, %q are still to be written", diff)
	}
	wireNames := map[string]string{"issueType": "issue_type", "dueDate": "due_date", "completionDate": "completion_date"}
	named := map[string]bool{}
	for _, name := range names {
		if wire, differs := wireNames[name]; differs {
			name = wire
		}
		if tag, isTag := strings.CutPrefix(name, tagPrefix); isTag {
			name = tagPrefix + folded(tag)
		}
		named[name] = true
	}
	before, after := members(tb, document), members(tb, patched)
	maps.DeleteFunc(before, func(name, _ string) bool { return named[name] })
	maps.DeleteFunc(after, func(name, _ string) bool { return named[name] })
	if diff := cmp.Diff(before, after); diff != "" {
		tb.Errorf("not named by %q and changed all the same (-before +after):\n%s", names, diff)
	}
}

func TestPatchedTicketIsAsTheSpecAsks(t *testing.T) {
	for name, test := range specChanges {
		t.Run(name, func(t *testing.T) {
			wanted := wholeSpec()
			test.change(wanted)
			checkPatch(t, []byte(wholeTicket), wholeSpec(), wanted)
		})
	}
	t.Run("everything", func(t *testing.T) {
		wanted := wholeSpec()
		for _, test := range specChanges {
			test.change(wanted)
		}
		checkPatch(t, []byte(wholeTicket), wholeSpec(), wanted)
	})
	t.Run("everything for the first time", func(t *testing.T) {
		wanted := wholeSpec()
		for _, test := range specChanges {
			test.change(wanted)
		}
		checkPatch(t, []byte(wholeTicket), &v1alpha1.TicketSpec{}, wanted)
	})
}

// FuzzTicketPatch makes a remote ticket, the spec that was applied to it and the
// spec that is wanted now. The texts are lists, separated by line feeds.
func FuzzTicketPatch(f *testing.F) {
	f.Add("p99", "p99 above 2s", "a\nb", "b\nc", "theirs\na\n"+marker, "severity", "2", "3", int64(0), int64(1))
	f.Add("", "x", "Team", "team", "TEAM", "a/b~c", `{"k":[1]}`, "null", int64(1e9), int64(1e9))
	f.Add("x", "x", "team", "Team", "team", "", `"a"`, "a", int64(-1), int64(1<<33))
	f.Add("\xff", "~0/", "a", "", "a\na", "~1", "9007199254740992", "9007199254740993", int64(1<<40), int64(2))
	f.Fuzz(func(t *testing.T, before, after, tagsBefore, tagsAfter, tagsSeen, key, valueBefore, valueAfter string, dueBefore, dueAfter int64) {
		spec := func(text, tags, value string, due int64) *v1alpha1.TicketSpec {
			spec := &v1alpha1.TicketSpec{
				Summary: jsonString(text), Status: jsonString(text), Tags: tagList(tags),
				CustomFields: customFields(map[string]string{jsonString(key): jsonValue(value)}),
			}
			// The years that RFC 3339 can write.
			if due = due % 253402300800; due > 0 {
				spec.DueDate = &metav1.Time{Time: time.Unix(due, 0)}
			}
			return spec
		}
		applied, wanted := spec(before, tagsBefore, valueBefore, dueBefore), spec(after, tagsAfter, valueAfter, dueAfter)
		document, err := json.Marshal(map[string]any{
			"id": "1", "name": "a name", "summary": applied.Summary, "status": "moved by somebody", "due_date": applied.DueDate,
			"tags": tagList(tagsSeen), "custom_fields": map[string]any{jsonString(key): json.RawMessage(jsonValue(valueBefore)), "squad": "a"},
			"unmapped": map[string]any{"votes": 3},
		})
		if err != nil {
			t.Fatal(err)
		}
		checkPatch(t, document, applied, wanted)
	})
}

// jsonString is the text as it is after a way through JSON.
func jsonString(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// jsonValue is the text if it is JSON, and a JSON string of it otherwise.
func jsonValue(text string) string {
	if json.Valid([]byte(text)) {
		return text
	}
	encoded, err := json.Marshal(jsonString(text))
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// tagList is a list as the schema allows it: without doubles, and without what the
// operator marks tickets with.
func tagList(text string) []string {
	tags := []string{}
	for line := range strings.SplitSeq(jsonString(text), "\n") {
		if line != "" && !slices.Contains(tags, line) {
			tags = append(tags, line)
		}
	}
	return tags
}
