// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"cmp"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

const (
	// listingInterval is how often everything is listed again where only changes are asked for
	// otherwise: it finds tickets that were deleted, or moved out of reach of the query, and
	// capabilities that have changed.
	listingInterval = 6 * time.Hour
	// longestFirstDelay spreads the first polls of the Integrations of a process.
	longestFirstDelay = 10 * time.Second
	// fetchShare is the part of the rateLimit that is left for fetching tickets one by one: a
	// tenth.
	fetchShare = 10
)

// untilDue is how long there is nothing to do.
func (s *state) untilDue(now time.Time) time.Duration {
	next := s.nextPoll
	if !s.nextFetch.IsZero() && s.nextFetch.Before(next) {
		next = s.nextFetch
	}
	return next.Sub(now)
}

// beginPoll begins the next poll, unless one that failed is to be repeated.
func (s *state) beginPoll(now time.Time, interval time.Duration) {
	if s.unfinished && now.Before(s.nextRegularPoll) {
		return
	}
	s.pollNumber++
	s.nextRegularPoll = now.Add(connection.WithJitter(interval))
	if !now.Before(s.nextListing) {
		s.relist()
		s.nextListing = now.Add(connection.WithJitter(listingInterval))
	}
}

// endPoll decides on the next poll: after a while, or, if that is earlier, when the next regular
// one is due, so that the scopes which work do not wait for one which fails.
func (s *state) endPoll(now time.Time, again time.Duration, err error) {
	s.unfinished = err != nil
	s.nextPoll = now.Add(again)
	if err == nil || !s.nextRegularPoll.After(now) || s.nextPoll.Before(s.nextRegularPoll) {
		return
	}
	for _, in := range s.scopes {
		if in.failures == 0 {
			s.nextPoll = s.nextRegularPoll
		}
	}
}

// fetchAt is when a ticket has to be fetched, if it has to be.
func (s *state) fetchAt(ticket *v1alpha1.Ticket, interval time.Duration) (at time.Time, isWanted bool) {
	if isMissing(ticket) {
		return time.Time{}, false
	}
	known := s.tickets[ticket.Status.ID]
	if !known.lastFailure.IsZero() {
		at = known.lastFailure.Add(interval)
	}
	if in := s.scannedIn(ticket); in != (scope{}) {
		listing := s.scopes[in]
		// Absence from a listing is not deletion.
		return at, listing != nil && known.lastSeen.Before(listing.listed)
	}
	if !known.lastSeen.IsZero() {
		at = later(at, known.lastSeen.Add(interval))
	}
	return at, s.pollNumber > 0
}

// dueTickets lists the remote IDs of the tickets that have to be fetched now, the one that has
// waited longest first. Those that could not be fetched come last: each ends a batch and has the
// next one wait, which are the others' batches too.
func (s *state) dueTickets(tickets []*v1alpha1.Ticket, now time.Time, interval time.Duration) []string {
	waitingSince := map[string]time.Time{}
	for _, ticket := range tickets {
		if at, isWanted := s.fetchAt(ticket, interval); isWanted && !at.After(now) {
			known := s.tickets[ticket.Status.ID]
			waitingSince[ticket.Status.ID] = later(known.lastSeen, known.lastFailure)
		}
	}
	failed := func(id string) int {
		if s.tickets[id].lastFailure.IsZero() {
			return 0
		}
		return 1
	}
	return slices.SortedFunc(maps.Keys(waitingSince), func(a, b string) int {
		return cmp.Or(cmp.Compare(failed(a), failed(b)), waitingSince[a].Compare(waitingSince[b]))
	})
}

// nextFetchOf is when the next of these tickets has to be fetched; zero for never.
func (s *state) nextFetchOf(tickets []*v1alpha1.Ticket, now time.Time, interval time.Duration) time.Time {
	var next time.Time
	for _, ticket := range tickets {
		at, isWanted := s.fetchAt(ticket, interval)
		at = later(at, now)
		if isWanted && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if next.IsZero() {
		return next
	}
	return later(next, s.nextBatch)
}

// batchOf is how many tickets are fetched at a time with a rateLimit of so many requests per
// second, and how long after that the next ones are.
func batchOf(requestsPerSecond int32) (size int, pause time.Duration) {
	requestsPerSecond = max(1, requestsPerSecond)
	size = max(1, int(requestsPerSecond)/2)
	return size, time.Duration(size) * fetchShare * time.Second / time.Duration(requestsPerSecond)
}

// throttledFor is how long an error says that the provider has asked to wait; 0 for any other.
func throttledFor(err error) time.Duration {
	var wait *connection.WaitError
	if errors.As(err, &wait) {
		return wait.After
	}
	return 0
}

// randomPart is a random part of a time.
func randomPart(longest time.Duration) time.Duration {
	return time.Duration(rand.Float64() * float64(longest)) // #nosec G404 -- spreads load, guards nothing
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
