// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// What providers are in the habit of.

func scenariosOfProviders() []scenario {
	integration := reference{"Integration", integrationName}
	return []scenario{
		{name: "deleted while its Integration is paused", primary: theComment, setup: applying(aTicket, aComment), acts: []func(*world){
			func(w *world) {
				w.annotate(integration, v1alpha1.PausedAnnotation, "true")
				w.delete(theComment)
			},
			func(w *world) {
				if paused := w.get(integration); paused != nil && status.IsPaused(paused) && w.remote.RequestCounts()["DeleteComment"] > 0 {
					w.violate("a request is sent through an Integration that is paused")
				}
				w.annotate(integration, v1alpha1.PausedAnnotation, "false")
			},
		}},
		{name: "everything deleted where closed tickets refuse changes", primary: theComment, setup: func(w *world) {
			w.remote.SetBehaviour(simulator.Behaviour{ClosedTicketsRefuse: true})
			w.apply(aClosedTicket(), aComment(), aNote())
		}, acts: []func(*world){func(w *world) {
			deleting(theTicket, theComment, theNote)(w)
			if w.strike == nil { // Where something fails, the ticket does not wait for ever.
				w.survives = append(w.survives, w.toldOf("Warning Retained"))
			}
		}}},
		{name: "comment deleted from a closed ticket", primary: theComment, setup: func(w *world) {
			w.remote.SetBehaviour(simulator.Behaviour{ClosedTicketsRefuse: true})
			w.apply(aTicket(), aComment())
		}, acts: []func(*world){func(w *world) {
			w.remote.EditTicket(w.remoteIDOf(theTicket), func(t *simulator.Ticket) { t.Status = "Closed" })
			w.delete(theComment)
		}}},
		{name: "tags refused", primary: theTicket, setup: func(w *world) {
			w.remote.SetBehaviour(simulator.Behaviour{ReadOnlyFields: []string{"tags"}})
		}, acts: []func(*world){applying(func() client.Object {
			return ticket(theTicket.name, func(spec *v1alpha1.TicketSpec) { spec.Tags = nil })
		})}},
		{name: "a custom field that the provider does not list", primary: theTicket, acts: []func(*world){
			applying(func() client.Object {
				return ticket(theTicket.name, func(spec *v1alpha1.TicketSpec) {
					spec.CustomFields = map[string]apiextensionsv1.JSON{"sevrity": {Raw: []byte("2")}}
				})
			}),
			editing(theTicket),
		}},
		{name: "lists shorten texts", primary: theTicket, polled: true,
			setup: func(w *world) {
				w.remote.SetBehaviour(simulator.Behaviour{ShortenLists: true})
				w.apply(ticket(theTicket.name, func(spec *v1alpha1.TicketSpec) { spec.ManagementPolicy = v1alpha1.ManagementEnforce }))
			},
			acts: []func(*world){func(w *world) {
				w.remote.EditTicket(w.remoteIDOf(theTicket), func(t *simulator.Ticket) { t.Contact = person })
				w.annotate(integration, v1alpha1.SyncRequestedAnnotation, "now")
				w.survives = append(w.survives, w.toldOf("description from"))
			}}},
	}
}

// toldOf checks that no Event has certain words.
func (w *world) toldOf(words string) func() string {
	return func() string {
		if i := slices.IndexFunc(w.news, func(event string) bool { return strings.Contains(event, words) }); i >= 0 {
			return "an Event says what it should not: " + w.news[i]
		}
		return ""
	}
}
