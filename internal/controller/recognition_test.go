// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// What an unconfirmed create takes for its own, and what it leaves to people.
var _ = Describe("A comment whose create response was lost", func() {
	var w *world
	var existing simulator.Ticket
	BeforeEach(func() {
		w = newWorld()
		existing = w.simulator.AddTicket(simulator.Ticket{Name: "theirs", Summary: "theirs"})
	})
	onTheirTicket := func(name, content string) *v1alpha1.TicketComment {
		comment := w.comment(name, "")
		comment.Spec.ParentReference = v1alpha1.ParentReference{TicketID: existing.ID}
		comment.Spec.Content = content
		return comment
	}
	lose := func(committed bool) {
		w.simulator.Inject(simulator.Fault{Operation: "CreateComment", Lose: true, AfterCommit: committed, Times: 1})
	}
	// forAnHour reconciles as the work queue would.
	forAnHour := func(object client.Object, result ctrl.Result) {
		GinkgoHelper()
		for began := w.clock.Now(); w.clock.Since(began) < time.Hour; {
			w.clock.Step(max(result.RequeueAfter, time.Second))
			result = w.reconcile(object)
		}
	}

	It("is found, and left when its object is deleted, where nothing proves whose it is", func() {
		lose(true)
		comment := onTheirTicket("lost", "Mitigation started.")
		w.create(comment)
		w.reconcile(comment)
		w.clock.Step(2 * time.Second)
		w.reconcile(comment)
		expectReady(comment)
		Expect(condition(comment, v1alpha1.ConditionUnverified).Message).To(ContainSubstring("stays when this object is deleted"))
		w.news()
		w.delete(comment)
		w.reconcileAway(comment)
		w.expectGone(comment)
		Expect(w.simulator.Comments(existing.ID)).To(HaveLen(1))
		Expect(w.news()).To(ContainElement(HavePrefix("Warning Unverified left the remote comment")))
	})

	It("is left when it is replaced as well", func() {
		lose(true)
		comment := onTheirTicket("lost", "Mitigation started.")
		w.create(comment)
		w.reconcile(comment)
		w.clock.Step(2 * time.Second)
		w.reconcile(comment)
		edit(w, comment, func(c *v1alpha1.TicketComment) { c.Spec.Content = "Mitigated." })
		w.reconcile(comment)
		expectReady(comment)
		Expect(w.simulator.Comments(existing.ID)).To(HaveLen(2))
		Expect(condition(comment, v1alpha1.ConditionUnverified)).To(BeNil(), "of the new one there is an answer")
		w.delete(comment)
		w.reconcileAway(comment)
		Expect(w.simulator.Comments(existing.ID)).To(HaveLen(1))
	})

	It("is deleted where the token's own user wrote it", func() {
		sibling := onTheirTicket("sibling", "Something else.")
		w.create(sibling)
		w.reconcile(sibling)
		w.startWith(w.options) // a process that has seen no answer
		lose(true)
		comment := onTheirTicket("lost", "Mitigation started.")
		w.create(comment)
		w.reconcile(comment)
		w.clock.Step(2 * time.Second)
		w.reconcile(comment)
		expectReady(comment)
		w.delete(comment)
		w.reconcileAway(comment)
		Expect(w.simulator.Comments(existing.ID)).To(HaveLen(1))
	})

	It("is not posted again where the provider does not show texts as they were sent", func() {
		sibling := onTheirTicket("sibling", "Something else.")
		w.create(sibling)
		w.reconcile(sibling)
		w.simulator.SetBehaviour(simulator.Behaviour{RewriteEverything: true})
		edit(w, sibling, func(c *v1alpha1.TicketComment) { c.Spec.Content = "Something new." })
		w.reconcile(sibling)
		lose(true)
		comment := onTheirTicket("lost", "Mitigation started.")
		w.create(comment)
		forAnHour(comment, w.reconcile(comment))
		expectNotReady(comment, v1alpha1.ReasonCreateUnconfirmed, `of the TicketComment "sibling" with another text`, v1alpha1.CreateAgainAnnotation)
		Expect(w.simulator.Comments(existing.ID)).To(HaveLen(2))
	})

	It("is neither posted again nor taken where times cannot be read and somebody has said the same", func() {
		w.simulator.SetBehaviour(simulator.Behaviour{ZeroTimes: true})
		w.simulator.AddComment(existing.ID, "a person", "Mitigation started.")
		lose(false)
		comment := onTheirTicket("lost", "Mitigation started.")
		w.create(comment)
		forAnHour(comment, w.reconcile(comment))
		expectNotReady(comment, v1alpha1.ReasonCreateUnconfirmed, "its creation time does not tell", v1alpha1.CreateAgainAnnotation)
		Expect(comment.Status.ID).To(BeEmpty())

		annotate(w, comment, v1alpha1.CreateAgainAnnotation, "it is theirs")
		w.reconcile(comment)
		expectReady(comment)
		Expect(w.simulator.Comments(existing.ID)).To(HaveLen(2))
		w.delete(comment)
		w.reconcileAway(comment)
		Expect(w.simulator.Comments(existing.ID)).To(HaveLen(1))
	})

	It("is its object's alone, whatever name of the ticket the objects use", func() {
		w.simulator.SetBehaviour(simulator.Behaviour{TicketKeys: true})
		w.simulator.Inject(simulator.Fault{Operation: "CreateComment", Lose: true, AfterCommit: true, Times: 2})
		first, second := onTheirTicket("first", "Mitigation started."), onTheirTicket("second", "Mitigation started.")
		first.Spec.TicketID = existing.Project + "-" + existing.ID
		w.create(first, second)
		w.reconcile(first)
		w.reconcile(second)
		w.clock.Step(2 * time.Second)
		w.reconcile(first)
		w.reconcile(second)
		expectReady(first)
		expectReady(second)
		Expect(first.Status.TicketID).To(Equal(existing.ID))
		Expect(first.Status.ID).NotTo(Equal(second.Status.ID))
		Expect(w.simulator.Comments(existing.ID)).To(HaveLen(2))
	})

	It("is not what somebody says in the same words much later", func() {
		lose(false)
		comment := onTheirTicket("lost", "Mitigation started.")
		w.create(comment)
		w.reconcile(comment)
		w.clock.Step(time.Hour)
		w.simulator.AddComment(existing.ID, "a person", "Mitigation started.")
		forAnHour(comment, w.reconcile(comment))
		expectReady(comment)
		Expect(condition(comment, v1alpha1.ConditionUnverified)).To(BeNil())
		Expect(w.simulator.Comments(existing.ID)).To(HaveLen(2))
	})
})
