// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"math/rand/v2"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

const (
	// listingInterval is how often everything is listed again where only changes are
	// asked for otherwise: it finds tickets that were deleted, or moved out of reach of
	// the query, and abilities that have changed.
	listingInterval = 6 * time.Hour
	// longestFirstDelay spreads the first polls of the Integrations of a process.
	longestFirstDelay = 10 * time.Second
)

// basis is what the state of an Integration rests on. Another one begins anew.
type basis struct {
	uid           types.UID
	generation    int64
	syncRequested string
}

func basisOf(integration *v1alpha1.Integration) basis {
	return basis{
		uid: integration.UID, generation: integration.Generation,
		syncRequested: integration.Annotations[v1alpha1.SyncRequestedAnnotation],
	}
}

// state is what is known of one Integration, in memory alone: a new process lists
// everything once. Times are those of this cluster where nothing else is said.
type state struct {
	basis     basis
	abilities abilities
	sweeps    map[scope]*sweep
	// records are what is known of tickets, by remote ID.
	records map[string]*record
	// limit is the number of tickets a page, 0 for the API's default.
	limit int

	// number counts the polls. One that is unfinished is tried again under its number,
	// for what it has not swept, until the next regular one is due.
	number     int
	unfinished bool

	nextPoll, nextRegular, nextBatch, nextList time.Time
	// nextDue is when the next ticket has to be fetched by itself; zero for none.
	nextDue time.Time

	polling, fetching attempts
}

// attempts are those of one kind of work.
type attempts struct{ failing bool }

// record is what is known of one remote ticket.
type record struct {
	// confirmed is when it was last seen in an answer, or fetched; zero for never.
	confirmed time.Time
	// tried is when it was last tried to fetch it, and that failed.
	tried time.Time
	// unlisted is the scope whose listing did not show it although it exists.
	unlisted scope
	// unreadable: its answer could not be used, and the log says so.
	unreadable bool
}

// sweep is one query that is repeated at each poll.
type sweep struct {
	scope scope
	// list: all tickets are to be listed, instead of those that have changed.
	list bool
	// listed is when the latest listing that came to an end, or was given up, began.
	listed time.Time
	// watermark is the newest change that is known, by the remote's clock.
	watermark time.Time
	// latest is the ticket of the latest listing with the newest change.
	latest sample
	// tooLarge: the latest listing was given up.
	tooLarge bool
	// endless are the narrowings whose answers do not end.
	endless [features]bool
	// byTicket: no query will do, the tickets are fetched one by one until everything is
	// listed again.
	byTicket bool
	// number of the latest poll that swept it, and failures since the latest success.
	number, failures int
}

func newState(b basis, firstPoll time.Time) *state {
	return &state{basis: b, sweeps: map[scope]*sweep{}, records: map[string]*record{}, nextPoll: firstPoll}
}

// stateOf returns the state of an Integration. A new one is polled after a random
// delay, unless a person asks for it.
func (p *Poller) stateOf(name types.NamespacedName, integration *v1alpha1.Integration) *state {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, current := p.Clock.Now(), basisOf(integration)
	known := p.states[name]
	if known != nil && known.basis == current {
		return known
	}
	first := now.Add(randomPart(min(connection.PollInterval(integration), longestFirstDelay)))
	if known != nil && known.basis.syncRequested != current.syncRequested {
		first = now
	}
	p.states[name] = newState(current, first)
	return p.states[name]
}

func (p *Poller) forget(name types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.states, name)
	for _, kind := range []string{pollingKind, fetchingKind} {
		p.backoff.DeleteEntry(backoffKey(name, kind))
	}
}

// beginPoll is called for each poll that is not a repetition of one that failed.
func (s *state) beginPoll(now time.Time, interval time.Duration) {
	s.number++
	s.nextRegular = now.Add(connection.WithJitter(interval))
	switch {
	case s.nextList.IsZero():
	case now.Before(s.nextList):
		return
	default:
		s.listAgain()
	}
	s.nextList = now.Add(connection.WithJitter(listingInterval))
}

// endPoll decides on the next poll: after a while, or, if that is earlier, when the next
// regular one is due, so that the sweeps which work do not wait for one which fails.
func (s *state) endPoll(now time.Time, again time.Duration, err error) {
	s.unfinished = err != nil
	s.nextPoll = now.Add(again)
	if err == nil || !s.nextRegular.After(now) || s.nextPoll.Before(s.nextRegular) {
		return
	}
	for _, sweep := range s.sweeps {
		if sweep.failures == 0 {
			s.nextPoll = s.nextRegular
		}
	}
}

// listAgain makes every sweep list everything, and tries anew what did not work.
func (s *state) listAgain() {
	s.abilities.tryAnew()
	s.limit = 0
	for _, sweep := range s.sweeps {
		sweep.list, sweep.byTicket, sweep.endless = true, false, [features]bool{}
	}
	for _, record := range s.records {
		record.unlisted = scope{}
	}
}

// randomPart is a random part of a time.
func randomPart(longest time.Duration) time.Duration {
	return time.Duration(rand.Float64() * float64(longest)) // #nosec G404 -- spreads load, guards nothing
}
