// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

var _ = Describe("A restart", func() {
	It("with 68 objects in sync writes nothing anywhere", func(ctx SpecContext) {
		const objects = 68 // 17 tickets, comments, notes and attachments.
		t := newTenant(ctx)
		m := t.startManager(ctx)
		integration := t.integration()
		integration.Spec.PollInterval = &metav1.Duration{Duration: 5 * time.Second}
		t.connect(ctx, integration)
		tickets, comments, notes, attachments := t.family(objects / 4)
		create(ctx, tickets...)
		create(ctx, comments...)
		create(ctx, notes...)
		create(ctx, attachments...)
		expectReady(ctx, tickets...)
		expectReady(ctx, comments...)
		expectReady(ctx, notes...)
		expectReady(ctx, attachments...)
		t.expectOneRemoteTicketEach(tickets...)
		By("showing the attachments with their tickets, and how these are polled, which is the last that is written")
		for _, ticket := range tickets {
			Eventually(func(ctx context.Context) ([]v1alpha1.RemoteAttachment, error) {
				err := administrator.Get(ctx, client.ObjectKeyFromObject(ticket), ticket)
				return ticket.Status.Remote.Attachments, err
			}).WithContext(ctx).Should(HaveLen(1), ticket.Name)
		}
		Eventually(func(ctx context.Context) (*v1alpha1.PollingStatus, error) {
			err := administrator.Get(ctx, client.ObjectKeyFromObject(integration), integration)
			return integration.Status.Polling, err
		}).WithContext(ctx).Should(HaveValue(HaveField("Method", v1alpha1.PollingChangedSince)))
		m.stop()
		Expect(operatorRequests.writesSince(time.Time{})).NotTo(BeEmpty(), "the API server should write down what it is asked")
		t.remote.ForgetRequests()
		before := t.resourceVersions(ctx)
		Expect(before).To(HaveLen(objects + 1))

		restarted := time.Now()
		m = t.startManager(ctx)

		Eventually(reconciles).WithArguments(ctx, m).Should(BeNumerically(">", objects), "every object should be reconciled")
		Eventually(m.metric).WithContext(ctx).WithArguments("workqueue_depth").Should(BeZero())
		Eventually(t.remote.RequestCounts).Should(HaveKey("ListRemoteFields"), "the Integration should be checked")
		Eventually(t.remote.RequestCounts).Should(HaveKey("QueryTickets"), "the tickets should be polled")
		// What is written down of a request may follow its answer at some distance.
		Consistently(func() []auditedRequest { return operatorRequests.writesSince(restarted) }).Should(BeEmpty())
		Expect(t.resourceVersions(ctx)).To(Equal(before))
		for _, request := range t.remote.Requests() {
			Expect(request.Method).To(Equal(http.MethodGet), request.Path)
		}
		Expect(len(t.remote.Requests())).To(BeNumerically("<", 10), "nothing should be asked for each object")
	})
})

// resourceVersions are those of all objects of the namespace, by kind and name.
func (t *tenant) resourceVersions(ctx context.Context) map[string]string {
	GinkgoHelper()
	versions := map[string]string{}
	record := func(kind string, object client.Object) {
		versions[kind+" "+object.GetName()] = object.GetResourceVersion()
	}
	var (
		integrations v1alpha1.IntegrationList
		tickets      v1alpha1.TicketList
		comments     v1alpha1.TicketCommentList
		notes        v1alpha1.TicketNoteList
		attachments  v1alpha1.TicketAttachmentList
	)
	for _, list := range []client.ObjectList{&integrations, &tickets, &comments, &notes, &attachments} {
		Expect(administrator.List(ctx, list, client.InNamespace(t.namespace))).To(Succeed())
	}
	for i := range integrations.Items {
		record("Integration", &integrations.Items[i])
	}
	for i := range tickets.Items {
		record("Ticket", &tickets.Items[i])
	}
	for i := range comments.Items {
		record("TicketComment", &comments.Items[i])
	}
	for i := range notes.Items {
		record("TicketNote", &notes.Items[i])
	}
	for i := range attachments.Items {
		record("TicketAttachment", &attachments.Items[i])
	}
	return versions
}
