// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"slices"
	"strings"
)

// alertFaults are the faults of scenarios with alerts. What can become of Tickets and comments is
// tried in scenarios of their own; here they meet what Incidents do.
func alertFaults() []fault {
	var faults []fault
	for _, f := range slices.Concat(writeFaults(), crashFaults(), frozenFaults(), readFaults()) {
		faults = append(faults, narrowed(f, concernsIncidents))
	}
	meeting := []string{"crash before, new leader", "frozen before for 10s", "timeout after commit and a cache that is behind"}
	for _, f := range slices.Concat(writeFaults(), crashFaults(), frozenFaults()) {
		if slices.Contains(meeting, f.name) {
			f.name += ", of what is written remotely"
			// Of an update whose outcome was not written down a later process does not know that it
			// was the operator's: where the spec was edited meanwhile, it counts as a person's.
			faults = append(faults, narrowed(f, func(o operation) bool { return !concernsIncidents(o) && o.name != updateOfStatus }))
		}
	}
	lost := []string{"request lost", "response lost", "504, committed later", "409, committed", "422"}
	for _, f := range remoteFaults() {
		if slices.Contains(lost, f.name) {
			// A change of a ticket that arrives after the next one looks like a person's.
			faults = append(faults, narrowed(f, func(o operation) bool { return f.name != "504, committed later" || o.is("create") }))
		}
	}
	return append(faults, alertInterference()...)
}

// updateOfStatus writes down what became of a request for the ticket.
var updateOfStatus = "patch Ticket " + theAlertTicket.name + "/status"

// concernsIncidents reports whether an operation is one of Incidents, or of alerts that come in. A
// cache that is behind is so from the first read of an Incident on.
func concernsIncidents(o operation) bool {
	switch {
	case o.by == "AlertReceiver":
		return o.class == classWrite
	case o.class == classRead && !o.stale:
		return strings.HasPrefix(o.name, "get Incident ")
	}
	return o.by == "Incident" || strings.HasPrefix(o.by, "Endpoint")
}

// narrowed is a fault that strikes at some of its operations only.
func narrowed(f fault, to func(operation) bool) fault {
	applies := f.applies
	f.applies = func(o operation) bool { return to(o) && applies(o) }
	return f
}

// alertInterference is what people do meanwhile.
func alertInterference() []fault {
	withTicket := func(o operation) bool { return o.ticketExists && anyWrite(o) }
	faults := []fault{
		{name: "ticket closed by a person", applies: withTicket, before: func(w *world) { w.alerts.personSets(w.primary, "Closed") }},
		{name: "ticket set to a suppressed status", applies: withTicket, before: func(w *world) { w.alerts.personSets(w.primary, wontDo) }},
		{name: "Ticket deleted", applies: func(o operation) bool { return o.objectExists && anyWrite(o) }, before: func(w *world) { w.alerts.personDeletesTicket(w.primary) }},
		{name: "Incident deleted", applies: anyWrite, before: func(w *world) { w.alerts.personDeletesIncident(latency) }},
		{name: "AlertReceiver deleted", applies: anyWrite, before: func(w *world) { w.alerts.personDeletesReceiver() }},
		{name: "remote ticket edited by a person", applies: withTicket, before: func(w *world) { w.personEditsTicket(w.primary) }},
	}
	for i := range faults {
		faults[i].kind = "interference with incidents"
	}
	return faults
}
