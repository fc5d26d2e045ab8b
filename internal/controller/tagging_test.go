// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("The tags of the operator", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })
	never := func() {
		GinkgoHelper()
		edit(w, w.reconcileIntegration(), func(i *v1alpha1.Integration) { i.Spec.Tagging = v1alpha1.TaggingNever })
		w.reconcileIntegration()
		w.simulator.ForgetRequests()
	}
	createdWithout := func(name string) *v1alpha1.Ticket {
		GinkgoHelper()
		ticket := w.ticket(name, func(s *v1alpha1.TicketSpec) { s.Tags = nil })
		w.create(ticket)
		w.reconcile(ticket)
		return ticket
	}

	It("are left out where the provider refuses them, and not sent any more", func() {
		w.reconcileIntegration()
		w.simulator.SetBehaviour(simulator.Behaviour{ReadOnlyFields: []string{"tags"}})
		w.simulator.ForgetRequests()
		first := createdWithout("first")
		expectReady(first)
		Expect(w.sent()).To(Equal([]string{"CreateTicket 400", "CreateTicket 201"}))
		Expect(first.Annotations).To(HaveKeyWithValue(v1alpha1.CreateAttemptAnnotation, "2"))
		Expect(first.Annotations).To(HaveKeyWithValue(v1alpha1.CreateRecordAnnotation, ContainSubstring(`"unmarked":"true"`)))
		Expect(w.reconcileIntegration().Status.MarkerTags).To(Equal(v1alpha1.MarkerTagsRefused))
		Expect(w.about("TagsRefused")).To(HaveLen(1))

		w.restart()
		w.reconcileIntegration()
		w.simulator.ForgetRequests()
		expectReady(createdWithout("second"))
		Expect(w.sent()).To(Equal([]string{"CreateTicket 201"}))
	})

	It("are not blamed for a create that is refused for something else", func() {
		w.reconcileIntegration()
		w.simulator.SetBehaviour(simulator.Behaviour{RequireCreator: true})
		w.simulator.ForgetRequests()
		for _, name := range []string{"first", "second"} {
			expectNotReady(createdWithout(name), v1alpha1.ReasonRejected, "creator is required")
		}
		Expect(w.sent()).To(Equal([]string{"CreateTicket 400", "CreateTicket 400"}))
		Expect(w.reconcileIntegration().Status.MarkerTags).To(BeEmpty())
	})

	It("are never sent where the Integration says so, and a lost ticket is found by its name", func() {
		marked := createdWithout("marked")
		expectReady(marked)
		never()
		Expect(w.reconcileIntegration().Status.MarkerTags).To(BeEmpty())
		w.simulator.Inject(simulator.Fault{Operation: "CreateTicket", Lose: true, AfterCommit: true, Times: 1})
		lost := createdWithout("lost")
		expectNotReady(lost, v1alpha1.ReasonCreateUnconfirmed)
		w.restart()
		w.reconcile(lost)
		expectReady(lost)
		Expect(w.simulator.RequestCounts()["CreateTicket"]).To(Equal(1))
		Expect(w.listed(lost).Tags).To(BeEmpty())
	})
})

var _ = Describe("A provider that splits tags", func() {
	It("is told of once, and no Event says that such a tag was removed", func() {
		w := newWorld()
		w.simulator.SetBehaviour(simulator.Behaviour{SplitTags: true})
		ticket := w.created(w.ticket("split", func(s *v1alpha1.TicketSpec) { s.Tags = []string{"first team", "plain"} }))
		Expect(w.about("ShownDifferently")).To(HaveExactElements(ContainSubstring(
			`the provider does not show the tag "first team" as it was written; the remote ticket has the tags ["first" "plain" "team"]`)))
		w.news()
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "edited" })
		w.reconcile(ticket)
		Expect(w.about("ShownDifferently")).To(BeEmpty())
		w.news()

		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Tags = []string{"plain"} })
		w.reconcile(ticket)
		Expect(w.news()).To(HaveExactElements(ContainSubstring(`the tag "first team" was not removed`)))
		expectReady(ticket)
		w.expectInSync(ticket)
	})
})
