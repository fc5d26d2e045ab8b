// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// someFields are managed in the tests of remote changes; the assignee is not.
func someFields(spec *v1alpha1.TicketSpec) {
	spec.Description, spec.Priority, spec.Status = "Some **markdown**.", "HIGH", "In Progress"
	spec.Tags = []string{"team:checkout", "Region:EU"}
	spec.CustomFields = map[string]apiextensionsv1.JSON{"severity": {Raw: []byte("2")}}
}

func enforced(spec *v1alpha1.TicketSpec) { spec.ManagementPolicy = v1alpha1.ManagementEnforce }

// expectQuiet reconciles a hundred times and expects no request and no write.
func expectQuiet(w *world, ticket *v1alpha1.Ticket) {
	GinkgoHelper()
	w.simulator.ForgetRequests()
	written := w.writes.count.Load()
	for range 100 {
		w.reconcile(ticket)
	}
	Expect(w.sent()).To(BeEmpty(), "nothing is sent")
	Expect(w.writes.count.Load()).To(Equal(written), "nothing is written")
}

var _ = Describe("A remote change, under Apply", func() {
	var w *world
	var ticket *v1alpha1.Ticket
	BeforeEach(func() {
		w = newWorld()
		ticket = w.created(w.ticket("changed", someFields))
		w.news()
	})
	// blocked is a person's edit of the status, and the poll that lists it.
	blocked := func() {
		GinkgoHelper()
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status = "Blocked" })
		w.seen(ticket)
		w.reconcile(ticket)
		Expect(ticket.Status.Drift).To(Equal([]string{"status"}))
		w.simulator.ForgetRequests()
	}

	It("is shown, listed as drift and told of in one Event, and left as it is", func() {
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status, t.Priority, t.Assignee = "Blocked", "LOW", "max@example.com" })
		w.seen(ticket)
		written := w.writes.count.Load()
		w.reconcile(ticket)

		Expect(w.sent()).To(Equal([]string{"GetTicket 200"}), "a list may show managed fields in a form of its own")
		Expect(w.writes.count.Load()-written).To(BeEquivalentTo(1), "the status")
		Expect(ticket.Status.Remote.Status).To(Equal("Blocked"))
		Expect(ticket.Status.Remote.Priority).To(Equal("LOW"))
		Expect(ticket.Status.Remote.Assignee).To(Equal("max@example.com"))
		Expect(ticket.Status.Drift).To(Equal([]string{"priority", "status"}))
		Expect(w.news()).To(Equal([]string{fmt.Sprintf(
			`Normal RemoteChange somebody changed the remote ticket %q: priority from "HIGH" to "LOW"; status from "In Progress" to "Blocked"; the changes are kept (managementPolicy Apply)`,
			ticket.Status.ID)}))
		expectReady(ticket)
		expectCondition(ticket, "Synced", metav1.ConditionTrue, v1alpha1.ReasonSynced)
		expectQuiet(w, ticket)
		Expect(w.listed(ticket).Status).To(Equal("Blocked"))
	})

	It("of tags, custom fields and the description is told of in words", func() {
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) {
			t.Description, t.CustomFields["severity"] = "Another text.", "none"
			t.Tags = slices.DeleteFunc(t.Tags, func(tag string) bool { return tag == "Region:EU" })
		})
		w.seen(ticket)
		w.reconcile(ticket)
		Expect(ticket.Status.Drift).To(Equal([]string{"customFields/severity", "description", "tags/Region:EU"}))
		Expect(w.about("RemoteChange")).To(HaveExactElements(ContainSubstring(
			`customFields/severity from 2 to "none"; description from "Some **markdown**." to "Another text."; tag "Region:EU" removed; the changes are kept`)))
		expectReady(ticket)
	})

	It("is written down once, however often polls report it", func() {
		blocked()
		w.news()
		written := w.writes.count.Load()
		for range 5 {
			w.seen(ticket)
			w.reconcile(ticket)
			Expect(w.unrecorded(ticket)).To(BeFalse())
		}
		Expect(w.writes.count.Load()).To(Equal(written))
		Expect(w.news()).To(BeEmpty())
		Expect(w.sent()).To(BeEmpty())
	})

	It("is not undone by an edit of another field", func() {
		blocked()
		w.news()
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "Now understood." })
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"PatchTicket 200"}))
		Expect(operations(w.patches()[0])).To(Equal([]string{`replace /summary "Now understood."`}))
		Expect(w.listed(ticket).Status).To(Equal("Blocked"))
		Expect(ticket.Status.Drift).To(Equal([]string{"status"}))
		Expect(w.about("RemoteChange")).To(BeEmpty(), "nobody has changed anything since")
		expectReady(ticket)
		w.expectInSync(ticket)
	})

	It("of a field that has drifted before is told of again, from the value that it had then", func() {
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status, t.Priority = "Blocked", "LOW" })
		w.seen(ticket)
		w.reconcile(ticket)
		w.news()
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status = "Waiting" })
		w.seen(ticket)
		w.reconcile(ticket)
		Expect(w.news()).To(HaveExactElements(And(
			ContainSubstring(`: status from "Blocked" to "Waiting"; the changes are kept`), Not(ContainSubstring("priority")))))
		Expect(ticket.Status.Drift).To(Equal([]string{"priority", "status"}))
	})

	It("is no drift any more once the person sets the field back", func() {
		blocked()
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status = "In Progress" })
		w.seen(ticket)
		w.reconcile(ticket)
		Expect(ticket.Status.Drift).To(BeEmpty())
		Expect(ticket.Status.Remote.Status).To(Equal("In Progress"))
		Expect(w.sent()).To(Equal([]string{"GetTicket 200"}))
		w.expectInSync(ticket)
	})

	It("gives way to a new value in the spec", func() {
		blocked()
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Status = "To Do" })
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"PatchTicket 200"}))
		Expect(operations(w.patches()[0])).To(Equal([]string{`replace /status "To Do"`}))
		Expect(ticket.Status.Drift).To(BeEmpty())
		Expect(w.listed(ticket).Status).To(Equal("To Do"))
		w.expectInSync(ticket)
	})

	It("is taken over by writing it into the spec", func() {
		blocked()
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Status = "Blocked" })
		w.reconcile(ticket)
		Expect(ticket.Status.Drift).To(BeEmpty())
		w.expectInSync(ticket)
	})

	It("of a field that the spec does not set is shown, and is neither drift nor news", func() {
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) {
			t.Assignee, t.Tags = "max@example.com", append(t.Tags, "by-a-person")
		})
		w.seen(ticket)
		w.reconcile(ticket)
		Expect(ticket.Status.Remote.Assignee).To(Equal("max@example.com"))
		Expect(ticket.Status.Remote.Tags).To(ContainElement("by-a-person"))
		Expect(ticket.Status.Drift).To(BeEmpty())
		Expect(w.news()).To(BeEmpty())
		w.expectInSync(ticket)
	})
})

var _ = Describe("An observation", func() {
	var w *world
	var ticket *v1alpha1.Ticket
	BeforeEach(func() {
		w = newWorld()
		ticket = w.created(w.ticket("sighted", someFields))
		w.news()
	})
	change := func() {
		GinkgoHelper()
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status = "Blocked" })
	}

	It("that is older than what an own PATCH has returned is ignored", func() {
		change()
		old := w.listed(ticket)
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status = "In Progress" })
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "edited" })
		w.reconcile(ticket)
		Expect(ticket.Status.Remote.Summary).To(Equal("edited"))

		w.report(ticket, old)
		w.expectInSync(ticket)
		Expect(ticket.Status.Remote.Summary).To(Equal("edited"))
		Expect(ticket.Status.Drift).To(BeEmpty())
		Expect(w.unrecorded(ticket)).To(BeFalse())
		Expect(w.about("RemoteChange")).To(BeEmpty())
	})

	It("that leaves a managed field out is followed by a look, because lists may show less", func() {
		change()
		short := w.listed(ticket)
		short.Description, short.Tags, short.CustomFields = "", nil, nil
		w.report(ticket, short)
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 200"}))
		Expect(ticket.Status.Drift).To(Equal([]string{"status"}))
		Expect(w.about("RemoteChange")).To(HaveExactElements(Not(ContainSubstring("description"))))
		Expect(w.unrecorded(ticket)).To(BeFalse())
		w.report(ticket, short)
		w.expectInSync(ticket)
	})

	It("of a managed field that a person has emptied is followed by one look", func() {
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Description = "" })
		w.seen(ticket)
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 200"}))
		Expect(ticket.Status.Drift).To(Equal([]string{"description"}))
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Assignee = "max@example.com" })
		w.seen(ticket)
		w.reconcile(ticket)
		Expect(ticket.Status.Remote.Assignee).To(Equal("max@example.com"))
		Expect(w.sent()).To(HaveLen(1), "that it is empty is known")
	})

	It("that shortens a text is looked into, and is no drift", func() {
		for range 3 {
			w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Assignee += "x" })
			short := w.listed(ticket)
			short.Description = "Some **m…"
			w.report(ticket, short)
			w.reconcile(ticket)
			Expect(w.sent()).To(Equal([]string{"GetTicket 200"}))
			Expect(ticket.Status.Drift).To(BeEmpty())
			Expect(w.news()).To(BeEmpty())
			expectQuiet(w, ticket)
		}
	})

	It("that shortens a text and tells no time is looked into once", func() {
		short := w.listed(ticket)
		short.Description, short.UpdatedAt = "Some **m…", synqly.Timestamp{}
		for range 3 {
			w.report(ticket, short)
			w.reconcile(ticket)
		}
		Expect(w.sent()).To(Equal([]string{"GetTicket 200"}))
		changed := *short
		changed.Description = "Something else…"
		w.report(ticket, &changed)
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 200", "GetTicket 200"}))
		Expect(ticket.Status.Drift).To(BeEmpty())
	})

	It("of a paused Ticket is written down once that is resumed", func() {
		annotate(w, ticket, v1alpha1.PausedAnnotation, "true")
		w.reconcile(ticket)
		change()
		w.seen(ticket)
		w.reconcile(ticket)
		Expect(ticket.Status.Remote.Status).To(Equal("In Progress"))
		expectCondition(ticket, "Ready", metav1.ConditionUnknown, v1alpha1.ReasonPaused)

		annotate(w, ticket, v1alpha1.PausedAnnotation, "false")
		w.reconcile(ticket)
		Expect(ticket.Status.Remote.Status).To(Equal("Blocked"))
		Expect(ticket.Status.Drift).To(Equal([]string{"status"}))
		Expect(w.sent()).To(Equal([]string{"GetTicket 200"}))
		expectReady(ticket)
	})

	It("is not lost when somebody edits the object at the moment of the write", func() {
		change()
		w.seen(ticket)
		w.writes.before = func(client.Object) error {
			w.writes.before = nil
			annotate(w, w.ticket("sighted"), "example.com/edited", "meanwhile")
			return nil
		}
		result := w.reconcile(ticket)
		Expect(result.RequeueAfter).To(Equal(time.Second))
		Expect(ticket.Status.Remote.Status).To(Equal("In Progress"))
		Expect(w.news()).To(BeEmpty(), "what was not written is not told")

		w.reconcile(ticket)
		Expect(ticket.Status.Remote.Status).To(Equal("Blocked"))
		Expect(w.about("RemoteChange")).To(HaveLen(1))
		Expect(w.unrecorded(ticket)).To(BeFalse())
	})

	It("is not lost when the API server fails", func() {
		change()
		w.seen(ticket)
		w.refuseWrites(1)
		_, err := w.tryReconcile(ticket)
		Expect(err).To(MatchError(errUnavailable))
		w.writes.before = nil
		w.reconcile(ticket)
		Expect(ticket.Status.Drift).To(Equal([]string{"status"}))
		Expect(w.about("RemoteChange")).To(HaveLen(1))
	})

	It("of an object that was deleted and made anew under the same name is ignored", func() {
		adopting := func(s *v1alpha1.TicketSpec) { s.TicketID = ticket.Status.ID }
		w.delete(ticket)
		before := w.created(w.ticket("anew", someFields, adopting))
		observation := w.listed(before)
		observation.Status, observation.UpdatedAt.Time = "Blocked", w.clock.Now().Add(time.Hour)
		w.delete(before)
		w.expectGone(before)
		anew := w.created(w.ticket("anew", someFields, adopting))
		Expect(anew.Status.ID).To(Equal(before.Status.ID))
		w.report(before, observation)
		w.expectInSync(anew)
		Expect(anew.Status.Remote.Status).To(Equal("In Progress"))
		Expect(w.unrecorded(anew)).To(BeFalse())
	})

	It("of a remote ticket that the object has let go of is ignored", func() {
		before, observation := ticket.DeepCopy(), w.listed(ticket)
		observation.Status, observation.UpdatedAt.Time = "Blocked", w.clock.Now().Add(time.Hour)
		w.simulator.DeleteTicket(ticket.Status.ID)
		w.missed(ticket)
		w.reconcile(ticket)
		annotate(w, ticket, v1alpha1.CreateAgainAnnotation, "yes")
		w.reconcile(ticket)
		expectReady(ticket)
		Expect(ticket.Status.ID).NotTo(Equal(before.Status.ID))
		w.report(before, observation)
		w.expectInSync(ticket)
		Expect(ticket.Status.Remote.Status).To(Equal("In Progress"))
		Expect(w.unrecorded(ticket)).To(BeFalse())
	})
})

var _ = Describe("A remote change, under Enforce", func() {
	var w *world
	var ticket *v1alpha1.Ticket
	BeforeEach(func() {
		w = newWorld()
		ticket = w.created(w.ticket("enforced", someFields, enforced))
		w.news()
	})
	blocked := func() {
		GinkgoHelper()
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status = "Blocked" })
		w.seen(ticket)
	}

	It("is written back once, by one PATCH that names the field", func() {
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status, t.Assignee = "Blocked", "max@example.com" })
		w.seen(ticket)
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 200", "PatchTicket 200", "GetTicket 200"}))
		Expect(operations(w.patches()[0])).To(Equal([]string{`replace /status "In Progress"`}))
		Expect(w.listed(ticket).Status).To(Equal("In Progress"))
		Expect(w.listed(ticket).Assignee).To(Equal("max@example.com"), "the spec does not set it")
		Expect(ticket.Status.Drift).To(BeEmpty())
		Expect(ticket.Status.Remote.Status).To(Equal("In Progress"))
		expectReady(ticket)
		expectCondition(ticket, "Synced", metav1.ConditionTrue, v1alpha1.ReasonSynced)
		Expect(w.news()).To(Equal([]string{
			fmt.Sprintf(`Normal RemoteChange somebody changed the remote ticket %q: status from "In Progress" to "Blocked"; the values of the spec are restored (managementPolicy Enforce)`, ticket.Status.ID),
			fmt.Sprintf(`Normal Updated updated the remote ticket %q: status`, ticket.Status.ID),
		}))
		expectQuiet(w, ticket)
		w.seen(ticket)
		expectQuiet(w, ticket)
	})

	It("of tags brings back the spec's and leaves those of people", func() {
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) {
			t.Tags = append(slices.DeleteFunc(t.Tags, func(tag string) bool { return tag == "Region:EU" }), "by-a-person")
		})
		tags := w.listed(ticket).Tags
		w.seen(ticket)
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 200", "PatchTicket 200", "GetTicket 200"}), "the list can only be written as a whole")
		Expect(w.listed(ticket).Tags).To(Equal(append(tags, "Region:EU")))
		Expect(w.patches()).To(HaveLen(1))
		expectReady(ticket)
		expectQuiet(w, ticket)
	})

	It("is written back together with an edit of the spec", func() {
		blocked()
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "edited" })
		w.reconcile(ticket)
		Expect(w.patches()).To(HaveLen(1))
		Expect(operations(w.patches()[0])).To(Equal([]string{`replace /summary "edited"`, `replace /status "In Progress"`}))
		expectQuiet(w, ticket)
	})

	It("is written back once more, and no further, where the provider answers with what it was sent and shows something else later", func() {
		ticket = w.created(w.ticket("status-only", enforced, func(s *v1alpha1.TicketSpec) { s.Status = "In Progress" }))
		blocked()
		answer := w.listed(ticket)
		answer.Status = "In Progress"
		body, err := json.Marshal(map[string]any{"result": answer})
		Expect(err).NotTo(HaveOccurred())
		w.simulator.SetBehaviour(simulator.Behaviour{RewriteEverything: true})
		w.simulator.Inject(simulator.Fault{Operation: "PatchTicket", Body: body})
		w.reconcile(ticket)
		Expect(w.patches()).To(HaveLen(2), "somebody may have changed it between the first one and the look after it")
		Expect(w.listed(ticket).Status).To(Equal("IN PROGRESS"))
		for range 10 {
			w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Tags = append(t.Tags, fmt.Sprint("tag-", len(t.Tags))) })
			w.seen(ticket)
			w.reconcile(ticket)
		}
		Expect(w.patches()).To(HaveLen(2))
		Expect(ticket.Status.Drift).To(BeEmpty())
		expectReady(ticket)
	})

	It("that was shown under Apply is Drifted while the write-back waits for the request budget", func() {
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.ManagementPolicy = v1alpha1.ManagementApply })
		blocked()
		w.reconcile(ticket)
		w.simulator.ForgetRequests()
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.ManagementPolicy = v1alpha1.ManagementEnforce })
		w.useUpBudget()
		result := w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonDrifted, "status", "Enforce", "rateLimit")
		expectCondition(ticket, "Synced", metav1.ConditionFalse, v1alpha1.ReasonDrifted)
		Expect(condition(ticket, "Stalled")).To(BeNil())
		Expect(ticket.Status.Drift).To(Equal([]string{"status"}))
		Expect(w.sent()).To(BeEmpty())
		Expect(result.RequeueAfter).To(And(BeNumerically(">", 0), BeNumerically("<=", 2*time.Second)), "a new connection has half of its rate")

		version := ticket.ResourceVersion
		result = w.reconcile(ticket)
		Expect(ticket.ResourceVersion).To(Equal(version), "it is said once")
		w.options.Connections.Last(types.NamespacedName{Namespace: w.namespace, Name: "default"}).SetRate(100, 100)
		w.clock.Step(result.RequeueAfter)
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 200", "PatchTicket 200", "GetTicket 200"}))
		expectReady(ticket)
		expectCondition(ticket, "Synced", metav1.ConditionTrue, v1alpha1.ReasonSynced)
		expectQuiet(w, ticket)
	})

	It("is retried while the provider does not take the write-back", func() {
		w.simulator.Inject(simulator.Fault{Operation: "PatchTicket", Status: 503, Times: 1})
		blocked()
		result := w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonRemoteUnavailable)
		expectCondition(ticket, "Synced", metav1.ConditionFalse, v1alpha1.ReasonDrifted)
		Expect(ticket.Status.Remote.Status).To(Equal("Blocked"), "what was seen is shown all the same")
		w.clock.Step(result.RequeueAfter)
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 200", "PatchTicket 503", "GetTicket 200", "PatchTicket 200", "GetTicket 200"}))
		expectReady(ticket)
		expectQuiet(w, ticket)
	})

	It("stays, and is shown, where the provider refuses the write-back", func() {
		w.simulator.SetBehaviour(simulator.Behaviour{ReadOnlyFields: []string{"status"}})
		blocked()
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonRejected, "status")
		expectCondition(ticket, "Stalled", metav1.ConditionTrue, v1alpha1.ReasonRejected)
		expectCondition(ticket, "Synced", metav1.ConditionFalse, v1alpha1.ReasonDrifted)
		Expect(w.sent()).To(Equal([]string{"GetTicket 200", "PatchTicket 400"}))
		expectQuiet(w, ticket)

		w.news()
		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status, t.Assignee = "Waiting", "max@example.com" })
		w.seen(ticket)
		w.reconcile(ticket)
		Expect(ticket.Status.Remote.Status).To(Equal("Waiting"))
		Expect(ticket.Status.Remote.Assignee).To(Equal("max@example.com"))
		Expect(w.about("RemoteChange")).To(HaveExactElements(ContainSubstring(`status from "Blocked" to "Waiting"`)))
		expectNotReady(ticket, v1alpha1.ReasonRejected)
		expectQuiet(w, ticket)

		w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Status = "In Progress" })
		w.seen(ticket)
		w.reconcile(ticket)
		expectReady(ticket)
		expectQuiet(w, ticket)
	})
})

var _ = Describe("A remote change, under Observe", func() {
	It("is shown, and nothing is drift or written", func() {
		w := newWorld()
		existing := w.simulator.AddTicket(simulator.Ticket{Name: "theirs", Summary: "theirs", Status: "Open"})
		ticket := w.created(w.ticket("observed", someFields, func(s *v1alpha1.TicketSpec) {
			s.TicketID, s.ManagementPolicy = existing.ID, v1alpha1.ManagementObserve
		}))
		w.news()
		w.editRemote(existing.ID, func(t *simulator.Ticket) { t.Status, t.Summary, t.Priority = "Blocked", "changed", "LOW" })
		w.seen(ticket)
		w.reconcile(ticket)
		Expect(ticket.Status.Remote.Status).To(Equal("Blocked"))
		Expect(ticket.Status.Remote.Summary).To(Equal("changed"))
		Expect(ticket.Status.Drift).To(BeEmpty())
		Expect(w.sent()).To(BeEmpty())
		Expect(w.about("RemoteChange")).To(BeEmpty(), "nothing is managed")
		expectReady(ticket)
		expectQuiet(w, ticket)
	})
})

var _ = Describe("A provider that keeps nothing as it was sent", func() {
	behaviours := map[string]simulator.Behaviour{
		"everything": {RewriteEverything: true, CommentCount: true},
		"texts, priorities and the case of tags": {
			NormaliseText: true, MapPriority: map[string]string{"HIGH": "P2", "LOW": "P4"}, LowerCaseTags: true,
		},
		"tags by dropping them": {DropTags: true},
	}
	for _, name := range slices.Sorted(maps.Keys(behaviours)) {
		for _, policy := range []v1alpha1.ManagementPolicy{v1alpha1.ManagementApply, v1alpha1.ManagementEnforce} {
			It(fmt.Sprintf("but rewrites %s is not patched in a hundred reconciles under %s", name, policy), func() {
				w := newWorld()
				w.simulator.SetBehaviour(behaviours[name])
				due := metav1.NewTime(time.Date(2026, 12, 1, 9, 30, 0, 0, time.UTC))
				ticket := w.ticket("rewritten", someFields, func(s *v1alpha1.TicketSpec) {
					s.ManagementPolicy, s.Description = policy, "- a\n- __b__  \n\nend\n"
					s.Assignee, s.Contact, s.IssueType, s.DueDate = "jane@example.com", "ops@example.com", "Incident", &due
				})
				w.create(ticket)
				for i := range 100 {
					w.reconcile(ticket)
					switch i % 4 {
					case 1: // A person's change of what is not managed makes the ticket newer.
						w.editRemote(ticket.Status.ID, func(t *simulator.Ticket) { t.Parent = fmt.Sprint("1000", i) })
						w.seen(ticket)
					case 2:
						edit(w, ticket, func(t *v1alpha1.Ticket) { t.Labels = map[string]string{"touched": fmt.Sprint(i)} })
					case 3:
						w.seen(ticket)
					}
				}
				Expect(w.simulator.RequestCounts()).To(Equal(map[string]int{"CreateTicket": 1}))
				Expect(ticket.Status.Drift).To(BeEmpty())
				Expect(ticket.Status.Remote.UpdatedAt).To(Equal(w.listed(ticket).UpdatedAt.Raw), "the observations were written down")
				expectReady(ticket)
			})
		}
	}
})

var _ = Describe("A remote ticket with odd values", func() {
	It("ends in step, with remarks, and stays there", func() {
		w := newWorld()
		odd := w.simulator.AddTicket(simulator.Ticket{
			Name: strings.Repeat("n", 3000), Summary: strings.Repeat("ä", 3000), Description: strings.Repeat("x", 2<<20), Priority: "P1",
			Status: strings.Repeat("s", 300), Creator: "null\x00byte", Tags: []string{"two\nlines", strings.Repeat("t", 400)},
		})
		w.simulator.EditTicket(odd.ID, func(t *simulator.Ticket) {
			for i := range 300 {
				t.Tags = append(t.Tags, fmt.Sprint("tag-", i))
			}
		})
		for field, raw := range map[string]string{
			"due_date": `5`, "completion_date": `"9999-12-31T23:59:59-05:00"`, "assignee": `{"name": "jane"}`, "contact": `["joe"]`,
			"custom_fields": `"none"`, "attachments": `7`, "project": `false`, "updated_at": `"just now"`, "issue_type": `null`,
		} {
			Expect(w.simulator.SetRaw(odd.ID, field, json.RawMessage(raw))).To(BeTrue())
		}
		due := metav1.NewTime(time.Date(2026, 12, 1, 9, 30, 0, 0, time.UTC))
		for _, policy := range []v1alpha1.ManagementPolicy{v1alpha1.ManagementObserve, v1alpha1.ManagementApply, v1alpha1.ManagementEnforce} {
			ticket := w.ticket("odd", func(s *v1alpha1.TicketSpec) {
				s.TicketID, s.ManagementPolicy = odd.ID, policy
				s.Priority, s.Assignee, s.DueDate, s.Tags = "HIGH", "jane@example.com", &due, []string{"team:checkout"}
				s.CustomFields = map[string]apiextensionsv1.JSON{"severity": {Raw: []byte("2")}}
			}, ttl)
			w.created(ticket)
			Expect(ticket.Status.ClosedAt).To(BeNil())
			Expect(ticket.Status.Remote.Tags).To(HaveLen(200))
			Expect(ticket.Status.Remote.Remarks).To(ContainElements(
				"due_date cannot be read: its JSON type is number", "assignee cannot be read: its JSON type is object", "custom_fields cannot be read: its JSON type is string",
				ContainSubstring(`updatedAt "just now" is not an RFC 3339 time`), ContainSubstring("description has"), ContainSubstring("and only the first 200 are shown"),
				ContainSubstring(`control characters in "two\nlines"`),
			))
			Expect(ticket.Status.Drift).To(BeEmpty())
			for i := range 10 {
				annotate(w, ticket, v1alpha1.SyncRequestedAnnotation, fmt.Sprint(i))
				w.reconcile(ticket)
				expectReady(ticket)
			}
			Expect(w.simulator.RequestCounts()).To(Equal(map[string]int{"GetTicket": 10}), "nothing is written again")
			Expect(ticket.Status.Drift).To(BeEmpty())
			expectQuiet(w, ticket)
			w.delete(ticket)
			w.expectGone(ticket)
			w.reconcileAway(ticket)
		}
	})

	It("whose tags cannot be read keeps them, and says so once when the spec changes its own", func() {
		w := newWorld()
		ticket := w.created(w.ticket("odd-tags", func(s *v1alpha1.TicketSpec) { s.Tags = []string{"ours"} }))
		Expect(w.simulator.SetRaw(ticket.Status.ID, "tags", json.RawMessage(`["ours", 7]`))).To(BeTrue())
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Tags = []string{"ours", "new"} })
		for range 10 {
			w.clock.Step(10 * time.Minute)
			w.reconcile(ticket)
		}
		expectNotReady(ticket, v1alpha1.ReasonRejected, "cannot be read", v1alpha1.SyncRequestedAnnotation)
		Expect(condition(ticket, "Stalled")).NotTo(BeNil())
		Expect(w.sent()).To(Equal([]string{"GetTicket 200"}), "trying again would not help")

		Expect(w.simulator.SetRaw(ticket.Status.ID, "tags", nil)).To(BeTrue())
		annotate(w, ticket, v1alpha1.SyncRequestedAnnotation, "corrected")
		w.reconcile(ticket)
		expectReady(ticket)
		Expect(w.listed(ticket).Tags).To(ContainElements("ours", "new"))
	})
})
