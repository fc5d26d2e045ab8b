// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"errors"
	"fmt"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// scanScopes scans every scope once.
func (r *run) scanScopes(ctx context.Context) error {
	scans := r.state.scans(r.tickets)
	for len(scans) > 0 {
		next := scans[0]
		scans = scans[1:]
		if err := r.scan(ctx, next); err != nil {
			next.failures++
			return fmt.Errorf("asking for the tickets %s: %w", next.scope.filter(), err)
		}
		next.failures = 0
		if !r.state.scannable(next.scopeState) {
			scans = r.state.scans(r.tickets) // its tickets belong elsewhere now
		}
	}
	return nil
}

// scan asks for the changes in one scope, until an answer shows all of them or no query can.
func (r *run) scan(ctx context.Context, s *scan) error {
	for s.lastScan != r.state.pollNumber && r.state.scannable(s.scopeState) {
		if err := r.ask(ctx, s); err != nil {
			return err
		}
	}
	if err := r.probe(ctx, s.scopeState); err != nil {
		return fmt.Errorf("trying the filter by %s: %w", updatedAtField, err)
	}
	r.state.giveUpIfEndless(s.scopeState)
	return nil
}

// ask sends the query that comes next in a scope, and learns from its answer, or from its refusal
// what the one after it has to leave out.
func (r *run) ask(ctx context.Context, s *scan) error {
	q := r.state.nextQuery(s, r.connection.SettlePeriod())
	a, err := r.read(ctx, q, s.wanted)
	if a.pages > 0 {
		// Each of them was refused beside the filter that is taken now.
		r.state.capabilities.refuse(s.leftOut...)
		s.leftOut = nil
	} else if synqly.IsRefused(err) {
		if part := q.features()[0]; part != s.scope.feature() {
			s.leftOut = append(s.leftOut, part)
			return nil
		}
		if err = r.testFilter(ctx, s.scopeState, err); err == nil {
			return nil
		}
	}
	countPoll(r.name, methodOf(q.scope, !q.since.IsZero()), err)
	if err != nil {
		return err
	}
	r.state.learn(s.scopeState, a, r.expectsAny(s))
	return nil
}

// read reads the pages of a query until nothing more is wanted of it. Pages that are too large are
// asked for again, with fewer tickets.
func (r *run) read(ctx context.Context, q query, wanted map[string]struct{}) (*answer, error) {
	a := newAnswer(q, wanted, r.Clock.Now())
	for {
		err := r.readPages(ctx, a, a.isFinished)
		switch {
		case synqly.IsTooLarge(err) && r.state.shrinkPages():
			continue
		case synqly.IsTooLarge(err), synqly.IsEndless(err), err != nil && r.tookTheTime(ctx, a):
			a.result = tooLong
			return a, nil
		}
		return a, err
	}
}

// tookTheTime reports whether the time of the poll is over, and this answer has taken most of it.
// The next poll would read the same pages again, and come no further.
func (r *run) tookTheTime(ctx context.Context, a *answer) bool {
	return errors.Is(ctx.Err(), context.DeadlineExceeded) && r.Clock.Since(a.started) > r.connection.WorkTimeout()/2
}

// readPages reads an answer on from the page that it has come to, compares every ticket with the
// objects that stand for it, and stops when that is enough.
func (r *run) readPages(ctx context.Context, a *answer, isEnough func() bool) error {
	for page, err := range r.connection.QueryTickets(ctx, a.query.request(r.state.pageSize, a.cursor)) {
		if err != nil {
			return err
		}
		for i := range page.Items {
			r.observe(&page.Items[i], a.query.scope)
		}
		// The remote's clock is known from the first answer on.
		a.addPage(&page, r.connection.RemoteTime(a.started))
		if isEnough() {
			return nil
		}
	}
	return nil
}

// testFilter finds out what is to blame for the refusal of a query that has nothing but the filter
// of its scope: a query for anything at all tells.
func (r *run) testFilter(ctx context.Context, in *scopeState, refusal error) error {
	var err error
	for _, err = range r.connection.QueryTickets(ctx, synqly.TicketQuery{Limit: 1}) {
		break
	}
	filter := in.scope.feature()
	switch {
	case synqly.IsUnsupported(err):
		r.state.capabilities.refuseAll()
	case err != nil && !synqly.IsRefused(err) && !synqly.IsTooLarge(err):
		return fmt.Errorf("asking for any ticket, because the filter was refused (%w): %w", refusal, err)
	case filter == projectFilter && r.state.capabilities.works(projectFilter):
		in.fetchEach = true // This project is to blame: others are taken.
	default:
		r.state.capabilities.refuse(filter)
	}
	return nil
}

// expectsAny reports whether a complete answer has to show a ticket of the scope: one that is not
// so new, or so newly changed, that the search may not have it yet.
func (r *run) expectsAny(s *scan) bool {
	now := r.Clock.Now()
	remoteNow, settle := r.connection.RemoteTime(now), r.connection.SettlePeriod()
	for id := range s.wanted {
		for _, ticket := range r.byID[id] {
			changed := latestChange(ticket)
			if now.Sub(ticket.CreationTimestamp.Time) > settle && (changed.IsZero() || remoteNow.Sub(changed) > settle) {
				return true
			}
		}
	}
	return false
}

// probe finds out what the filter by time of change does, if that is not known: it asks for the
// changes since the newest one that is known.
func (r *run) probe(ctx context.Context, in *scopeState) error {
	filter := &r.state.capabilities[updatedAtFilter]
	if *filter != "" || in.latest.ticketID == "" || !r.state.scannable(in) {
		return nil
	}
	q := query{scope: in.scope, since: changedSince(in.latest.at, 0)}
	a := newAnswer(q, map[string]struct{}{in.latest.ticketID: {}}, r.Clock.Now())
	err := r.readPages(ctx, a, func() bool { return probeVerdict(a) != "" })
	switch {
	case synqly.IsRefused(err):
		*filter = v1alpha1.QueryRefused // The same without it has just been answered.
	case synqly.IsEndless(err), synqly.IsTooLarge(err):
		*filter = v1alpha1.QueryIncomplete
	case err != nil:
		return err
	default:
		*filter = probeVerdict(a)
	}
	return nil
}
