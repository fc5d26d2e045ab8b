// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

var _ = Describe("The life of objects", func() {
	It("goes from creation in the worst order, over edits, to deletion", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.startManager(ctx, "--watch-namespaces=") // All of them.

		By("creating first what needs something else")
		ticket := t.ticket("outage")
		ticket.Spec.DeletionPolicy = v1alpha1.TicketClose
		ticket.Spec.Close = &v1alpha1.TicketCloseSpec{Status: "Done", Comment: "Closed by the test."}
		comment, note := t.comment("started", ticket.Name), t.note("handover", ticket.Name)
		create[client.Object](ctx, comment, note)
		expectReason(ctx, comment, v1alpha1.ReasonWaitingForTicket)
		expectReason(ctx, note, v1alpha1.ReasonWaitingForTicket)
		create(ctx, ticket)
		expectReason(ctx, ticket, v1alpha1.ReasonWaitingForIntegration)
		integration := t.integration()
		create(ctx, integration)
		expectReason(ctx, integration, v1alpha1.ReasonSecretNotFound)
		create(ctx, t.secret())

		expectReady(ctx, integration)
		expectReady(ctx, ticket)
		expectReady(ctx, comment)
		expectReady(ctx, note)
		t.expectOneRemoteTicketEach(ticket)
		Expect(t.remote.Tickets()[0]).To(HaveField("Summary", "The summary of outage"))
		Expect(t.remote.Comments(ticket.Status.ID)).To(ConsistOf(
			And(HaveField("ID", comment.Status.ID), HaveField("Content", "The content of started"))))
		Expect(t.remote.Notes(ticket.Status.ID)).To(ConsistOf(
			And(HaveField("ID", note.Status.ID), HaveField("Title", "The title of handover"))))
		Expect(t.remote.RequestCounts()).To(And(
			HaveKeyWithValue("CreateTicket", 1), HaveKeyWithValue("CreateComment", 1), HaveKeyWithValue("CreateNote", 1)))

		By("editing all three")
		edit(ctx, ticket, func() { ticket.Spec.Summary = "Another summary" })
		edit(ctx, comment, func() { comment.Spec.Content = "Another content" })
		edit(ctx, note, func() { note.Spec.Title = "Another title" })
		expectReady[client.Object](ctx, ticket, comment, note)
		t.expectOneRemoteTicketEach(ticket)
		Expect(t.remote.Tickets()[0]).To(HaveField("Summary", "Another summary"))
		Expect(t.remote.Comments(ticket.Status.ID)).To(ConsistOf(
			And(HaveField("ID", comment.Status.ID), HaveField("Content", "Another content"))), "the replaced comment should be gone")
		Expect(t.remote.Notes(ticket.Status.ID)).To(ConsistOf(
			And(HaveField("ID", note.Status.ID), HaveField("Title", "Another title"))))

		By("deleting all three")
		remoteID := ticket.Status.ID
		for _, object := range []client.Object{ticket, comment, note} {
			Expect(administrator.Delete(ctx, object)).To(Succeed())
		}
		for _, object := range []client.Object{ticket, comment, note} {
			expectGone(ctx, object)
		}
		Expect(t.remote.Tickets()).To(ConsistOf(And(HaveField("ID", remoteID), HaveField("Status", "Done"))))
		Expect(t.remote.Comments(remoteID)).To(ConsistOf(HaveField("Content", "Closed by the test.")))
		Expect(t.remote.Notes(remoteID)).To(BeEmpty())
	})
})
