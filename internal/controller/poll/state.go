// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

// fingerprint tells one configuration of an Integration from another. What is remembered holds for
// one of them; another one begins anew.
type fingerprint struct {
	uid           types.UID
	generation    int64
	syncRequested string
}

func fingerprintOf(integration connection.Integration) fingerprint {
	return fingerprint{
		uid: integration.GetUID(), generation: integration.GetGeneration(),
		syncRequested: integration.GetAnnotations()[v1alpha1.SyncRequestedAnnotation],
	}
}

// state is what is remembered of one Integration, in memory alone: a new process lists everything
// once. Times are those of this cluster where nothing else is said.
type state struct {
	fingerprint fingerprint
	// groupTag is the tag of the tickets that were created through the Integration.
	groupTag     string
	capabilities capabilities
	scopes       map[scope]*scopeState
	// tickets are by remote ID.
	tickets map[string]*ticketState
	// pageSize is the number of tickets a page, 0 for the API's default.
	pageSize int

	// pollNumber counts the polls. One that is unfinished is tried again under its number, for what
	// it has not scanned, until the next regular one is due.
	pollNumber int
	unfinished bool
	// failing is the work whose latest attempt failed, as the log says.
	failing map[work]bool

	nextPoll, nextRegularPoll, nextListing, nextBatch time.Time
	// nextFetch is when the next ticket has to be fetched; zero for never.
	nextFetch time.Time
}

// scopeState is what is remembered of one scope, which each poll scans.
type scopeState struct {
	scope scope
	// needsListing: all tickets are to be listed, instead of those that have changed.
	needsListing bool
	// listed is when the latest listing that came to an end, or was given up, began.
	listed time.Time
	// tooLong: the latest listing was given up.
	tooLong bool
	// watermark is the newest change that is known, by the remote's clock.
	watermark time.Time
	// latest is the newest change that the latest listing showed.
	latest change
	// endless are the ways to ask for changes alone whose answers do not end.
	endless [featureCount]bool
	// fetchEach: no query will do, the tickets are fetched one by one until everything is listed
	// again.
	fetchEach bool
	// lastScan is the number of the latest poll that scanned it, failures are those since the
	// latest success.
	lastScan, failures int
}

// ticketState is what is remembered of one remote ticket.
type ticketState struct {
	// lastSeen is when it was last seen in an answer, or fetched; zero for never.
	lastSeen time.Time
	// lastFailure is when it could not be fetched; zero where it was seen since.
	lastFailure time.Time
	// missedBy is the scope whose listing did not show it although it exists.
	missedBy scope
	// unreadable: its answer could not be used, and the log says so.
	unreadable bool
}

func newState(f fingerprint, groupTag string, firstPoll time.Time) *state {
	return &state{
		fingerprint: f, groupTag: groupTag, nextPoll: firstPoll,
		scopes: map[scope]*scopeState{}, tickets: map[string]*ticketState{}, failing: map[work]bool{},
	}
}

// track begins to remember the tickets that are new, and forgets those that are gone. The reconcile
// of a new Ticket has just seen its remote ticket; only what is there when the first poll begins
// may have changed long ago.
func (s *state) track(byID map[string][]*v1alpha1.Ticket, paused []string, now time.Time) {
	var lastSeen time.Time
	if s.pollNumber > 0 {
		lastSeen = now
	}
	for id := range byID {
		if s.tickets[id] == nil {
			s.tickets[id] = &ticketState{lastSeen: lastSeen}
		}
	}
	maps.DeleteFunc(s.tickets, func(id string, _ *ticketState) bool { return byID[id] == nil })
	// What changes while a Ticket is paused, or its namespace not admitted, is not handed over, so
	// it is looked at when it goes on.
	for _, id := range paused {
		if byID[id] == nil {
			s.tickets[id] = &ticketState{}
		}
	}
}

// seenAt notes that a ticket was seen.
func (t *ticketState) seenAt(now time.Time) { t.lastSeen, t.lastFailure = now, time.Time{} }

// relist makes every scope list everything, and tries anew what did not work.
func (s *state) relist() {
	s.capabilities.retry()
	s.pageSize = 0
	for _, in := range s.scopes {
		in.needsListing, in.fetchEach, in.endless = true, false, [featureCount]bool{}
	}
	for _, ticket := range s.tickets {
		ticket.missedBy = scope{}
	}
}

// smallerPages are the sizes of pages that are tried where one is too large in bytes. The API's
// default is 100.
var smallerPages = []int{25, 5, 1}

// SmallerPages is the next smaller size of the pages of a query, after one that was too large in
// bytes; 0 is the API's default. It is false where there is none.
func SmallerPages(size int) (smaller int, ok bool) {
	next := slices.IndexFunc(smallerPages, func(smaller int) bool { return size == 0 || smaller < size })
	if next < 0 {
		return size, false
	}
	return smallerPages[next], true
}

// shrinkPages reports whether there is a smaller size of pages to go on with.
func (s *state) shrinkPages() (ok bool) {
	s.pageSize, ok = SmallerPages(s.pageSize)
	return ok
}
