// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// closedAt is when a remote ticket was closed, or nil while it is open. Without a completion date
// it is the time of the change with which it was first seen closed, and later changes do not move
// it. before is what was recorded so far.
func closedAt(before *metav1.Time, ticket *synqly.Ticket, integration connection.Integration, now time.Time) *metav1.Time {
	at := now
	switch {
	case !connection.IsClosed(ticket, integration, now):
		return nil
	case connection.IsCompleted(ticket, now):
		at = ticket.CompletionDate.Time
	case before != nil:
		return before
	case connection.IsRecordable(ticket.UpdatedAt.Time):
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
