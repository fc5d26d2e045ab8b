// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
	"github.com/synqly/ticketing-operator/internal/synqly/patchtest"
)

// This file tries every combination of what counts for a managed field: the spec, what was applied,
// what the provider returned then and what it shows now. What has to come of it is said in plain
// words by expectedOf and expectedTags, which know nothing of the code that they judge.

// keptTicket is a remote ticket, and what a Ticket's status has recorded of it. It goes through a
// reconcile as remote.Reconciler does.
type keptTicket struct {
	document          []byte
	applied, returned map[string]string
	drift             []string
	enforce           bool
	// rewrite is what the provider makes of its ticket after a patch.
	rewrite func(before, patched []byte) []byte
}

// record notes what a spec has just applied.
func (k *keptTicket) record(tb testing.TB, spec *v1alpha1.TicketSpec) {
	k.applied, k.returned = specFields(spec), shownFields(spec, decodeTicket(tb, k.document))
}

// look records the drift.
func (k *keptTicket) look(tb testing.TB, spec *v1alpha1.TicketSpec) *synqly.Ticket {
	seen := decodeTicket(tb, k.document)
	k.drift = remote.Drifted(k.returned, shownFields(spec, seen))
	return seen
}

// reconcile writes what has to be written, and reports whether a patch was sent. seen is nil where
// the ticket was not fetched before.
func (k *keptTicket) reconcile(tb testing.TB, spec *v1alpha1.TicketSpec, seen *synqly.Ticket) bool {
	fields, names := specFields(spec), diff(spec, k.applied)
	managed := func(name string) bool { _, sets := fields[name]; return sets }
	if k.enforce {
		names = append(names, slices.DeleteFunc(slices.Clone(k.drift), func(name string) bool { return !managed(name) })...)
		slices.Sort(names)
		names = slices.Compact(names)
	}
	if len(names) == 0 {
		maps.DeleteFunc(k.applied, func(name, _ string) bool { return !managed(name) })
		maps.DeleteFunc(k.returned, func(name, _ string) bool { return !managed(name) })
		k.drift = slices.DeleteFunc(k.drift, func(name string) bool { return !managed(name) })
		return false
	}
	if seen == nil && namesTags(names) {
		seen = decodeTicket(tb, k.document)
	}
	patch, err := patchOf(spec, names, seen)
	if err != nil || (len(patch) == 0 && seen == nil) {
		tb.Fatalf("to write %q: patch %v, %v", names, patch, err)
	}
	if len(patch) > 0 {
		k.document = k.rewrite(k.document, patchtest.Apply(tb, k.document, patch))
	}
	shown := shownFields(spec, decodeTicket(tb, k.document))
	returned := map[string]string{}
	for name, hash := range shown {
		if then, known := k.returned[name]; known && !slices.Contains(names, name) {
			hash = then
		}
		returned[name] = hash
	}
	k.applied, k.returned = fields, returned
	k.drift = remote.Drifted(k.returned, shown)
	return len(patch) > 0
}

// othersTicket has what people and the operator have put into a ticket, which stays.
const othersTicket = `{
  "id": "10023", "name": "theirs", "updated_at": "2026-03-01T12:00:00Z", "tags": ["Triaged", "` + marker + `"], "custom_fields": {"squad": ["a"]}
}`

// way is how a provider writes a value.
type way int

const (
	asSent way = iota
	// asMeant: in other characters that mean the same.
	asMeant
	// rewritten: as something else.
	rewritten
)

var ways = map[string]way{"keeps values": asSent, "writes values in its own form": asMeant, "rewrites values": rewritten}

// shownValue is what a provider shows in a field: one of the values A and B of the spec or P of a
// person, or nothing.
type shownValue struct {
	value string
	way   way
}

// same reports whether two values mean the same.
func (v shownValue) same(other shownValue) bool {
	return v.value == other.value && (v.value == "" || (v.way == rewritten) == (other.way == rewritten))
}

// fieldKind is a field for which all combinations are tried.
type fieldKind struct {
	// name in the spec, path in the document, and name in status.drift.
	name, drift string
	path        []string
	// json is a value in the document.
	json func(shownValue) string
	// nullable: B is the null, which clears the field.
	nullable bool
}

func (k fieldKind) suffix() string {
	if k.nullable {
		return ", then null,"
	}
	return ""
}

func (k fieldKind) spec(tb testing.TB, value string) *v1alpha1.TicketSpec {
	spec := &v1alpha1.TicketSpec{}
	if value == "" {
		return spec
	}
	raw := k.json(shownValue{value: value})
	if k.nullable && value == "B" {
		raw = "null"
	}
	document := fmt.Sprintf(`{%q: %s}`, k.name, raw)
	if outer, inner, nested := strings.Cut(k.drift, "/"); nested {
		document = fmt.Sprintf(`{%q: {%q: %s}}`, outer, inner, raw)
	}
	if err := json.Unmarshal([]byte(document), spec); err != nil {
		tb.Fatalf("making the spec %s: %v", document, err)
	}
	return spec
}

// in is the value of the field in a document, and without is the rest of it.
func (k fieldKind) in(tb testing.TB, document []byte) (value json.RawMessage, without string) {
	tb.Helper()
	var ticket map[string]any
	if err := json.Unmarshal(document, &ticket); err != nil {
		tb.Fatal(err)
	}
	members := ticket
	for _, outer := range k.path[:len(k.path)-1] {
		members = members[outer].(map[string]any)
	}
	last := k.path[len(k.path)-1]
	value, err := json.Marshal(members[last])
	if err != nil {
		tb.Fatal(err)
	}
	delete(members, last)
	rest, err := json.Marshal(ticket)
	if err != nil {
		tb.Fatal(err)
	}
	return value, string(rest)
}

// put writes the value into a document; an empty one takes the field out.
func (k fieldKind) put(tb testing.TB, document []byte, value string) []byte {
	operation := synqly.Remove("/" + strings.Join(k.path, "/"))
	if value != "" {
		operation = synqly.PatchOperation{Op: "add", Path: operation.Path, Value: json.RawMessage(value)}
	}
	return patchtest.Apply(tb, document, []synqly.PatchOperation{operation})
}

func sameJSON(tb testing.TB, a, b string) bool {
	var values [2]any
	for i, raw := range []string{a, b} {
		if err := json.Unmarshal([]byte(raw), &values[i]); err != nil {
			tb.Fatalf("%s: %v", raw, err)
		}
	}
	return cmp.Equal(values[0], values[1])
}

func jsonOfText(v shownValue) string {
	if v.value == "" {
		return "null"
	}
	return strconv.Quote(map[way]string{
		asSent: "Value " + v.value + "\nand more", asMeant: "Value " + v.value + "\r\nand more", rewritten: "VALUE " + v.value + " AND MORE",
	}[v.way])
}

func jsonOfDate(v shownValue) string {
	if v.value == "" {
		return "null"
	}
	year := map[string]string{"A": "2026", "B": "2027", "P": "2028"}[v.value]
	return strconv.Quote(year + map[way]string{asSent: "-12-01T00:30:00Z", asMeant: "-11-30T19:30:00.250-0500", rewritten: "-12-01T00:00:00Z"}[v.way])
}

func jsonOfCustomField(v shownValue) string {
	if v.value == "" {
		return "null"
	}
	level := map[string]string{"A": "1", "B": "2", "P": "3"}[v.value]
	return map[way]string{
		asSent: `{"level":` + level + `,"of":"x"}`, asMeant: `{ "of": "\u0078", "level": ` + level + `.0 }`, rewritten: strconv.Quote("level " + level),
	}[v.way]
}

func fieldKinds() []fieldKind {
	kinds := []fieldKind{
		{name: "customFields", drift: "customFields/severity", path: []string{"custom_fields", "severity"}, json: jsonOfCustomField},
		{name: "customFields", drift: "customFields/severity", path: []string{"custom_fields", "severity"}, json: jsonOfCustomField, nullable: true},
		{name: "dueDate", drift: "dueDate", path: []string{"due_date"}, json: jsonOfDate},
		{name: "completionDate", drift: "completionDate", path: []string{"completion_date"}, json: jsonOfDate},
		{name: "issueType", drift: "issueType", path: []string{"issue_type"}, json: jsonOfText},
	}
	for _, name := range []string{"name", "summary", "description", "priority", "status", "project", "assignee", "contact", "creator"} {
		kinds = append(kinds, fieldKind{name: name, drift: name, path: []string{name}, json: jsonOfText})
	}
	return kinds
}

// combination is one of all.
type combination struct {
	// spec: unset, as applied, changed, or, of a tag, taken out of a list with others. applied:
	// never or A.
	spec, applied string
	// remote is what the provider shows now.
	remote string
	policy v1alpha1.ManagementPolicy
	// look is when the ticket was last fetched: in this reconcile, in one before, or not since a
	// person changed it.
	look string
}

func combinations(specs, remotes []string) []combination {
	var all []combination
	for _, spec := range specs {
		for _, applied := range []string{"never", "A"} {
			for _, shown := range remotes {
				for _, policy := range []v1alpha1.ManagementPolicy{v1alpha1.ManagementApply, v1alpha1.ManagementEnforce} {
					for _, look := range []string{"now", "before", "never"} {
						all = append(all, combination{spec, applied, shown, policy, look})
					}
				}
			}
		}
	}
	return all
}

// expectation is what has to come of a combination.
type expectation struct {
	// patched: the first reconcile sends a patch; late: the second one does, because it is the
	// first to see what a person did.
	patched, late bool
	after         shownValue
	// drift: the field is listed after the first reconcile, and still after the second.
	drift, driftStays bool
}

// expectedOf is the contract: the spec's own change is written; what a person changed is drift,
// which Enforce writes back; nothing else is touched.
func expectedOf(c combination, provider way, wanted, returned, shown shownValue) expectation {
	if c.spec == "unset" {
		return expectation{after: shown}
	}
	due := c.spec == "changed" || c.applied == "never"
	personChanged := c.applied != "never" && !shown.same(returned)
	enforced := personChanged && c.policy == v1alpha1.ManagementEnforce

	written := due || (enforced && c.look != "never")
	writtenLate := !written && enforced
	needless := shown.same(wanted)

	expected := expectation{after: shown}
	expected.patched = written && (!needless || c.look != "now")
	expected.late = writtenLate && !needless
	if expected.patched || expected.late {
		expected.after = shownValue{wanted.value, provider}
	}
	expected.drift = personChanged && !written && c.look != "never"
	expected.driftStays = personChanged && !written && !writtenLate
	return expected
}

func TestEveryCombinationOfAField(t *testing.T) {
	specs := []string{"unset", "as applied", "changed"}
	remotes := []string{"as returned", "changed by a person", "unset by a person", "taken out by a person", "as the spec wants now"}
	for _, kind := range fieldKinds() {
		for name, provider := range ways {
			t.Run(kind.drift+kind.suffix()+" at a provider that "+name, func(t *testing.T) {
				t.Parallel()
				for _, c := range combinations(specs, remotes) {
					tryField(t, kind, provider, c)
				}
			})
		}
	}
}

func tryField(t *testing.T, kind fieldKind, provider way, c combination) {
	t.Helper()
	returned := shownValue{"A", provider}
	set := map[string]string{"unset": "", "as applied": "A", "changed": "B"}[c.spec]
	wanted := shownValue{value: set}
	if kind.nullable && set == "B" {
		wanted = shownValue{}
	}
	shown := map[string]shownValue{"as returned": returned, "changed by a person": {value: "P"}, "as the spec wants now": wanted}[c.remote]

	ticket := &keptTicket{document: []byte(othersTicket), enforce: c.policy == v1alpha1.ManagementEnforce}
	ticket.rewrite = func(_, patched []byte) []byte {
		if sent, _ := kind.in(t, patched); !sameJSON(t, string(sent), kind.json(wanted)) {
			t.Errorf("%+v: sent %s", c, sent)
		}
		return kind.put(t, patched, kind.json(shownValue{wanted.value, provider}))
	}
	ticket.document = kind.put(t, ticket.document, kind.json(returned))
	if c.applied == "A" {
		ticket.record(t, kind.spec(t, "A"))
	}
	ticket.document = kind.put(t, ticket.document, kind.json(shown))
	if c.remote == "taken out by a person" && (c.look == "now" || len(kind.path) > 1) {
		// A text that was not looked at is replaced, which needs a member.
		ticket.document = kind.put(t, ticket.document, "")
	}
	checkCombination(t, kind, ticket, c, kind.spec(t, set), expectedOf(c, provider, wanted, returned, shown))
}

func checkCombination(t *testing.T, kind fieldKind, ticket *keptTicket, c combination, spec *v1alpha1.TicketSpec, want expectation) {
	t.Helper()
	_, restBefore := kind.in(t, ticket.document)
	var seen *synqly.Ticket
	if c.look != "never" {
		if seen = ticket.look(t, spec); c.look == "before" {
			seen = nil
		}
	}
	var got expectation
	got.patched = ticket.reconcile(t, spec, seen)
	got.drift = slices.Equal(ticket.drift, []string{kind.drift})
	if len(ticket.drift) > 0 && !got.drift {
		t.Errorf("%+v: drift %q", c, ticket.drift)
	}
	got.late = ticket.reconcile(t, spec, ticket.look(t, spec))
	got.driftStays = len(ticket.drift) > 0
	got.after = want.after
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(expectation{}, shownValue{})); diff != "" {
		t.Errorf("%+v (-want +got):\n%s", c, diff)
	}
	value, rest := kind.in(t, ticket.document)
	if wantValue := kind.json(want.after); !sameJSON(t, string(value), wantValue) {
		t.Errorf("%+v: the value is %s, want %s", c, value, wantValue)
	}
	if diff := cmp.Diff(restBefore, rest); diff != "" {
		t.Errorf("%+v: something else has changed (-before +after):\n%s", c, diff)
	}
	if ticket.reconcile(t, spec, ticket.look(t, spec)) || ticket.reconcile(t, spec, nil) {
		t.Errorf("%+v: patched once more, to %s", c, ticket.document)
	}
}

// The tags of the table: ours as first applied, the one that the spec has in its place after a
// change, and one of ours that is always there.
const (
	tagA, tagB, tagOurs = "Team:Checkout", "Team:Payment", "Ours"
	// personsTagA is A as a person has put it, in another case.
	personsTagA = "TEAM:Checkout"
)

// tagProviders are what providers make of a list of tags.
var tagProviders = map[string]func(before, sent []string) []string{
	"keeps tags": func(_, sent []string) []string { return sent },
	"lower case": func(_, sent []string) []string {
		var kept []string
		for _, tag := range sent {
			if tag = strings.ToLower(tag); !slices.Contains(kept, tag) {
				kept = append(kept, tag)
			}
		}
		return kept
	},
	"sorts tags": func(_, sent []string) []string { return slices.Sorted(slices.Values(sent)) },
	"drops tags": func(before, _ []string) []string { return before },
}

// expectedTags is the contract for tags: as for other fields, and one that is taken out of the list
// is taken off. want is the list that is sent, or that stays.
func expectedTags(c combination, then, shown []string) (expected expectation, want []string) {
	// How a ticket has tag A: "yes", "in another case" or "no".
	hasA := func(tags []string) string {
		switch {
		case slices.Contains(tags, tagA):
			return "yes"
		case slices.ContainsFunc(tags, func(tag string) bool { return strings.EqualFold(tag, tagA) }):
			return "in another case"
		}
		return "no"
	}
	want = slices.Clone(shown)
	without := func(ofA func(string) bool) { want = slices.DeleteFunc(want, ofA) }
	personChanged := c.spec == "as applied" && c.applied == "A" && hasA(then) != hasA(shown)
	enforced := personChanged && c.policy == v1alpha1.ManagementEnforce

	takeOffA := c.applied == "A" && (c.spec == "taken out" || c.spec == "changed")
	switch {
	case takeOffA && hasA(shown) == "yes":
		without(func(tag string) bool { return tag == tagA })
	case takeOffA:
		without(func(tag string) bool { return strings.EqualFold(tag, tagA) })
	}
	due := c.spec == "changed" || (c.spec == "as applied" && c.applied == "never")
	putOn := ""
	switch {
	case c.spec == "changed":
		putOn = tagB
	case due, enforced:
		putOn = tagA
	}
	if putOn != "" && !slices.Contains(want, putOn) {
		want = append(want, putOn)
	}
	changes := !slices.Equal(want, shown)
	written := due || takeOffA || (enforced && c.look != "never")
	expected.patched = changes && written
	expected.late = changes && enforced && !written
	expected.drift = personChanged && !written && c.look != "never"
	expected.driftStays = personChanged && !enforced
	return expected, want
}

func TestEveryCombinationOfATag(t *testing.T) {
	specs := []string{"unset", "taken out", "as applied", "changed"}
	remotes := []string{"as returned", "in another case", "twice", "removed by a person", "as the spec wants now"}
	for name, provider := range tagProviders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range combinations(specs, remotes) {
				tryTag(t, provider, c)
			}
		})
	}
}

func tryTag(t *testing.T, provider func(before, sent []string) []string, c combination) {
	t.Helper()
	kind := fieldKind{drift: tagPrefix + tagA, path: []string{"tags"}}
	// The ticket with those tags, besides a person's and the operator's.
	with := func(tags ...string) []string {
		others := []string{"Triaged", marker}
		return provider(others, slices.Concat(others, tags))
	}
	encode := func(tags []string) string {
		encoded, err := json.Marshal(tags)
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}
	put := func(tags []string) []byte { return kind.put(t, []byte(othersTicket), encode(tags)) }

	wanted := map[string][]string{"unset": nil, "taken out": {tagOurs}, "as applied": {tagOurs, tagA}, "changed": {tagB, tagOurs}}[c.spec]
	applied := map[string][]string{"never": {tagOurs}, "A": {tagOurs, tagA}}[c.applied]
	then := with(applied...)
	shown := map[string][]string{
		"as returned": then, "in another case": with(tagOurs, personsTagA), "twice": with(tagOurs, personsTagA, tagA),
		"removed by a person": with(tagOurs), "as the spec wants now": with(wanted...),
	}[c.remote]

	ticket := &keptTicket{document: put(then), enforce: c.policy == v1alpha1.ManagementEnforce}
	ticket.record(t, &v1alpha1.TicketSpec{Tags: applied})
	ticket.document = put(shown)
	ticket.rewrite = func(before, patched []byte) []byte {
		return put(provider(decodeTicket(t, before).Tags, decodeTicket(t, patched).Tags))
	}
	expected, want := expectedTags(c, then, shown)
	if expected.patched || expected.late {
		want = provider(shown, want)
	}
	kind.json = func(shownValue) string { return encode(want) }
	checkCombination(t, kind, ticket, c, &v1alpha1.TicketSpec{Tags: wanted}, expected)
}
