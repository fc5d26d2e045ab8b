// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// Short names for the columns of the table.
type (
	spec     = v1alpha1.TicketSpec
	shown    = synqly.Ticket
	request  = synqly.CreateTicketRequest
	recorded = v1alpha1.RemoteTicket
	text     = remote.TextField[*spec, shown]
)

// field is a managed field of a ticket that has one value: a row of the table that create, update,
// drift, status and Events follow.
type field struct {
	text
	// request is where a create request has it.
	request func(*request) *string
	// fallback is what is sent where the spec leaves it out; nil for nothing.
	fallback func(*v1alpha1.Ticket, *v1alpha1.TicketDefaults) string
	// status is where the status shows it; nil for what the status does not show.
	status func(*recorded) *string
	// time is the provider's value where it is a time, which the status shows as it is written.
	time func(*shown) synqly.Timestamp
	// longest is how many characters of it the status takes.
	longest int
	// remark says what is odd about the provider's value, or nothing; nil where nothing is.
	remark func(value string) string
}

// fields are all of them, in the order in which a patch names them.
var fields = []field{
	{
		text: text{
			Name: "name", Member: "name",
			Wanted: func(s *spec) string { return s.Name }, Shown: func(t *shown) string { return t.Name },
		},
		request:  func(r *request) *string { return &r.Name },
		fallback: func(t *v1alpha1.Ticket, _ *v1alpha1.TicketDefaults) string { return t.Name },
		status:   func(r *recorded) *string { return &r.Name }, longest: longestLine,
	},
	{
		text: text{
			Name: "summary", Member: "summary",
			Wanted: func(s *spec) string { return s.Summary }, Shown: func(t *shown) string { return t.Summary },
		},
		request: func(r *request) *string { return &r.Summary },
		status:  func(r *recorded) *string { return &r.Summary }, longest: longestLine,
	},
	{
		text: text{
			Name: "description", Member: "description",
			Wanted: func(s *spec) string { return s.Description }, Shown: func(t *shown) string { return t.Description },
		},
		request: func(r *request) *string { return &r.Description },
		remark:  remarkOnDescription,
	},
	{
		text: text{
			Name: "priority", Member: "priority",
			Wanted: func(s *spec) string { return string(s.Priority) }, Shown: func(t *shown) string { return t.Priority },
		},
		request: func(r *request) *string { return &r.Priority },
		status:  func(r *recorded) *string { return &r.Priority }, longest: longestWord,
		remark: remarkOnPriority,
	},
	{
		text: text{
			Name: "status", Member: "status",
			Wanted: func(s *spec) string { return s.Status }, Shown: func(t *shown) string { return t.Status },
		},
		request: func(r *request) *string { return &r.Status },
		status:  func(r *recorded) *string { return &r.Status }, longest: longestWord,
	},
	{
		text: text{
			Name: "project", Member: "project",
			Wanted: func(s *spec) string { return s.Project }, Shown: func(t *shown) string { return t.Project },
		},
		request:  func(r *request) *string { return &r.Project },
		fallback: func(_ *v1alpha1.Ticket, d *v1alpha1.TicketDefaults) string { return d.Project },
		status:   func(r *recorded) *string { return &r.Project }, longest: longestWord,
	},
	{
		text: text{
			Name: "issueType", Member: "issue_type",
			Wanted: func(s *spec) string { return s.IssueType }, Shown: func(t *shown) string { return t.IssueType },
		},
		request:  func(r *request) *string { return &r.IssueType },
		fallback: func(_ *v1alpha1.Ticket, d *v1alpha1.TicketDefaults) string { return d.IssueType },
		status:   func(r *recorded) *string { return &r.IssueType }, longest: longestWord,
	},
	{
		text: text{
			Name: "assignee", Member: "assignee",
			Wanted: func(s *spec) string { return s.Assignee }, Shown: func(t *shown) string { return t.Assignee },
		},
		request: func(r *request) *string { return &r.Assignee },
		status:  func(r *recorded) *string { return &r.Assignee }, longest: longestWord,
	},
	{
		text: text{
			Name: "contact", Member: "contact",
			Wanted: func(s *spec) string { return s.Contact }, Shown: func(t *shown) string { return t.Contact },
		},
		request: func(r *request) *string { return &r.Contact },
	},
	{
		text: text{
			Name: "creator", Member: "creator",
			Wanted: func(s *spec) string { return s.Creator }, Shown: func(t *shown) string { return t.Creator },
		},
		request:  func(r *request) *string { return &r.Creator },
		fallback: func(_ *v1alpha1.Ticket, d *v1alpha1.TicketDefaults) string { return d.Creator },
		status:   func(r *recorded) *string { return &r.Creator }, longest: longestWord,
	},
	{
		text: text{
			Name: "dueDate", Member: "due_date",
			Wanted: func(s *spec) string { return wireTime(s.DueDate) }, Shown: func(t *shown) string { return shownTime(t.DueDate) },
		},
		request: func(r *request) *string { return &r.DueDate },
		status:  func(r *recorded) *string { return &r.DueDate }, time: func(t *shown) synqly.Timestamp { return t.DueDate },
	},
	{
		text: text{
			Name: "completionDate", Member: "completion_date",
			Wanted: func(s *spec) string { return wireTime(s.CompletionDate) }, Shown: func(t *shown) string { return shownTime(t.CompletionDate) },
		},
		request: func(r *request) *string { return &r.CompletionDate },
		status:  func(r *recorded) *string { return &r.CompletionDate }, time: func(t *shown) synqly.Timestamp { return t.CompletionDate },
	},
}

// texts are the same without what only tickets have.
var texts = remote.TextFields[*spec, shown]{List: textsOf(fields), Readable: (*synqly.Ticket).Readable}

func textsOf(fields []field) []text {
	texts := make([]text, len(fields))
	for i := range fields {
		texts[i] = fields[i].text
	}
	return texts
}

// createRequest is every field of the spec, and the fallback for what it leaves out.
func createRequest(ticket *v1alpha1.Ticket, defaults *v1alpha1.TicketDefaults) synqly.CreateTicketRequest {
	created := synqly.CreateTicketRequest{CustomFields: wireCustomFields(ticket.Spec.CustomFields)}
	for _, field := range fields {
		value := field.Wanted(&ticket.Spec)
		if value == "" && field.fallback != nil {
			value = field.fallback(ticket, defaults)
		}
		*field.request(&created) = value
	}
	return created
}

// Tags and custom fields are managed element by element, under these prefixes.
const (
	tagPrefix         = "tags/"
	customFieldPrefix = "customFields/"
)

// specFields are the managed fields with a hash of the spec's value.
func specFields(spec *v1alpha1.TicketSpec) map[string]string {
	hashes := texts.Wanted(spec)
	for _, tag := range spec.Tags {
		hashes[tagPrefix+tag] = remote.Hash(true)
	}
	for name, value := range spec.CustomFields {
		hashes[customFieldPrefix+name] = hashJSON(value.Raw)
	}
	return hashes
}

// shownFields are the same fields with a hash of what the provider shows. Those that could not be
// read are left out: what is not known is no difference.
func shownFields(spec *v1alpha1.TicketSpec, ticket *synqly.Ticket) map[string]string {
	hashes := texts.Shown(spec, ticket)
	if ticket.Readable("tags") {
		for _, tag := range spec.Tags {
			hashes[tagPrefix+tag] = hashShownTag(ticket, tag)
		}
	}
	if ticket.Readable("custom_fields") {
		for name := range spec.CustomFields {
			hashes[customFieldPrefix+name] = hashJSON(ticket.CustomFields[name])
		}
	}
	return hashes
}

// diff names the fields to write: those whose value in the spec has changed since it was last
// applied, and tags that were taken out of the list. Any other field that was taken out of the spec
// is left as it is remotely, and so are all tags where the whole list was taken out.
func diff(spec *v1alpha1.TicketSpec, applied map[string]string) []string {
	changed := remote.Changed(specFields(spec), applied)
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

// patchOf is the JSON Patch that writes the named fields. seen is the ticket as just fetched;
// fields that it shows as wanted already are left out. It may be nil where no tag is named: a list
// of tags cannot be changed without knowing what people have put into it.
func patchOf(spec *v1alpha1.TicketSpec, names []string, seen *synqly.Ticket) ([]synqly.PatchOperation, error) {
	patch, err := texts.Patch(spec, names, seen)
	if err != nil {
		return nil, err
	}
	if seen != nil && len(spec.Tags) > 0 && namesTags(names) && !seen.Readable("tags") {
		// Trying again does not help, and must not go on for ever.
		return nil, &synqly.InvalidRequestError{Operation: "PatchTicket", Err: fmt.Errorf(
			"the tags of the remote ticket cannot be changed because its current tags cannot be read (%s): correct them in the ticketing system and set the annotation %s to a new value, or undo the change of the tags in the spec",
			strings.Join(seen.Unreadable, ", "), v1alpha1.SyncRequestedAnnotation)}
	}
	if tags, changed := mergeTags(spec.Tags, names, seen); changed {
		operation, err := remote.SetMember("/tags", tags, seen.Tags != nil)
		if err != nil {
			return nil, err
		}
		patch = append(patch, operation)
	}
	custom, err := patchCustomFields(spec, names, seen)
	return append(patch, custom...), err
}

// wireTime is a time as the API takes it (RFC 3339), to the second.
func wireTime(t *metav1.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// shownTime is a time of the provider in the same form, so that other ways to write the same second
// are no difference; what does not parse is shown as it is.
func shownTime(t synqly.Timestamp) string {
	if t.Time.IsZero() {
		return t.Raw
	}
	return t.UTC().Format(time.RFC3339)
}
