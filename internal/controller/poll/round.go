// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"errors"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

const (
	// fetchShare is the part of the rateLimit that is left for fetching tickets one by
	// one: a tenth.
	fetchShare = 10
	// longestBatch bounds a batch in time: the Integration's poll waits for it.
	longestBatch = 5 * time.Second
)

// batchOf is how many tickets are fetched at a time with a rateLimit of so many requests
// per second, and how long after that the next ones are.
func batchOf(requestsPerSecond int32) (size int, interval time.Duration) {
	requestsPerSecond = max(1, requestsPerSecond)
	size = max(1, int(requestsPerSecond)/2)
	return size, time.Duration(size) * fetchShare * time.Second / time.Duration(requestsPerSecond)
}

// due lists the remote IDs of the tickets that have to be fetched by themselves now, the
// one that has waited longest first, and tells when the next one has to be: at once
// where there are any, zero for never.
func (r *run) due() (ids []string, next time.Time) {
	now := r.Clock.Now()
	turns := make(map[string]time.Time)
	for _, ticket := range r.tickets {
		at, isWanted := r.dueAt(ticket)
		switch {
		case !isWanted:
		case at.After(now):
			if next.IsZero() || at.Before(next) {
				next = at
			}
		default:
			known := r.state.records[ticket.Status.ID]
			turns[ticket.Status.ID] = later(known.confirmed, known.tried)
		}
	}
	if len(turns) == 0 {
		return nil, next
	}
	for id := range turns {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int { return turns[a].Compare(turns[b]) })
	return ids, now
}

// dueAt is when a ticket has to be fetched by itself.
func (r *run) dueAt(ticket *v1alpha1.Ticket) (at time.Time, isWanted bool) {
	if isMissing(ticket) {
		return time.Time{}, false
	}
	known := r.state.records[ticket.Status.ID]
	interval := connection.PollInterval(r.integration)
	again := time.Time{}
	if !known.tried.IsZero() {
		again = known.tried.Add(interval)
	}
	in := r.place(ticket)
	if in != (scope{}) {
		listing := r.state.sweeps[in]
		// Absence from a listing is not deletion.
		return again, listing != nil && known.confirmed.Before(listing.listed)
	}
	if !known.confirmed.IsZero() {
		again = later(again, known.confirmed.Add(interval))
	}
	return again, r.state.number > 0
}

// fetchDue fetches a batch of tickets, if one is due.
func (r *run) fetchDue(ctx context.Context) {
	started := r.Clock.Now()
	ids, _ := r.due()
	if len(ids) == 0 || started.Before(r.state.nextBatch) {
		return
	}
	size, interval := batchOf(connection.RateLimit(r.integration).RequestsPerSecond)
	var err error
	for _, id := range ids[:min(size, len(ids))] {
		if err = r.fetch(ctx, id); err != nil || r.Clock.Since(started) > longestBatch {
			break
		}
	}
	pollsTotal.WithLabelValues(r.name.Namespace, r.name.Name, string(v1alpha1.PollingTickets), resultOf(err)).Inc()
	again := r.concluded(ctx, fetchingKind, &r.state.fetching, err)
	if err == nil {
		again = interval
	}
	r.state.nextBatch = r.Clock.Now().Add(again)
}

// fetch fetches one ticket and compares it. An error ends the batch.
func (r *run) fetch(ctx context.Context, id string) error {
	known := r.state.records[id]
	shown, err := r.open.GetTicket(ctx, id)
	now := r.Clock.Now()
	var wait *connection.WaitError
	switch {
	case err == nil:
		r.fetched(id, shown, now)
	case synqly.IsNotFound(err):
		known.confirmed, known.tried = now, time.Time{}
		for _, ticket := range r.byID[id] {
			r.report(ticket, nil) // Its own reconcile fetches it again, and decides.
		}
	case isItsOwn(err):
		if !known.unreadable {
			log.FromContext(ctx).Error(err, "a remote ticket cannot be read, so its changes are not seen", "ticketID", id)
		}
		// It counts as seen: the others can be fetched, and this one would take their
		// turn for nothing.
		known.confirmed, known.tried, known.unreadable = now, time.Time{}, true
	case errors.As(err, &wait):
		return err
	default:
		known.tried = now // Others come first from now on.
		return err
	}
	return nil
}

// fetched compares a ticket that was fetched.
func (r *run) fetched(id string, shown *synqly.Ticket, now time.Time) {
	known := r.state.records[id]
	for _, ticket := range r.byID[id] {
		in := r.place(ticket)
		if listing := r.state.sweeps[in]; listing != nil && !listing.tooLarge && known.confirmed.Before(listing.listed) {
			// It exists and the listing did not show it, so the next ones may not either.
			known.unlisted = in
		}
	}
	known.confirmed, known.tried, known.unreadable = now, time.Time{}, false
	r.compare(id, shown)
}

// isItsOwn reports whether a failure is about one ticket, and not about the connection.
func isItsOwn(err error) bool {
	switch synqly.ClassOf(err) {
	case synqly.Unreadable, synqly.Refused, synqly.Conflict, synqly.Undocumented:
		return true
	}
	return false
}
