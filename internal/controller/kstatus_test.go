// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// kstatus is what kstatus says of a Ticket as the API server has it.
func (w *world) kstatus(ticket *v1alpha1.Ticket) status.Status {
	GinkgoHelper()
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Ticket"))
	Expect(testCluster.GetAPIReader().Get(w.ctx, client.ObjectKeyFromObject(ticket), object)).To(Succeed())
	result, err := status.Compute(object)
	Expect(err).NotTo(HaveOccurred())
	return result.Status
}

var _ = Describe("kstatus", func() {
	It("says of a Ticket that it is in progress until it is created, and while an edit waits for the request budget", func() {
		w := newWorld()
		ticket := w.ticket("edited")
		w.create(ticket)
		Expect(w.kstatus(ticket)).To(Equal(status.InProgressStatus))
		w.reconcile(ticket)
		Expect(w.kstatus(ticket)).To(Equal(status.CurrentStatus))

		edit(w, ticket, func(ticket *v1alpha1.Ticket) { ticket.Spec.Summary = "Another summary" })
		w.useUpBudget()
		result := w.reconcile(ticket)
		expectCondition(ticket, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSynced)
		Expect(w.kstatus(ticket)).To(Equal(status.InProgressStatus))

		w.options.Connections.Last(types.NamespacedName{Namespace: w.namespace, Name: "default"}).SetRate(100, 100)
		w.clock.Step(result.RequeueAfter)
		w.reconcile(ticket)
		Expect(w.kstatus(ticket)).To(Equal(status.CurrentStatus))

		w.simulator.Inject(simulator.Fault{Operation: "PatchTicket", Status: 422, Times: 1})
		edit(w, ticket, func(ticket *v1alpha1.Ticket) { ticket.Spec.Summary = "A summary that is refused" })
		w.reconcile(ticket)
		Expect(w.kstatus(ticket)).To(Equal(status.FailedStatus))
	})
})
