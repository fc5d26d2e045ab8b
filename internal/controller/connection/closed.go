// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"slices"
	"strings"
	"time"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

// usualClosedStatuses are what providers call a ticket that is closed, for an Integration that does
// not say.
var usualClosedStatuses = []string{
	"Closed", "Done", "Resolved", "Solved", "Complete", "Completed", "Canceled", "Cancelled", "Won't Do", "Won't Fix",
}

// IsClosed reports whether a remote ticket is closed now: by its status, in the words of the
// Integration, or by its completion date.
func IsClosed(ticket *synqly.Ticket, integration Integration, now time.Time) bool {
	statuses := integration.ConnectionSpec().ClosedStatuses
	if len(statuses) == 0 {
		statuses = usualClosedStatuses
	}
	return IsCompleted(ticket, now) || slices.ContainsFunc(statuses, func(closed string) bool {
		return strings.EqualFold(closed, strings.TrimSpace(ticket.Status))
	})
}

// IsCompleted reports whether a ticket has a completion date that is no plan. A date after the
// latest change is one, by the provider's own clock, and where the provider tells no time of a
// change, a date that has not come yet.
func IsCompleted(ticket *synqly.Ticket, now time.Time) bool {
	completed, latest := ticket.CompletionDate.Time, ticket.UpdatedAt.Time
	if latest.IsZero() {
		latest = now
	}
	return IsRecordable(completed) && !completed.After(latest)
}

// IsRecordable reports whether a status can hold a time: RFC 3339 has years of four digits, and in
// UTC a time near their ends may be beyond them.
func IsRecordable(moment time.Time) bool {
	return !moment.IsZero() && moment.UTC().Year() >= 1 && moment.UTC().Year() <= 9999
}
