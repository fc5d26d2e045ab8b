// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// Observations take what has been seen of tickets; remote.Observations are such.
type Observations interface {
	// Report hands over an observation, in place of an earlier one of the same object.
	Report(observation remote.Observation[synqly.Ticket])
	// Open returns the observation of an object that has not been written down yet, or nil.
	Open(object types.NamespacedName) *remote.Observation[synqly.Ticket]
}

// observe notes that a query for a scope has shown a ticket, and hands over what has changed.
func (r *run) observe(shown *synqly.Ticket, in scope) {
	known := r.state.tickets[shown.ID]
	if known == nil || r.byID[shown.ID] == nil {
		return
	}
	known.seenAt(r.Clock.Now())
	known.unreadable = false
	if known.missedBy == in {
		known.missedBy = scope{}
	}
	r.reportChanges(shown.ID, shown)
}

// reportChanges compares a remote ticket with the objects that stand for it.
func (r *run) reportChanges(id string, shown *synqly.Ticket) {
	for _, ticket := range r.byID[id] {
		if r.Changed(ticket, shown, r.integration, r.Clock.Now()) {
			r.report(ticket, shown)
		}
	}
}

// reportMissing tells that a remote ticket seems to be gone. The Ticket's own reconcile fetches it
// again, and decides.
func (r *run) reportMissing(id string) {
	for _, ticket := range r.byID[id] {
		r.report(ticket, nil)
	}
}

// report hands an observation over, unless it, or a later one, has been handed over and not been
// written down yet. Nothing is shown where the ticket seems to be gone.
func (r *run) report(ticket *v1alpha1.Ticket, shown *synqly.Ticket) {
	name := client.ObjectKeyFromObject(ticket)
	open := r.Observations.Open(name)
	if open != nil && open.UID == ticket.UID && open.ID == ticket.Status.ID && covers(open.Remote, shown) {
		return
	}
	observation := remote.Observation[synqly.Ticket]{Object: name, UID: ticket.UID, ID: ticket.Status.ID}
	if shown != nil && !isLarge(shown) {
		seen := *shown
		observation.Remote = &seen
	}
	r.Observations.Report(observation)
	countChange(r.name)
}

// mostHandedOver is the size, in bytes of JSON, of the largest ticket that is handed over: it stays
// in memory until the Ticket is reconciled, which may have to wait. A larger one is fetched then.
const mostHandedOver = 128 << 10

func isLarge(ticket *synqly.Ticket) bool {
	encoded, err := json.Marshal(ticket)
	return err != nil || len(encoded) > mostHandedOver
}

// covers reports whether what was handed over says what is shown now. A search may show a ticket as
// it was before it was fetched.
func covers(handedOver, shown *synqly.Ticket) bool {
	if handedOver == nil || shown == nil {
		return handedOver == shown
	}
	if handedOver.UpdatedAt.Raw == shown.UpdatedAt.Raw {
		return true
	}
	return !shown.UpdatedAt.IsZero() && handedOver.UpdatedAt.After(shown.UpdatedAt.Time)
}
