// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

func TestChangeIsTold(t *testing.T) {
	type told struct {
		Description string
		Changed     bool
	}
	for name, test := range map[string]struct {
		field string
		now   func(*synqly.Ticket)
		want  told
	}{
		"name":           {"name", func(s *synqly.Ticket) { s.Name = "other" }, told{`name from "Checkout latency" to "other"`, true}},
		"summary":        {"summary", func(s *synqly.Ticket) { s.Summary = "other" }, told{`summary from "p99 above 2s" to "other"`, true}},
		"priority":       {"priority", func(s *synqly.Ticket) { s.Priority = "LOW" }, told{`priority from "HIGH" to "LOW"`, true}},
		"status":         {"status", func(s *synqly.Ticket) { s.Status = "Done" }, told{`status from "To Do" to "Done"`, true}},
		"project":        {"project", func(s *synqly.Ticket) { s.Project = "SEC" }, told{`project from "OPS" to "SEC"`, true}},
		"issueType":      {"issueType", func(s *synqly.Ticket) { s.IssueType = "Bug" }, told{`issueType from "Incident" to "Bug"`, true}},
		"assignee":       {"assignee", func(s *synqly.Ticket) { s.Assignee = "max@example.com" }, told{`assignee from "jane@example.com" to "max@example.com"`, true}},
		"assignee taken": {"assignee", func(s *synqly.Ticket) { s.Assignee = "" }, told{`assignee from "jane@example.com" to nothing`, true}},
		"creator":        {"creator", func(s *synqly.Ticket) { s.Creator = "max@example.com" }, told{`creator from "bot@example.com" to "max@example.com"`, true}},
		"dueDate": {
			"dueDate", func(s *synqly.Ticket) { s.DueDate = timestamp("2026-12-09T00:00:00Z") },
			told{`dueDate from "2026-12-01T00:00:00Z" to "2026-12-09T00:00:00Z"`, true},
		},
		"dueDate that is none": {
			"dueDate", func(s *synqly.Ticket) { s.DueDate = timestamp("soon") }, told{`dueDate from "2026-12-01T00:00:00Z" to "soon"`, true},
		},
		"completionDate": {
			"completionDate", func(s *synqly.Ticket) { s.CompletionDate = synqly.Timestamp{} },
			told{`completionDate from "2026-12-02T00:00:00Z" to nothing`, true},
		},
		"description, which is not recorded": {
			"description", func(s *synqly.Ticket) { s.Description = "other" }, told{`description from "Since **10:05**." to "other"`, false},
		},
		"contact, which is not recorded": {
			"contact", func(s *synqly.Ticket) { s.Contact = "max@example.com" }, told{`contact from "joe@example.com" to "max@example.com"`, false},
		},
		"tag removed": {
			"tags/sev2", func(s *synqly.Ticket) {
				s.Tags = slices.DeleteFunc(s.Tags, func(tag string) bool { return tag == "sev2" })
			}, told{`tag "sev2" removed`, true},
		},
		"tag added": {"tags/sev1", func(s *synqly.Ticket) { s.Tags = append(s.Tags, "sev1") }, told{`tag "sev1" added`, true}},
		"tag that was gone already": {
			"tags/sev1", func(*synqly.Ticket) {}, told{`tag "sev1" removed`, false},
		},
		"tag that was there already": {"tags/sev2", func(*synqly.Ticket) {}, told{`tag "sev2" added`, false}},
		"custom field": {
			"customFields/severity", func(s *synqly.Ticket) { s.CustomFields["severity"] = json.RawMessage("3") },
			told{`customFields/severity from 2 to 3`, false},
		},
		"custom field of another type": {
			"customFields/region", func(s *synqly.Ticket) { s.CustomFields["region"] = json.RawMessage(`["us"]`) },
			told{`customFields/region from "eu" to ["us"]`, false},
		},
		"custom field that is gone": {
			"customFields/region", func(s *synqly.Ticket) { delete(s.CustomFields, "region") }, told{`customFields/region from "eu" to null`, false},
		},
		"value that was seen before": {"status", func(*synqly.Ticket) {}, told{`status from "To Do" to "To Do"`, false}},
		"field that is none":         {"colour", func(*synqly.Ticket) {}, told{"colour", false}},
		"long text": {
			"summary", func(s *synqly.Ticket) { s.Summary = strings.Repeat("ä", 500) },
			told{`summary from "p99 above 2s" to "` + strings.Repeat("ä", 119) + `…"`, true},
		},
		"text that is too long to be recorded": {
			"summary", func(s *synqly.Ticket) { s.Summary = strings.Repeat("b", 5000) },
			told{`summary from "p99 above 2s" to "` + strings.Repeat("b", 119) + `…"`, true},
		},
		"line ends":             {"summary", func(s *synqly.Ticket) { s.Summary = "a\nb" }, told{`summary from "p99 above 2s" to "a\nb"`, true}},
		"text that is no UTF-8": {"summary", func(s *synqly.Ticket) { s.Summary = "a\xff" }, told{"summary from \"p99 above 2s\" to \"a\uFFFD\"", true}},
		"custom field that is very long": {"customFields/region", func(s *synqly.Ticket) {
			s.CustomFields["region"] = json.RawMessage(`"` + strings.Repeat("c", 500) + `"`)
		}, told{`customFields/region from "eu" to "` + strings.Repeat("c", 118) + `…`, false}},
	} {
		t.Run(name, func(t *testing.T) {
			ticket := &v1alpha1.Ticket{Spec: *wholeSpec()}
			ticket.Status.Remote = remoteTicket(decodeTicket(t, []byte(wholeTicket)))
			shown := decodeTicket(t, []byte(wholeTicket))
			test.now(shown)
			description, changed := adapter{}.Change(ticket, shown, test.field)
			if diff := cmp.Diff(test.want, told{description, changed}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestALongTextThatIsSeenAgainIsNoChange(t *testing.T) {
	shown := decodeTicket(t, []byte(wholeTicket))
	shown.Summary = strings.Repeat("ä", 5000)
	ticket := &v1alpha1.Ticket{Spec: *wholeSpec()}
	ticket.Status.Remote = remoteTicket(shown)
	if _, changed := (adapter{}).Change(ticket, shown, "summary"); changed {
		t.Error("a text that was cut when it was recorded counts as changed")
	}
}

// Every managed field is told of, also where nothing was recorded of the ticket before.
func TestEveryFieldHasADescription(t *testing.T) {
	ticket := &v1alpha1.Ticket{Spec: *wholeSpec()}
	managed := adapter{}.Fields(ticket)
	if want := len(fields) + len(ticket.Spec.Tags) + len(ticket.Spec.CustomFields); len(managed) != want {
		t.Fatalf("%d fields are managed, want %d", len(managed), want)
	}
	shown := &synqly.Ticket{}
	for field := range managed {
		description, changed := adapter{}.Change(ticket, shown, field)
		if changed {
			t.Errorf("%s: nothing was recorded, so whether it changed again is not known", field)
		}
		if !strings.Contains(description, "removed") && !strings.HasSuffix(description, "to nothing") && !strings.HasSuffix(description, "to null") {
			t.Errorf("%s: %q does not say what it is now", field, description)
		}
		if strings.Contains(description, "from nothing") {
			t.Errorf("%s: %q does not say what the spec has", field, description)
		}
	}
}
