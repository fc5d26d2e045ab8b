// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// ticketField is a managed field of a ticket that has one text.
type ticketField = textField[v1alpha1.TicketSpec, synqly.Ticket]

var ticketFields = []ticketField{
	{"name", "name", func(s *v1alpha1.TicketSpec) string { return s.Name }, func(t *synqly.Ticket) string { return t.Name }},
	{"summary", "summary", func(s *v1alpha1.TicketSpec) string { return s.Summary }, func(t *synqly.Ticket) string { return t.Summary }},
	{"description", "description", func(s *v1alpha1.TicketSpec) string { return s.Description }, func(t *synqly.Ticket) string { return t.Description }},
	{"priority", "priority", func(s *v1alpha1.TicketSpec) string { return string(s.Priority) }, func(t *synqly.Ticket) string { return t.Priority }},
	{"status", "status", func(s *v1alpha1.TicketSpec) string { return s.Status }, func(t *synqly.Ticket) string { return t.Status }},
	{"project", "project", func(s *v1alpha1.TicketSpec) string { return s.Project }, func(t *synqly.Ticket) string { return t.Project }},
	{"issueType", "issue_type", func(s *v1alpha1.TicketSpec) string { return s.IssueType }, func(t *synqly.Ticket) string { return t.IssueType }},
	{"assignee", "assignee", func(s *v1alpha1.TicketSpec) string { return s.Assignee }, func(t *synqly.Ticket) string { return t.Assignee }},
	{"contact", "contact", func(s *v1alpha1.TicketSpec) string { return s.Contact }, func(t *synqly.Ticket) string { return t.Contact }},
	{"creator", "creator", func(s *v1alpha1.TicketSpec) string { return s.Creator }, func(t *synqly.Ticket) string { return t.Creator }},
	{"dueDate", "due_date", func(s *v1alpha1.TicketSpec) string { return wireTime(s.DueDate) }, func(t *synqly.Ticket) string { return shownTime(t.DueDate) }},
	{"completionDate", "completion_date", func(s *v1alpha1.TicketSpec) string { return wireTime(s.CompletionDate) }, func(t *synqly.Ticket) string { return shownTime(t.CompletionDate) }},
}

var ticketTexts = texts[v1alpha1.TicketSpec, synqly.Ticket]{fields: ticketFields, readable: (*synqly.Ticket).Readable}

// Tags and custom fields are managed element by element, under these prefixes.
const (
	tagPrefix         = "tags/"
	customFieldPrefix = "customFields/"
)

// ticketSpecFields are the managed fields with a hash of the spec's value.
func ticketSpecFields(spec *v1alpha1.TicketSpec) map[string]string {
	fields := ticketTexts.wanted(spec)
	for _, tag := range spec.Tags {
		fields[tagPrefix+tag] = remote.Hash(true)
	}
	for name, value := range spec.CustomFields {
		fields[customFieldPrefix+name] = hashJSON(value.Raw)
	}
	return fields
}

// ticketShownFields are the same fields with a hash of what the provider shows. Those
// that could not be read are left out: what is not known is no difference.
func ticketShownFields(spec *v1alpha1.TicketSpec, ticket *synqly.Ticket) map[string]string {
	fields := ticketTexts.shown(spec, ticket)
	if ticket.Readable("tags") {
		for _, tag := range spec.Tags {
			fields[tagPrefix+tag] = hashShownTag(ticket, tag)
		}
	}
	if ticket.Readable("custom_fields") {
		for name := range spec.CustomFields {
			fields[customFieldPrefix+name] = hashJSON(ticket.CustomFields[name])
		}
	}
	return fields
}

// hashShownTag tells apart a tag that is there as the spec writes it, there in another
// case, which some providers make of every tag, and not there.
func hashShownTag(ticket *synqly.Ticket, tag string) string {
	exactly := slices.Contains(ticket.Tags, tag)
	if !exactly && synqly.HasTag(ticket.Tags, tag) {
		return remote.Hash("in another case")
	}
	return remote.Hash(exactly)
}

// ticketDiff names the fields to write: those whose value in the spec has changed
// since it was last applied, and tags that were taken out of the list. Any other
// field that was taken out of the spec is left as it is remotely, and so are all
// tags where the whole list was taken out.
func ticketDiff(spec *v1alpha1.TicketSpec, applied map[string]string) []string {
	changed := remote.Changed(ticketSpecFields(spec), applied)
	if len(spec.Tags) == 0 {
		return changed
	}
	for name := range applied {
		if tag, isTag := strings.CutPrefix(name, tagPrefix); isTag && !slices.Contains(spec.Tags, tag) {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed
}

// ticketPatch is the JSON Patch that writes the named fields. seen is the ticket as
// just fetched; fields that it shows as wanted already are left out. It may be nil
// where no tag is named: a list of tags cannot be changed without knowing what
// people have put into it.
func ticketPatch(spec *v1alpha1.TicketSpec, names []string, seen *synqly.Ticket) ([]synqly.PatchOperation, error) {
	patch, err := ticketTexts.patch(spec, names, seen)
	if err != nil {
		return nil, err
	}
	if seen != nil && len(spec.Tags) > 0 && namesTags(names) && !seen.Readable("tags") {
		// Trying again does not help, and must not go on for ever.
		return nil, &synqly.InvalidRequestError{Operation: "PatchTicket", Err: fmt.Errorf(
			"the tags of the remote ticket cannot be written, because those that it has cannot be read (%s): correct them in the ticketing system and give the annotation %s a new value, or leave the tags in the spec as they were",
			strings.Join(seen.Unreadable, ", "), v1alpha1.SyncRequestedAnnotation)}
	}
	if tags, changed := mergeTags(spec.Tags, names, seen); changed {
		operation, err := setMember("/tags", tags, seen.Tags != nil)
		if err != nil {
			return nil, err
		}
		patch = append(patch, operation)
	}
	custom, err := patchCustomFields(spec, names, seen)
	return append(patch, custom...), err
}

// patchCustomFields sets the named custom fields one by one, so that those that the
// spec does not name stay. The API documents that a ticket's custom_fields can be
// null. Nothing can be added to that, so then they are set as a whole.
func patchCustomFields(spec *v1alpha1.TicketSpec, names []string, seen *synqly.Ticket) ([]synqly.PatchOperation, error) {
	changed := map[string]json.RawMessage{}
	for _, name := range names {
		key, isCustom := strings.CutPrefix(name, customFieldPrefix)
		value, isSet := spec.CustomFields[key]
		shown := seen != nil && seen.Readable("custom_fields") && hashJSON(seen.CustomFields[key]) == hashJSON(value.Raw)
		if isCustom && isSet && !shown {
			changed[key] = value.Raw
		}
	}
	if len(changed) > 0 && seen != nil && seen.CustomFields == nil && seen.Readable("custom_fields") {
		operation, err := synqly.Add("/custom_fields", changed)
		return []synqly.PatchOperation{operation}, err
	}
	var patch []synqly.PatchOperation
	for _, key := range slices.Sorted(maps.Keys(changed)) {
		// add sets a member whether or not it is there (RFC 6902, section 4.1).
		operation, err := synqly.Add("/custom_fields/"+synqly.EscapePointer(key), changed[key])
		if err != nil {
			return nil, err
		}
		patch = append(patch, operation)
	}
	return patch, nil
}

// mergeTags is the ticket's list of tags without the named ones that the spec does
// not have any more, and with the named ones of the spec. All others, of people and
// of the operator, stay. A spec without tags changes none.
func mergeTags(wanted, names []string, seen *synqly.Ticket) (tags []string, changed bool) {
	if seen == nil || len(wanted) == 0 {
		return nil, false
	}
	named := func(tag string) bool { return slices.Contains(names, tagPrefix+tag) }
	tags = slices.Clone(seen.Tags)
	for _, name := range names {
		if tag, isTag := strings.CutPrefix(name, tagPrefix); isTag && !slices.Contains(wanted, tag) {
			tags = withoutTag(tags, tag, wanted, named)
		}
	}
	changed = len(tags) != len(seen.Tags)
	for _, tag := range slices.Sorted(slices.Values(wanted)) {
		if named(tag) && !slices.Contains(tags, tag) {
			tags, changed = append(tags, tag), true
		}
	}
	return tags, changed
}

// withoutTag takes a tag off that is not wanted any more: as it was written or, where it
// is not there so, in any case, because providers change the case of tags. The marks of
// the operator stay. So does the last form of a wanted tag that is not going to be
// written: a provider that writes all in lower case shows "Team" and "TEAM" as one.
func withoutTag(tags []string, tag string, wanted []string, named func(string) bool) []string {
	exactly := slices.Contains(tags, tag)
	rest := slices.DeleteFunc(slices.Clone(tags), func(other string) bool {
		is := other == tag || (!exactly && strings.EqualFold(other, tag) && !slices.Contains(wanted, other))
		return is && !anyMarker.MatchString(other)
	})
	sameTag := func(other string) bool { return strings.EqualFold(other, tag) }
	if !slices.ContainsFunc(rest, sameTag) && slices.ContainsFunc(wanted, func(other string) bool { return sameTag(other) && !named(other) }) {
		return tags
	}
	return rest
}

func namesTags(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, tagPrefix) })
}

// wireTime is a time as the API takes it (RFC 3339), to the second.
func wireTime(t *metav1.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// shownTime is a time of the provider in the same form, so that other ways to write
// the same second are no difference; what does not parse is shown as it is.
func shownTime(t synqly.Timestamp) string {
	if t.Time.IsZero() {
		return t.Raw
	}
	return t.UTC().Format(time.RFC3339)
}

// hashJSON is the hash of a JSON value however it is written. No value at all
// counts as null.
func hashJSON(raw []byte) string {
	var value any
	// Whole numbers keep all their digits, which IDs have many of.
	if len(raw) > 0 && utiljson.Unmarshal(raw, &value) != nil {
		return remote.Hash(string(raw))
	}
	return remote.Hash(value)
}

// wireCustomFields are the spec's custom fields as the API takes them.
func wireCustomFields(fields map[string]apiextensionsv1.JSON) map[string]json.RawMessage {
	if len(fields) == 0 {
		return nil
	}
	wire := make(map[string]json.RawMessage, len(fields))
	for name, value := range fields {
		wire[name] = value.Raw
	}
	return wire
}

// textField is a managed field that has one text. S is the spec of a kind, and R its
// remote object.
type textField[S, R any] struct {
	// name in the spec and in status.applied.
	name string
	// member of the remote object in the API's JSON.
	member string
	// wanted is the spec's value, empty where it is not set.
	wanted func(*S) string
	// shown is the provider's value.
	shown func(*R) string
}

// texts are the managed fields of a kind that have one text.
type texts[S, R any] struct {
	fields []textField[S, R]
	// readable tells whether members of the remote object could be read.
	readable func(*R, ...string) bool
}

// wanted are the texts that the spec sets, with a hash of its value.
func (t texts[S, R]) wanted(spec *S) map[string]string {
	fields := map[string]string{}
	for _, field := range t.fields {
		if value := field.wanted(spec); value != "" {
			fields[field.name] = hashText(value)
		}
	}
	return fields
}

// shown are the same texts with a hash of what the provider shows, but for those that
// could not be read.
func (t texts[S, R]) shown(spec *S, shown *R) map[string]string {
	fields := map[string]string{}
	for _, field := range t.fields {
		if field.wanted(spec) != "" && t.readable(shown, field.member) {
			fields[field.name] = hashText(field.shown(shown))
		}
	}
	return fields
}

// patch sets the named texts of the spec, but for those that the remote object shows
// as wanted already. It may be nil where that is not known.
func (t texts[S, R]) patch(spec *S, names []string, seen *R) ([]synqly.PatchOperation, error) {
	var patch []synqly.PatchOperation
	for _, field := range t.fields {
		value := field.wanted(spec)
		if value == "" || !slices.Contains(names, field.name) {
			continue
		}
		there := true
		if seen != nil && t.readable(seen, field.member) {
			shown := field.shown(seen)
			if hashText(shown) == hashText(value) {
				continue
			}
			there = shown != ""
		}
		operation, err := setMember("/"+field.member, value, there)
		if err != nil {
			return nil, err
		}
		patch = append(patch, operation)
	}
	return patch, nil
}

// setMember sets a member of a remote object. What is known to have no value may be
// absent, and replace needs what is there (RFC 6902, section 4.3), so it is added. All
// else is replaced, which is what the API's own examples do.
func setMember(path string, value any, there bool) (synqly.PatchOperation, error) {
	if !there {
		return synqly.Add(path, value)
	}
	return synqly.Replace(path, value)
}

// hashText is the hash of a text however its lines end: a form in a browser sends all
// its texts with CR LF (HTML, "newline normalization"), so that a person who saves a
// ticket changes the line ends of fields that they have not touched.
func hashText(text string) string {
	return remote.Hash(strings.ReplaceAll(text, "\r\n", "\n"))
}
