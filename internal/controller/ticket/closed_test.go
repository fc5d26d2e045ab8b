// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

const (
	yesterday = "2026-11-22T10:00:00Z"
	today     = "2026-11-23T10:00:00Z"
	tomorrow  = "2026-11-24T10:00:00Z"
)

func TestIsClosed(t *testing.T) {
	german := []string{"Erledigt", "Nicht zu tun"}
	for name, test := range map[string]struct {
		status, completed, updated string
		statuses                   []string
		want                       bool
	}{
		"no status":                                {"", "", today, nil, false},
		"an open status":                           {"In Progress", "", today, nil, false},
		"a usual closed status":                    {"Closed", "", today, nil, true},
		"a usual closed status in another case":    {"DONE", "", today, nil, true},
		"a usual closed status in spaces":          {" Resolved\n", "", today, nil, true},
		"a usual closed status of several words":   {"won't fix", "", today, nil, true},
		"only a part of a closed status":           {"Done soon", "", today, nil, false},
		"a status of the Integration":              {"Erledigt", "", today, german, true},
		"a status of the Integration, other case":  {"nicht ZU tun", "", today, german, true},
		"a usual one that the Integration has not": {"Done", "", today, german, false},
		"a completion date before the change":      {"In Progress", yesterday, today, german, true},
		"a completion date with the change":        {"In Progress", today, today, nil, true},
		"a planned completion date":                {"In Progress", tomorrow, today, nil, false},
		"a planned date and a closed status":       {"Done", tomorrow, today, nil, true},
		"a completion date, no time of the change": {"In Progress", yesterday, "", nil, true},
		"a planned one, no time of the change":     {"In Progress", tomorrow, "", nil, false},
		"a completion date that cannot be read":    {"In Progress", "last week", today, nil, false},
		"a time of the change that cannot be read": {"In Progress", yesterday, "just now", nil, true},
	} {
		ticket := &synqly.Ticket{Status: test.status, CompletionDate: timestamp(test.completed), UpdatedAt: timestamp(test.updated)}
		integration := &v1alpha1.Integration{Spec: v1alpha1.IntegrationSpec{ClosedStatuses: test.statuses}}
		if got := connection.IsClosed(ticket, integration, at(today).Time); got != test.want {
			t.Errorf("%s: closed = %t, want %t", name, got, test.want)
		}
	}
}

func TestClosedAt(t *testing.T) {
	now := time.Date(2026, 11, 25, 8, 0, 0, 999, time.UTC)
	for name, test := range map[string]struct {
		before                     string
		status, completed, updated string
		want                       string
	}{
		"open":                                        {"", "To Do", "", today, ""},
		"reopened":                                    {yesterday, "To Do", "", today, ""},
		"closed, without a completion date":           {"", "Done", "", today, today},
		"changed since it was closed":                 {yesterday, "Done", "", today, yesterday},
		"closed, with a completion date":              {"", "Done", yesterday, today, yesterday},
		"closed again on another day":                 {yesterday, "Done", today, today, today},
		"open, with a completion date":                {"", "To Do", yesterday, today, yesterday},
		"closed, with a planned date":                 {"", "Done", tomorrow, today, today},
		"closed, without any time":                    {"", "Done", "", "", "2026-11-25T08:00:00Z"},
		"closed, with times that cannot be read":      {"", "Done", "soon", "just now", "2026-11-25T08:00:00Z"},
		"fractions of a second are dropped":           {"", "Done", "", "2026-11-23T10:00:00.987654Z", today},
		"other zones are the same time":               {"", "Done", "2026-11-23T12:00:00+02:00", "2026-11-23T11:00:00+01:00", today},
		"a completion before the first year of UTC":   {"", "Done", "0000-01-01T00:00:00+01:00", today, today},
		"a completion that never comes":               {"", "To Do", "9999-12-31T23:59:59-05:00", "", ""},
		"a change after the last year of UTC":         {"", "Done", "", "9999-12-31T23:59:59-05:00", "2026-11-25T08:00:00Z"},
		"the last second that can be written":         {"", "Done", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
		"the first second of the first year":          {"", "Done", "", "0001-01-01T00:00:00Z", "2026-11-25T08:00:00Z"},
		"a year that no calendar has, in the past":    {"", "Done", "0000-06-01T00:00:00Z", today, today},
		"a planned completion that never comes":       {"", "To Do", "9999-12-31T23:59:59-05:00", today, ""},
		"a time of the change that no calendar has":   {"", "Done", "", "0000-06-01T00:00:00Z", "2026-11-25T08:00:00Z"},
		"reopened, with a planned date that moved on": {yesterday, "To Do", tomorrow, today, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var before *metav1.Time
			if test.before != "" {
				before = at(test.before)
			}
			ticket := &synqly.Ticket{Status: test.status, CompletionDate: timestamp(test.completed), UpdatedAt: timestamp(test.updated)}
			got := ""
			if closed := closedAt(before, ticket, &v1alpha1.Integration{}, now); closed != nil {
				encoded, err := closed.MarshalJSON()
				if err != nil {
					t.Fatal(err)
				}
				got = string(encoded[1 : len(encoded)-1])
			}
			if got != test.want {
				t.Errorf("closed at %q, want %q", got, test.want)
			}
		})
	}
}

func TestExpiresAt(t *testing.T) {
	hour, nothing := &metav1.Duration{Duration: time.Hour}, &metav1.Duration{}
	for name, test := range map[string]struct {
		closedAt *metav1.Time
		ttl      *metav1.Duration
		want     time.Time
	}{
		"open":                {nil, hour, time.Time{}},
		"closed, no ttl":      {at(today), nil, time.Time{}},
		"closed, an hour":     {at(today), hour, at(today).Add(time.Hour)},
		"closed, no time":     {at(today), nothing, at(today).Time},
		"neither":             {nil, nil, time.Time{}},
		"open, with no delay": {nil, nothing, time.Time{}},
	} {
		ticket := &v1alpha1.Ticket{}
		ticket.Spec.TTLAfterClosed, ticket.Status.ClosedAt = test.ttl, test.closedAt
		if diff := cmp.Diff(test.want, adapter{}.ExpiresAt(ticket)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
