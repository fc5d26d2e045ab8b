// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("A TicketQuery", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	query := func(change ...func(*v1alpha1.TicketQuerySpec)) *v1alpha1.TicketQuery {
		query := &v1alpha1.TicketQuery{ObjectMeta: w.named("open-urgent"), Spec: v1alpha1.TicketQuerySpec{
			Filters: []string{"priority[in]URGENT,HIGH", "status[ne]Done"}, Order: "created_at[desc]",
		}}
		for _, edit := range change {
			edit(&query.Spec)
		}
		return query
	}
	// asked is a query that the provider has answered.
	asked := func(change ...func(*v1alpha1.TicketQuerySpec)) *v1alpha1.TicketQuery {
		GinkgoHelper()
		query := query(change...)
		w.create(query)
		w.simulator.ForgetRequests()
		w.reconcile(query)
		return query
	}
	// remote are tickets of which two match: those of the priorities, each a second after the one
	// before.
	remote := func(priorities ...v1alpha1.Priority) (ids []string) {
		GinkgoHelper()
		for i, priority := range priorities {
			w.clock.Step(time.Second)
			ticket := w.created(w.ticket(fmt.Sprintf("remote-%d", i), func(spec *v1alpha1.TicketSpec) { spec.Priority, spec.Status = priority, "To Do" }))
			ids = append(ids, ticket.Status.ID)
		}
		return ids
	}
	// later is when the next query is due.
	later := func(query *v1alpha1.TicketQuery) {
		GinkgoHelper()
		w.clock.Step(query.Spec.Interval.Duration * 11 / 10)
		w.simulator.ForgetRequests()
		w.reconcile(query)
	}
	listed := func(query *v1alpha1.TicketQuery) (ids []string) {
		for _, ticket := range query.Status.Tickets {
			ids = append(ids, ticket.ID)
		}
		return ids
	}
	expectCount := func(query *v1alpha1.TicketQuery, count int32, isExact bool) {
		GinkgoHelper()
		Expect(query.Status.Count).To(HaveValue(Equal(count)))
		Expect(query.Status.CountIsExact).To(HaveValue(Equal(isExact)))
		reason := v1alpha1.ReasonCounted
		if !isExact {
			reason = v1alpha1.ReasonCountNotExact
		}
		expectCondition(query, v1alpha1.ConditionReady, metav1.ConditionTrue, reason)
		Expect(query.Status.ObservedGeneration).To(Equal(query.Generation))
	}
	message := func(query *v1alpha1.TicketQuery) string { return condition(query, v1alpha1.ConditionReady).Message }

	It("counts and lists the tickets that match, and writes only what has changed", func() {
		edit(w, &v1alpha1.Integration{ObjectMeta: w.named("default")}, func(i *v1alpha1.Integration) { i.Spec.TicketURLTemplate = "https://acme.example.com/browse/{id}" })
		w.reconcileIntegration()
		ids := remote("URGENT", "LOW", "HIGH")
		query := asked()
		expectCount(query, 2, true)
		Expect(message(query)).To(Equal("all tickets that match are counted"))
		Expect(listed(query)).To(Equal([]string{ids[2], ids[0]}))
		Expect(query.Status.Tickets[0]).To(And(
			HaveField("Name", "remote-2"), HaveField("Summary", "p99 above 2s"), HaveField("Status", "To Do"), HaveField("Priority", "HIGH"),
			HaveField("URL", "https://acme.example.com/browse/"+ids[2]), HaveField("CreatedAt", Not(BeEmpty())), HaveField("UpdatedAt", Not(BeEmpty()))))
		Expect(w.sent()).To(Equal([]string{"QueryTickets 200"}))
		counted := query.Status.LastChange

		w.expectInSync(query)
		version := query.ResourceVersion
		later(query)
		Expect(w.sent()).To(Equal([]string{"QueryTickets 200"}))
		Expect(query.ResourceVersion).To(Equal(version), "the same answer writes nothing")

		w.editRemote(ids[0], func(t *simulator.Ticket) { t.Status = "Done" })
		later(query)
		expectCount(query, 1, true)
		Expect(query.Status.LastChange.After(counted.Time)).To(BeTrue())
		Expect(w.news()).NotTo(ContainElement(ContainSubstring("Counted")), "a count is no Event")
	})

	It("lists as many tickets as limit says, and counts all", func() {
		remote("HIGH", "HIGH", "HIGH")
		query := asked(func(spec *v1alpha1.TicketQuerySpec) { spec.Limit = ptr.To[int32](1) })
		expectCount(query, 3, true)
		Expect(query.Status.Tickets).To(HaveLen(1))
		edit(w, query, func(q *v1alpha1.TicketQuery) { q.Spec.Limit = ptr.To[int32](0) })
		w.reconcile(query)
		expectCount(query, 3, true)
		Expect(query.Status.Tickets).To(BeEmpty())
	})

	It("reads several pages, and tells twice the same ticket once", func() {
		remote("HIGH", "HIGH", "HIGH", "LOW", "HIGH")
		w.simulator.SetBehaviour(simulator.Behaviour{PageSize: 2, DuplicateItems: true})
		query := asked()
		expectCount(query, 4, true)
		Expect(w.sent()).To(HaveLen(2))
		Expect(seriesOf(w.namespace)).To(HaveKeyWithValue("synqly_query_pages_total", 2.0))
	})

	It("asks for smaller pages where one is too large", func() {
		remote("HIGH")
		w.simulator.Inject(simulator.Fault{Operation: "QueryTickets", Oversize: 17 << 20, Times: 1})
		query := asked()
		expectCount(query, 1, true)
		Expect(w.sent()).To(HaveLen(2))
	})

	It("asks at once for another spec and for a person, and says so", func() {
		remote("HIGH")
		query := asked()
		annotate(w, query, v1alpha1.SyncRequestedAnnotation, "build-7")
		w.simulator.ForgetRequests()
		w.reconcile(query)
		Expect(w.sent()).To(Equal([]string{"QueryTickets 200"}))
		Expect(query.Status.LastSyncRequest).To(Equal("build-7"))
		w.expectInSync(query)

		edit(w, query, func(q *v1alpha1.TicketQuery) { q.Spec.Filters = []string{"priority[eq]LOW"} })
		w.reconcile(query)
		expectCount(query, 0, true)
	})

	It("is Rejected where the provider refuses a filter, until something changes", func() {
		remote("HIGH")
		query := asked()
		expectCount(query, 1, true)
		w.simulator.SetBehaviour(simulator.Behaviour{RefuseFilters: []string{"priority"}})
		later(query)
		expectNotReady(query, v1alpha1.ReasonRejected, "cannot filter by priority")
		Expect(condition(query, v1alpha1.ConditionStalled)).NotTo(BeNil())
		Expect(query.Status.Count).To(BeNil(), "a gate must not take the count of another time")
		Expect(query.Status.Tickets).To(BeEmpty())
		w.expectInSync(query)
		later(query)
		Expect(w.sent()).To(BeEmpty())

		w.simulator.SetBehaviour(simulator.Behaviour{})
		annotate(w, query, v1alpha1.SyncRequestedAnnotation, "now")
		w.reconcile(query)
		expectCount(query, 1, true)
		Expect(condition(query, v1alpha1.ConditionStalled)).To(BeNil())
	})

	It("is Rejected where the provider has no query", func() {
		w.simulator.SetBehaviour(simulator.Behaviour{Unsupported: []string{"QueryTickets"}})
		expectNotReady(asked(), v1alpha1.ReasonRejected, "501")
		Expect(w.sent()).To(Equal([]string{"QueryTickets 501"}))
	})

	It("checks a filter that the provider ignores", func() {
		ids := remote("LOW", "HIGH")
		w.simulator.SetBehaviour(simulator.Behaviour{IgnoreFilters: []string{"*"}})
		query := asked()
		expectCount(query, 1, true)
		Expect(listed(query)).To(Equal(ids[1:]))
		Expect(message(query)).To(ContainSubstring(`tickets that do not match "priority[in]URGENT,HIGH", which are not counted`))

		edit(w, query, func(q *v1alpha1.TicketQuery) { q.Spec.Filters = []string{"priority[eq]URGENT"} })
		w.reconcile(query)
		expectCount(query, 0, true)
	})

	It("says so where it cannot check a filter", func() {
		remote("HIGH")
		query := asked(func(spec *v1alpha1.TicketQuerySpec) { spec.Filters = []string{"priority[gt]LOW"} })
		expectCount(query, 1, false)
		Expect(message(query)).To(ContainSubstring(`it is not certain that the provider applied "priority[gt]LOW"`))
	})

	It("counts without an order that the provider refuses, and orders itself where that is ignored", func() {
		ids := remote("HIGH", "HIGH")
		w.simulator.SetBehaviour(simulator.Behaviour{RefuseOrder: true})
		query := asked()
		expectCount(query, 2, true)
		Expect(message(query)).To(ContainSubstring("cannot order tickets"))
		Expect(listed(query)).To(Equal([]string{ids[1], ids[0]}))

		w.simulator.SetBehaviour(simulator.Behaviour{IgnoreOrder: true})
		later(query)
		Expect(listed(query)).To(Equal([]string{ids[1], ids[0]}))
	})

	It("ends where the list of the provider does not", func() {
		remote("HIGH", "HIGH")
		w.simulator.SetBehaviour(simulator.Behaviour{EndlessCursor: true})
		query := asked()
		expectCount(query, 2, false)
		Expect(message(query)).To(ContainSubstring("does not end"))
		Expect(len(w.sent())).To(BeNumerically("<=", 11))
	})

	It("keeps the count while the provider does not answer, and tries again", func() {
		remote("HIGH")
		query := asked()
		w.simulator.Inject(simulator.Fault{Operation: "QueryTickets", Status: 503, Times: 1})
		later(query)
		expectNotReady(query, v1alpha1.ReasonRemoteUnavailable, "503")
		Expect(query.Status.Count).To(HaveValue(Equal(int32(1))))
		w.expectInSync(query)

		w.clock.Step(time.Minute)
		w.reconcile(query)
		expectCount(query, 1, true)
	})

	It("forgets the count of a spec that is not there any more", func() {
		remote("HIGH")
		query := asked()
		w.simulator.Inject(simulator.Fault{Operation: "QueryTickets", Status: 503, Times: 1})
		edit(w, query, func(q *v1alpha1.TicketQuery) { q.Spec.Filters = []string{"priority[eq]LOW"} })
		w.reconcile(query)
		expectNotReady(query, v1alpha1.ReasonRemoteUnavailable)
		Expect(query.Status.Count).To(BeNil())
	})

	It("waits for its Integration", func() {
		query := asked(func(spec *v1alpha1.TicketQuerySpec) { spec.IntegrationRef.Name = "other" })
		expectNotReady(query, v1alpha1.ReasonWaitingForIntegration, `Integration "other" does not exist in this namespace`)
		Expect(w.news()).To(ContainElement(HavePrefix("Normal WaitingForIntegration")))
		w.clock.Step(time.Minute)
		w.reconcile(query)
		Expect(w.news()).To(ContainElement(HavePrefix("Warning WaitingForIntegration")))

		other := w.integration()
		other.Name = "other"
		w.create(other)
		w.reconcile(query)
		expectNotReady(query, v1alpha1.ReasonWaitingForIntegration, "has not been checked yet")
		w.reconcile(other)
		w.reconcile(query)
		expectCount(query, 0, true)
	})

	It("rests while it, or its Integration, is paused", func() {
		query := query()
		query.Annotations = map[string]string{v1alpha1.PausedAnnotation: "true"}
		w.create(query)
		w.reconcile(query)
		expectCondition(query, v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonPaused)
		w.expectInSync(query)
		annotate(w, query, v1alpha1.PausedAnnotation, "false")
		w.reconcile(query)
		expectCount(query, 0, true)

		annotate(w, &v1alpha1.Integration{ObjectMeta: w.named("default")}, v1alpha1.PausedAnnotation, "true")
		w.simulator.ForgetRequests()
		w.reconcile(query)
		expectNotReady(query, v1alpha1.ReasonWaitingForIntegration, "is paused")
		Expect(w.sent()).To(BeEmpty())
	})

	It("has its Integration checked where its token is refused", func() {
		query := asked()
		w.simulator.Inject(simulator.Fault{Operation: "QueryTickets", Status: 401, Times: 1})
		later(query)
		expectNotReady(query, v1alpha1.ReasonUnauthorized)
		Expect(w.options.Connections.Last(client.ObjectKey{Namespace: w.namespace, Name: "default"}).RecheckAsked()).To(BeTrue())
	})

	It("does not ask again at once where its status cannot be written", func() {
		query := query()
		w.create(query)
		w.refuseWrites(1)
		w.simulator.ForgetRequests()
		result, err := w.tryReconcile(query)
		Expect(err).NotTo(HaveOccurred())
		Expect(result.RequeueAfter).To(Equal(30 * time.Second))
		_, err = w.tryReconcile(query)
		Expect(err).NotTo(HaveOccurred())
		Expect(w.sent()).To(HaveLen(1))
		w.writes.before = nil
		w.clock.Step(30 * time.Second)
		w.reconcile(query)
		expectCount(query, 0, true)
	})

	It("is asked soon after a restart, and not at once where its status is up to date", func() {
		remote("HIGH")
		query := asked()
		w.restart()
		w.simulator.ForgetRequests()
		Expect(w.reconcile(query).RequeueAfter).To(BeNumerically("<=", 10*time.Second))
		w.clock.Step(10 * time.Second)
		w.reconcile(query)
		Expect(w.sent()).To(Equal([]string{"QueryTickets 200"}))
	})

	It("waits for its turn, which comes after that of a Ticket", func() {
		remote("HIGH")
		query, other := query(), w.ticket("new")
		w.create(query, other)
		w.useUpBudget()
		w.simulator.ForgetRequests()
		w.comeInTurn(2, query, other)
		Expect(w.sent()).To(Equal([]string{"CreateTicket 201", "QueryTickets 200"}))
		w.refresh(query)
		expectCount(query, 1, true)
	})

	It("goes at once when it is deleted", func() {
		query := asked()
		Expect(query.Finalizers).To(BeEmpty())
		w.delete(query)
		w.expectGone(query)
		w.reconcileAway(query)
	})
})
