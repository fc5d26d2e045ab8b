// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// pageLimits are the sizes of pages that are tried where one is too large in bytes. The
// API's default is 100.
var pageLimits = []int{25, 5, 1}

// poll sweeps every scope once.
func (r *run) poll(ctx context.Context) error {
	for {
		regroup := false
		for _, g := range r.groups() {
			if err := r.sweep(ctx, g); err != nil {
				g.sweep.failures++
				return fmt.Errorf("asking for the tickets %s: %w", g.filter(), err)
			}
			g.sweep.failures = 0
			if !r.sweepable(g.sweep) {
				regroup = true // its tickets belong elsewhere now
				break
			}
		}
		if !regroup {
			return nil
		}
	}
}

// groups are the scopes of all tickets that a query may show, by turn. Scopes without
// tickets are forgotten.
func (r *run) groups() []*group {
	groups, present := map[scope]*group{}, map[scope]bool{}
	for _, ticket := range r.tickets {
		if isMissing(ticket) {
			continue
		}
		present[r.scopeOf(ticket)] = true
		in := r.place(ticket)
		if in == (scope{}) {
			continue
		}
		if r.state.sweeps[in] == nil {
			r.state.sweeps[in] = &sweep{scope: in, list: true}
		}
		if groups[in] == nil {
			groups[in] = &group{scope: in, sweep: r.state.sweeps[in], wanted: map[string]struct{}{}}
		}
		groups[in].wanted[ticket.Status.ID] = struct{}{}
	}
	for in := range r.state.sweeps {
		if !present[in] {
			delete(r.state.sweeps, in)
		}
	}
	byTurnOf := make([]*group, 0, len(groups))
	for _, g := range groups {
		byTurnOf = append(byTurnOf, g)
	}
	slices.SortFunc(byTurnOf, byTurn)
	return byTurnOf
}

// sweepable tells whether a query can show the tickets of the scope.
func (r *run) sweepable(s *sweep) bool {
	return r.state.abilities.usable(s.scope.feature()) && !s.byTicket
}

// narrows tells whether the sweep can ask for changes alone by means of a feature.
func (r *run) narrows(s *sweep, by feature) bool {
	return r.state.abilities.works(by) && !s.endless[by]
}

// sweep asks for the changes in one scope. What the provider refuses is left out until
// it answers.
func (r *run) sweep(ctx context.Context, g *group) error {
	var leftOut []feature
	for g.sweep.number != r.state.number && r.sweepable(g.sweep) {
		q := r.choose(g.sweep, leftOut)
		c, result, err := r.read(ctx, q, g.wanted)
		if c.pages > 0 {
			// Each of them was refused beside the filter that is taken now.
			for _, f := range leftOut {
				r.state.abilities[f] = v1alpha1.QueryRefused
			}
			leftOut = nil
		}
		if c.pages == 0 && synqly.IsRefused(err) {
			if leftOut, err = r.leaveOut(ctx, g.sweep, q, leftOut, err); err == nil {
				continue
			}
		}
		method := string(methodOf(g.scope, !q.since.IsZero()))
		pollsTotal.WithLabelValues(r.name.Namespace, r.name.Name, method, resultOf(err)).Inc()
		if err != nil {
			return err
		}
		r.conclude(g, c, result)
	}
	if err := r.probe(ctx, g.sweep); err != nil {
		return fmt.Errorf("trying the filter by %s: %w", byTime, err)
	}
	if g.sweep.tooLarge && !r.narrows(g.sweep, updatedAtFilter) && !r.narrows(g.sweep, order) {
		g.sweep.byTicket = true
	}
	return nil
}

// choose returns the query with the narrowest answer that shows all changes.
func (r *run) choose(s *sweep, leftOut []feature) query {
	q := query{scope: s.scope}
	narrow := changedSince(s.watermark, r.open.SettlePeriod())
	allowed := func(f feature) bool { return !slices.Contains(leftOut, f) }
	switch {
	case !s.list && r.narrows(s, updatedAtFilter) && allowed(updatedAtFilter):
		q.since = narrow
	case !s.list && r.narrows(s, order) && allowed(order):
		q.ordered, q.until = true, narrow
	default:
		// The order tells what it can do only when it is tried.
		q.ordered = r.state.abilities.usable(order) && allowed(order)
	}
	return q
}

// read reads the pages of a query until nothing more is wanted of it, and compares
// every ticket on them.
func (r *run) read(ctx context.Context, q query, wanted map[string]struct{}) (*chain, progress, error) {
	c := newChain(q, wanted, r.Clock.Now())
	cursor := ""
	for {
		var failure error
		for page, err := range r.open.QueryTickets(ctx, q.request(r.state.limit, cursor)) {
			if err != nil {
				failure = err
				break
			}
			cursor = page.Cursor
			for i := range page.Items {
				r.look(&page.Items[i], q.scope)
			}
			// The remote's clock is known from the first answer on.
			if result := c.take(&page, r.open.RemoteTime(c.started)); result != more {
				return c, result, nil
			}
		}
		switch {
		case synqly.IsEndless(failure):
			return c, gaveUp, nil
		case !synqly.IsTooLarge(failure):
			return c, more, failure
		}
		smaller := slices.IndexFunc(pageLimits, func(limit int) bool { return r.state.limit == 0 || limit < r.state.limit })
		if smaller < 0 {
			return c, gaveUp, nil
		}
		r.state.limit = pageLimits[smaller]
	}
}

// leaveOut decides what to leave out of a query that was refused. Where only the scope
// is left of it, a query for anything at all tells whether the filter is to blame.
func (r *run) leaveOut(ctx context.Context, s *sweep, q query, leftOut []feature, refusal error) ([]feature, error) {
	next := q.uses()[0]
	if next != s.scope.feature() {
		return append(leftOut, next), nil
	}
	for _, err := range r.open.QueryTickets(ctx, synqly.TicketQuery{Limit: 1}) {
		switch {
		case synqly.IsUnsupported(err):
			r.state.abilities.refuseAll()
			return nil, nil
		case err != nil && !synqly.IsRefused(err) && !synqly.IsTooLarge(err):
			return leftOut, fmt.Errorf("asking for any ticket, because the filter was refused (%w): %w", refusal, err)
		}
		break
	}
	if next == projectFilter && r.state.abilities.works(projectFilter) {
		s.byTicket = true // This project is to blame: others are taken.
		return nil, nil
	}
	r.state.abilities[next] = v1alpha1.QueryRefused
	return nil, nil
}

// conclude draws the conclusions from a chain that was read without an error.
func (r *run) conclude(g *group, c *chain, result progress) {
	s := g.sweep
	if !r.state.abilities.learnFrom(c, result, r.expectsAny(g)) {
		return
	}
	switch {
	case result == gaveUp && !c.isListing():
		s.endless[updatedAtFilter] = true
		return // another query shows the changes
	case result == gaveUp && !c.until.IsZero() && !c.outOfOrder:
		s.endless[order] = true
		return
	}
	s.number = r.state.number
	s.watermark = advance(s.watermark, c.newest, c.began)
	if !c.isListing() {
		return
	}
	if c.latest.id != "" {
		s.latest = c.latest
	}
	if result != reached {
		s.list, s.listed, s.tooLarge = false, c.started, result == gaveUp
	}
}

// expectsAny tells whether a complete answer has to show a ticket of the group: one that
// is not so new, or so newly changed, that the search may not have it yet.
func (r *run) expectsAny(g *group) bool {
	settle := r.open.SettlePeriod()
	now := r.Clock.Now()
	remoteNow := r.open.RemoteTime(now)
	for id := range g.wanted {
		for _, ticket := range r.byID[id] {
			changed := latestChange(ticket)
			if now.Sub(ticket.CreationTimestamp.Time) > settle && (changed.IsZero() || remoteNow.Sub(changed) > settle) {
				return true
			}
		}
	}
	return false
}

// latestChange is the time of the recorded change; zero where it cannot be read.
func latestChange(ticket *v1alpha1.Ticket) time.Time {
	if ticket.Status.Remote == nil {
		return time.Time{}
	}
	changed, err := time.Parse(time.RFC3339, ticket.Status.Remote.UpdatedAt)
	if err != nil {
		return time.Time{}
	}
	return changed
}

// probe finds out what the filter by time of change does: it asks for the changes since
// the newest one that is known.
func (r *run) probe(ctx context.Context, s *sweep) error {
	if r.state.abilities[updatedAtFilter] != "" || s.latest.id == "" || !r.sweepable(s) {
		return nil
	}
	q := query{scope: s.scope, since: changedSince(s.latest.at, 0)}
	c := newChain(q, map[string]struct{}{s.latest.id: {}}, r.Clock.Now())
	for page, err := range r.open.QueryTickets(ctx, q.request(r.state.limit, "")) {
		if synqly.IsRefused(err) {
			// The same without the filter has just been answered.
			r.state.abilities[updatedAtFilter] = v1alpha1.QueryRefused
			return nil
		}
		if synqly.IsEndless(err) || synqly.IsTooLarge(err) {
			r.state.abilities[updatedAtFilter] = v1alpha1.QueryIncomplete
			return nil
		}
		if err != nil {
			return err
		}
		for i := range page.Items {
			r.look(&page.Items[i], s.scope)
		}
		verdict := verdictOnProbe(c, c.take(&page, r.open.RemoteTime(c.started)))
		r.state.abilities[updatedAtFilter] = verdict
		if verdict != "" {
			return nil
		}
	}
	return nil
}
