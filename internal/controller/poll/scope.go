// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// scope is what one query can ask for: the tickets with a tag, or those of a project. The zero
// value stands for tickets that no query shows, which are fetched one by one.
type scope struct{ tag, project string }

// filter is the scope in the words of the API's filters (Query Tickets).
func (s scope) filter() string {
	if s.tag != "" {
		return "tags[in]" + s.tag
	}
	return "project[eq]" + s.project
}

func (s scope) feature() feature {
	if s.tag != "" {
		return tagFilter
	}
	return projectFilter
}

// includes reports whether a ticket of an answer is in the scope, as far as it can be read.
func (s scope) includes(shown *synqly.Ticket) bool {
	if s.tag != "" {
		return synqly.HasTag(shown.Tags, s.tag) || !shown.Readable("tags")
	}
	return strings.EqualFold(shown.Project, s.project) || !shown.Readable("project")
}

// scopeFor returns the scope that a ticket belongs to, whether or not queries for it show it.
func (s *state) scopeFor(ticket *v1alpha1.Ticket) scope {
	if s.capabilities.usable(tagFilter) && s.isOurs(ticket) {
		return scope{tag: s.groupTag}
	}
	if project := projectOf(ticket); project != "" && s.capabilities.usable(projectFilter) {
		return scope{project: project}
	}
	return scope{}
}

// scannedIn returns the scope whose queries show a ticket; the zero value where it is fetched.
func (s *state) scannedIn(ticket *v1alpha1.Ticket) scope {
	in := s.scopeFor(ticket)
	if known := s.scopes[in]; known != nil && known.fetchEach {
		return scope{}
	}
	if known := s.tickets[ticket.Status.ID]; known != nil && known.missedBy == in {
		return scope{}
	}
	return in
}

// isOurs reports whether the ticket has the tag of all tickets that were created through the
// Integration.
func (s *state) isOurs(ticket *v1alpha1.Ticket) bool {
	return ticket.Status.Remote != nil && synqly.HasTag(ticket.Status.Remote.Tags, s.groupTag)
}

// noteMissedBy notes, of a ticket that was fetched, which listing should have shown it and did not:
// the next ones may not either.
func (s *state) noteMissedBy(id string, tickets []*v1alpha1.Ticket) {
	for _, ticket := range tickets {
		in := s.scannedIn(ticket)
		if listing := s.scopes[in]; listing != nil && !listing.tooLong && s.tickets[id].lastSeen.Before(listing.listed) {
			s.tickets[id].missedBy = in
		}
	}
}

// projectOf is the project that a query can ask for: empty where it is not known, or where the
// status shows only its beginning.
func projectOf(ticket *v1alpha1.Ticket) string {
	if ticket.Status.Remote == nil || strings.HasSuffix(ticket.Status.Remote.Project, "…") {
		return ""
	}
	return ticket.Status.Remote.Project
}

// isMissing reports whether the remote ticket is known to be gone. Such a Ticket looks for it by
// itself, at a pace of its own.
func isMissing(ticket *v1alpha1.Ticket) bool {
	ready := meta.FindStatusCondition(ticket.Status.Conditions, v1alpha1.ConditionReady)
	return ticket.Status.Missing || (ready != nil && ready.Reason == v1alpha1.ReasonRemoteMissing)
}

// latestChange is the time of the recorded change; zero where it cannot be read.
func latestChange(ticket *v1alpha1.Ticket) time.Time {
	if shown := ticket.Status.Remote; shown != nil {
		if changed, err := time.Parse(time.RFC3339, shown.UpdatedAt); err == nil {
			return changed
		}
	}
	return time.Time{}
}

// scannable reports whether queries can show the tickets of a scope.
func (s *state) scannable(in *scopeState) bool {
	return s.capabilities.usable(in.scope.feature()) && !in.fetchEach
}

// scan is one scope in one poll.
type scan struct {
	*scopeState
	// wanted are the remote IDs of the tickets that queries for the scope should show.
	wanted map[string]struct{}
	// leftOut are the features that the provider has refused since its latest answer.
	leftOut []feature
}

// scans are what a poll of these tickets consists of, in the order in which they take their turn.
// Scopes that have no tickets any more are forgotten.
func (s *state) scans(tickets []*v1alpha1.Ticket) []*scan {
	scans, present := map[scope]*scan{}, map[scope]bool{}
	for _, ticket := range tickets {
		if isMissing(ticket) {
			continue
		}
		present[s.scopeFor(ticket)] = true
		in := s.scannedIn(ticket)
		if in == (scope{}) {
			continue
		}
		if s.scopes[in] == nil {
			s.scopes[in] = &scopeState{scope: in, needsListing: true}
		}
		if scans[in] == nil {
			scans[in] = &scan{scopeState: s.scopes[in], wanted: map[string]struct{}{}}
		}
		scans[in].wanted[ticket.Status.ID] = struct{}{}
	}
	maps.DeleteFunc(s.scopes, func(in scope, _ *scopeState) bool { return !present[in] })
	return slices.SortedFunc(maps.Values(scans), byTurn)
}

// byTurn orders scans. What has failed comes last, so that one query that always fails does not
// keep the others from their turn. The largest project comes first: it says most about the filter
// by project.
func byTurn(a, b *scan) int {
	return cmp.Or(
		cmp.Compare(a.failures, b.failures),
		cmp.Compare(a.scope.feature(), b.scope.feature()),
		cmp.Compare(len(b.wanted), len(a.wanted)),
		strings.Compare(a.scope.project, b.scope.project),
	)
}
