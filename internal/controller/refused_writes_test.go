// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"errors"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("A write that the API server refuses", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })
	denied := apierrors.NewForbidden(schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: "tickets"}, "denied", errors.New("denied by the policy no-annotations"))

	It("is said in the conditions, where the status can be written", func() {
		w.reconcileIntegration()
		w.simulator.ForgetRequests()
		ticket := w.ticket("denied")
		w.create(ticket)
		writes := 0
		w.writes.before = func(client.Object) error {
			if writes++; writes == 1 {
				return denied
			}
			return nil
		}
		result := w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonWriteRefused, "recording the intent", "denied by the policy no-annotations")
		Expect(result.RequeueAfter).To(BeNumerically(">", 0))
		Expect(w.sent()).To(BeEmpty())

		w.writes.before = nil
		w.clock.Step(result.RequeueAfter)
		w.reconcile(ticket)
		expectReady(ticket)
		Expect(w.sent()).To(Equal([]string{"CreateTicket 201"}))
	})

	It("of the status is said in one Event, and no request is repeated meanwhile", func() {
		ticket := w.created(w.ticket("denied"))
		w.news()
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "edited" })
		w.writes.before = func(client.Object) error { return denied }
		result := w.reconcile(ticket)
		Expect(result.RequeueAfter).To(BeNumerically(">", 0))
		Expect(w.news()).To(HaveExactElements(And(HavePrefix("Warning WriteRefused "), ContainSubstring("denied by the policy no-annotations"))))
		for range 10 {
			w.reconcile(ticket)
		}
		Expect(w.sent()).To(Equal([]string{"PatchTicket 200"}))
		Expect(w.news()).To(BeEmpty())

		w.writes.before = nil
		w.clock.Step(result.RequeueAfter)
		w.reconcile(ticket)
		expectReady(ticket)
		Expect(w.sent()).To(Equal([]string{"PatchTicket 200", "GetTicket 200"}), "the update has taken effect, as a look shows")
		w.expectInSync(ticket)
	})
})

var _ = Describe("A ticketID that names no remote ticket", func() {
	It("is said to be wrong, and can be corrected", func() {
		w := newWorld()
		existing := w.simulator.AddTicket(theirs)
		w.reconcileIntegration()
		ticket := w.ticket("mistyped", func(s *v1alpha1.TicketSpec) { s.TicketID = "no-such-ticket" })
		w.create(ticket)
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonRemoteMissing, `the remote ticket "no-such-ticket", which spec.ticketID names, does not exist: correct spec.ticketID`)
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.TicketID = existing.ID })
		w.reconcile(ticket)
		expectReady(ticket)
		Expect(ticket.Status.ID).To(Equal(existing.ID))
	})
})

var theirs = simulator.Ticket{Name: "theirs", Summary: "theirs", Status: "Open"}
