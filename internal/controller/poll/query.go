// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"slices"
	"time"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

const (
	updatedAtField = "updated_at"
	// longestLookBack bounds how far before the begin of a poll the next one asks for changes, so
	// that one bulk edit is not listed again for ever. Providers that write local time as UTC are
	// off by up to 14 hours.
	longestLookBack = 24 * time.Hour
)

// query asks for tickets of one scope. One without since is a listing: it shows all of them.
type query struct {
	scope scope
	// since asks for changes from this time on; zero for all tickets of the scope.
	since time.Time
	// ordered asks for the newest change first.
	ordered bool
	// until is the time, of an ordered query, before which nothing is of interest; zero where
	// everything is.
	until time.Time
}

// nextQuery returns the query with the narrowest answer that shows all changes of a scope, without
// what has just been refused.
func (s *state) nextQuery(in *scan, settlePeriod time.Duration) query {
	q := query{scope: in.scope}
	from := changedSince(in.watermark, settlePeriod)
	allowed := func(f feature) bool { return !slices.Contains(in.leftOut, f) }
	canNarrow := func(f feature) bool { return !in.needsListing && s.narrows(in.scopeState, f) && allowed(f) }
	switch {
	case canNarrow(updatedAtFilter):
		q.since = from
	case canNarrow(ordering):
		q.ordered, q.until = true, from
	default:
		// The order tells what it can do only when it is tried.
		q.ordered = s.capabilities.usable(ordering) && allowed(ordering)
	}
	return q
}

// narrows reports whether a scope can be asked for changes alone by means of a feature.
func (s *state) narrows(in *scopeState, by feature) bool {
	return s.capabilities.works(by) && !in.endless[by]
}

// features lists what the query makes use of, in the order in which it is left out when the
// provider refuses it.
func (q query) features() []feature {
	var used []feature
	if q.ordered {
		used = append(used, ordering)
	}
	if !q.since.IsZero() {
		used = append(used, updatedAtFilter)
	}
	return append(used, q.scope.feature())
}

func (q query) request(pageSize int, cursor string) synqly.TicketQuery {
	request := synqly.TicketQuery{Filters: []string{q.scope.filter()}, Limit: pageSize, Cursor: cursor}
	if !q.since.IsZero() {
		request.Filters = append(request.Filters, updatedAtField+"[gte]"+q.since.UTC().Format(time.RFC3339))
	}
	if q.ordered {
		request.Order = []string{updatedAtField + "[desc]"}
	}
	return request
}

// changedSince is the time from which on changes are asked for. The overlap is how long a change
// may take to appear in the provider's search. Whole seconds, because some providers know no
// others.
func changedSince(watermark time.Time, overlap time.Duration) time.Time {
	return watermark.UTC().Add(-overlap).Truncate(time.Second)
}

// advance returns the watermark, by the remote's clock, after an answer has been read to its end:
// the newest change that is known. It is not later than the begin of the answer, because what
// changed since then may be on a page that was read before.
func advance(watermark, newest, began time.Time) time.Time {
	if newest.After(watermark) {
		watermark = newest
	}
	if watermark.After(began) {
		watermark = began
	}
	if floor := began.Add(-longestLookBack); watermark.Before(floor) {
		watermark = floor
	}
	return watermark
}
