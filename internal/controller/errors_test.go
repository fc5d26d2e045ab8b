// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"errors"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var errUnavailable = errors.New("the API server is not available")

// Each row of the table of errors, on every write that it concerns.
var _ = Describe("What the provider answers", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	// write brings about a write of the named kind and returns the object that is concerned and the
	// operation that it sends.
	write := map[string]func() (client.Object, string){
		"the create of a ticket": func() (client.Object, string) {
			ticket := w.ticket("written")
			w.create(ticket)
			return ticket, "CreateTicket"
		},
		"the patch of a ticket": func() (client.Object, string) {
			ticket := w.created(w.ticket("written"))
			edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "changed" })
			return ticket, "PatchTicket"
		},
		"the create of a comment": func() (client.Object, string) {
			w.created(w.ticket("parent"))
			comment := w.comment("written", "parent")
			w.create(comment)
			return comment, "CreateComment"
		},
		"the delete of a comment": func() (client.Object, string) {
			w.created(w.ticket("parent"))
			comment := w.comment("written", "parent")
			w.create(comment)
			w.reconcile(comment)
			w.delete(comment)
			return comment, "DeleteComment"
		},
		"the patch of a note": func() (client.Object, string) {
			w.created(w.ticket("parent"))
			note := w.note("written", "parent")
			w.create(note)
			w.reconcile(note)
			edit(w, note, func(n *v1alpha1.TicketNote) { n.Spec.Content = "changed" })
			return note, "PatchNote"
		},
	}

	rejects := func(kind string, status int) {
		object, operation := write[kind]()
		w.simulator.Inject(simulator.Fault{Operation: operation, Status: status, Message: "the workflow has no such transition"})
		w.simulator.ForgetRequests()
		for range 5 {
			w.reconcile(object)
			w.clock.Step(time.Hour)
		}
		expectNotReady(object, v1alpha1.ReasonRejected, "the workflow has no such transition", fmt.Sprint(status))
		Expect(condition(object, "Stalled").Status).To(Equal(metav1.ConditionTrue))
		sent := []string{fmt.Sprintf("%s %d", operation, status)}
		if operation != "CreateTicket" && operation != "PatchTicket" && status != 501 && !(operation == "CreateComment" && status == 409) {
			sent = append(sent, "GetTicket 200") // Its ticket may be closed, which is what some providers refuse changes for.
		}
		Expect(w.sent()).To(Equal(sent), "a refusal is not repeated")
		w.start()
		w.reconcileIntegration()
		w.simulator.ForgetRequests()
		w.reconcile(object)
		Expect(w.sent()).To(BeEmpty(), "not after a restart either")

		w.simulator.ClearFaults()
		annotate(w, object, v1alpha1.SyncRequestedAnnotation, "again")
		w.reconcileAway(object)
		Expect(w.simulator.RequestCounts()[operation]).To(Equal(1), "a person can ask for another try")
	}

	for _, kind := range []string{"the create of a ticket", "the patch of a ticket", "the create of a comment", "the delete of a comment", "the patch of a note"} {
		for _, status := range []int{400, 405, 413, 415, 422, 501} {
			It(fmt.Sprintf("is Rejected and Stalled after a %d on %s, until something changes", status, kind), func() { rejects(kind, status) })
		}
	}
	for _, kind := range []string{"the patch of a ticket", "the delete of a comment", "the patch of a note"} {
		It("is Rejected and Stalled after a 409 on "+kind, func() { rejects(kind, 409) })
	}

	It("sends a rejected write again when the spec changes", func() {
		object, operation := write["the create of a ticket"]()
		w.simulator.Inject(simulator.Fault{Operation: operation, Status: 400, Times: 1})
		w.reconcile(object)
		expectNotReady(object, v1alpha1.ReasonRejected)
		edit(w, object.(*v1alpha1.Ticket), func(t *v1alpha1.Ticket) { t.Spec.Summary = "better" })
		w.reconcile(object)
		expectReady(object)
	})

	It("sends a rejected write again when the Integration changes", func() {
		object, operation := write["the create of a ticket"]()
		w.simulator.Inject(simulator.Fault{Operation: operation, Status: 400, Times: 1})
		w.reconcile(object)
		expectNotReady(object, v1alpha1.ReasonRejected)
		edit(w, &v1alpha1.Integration{ObjectMeta: w.named("default")}, func(i *v1alpha1.Integration) {
			i.Spec.Defaults = &v1alpha1.TicketDefaults{Creator: "bot@example.com"}
		})
		w.reconcileIntegration()
		w.reconcile(object)
		expectReady(object)
	})

	for kind := range write {
		for _, status := range []int{401, 402, 403} {
			It(fmt.Sprintf("is Unauthorized after a %d on %s, asks the Integration to check, and tries slowly", status, kind), func() {
				object, operation := write[kind]()
				w.simulator.Inject(simulator.Fault{Operation: operation, Status: status, Times: 1})
				w.simulator.ForgetRequests()
				result := w.reconcile(object)
				expectNotReady(object, v1alpha1.ReasonUnauthorized)
				Expect(w.options.Connections.Rechecks()).To(Receive())
				w.reconcile(object)
				Expect(w.simulator.RequestCounts()[operation]).To(Equal(1))
				Expect(result.RequeueAfter).To(BeNumerically(">=", 5*time.Minute))
				w.clock.Step(result.RequeueAfter)
				w.reconcileAway(object)
				Expect(w.simulator.RequestCounts()[operation]).To(Equal(2))
			})
		}
		It("is Throttled after a 429 on "+kind+", until Retry-After has passed", func() {
			object, operation := write[kind]()
			w.simulator.Inject(simulator.Fault{Operation: operation, Status: 429, RetryAfter: "70", Times: 1})
			w.simulator.ForgetRequests()
			result := w.reconcile(object)
			expectNotReady(object, v1alpha1.ReasonThrottled)
			Expect(result.RequeueAfter).To(Equal(70 * time.Second))
			w.clock.Step(69 * time.Second)
			w.reconcile(object)
			Expect(w.sent()).To(HaveLen(1), "nothing goes out before Retry-After")
			w.clock.Step(time.Second)
			w.reconcileAway(object)
			Expect(w.simulator.RequestCounts()[operation]).To(Equal(2))
		})
	}

	It("holds back every object of the Integration after one 429", func() {
		throttled, operation := write["the patch of a ticket"]()
		w.simulator.Inject(simulator.Fault{Operation: operation, Status: 429, RetryAfter: "30", Times: 1})
		w.simulator.ForgetRequests()
		w.reconcile(throttled)
		other := w.ticket("other")
		w.create(other)
		result := w.reconcile(other)
		expectNotReady(other, v1alpha1.ReasonThrottled, "asked for a pause")
		Expect(result.RequeueAfter).To(Equal(30 * time.Second))
		Expect(w.sent()).To(HaveLen(1))
		Expect(other.Annotations).To(BeEmpty(), "no attempt is recorded that cannot be made")
		w.clock.Step(30 * time.Second)
		w.reconcile(other)
		expectReady(other)
	})

	for kind, unavailable := range map[string]string{
		"the create of a ticket": v1alpha1.ReasonCreateUnconfirmed, "the create of a comment": v1alpha1.ReasonCreateUnconfirmed,
		"the patch of a ticket": v1alpha1.ReasonRemoteUnavailable, "the delete of a comment": v1alpha1.ReasonRemoteUnavailable, "the patch of a note": v1alpha1.ReasonRemoteUnavailable,
	} {
		for name, fault := range map[string]simulator.Fault{
			"500": {Status: 500}, "502 with a page of HTML": {Status: 502, Body: []byte("<html><title>Bad gateway</title></html>"), ContentType: "text/html"},
			"503": {Status: 503}, "504 after the commit": {Status: 504, AfterCommit: true}, "lost request": {Lose: true}, "lost answer": {Lose: true, AfterCommit: true},
		} {
			It(fmt.Sprintf("is %s after a %s on %s, backs off, and gets there in the end", unavailable, name, kind), func() {
				object, operation := write[kind]()
				fault.Operation, fault.Times = operation, 1
				w.simulator.Inject(fault)
				w.simulator.ForgetRequests()
				result := w.reconcile(object)
				expectNotReady(object, unavailable)
				Expect(condition(object, "Stalled")).To(BeNil())
				Expect(result.RequeueAfter).To(BeNumerically(">", 0))
				w.reconcile(object)
				Expect(w.sent()).To(HaveLen(1), "nothing goes out during the pause")
				for range 20 {
					w.clock.Step(time.Minute)
					w.reconcileAway(object)
				}
				if object.GetDeletionTimestamp() != nil {
					w.expectGone(object)
				} else {
					w.refresh(object)
					expectReady(object)
				}
				Expect(w.simulator.Tickets()).To(HaveLen(1))
			})
		}
	}

	It("is RemoteMissing after a 404 of a ticket that existed; it is not created again", func() {
		ticket := w.created(w.ticket("deleted-by-a-person"))
		w.simulator.DeleteTicket(ticket.Status.ID)
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "changed" })
		var result = w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonRemoteMissing, "not created again")
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"PatchTicket 404"}))
		Expect(result.RequeueAfter).To(BeNumerically(">=", 5*time.Minute))
		w.clock.Step(result.RequeueAfter)
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"PatchTicket 404", "GetTicket 404"}), "slow checks")
		Expect(w.simulator.Tickets()).To(BeEmpty())
	})

	It("counts a 404 on delete as deleted", func() {
		object, _ := write["the delete of a comment"]()
		w.simulator.DeleteComment(object.(*v1alpha1.TicketComment).Status.ID)
		w.reconcileAway(object)
		w.expectGone(object)
	})
})
