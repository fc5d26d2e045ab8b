// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// settlePeriod is the default of an Integration.
const settlePeriod = 2 * time.Minute

func recreated(spec *v1alpha1.TicketSpec) { spec.OnRemoteMissing = v1alpha1.RemoteMissingRecreate }

// closedOnDelete asks for a comment and the status Done.
func closedOnDelete(spec *v1alpha1.TicketSpec) {
	spec.DeletionPolicy = v1alpha1.TicketClose
	spec.Close = &v1alpha1.TicketCloseSpec{Status: "Done", Comment: "Closed: removed from Git."}
}

// deletedByAPerson deletes the remote ticket, and reports that a poll misses it.
func deletedByAPerson(w *world, ticket *v1alpha1.Ticket) {
	GinkgoHelper()
	Expect(w.simulator.DeleteTicket(ticket.Status.ID)).To(BeTrue())
	w.missed(ticket)
}

// reconcileUntil reconciles as often as it is asked to, for at most an hour, until the condition is
// met, and returns how long that took.
func reconcileUntil(w *world, ticket *v1alpha1.Ticket, met func() bool) time.Duration {
	GinkgoHelper()
	began := w.clock.Now()
	for !met() {
		result := w.reconcileAway(ticket)
		if !w.exists(ticket) || met() {
			break
		}
		Expect(result.RequeueAfter).To(BeNumerically(">", 0), "nothing would bring it back: %v", ticket.Status.Conditions)
		Expect(w.clock.Since(began)).To(BeNumerically("<", time.Hour))
		w.clock.Step(result.RequeueAfter)
	}
	return w.clock.Since(began)
}

func isReady(w *world, ticket *v1alpha1.Ticket) func() bool {
	return func() bool {
		w.refresh(ticket)
		ready := condition(ticket, "Ready")
		return ready != nil && ready.Status == metav1.ConditionTrue
	}
}

var _ = Describe("A Ticket whose remote ticket is gone", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	It("says so and creates no other, in an hour of slow checks", func() {
		ticket := w.created(w.ticket("gone"))
		deletedByAPerson(w, ticket)
		id := ticket.Status.ID
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 404"}))
		expectNotReady(ticket, v1alpha1.ReasonRemoteMissing, id, "is not created again")
		Expect(condition(ticket, "Stalled")).To(BeNil(), "it may come back")
		Expect(w.unrecorded(ticket)).To(BeFalse())
		for range 50 {
			w.clock.Step(72 * time.Second)
			w.reconcile(ticket)
		}
		Expect(w.simulator.Tickets()).To(BeEmpty())
		Expect(w.simulator.RequestCounts()).To(HaveLen(1), "it is only looked at")
		Expect(w.simulator.RequestCounts()["GetTicket"]).To(And(BeNumerically(">=", 9), BeNumerically("<=", 13)))
		expectNotReady(ticket, v1alpha1.ReasonRemoteMissing)
		Expect(ticket.Status.ID).To(Equal(id))
	})

	It("stays Ready where only the list had lost it", func() {
		ticket := w.created(w.ticket("moved"))
		w.missed(ticket)
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 200"}))
		expectReady(ticket)
		w.expectInSync(ticket)
	})

	It("is created again, once, when a person asks for it", func() {
		ticket := w.created(w.ticket("again", someFields))
		id := ticket.Status.ID
		deletedByAPerson(w, ticket)
		w.reconcile(ticket)
		w.news()
		annotate(w, ticket, v1alpha1.CreateAgainAnnotation, "yes")
		w.reconcile(ticket)
		expectReady(ticket)
		Expect(w.simulator.Tickets()).To(HaveLen(1))
		Expect(ticket.Status.ID).To(And(Equal(w.simulator.Tickets()[0].ID), Not(Equal(id))))
		Expect(w.news()).To(HaveExactElements(
			And(HavePrefix("Normal Recreating"), ContainSubstring(id), ContainSubstring(v1alpha1.CreateAgainAnnotation)),
			And(HavePrefix("Normal Created"), ContainSubstring(ticket.Status.ID)),
		))
		w.expectInSync(ticket)
	})

	It("that it had adopted is never replaced by another one", func() {
		existing := w.simulator.AddTicket(simulator.Ticket{Name: "theirs", Summary: "theirs"})
		ticket := w.created(w.ticket("adopted", func(s *v1alpha1.TicketSpec) { s.TicketID = existing.ID }))
		deletedByAPerson(w, ticket)
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonRemoteMissing, existing.ID)
		w.news()
		annotate(w, ticket, v1alpha1.CreateAgainAnnotation, "yes")
		for range 50 {
			w.clock.Step(time.Minute)
			w.reconcile(ticket)
		}
		Expect(w.simulator.Tickets()).To(BeEmpty())
		Expect(w.simulator.RequestCounts()["CreateTicket"]).To(BeZero())
		Expect(w.about("Recreating")).To(BeEmpty())
		Expect(ticket.Status.ID).To(Equal(existing.ID))
		expectNotReady(ticket, v1alpha1.ReasonRemoteMissing, existing.ID)
	})

	// The doubt, and what is known of the absence, must outlast that the provider cannot be asked
	// for a while.
	for name, fault := range map[string]simulator.Fault{
		"is not available": {Status: 503},
		"asks to wait":     {Status: 429, RetryAfter: "5"},
		"shuts us out":     {Status: 403},
	} {
		fault.Operation, fault.Times = "GetTicket", 1
		It("is looked for again when the provider "+name+" at the first look", func() {
			ticket := w.created(w.ticket("doubted"))
			deletedByAPerson(w, ticket)
			w.simulator.Inject(fault)
			result := w.reconcile(ticket)
			w.clock.Step(result.RequeueAfter)
			w.reconcile(ticket)
			expectNotReady(ticket, v1alpha1.ReasonRemoteMissing)
		})

		It("is not taken for there when the provider "+name+" at a later look", func() {
			ticket := w.created(w.ticket("doubted"))
			deletedByAPerson(w, ticket)
			w.clock.Step(w.reconcile(ticket).RequeueAfter)
			expectNotReady(ticket, v1alpha1.ReasonRemoteMissing)
			w.simulator.Inject(fault)
			for range 3 {
				w.clock.Step(w.reconcile(ticket).RequeueAfter)
			}
			expectNotReady(ticket, v1alpha1.ReasonRemoteMissing)
		})
	}

	It("is not taken for there after a pause", func() {
		ticket := w.created(w.ticket("paused"))
		deletedByAPerson(w, ticket)
		w.reconcile(ticket)
		annotate(w, ticket, v1alpha1.PausedAnnotation, "true")
		w.reconcile(ticket)
		annotate(w, ticket, v1alpha1.PausedAnnotation, "false")
		w.clock.Step(10 * time.Minute)
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonRemoteMissing)
	})
})

var _ = Describe("A Ticket with onRemoteMissing Recreate", func() {
	var w *world
	var ticket *v1alpha1.Ticket
	var id string
	BeforeEach(func() {
		w = newWorld()
		ticket = w.created(w.ticket("recreated", someFields, recreated, closedOnDelete))
		id = ticket.Status.ID
		w.news()
	})
	// missing is the first look after the remote ticket was deleted.
	missing := func() ctrl.Result {
		GinkgoHelper()
		deletedByAPerson(w, ticket)
		result := w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonRemoteMissing, id, "settlePeriod")
		return result
	}
	expectOneNewTicket := func() {
		GinkgoHelper()
		expectReady(ticket)
		Expect(w.simulator.Tickets()).To(HaveLen(1))
		Expect(ticket.Status.ID).To(And(Equal(w.simulator.Tickets()[0].ID), Not(Equal(id))))
		Expect(w.simulator.Tickets()[0].Status).To(Equal("In Progress"))
		w.expectInSync(ticket)
	}

	It("gets a new remote ticket by one POST once the settle period is over", func() {
		Expect(missing().RequeueAfter).To(Equal(settlePeriod))
		for range 11 {
			w.clock.Step(10 * time.Second)
			w.reconcile(ticket)
		}
		Expect(w.sent()).To(Equal([]string{"GetTicket 404"}), "until then it is left alone")
		w.clock.Step(10 * time.Second)
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 404", "GetTicket 404", "QueryTickets 200", "CreateTicket 201"}))
		Expect(w.news()).To(HaveExactElements(
			HavePrefix("Warning RemoteMissing"),
			Equal(fmt.Sprintf("Normal Recreating the remote ticket %q is missing: creating a new one because of onRemoteMissing Recreate", id)),
			Equal(fmt.Sprintf("Normal Created created the remote ticket %q", ticket.Status.ID)),
		))
		Expect(ticket.Annotations).To(HaveKeyWithValue(v1alpha1.CreateAttemptAnnotation, "2"))
		expectOneNewTicket()
	})

	It("waits for the settle period of its Integration", func() {
		integration := w.reconcileIntegration()
		edit(w, integration, func(i *v1alpha1.Integration) { i.Spec.SettlePeriod = &metav1.Duration{Duration: 17 * time.Minute} })
		w.reconcileIntegration()
		missing()
		Expect(reconcileUntil(w, ticket, isReady(w, ticket))).To(Equal(17 * time.Minute))
		expectOneNewTicket()
	})

	It("creates nothing where the remote ticket was missing for a moment only", func() {
		w.simulator.Inject(simulator.Fault{Operation: "GetTicket", Status: 404, Times: 1})
		w.missed(ticket)
		result := w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonRemoteMissing)
		w.clock.Step(result.RequeueAfter)
		w.reconcile(ticket)
		expectReady(ticket)
		Expect(ticket.Status.ID).To(Equal(id))
		Expect(w.sent()).To(Equal([]string{"GetTicket 404", "GetTicket 200"}))
		w.expectInSync(ticket)

		w.simulator.ForgetRequests()
		Expect(missing().RequeueAfter).To(Equal(settlePeriod), "the moment before does not count")
		Expect(reconcileUntil(w, ticket, isReady(w, ticket))).To(Equal(settlePeriod))
		expectOneNewTicket()
	})

	It("waits the whole settle period again after a crash", func() {
		missing()
		w.clock.Step(settlePeriod - time.Second)
		w.start()
		w.simulator.ForgetRequests()
		Expect(reconcileUntil(w, ticket, isReady(w, ticket))).To(Equal(settlePeriod))
		expectOneNewTicket()
	})

	for moment, test := range map[string]struct {
		write    int  // the one that fails
		letGo    bool // the old remote ticket
		existing int  // remote tickets after the crash
	}{
		"before the old remote ticket is let go of": {1, false, 0},
		"between that and the new intent":           {2, true, 0},
		"between the POST and its record":           {3, true, 1},
	} {
		It("gets one new remote ticket when the process crashes "+moment, func() {
			w.clock.Step(missing().RequeueAfter)
			w.refuseWrites(test.write)
			_, err := w.tryReconcile(ticket)
			Expect(err).To(MatchError(errUnavailable))
			w.refresh(ticket)
			if test.letGo {
				Expect(ticket.Status.ID).To(BeEmpty())
			} else {
				Expect(ticket.Status.ID).To(Equal(id))
			}
			Expect(w.simulator.Tickets()).To(HaveLen(test.existing))
			w.restart()
			reconcileUntil(w, ticket, isReady(w, ticket))
			Expect(w.simulator.RequestCounts()["CreateTicket"]).To(Equal(1))
			expectOneNewTicket()
		})
	}

	lost := map[string]simulator.Fault{
		"was lost":           {Lose: true},
		"took effect":        {Lose: true, AfterCommit: true},
		"takes effect later": {Status: 504, CommitLate: 20 * time.Second},
	}
	for _, name := range slices.Sorted(maps.Keys(lost)) {
		fault := lost[name]
		fault.Operation, fault.Times = "CreateTicket", 1
		unconfirmed := func() {
			GinkgoHelper()
			w.clock.Step(missing().RequeueAfter)
			w.simulator.Inject(fault)
			w.reconcile(ticket)
			expectNotReady(ticket, v1alpha1.ReasonCreateUnconfirmed)
			Expect(ticket.Status.ID).To(BeEmpty())
		}

		It("gets one new remote ticket when the POST got no answer and "+name, func() {
			unconfirmed()
			reconcileUntil(w, ticket, isReady(w, ticket))
			expectOneNewTicket()
		})

		It("is closed and goes when it is deleted after the POST got no answer and "+name, func() {
			unconfirmed()
			w.delete(ticket)
			reconcileUntil(w, ticket, func() bool { return !w.exists(ticket) })
			Expect(w.exists(ticket)).To(BeFalse())
			Expect(w.simulator.RequestCounts()["CreateTicket"]).To(Equal(1), "what is being deleted is not created")
			if name == "was lost" {
				Expect(w.simulator.Tickets()).To(BeEmpty())
				return
			}
			Expect(w.simulator.Tickets()).To(HaveLen(1))
			remote := w.simulator.Tickets()[0]
			Expect(remote.Status).To(Equal("Done"))
			Expect(w.simulator.Comments(remote.ID)).To(HaveLen(1))
		})
	}

	It("goes without a request to create when it is deleted while the remote ticket is missing", func() {
		missing()
		w.delete(ticket)
		reconcileUntil(w, ticket, func() bool { return !w.exists(ticket) })
		Expect(w.exists(ticket)).To(BeFalse())
		Expect(w.simulator.RequestCounts()["CreateTicket"]).To(BeZero())
	})

	It("goes the same way when it is an edit of the spec that meets the 404", func() {
		w.simulator.DeleteTicket(id)
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "edited" })
		result := w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"PatchTicket 404"}))
		expectNotReady(ticket, v1alpha1.ReasonRemoteMissing, "settlePeriod")
		w.clock.Step(result.RequeueAfter)
		Expect(reconcileUntil(w, ticket, isReady(w, ticket))).To(Equal(settlePeriod))
		Expect(w.simulator.RequestCounts()).To(Equal(map[string]int{"PatchTicket": 1, "GetTicket": 2, "QueryTickets": 1, "CreateTicket": 1}))
		Expect(w.simulator.Tickets()[0].Summary).To(Equal("edited"))
		expectOneNewTicket()
	})
})
