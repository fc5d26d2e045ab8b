// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import "github.com/synqly/ticketing-operator/api/v1alpha1"

// feature is a part of a query.
type feature int

const (
	tagFilter feature = iota
	projectFilter
	updatedAtFilter
	ordering
	featureCount
)

// capabilities are what is known of the features of one provider's query. They are found out by
// trying, because no documentation tells; what has not been tried is empty.
type capabilities [featureCount]v1alpha1.QueryFeature

// usable reports whether a feature works, or may work.
func (c capabilities) usable(f feature) bool { return c[f] == "" || c[f] == v1alpha1.QueryWorks }

func (c capabilities) works(f feature) bool { return c[f] == v1alpha1.QueryWorks }

// retry forgets what did not work.
func (c *capabilities) retry() {
	for f := range c {
		if !c.usable(feature(f)) {
			c[f] = ""
		}
	}
}

// refuse notes that the provider refuses queries with these features.
func (c *capabilities) refuse(refused ...feature) {
	for _, f := range refused {
		c[f] = v1alpha1.QueryRefused
	}
}

// refuseAll notes that the provider has no query at all.
func (c *capabilities) refuseAll() {
	for f := range c {
		c[f] = v1alpha1.QueryRefused
	}
}

// learn notes what an answer proves of the features that its query used. expectsAny is that the
// scope has tickets which a complete answer shows.
func (c *capabilities) learn(a *answer, expectsAny bool) {
	filter := a.query.scope.feature()
	switch {
	case a.result == unfiltered:
		c[filter] = v1alpha1.QueryIgnored
		return
	case expectsAny && a.showsNoneOfAll():
		// One project that shows nothing proves nothing against the filter where another one does.
		if filter != projectFilter || !c.works(filter) {
			c[filter] = v1alpha1.QueryIncomplete
			return
		}
	case len(a.seen) > 0:
		c[filter] = v1alpha1.QueryWorks
	}
	if a.query.ordered && a.ordering != "" {
		c[ordering] = a.ordering
	}
	if a.hasOlder {
		c[updatedAtFilter] = v1alpha1.QueryIgnored
	}
}

// showsNoneOfAll reports whether the answer is complete and has none of the tickets that the scope
// should show.
func (a *answer) showsNoneOfAll() bool {
	return a.result == ended && a.isListing() && !a.hasSkipped && a.missing == len(a.wanted)
}

// learn takes what an answer, read without an error, shows of the provider and of the scope.
// expectsAny is that the scope has tickets which a complete answer shows.
func (s *state) learn(in *scopeState, a *answer, expectsAny bool) {
	s.capabilities.learn(a, expectsAny)
	switch {
	case !s.scannable(in):
		return // the filter does not do its work, so the answer is of no use
	case a.result == tooLong && !a.isListing():
		in.endless[updatedAtFilter] = true
		return // another query shows the changes
	case a.result == tooLong && !a.query.until.IsZero() && a.ordering != v1alpha1.QueryIgnored:
		in.endless[ordering] = true
		return
	}
	in.lastScan = s.pollNumber
	in.watermark = advance(in.watermark, a.newest, a.remoteStarted)
	if !a.isListing() {
		return
	}
	if a.latest.ticketID != "" {
		in.latest = a.latest
	}
	if a.result != caughtUp {
		in.needsListing, in.listed, in.tooLong = false, a.started, a.result == tooLong
	}
}

// giveUpIfEndless has the tickets of a scope fetched where its listing was given up and changes
// alone cannot be asked for.
func (s *state) giveUpIfEndless(in *scopeState) {
	if in.tooLong && !s.narrows(in, updatedAtFilter) && !s.narrows(in, ordering) {
		in.fetchEach = true
	}
}

// probeVerdict says what the answer to a query for the changes since the newest one proves of the
// filter by time of change. It is empty until the answer shows enough.
func probeVerdict(a *answer) v1alpha1.QueryFeature {
	switch {
	case a.hasOlder || a.result == unfiltered:
		return v1alpha1.QueryIgnored
	case a.missing == 0:
		return v1alpha1.QueryWorks
	case a.result == morePages:
		return ""
	}
	return v1alpha1.QueryIncomplete
}
