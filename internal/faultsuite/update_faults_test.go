// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"net"
	"net/http"
	"syscall"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// What becomes of a field that a person changes while an update of it is open: under Apply it is
// the person's, under Enforce the spec's.

func updateFaults() []fault {
	updates := func(o operation) bool { return o.class == classRemote && o.name == "patch ticket" }
	lost := failure(&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET})
	crashed := requestThat(func(call *exchange) { call.network.world.crash(recoveries[0].next) })
	faults := []fault{
		{name: "response lost, then edited by a person", answer: afterCommit(personEditsBefore(lost))},
		{name: "request lost, then edited by a person", answer: personEditsBefore(lost)},
		{name: "response lost, edited by a person, and a restart", losesCredentials: true, answer: afterCommit(personEditsBefore(crashed))},
		{name: "request lost, edited by a person, and a restart", losesCredentials: true, answer: personEditsBefore(crashed)},
		{name: "edited by a person right after", after: func(w *world) {
			w.personEditsSummary(w.acting.of)
			w.inTime(soon, w.touch)
		}},
	}
	for i := range faults {
		faults[i].kind, faults[i].applies = "update of a ticket", updates
	}
	return faults
}

// personEditsBefore answers a request after a person has changed the summary.
func personEditsBefore(answer answerer) answerer {
	return func(call *exchange) (*http.Response, error) {
		call.network.world.personEditsSummary(call.by.of)
		return answer(call)
	}
}

// personEditsSummary changes the summary of the remote ticket of an object.
func (w *world) personEditsSummary(of reference) {
	t, isTicket := w.get(of).(*v1alpha1.Ticket)
	shown, found := w.remoteTicketOf(of)
	if !isTicket || !found {
		w.violate("the simulation: %s has no remote ticket to edit", of)
		return
	}
	const summary = "what a person makes of it"
	w.remote.EditTicket(shown.ID, func(t *simulator.Ticket) { t.Summary = summary })
	if t.Spec.ManagementPolicy != v1alpha1.ManagementEnforce {
		w.keptSummaries[shown.ID] = summary
	}
}
