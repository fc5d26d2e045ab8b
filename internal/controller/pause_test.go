// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

var _ = Describe("An Integration that is paused", func() {
	var w *world
	var ticket *v1alpha1.Ticket
	BeforeEach(func() {
		w = newWorld()
		ticket = w.created(w.ticket("paused"))
	})
	pause := func(value string) {
		GinkgoHelper()
		integration := w.reconcileIntegration()
		annotate(w, integration, v1alpha1.PausedAnnotation, value)
	}

	It("sends nothing, deletions included, until it is resumed", func() {
		comment := w.comment("said", "paused")
		w.create(comment)
		w.reconcile(comment)
		expectReady(comment)
		pause("true")
		w.simulator.ForgetRequests()

		w.delete(comment)
		w.reconcile(comment)
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "edited" })
		w.reconcile(ticket)
		Expect(w.sent()).To(BeEmpty())
		expectNotReady(comment, v1alpha1.ReasonDeleteBlocked, "is paused by the annotation")
		expectNotReady(ticket, v1alpha1.ReasonWaitingForIntegration, "is paused by the annotation")

		pause("false")
		w.reconcileIntegration()
		w.simulator.ForgetRequests()
		w.reconcileAway(comment)
		w.expectGone(comment)
		w.reconcile(ticket)
		expectReady(ticket)
		Expect(w.sent()).To(Equal([]string{"DeleteComment 204", "PatchTicket 200"}))
	})

	It("does not keep the finalizer from a Ticket that is to be closed", func() {
		pause("true")
		w.reconcileIntegration()
		edit(w, ticket, func(t *v1alpha1.Ticket) {
			t.Spec.DeletionPolicy, t.Spec.Close = v1alpha1.TicketClose, &v1alpha1.TicketCloseSpec{Status: "Done"}
		})
		w.reconcile(ticket)
		Expect(ticket.Finalizers).To(ContainElement(v1alpha1.RemoteFinalizer))
		expectCondition(ticket, "Ready", metav1.ConditionTrue, v1alpha1.ReasonSynced)
		w.delete(ticket)
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonDeleteBlocked, "is paused by the annotation")
	})
})
