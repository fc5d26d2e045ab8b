// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("Two Tickets with the same ticketID", func() {
	var w *world
	var existing simulator.Ticket
	BeforeEach(func() {
		w = newWorld()
		existing = w.simulator.AddTicket(simulator.Ticket{Name: "theirs", Summary: "theirs", Status: "Open"})
	})
	adopting := func(spec *v1alpha1.TicketSpec) { spec.TicketID = existing.ID }
	// inAge makes two Tickets until the API server, whose clock shows whole seconds, has given them
	// times as wanted.
	inAge := func(wanted func(first, second *v1alpha1.Ticket) bool, first, second func() *v1alpha1.Ticket) (*v1alpha1.Ticket, *v1alpha1.Ticket) {
		GinkgoHelper()
		one, other := first(), (*v1alpha1.Ticket)(nil)
		w.create(one)
		Eventually(func() bool {
			other = second()
			w.create(other)
			if wanted(one, other) {
				return true
			}
			w.delete(other)
			if one.CreationTimestamp.Before(&other.CreationTimestamp) {
				w.delete(one)
				one = first()
				w.create(one)
			}
			return false
		}, "30s", "20ms").Should(BeTrue())
		return one, other
	}
	older := func(first, second *v1alpha1.Ticket) bool {
		return first.CreationTimestamp.Before(&second.CreationTimestamp)
	}
	adoptingTicket := func(name string, change ...func(*v1alpha1.TicketSpec)) func() *v1alpha1.Ticket {
		return func() *v1alpha1.Ticket { return w.ticket(name, append(change, adopting)...) }
	}
	expectOwnerAndRival := func(owner, rival *v1alpha1.Ticket) {
		GinkgoHelper()
		w.reconcile(owner)
		w.reconcile(rival)
		expectReady(owner)
		Expect(owner.Status.ID).To(Equal(existing.ID))
		expectNotReady(rival, v1alpha1.ReasonConflict, existing.ID, owner.Name, "delete one of the two")
		correctable := ContainSubstring("or correct ticketID of this one")
		if rival.Status.ID != "" {
			correctable = Not(correctable)
		}
		Expect(condition(rival, v1alpha1.ConditionReady).Message).To(correctable, "the API server takes another ticketID until there is an ID")
	}

	It("are a conflict on the younger one, when the older one is reconciled first", func() {
		first, second := inAge(older, adoptingTicket("first"), adoptingTicket("second"))
		w.reconcile(first)
		w.reconcile(second)
		Expect(second.Status.ID).To(BeEmpty())
		expectOwnerAndRival(first, second)
		w.expectInSync(first)
		w.expectInSync(second)
	})

	It("are a conflict on the younger one, when the younger one is reconciled first", func() {
		first, second := inAge(older, adoptingTicket("first"), adoptingTicket("second"))
		w.reconcile(second)
		expectNotReady(second, v1alpha1.ReasonConflict, existing.ID, "first")
		Expect(w.sent()).To(BeEmpty())
		expectOwnerAndRival(first, second)
		Expect(second.Status.ID).To(BeEmpty())
	})

	DescribeTable("by two names are a conflict on the younger one, whoever comes first", func(keyFirst, olderFirst bool) {
		w.simulator.SetBehaviour(simulator.Behaviour{TicketKeys: true})
		byKey := func(name string) func() *v1alpha1.Ticket {
			return func() *v1alpha1.Ticket {
				return w.ticket(name, func(spec *v1alpha1.TicketSpec) { spec.TicketID = existing.Project + "-" + existing.ID })
			}
		}
		first, second := byKey("first"), adoptingTicket("second")
		if !keyFirst {
			first, second = adoptingTicket("first"), byKey("second")
		}
		owner, rival := inAge(older, first, second)
		if !olderFirst {
			w.reconcile(rival)
		}
		expectOwnerAndRival(owner, rival)
		w.reconcile(owner)
		expectOwnerAndRival(owner, rival)
	},
		Entry("the older one by its key, reconciled first", true, true),
		Entry("the older one by its key, reconciled last", true, false),
		Entry("the older one by its ID, reconciled first", false, true),
		Entry("the older one by its ID, reconciled last", false, false),
	)

	It("by one other name are a conflict on the younger one, and the older one is in sync", func() {
		w.simulator.SetBehaviour(simulator.Behaviour{TicketKeys: true})
		byKey := func(spec *v1alpha1.TicketSpec) { spec.TicketID = existing.Project + "-" + existing.ID }
		first, second := inAge(older, func() *v1alpha1.Ticket { return w.ticket("first", byKey) }, func() *v1alpha1.Ticket { return w.ticket("second", byKey) })
		w.reconcile(first)
		Expect(first.Status.AdoptedID).To(Equal(first.Spec.TicketID))
		expectOwnerAndRival(first, second)
		w.expectInSync(first)
	})

	It("of the same second leave it with the one that has it", func() {
		lowerUID := func(first, second *v1alpha1.Ticket) bool {
			return first.CreationTimestamp.Equal(&second.CreationTimestamp) && second.UID < first.UID
		}
		adopted := func() *v1alpha1.Ticket { return w.ticket("first", adopting) }
		first, second := inAge(lowerUID, adopted, func() *v1alpha1.Ticket {
			w.reconcile(&v1alpha1.Ticket{ObjectMeta: w.named("first")})
			return w.ticket("second", adopting)
		})
		w.refresh(first)
		Expect(first.Status.ID).To(Equal(existing.ID))
		w.reconcile(second)
		expectOwnerAndRival(first, second)
	})

	It("of the same second that nobody has are decided in the same way whoever asks first", func() {
		first, second := inAge(func(first, second *v1alpha1.Ticket) bool {
			return first.CreationTimestamp.Equal(&second.CreationTimestamp)
		}, adoptingTicket("first"), adoptingTicket("second"))
		if second.UID < first.UID {
			first, second = second, first
		}
		w.reconcile(second)
		expectNotReady(second, v1alpha1.ReasonConflict, first.Name)
		expectOwnerAndRival(first, second)
	})

	It("leave it with the one that created it, though the other one is older", func() {
		adopter, creator := inAge(older, func() *v1alpha1.Ticket { return w.ticket("adopter") }, func() *v1alpha1.Ticket { return w.ticket("creator") })
		w.reconcile(creator)
		expectReady(creator)
		existing.ID = creator.Status.ID
		edit(w, adopter, func(t *v1alpha1.Ticket) { adopting(&t.Spec) })
		w.reconcile(adopter)
		expectOwnerAndRival(creator, adopter)
		edit(w, creator, func(t *v1alpha1.Ticket) { adopting(&t.Spec) })
		expectOwnerAndRival(creator, adopter)
		Expect(w.patches()).To(BeEmpty())
	})

	It("pass it on when the older one is deleted", func() {
		first, second := inAge(older, adoptingTicket("first"), adoptingTicket("second"))
		expectOwnerAndRival(first, second)
		w.delete(first)
		w.expectGone(first)
		Eventually(func() *metav1.Condition { // The cache learns of the deletion late.
			w.reconcile(second)
			return condition(second, "Ready")
		}).Should(HaveField("Status", metav1.ConditionTrue))
		Expect(second.Status.ID).To(Equal(existing.ID))
		w.expectInSync(second)
	})

	It("leave the remote ticket open when the younger one is deleted under Close", func() {
		first, second := inAge(older, adoptingTicket("first"), adoptingTicket("second", closedOnDelete))
		expectOwnerAndRival(first, second)
		w.delete(second)
		w.reconcileAway(second)
		w.expectGone(second)
		Expect(w.listed(first).Status).To(Equal("Open"))
		w.expectInSync(first)
	})

	It("leave the remote ticket open when one is deleted under Close that has had to yield", func() {
		first, second := inAge(older, func() *v1alpha1.Ticket { return w.ticket("first") }, adoptingTicket("second", closedOnDelete))
		w.reconcile(second)
		expectReady(second)
		Expect(second.Finalizers).To(ContainElement(v1alpha1.RemoteFinalizer))
		edit(w, first, func(t *v1alpha1.Ticket) { adopting(&t.Spec) })
		expectOwnerAndRival(first, second)

		w.news()
		w.simulator.ForgetRequests()
		w.delete(second)
		w.reconcileAway(second)
		w.expectGone(second)
		Expect(w.sent()).To(BeEmpty())
		Expect(w.listed(first).Status).To(Equal("Open"))
		Expect(w.simulator.Comments(existing.ID)).To(BeEmpty())
		Expect(w.about("Retained")).To(HaveLen(1))
		w.expectInSync(first)
	})

	It("are none where the other one is in another namespace", func() {
		first := w.ticket("first", adopting)
		w.create(first)
		w.reconcile(first)
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "other-"}}
		w.create(namespace)
		w.namespace = namespace.Name
		w.create(w.secret(canaryToken), w.integration())
		w.reconcileIntegration()
		second := w.ticket("first", adopting)
		w.create(second)
		w.reconcile(second)
		expectReady(second)
		w.reconcile(first)
		expectReady(first)
	})

	It("are none where the other one is of another Integration", func() {
		other := w.integration()
		other.Name = "other"
		w.create(other)
		w.reconcile(other)
		first := w.ticket("first", adopting)
		second := w.ticket("second", adopting, func(s *v1alpha1.TicketSpec) { s.IntegrationRef.Name = "other" })
		w.create(first, second)
		for range 2 {
			for _, ticket := range []*v1alpha1.Ticket{first, second} {
				w.reconcile(ticket)
				expectReady(ticket)
				Expect(ticket.Status.ID).To(Equal(existing.ID))
			}
		}
	})
})

var _ = Describe("Two Tickets whose remote tickets share a bucket of the index", func() {
	It("are no rivals", func() {
		w := newWorld()
		bucketOf := func(number int) string {
			return remote.Bucket(remote.RemoteID{Place: remote.Place{Integration: "default"}, ID: fmt.Sprint("OPS-", number)}.IndexValue())
		}
		number := 2
		for bucketOf(number) != bucketOf(1) {
			number++
		}
		var tickets []*v1alpha1.Ticket
		for _, id := range []string{"OPS-1", fmt.Sprint("OPS-", number)} {
			w.simulator.AddTicket(simulator.Ticket{ID: id, Name: id, Summary: id, Status: "Open"})
			tickets = append(tickets, w.ticket(strings.ToLower(id), func(spec *v1alpha1.TicketSpec) { spec.TicketID = id }))
		}
		w.create(tickets[0], tickets[1])
		// One of the two would have the better claim, so each is asked once the other has its
		// ticket.
		for _, ticket := range append(tickets, tickets...) {
			w.reconcile(ticket)
			expectReady(ticket)
			Expect(ticket.Status.ID).To(Equal(ticket.Spec.TicketID))
		}
	})
})
