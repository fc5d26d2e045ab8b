// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// ttl removes a Ticket an hour after its remote ticket was closed.
func ttl(spec *v1alpha1.TicketSpec) {
	spec.TTLAfterClosed = &metav1.Duration{Duration: time.Hour}
}

// expectClosed checks closedAt.
func expectClosed(ticket *v1alpha1.Ticket, at time.Time) {
	GinkgoHelper()
	Expect(ticket.Status.ClosedAt).NotTo(BeNil(), "the remote ticket is closed")
	Expect(ticket.Status.ClosedAt.UTC()).To(Equal(at.UTC()))
}

var _ = Describe("A remote ticket that a person closes", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	It("leaves its Ticket Ready, and says when it was closed", func() {
		ticket := w.created(w.ticket("done"))
		Expect(ticket.Status.ClosedAt).To(BeNil())
		w.closedByAPerson(ticket)
		w.seen(ticket)
		w.reconcile(ticket)
		expectReady(ticket)
		expectClosed(ticket, w.clock.Now())
		Expect(ticket.Status.Remote.Status).To(Equal("Done"))
		Expect(w.sent()).To(BeEmpty())
		w.expectInSync(ticket)
	})

	It("is closed by its completion date too, and a planned one closes nothing", func() {
		ticket := w.created(w.ticket("dated"))
		planned := w.clock.Now().Add(24 * time.Hour)
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.CompletionDate = &planned })
		w.seen(ticket)
		w.reconcile(ticket)
		Expect(ticket.Status.Remote.CompletionDate).NotTo(BeEmpty())
		Expect(ticket.Status.ClosedAt).To(BeNil())

		earlier := w.clock.Now().Add(-24 * time.Hour)
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.CompletionDate = &earlier })
		w.seen(ticket)
		w.reconcile(ticket)
		expectClosed(ticket, earlier)
		expectReady(ticket)
	})

	It("stays closed when another field of the spec is edited", func() {
		ticket := w.created(w.ticket("edited", func(s *v1alpha1.TicketSpec) { s.Status = "In Progress" }))
		w.closedByAPerson(ticket)
		closed := w.clock.Now()
		w.seen(ticket)
		w.reconcile(ticket)
		w.clock.Step(time.Minute)
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "edited" })
		w.reconcile(ticket)
		Expect(operations(w.patches()[0])).To(Equal([]string{`replace /summary "edited"`}))
		Expect(w.listed(ticket).Status).To(Equal("Done"))
		expectClosed(ticket, closed)
		expectReady(ticket)
	})

	It("keeps the time of the change that closed it, where the provider shows no completion date", func() {
		integration := w.reconcileIntegration()
		edit(w, integration, func(i *v1alpha1.Integration) { i.Spec.ClosedStatuses = []string{"Erledigt"} })
		w.reconcileIntegration()
		ticket := w.created(w.ticket("undated"))
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status = "ERLEDIGT" })
		closed := w.clock.Now()
		w.clock.Step(time.Minute)
		w.seen(ticket)
		w.reconcile(ticket)
		expectClosed(ticket, closed)

		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Assignee = "max@example.com" })
		w.seen(ticket)
		w.reconcile(ticket)
		Expect(ticket.Status.Remote.Assignee).To(Equal("max@example.com"))
		expectClosed(ticket, closed)
	})

	It("is open again when a person reopens it", func() {
		ticket := w.created(w.ticket("reopened"))
		w.closedByAPerson(ticket)
		w.seen(ticket)
		w.reconcile(ticket)
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status, t.CompletionDate = "To Do", nil })
		w.seen(ticket)
		w.reconcile(ticket)
		Expect(ticket.Status.ClosedAt).To(BeNil())
		expectReady(ticket)
	})

	It("is reopened under Enforce where the spec sets the status, and only there", func() {
		managed := w.created(w.ticket("managed", enforced, func(s *v1alpha1.TicketSpec) { s.Status = "In Progress" }))
		free := w.created(w.ticket("free", enforced))
		for _, ticket := range []*v1alpha1.Ticket{managed, free} {
			w.closedByAPerson(ticket)
			w.seen(ticket)
			w.reconcile(ticket)
			expectReady(ticket)
		}
		Expect(w.listed(managed).Status).To(Equal("In Progress"))
		Expect(w.listed(free).Status).To(Equal("Done"))
		Expect(w.patches()).To(HaveLen(1))
	})

	It("is closed by the words of the Integration, once those change", func() {
		ticket := w.created(w.ticket("words"))
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status = "Erledigt" })
		w.seen(ticket)
		w.reconcile(ticket)
		Expect(ticket.Status.ClosedAt).To(BeNil())

		integration := w.reconcileIntegration()
		edit(w, integration, func(i *v1alpha1.Integration) { i.Spec.ClosedStatuses = []string{"erledigt"} })
		w.reconcileIntegration()
		w.seen(ticket)
		w.reconcile(ticket)
		Expect(ticket.Status.ClosedAt).NotTo(BeNil(), "the same sighting means something else now")
	})

	It("is left alone, without a comment, by the deletion of its Ticket", func() {
		ticket := w.created(w.ticket("deleted", closedOnDelete))
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status = "Cancelled" })
		before := w.listed(ticket)
		w.delete(ticket)
		w.reconcileAway(ticket)
		w.expectGone(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 200"}))
		Expect(w.listed(ticket)).To(Equal(before))
		Expect(w.simulator.Comments(ticket.Status.ID)).To(BeEmpty())
	})

	It("is commented and closed by the deletion where the Integration does not call its status closed", func() {
		integration := w.reconcileIntegration()
		edit(w, integration, func(i *v1alpha1.Integration) { i.Spec.ClosedStatuses = []string{"Done"} })
		w.reconcileIntegration()
		ticket := w.created(w.ticket("deleted", closedOnDelete))
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status = "Cancelled" })
		w.delete(ticket)
		w.reconcileAway(ticket)
		w.expectGone(ticket)
		Expect(w.listed(ticket).Status).To(Equal("Done"))
		Expect(w.simulator.Comments(ticket.Status.ID)).To(HaveLen(1))
	})
})

var _ = Describe("A Ticket with ttlAfterClosed", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	// closedAnHourAgo is a Ticket that is about to expire, and its remote ticket.
	closedAnHourAgo := func(change ...func(*v1alpha1.TicketSpec)) (*v1alpha1.Ticket, simulator.Ticket) {
		GinkgoHelper()
		ticket := w.created(w.ticket("expiring", append(change, ttl)...))
		w.closedByAPerson(ticket)
		w.seen(ticket)
		w.reconcile(ticket)
		expectReady(ticket)
		w.clock.Step(time.Hour)
		w.news()
		remote, _ := w.simulator.Ticket(ticket.Status.ID)
		return ticket, remote
	}
	expectUntouched := func(remote simulator.Ticket) {
		GinkgoHelper()
		now, exists := w.simulator.Ticket(remote.ID)
		Expect(exists).To(BeTrue())
		Expect(now).To(Equal(remote))
		Expect(w.simulator.Comments(remote.ID)).To(BeEmpty())
	}

	for name, policy := range map[string]func(*v1alpha1.TicketSpec){
		"Retain": func(*v1alpha1.TicketSpec) {},
		"Close":  closedOnDelete,
	} {
		It("is removed at its time, and the remote ticket left alone, under "+name, func() {
			ticket := w.created(w.ticket("expiring", policy, ttl))
			Expect(w.reconcile(ticket).RequeueAfter).To(BeZero(), "while it is open there is no end")
			w.closedByAPerson(ticket)
			remote, _ := w.simulator.Ticket(ticket.Status.ID)
			w.seen(ticket)
			Expect(w.reconcile(ticket).RequeueAfter).To(Equal(time.Hour))
			w.clock.Step(59 * time.Minute)
			written := w.writes.count.Load()
			Expect(w.reconcile(ticket).RequeueAfter).To(Equal(time.Minute))
			Expect(w.writes.count.Load()).To(Equal(written))
			Expect(w.sent()).To(BeEmpty())
			w.news()

			w.clock.Step(time.Minute)
			w.reconcileAway(ticket)
			w.expectGone(ticket)
			Expect(w.sent()).To(Equal([]string{"GetTicket 200"}), "it is looked at once more, and that is all")
			expectUntouched(remote)
			Expect(w.news()).To(HaveExactElements(HavePrefix("Normal Expired")))
		})
	}

	It("is removed under Observe as well", func() {
		existing := w.simulator.AddTicket(simulator.Ticket{Name: "theirs", Summary: "theirs"})
		ticket, remote := closedAnHourAgo(func(s *v1alpha1.TicketSpec) {
			s.TicketID, s.ManagementPolicy = existing.ID, v1alpha1.ManagementObserve
		})
		w.reconcileAway(ticket)
		w.expectGone(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 200"}))
		expectUntouched(remote)
	})

	It("stays when the remote ticket was reopened and no poll has seen it", func() {
		ticket, _ := closedAnHourAgo(closedOnDelete)
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status, t.CompletionDate = "To Do", nil })
		Expect(w.reconcile(ticket).RequeueAfter).To(BeZero())
		Expect(w.sent()).To(Equal([]string{"GetTicket 200"}))
		Expect(ticket.Status.ClosedAt).To(BeNil())
		Expect(ticket.Finalizers).To(ContainElement(v1alpha1.RemoteFinalizer))
		expectReady(ticket)
		w.expectInSync(ticket)
	})

	It("stays while the remote ticket cannot be looked at", func() {
		ticket, remote := closedAnHourAgo()
		w.simulator.Inject(simulator.Fault{Operation: "GetTicket", Status: 503, Times: 1})
		result := w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonRemoteUnavailable)
		w.clock.Step(result.RequeueAfter)
		w.reconcileAway(ticket)
		w.expectGone(ticket)
		expectUntouched(remote)
	})

	for name, policy := range map[string]func(*v1alpha1.TicketSpec){
		"Retain": func(*v1alpha1.TicketSpec) {},
		"Close":  closedOnDelete,
	} {
		It("is not removed at the moment in which somebody edits it, under "+name, func() {
			ticket, remote := closedAnHourAgo(policy)
			edited := false
			w.writes.before = func(object client.Object) error {
				// The write before the removal, where there is one, takes the finalizer off.
				if current := w.ticket("expiring"); !edited && len(object.GetFinalizers()) == 0 {
					edited = true
					edit(w, current, func(t *v1alpha1.Ticket) {
						t.Spec.TTLAfterClosed = &metav1.Duration{Duration: 2 * time.Hour}
					})
				}
				return nil
			}
			result := w.reconcile(ticket)
			Expect(edited).To(BeTrue())
			Expect(result.RequeueAfter).To(Equal(time.Second))
			Expect(ticket.DeletionTimestamp).To(BeNil())

			result = w.reconcile(ticket)
			expectReady(ticket)
			Expect(result.RequeueAfter).To(Equal(time.Hour), "what was edited counts")
			w.clock.Step(result.RequeueAfter)
			w.reconcileAway(ticket)
			w.expectGone(ticket)
			expectUntouched(remote)
		})
	}

	It("is removed after a crash between the finalizer and the removal", func() {
		ticket, remote := closedAnHourAgo(closedOnDelete)
		w.refuseWrites(2)
		_, err := w.tryReconcile(ticket)
		Expect(err).To(MatchError(errUnavailable))
		w.refresh(ticket)
		Expect(ticket.Finalizers).To(BeEmpty())
		Expect(ticket.DeletionTimestamp).To(BeNil())
		Expect(w.news()).To(BeEmpty(), "what has not happened is not told")
		w.restart()
		w.reconcileAway(ticket)
		w.expectGone(ticket)
		expectUntouched(remote)
	})

	It("has a change of its spec written before it is removed", func() {
		ticket, _ := closedAnHourAgo(closedOnDelete)
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "what we learned" })
		w.reconcileAway(ticket)
		w.expectGone(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 200", "PatchTicket 200"}))
		Expect(w.listed(ticket).Summary).To(Equal("what we learned"))
		Expect(w.listed(ticket).Status).To(Equal("Done"))
	})

	It("stays while a change of its spec cannot be written", func() {
		ticket, _ := closedAnHourAgo()
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "what we learned" })
		w.simulator.SetBehaviour(simulator.Behaviour{ReadOnlyFields: []string{"summary"}})
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonRejected)
	})

	It("does not wait for a change of its spec when the remote ticket is gone", func() {
		ticket, remote := closedAnHourAgo(closedOnDelete)
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "what we learned" })
		w.simulator.DeleteTicket(remote.ID)
		w.reconcileAway(ticket)
		w.expectGone(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 404"}))
		Expect(w.news()).To(HaveExactElements(HavePrefix("Normal Expired")))
	})

	It("is removed at once with a ttl of nothing", func() {
		ticket := w.created(w.ticket("expiring", func(s *v1alpha1.TicketSpec) { s.TTLAfterClosed = &metav1.Duration{} }))
		w.closedByAPerson(ticket)
		w.seen(ticket)
		w.reconcileAway(ticket)
		w.expectGone(ticket)
	})

	It("takes the comments, notes and attachments that name it along, and leaves what they stand for", func() {
		ticket := w.created(w.ticket("expiring", func(s *v1alpha1.TicketSpec) { s.TTLAfterClosed = &metav1.Duration{} }))
		other := w.created(w.ticket("other"))
		comment, note, attachment := w.comment("said", ticket.Name), w.note("written", ticket.Name), w.attachment("attached", ticket.Name)
		stopped, ofTheOther := w.comment("stopped", ticket.Name), w.comment("of-the-other", other.Name)
		for _, child := range []client.Object{comment, note, attachment, stopped, ofTheOther} {
			w.create(child)
			w.reconcile(child)
			expectReady(child)
		}
		waiting := w.comment("not-sent-yet", ticket.Name)
		w.create(waiting)
		annotate(w, stopped, v1alpha1.PausedAnnotation, "true")
		w.closedByAPerson(ticket)
		w.seen(ticket)
		w.simulator.ForgetRequests()
		w.reconcileAway(ticket)
		for _, gone := range []client.Object{ticket, comment, note, attachment, waiting} {
			w.expectGone(gone)
		}
		Expect(w.exists(stopped)).To(BeTrue(), "a person has stopped it")
		Expect(w.exists(ofTheOther)).To(BeTrue())
		Expect(w.sent()).To(Equal([]string{"GetTicket 200"}))
		Expect(w.simulator.Comments(ticket.Status.ID)).To(HaveLen(2))
		Expect(w.simulator.Notes(ticket.Status.ID)).To(HaveLen(1))
		Expect(w.simulator.Attachments(ticket.Status.ID)).To(HaveLen(1))
		Expect(w.news()).To(ContainElement(And(HavePrefix("Normal Expired"), ContainSubstring("the 4 that name it by ticketRef"))))
	})

	It("stays, and is looked at again, when a comment that goes with it was edited meanwhile", func() {
		ticket := w.created(w.ticket("expiring", func(s *v1alpha1.TicketSpec) { s.TTLAfterClosed = &metav1.Duration{} }))
		comment := w.comment("said", ticket.Name)
		w.create(comment)
		w.reconcile(comment)
		w.closedByAPerson(ticket)
		w.seen(ticket)
		w.writes.before = func(object client.Object) error {
			w.writes.before = nil
			edit(w, comment, func(c *v1alpha1.TicketComment) { c.Spec.Content = "What we learned." })
			return nil
		}
		Expect(w.reconcile(ticket).RequeueAfter).To(BeNumerically(">", 0))
		Expect(w.exists(comment)).To(BeTrue())
		w.reconcileAway(ticket)
		w.expectGone(ticket)
		w.expectGone(comment)
	})

	It("is removed an hour after it was closed when the ttl is set only then", func() {
		ticket := w.created(w.ticket("later"))
		w.closedByAPerson(ticket)
		w.seen(ticket)
		Expect(w.reconcile(ticket).RequeueAfter).To(BeZero())
		w.clock.Step(20 * time.Minute)
		edit(w, ticket, func(t *v1alpha1.Ticket) { ttl(&t.Spec) })
		Expect(w.reconcile(ticket).RequeueAfter).To(Equal(40 * time.Minute))
	})
})
