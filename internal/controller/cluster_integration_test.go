// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"encoding/json"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("A ClusterIntegration", func() {
	const team = "example.com/team"
	var (
		w           *world
		integration *v1alpha1.ClusterIntegration
		label       func(namespace, value string)
		through     func(*v1alpha1.TicketSpec)
	)

	BeforeEach(func() {
		w = newWorldWithoutIntegration()
		integration = &v1alpha1.ClusterIntegration{
			ObjectMeta: metav1.ObjectMeta{Name: "jira-" + w.namespace},
			Spec: v1alpha1.ClusterIntegrationSpec{
				IntegrationSpec:   w.integration().Spec,
				NamespaceSelector: v1alpha1.NamespaceSelector{MatchLabels: map[string]string{team: w.namespace}},
			},
		}
		through = func(spec *v1alpha1.TicketSpec) {
			spec.IntegrationRef = v1alpha1.IntegrationReference{Kind: v1alpha1.IntegrationKindCluster, Name: integration.Name}
		}
		label = func(namespace, value string) {
			GinkgoHelper()
			edit(w, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, func(n *corev1.Namespace) {
				delete(n.Labels, team)
				if value != "" {
					n.Labels[team] = value
				}
			})
		}
		w.create(w.secret(canaryToken), integration)
	})

	It("serves the namespaces that its selector selects, with the token of the manager's namespace", func() {
		label(w.namespace, w.namespace)
		w.reconcile(integration)
		expectReady(integration)
		Expect(condition(integration, v1alpha1.ConditionReady).Message).To(Equal("the provider accepts the token"))

		ticket := w.created(w.ticket("admitted", through))
		Expect(ticket.Status.Integration).To(Equal("ClusterIntegration/" + integration.Name))
		comment := w.comment("of-the-ticket", ticket.Name)
		w.create(comment)
		w.reconcile(comment)
		expectReady(comment)
		Expect(w.simulator.Tickets()).To(HaveLen(1))
	})

	It("says that no namespace may use it", func() {
		w.reconcile(integration)
		Expect(condition(integration, v1alpha1.ConditionReady).Message).To(ContainSubstring("namespaceSelector matches no namespace"))
		edit(w, integration, func(i *v1alpha1.ClusterIntegration) { i.Spec.NamespaceSelector = v1alpha1.NamespaceSelector{} })
		w.reconcile(integration)
		Expect(condition(integration, v1alpha1.ConditionReady).Message).To(ContainSubstring("namespaceSelector is empty"))
	})

	It("says what is wrong with its selector", func() {
		edit(w, integration, func(i *v1alpha1.ClusterIntegration) {
			i.Spec.NamespaceSelector = v1alpha1.NamespaceSelector{MatchLabels: map[string]string{team: "not a label"}}
		})
		w.reconcile(integration)
		expectNotReady(integration, v1alpha1.ReasonInvalidConfiguration, "namespaceSelector", "not a label")
	})

	It("keeps the objects of a namespace waiting until it is admitted", func() {
		w.reconcile(integration)
		w.simulator.ForgetRequests()
		ticket := w.ticket("waiting", through)
		w.create(ticket)
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonWaitingForIntegration, integration.Name, `does not admit the namespace "`+w.namespace+`"`, "namespaceSelector")
		Expect(w.sent()).To(BeEmpty())

		label(w.namespace, w.namespace)
		w.reconcile(ticket)
		expectReady(ticket)
	})

	It("lets the objects of a namespace go that it admits no longer, and removes nothing for it", func() {
		label(w.namespace, w.namespace)
		w.reconcile(integration)
		ticket := w.created(w.ticket("admitted", through))
		comment := w.comment("of-the-ticket", ticket.Name)
		w.create(comment)
		w.reconcile(comment)
		expectReady(comment)
		label(w.namespace, "another")
		w.simulator.ForgetRequests()

		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "changed" })
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonWaitingForIntegration, "does not admit the namespace")
		w.delete(comment)
		w.reconcileAway(comment)
		w.expectGone(comment)
		Expect(w.sent()).To(BeEmpty())
		Expect(w.news()).To(ContainElement(And(HavePrefix("Warning Retained"), ContainSubstring("does not admit the namespace"))))
	})

	It("is deleted without waiting for the objects of a namespace that it does not admit", func() {
		label(w.namespace, w.namespace)
		w.reconcile(integration)
		closing := func(spec *v1alpha1.TicketSpec) {
			spec.DeletionPolicy, spec.Close = v1alpha1.TicketClose, &v1alpha1.TicketCloseSpec{Status: "Done"}
		}
		w.created(w.ticket("closing", through, closing))
		outside := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "outside-"}}
		w.create(outside)
		for _, object := range []client.Object{w.ticket("stranger", through, closing), w.comment("stranger", "of-no-known-integration")} {
			object.SetNamespace(outside.Name)
			object.SetFinalizers([]string{v1alpha1.RemoteFinalizer})
			w.create(object)
		}
		w.delete(integration)
		w.reconcile(integration)
		Expect(condition(integration, v1alpha1.ConditionReady).Message).To(And(ContainSubstring("closing"), Not(ContainSubstring("stranger"))))

		label(w.namespace, "another")
		w.reconcileAway(integration)
		w.expectGone(integration)
	})

	It("has one owner of a remote ticket in all namespaces, which is not named in another", func() {
		label(w.namespace, w.namespace)
		w.reconcile(integration)
		ticket := w.created(w.ticket("secret-project", through))

		other := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "other-", Labels: map[string]string{team: w.namespace}}}
		w.create(other)
		thief := w.ticket("thief", through, func(spec *v1alpha1.TicketSpec) { spec.TicketID = ticket.Status.ID })
		thief.Namespace = other.Name
		w.create(thief)
		w.reconcile(thief)
		expectNotReady(thief, v1alpha1.ReasonConflict, "already belongs to a Ticket of another namespace")
		Expect(condition(thief, v1alpha1.ConditionReady).Message).NotTo(ContainSubstring(ticket.Name))
		Expect(w.patches()).To(BeEmpty())
	})

	It("counts no claim of a namespace that it does not admit, and tells such a namespace of none", func() {
		label(w.namespace, w.namespace)
		w.reconcile(integration)
		managed := w.created(w.ticket("managed", through))
		free := w.simulator.AddTicket(simulator.Ticket{Name: "free", Summary: "free"})

		outside := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "outside-"}}
		w.create(outside)
		adopting := func(namespace, name, ticketID string) *v1alpha1.Ticket {
			GinkgoHelper()
			ticket := w.ticket(name, through, func(spec *v1alpha1.TicketSpec) { spec.TicketID = ticketID })
			ticket.Namespace = namespace
			w.create(ticket)
			w.reconcile(ticket)
			return ticket
		}
		curious := adopting(outside.Name, "curious", managed.Status.ID)
		expectNotReady(curious, v1alpha1.ReasonWaitingForIntegration, "does not admit the namespace")
		squatter := adopting(outside.Name, "squatter", free.ID)
		expectNotReady(squatter, v1alpha1.ReasonWaitingForIntegration, "does not admit the namespace")
		expectReady(adopting(w.namespace, "entitled", free.ID))
	})

	Describe("that a namespace without a part in it claims the remote objects of", func() {
		var outside *corev1.Namespace
		BeforeEach(func() {
			label(w.namespace, w.namespace)
			w.reconcile(integration)
			outside = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "outside-"}}
			w.create(outside)
		})
		lost := func(operation string) simulator.Fault {
			return simulator.Fault{Operation: operation, Lose: true, AfterCommit: true, Times: 1}
		}
		// claiming makes an object there whose annotations, as anybody may write them, claim a
		// remote object.
		claiming := func(object client.Object, key string, id remote.RemoteID) {
			GinkgoHelper()
			place, err := json.Marshal(map[string]any{"place": id.Place})
			Expect(err).NotTo(HaveOccurred())
			object.SetNamespace(outside.Name)
			object.SetAnnotations(map[string]string{
				v1alpha1.PausedAnnotation: "true", v1alpha1.CreateKeyAnnotation: key, v1alpha1.CreateAttemptAnnotation: "1",
				v1alpha1.CreateRecordAnnotation: string(place), v1alpha1.CreateClaimAnnotation: id.ID,
			})
			w.create(object)
		}
		place := func(ticketID string) remote.Place {
			return remote.Place{Integration: "ClusterIntegration/" + integration.Name, TicketID: ticketID}
		}
		// settled reconciles beyond the time after which a lost create is sent again.
		settled := func(object client.Object) {
			GinkgoHelper()
			for range 4 {
				w.clock.Step(2 * time.Minute)
				w.reconcile(object)
			}
			expectReady(object)
		}

		It("finds a ticket whose create was not answered", func() {
			w.simulator.Inject(lost("CreateTicket"))
			ticket := w.ticket("lost", through)
			w.create(ticket)
			w.reconcile(ticket)
			expectNotReady(ticket, v1alpha1.ReasonCreateUnconfirmed)
			id := w.simulator.Tickets()[0].ID
			claiming(w.ticket("stranger", through), "x", remote.RemoteID{Place: place(""), ID: id})
			claiming(w.ticket("stranger-with-the-key", through), ticket.Annotations[v1alpha1.CreateKeyAnnotation], remote.RemoteID{Place: place(""), ID: id})

			settled(ticket)
			Expect(ticket.Status.ID).To(Equal(id))
			Expect(w.simulator.Tickets()).To(HaveLen(1))
		})

		It("finds a comment whose create was not answered", func() {
			ticket := w.created(w.ticket("commented", through))
			w.simulator.Inject(lost("CreateComment"))
			comment := w.comment("lost", ticket.Name)
			w.create(comment)
			w.reconcile(comment)
			expectNotReady(comment, v1alpha1.ReasonCreateUnconfirmed)
			id := w.simulator.Comments(ticket.Status.ID)[0].ID
			claiming(w.comment("stranger", "any"), "x", remote.RemoteID{Place: place(ticket.Status.ID), ID: id})

			settled(comment)
			Expect(comment.Status.ID).To(Equal(id))
			Expect(w.simulator.Comments(ticket.Status.ID)).To(HaveLen(1))
		})

		It("keeps the ticket of an object that has lost its annotations", func() {
			ticket := w.created(w.ticket("replaced", through))
			id := ticket.Status.ID
			claiming(w.ticket("stranger", through), "x", remote.RemoteID{Place: place(""), ID: id})
			edit(w, ticket, func(t *v1alpha1.Ticket) { t.Annotations = nil })

			settled(ticket)
			Expect(ticket.Status.ID).To(Equal(id))
			Expect(ticket.Annotations).To(HaveKey(v1alpha1.CreateKeyAnnotation))
			Expect(w.simulator.Tickets()).To(HaveLen(1))
			Expect(w.news()).NotTo(ContainElement(ContainSubstring("Copied")))
		})
	})

	It("stays while an object of any namespace needs it", func() {
		label(w.namespace, w.namespace)
		w.reconcile(integration)
		ticket := w.created(w.ticket("admitted", through))
		comment := w.comment("of-the-ticket", ticket.Name)
		w.create(comment)
		w.reconcile(comment)
		w.delete(integration)
		w.reconcile(integration)
		Expect(condition(integration, v1alpha1.ConditionReady).Message).To(ContainSubstring(`TicketComment "` + client.ObjectKeyFromObject(comment).String() + `"`))
		w.delete(comment)
		w.reconcileAway(comment)
		// The cache shows a moment later that the comment has gone.
		Eventually(func() bool {
			w.reconcileAway(integration)
			return w.exists(integration)
		}).Should(BeFalse())
	})
})
