// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// usualClosedStatuses are what providers call a ticket that is closed, for an Integration that does
// not say.
var usualClosedStatuses = []string{
	"Closed", "Done", "Resolved", "Solved", "Complete", "Completed", "Canceled", "Cancelled", "Won't Do", "Won't Fix",
}

// isClosed reports whether a remote ticket is closed: by its status, in the words of the
// Integration, or by its completion date.
func isClosed(ticket *synqly.Ticket, integration *v1alpha1.Integration) bool {
	statuses := integration.Spec.ClosedStatuses
	if len(statuses) == 0 {
		statuses = usualClosedStatuses
	}
	return isCompleted(ticket) || slices.ContainsFunc(statuses, func(closed string) bool {
		return strings.EqualFold(closed, strings.TrimSpace(ticket.Status))
	})
}

// isCompleted reports whether a ticket has a completion date that is no plan. A date after the
// latest change is one, by the provider's own clock.
func isCompleted(ticket *synqly.Ticket) bool {
	completed, updated := ticket.CompletionDate.Time, ticket.UpdatedAt.Time
	return isRecordable(completed) && (updated.IsZero() || !completed.After(updated))
}

// isRecordable reports whether a status can hold a time: RFC 3339 has years of four digits, and in
// UTC a time near their ends may be beyond them.
func isRecordable(moment time.Time) bool {
	return !moment.IsZero() && moment.UTC().Year() >= 1 && moment.UTC().Year() <= 9999
}

// closedAt is when a remote ticket was closed, or nil while it is open. Without a completion date
// it is the time of the change with which it was first seen closed, and later changes do not move
// it. before is what was recorded so far.
func closedAt(before *metav1.Time, ticket *synqly.Ticket, integration *v1alpha1.Integration, now time.Time) *metav1.Time {
	at := now
	switch {
	case !isClosed(ticket, integration):
		return nil
	case isCompleted(ticket):
		at = ticket.CompletionDate.Time
	case before != nil:
		return before
	case isRecordable(ticket.UpdatedAt.Time):
		at = ticket.UpdatedAt.Time
	}
	closed := metav1.NewTime(at).Rfc3339Copy()
	return &closed
}

// ExpiresAt is when a Ticket whose remote ticket is closed is removed.
func (adapter) ExpiresAt(ticket *v1alpha1.Ticket) time.Time {
	if ticket.Spec.TTLAfterClosed == nil || ticket.Status.ClosedAt == nil {
		return time.Time{}
	}
	return ticket.Status.ClosedAt.Add(ticket.Spec.TTLAfterClosed.Duration)
}
