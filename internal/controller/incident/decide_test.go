// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"testing"
	"time"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

var (
	noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	ago  = func(d time.Duration) time.Time { return noon.Add(-d) }
)

// firingWith is an incident that fires, with an open ticket that is as it should be, under a
// receiver that closes and reopens.
func firingWith(changes ...func(*situation)) situation {
	s := situation{
		now: noon, firing: 2, phase: v1alpha1.IncidentFiring, generation: 1, room: true,
		ticket: ticketState{exists: true, hasRemote: true, settled: true},
		policy: policy{
			comments: true, tellResolution: true, commentInterval: 5 * time.Minute, resolveAfter: 2 * time.Minute, resolveStatus: "Done",
			refireWithin: 24 * time.Hour, refireStatus: "To Do", closedWhileFiring: v1alpha1.ClosedWhileFiringKeep, retention: 168 * time.Hour,
		},
	}
	for _, change := range changes {
		change(&s)
	}
	return s
}

func with(changes ...func(*situation)) func(*situation) {
	return func(s *situation) {
		for _, change := range changes {
			change(s)
		}
	}
}

func none(s *situation)   { s.firing = 0 }
func noRoom(s *situation) { s.room = false }
func joined(s *situation) { s.joined = 1 }
func left(s *situation)   { s.left = 1 }
func gone(s *situation)   { s.ticket = ticketState{} }
func fresh(s *situation) {
	s.phase, s.generation, s.ticket = "", 0, ticketState{}
}
func in(phase v1alpha1.IncidentPhase) func(*situation) {
	return func(s *situation) { s.phase = phase }
}
func quietFor(d time.Duration) func(*situation) {
	return func(s *situation) { s.firing, s.resolvedAt = 0, ago(d) }
}
func resolvedFor(d time.Duration) func(*situation) {
	return func(s *situation) { s.phase, s.firing, s.resolvedAt = v1alpha1.IncidentResolved, 0, ago(d) }
}
func refiredAfter(d time.Duration) func(*situation) {
	return with(resolvedFor(d), func(s *situation) { s.firing = 1 })
}
func missing(s *situation) { s.ticket.missing = true }

// closedInVain: a resolution did not hold, and the ticket was closed for it.
func closedInVain(s *situation) {
	closed(s)
	s.ticket.status, s.ticket.statusApplied, s.ticket.setFor = "Done", true, resolvedPrefix+format(ago(time.Minute))
}
func closed(s *situation) {
	s.ticket.closed, s.ticket.closedAt = true, "2026-11-27T11:00:00Z"
}
func closedForResolution(s *situation) {
	closed(s)
	s.ticket.status, s.ticket.statusApplied, s.ticket.setFor = "Done", true, s.forResolution()
}
func unwanted(s *situation) {
	closed(s)
	s.ticket.unwanted = true
}
func whileFiring(what v1alpha1.ClosedWhileFiring) func(*situation) {
	return func(s *situation) { s.policy.closedWhileFiring = what }
}
func commentedFor(d time.Duration) func(*situation) {
	return func(s *situation) { s.commentedAt = ago(d) }
}

func TestDecide(t *testing.T) {
	for name, test := range map[string]struct {
		given situation
		want  decision
	}{
		// A ticket opens.
		"a new incident":                             {firingWith(fresh), decision{step: openTicket}},
		"the ticket exists, the status not":          {firingWith(fresh, func(s *situation) { s.ticketUnrecorded = true }), decision{step: recordTicket}},
		"no room":                                    {firingWith(fresh, noRoom), decision{step: holdBack, at: noon.Add(heldBackInterval)}},
		"still no room":                              {firingWith(fresh, noRoom, in(v1alpha1.IncidentWaiting)), decision{at: noon.Add(heldBackInterval)}},
		"room at last":                               {firingWith(fresh, in(v1alpha1.IncidentWaiting)), decision{step: openTicket}},
		"resolved before it had a ticket":            {firingWith(fresh, none), decision{step: noteResolution}},
		"and for long enough":                        {firingWith(fresh, quietFor(2*time.Minute)), decision{step: recordResolved}},
		"resolved while it waited for room":          {firingWith(fresh, in(v1alpha1.IncidentWaiting), quietFor(2*time.Minute)), decision{step: recordResolved}},
		"fires again without ever a ticket":          {firingWith(fresh, refiredAfter(time.Hour)), decision{step: recordFiring}},
		"nothing has changed":                        {firingWith(), decision{}},
		"fields follow":                              {firingWith(func(s *situation) { s.ticket.stale = true }), decision{step: refresh}},
		"fields of a closed ticket do not":           {firingWith(closed, func(s *situation) { s.ticket.stale, s.phase = true, v1alpha1.IncidentSuppressed }), decision{}},
		"fields of a ticket that just closes do not": {firingWith(closed, func(s *situation) { s.ticket.stale, s.ticket.settled = true, false }), decision{}},

		// Changes are told.
		"an alert joins":                     {firingWith(joined), decision{step: comment}},
		"an alert resolves":                  {firingWith(left), decision{step: comment}},
		"the comment exists, the status not": {firingWith(joined, func(s *situation) { s.commentUnrecorded = true }), decision{step: recordComment}},
		"too soon after the last comment":    {firingWith(joined, commentedFor(time.Minute)), decision{at: noon.Add(4 * time.Minute)}},
		"not too soon":                       {firingWith(joined, commentedFor(5*time.Minute)), decision{step: comment}},
		"comments are off":                   {firingWith(joined, func(s *situation) { s.policy.comments = false }), decision{step: markTold}},

		// The alerts resolve.
		"the last alert resolves":                 {firingWith(none, left), decision{step: noteResolution}},
		"the resolution has not held":             {firingWith(quietFor(time.Minute), left), decision{at: noon.Add(time.Minute)}},
		"it fires again before that":              {firingWith(func(s *situation) { s.resolvedAt = ago(time.Minute) }), decision{step: dropResolution}},
		"the resolution has held":                 {firingWith(quietFor(2*time.Minute), left), decision{step: setStatus, status: "Done", setFor: "resolved/2026-11-27T11:58:00Z"}},
		"the status is set":                       {firingWith(quietFor(2*time.Minute), closedForResolution), decision{step: recordResolved}},
		"no status is wanted":                     {firingWith(quietFor(2*time.Minute), func(s *situation) { s.policy.resolveStatus = "" }), decision{step: recordResolved}},
		"a person has closed it already":          {firingWith(quietFor(2*time.Minute), closed), decision{step: recordResolved}},
		"a person has deleted the Ticket":         {firingWith(quietFor(2*time.Minute), gone), decision{step: recordResolved}},
		"a person wants nothing written":          {firingWith(quietFor(2*time.Minute), func(s *situation) { s.ticket.observed = true }), decision{step: recordResolved}},
		"the ticket is still being created":       {firingWith(quietFor(2*time.Minute), func(s *situation) { s.ticket.hasRemote, s.ticket.settled = false, false }), decision{}},
		"the status was applied before":           {firingWith(quietFor(2*time.Minute), func(s *situation) { s.ticket.status, s.ticket.statusApplied = "Done", true }), decision{step: clearStatus}},
		"the Ticket's controller is behind":       {firingWith(quietFor(2*time.Minute), func(s *situation) { s.ticket.statusApplied = true }), decision{}},
		"the resolution is told":                  {firingWith(resolvedFor(2*time.Minute), closedForResolution, left), decision{step: comment}},
		"the resolution is told later":            {firingWith(resolvedFor(2*time.Minute), left, commentedFor(time.Minute)), decision{at: noon.Add(4 * time.Minute)}},
		"the resolution is not told":              {firingWith(resolvedFor(2*time.Minute), left, func(s *situation) { s.policy.tellResolution = false }), decision{step: markTold}},
		"nothing is told on a ticket of people's": {firingWith(resolvedFor(2*time.Minute), left, closed), decision{step: markTold}},
		"it is kept":                              {firingWith(resolvedFor(time.Hour)), decision{at: noon.Add(167 * time.Hour)}},
		"until its time has come":                 {firingWith(resolvedFor(168 * time.Hour)), decision{step: remove}},

		// The alerts fire again.
		"a refire reopens":                     {firingWith(refiredAfter(time.Hour), closedForResolution), decision{step: setStatus, status: "To Do", setFor: "refired/2026-11-27T11:00:00Z"}},
		"it is reopened":                       {firingWith(refiredAfter(time.Hour), func(s *situation) { s.ticket.setFor = s.forRefire() }), decision{step: recordFiring}},
		"the refire is over already":           {firingWith(resolvedFor(time.Hour), func(s *situation) { s.ticket.setFor = s.forRefire() }), decision{step: recordFiring}},
		"a refire too late":                    {firingWith(refiredAfter(25*time.Hour), closedForResolution), decision{step: openTicket}},
		"a refire too late, and no room":       {firingWith(refiredAfter(25*time.Hour), closedForResolution, noRoom), decision{step: holdBack, at: noon.Add(heldBackInterval)}},
		"still no room for the refire":         {firingWith(refiredAfter(25*time.Hour), closedForResolution, noRoom, in(v1alpha1.IncidentWaiting)), decision{at: noon.Add(heldBackInterval)}},
		"room for the refire":                  {firingWith(refiredAfter(25*time.Hour), closedForResolution, in(v1alpha1.IncidentWaiting)), decision{step: openTicket}},
		"nothing reopens":                      {firingWith(refiredAfter(time.Hour), closedForResolution, func(s *situation) { s.policy.refireStatus = "" }), decision{step: openTicket}},
		"a refire of an open ticket":           {firingWith(refiredAfter(time.Hour)), decision{step: noteRefire, setFor: "refired/2026-11-27T11:00:00Z"}},
		"a refire while the closing is sent":   {firingWith(refiredAfter(time.Hour), func(s *situation) { closedForResolution(s); s.ticket.closed, s.ticket.settled = false, false }), decision{step: setStatus, status: "To Do", setFor: "refired/2026-11-27T11:00:00Z"}},
		"a refire before the closing is noted": {firingWith(func(s *situation) { s.resolvedAt = ago(time.Hour); closedForResolution(s) }), decision{step: recordResolved}},
		"a refire of what people do not want":  {firingWith(refiredAfter(time.Hour), unwanted), decision{step: noteRefire, setFor: "refired/2026-11-27T11:00:00Z"}},
		"a refire after the Ticket is deleted": {firingWith(refiredAfter(time.Hour), gone), decision{step: openTicket}},

		// A process that did not know yet that a resolution had not held has closed the ticket.
		"a ticket closed in vain":                   {firingWith(closedInVain), decision{step: setStatus, status: "To Do", setFor: "refired/2026-11-27T11:59:00Z"}},
		"a ticket about to be closed in vain":       {firingWith(closedInVain, func(s *situation) { s.ticket.closed, s.ticket.settled = false, false }), decision{step: setStatus, status: "To Do", setFor: "refired/2026-11-27T11:59:00Z"}},
		"a ticket closed in vain, nothing reopens":  {firingWith(closedInVain, func(s *situation) { s.policy.refireStatus = "" }), decision{step: openTicket}},
		"a ticket closed in vain, now a person's":   {firingWith(closedInVain, unwanted), decision{step: recordSuppressed}},
		"closed in vain, and the alerts do resolve": {firingWith(closedInVain, quietFor(2*time.Minute)), decision{step: recordResolved}},

		// People decide.
		"a person deletes the remote ticket":              {firingWith(missing), decision{step: recordSuppressed}},
		"a person deletes the remote ticket, NewTicket":   {firingWith(missing, whileFiring(v1alpha1.ClosedWhileFiringNewTicket)), decision{step: recordSuppressed}},
		"it is there again":                               {firingWith(in(v1alpha1.IncidentSuppressed)), decision{step: recordFiring}},
		"no status is set on a remote ticket that is not": {firingWith(quietFor(2*time.Minute), missing), decision{step: recordResolved}},
		"nothing is told on a remote ticket that is not":  {firingWith(resolvedFor(2*time.Minute), missing, left), decision{step: markTold}},
		"a refire after the remote ticket is deleted":     {firingWith(refiredAfter(time.Hour), missing), decision{step: openTicket}},
		"a person closes the ticket":                      {firingWith(closed), decision{step: recordSuppressed}},
		"it stays closed":                                 {firingWith(closed, in(v1alpha1.IncidentSuppressed), joined), decision{}},
		"a person reopens it":                             {firingWith(in(v1alpha1.IncidentSuppressed)), decision{step: recordFiring}},
		"what is closed is older than the write":          {firingWith(closed, func(s *situation) { s.ticket.settled = false }), decision{}},
		"Reopen":                                          {firingWith(closed, whileFiring(v1alpha1.ClosedWhileFiringReopen)), decision{step: setStatus, status: "To Do", setFor: "closed/2026-11-27T11:00:00Z"}},
		"Reopen, of a status that was applied":            {firingWith(closed, whileFiring(v1alpha1.ClosedWhileFiringReopen), func(s *situation) { s.ticket.status, s.ticket.statusApplied = "To Do", true }), decision{step: clearStatus}},
		"Reopen, and the provider does not":               {firingWith(closed, whileFiring(v1alpha1.ClosedWhileFiringReopen), func(s *situation) { s.ticket.setFor = s.forClosing() }), decision{step: recordSuppressed}},
		"NewTicket":                                       {firingWith(closed, whileFiring(v1alpha1.ClosedWhileFiringNewTicket)), decision{step: openTicket}},
		"Reopen, but people want no ticket":               {firingWith(unwanted, whileFiring(v1alpha1.ClosedWhileFiringReopen)), decision{step: recordSuppressed}},
		"NewTicket, but people want no ticket":            {firingWith(unwanted, whileFiring(v1alpha1.ClosedWhileFiringNewTicket)), decision{step: recordSuppressed}},
		"a person deletes the Ticket":                     {firingWith(gone), decision{step: recordSuppressed}},
		"a person deletes the Ticket, NewTicket":          {firingWith(gone, whileFiring(v1alpha1.ClosedWhileFiringNewTicket)), decision{step: openTicket}},
		"an incident without a ticket of people's":        {firingWith(gone, in(v1alpha1.IncidentSuppressed), joined), decision{}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := decide(test.given); got != test.want {
				t.Errorf("decide: %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestDecideEnds lets an incident live, in every way that a person and the alerts can interleave,
// with a world that does what is decided: each moment ends with nothing to do, there is never more
// than one ticket open of those that the incident made, and a status is set at most once for each
// reason.
func TestDecideEnds(t *testing.T) {
	events := map[string]func(*life){
		"fires":            func(l *life) { l.firing = 1 },
		"resolves":         func(l *life) { l.firing = 0 },
		"a minute":         func(l *life) { l.now = l.now.Add(time.Minute) },
		"an hour":          func(l *life) { l.now = l.now.Add(time.Hour) },
		"two days":         func(l *life) { l.now = l.now.Add(48 * time.Hour) },
		"a person closes":  func(l *life) { l.close() },
		"a person reopens": func(l *life) { l.ticket.closed, l.ticket.closedAt = false, "" },
	}
	for _, closedWhileFiring := range []v1alpha1.ClosedWhileFiring{v1alpha1.ClosedWhileFiringKeep, v1alpha1.ClosedWhileFiringReopen, v1alpha1.ClosedWhileFiringNewTicket} {
		var live func(l life, road []string)
		live = func(l life, road []string) {
			if problem := l.settle(); problem != "" {
				t.Fatalf("%s %v: %s", closedWhileFiring, road, problem)
			}
			if len(road) == 5 || l.removed {
				return
			}
			for name, happen := range events {
				next := l.copy()
				happen(&next)
				live(next, append(road[:len(road):len(road)], name))
			}
		}
		live(newLife(closedWhileFiring), nil)
	}
}
