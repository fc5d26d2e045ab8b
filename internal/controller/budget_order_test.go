// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// comeInTurn lets time pass until the first of the objects is to come again, and then reconciles
// them in their order, until so many requests were sent. Whoever has sent his does not come again.
func (w *world) comeInTurn(count int, objects ...client.Object) {
	GinkgoHelper()
	due := map[client.Object]time.Time{}
	come := func(object client.Object) {
		GinkgoHelper()
		sent := len(w.sent())
		result := w.reconcileAway(object)
		due[object] = w.clock.Now().Add(result.RequeueAfter)
		if len(w.sent()) > sent {
			delete(due, object)
		}
	}
	for _, object := range objects {
		come(object)
	}
	for len(w.sent()) < count {
		var next time.Time
		for _, at := range due {
			if next.IsZero() || at.Before(next) {
				next = at
			}
		}
		Expect(next).To(BeTemporally(">", w.clock.Now()), "after %v somebody is to come again", w.sent())
		w.clock.SetTime(next)
		for _, object := range objects {
			if at, waits := due[object]; waits && !at.After(next) {
				come(object)
			}
		}
	}
}

var _ = Describe("Requests that wait for the budget", func() {
	var w *world
	var changed *v1alpha1.Ticket
	BeforeEach(func() {
		w = newWorld()
		changed = w.created(w.ticket("changed"))
	})

	It("go out in the order of what they are for, in whatever order they came", func() {
		looked := w.created(w.ticket("looked-at", someFields))
		removed, comment, note := w.comment("removed", "changed"), w.comment("said", "changed"), w.note("noted", "changed")
		w.create(removed)
		w.reconcile(removed)
		expectReady(removed)
		w.editRemote(looked.Status.ID, func(t *simulator.Ticket) { t.Status = "Blocked" })
		w.seen(looked)
		w.delete(removed)
		edit(w, changed, func(t *v1alpha1.Ticket) { t.Spec.Summary = "edited" })
		created := w.ticket("new")
		w.create(comment, note, created)
		w.useUpBudget()
		w.simulator.ForgetRequests()

		w.comeInTurn(6, looked, removed, note, comment, changed, created)
		Expect(w.sent()).To(Equal([]string{"CreateTicket 201", "PatchTicket 200", "CreateNote 201", "CreateComment 201", "DeleteComment 204", "GetTicket 200"}))
	})

	It("wait for one more when a ticket is created, however many they are", func() {
		backlog := []client.Object{}
		for i := range 20 {
			ticket := w.created(w.ticket(fmt.Sprintf("changed-%02d", i)))
			edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "edited" })
			backlog = append(backlog, ticket)
		}
		w.useUpBudget()
		w.simulator.ForgetRequests()
		w.comeInTurn(3, backlog...)
		created := w.ticket("new")
		w.create(created)
		w.comeInTurn(5, append(backlog[3:], created)...)
		Expect(w.sent()).To(Equal([]string{"PatchTicket 200", "PatchTicket 200", "PatchTicket 200", "CreateTicket 201", "PatchTicket 200"}))
	})
})
