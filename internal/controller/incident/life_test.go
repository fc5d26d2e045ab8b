// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"fmt"
	"maps"
	"time"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// life is an incident with a world that does at once what is decided.
type life struct {
	situation
	told    int
	removed bool
	// set are what statuses were set for, by the number of the ticket.
	set map[string]bool
}

func newLife(closedWhileFiring v1alpha1.ClosedWhileFiring) life {
	return life{situation: firingWith(fresh, func(s *situation) { s.policy.closedWhileFiring = closedWhileFiring }), set: map[string]bool{}}
}

func (l *life) copy() life {
	next := *l
	next.set = maps.Clone(l.set)
	return next
}

func (l *life) close() {
	if l.ticket.exists {
		l.ticket.closed, l.ticket.closedAt = true, format(l.now)
	}
}

// settle does what is decided until nothing is, and names what is wrong.
func (l *life) settle() string {
	for range 20 {
		l.joined, l.left = max(l.firing-l.told, 0), max(l.told-l.firing, 0)
		next := decide(l.situation)
		if next.step == nothing || l.removed {
			return l.wrong(next)
		}
		if problem := l.do(next); problem != "" {
			return problem
		}
	}
	return "no end of steps"
}

// wrong names what is wrong with an incident at rest.
func (l *life) wrong(last decision) string {
	switch {
	case !last.at.IsZero() && !last.at.After(l.now):
		return "it is to be looked at again now"
	case l.firing > 0 && l.phase == v1alpha1.IncidentResolved:
		return "it is resolved although an alert fires"
	case l.firing > 0 && l.phase == v1alpha1.IncidentFiring && l.ticket.closed:
		return "it fires and its ticket is closed"
	case l.phase == v1alpha1.IncidentResolved && l.resolvedAt.IsZero():
		return "it is resolved, and nobody knows since when"
	}
	return ""
}

func (l *life) do(next decision) string {
	switch next.step {
	case openTicket:
		if l.ticket.exists && !l.ticket.closed && l.now.Before(l.resolvedAt.Add(l.policy.refireWithin)) {
			return "a second ticket opens beside the first"
		}
		l.ticketUnrecorded = true
	case recordTicket:
		l.ticketUnrecorded, l.generation, l.phase = false, l.generation+1, v1alpha1.IncidentFiring
		l.ticket, l.told = ticketState{exists: true, hasRemote: true, settled: true}, l.firing
		l.resolvedAt, l.commentedAt = time.Time{}, time.Time{}
	case comment:
		l.commentUnrecorded = true
	case recordComment:
		l.commentUnrecorded, l.told, l.commentedAt = false, l.firing, l.now
	case markTold:
		l.told = l.firing
	case noteResolution:
		l.resolvedAt = l.now
		if l.phase == "" {
			l.phase = v1alpha1.IncidentFiring
		}
	case dropResolution:
		l.resolvedAt = time.Time{}
	case clearStatus:
		l.ticket.status, l.ticket.statusApplied = "", false
	case setStatus:
		return l.setStatus(next)
	case recordFiring:
		l.phase, l.resolvedAt = v1alpha1.IncidentFiring, time.Time{}
	case recordResolved:
		l.phase = v1alpha1.IncidentResolved
	case recordSuppressed:
		l.phase, l.resolvedAt = v1alpha1.IncidentSuppressed, time.Time{}
	case holdBack:
		l.phase = v1alpha1.IncidentWaiting
	case remove:
		l.removed = true
	case noteRefire:
		l.ticket.setFor = next.setFor
	case refresh:
		return "nothing is to be refreshed"
	}
	return ""
}

func (l *life) setStatus(next decision) string {
	reason := fmt.Sprintf("%d/%s", l.generation, next.setFor)
	if l.set[reason] {
		return "a status is set twice for " + reason
	}
	l.set[reason] = true
	if l.ticket.status == next.status && l.ticket.statusApplied {
		return "a status is set that was applied already"
	}
	l.ticket.status, l.ticket.statusApplied, l.ticket.setFor = next.status, true, next.setFor
	if next.status == l.policy.resolveStatus {
		l.close()
	} else {
		l.ticket.closed, l.ticket.closedAt = false, ""
	}
	return ""
}
