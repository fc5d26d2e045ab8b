// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"time"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

const (
	// fewPages is how many pages a chain may cost in any case. Beyond that it may cost
	// as many as there are tickets to be seen: then a GET each is cheaper.
	fewPages = 10
	// barrenPages is how many pages in a row may show nothing new before a list counts
	// as one without an end. Some providers filter a page only after they have cut it.
	barrenPages = 10
	byTime      = "updated_at"
)

// query is what a chain of pages asks for.
type query struct {
	scope scope
	// since asks for changes from this time on; zero for all tickets of the scope.
	since time.Time
	// ordered asks for the newest change first.
	ordered bool
	// until is the time, of an ordered query, before which nothing is of interest; zero
	// where everything is.
	until time.Time
}

func (q query) request(limit int, cursor string) synqly.TicketQuery {
	request := synqly.TicketQuery{Filters: []string{q.scope.filter()}, Limit: limit, Cursor: cursor}
	if !q.since.IsZero() {
		request.Filters = append(request.Filters, byTime+"[gte]"+q.since.UTC().Format(time.RFC3339))
	}
	if q.ordered {
		request.Order = []string{byTime + "[desc]"}
	}
	return request
}

// uses lists the features of the query, in the order in which they are left out when
// the provider refuses it.
func (q query) uses() []feature {
	var used []feature
	if q.ordered {
		used = append(used, order)
	}
	if !q.since.IsZero() {
		used = append(used, updatedAtFilter)
	}
	return append(used, q.scope.feature())
}

// sample is one ticket of an answer.
type sample struct {
	id string
	at time.Time
}

// chain is what has been seen of the answer to one query, page after page. It is pure:
// it sends nothing.
type chain struct {
	query
	// wanted are the remote IDs of the tickets that the scope should show.
	wanted map[string]struct{}

	// started is the begin of the chain by this cluster's clock, began by the remote's.
	started, began time.Time
	// pages that were read, and how many of the latest of them showed nothing new.
	pages, barren int
	// seen are the IDs of all tickets of the answer; missing is how many of the wanted
	// ones are not among them.
	seen    map[string]struct{}
	missing int
	// newest is the newest change that is not later than began; latest is the ticket
	// with the newest change of all.
	newest time.Time
	latest sample
	// last is the change of the latest ticket that was not a repetition.
	last time.Time
	// outOfOrder: a ticket came after one with an older change. distinct: one came after
	// one with a newer change.
	outOfOrder, distinct bool
	// older: there was a ticket whose change is older than asked for.
	older bool
	// skipped: a page had something on it that cannot be read.
	skipped bool
}

func newChain(q query, wanted map[string]struct{}, started time.Time) *chain {
	return &chain{query: q, wanted: wanted, started: started, missing: len(wanted), seen: map[string]struct{}{}}
}

// progress is what a page means for its chain.
type progress int

const (
	// more: the next page is wanted.
	more progress = iota
	// ended: that was the last page.
	ended
	// complete: every ticket of the scope has been seen. The rest is history: tickets of
	// objects that are long gone carry the tag for ever.
	complete
	// reached: the pages go back far enough in time.
	reached
	// gaveUp: there are too many pages.
	gaveUp
	// foreign: the page has a ticket that does not belong into the scope.
	foreign
)

// isListing tells whether the answer is that of a query for all tickets of the scope.
func (c *chain) isListing() bool { return c.since.IsZero() || c.older }

// take adds a page. began is the begin of the chain by the remote's clock, as well as it
// is known now.
func (c *chain) take(page *synqly.Page[synqly.Ticket], began time.Time) progress {
	c.began = began
	c.pages++
	c.barren++
	c.skipped = c.skipped || len(page.Skipped) > 0
	stray := false
	for i := range page.Items {
		shown := &page.Items[i]
		_, again := c.seen[shown.ID]
		if again {
			continue
		}
		c.seen[shown.ID] = struct{}{}
		c.barren = 0
		_, wanted := c.wanted[shown.ID]
		if wanted {
			c.missing--
		}
		// A ticket that has been in the scope may just have left it: the search and the
		// ticket itself need not agree at every moment.
		stray = stray || !wanted && !c.scope.holds(shown)
		c.note(shown.ID, shown.UpdatedAt.Time)
	}
	return c.progress(page.Cursor == "", stray)
}

// note takes the time of a change; zero where it cannot be read.
func (c *chain) note(id string, at time.Time) {
	if at.IsZero() {
		return
	}
	if at.After(c.newest) && !at.After(c.began) {
		c.newest = at
	}
	if at.After(c.latest.at) {
		c.latest = sample{id: id, at: at}
	}
	c.older = c.older || !c.since.IsZero() && at.Before(c.since.Add(-coarseness))
	if !c.last.IsZero() {
		c.outOfOrder = c.outOfOrder || at.After(c.last)
		c.distinct = c.distinct || at.Before(c.last)
	}
	c.last = at
}

func (c *chain) progress(isLast, stray bool) progress {
	switch {
	case stray:
		return foreign
	case isLast:
		return ended
	case c.isListing() && c.missing == 0:
		return complete
	case c.ordered && !c.outOfOrder && !c.until.IsZero() && !c.last.IsZero() && c.last.Before(c.until):
		return reached
	case c.pages >= max(fewPages, len(c.wanted)), c.barren >= barrenPages:
		return gaveUp
	}
	return more
}
