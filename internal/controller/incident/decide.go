// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"strings"
	"time"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// step is the next thing to do for an incident.
type step int

const (
	// nothing: not now.
	nothing step = iota
	// recordTicket: write into the status the Ticket that was created.
	recordTicket
	// recordComment: write into the status the comment that was created.
	recordComment
	// openTicket: create the next Ticket.
	openTicket
	// holdBack: say that there is no room for another open ticket.
	holdBack
	// noteResolution: write down since when no alert fires.
	noteResolution
	// dropResolution: forget that, because it did not hold.
	dropResolution
	// clearStatus: take the status out of the Ticket's spec, because only a value that differs from
	// the one that was applied is applied again.
	clearStatus
	// setStatus: put a status into the Ticket's spec.
	setStatus
	// noteRefire: write on the Ticket, which stays as it is, that the alerts fire again. Whoever
	// has not seen that cannot close it any more for the resolution before.
	noteRefire
	// recordFiring, recordResolved and recordSuppressed write the phase.
	recordFiring
	recordResolved
	recordSuppressed
	// comment: tell on the ticket what has changed.
	comment
	// markTold: count what has changed as told without a comment.
	markTold
	// refresh: have the ticket's fields follow the alerts.
	refresh
	// remove: delete the Incident.
	remove
)

// writesTicketOrComment reports whether the step writes an object of the incident, rather than the
// incident itself.
func (s step) writesTicketOrComment() bool {
	switch s {
	case openTicket, comment, clearStatus, setStatus, noteRefire, refresh:
		return true
	}
	return false
}

// decision is a step, and what it needs.
type decision struct {
	step step
	// status to set, and what for.
	status, setFor string
	// at is when to decide again though nothing has changed; zero for never.
	at time.Time
}

// policy is what a receiver says of its incidents, with the defaults filled in.
type policy struct {
	// comments: changes are told, and with tellResolution resolutions too.
	comments, tellResolution bool
	commentInterval          time.Duration
	resolveAfter             time.Duration
	resolveStatus            string
	refireWithin             time.Duration
	refireStatus             string
	closedWhileFiring        v1alpha1.ClosedWhileFiring
	retention                time.Duration
}

// ticketState is what is known of the latest Ticket.
type ticketState struct {
	// exists is false as well while it is being deleted.
	exists bool
	// missing: its remote ticket was there, and is not any more.
	missing bool
	// hasRemote: its remote ticket is known.
	hasRemote bool
	// settled: what its spec says has been applied, so what is seen of the remote ticket is not
	// older than that.
	settled bool
	// observed: a person has decided that the operator writes nothing.
	observed bool
	// closed: the remote ticket is, since closedAt where that is known.
	closed   bool
	closedAt string
	// unwanted: it has a status by which people say that they want no ticket.
	unwanted bool
	// status in the spec; and whether one counts as applied.
	status        string
	statusApplied bool
	// setFor is what the status was last set for.
	setFor string
	// stale: fields have to follow the alerts.
	stale bool
}

// situation is all that the decision rests on.
type situation struct {
	now    time.Time
	policy policy

	// firing is how many alerts do.
	firing int
	// joined and left are how many alerts fire of which that was not told, and the other way round.
	joined, left int

	phase      v1alpha1.IncidentPhase
	resolvedAt time.Time
	// generation is how many tickets the incident has had.
	generation int32
	// commentedAt is the time of the latest comment; zero where the ticket has none.
	commentedAt time.Time

	// ticketUnrecorded and commentUnrecorded: the next one exists already. A process has ended, or
	// the API server's answer was lost, before the status could say so.
	ticketUnrecorded, commentUnrecorded bool
	ticket                              ticketState
	// room: another ticket may be open.
	room bool
}

// Looking again at an incident that is held back.
const heldBackInterval = 30 * time.Second

// decide chooses the next step. A step that was done changes the situation, so a reconcile decides
// again until nothing is left to do.
//
// What is done to a ticket comes before the record of it: after a crash in between, the record is
// made from what is found.
func decide(s situation) decision {
	switch {
	case s.ticketUnrecorded:
		return decision{step: recordTicket}
	case s.commentUnrecorded:
		return decision{step: recordComment}
	case s.firing > 0 && (s.phase == v1alpha1.IncidentResolved || s.phase == v1alpha1.IncidentWaiting && !s.resolvedAt.IsZero()):
		return s.refired()
	case s.phase == v1alpha1.IncidentResolved:
		return s.resolved()
	case s.firing == 0:
		return s.quiet()
	}
	return s.fires()
}

// resolvedPrefix is what all begins with that the status was set for a resolution.
const resolvedPrefix = "resolved/"

// What the status of a ticket was set for: each resolution, each refire and each closing by a
// person sets it at most once.
func (s situation) forResolution() string { return resolvedPrefix + format(s.resolvedAt) }
func (s situation) forRefire() string     { return "refired/" + format(s.resolvedAt) }
func (s situation) forClosing() string    { return "closed/" + s.ticket.closedAt }

func format(moment time.Time) string { return moment.UTC().Format(time.RFC3339) }

// fires decides while alerts fire.
func (s situation) fires() decision {
	ticket := s.ticket
	switch {
	case !s.resolvedAt.IsZero() && ticket.exists && ticket.setFor == s.forResolution():
		// The ticket was closed for a resolution. That comes first, then the refire.
		return decision{step: recordResolved}
	case !s.resolvedAt.IsZero():
		return decision{step: dropResolution}
	case s.generation == 0:
		return s.open()
	case !ticket.exists && s.policy.closedWhileFiring == v1alpha1.ClosedWhileFiringNewTicket:
		return s.open()
	case !ticket.exists:
		// Who deletes the Ticket wants none.
		return s.in(v1alpha1.IncidentSuppressed, recordSuppressed)
	case ticket.missing:
		// Who deletes the remote ticket wants none either.
		return s.in(v1alpha1.IncidentSuppressed, recordSuppressed)
	case s.closedInVain():
		return s.reopen("refired/" + strings.TrimPrefix(ticket.setFor, resolvedPrefix))
	case ticket.closed && ticket.settled:
		return s.closedByAPerson()
	}
	return s.firesWithTicket()
}

// closedInVain reports whether the ticket was closed for a resolution that did not hold, by a
// process that did not know that yet. After a refire the ticket says that there was one.
func (s situation) closedInVain() bool {
	return strings.HasPrefix(s.ticket.setFor, resolvedPrefix) && !s.ticket.unwanted
}

// reopen has the ticket opened again, or a new one where nothing can do that.
func (s situation) reopen(setFor string) decision {
	if s.policy.refireStatus == "" || s.ticket.observed {
		return s.open()
	}
	return s.changeStatus(s.policy.refireStatus, setFor)
}

// closedByAPerson decides what becomes of a ticket that was closed while alerts fire.
func (s situation) closedByAPerson() decision {
	switch {
	case s.ticket.unwanted || s.policy.closedWhileFiring == v1alpha1.ClosedWhileFiringKeep:
		return s.in(v1alpha1.IncidentSuppressed, recordSuppressed)
	case s.policy.closedWhileFiring == v1alpha1.ClosedWhileFiringNewTicket:
		return s.open()
	case s.ticket.setFor == s.forClosing() || s.ticket.observed || s.policy.refireStatus == "":
		// The provider has not reopened it, or nothing can.
		return s.in(v1alpha1.IncidentSuppressed, recordSuppressed)
	}
	return s.changeStatus(s.policy.refireStatus, s.forClosing())
}

// firesWithTicket has an open ticket follow the alerts.
func (s situation) firesWithTicket() decision {
	switch {
	case s.phase != v1alpha1.IncidentFiring:
		return decision{step: recordFiring}
	case s.ticket.stale && !s.ticket.closed:
		return decision{step: refresh}
	case s.joined == 0 && s.left == 0:
		return decision{}
	case !s.policy.comments:
		return decision{step: markTold}
	}
	return s.commentWhenDue()
}

// quiet decides when no alert fires any more, until the resolution has held.
func (s situation) quiet() decision {
	if s.resolvedAt.IsZero() {
		return decision{step: noteResolution}
	}
	if holds := s.resolvedAt.Add(s.policy.resolveAfter); s.now.Before(holds) {
		return decision{at: holds}
	}
	ticket := s.ticket
	if s.policy.resolveStatus == "" || !ticket.exists || ticket.missing || ticket.observed || ticket.closed && ticket.settled || ticket.setFor == s.forResolution() {
		return decision{step: recordResolved}
	}
	return s.changeStatus(s.policy.resolveStatus, s.forResolution())
}

// resolved decides while an incident is over.
func (s situation) resolved() decision {
	if s.ticket.exists && s.ticket.setFor == s.forRefire() {
		return decision{step: recordFiring} // The ticket was reopened for a refire that is over.
	}
	if s.left > 0 {
		closedByAPerson := s.ticket.closed && s.ticket.settled && s.ticket.setFor != s.forResolution()
		if !s.policy.tellResolution || !s.ticket.exists || s.ticket.missing || closedByAPerson {
			return decision{step: markTold}
		}
		return s.commentWhenDue()
	}
	if ends := s.retentionEnds(); s.now.Before(ends) {
		return decision{at: ends}
	}
	return decision{step: remove}
}

// retentionEnds is when a resolved incident is removed.
func (s situation) retentionEnds() time.Time { return s.resolvedAt.Add(s.policy.retention) }

// refired decides when alerts of a resolved incident fire again.
func (s situation) refired() decision {
	ticket := s.ticket
	switch {
	case s.generation == 0 || ticket.exists && ticket.setFor == s.forRefire():
		return decision{step: recordFiring}
	case !ticket.exists, ticket.missing, s.now.After(s.resolvedAt.Add(s.policy.refireWithin)):
		return s.open()
	case ticket.unwanted: // mutant: reopen-the-unwanted
		return decision{step: noteRefire, setFor: s.forRefire()}
	}
	closing := ticket.setFor == s.forResolution() && !ticket.settled
	if !ticket.closed && !closing {
		return decision{step: noteRefire, setFor: s.forRefire()}
	}
	return s.reopen(s.forRefire())
}

// open creates a ticket where there is room for one.
func (s situation) open() decision {
	if s.room {
		return decision{step: openTicket}
	}
	held := s.in(v1alpha1.IncidentWaiting, holdBack)
	held.at = s.now.Add(heldBackInterval)
	return held
}

// in writes the phase, if the incident is not in it.
func (s situation) in(phase v1alpha1.IncidentPhase, write step) decision {
	if s.phase == phase {
		return decision{}
	}
	return decision{step: write}
}

// commentWhenDue tells what has changed as soon as the interval allows.
func (s situation) commentWhenDue() decision {
	if due := s.commentedAt.Add(s.policy.commentInterval); !s.commentedAt.IsZero() && s.now.Before(due) {
		return decision{at: due}
	}
	return decision{step: comment}
}

// changeStatus has the ticket get a status, even one that was applied before and that a person has
// changed since.
func (s situation) changeStatus(status, setFor string) decision {
	ticket := s.ticket
	switch {
	case !ticket.hasRemote:
		return decision{} // What is still being created would be created with it.
	case ticket.status == status && ticket.statusApplied:
		return decision{step: clearStatus}
	case ticket.status == status, ticket.status == "" && ticket.statusApplied:
		return decision{} // The Ticket's controller has not caught up.
	}
	return decision{step: setStatus, status: status, setFor: setFor}
}
