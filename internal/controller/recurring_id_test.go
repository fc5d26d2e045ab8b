// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"strconv"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// A provider that was reset, such as a sandbox that was refreshed, counts its IDs again, and gives
// those to new tickets that older objects have.
var _ = Describe("A Ticket whose remote ticket has the ID of an older Ticket's", func() {
	var w *world
	var id string
	var younger *v1alpha1.Ticket
	BeforeEach(func() {
		w = newWorld()
		var older []*v1alpha1.Ticket
		for _, name := range []string{"first", "second"} {
			older = append(older, w.created(w.ticket(name)))
		}
		last, err := strconv.Atoi(older[1].Status.ID)
		Expect(err).NotTo(HaveOccurred())
		for i, ticket := range older {
			w.simulator.DeleteTicket(ticket.Status.ID)
			ticket.Status.ID = strconv.Itoa(last + 1 + i)
			Expect(testCluster.GetClient().Status().Update(w.ctx, ticket)).To(Succeed())
		}
		id = older[0].Status.ID
		// The clock of the API server shows whole seconds.
		Eventually(func() bool {
			younger = w.ticket("younger")
			w.create(younger)
			if older[1].CreationTimestamp.Before(&younger.CreationTimestamp) {
				return true
			}
			w.delete(younger)
			return false
		}, "30s", "20ms").Should(BeTrue())
	})
	// expectOne reconciles beyond the time after which a lost create is sent again.
	expectOne := func() {
		GinkgoHelper()
		for range 4 {
			w.clock.Step(2 * time.Minute)
			w.reconcile(younger)
		}
		expectReady(younger)
		Expect(younger.Status.ID).To(Equal(id))
		Expect(w.simulator.Tickets()).To(HaveLen(1))
		Expect(w.news()).NotTo(ContainElement(ContainSubstring("Copied")))
	}

	It("keeps it, which carries its own key", func() {
		w.reconcile(younger)
		expectReady(younger)
		expectOne()
	})

	It("finds it when its create was not answered", func() {
		w.simulator.Inject(simulator.Fault{Operation: "CreateTicket", Lose: true, AfterCommit: true, Times: 1})
		w.reconcile(younger)
		expectNotReady(younger, v1alpha1.ReasonCreateUnconfirmed)
		expectOne()
	})

	It("keeps it when it has lost its annotations", func() {
		w.reconcile(younger)
		expectReady(younger)
		edit(w, younger, func(t *v1alpha1.Ticket) { t.Annotations = nil })
		expectOne()
		Expect(younger.Annotations).To(HaveKey(v1alpha1.CreateKeyAnnotation))
	})
})
