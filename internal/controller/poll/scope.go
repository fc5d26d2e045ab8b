// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"cmp"
	"strings"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// scope is what one query asks for: the tickets with a tag, or those of a project. The
// zero value stands for tickets that no query finds.
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

// holds tells whether a ticket of an answer belongs into the scope, as far as it can be
// read.
func (s scope) holds(shown *synqly.Ticket) bool {
	if s.tag != "" {
		return synqly.HasTag(shown.Tags, s.tag) || !shown.Readable("tags")
	}
	return strings.EqualFold(shown.Project, s.project) || !shown.Readable("project")
}

// projectOf is the project that a query can ask for: empty where it is not known, or
// where the status shows only its beginning.
func projectOf(ticket *v1alpha1.Ticket) string {
	if ticket.Status.Remote == nil || strings.HasSuffix(ticket.Status.Remote.Project, "…") {
		return ""
	}
	return ticket.Status.Remote.Project
}

// group is a scope with the tickets that are polled by it.
type group struct {
	scope
	sweep *sweep
	// wanted are the remote IDs of the tickets.
	wanted map[string]struct{}
}

// byTurn puts the groups in the order in which they are swept. What has failed comes
// last, so that one query that always fails does not keep the others from their turn.
// The largest project comes first: it says most about the filter by project.
func byTurn(a, b *group) int {
	return cmp.Or(
		cmp.Compare(a.sweep.failures, b.sweep.failures),
		cmp.Compare(a.feature(), b.feature()),
		cmp.Compare(len(b.wanted), len(a.wanted)),
		strings.Compare(a.project, b.project),
	)
}
