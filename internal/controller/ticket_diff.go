// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"encoding/json"
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
type ticketField struct {
	// name in the spec and in status.applied.
	name string
	// path in the API's JSON Patch.
	path string
	// wanted is the spec's value, empty where it is not set.
	wanted func(*v1alpha1.TicketSpec) string
	// shown is the provider's value.
	shown func(*synqly.Ticket) string
}

var ticketFields = []ticketField{
	{"name", "/name", func(s *v1alpha1.TicketSpec) string { return s.Name }, func(t *synqly.Ticket) string { return t.Name }},
	{"summary", "/summary", func(s *v1alpha1.TicketSpec) string { return s.Summary }, func(t *synqly.Ticket) string { return t.Summary }},
	{"description", "/description", func(s *v1alpha1.TicketSpec) string { return s.Description }, func(t *synqly.Ticket) string { return t.Description }},
	{"priority", "/priority", func(s *v1alpha1.TicketSpec) string { return string(s.Priority) }, func(t *synqly.Ticket) string { return t.Priority }},
	{"status", "/status", func(s *v1alpha1.TicketSpec) string { return s.Status }, func(t *synqly.Ticket) string { return t.Status }},
	{"project", "/project", func(s *v1alpha1.TicketSpec) string { return s.Project }, func(t *synqly.Ticket) string { return t.Project }},
	{"issueType", "/issue_type", func(s *v1alpha1.TicketSpec) string { return s.IssueType }, func(t *synqly.Ticket) string { return t.IssueType }},
	{"assignee", "/assignee", func(s *v1alpha1.TicketSpec) string { return s.Assignee }, func(t *synqly.Ticket) string { return t.Assignee }},
	{"contact", "/contact", func(s *v1alpha1.TicketSpec) string { return s.Contact }, func(t *synqly.Ticket) string { return t.Contact }},
	{"creator", "/creator", func(s *v1alpha1.TicketSpec) string { return s.Creator }, func(t *synqly.Ticket) string { return t.Creator }},
	{"dueDate", "/due_date", func(s *v1alpha1.TicketSpec) string { return wireTime(s.DueDate) }, func(t *synqly.Ticket) string { return shownTime(t.DueDate) }},
	{"completionDate", "/completion_date", func(s *v1alpha1.TicketSpec) string { return wireTime(s.CompletionDate) }, func(t *synqly.Ticket) string { return shownTime(t.CompletionDate) }},
}

// Tags and custom fields are managed element by element, under these prefixes.
const (
	tagPrefix         = "tags/"
	customFieldPrefix = "customFields/"
)

// ticketSpecFields are the managed fields with a hash of the spec's value.
func ticketSpecFields(spec *v1alpha1.TicketSpec) map[string]string {
	fields := map[string]string{}
	for _, field := range ticketFields {
		if value := field.wanted(spec); value != "" {
			fields[field.name] = remote.Hash(value)
		}
	}
	for _, tag := range spec.Tags {
		fields[tagPrefix+tag] = remote.Hash(true)
	}
	for name, value := range spec.CustomFields {
		fields[customFieldPrefix+name] = hashJSON(value.Raw)
	}
	return fields
}

// ticketShownFields are the same fields with a hash of what the provider shows.
func ticketShownFields(spec *v1alpha1.TicketSpec, ticket *synqly.Ticket) map[string]string {
	fields := map[string]string{}
	for _, field := range ticketFields {
		if field.wanted(spec) != "" {
			fields[field.name] = remote.Hash(field.shown(ticket))
		}
	}
	for _, tag := range spec.Tags {
		fields[tagPrefix+tag] = remote.Hash(slices.Contains(ticket.Tags, tag))
	}
	for name := range spec.CustomFields {
		fields[customFieldPrefix+name] = hashJSON(ticket.CustomFields[name])
	}
	return fields
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
//
// Texts are replaced, which is the operation that the API documents for them. An
// element of custom_fields is added, which sets it whether or not it is there
// (RFC 6902, section 4.1).
func ticketPatch(spec *v1alpha1.TicketSpec, names []string, seen *synqly.Ticket) ([]synqly.PatchOperation, error) {
	var patch []synqly.PatchOperation
	add := func(operation synqly.PatchOperation, err error) error {
		patch = append(patch, operation)
		return err
	}
	for _, field := range ticketFields {
		value := field.wanted(spec)
		if value == "" || !slices.Contains(names, field.name) || (seen != nil && field.shown(seen) == value) {
			continue
		}
		if err := add(synqly.Replace(field.path, value)); err != nil {
			return nil, err
		}
	}
	if tags, changed := mergeTags(spec.Tags, names, seen); changed {
		if err := add(synqly.Replace("/tags", tags)); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		key, isCustom := strings.CutPrefix(name, customFieldPrefix)
		value, isSet := spec.CustomFields[key]
		if !isCustom || !isSet || (seen != nil && hashJSON(seen.CustomFields[key]) == hashJSON(value.Raw)) {
			continue
		}
		if err := add(synqly.Add("/custom_fields/"+synqly.EscapePointer(key), json.RawMessage(value.Raw))); err != nil {
			return nil, err
		}
	}
	return patch, nil
}

// mergeTags is the ticket's list of tags with the named ones of the spec added and
// the named ones that the spec does not have any more taken off. All others, of
// people and of the operator, stay. A spec without tags changes none.
func mergeTags(wanted, names []string, seen *synqly.Ticket) (tags []string, changed bool) {
	if seen == nil || len(wanted) == 0 {
		return nil, false
	}
	tags = slices.Clone(seen.Tags)
	for _, name := range names {
		tag, isTag := strings.CutPrefix(name, tagPrefix)
		switch {
		case !isTag:
		case slices.Contains(wanted, tag) && !slices.Contains(tags, tag):
			tags, changed = append(tags, tag), true
		case !slices.Contains(wanted, tag):
			before := len(tags)
			// Providers change the case of tags; what was ours is taken off all the same,
			// but for a tag of the spec that differs in case alone.
			tags = slices.DeleteFunc(tags, func(other string) bool { return strings.EqualFold(other, tag) && !slices.Contains(wanted, other) })
			changed = changed || len(tags) != before
		}
	}
	return tags, changed
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
