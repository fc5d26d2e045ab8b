// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// A backup tool that restores the status of objects writes it after them, when the copy of an
// object may have a remote object of its own already.
var _ = Describe("An object that is given the status of another one", func() {
	givenStatus := func(w *world, comment *v1alpha1.TicketComment, other *v1alpha1.TicketComment) {
		GinkgoHelper()
		w.refresh(comment)
		comment.Status = *other.Status.DeepCopy()
		Expect(testCluster.GetClient().Status().Update(w.ctx, comment)).To(Succeed())
	}
	commented := func(w *world, name string) *v1alpha1.TicketComment {
		GinkgoHelper()
		ticket := w.created(w.ticket(name))
		comment := w.comment(name, ticket.Name)
		w.create(comment)
		w.reconcile(comment)
		expectReady(comment)
		return comment
	}

	It("finds its own remote object again, and leaves that of the other namespace alone", func() {
		original, copies := newWorld(), newWorld()
		theirs := commented(original, "original")
		commented(copies, "another")
		own := commented(copies, "copy")
		id := own.Status.ID
		Expect(id).NotTo(Equal(theirs.Status.ID))

		givenStatus(copies, own, theirs)
		copies.simulator.ForgetRequests()
		copies.reconcile(own)
		copies.reconcile(own)
		expectReady(own)
		Expect(own.Status.ID).To(Equal(id))
		Expect(copies.news()).To(ContainElement(And(HavePrefix("Normal Copied"), ContainSubstring(theirs.Status.ID))))
		Expect(copies.sent()).NotTo(ContainElement(HavePrefix("Create")))
	})

	It("removes its own remote object when it is deleted, and not what has that ID here", func() {
		original, copies := newWorld(), newWorld()
		theirs := commented(original, "original")
		another := commented(copies, "another")
		Expect(another.Status.ID).To(Equal(theirs.Status.ID), "each ticketing system counts for itself")
		own := commented(copies, "copy")
		ticketID := own.Status.TicketID
		givenStatus(copies, own, theirs)

		copies.delete(own)
		copies.reconcileAway(own)
		copies.expectGone(own)
		Expect(copies.simulator.Comments(ticketID)).To(BeEmpty())
		Expect(copies.simulator.Comments(another.Status.TicketID)).To(HaveLen(1))
	})
})
