// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/ptr"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// The longest values that the schema takes, in characters, and how many of them.
const (
	longestLine        = 1024
	longestWord        = 255
	longestTimestamp   = 64
	longestRemark      = 512
	longestDescription = 65536
	mostTags           = 200
	mostRemarks        = 16
	// longestQuote is how much of an odd value a remark quotes.
	longestQuote = 64
)

// priorities are those that a Ticket can ask for.
var priorities = []string{"URGENT", "CRITICAL", "HIGH", "MEDIUM", "MODERATE", "LOW", "PLANNING"}

// Record shows the remote ticket in the status. What does not fit the schema is cut or left out,
// with a remark: what people write into the ticketing system must not keep the operator from its
// work.
func (adapter) Record(ticket *v1alpha1.Ticket, shown *synqly.Ticket, integration connection.Integration, now time.Time) {
	ticket.Status.Remote = remoteTicket(shown)
	ticket.Status.ClosedAt = closedAt(ticket.Status.ClosedAt, shown, integration, now)
	adapter{}.ShowLink(ticket, integration)
}

// ShowsKey reports whether the remote ticket had the marker tag of a key when it was last seen.
func (adapter) ShowsKey(ticket *v1alpha1.Ticket, key string) bool {
	return ticket.Status.Remote != nil && synqly.HasTag(ticket.Status.Remote.Tags, markerTag(key))
}

// remarks collect what is said about values that do not fit.
type remarks []string

func (r *remarks) add(format string, args ...any) {
	if len(*r) < mostRemarks {
		*r = append(*r, status.Truncate(fmt.Sprintf(format, args...), longestRemark))
	}
}

func (r *remarks) text(field, value string, longest int) string {
	if length := utf8.RuneCountInString(value); length > longest {
		r.add("%s has %d characters and is cut to %d", field, length, longest)
	}
	return status.Truncate(value, longest)
}

func (r *remarks) time(field string, value synqly.Timestamp) string {
	if value.Raw != "" && value.Time.IsZero() {
		r.add("%s %q is not an RFC 3339 time, such as 2026-12-01T00:00:00Z", field, status.Truncate(value.Raw, longestQuote))
	}
	return status.Truncate(value.Raw, longestTimestamp)
}

func (r *remarks) tags(tags []string) []string {
	if len(tags) > mostTags {
		r.add("tags: the remote ticket has %d, and only the first %d are shown", len(tags), mostTags)
		tags = tags[:mostTags]
	}
	var shown []string
	for _, tag := range tags {
		clean := withoutControls(tag)
		if clean != tag {
			r.add("tags: control characters in %q are shown as spaces", status.Truncate(tag, longestQuote))
		}
		shown = append(shown, r.text("a tag", clean, longestWord))
	}
	return shown
}

// withoutControls is the text with spaces in place of control characters.
func withoutControls(text string) string {
	return strings.Map(func(character rune) rune {
		if unicode.IsControl(character) {
			return ' '
		}
		return character
	}, text)
}

// remoteTicket is the remote ticket as the status shows it.
func remoteTicket(shown *synqly.Ticket) *v1alpha1.RemoteTicket {
	var notes remarks
	for _, unreadable := range shown.Unreadable {
		notes.add("%s", unreadable)
	}
	seen := &v1alpha1.RemoteTicket{
		CreatedAt: notes.time("createdAt", shown.CreatedAt),
		UpdatedAt: notes.time("updatedAt", shown.UpdatedAt),
		URL:       shownLink(shown),
	}
	for _, field := range fields {
		field.record(shown, seen, &notes)
	}
	seen.Tags = notes.tags(shown.Tags)
	if count, known := shown.CommentCount(); known {
		seen.Comments = ptr.To(int32(count)) // #nosec G115 -- CommentCount is below 2^31
	}
	seen.Attachments = notes.attachments(shown.Attachments)
	seen.Remarks = notes
	return seen
}

// record shows the field in the status.
func (f field) record(shown *synqly.Ticket, seen *v1alpha1.RemoteTicket, notes *remarks) {
	value := f.Shown(shown)
	switch {
	case f.time != nil:
		*f.status(seen) = notes.time(f.Name, f.time(shown))
	case f.status != nil:
		*f.status(seen) = notes.text(f.Name, value, f.longest)
	}
	if f.remark == nil {
		return
	}
	if remark := f.remark(value); remark != "" {
		notes.add("%s", remark)
	}
}

func remarkOnPriority(value string) string {
	if value == "" || slices.Contains(priorities, value) {
		return ""
	}
	return fmt.Sprintf("priority %q is not a valid value of spec.priority", status.Truncate(value, longestQuote))
}

func remarkOnDescription(value string) string {
	length := utf8.RuneCountInString(value)
	if length <= longestDescription {
		return ""
	}
	return fmt.Sprintf("description has %d characters; spec.description allows at most %d", length, longestDescription)
}

// Newer reports whether a list shows something newer of the remote ticket than the status has. It
// goes by the time of the change; where the provider does not tell that, by all that the status
// shows.
func (a adapter) Newer(ticket *v1alpha1.Ticket, shown *synqly.Ticket, integration connection.Integration, now time.Time) bool {
	seen := ticket.Status.Remote
	if seen == nil || connection.IsClosed(shown, integration, now) != (ticket.Status.ClosedAt != nil) {
		return true
	}
	if shown.UpdatedAt.Time.IsZero() {
		drift := remote.Drifted(ticket.Status.Returned, a.RemoteFields(ticket, shown))
		return !equality.Semantic.DeepEqual(seen, remoteTicket(shown)) || !slices.Equal(drift, ticket.Status.Drift)
	}
	recorded := timestamp(seen.UpdatedAt)
	return recorded.Time.IsZero() || shown.UpdatedAt.Time.After(recorded.Time)
}

// timestamp reads a time that the status has recorded.
func timestamp(text string) synqly.Timestamp {
	var read synqly.Timestamp
	encoded, err := json.Marshal(text)
	if err != nil || read.UnmarshalJSON(encoded) != nil {
		return synqly.Timestamp{}
	}
	return read
}
