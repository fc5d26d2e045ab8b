// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("The address of a ticket", func() {
	const browse, desk = "https://acme.example.com/browse/", "https://desk.example.com/tickets/"
	linksTo := func(w *world, template string) {
		GinkgoHelper()
		edit(w, w.reconcileIntegration(), func(i *v1alpha1.Integration) { i.Spec.TicketURLTemplate = template })
		w.reconcileIntegration()
		w.simulator.ForgetRequests()
	}

	It("is in the status and in the Event of the creation", func() {
		w := newWorld()
		linksTo(w, browse+"{id}")
		ticket := w.created(w.ticket("checkout"))
		Expect(ticket.Status.URL).To(Equal(browse + ticket.Status.ID))
		Expect(w.about("Created")).To(ConsistOf(HaveSuffix(`created the remote ticket "` + ticket.Status.ID + `" (` + browse + ticket.Status.ID + `)`)))

		adopting := w.created(w.ticket("adopting", func(s *v1alpha1.TicketSpec) {
			s.TicketID = w.simulator.AddTicket(simulator.Ticket{Name: "by a person", Summary: "by a person"}).ID
		}))
		Expect(w.about("Adopted")).To(ConsistOf(HaveSuffix(`(` + browse + adopting.Status.ID + `)`)))
	})

	It("follows the template without a request", func() {
		w := newWorld()
		ticket := w.created(w.ticket("checkout"))
		Expect(ticket.Status.URL).To(BeEmpty())
		for _, template := range []string{browse, desk} {
			linksTo(w, template+"{id}")
			w.reconcile(ticket)
			Expect(ticket.Status.URL).To(Equal(template + ticket.Status.ID))
			expectReady(ticket)
		}
		written := w.writes.count.Load()
		w.reconcile(ticket)
		Expect(w.writes.count.Load()).To(Equal(written))

		By("the Integration goes, and so does the template")
		w.removeIntegration()
		w.reconcile(ticket)
		Expect(ticket.Status.URL).To(Equal(desk + ticket.Status.ID))
		w.create(w.integration())
		w.reconcileIntegration()
		w.simulator.ForgetRequests()
		w.reconcile(ticket)
		Expect(ticket.Status.URL).To(BeEmpty())
		Expect(w.sent()).To(BeEmpty())
	})

	It("goes when the remote ticket is missing and another one is to be created", func() {
		w := newWorld()
		linksTo(w, browse+"{id}")
		ticket := w.created(w.ticket("checkout", recreated))
		deletedByAPerson(w, ticket)
		w.reconcile(ticket)
		Expect(ticket.Status.URL).To(Equal(browse + ticket.Status.ID))
		w.simulator.Inject(simulator.Fault{Operation: "CreateTicket", Status: 503})
		w.clock.Step(settlePeriod + time.Second)
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonCreateUnconfirmed)
		Expect(ticket.Status.URL).To(BeEmpty())
	})

	It("is shown by the Incident, with each of its tickets", func() {
		a := newAlerting(func(spec *v1alpha1.AlertReceiverSpec) { spec.ClosedWhileFiring = v1alpha1.ClosedWhileFiringNewTicket })
		linksTo(a.world, browse+"{id}")
		a.settle()
		first := browse + a.ticketNumber(1).Status.ID
		Expect(a.incident.Status.TicketURL).To(Equal(first))
		Expect(condition(a.incident, "Ready").Message).To(ContainSubstring("(" + first + ")"))
		a.personSets(1, "Closed")
		second := browse + a.ticketNumber(2).Status.ID
		Expect(a.incident.Status.TicketURL).To(Equal(second))
		Expect(a.about("TicketCreated")).To(HaveExactElements(ContainSubstring(first), ContainSubstring(second)))
	})
})
