// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("A Ticket", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	due := metav1.NewTime(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))
	done := metav1.NewTime(time.Date(2026, 12, 2, 8, 30, 0, 0, time.UTC))
	everyField := func(spec *v1alpha1.TicketSpec) {
		*spec = v1alpha1.TicketSpec{
			Name: "Checkout latency", Summary: "p99 above 2s since 10:05 UTC", Description: "Some **markdown**.",
			Priority: "HIGH", Status: "In Progress", Project: "OPS", IssueType: "Incident",
			Assignee: "jane@example.com", Contact: "ops@example.com", Creator: "bot@example.com",
			DueDate: &due, CompletionDate: &done, Tags: []string{"team:checkout", "region:eu"},
			CustomFields: map[string]apiextensionsv1.JSON{
				"severity": {Raw: []byte(`2`)}, "region": {Raw: []byte(`"eu"`)}, "big": {Raw: []byte(`9007199254740993`)},
				"nested": {Raw: []byte(`{"a":[1,null,true]}`)},
			},
		}
	}

	Describe("when it is applied", func() {
		It("creates the remote ticket with one request and two writes, and shows it", func() {
			ticket := w.ticket("checkout-latency")
			w.create(ticket)
			written := w.writes.count.Load()
			w.reconcile(ticket)

			expectReady(ticket)
			Expect(w.sent()).To(Equal([]string{"CreateTicket 201"}))
			Expect(w.writes.count.Load()-written).To(BeEquivalentTo(2), "the intent and the status")
			remote := w.simulator.Tickets()
			Expect(remote).To(HaveLen(1))
			Expect(ticket.Status.ID).To(Equal(remote[0].ID))
			Expect(ticket.Status.Integration).To(Equal("default"))
			Expect(ticket.Status.Remote.Status).To(Equal("To Do"))
			Expect(remote[0].Name).To(Equal("checkout-latency"), "the name defaults to the object's")
			Expect(remote[0].Tags).To(Equal([]string{"k8s-" + ticket.Annotations[v1alpha1.CreateKeyAnnotation], w.groupTag()}))
			Expect(condition(ticket, "Synced").Status).To(Equal(metav1.ConditionTrue))
			Expect(ticket.Finalizers).To(BeEmpty(), "nothing has to be done remotely when it is deleted")
			Expect(w.news()).To(ContainElement(`Normal Created created the remote ticket "` + ticket.Status.ID + `"`))
		})

		It("sends every field that is set", func() {
			ticket := w.created(w.ticket("all", everyField))
			remote, _ := w.simulator.Ticket(ticket.Status.ID)
			Expect(remote.Name).To(Equal("Checkout latency"))
			Expect(remote.Summary).To(Equal("p99 above 2s since 10:05 UTC"))
			Expect(remote.Description).To(Equal("Some **markdown**."))
			Expect(remote.Priority).To(Equal("HIGH"))
			Expect(remote.Status).To(Equal("In Progress"))
			Expect(remote.Project).To(Equal("OPS"))
			Expect(remote.IssueType).To(Equal("Incident"))
			Expect(remote.Assignee).To(Equal("jane@example.com"))
			Expect(remote.Contact).To(Equal("ops@example.com"))
			Expect(remote.Creator).To(Equal("bot@example.com"))
			Expect(remote.DueDate.Equal(due.Time)).To(BeTrue())
			Expect(remote.CompletionDate.Equal(done.Time)).To(BeTrue())
			Expect(remote.Tags).To(ContainElements("team:checkout", "region:eu"))
			Expect(remote.CustomFields).To(HaveKeyWithValue("region", "eu"))
			Expect(remote.CustomFields).To(HaveKeyWithValue("nested", map[string]any{"a": []any{float64(1), nil, true}}))
			Expect(remote.CustomFields["big"]).To(BeEquivalentTo("9007199254740993"), "numbers are not rounded")
			w.expectInSync(ticket)
		})

		It("takes what it leaves out from the Integration's defaults, and does not follow them later", func() {
			integration := &v1alpha1.Integration{ObjectMeta: w.named("default")}
			edit(w, integration, func(i *v1alpha1.Integration) {
				i.Spec.Defaults = &v1alpha1.TicketDefaults{Project: "SEC", IssueType: "Incident", Creator: "bot@example.com"}
			})
			w.reconcileIntegration()
			ticket := w.created(w.ticket("defaults"))
			remote, _ := w.simulator.Ticket(ticket.Status.ID)
			Expect([]string{remote.Project, remote.IssueType, remote.Creator}).To(Equal([]string{"SEC", "Incident", "bot@example.com"}))

			edit(w, integration, func(i *v1alpha1.Integration) { i.Spec.Defaults.Project = "OPS" })
			w.reconcileIntegration()
			w.reconcile(ticket)
			w.expectInSync(ticket)
		})

		It("has recorded its intent before the request goes out", func() {
			ticket := w.ticket("intent")
			w.create(ticket)
			var atTheWrite []int
			w.writes.before = func(client.Object) error {
				atTheWrite = append(atTheWrite, len(w.simulator.Requests()))
				return nil
			}
			w.reconcile(ticket)
			Expect(atTheWrite).To(Equal([]int{0, 1}), "one write before the request, one after it")
			Expect(ticket.Annotations).To(HaveKeyWithValue(v1alpha1.CreateAttemptAnnotation, "1"))
			Expect(ticket.Annotations).To(HaveKeyWithValue(v1alpha1.CreateRecordAnnotation, ContainSubstring(`"installation":"test-installation"`)))
			Expect(ticket.Annotations[v1alpha1.CreateKeyAnnotation]).To(MatchRegexp("^[0-9a-f]{32}$"))
		})

		It("sends nothing when the cache it was read from is stale", func() {
			ticket := w.ticket("stale")
			w.create(ticket)
			w.writes.before = func(object client.Object) error {
				w.writes.before = nil
				annotate(w, w.ticket("stale"), "example.com/edited", "meanwhile")
				return nil
			}
			w.reconcile(ticket)
			Expect(w.sent()).To(BeEmpty())
			w.reconcile(ticket)
			Expect(w.sent()).To(Equal([]string{"CreateTicket 201"}))
		})
	})

	Describe("when its spec changes", func() {
		It("sends one PATCH with one operation for one field, and one write", func() {
			ticket := w.created(w.ticket("edit", everyField))
			edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Priority = "LOW" })
			written := w.writes.count.Load()
			w.reconcile(ticket)
			Expect(w.sent()).To(Equal([]string{"PatchTicket 200"}))
			Expect(operations(w.patches()[0])).To(Equal([]string{`replace /priority "LOW"`}))
			Expect(w.writes.count.Load() - written).To(BeEquivalentTo(1))
			expectReady(ticket)
			w.expectInSync(ticket)
		})

		It("leaves the remote value of a field that was taken out", func() {
			ticket := w.created(w.ticket("unset", everyField))
			edit(w, ticket, func(t *v1alpha1.Ticket) {
				t.Spec.Assignee, t.Spec.Tags, t.Spec.CustomFields = "", nil, nil
			})
			w.reconcile(ticket)
			Expect(w.sent()).To(BeEmpty())
			Expect(ticket.Status.Applied).NotTo(HaveKey("assignee"))
			remote, _ := w.simulator.Ticket(ticket.Status.ID)
			Expect(remote.Assignee).To(Equal("jane@example.com"))
			Expect(remote.Tags).To(ContainElement("team:checkout"))
			w.expectInSync(ticket)
		})

		It("keeps the tags that people added, and takes off its own", func() {
			ticket := w.created(w.ticket("tags", everyField))
			w.simulator.EditTicket(ticket.Status.ID, func(t *simulator.Ticket) { t.Tags = append(t.Tags, "by-a-person") })
			edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Tags = []string{"team:checkout", "new"} })
			w.reconcile(ticket)
			remote, _ := w.simulator.Ticket(ticket.Status.ID)
			Expect(remote.Tags).To(ConsistOf("team:checkout", "new", "by-a-person", "k8s-"+ticket.Annotations[v1alpha1.CreateKeyAnnotation], w.groupTag()))
			w.expectInSync(ticket)
		})

		It("changes one custom field and no other", func() {
			ticket := w.created(w.ticket("custom", everyField))
			edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.CustomFields["severity"] = apiextensionsv1.JSON{Raw: []byte("1")} })
			w.reconcile(ticket)
			Expect(operations(w.patches()[0])).To(Equal([]string{`add /custom_fields/severity 1`}))
			w.expectInSync(ticket)
		})

		It("does not undo what people changed in other fields, and lists it as drift", func() {
			ticket := w.created(w.ticket("person", everyField))
			w.simulator.EditTicket(ticket.Status.ID, func(t *simulator.Ticket) { t.Status = "Blocked" })
			edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Description = "Now understood." })
			w.reconcile(ticket)
			Expect(operations(w.patches()[0])).To(Equal([]string{`replace /description "Now understood."`}))
			remote, _ := w.simulator.Ticket(ticket.Status.ID)
			Expect(remote.Status).To(Equal("Blocked"))
			Expect(ticket.Status.Drift).To(Equal([]string{"status"}))
			Expect(ticket.Status.Remote.Status).To(Equal("Blocked"))
			expectReady(ticket)
			w.expectInSync(ticket)
		})
	})

	It("never patches because a provider rewrites what it is sent", func() {
		w.simulator.SetBehaviour(simulator.Behaviour{RewriteEverything: true})
		ticket := w.created(w.ticket("rewritten", everyField, func(s *v1alpha1.TicketSpec) { s.ManagementPolicy = v1alpha1.ManagementEnforce }))
		w.expectInSync(ticket)
		annotate(w, ticket, v1alpha1.SyncRequestedAnnotation, "now")
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 200"}))
		Expect(ticket.Status.Drift).To(BeEmpty())
		w.expectInSync(ticket)
	})

	It("looks at the remote ticket once per value of sync-requested", func() {
		ticket := w.created(w.ticket("look"))
		w.simulator.EditTicket(ticket.Status.ID, func(t *simulator.Ticket) { t.Assignee, t.Summary = "max@example.com", "changed by a person" })
		annotate(w, ticket, v1alpha1.SyncRequestedAnnotation, "1")
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 200"}))
		Expect(ticket.Status.Remote.Assignee).To(Equal("max@example.com"))
		Expect(ticket.Status.Drift).To(Equal([]string{"summary"}))
		Expect(ticket.Status.LastSyncRequest).To(Equal("1"))
		expectReady(ticket)
		w.expectInSync(ticket)
	})

	It("writes a remote change of a managed field back under Enforce, once", func() {
		ticket := w.created(w.ticket("enforce", everyField, func(s *v1alpha1.TicketSpec) { s.ManagementPolicy = v1alpha1.ManagementEnforce }))
		w.simulator.EditTicket(ticket.Status.ID, func(t *simulator.Ticket) { t.Status, t.Description = "Blocked", "Some **markdown**." })
		annotate(w, ticket, v1alpha1.SyncRequestedAnnotation, "1")
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 200", "PatchTicket 200", "GetTicket 200"}))
		Expect(operations(w.patches()[0])).To(Equal([]string{`replace /status "In Progress"`}))
		Expect(ticket.Status.Drift).To(BeEmpty())
		w.expectInSync(ticket)
	})

	Describe("with a ticketID", func() {
		var existing simulator.Ticket
		BeforeEach(func() {
			existing = w.simulator.AddTicket(simulator.Ticket{Name: "old", Summary: "as a person wrote it", Priority: "LOW", Status: "Open", Project: "OPS", Tags: []string{"theirs"}})
		})
		adopting := func(spec *v1alpha1.TicketSpec) { spec.TicketID = existing.ID }

		It("adopts the remote ticket and patches only what the spec sets and it does not show", func() {
			ticket := w.ticket("adopt", adopting, func(s *v1alpha1.TicketSpec) { s.Priority, s.Tags = "LOW", []string{"ours"} })
			w.create(ticket)
			w.reconcile(ticket)
			expectReady(ticket)
			Expect(w.sent()).To(Equal([]string{"GetTicket 200", "PatchTicket 200"}))
			Expect(operations(w.patches()[0])).To(Equal([]string{`replace /summary "p99 above 2s"`, `replace /tags ["theirs","ours"]`}))
			Expect(w.simulator.Tickets()).To(HaveLen(1))
			Expect(ticket.Status.ID).To(Equal(existing.ID))
			w.expectInSync(ticket)
		})

		It("writes nothing under Observe, and shows what a poll has seen", func() {
			ticket := w.ticket("observe", adopting, func(s *v1alpha1.TicketSpec) { s.ManagementPolicy = v1alpha1.ManagementObserve })
			w.create(ticket)
			w.reconcile(ticket)
			expectReady(ticket)
			Expect(w.sent()).To(Equal([]string{"GetTicket 200"}))
			Expect(ticket.Status.Remote.Summary).To(Equal("as a person wrote it"))
			Expect(ticket.Status.Applied).To(BeEmpty())
			w.expectInSync(ticket)

			w.editRemote(existing.ID, func(t *simulator.Ticket) { t.Status = "Done" })
			w.seen(ticket)
			w.reconcile(ticket)
			Expect(w.sent()).To(BeEmpty(), "the poll has shown all that there is to know")
			Expect(ticket.Status.Remote.Status).To(Equal("Done"))
			Expect(ticket.Status.Drift).To(BeEmpty(), "nothing is managed")
			w.expectInSync(ticket)
		})

		It("is a conflict when another Ticket stands for that remote ticket", func() {
			w.created(w.ticket("first", adopting))
			second := w.ticket("second", adopting)
			w.create(second)
			w.reconcile(second)
			expectNotReady(second, v1alpha1.ReasonConflict, `"first"`, "delete one of the two")
			Expect(w.sent()).To(BeEmpty())
		})

		It("says so when there is no such remote ticket, and does not create one", func() {
			ticket := w.ticket("missing", func(s *v1alpha1.TicketSpec) { s.TicketID = "no-such" })
			w.create(ticket)
			for range 5 {
				w.reconcile(ticket)
			}
			expectNotReady(ticket, v1alpha1.ReasonRemoteMissing, `"no-such"`)
			Expect(w.sent()).To(Equal([]string{"GetTicket 404"}), "slow checks, not a loop")
		})
	})

	Describe("when it is deleted", func() {
		closing := func(spec *v1alpha1.TicketSpec) {
			spec.DeletionPolicy = v1alpha1.TicketClose
			spec.Close = &v1alpha1.TicketCloseSpec{Status: "Done", Comment: "Closed: removed from Git."}
		}

		It("leaves the remote ticket as it is under Retain", func() {
			ticket := w.created(w.ticket("retain"))
			w.delete(ticket)
			w.expectGone(ticket)
			Expect(w.simulator.Tickets()).To(HaveLen(1))
		})

		It("comments and closes the remote ticket under Close", func() {
			ticket := w.created(w.ticket("close", closing))
			Expect(ticket.Finalizers).To(ContainElement(v1alpha1.RemoteFinalizer))
			id := ticket.Status.ID
			w.delete(ticket)
			w.reconcileAway(ticket)
			w.expectGone(ticket)
			remote, _ := w.simulator.Ticket(id)
			Expect(remote.Status).To(Equal("Done"))
			Expect(w.simulator.Comments(id)).To(HaveLen(1))
			Expect(w.simulator.Comments(id)[0].Content).To(Equal("Closed: removed from Git."))
		})

		It("comments once when closing fails half-way", func() {
			ticket := w.created(w.ticket("close-twice", closing))
			id := ticket.Status.ID
			w.delete(ticket)
			w.simulator.Inject(simulator.Fault{Operation: "PatchTicket", Status: 503, Times: 1})
			w.reconcile(ticket)
			expectNotReady(ticket, v1alpha1.ReasonRemoteUnavailable, v1alpha1.OrphanAnnotation)
			w.clock.Step(time.Minute)
			w.reconcileAway(ticket)
			w.expectGone(ticket)
			Expect(w.simulator.Comments(id)).To(HaveLen(1))
		})

		for name, fault := range map[string]simulator.Fault{
			"was lost":           {Lose: true},
			"took effect":        {Lose: true, AfterCommit: true},
			"takes effect later": {Status: 504, CommitLate: 20 * time.Second},
		} {
			It("comments once when the request for the comment got no answer and "+name, func() {
				ticket := w.created(w.ticket("close-lost", closing))
				id := ticket.Status.ID
				w.delete(ticket)
				fault.Operation, fault.Times = "CreateComment", 1
				w.simulator.Inject(fault)
				result := w.reconcile(ticket)
				expectNotReady(ticket, v1alpha1.ReasonCreateUnconfirmed, "closing comment")
				for w.exists(ticket) {
					w.clock.Step(max(result.RequeueAfter, time.Second))
					w.simulator.CommitPending()
					result = w.reconcileAway(ticket)
				}
				remote, _ := w.simulator.Ticket(id)
				Expect(remote.Status).To(Equal("Done"))
				Expect(w.simulator.Comments(id)).To(HaveLen(1))
			})
		}

		It("comments once when the annotations are removed and the manager restarts after a lost answer", func() {
			ticket := w.created(w.ticket("close-recovered", closing))
			id := ticket.Status.ID
			w.delete(ticket)
			w.simulator.Inject(simulator.Fault{Operation: "CreateComment", Lose: true, AfterCommit: true, Times: 1})
			w.reconcile(ticket)
			expectNotReady(ticket, v1alpha1.ReasonCreateUnconfirmed, "closing comment")
			edit(w, ticket, func(t *v1alpha1.Ticket) { t.SetAnnotations(nil) })
			w.restart()
			w.reconcileIntegration()
			w.reconcileUntilGone(ticket)
			remote, _ := w.simulator.Ticket(id)
			Expect(remote.Status).To(Equal("Done"))
			Expect(w.simulator.Comments(id)).To(HaveLen(1))
		})

		It("is done with when the remote ticket is deleted after the answer for the comment was lost", func() {
			ticket := w.created(w.ticket("close-gone", closing))
			w.delete(ticket)
			w.simulator.Inject(simulator.Fault{Operation: "CreateComment", Lose: true, AfterCommit: true, Times: 1})
			w.reconcile(ticket)
			expectNotReady(ticket, v1alpha1.ReasonCreateUnconfirmed, "closing comment")
			w.simulator.DeleteTicket(ticket.Status.ID)
			w.reconcileUntilGone(ticket)
		})

		It("is not taken for gone because its comments cannot be listed", func() {
			ticket := w.created(w.ticket("close-unlisted", closing))
			id := ticket.Status.ID
			w.delete(ticket)
			w.simulator.Inject(simulator.Fault{Operation: "CreateComment", Lose: true, AfterCommit: true, Times: 1})
			list := w.simulator.Inject(simulator.Fault{Operation: "ListComments", Status: 404})
			for range 10 {
				result := w.reconcile(ticket)
				expectNotReady(ticket, v1alpha1.ReasonCreateUnconfirmed, "closing comment")
				w.clock.Step(result.RequeueAfter)
			}
			list()
			w.reconcileUntilGone(ticket)
			Expect(w.simulator.Comments(id)).To(HaveLen(1))
		})

		It("lets a ticket that is closed already alone", func() {
			ticket := w.created(w.ticket("closed", closing))
			id := ticket.Status.ID
			w.simulator.EditTicket(id, func(t *simulator.Ticket) { t.Status = "Done" })
			w.delete(ticket)
			w.reconcileAway(ticket)
			w.expectGone(ticket)
			Expect(w.sent()).To(Equal([]string{"GetTicket 200"}))
		})

		It("is done with when the remote ticket is gone", func() {
			ticket := w.created(w.ticket("gone", closing))
			w.simulator.DeleteTicket(ticket.Status.ID)
			w.delete(ticket)
			w.reconcileAway(ticket)
			w.expectGone(ticket)
		})

		It("gets the finalizer when the policy is changed to Close later", func() {
			ticket := w.created(w.ticket("later"))
			edit(w, ticket, func(t *v1alpha1.Ticket) { closing(&t.Spec) })
			w.reconcile(ticket)
			Expect(ticket.Finalizers).To(ContainElement(v1alpha1.RemoteFinalizer))
			w.expectInSync(ticket)
		})
	})

	Describe("whose create was not confirmed", func() {
		It("finds the remote ticket that the lost request made", func() {
			w.simulator.Inject(simulator.Fault{Operation: "CreateTicket", Lose: true, AfterCommit: true, Times: 1})
			ticket := w.ticket("lost-answer")
			w.create(ticket)
			w.reconcile(ticket)
			expectNotReady(ticket, v1alpha1.ReasonCreateUnconfirmed, "settlePeriod")

			w.clock.Step(2 * time.Second)
			w.reconcile(ticket)
			expectReady(ticket)
			Expect(w.simulator.Tickets()).To(HaveLen(1))
			Expect(w.sent()).To(Equal([]string{"CreateTicket 0", "QueryTickets 200"}))
			w.expectInSync(ticket)
		})

		It("sends the request again only after the settle period and two empty look-ups", func() {
			w.simulator.Inject(simulator.Fault{Operation: "CreateTicket", Lose: true, Times: 1})
			ticket := w.ticket("lost-request")
			w.create(ticket)
			began := w.clock.Now()
			result := w.reconcile(ticket)
			for len(w.simulator.Tickets()) == 0 {
				Expect(result.RequeueAfter).To(BeNumerically(">", 0))
				Expect(w.clock.Since(began)).To(BeNumerically("<", time.Hour))
				w.clock.Step(result.RequeueAfter)
				result = w.reconcile(ticket)
			}
			// requestTimeout (30s) and settlePeriod (2m) are the defaults.
			Expect(w.clock.Since(began)).To(BeNumerically(">=", 150*time.Second))
			expectReady(ticket)
			Expect(ticket.Annotations).To(HaveKeyWithValue(v1alpha1.CreateAttemptAnnotation, "2"))
			Expect(w.simulator.RequestCounts()["CreateTicket"]).To(Equal(2))
		})

		It("waits the same by its own clock in a process that has just taken over", func() {
			w.simulator.Inject(simulator.Fault{Operation: "CreateTicket", Lose: true, Times: 1})
			ticket := w.ticket("takeover")
			w.create(ticket)
			w.reconcile(ticket)
			w.clock.Step(140 * time.Second)
			w.start()
			began := w.clock.Now()
			result := w.reconcile(ticket)
			for len(w.simulator.Tickets()) == 0 {
				Expect(w.clock.Since(began)).To(BeNumerically("<", time.Hour))
				w.clock.Step(result.RequeueAfter)
				result = w.reconcile(ticket)
			}
			Expect(w.clock.Since(began)).To(BeNumerically(">=", 150*time.Second))
			Expect(w.simulator.Tickets()).To(HaveLen(1))
		})

		It("is decided by a person who sets ticketID", func() {
			w.simulator.SetBehaviour(simulator.Behaviour{DropTags: true})
			w.simulator.Inject(simulator.Fault{Operation: "CreateTicket", Lose: true, AfterCommit: true, Times: 1})
			ticket := w.ticket("decided")
			w.create(ticket)
			w.reconcile(ticket)
			expectNotReady(ticket, v1alpha1.ReasonCreateUnconfirmed)
			edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.TicketID = w.simulator.Tickets()[0].ID })
			w.reconcile(ticket)
			expectReady(ticket)
			Expect(w.simulator.Tickets()).To(HaveLen(1))
			w.expectInSync(ticket)
		})

		It("survives that the ID could not be written", func() {
			ticket := w.ticket("unwritten")
			w.create(ticket)
			calls := 0
			w.writes.before = func(client.Object) error {
				calls++
				if calls > 1 {
					return errUnavailable
				}
				return nil
			}
			_, err := w.tryReconcile(ticket)
			Expect(err).To(HaveOccurred())
			w.writes.before = nil
			w.reconcile(ticket)
			expectReady(ticket)
			Expect(w.sent()).To(Equal([]string{"CreateTicket 201"}), "the answer is remembered")

			w.refresh(ticket)
			Expect(w.simulator.Tickets()).To(HaveLen(1))
		})
	})

	It("gets a remote ticket of its own when it is a copy of another one's manifest", func() {
		original := w.created(w.ticket("original"))
		copied := w.ticket("copied")
		copied.Annotations = original.Annotations
		w.create(copied)
		w.reconcile(copied)
		expectReady(copied)
		Expect(copied.Status.ID).NotTo(Equal(original.Status.ID))
		Expect(copied.Annotations[v1alpha1.CreateKeyAnnotation]).NotTo(Equal(original.Annotations[v1alpha1.CreateKeyAnnotation]))
		Expect(w.simulator.Tickets()).To(HaveLen(2))
	})

	It("finds its remote ticket after a restore from a backup that lost the status", func() {
		ticket := w.created(w.ticket("restored"))
		id := ticket.Status.ID
		w.delete(ticket)
		restored := w.ticket("restored")
		restored.Annotations = ticket.Annotations
		w.create(restored)
		w.reconcile(restored)
		expectReady(restored)
		Expect(restored.Status.ID).To(Equal(id))
		Expect(w.simulator.Tickets()).To(HaveLen(1))
	})

	It("stops while it is paused", func() {
		ticket := w.created(w.ticket("paused"))
		annotate(w, ticket, v1alpha1.PausedAnnotation, "true")
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "changed" })
		w.reconcile(ticket)
		Expect(condition(ticket, "Ready").Reason).To(Equal(v1alpha1.ReasonPaused))
		w.expectInSync(ticket)
		annotate(w, ticket, v1alpha1.PausedAnnotation, "false")
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"PatchTicket 200"}))
		expectReady(ticket)
	})
})
