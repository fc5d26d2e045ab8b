// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("A ClusterIntegration", func() {
	const team = "example.com/team"

	It("serves two teams with one token and one poll, for as long as it admits them", func(ctx SpecContext) {
		t := newTenant(ctx)
		other := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "other-"}}
		create(ctx, other)
		admit := func(namespace, value string) {
			GinkgoHelper()
			object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
			Expect(administrator.Get(ctx, client.ObjectKeyFromObject(object), object)).To(Succeed())
			edit(ctx, object, func() { object.Labels[team] = value })
		}
		integration := &v1alpha1.ClusterIntegration{ObjectMeta: metav1.ObjectMeta{Name: "of-" + t.namespace}, Spec: v1alpha1.ClusterIntegrationSpec{
			IntegrationSpec: t.integration().Spec, NamespaceSelector: v1alpha1.NamespaceSelector{MatchLabels: map[string]string{team: t.namespace}},
		}}
		integration.Spec.PollInterval = &metav1.Duration{Duration: 5 * time.Second}
		through := func(ticket *v1alpha1.Ticket) *v1alpha1.Ticket {
			ticket.Spec.IntegrationRef = v1alpha1.IntegrationReference{Kind: v1alpha1.IntegrationKindCluster, Name: integration.Name}
			return ticket
		}
		t.startManager(ctx, "--watch-namespaces="+t.namespace+","+other.Name, "--cluster-resource-namespace="+t.namespace)
		create[client.Object](ctx, t.secret(), integration)
		DeferCleanup(removeClusterIntegration, integration)

		By("keeping the objects of a namespace waiting that it does not admit")
		own, others := through(t.ticket("own")), through(t.ticket("others"))
		others.Namespace = other.Name
		create(ctx, own, others)
		for _, ticket := range []*v1alpha1.Ticket{own, others} {
			Eventually(readyCondition).WithContext(ctx).WithArguments(ticket).Should(HaveField("Message", ContainSubstring("does not admit the namespace")))
		}
		Expect(t.remote.RequestCounts()).NotTo(HaveKey("CreateTicket"))

		By("serving them as soon as their namespace has the label")
		admit(t.namespace, t.namespace)
		admit(other.Name, t.namespace)
		expectReady(ctx, own, others)
		Eventually(func(ctx context.Context) (metav1.Condition, error) { return readyCondition(ctx, integration) }).
			WithContext(ctx).Should(HaveField("Message", "the provider accepts the token"))

		By("showing what people change in the tickets of both")
		for _, ticket := range []*v1alpha1.Ticket{own, others} {
			Expect(t.remote.EditTicket(ticket.Status.ID, func(shown *simulator.Ticket) { shown.Status = "In Progress" })).To(BeTrue())
			Eventually(func(ctx context.Context) (*v1alpha1.RemoteTicket, error) {
				err := administrator.Get(ctx, client.ObjectKeyFromObject(ticket), ticket)
				return ticket.Status.Remote, err
			}).WithContext(ctx).Should(HaveValue(HaveField("Status", "In Progress")))
		}

		By("deciding anew who manages a ticket when a namespace is admitted no longer, and again")
		claimant := through(t.ticket("claimant"))
		claimant.Namespace, claimant.Spec.TicketID = other.Name, own.Status.ID
		create(ctx, claimant)
		expectReason(ctx, claimant, v1alpha1.ReasonConflict)
		admit(t.namespace, "nobody")
		expectReady(ctx, claimant)
		admit(t.namespace, t.namespace)
		expectReason(ctx, claimant, v1alpha1.ReasonConflict)
		Expect(administrator.Delete(ctx, claimant)).To(Succeed())
		expectGone(ctx, claimant)

		By("letting the objects of a namespace go that it admits no longer, and removing nothing for it")
		comment := t.comment("left", own.Name)
		create(ctx, comment)
		expectReady(ctx, comment)
		admit(t.namespace, "nobody")
		edit(ctx, own, func() { own.Spec.Summary = "changed" })
		Expect(expectReason(ctx, own, v1alpha1.ReasonWaitingForIntegration)).To(ContainSubstring("does not admit the namespace"))
		Expect(administrator.Delete(ctx, comment)).To(Succeed())
		expectGone(ctx, comment)
		Expect(t.remote.Comments(own.Status.ID)).To(HaveLen(1))
	})
})

// removeClusterIntegration deletes a ClusterIntegration without a manager.
func removeClusterIntegration(ctx SpecContext, integration *v1alpha1.ClusterIntegration) {
	GinkgoHelper()
	Expect(client.IgnoreNotFound(administrator.Delete(ctx, integration))).To(Succeed())
	withoutFinalizers := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
	Expect(client.IgnoreNotFound(administrator.Patch(ctx, integration, withoutFinalizers))).To(Succeed())
}
