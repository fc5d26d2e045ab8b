// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// longestBatch bounds a batch in time: the Integration's poll waits for it.
const longestBatch = 5 * time.Second

// fetchBatch fetches tickets one by one, until one fails or the time is over.
func (r *run) fetchBatch(ctx context.Context, ids []string) (err error) {
	started := r.Clock.Now()
	for _, id := range ids {
		if err = r.fetchTicket(ctx, id); err != nil || r.Clock.Since(started) > longestBatch {
			break
		}
	}
	countPoll(r.name, v1alpha1.PollingTickets, err)
	return err
}

// fetchTicket fetches one ticket and compares it. An error ends the batch.
func (r *run) fetchTicket(ctx context.Context, id string) error {
	known := r.state.tickets[id]
	shown, err := r.connection.GetTicket(ctx, id)
	now := r.Clock.Now()
	switch {
	case err == nil:
		r.state.noteMissedBy(id, r.byID[id])
		known.seenAt(now)
		known.unreadable = false
		r.reportChanges(id, shown)
	case synqly.IsNotFound(err):
		known.seenAt(now)
		r.reportMissing(id)
	case isAboutTheTicket(err):
		if !known.unreadable {
			log.FromContext(ctx).Error(err, "a remote ticket cannot be read, so its changes are not seen", "ticketID", id)
		}
		// It counts as seen: the others can be fetched, and this one would take their turn for
		// nothing.
		known.seenAt(now)
		known.unreadable = true
	case throttledFor(err) > 0: // It was not sent.
		return err
	default:
		known.lastFailure = now // Others come first from now on.
		return err
	}
	return nil
}

// isAboutTheTicket reports whether a failure is about one ticket, and not about the connection.
func isAboutTheTicket(err error) bool {
	switch synqly.ClassOf(err) {
	case synqly.Unreadable, synqly.Refused, synqly.Conflict, synqly.Undocumented:
		return true
	}
	return false
}
