// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// feature is a part of a query.
type feature int

const (
	tagFilter feature = iota
	projectFilter
	updatedAtFilter
	order
	features // how many there are
)

// abilities are what is known of the features of one provider's query. They are found
// out by trying, because no documentation tells; what has not been tried is empty.
type abilities [features]v1alpha1.QueryFeature

// usable tells whether a feature works, or may work.
func (a abilities) usable(f feature) bool { return a[f] == "" || a[f] == v1alpha1.QueryWorks }

func (a abilities) works(f feature) bool { return a[f] == v1alpha1.QueryWorks }

// tryAnew forgets what did not work.
func (a *abilities) tryAnew() {
	for f := range a {
		if !a.usable(feature(f)) {
			a[f] = ""
		}
	}
}

// refuseAll notes that the provider has no query at all.
func (a *abilities) refuseAll() {
	for f := range a {
		a[f] = v1alpha1.QueryRefused
	}
}

// learnFrom notes what a chain tells of the features that it used. It returns false
// where the filter of its scope does not do its work, so that the chain is of no use.
// expected tells that the scope has tickets which a complete answer shows.
func (a *abilities) learnFrom(c *chain, result progress, expected bool) bool {
	filter := c.scope.feature()
	switch {
	case result == foreign:
		a[filter] = v1alpha1.QueryIgnored
		return false
	case result == ended && c.isListing() && expected && c.missing == len(c.wanted) && !c.skipped:
		// One project that shows nothing proves nothing against the filter where
		// another one does.
		if filter != projectFilter || !a.works(filter) {
			a[filter] = v1alpha1.QueryIncomplete
			return false
		}
	case len(c.seen) > 0:
		a[filter] = v1alpha1.QueryWorks
	}
	if c.ordered {
		switch {
		case c.outOfOrder:
			a[order] = v1alpha1.QueryIgnored
		case c.distinct:
			a[order] = v1alpha1.QueryWorks
		}
	}
	if c.older {
		a[updatedAtFilter] = v1alpha1.QueryIgnored
	}
	return true
}

// verdictOnProbe says what a query for the changes since the newest change of all tells
// of the filter by time of change. It is empty until the answer shows enough.
func verdictOnProbe(c *chain, result progress) v1alpha1.QueryFeature {
	switch {
	case c.older || result == foreign:
		return v1alpha1.QueryIgnored
	case c.missing == 0:
		return v1alpha1.QueryWorks
	case result == more:
		return ""
	}
	return v1alpha1.QueryIncomplete
}

// methodOf is how the tickets of a scope are polled: byChange where the provider filters
// by time of change.
func methodOf(s scope, byChange bool) v1alpha1.PollingMethod {
	switch {
	case s.tag != "" && byChange:
		return v1alpha1.PollingChangedSince
	case s.tag != "":
		return v1alpha1.PollingOurs
	case s.project != "":
		return v1alpha1.PollingProjects
	}
	return v1alpha1.PollingTickets
}

// prospect is how tickets with the group tag would be polled, as far as that is known.
func (a abilities) prospect() v1alpha1.PollingMethod {
	switch {
	case a[tagFilter] == "":
		return ""
	case a.works(tagFilter) && a.works(updatedAtFilter):
		return v1alpha1.PollingChangedSince
	case a.works(tagFilter):
		return v1alpha1.PollingOurs
	case a.usable(projectFilter):
		return v1alpha1.PollingProjects
	}
	return v1alpha1.PollingTickets
}
