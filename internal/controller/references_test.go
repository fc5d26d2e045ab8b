// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("A reference that names the wrong object", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	It("is followed as soon as it is corrected: integrationRef", func() {
		ticket := w.ticket("corrected", func(spec *v1alpha1.TicketSpec) { spec.IntegrationRef.Name = "typo" })
		w.create(ticket)
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonWaitingForIntegration, `"typo"`, "create it, or correct integrationRef")
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.IntegrationRef.Name = "default" })
		w.reconcile(ticket)
		expectReady(ticket)
		Expect(w.sent()).To(Equal([]string{"CreateTicket 201"}))
	})

	It("is followed as soon as it is corrected: ticketRef", func() {
		w.created(w.ticket("right"))
		comment := w.comment("corrected", "typo")
		w.create(comment)
		w.reconcile(comment)
		expectNotReady(comment, v1alpha1.ReasonWaitingForTicket, `"typo"`, "create it, or correct ticketRef")
		edit(w, comment, func(c *v1alpha1.TicketComment) { c.Spec.TicketRef.Name = "right" })
		w.reconcile(comment)
		expectReady(comment)
	})

	It("is followed as soon as it is corrected: ticketID of a Ticket", func() {
		theirs := w.simulator.AddTicket(simulator.Ticket{Name: "theirs", Summary: "p99 above 2s", Status: "Open"})
		ticket := w.ticket("adopting", func(spec *v1alpha1.TicketSpec) { spec.TicketID = "no-such-ticket" })
		w.create(ticket)
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonRemoteMissing)
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.TicketID = theirs.ID })
		w.reconcile(ticket)
		expectReady(ticket)
		Expect(ticket.Status.ID).To(Equal(theirs.ID))
	})

	It("is followed after a refused create request", func() {
		w.created(w.ticket("first"))
		second := w.created(w.ticket("second"))
		w.simulator.Inject(simulator.Fault{Operation: "CreateComment", Status: 422, Times: 1})
		comment := w.comment("refused", "first")
		w.create(comment)
		w.reconcile(comment)
		expectNotReady(comment, v1alpha1.ReasonRejected)
		edit(w, comment, func(c *v1alpha1.TicketComment) { c.Spec.TicketRef.Name = "second" })
		w.reconcile(comment)
		expectReady(comment)
		Expect(w.simulator.Comments(second.Status.ID)).To(HaveLen(1))
	})

	It("is reported when it was changed while the request was on its way", func() {
		first, second := w.created(w.ticket("first")), w.created(w.ticket("second"))
		comment := w.comment("moved", "first")
		w.create(comment)
		// The spec is edited after the intent is recorded and before the ID is written.
		w.writes.before = func(object client.Object) error {
			if object.(remote.Object).RemoteStatus().ID != "" {
				w.writes.before = nil
				edit(w, comment, func(c *v1alpha1.TicketComment) { c.Spec.TicketRef.Name = "second" })
			}
			return nil
		}
		w.reconcile(comment)
		w.reconcile(comment)
		expectNotReady(comment, v1alpha1.ReasonConflict, "ticketRef was changed while the remote comment", `belongs to Ticket "first"`, "delete this object")
		Expect(w.simulator.Comments(first.Status.ID)).To(HaveLen(1))
		Expect(w.simulator.Comments(second.Status.ID)).To(BeEmpty())

		w.delete(comment)
		w.reconcileAway(comment)
		w.expectGone(comment)
		Expect(w.simulator.Comments(first.Status.ID)).To(BeEmpty(), "what was created is removed")
	})
})
