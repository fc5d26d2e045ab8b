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

// What the search for an unconfirmed create does with providers of different habits, and what
// people decide.
var _ = Describe("An unconfirmed create", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	lost := func(committed bool) simulator.Fault {
		return simulator.Fault{Operation: "CreateTicket", Lose: true, AfterCommit: committed, Times: 1}
	}
	// until reconciles as the work queue would, until the condition holds or an hour has passed.
	until := func(object client.Object, result ctrl.Result, done func() bool) {
		GinkgoHelper()
		began := w.clock.Now()
		for !done() && w.clock.Since(began) < time.Hour {
			w.clock.Step(max(result.RequeueAfter, time.Second))
			result = w.reconcile(object)
		}
		Expect(done()).To(BeTrue())
	}
	ready := func(object client.Object) func() bool {
		return func() bool { return condition(object, "Ready").Status == "True" }
	}

	for name, behaviour := range map[string]simulator.Behaviour{
		"keeps tags and filters by them":  {},
		"keeps tags and ignores filters":  {IgnoreFilters: []string{"*"}},
		"keeps tags and refuses filters":  {RefuseFilters: []string{"*"}},
		"keeps tags and refuses an order": {RefuseFilters: []string{"*"}, RefuseOrder: true},
		"drops tags":                      {DropTags: true},
		"drops tags and refuses filters":  {DropTags: true, RefuseFilters: []string{"*"}, RefuseOrder: true},
		"lower-cases tags":                {LowerCaseTags: true},
		"rewrites all texts":              {NormaliseText: true},
		"shows tickets in queries late":   {SearchLag: 90 * time.Second},
	} {
		for _, withOthers := range []bool{false, true} {
			for _, committed := range []bool{false, true} {
				It("ends with exactly one ticket at a provider that "+name, Label("search"), func() {
					w.simulator.SetBehaviour(behaviour)
					before := 0
					if withOthers {
						w.created(w.ticket("another"))
						w.simulator.AddTicket(simulator.Ticket{Name: "by a person", Summary: "by a person"})
						before = 2
					}
					w.simulator.Inject(lost(committed))
					ticket := w.ticket("lost")
					w.create(ticket)
					result := w.reconcile(ticket)
					expectNotReady(ticket, v1alpha1.ReasonCreateUnconfirmed)
					until(ticket, result, ready(ticket))
					Expect(w.simulator.Tickets()).To(HaveLen(before + 1))
					w.expectInSync(ticket)
				})
			}
		}
	}

	for _, rolledBack := range []string{"1", "three"} {
		It("is found when its annotations are those of an attempt before it, or damaged: "+rolledBack, func() {
			w.simulator.Inject(simulator.Fault{Operation: "CreateTicket", Status: 422, Message: "no such priority", Times: 1})
			ticket := w.ticket("restored-over")
			w.create(ticket)
			w.reconcile(ticket)
			expectNotReady(ticket, v1alpha1.ReasonRejected)
			w.simulator.Inject(lost(true))
			edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "after the refusal" })
			result := w.reconcile(ticket)
			expectNotReady(ticket, v1alpha1.ReasonCreateUnconfirmed)
			Expect(ticket.Annotations).To(HaveKeyWithValue(v1alpha1.CreateAttemptAnnotation, "2"))

			edit(w, ticket, func(t *v1alpha1.Ticket) { t.Annotations[v1alpha1.CreateAttemptAnnotation] = rolledBack })
			w.restart()
			w.reconcileIntegration()
			until(ticket, result, ready(ticket))
			Expect(w.simulator.Tickets()).To(HaveLen(1))
			w.expectInSync(ticket)
		})
	}

	It("stays visible where nothing can be searched, until a person decides", func() {
		w.simulator.SetBehaviour(simulator.Behaviour{Unsupported: []string{"QueryTickets"}})
		w.simulator.Inject(lost(false))
		ticket := w.ticket("unsearchable")
		w.create(ticket)
		result := w.reconcile(ticket)
		for range 50 {
			w.clock.Step(result.RequeueAfter)
			result = w.reconcile(ticket)
		}
		expectNotReady(ticket, v1alpha1.ReasonCreateUnconfirmed, "501", v1alpha1.CreateAgainAnnotation)
		Expect(w.simulator.RequestCounts()["CreateTicket"]).To(Equal(1))

		annotate(w, ticket, v1alpha1.CreateAgainAnnotation, "it is not there")
		w.reconcile(ticket)
		expectReady(ticket)
		Expect(w.simulator.Tickets()).To(HaveLen(1))
		w.expectInSync(ticket)
	})

	It("is not created twice by a decision that stands in the manifest, and a crash", func() {
		ticket := w.ticket("decided")
		ticket.Annotations = map[string]string{v1alpha1.CreateAgainAnnotation: "yes"}
		w.create(ticket)
		w.writes.before = func(object client.Object) error {
			if len(w.simulator.Tickets()) > 0 {
				return errUnavailable // The process dies between the answer and the status.
			}
			return nil
		}
		_, err := w.tryReconcile(ticket)
		Expect(err).To(HaveOccurred())
		w.restart()
		w.reconcile(ticket)
		expectReady(ticket)
		Expect(w.simulator.Tickets()).To(HaveLen(1))
		Expect(w.simulator.RequestCounts()["CreateTicket"]).To(Equal(1))
		w.expectInSync(ticket)
	})

	It("is bounded and visible where a list never ends", func() {
		w.simulator.SetBehaviour(simulator.Behaviour{EndlessCursor: true})
		w.simulator.AddTicket(simulator.Ticket{Name: "by a person", Summary: "by a person"})
		w.simulator.Inject(lost(false))
		ticket := w.ticket("endless")
		w.create(ticket)
		result := w.reconcile(ticket)
		w.clock.Step(result.RequeueAfter)
		result = w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonCreateUnconfirmed, "the list does not end", v1alpha1.CreateAgainAnnotation)
		Expect(result.RequeueAfter).To(BeNumerically(">", 0))
		Expect(w.simulator.RequestCounts()["CreateTicket"]).To(Equal(1))
	})

	It("counts a remote object that is listed twice once", func() {
		w.simulator.SetBehaviour(simulator.Behaviour{DuplicateItems: true})
		w.simulator.Inject(lost(true))
		ticket := w.ticket("twice")
		w.create(ticket)
		w.reconcile(ticket)
		w.news()
		w.clock.Step(2 * time.Second)
		w.reconcile(ticket)
		expectReady(ticket)
		Expect(w.news()).NotTo(ContainElement(ContainSubstring("FoundSeveral")))
	})

	It("adopts the oldest of several, says so, and creates no other", func() {
		w.simulator.Inject(lost(false))
		ticket := w.ticket("several")
		w.create(ticket)
		w.reconcile(ticket)
		marker := v1alpha1.CreateKeyTagPrefix + ticket.Annotations[v1alpha1.CreateKeyAnnotation]
		oldest := w.simulator.AddTicket(simulator.Ticket{Name: "several", Summary: "p99 above 2s", Tags: []string{marker}})
		w.clock.Step(2 * time.Second)
		w.simulator.AddTicket(simulator.Ticket{Name: "several", Summary: "p99 above 2s", Tags: []string{marker}})
		w.news()
		w.reconcile(ticket)
		expectReady(ticket)
		Expect(ticket.Status.ID).To(Equal(oldest.ID))
		Expect(w.news()).To(ContainElement(HavePrefix("Warning FoundSeveral 2 remote tickets")))
		Expect(w.simulator.Tickets()).To(HaveLen(2))
	})

	It("gives two comments with the same text one remote comment each, whoever asks first", func() {
		parent := w.created(w.ticket("parent"))
		w.simulator.Inject(simulator.Fault{Operation: "CreateComment", Lose: true, AfterCommit: true, Times: 2})
		first, second := w.comment("first", "parent"), w.comment("second", "parent")
		w.create(first, second)
		w.reconcile(first)
		w.reconcile(second)
		w.clock.Step(2 * time.Second)
		w.reconcile(first)
		w.reconcile(second)
		expectReady(first)
		expectReady(second)
		Expect(first.Status.ID).NotTo(Equal(second.Status.ID))
		Expect(w.simulator.Comments(parent.Status.ID)).To(HaveLen(2))
	})

	It("withdraws its claim when another process has claimed the same remote comment meanwhile", func() {
		parent := w.created(w.ticket("parent"))
		w.simulator.Inject(simulator.Fault{Operation: "CreateComment", Lose: true, AfterCommit: true, Times: 1})
		w.simulator.Inject(simulator.Fault{Operation: "CreateComment", Lose: true, Times: 1})
		first, second := w.comment("first", "parent"), w.comment("second", "parent")
		w.create(first, second)
		w.reconcile(first)
		w.reconcile(second)
		claimed := w.simulator.Comments(parent.Status.ID)[0].ID
		w.clock.Step(2 * time.Second)
		w.writes.before = func(object client.Object) error {
			// The other process writes its claim after this one has looked at its cache.
			w.writes.before = nil
			annotate(w, second, v1alpha1.CreateClaimAnnotation, claimed)
			return nil
		}
		w.reconcile(first)
		expectNotReady(first, v1alpha1.ReasonCreateUnconfirmed, `"second" claims the same`)
		Expect(first.Annotations).NotTo(HaveKey(v1alpha1.CreateClaimAnnotation))
		Expect(first.Status.ID).To(BeEmpty())
	})

	It("is a conflict when another installation recorded it, until the manager is told to take over", func() {
		original := w.created(w.ticket("moved"))
		id := original.Status.ID
		w.delete(original)
		w.options.Installation = "another-cluster"
		w.startWith(w.options)
		moved := w.ticket("moved")
		moved.Annotations = original.Annotations
		w.create(moved)
		w.reconcileIntegration()
		w.reconcile(moved)
		expectNotReady(moved, v1alpha1.ReasonConflict, "--former-installations=test-installation")

		w.options.FormerInstallations = []string{"test-installation"}
		w.startWith(w.options)
		w.reconcile(moved)
		expectReady(moved)
		Expect(moved.Status.ID).To(Equal(id))
	})

	It("is recognised by the words that were sent, when a comment was edited in between", func() {
		parent := w.created(w.ticket("parent"))
		w.simulator.Inject(simulator.Fault{Operation: "CreateComment", Lose: true, AfterCommit: true, Times: 1})
		comment := w.comment("edited", "parent")
		w.create(comment)
		w.reconcile(comment)
		edit(w, comment, func(c *v1alpha1.TicketComment) { c.Spec.Content = "Mitigated." })
		w.clock.Step(2 * time.Second)
		w.reconcile(comment)
		expectReady(comment)
		comments := w.simulator.Comments(parent.Status.ID)
		Expect(comments).To(HaveLen(1))
		Expect(comments[0].Content).To(Equal("Mitigated."))
	})

	It("does not take for its own what a person wrote in the same words, before or with another name", func() {
		parent := w.created(w.ticket("parent"))
		w.simulator.AddComment(parent.Status.ID, "a person", "Mitigation started.")
		w.clock.Step(time.Minute)
		sibling := w.comment("sibling", "parent")
		sibling.Spec.Content = "Something else."
		w.create(sibling)
		w.reconcile(sibling)
		w.simulator.Inject(simulator.Fault{Operation: "CreateComment", Lose: true, Times: 1})
		comment := w.comment("lost", "parent")
		w.create(comment)
		result := w.reconcile(comment)
		w.simulator.AddComment(parent.Status.ID, "another person", "Mitigation started.")
		until(comment, result, ready(comment))
		Expect(w.simulator.Comments(parent.Status.ID)).To(HaveLen(4))
		w.delete(comment)
		w.reconcileAway(comment)
		w.expectGone(comment)
		Expect(w.simulator.Comments(parent.Status.ID)).To(HaveLen(3), "and deletes nothing of theirs")
	})

	It("is not confused by an edit of the spec in between", func() {
		w.simulator.Inject(lost(true))
		ticket := w.ticket("edited")
		w.create(ticket)
		w.reconcile(ticket)
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "edited meanwhile" })
		w.clock.Step(2 * time.Second)
		w.reconcile(ticket)
		expectReady(ticket)
		Expect(w.simulator.Tickets()).To(HaveLen(1))
		Expect(w.simulator.Tickets()[0].Summary).To(Equal("edited meanwhile"))
	})
})

var _ = Describe("A remote ticket that a person deleted", func() {
	It("is created again when a person asks for it, once per value", func() {
		w := newWorld()
		ticket := w.created(w.ticket("recreated"))
		w.simulator.DeleteTicket(ticket.Status.ID)
		annotate(w, ticket, v1alpha1.SyncRequestedAnnotation, "1")
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonRemoteMissing)
		annotate(w, ticket, v1alpha1.CreateAgainAnnotation, "yes")
		w.reconcile(ticket)
		expectReady(ticket)
		Expect(w.simulator.Tickets()).To(HaveLen(1))
		w.expectInSync(ticket)

		w.simulator.DeleteTicket(ticket.Status.ID)
		annotate(w, ticket, v1alpha1.SyncRequestedAnnotation, "2")
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonRemoteMissing)
		Expect(w.simulator.Tickets()).To(BeEmpty())
	})
})
