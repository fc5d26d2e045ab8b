// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

const shardLabel = "ticketing.synqly.com/shard"

// inShard puts an object into the shard "a"; those without the label are in the other one.
func inShard[O client.Object](object O) O {
	labels := object.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[shardLabel] = "a"
	object.SetLabels(labels)
	return object
}

// leaveShard takes an object out of the shard "a", whatever else was written into it.
func leaveShard(ctx context.Context, object client.Object) {
	GinkgoHelper()
	Expect(administrator.Patch(ctx, object, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"`+shardLabel+`":null}}}`)))).To(Succeed())
}

// startShards starts the manager of the objects with the label, and that of those without, each
// with a leader of its own.
func (t *tenant) startShards(ctx context.Context) (labelled, others *managerProcess) {
	GinkgoHelper()
	electing := []string{"--leader-elect", "--leader-election-namespace=" + operatorNamespace}
	return t.startManager(ctx, append(electing, "--watch-label-selector="+shardLabel+"=a")...),
		t.startManager(ctx, append(electing, "--watch-label-selector=!"+shardLabel)...)
}

var _ = Describe("Two shards", func() {
	It("work on the objects with their labels, and leave those alone whose Integration is in the other one", func(ctx SpecContext) {
		t := newTenant(ctx)
		labelled, others := t.startShards(ctx)
		other, own := t.integration(), inShard(t.integration())
		own.Name = "of-the-shard"
		through := func(ticket *v1alpha1.Ticket) *v1alpha1.Ticket {
			ticket.Spec.IntegrationRef = v1alpha1.IntegrationReference{Name: own.Name}
			return ticket
		}
		create[client.Object](ctx, t.secret(), own, other)
		expectReady(ctx, own, other)
		unlabelledTicket, shardTicket := t.ticket("unlabelled"), inShard(through(t.ticket("labelled")))
		comment := inShard(t.comment("labelled", shardTicket.Name))
		create[client.Object](ctx, unlabelledTicket, shardTicket, comment)
		expectReady[client.Object](ctx, unlabelledTicket, shardTicket, comment)
		for m, integration := range map[*managerProcess]*v1alpha1.Integration{labelled: own, others: other} {
			_, metrics, err := get(ctx, "http://"+m.metrics+"/metrics")
			Expect(err).NotTo(HaveOccurred())
			Expect(requestsThrough(metrics)).To(HaveExactElements(integration.Name))
		}

		By("not touching a Ticket that is in another shard than its Integration")
		stray := inShard(t.ticket("stray"))
		lost := t.comment("lost", shardTicket.Name)
		create[client.Object](ctx, stray, lost)
		Expect(expectReason(ctx, stray, v1alpha1.ReasonWaitingForIntegration)).To(And(ContainSubstring(`Integration "default" does not exist`), ContainSubstring(shardLabel+"=a")))
		Expect(expectReason(ctx, lost, v1alpha1.ReasonWaitingForTicket)).To(And(ContainSubstring(`Ticket "labelled" does not exist`), ContainSubstring("--watch-label-selector")))
		Expect(t.remote.RequestCounts()).To(HaveKeyWithValue("CreateTicket", 2))
		leaveShard(ctx, stray)
		edit(ctx, lost, func() { inShard(lost) })
		expectReady[client.Object](ctx, stray, lost)
		t.expectOneRemoteTicketEach(unlabelledTicket, shardTicket, stray)
		Expect(t.remote.Comments(shardTicket.Status.ID)).To(HaveLen(2))
	})

	It("hand an object over while its ticket is being created, and create it once", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.startShards(ctx)
		integration, unused := inShard(t.integration()), inShard(t.integration())
		unused.Name = "unused"
		t.connect(ctx, integration)
		create(ctx, unused)
		expectReady(ctx, unused)

		carriedOut, relabelled := make(chan struct{}), make(chan struct{})
		var once sync.Once
		t.entrance.setGuard(func(request *http.Request) (arrived, done func()) {
			if request.Method != http.MethodPost || !strings.HasSuffix(request.URL.Path, "/tickets") {
				return nil, nil
			}
			return nil, func() {
				once.Do(func() { close(carriedOut) })
				<-relabelled
			}
		})
		moved := inShard(t.ticket("moved"))
		create(ctx, moved)
		Eventually(carriedOut).WithContext(ctx).Should(BeClosed())
		leaveShard(ctx, moved)
		close(relabelled)
		Eventually(func(ctx context.Context) (string, error) {
			err := administrator.Get(ctx, client.ObjectKeyFromObject(moved), moved)
			return moved.Status.ID, err
		}).WithContext(ctx).ShouldNot(BeEmpty(), "who has created the ticket writes its ID down")
		Eventually(t.eventReasons).WithContext(ctx).Should(ContainElement("Created"))
		leaveShard(ctx, integration)
		edit(ctx, moved, func() { moved.Spec.Summary = "changed in the other shard" })
		expectReady(ctx, moved)
		Expect(t.remote.Tickets()).To(ConsistOf(HaveField("Summary", "changed in the other shard")))
		Expect(t.remote.RequestCounts()).To(HaveKeyWithValue("CreateTicket", 1))

		By("going on in the shard that it has left, which does not wait for what it cannot see")
		Expect(administrator.Delete(ctx, unused)).To(Succeed())
		expectGone(ctx, unused)
		next := inShard(t.integration())
		next.Name = "next"
		ticket := inShard(t.ticket("next"))
		ticket.Spec.IntegrationRef.Name = next.Name
		create[client.Object](ctx, next, ticket)
		expectReady(ctx, ticket)
		t.expectOneRemoteTicketEach(moved, ticket)
	})

	It("have the alerts of their receivers, whose Incidents and Tickets follow them to another shard", func(ctx SpecContext) {
		t := newTenant(ctx)
		labelled, others := t.startShards(ctx)
		integration := inShard(t.integration())
		t.connect(ctx, integration)
		token := "canary-" + rand.Text()
		t.secrets = append(t.secrets, token)
		receiver := inShard(&v1alpha1.AlertReceiver{ObjectMeta: t.named("platform"), Spec: v1alpha1.AlertReceiverSpec{TokenSecretRef: v1alpha1.SecretKeyReference{Name: "alertmanager-token"}}})
		create[client.Object](ctx, receiver, &corev1.Secret{ObjectMeta: t.named("alertmanager-token"), StringData: map[string]string{"token": token}})

		Eventually(postAlert).WithContext(ctx).WithArguments("http://"+labelled.alerts+receiver.EndpointPath(), token).Should(Equal(http.StatusOK))
		Expect(postAlert(ctx, "http://"+others.alerts+receiver.EndpointPath(), token)).To(Equal(http.StatusUnauthorized))
		ticket := t.onlyTicket(ctx)
		Expect(ticket.Labels).To(HaveKeyWithValue(shardLabel, "a"))
		expectReady(ctx, ticket)

		By("moving the receiver and its Integration, and nothing else")
		leaveShard(ctx, integration)
		leaveShard(ctx, receiver)
		Eventually(postAlert).WithContext(ctx).WithArguments("http://"+others.alerts+receiver.EndpointPath(), token).Should(Equal(http.StatusOK))
		Eventually(t.onlyTicket).WithContext(ctx).Should(HaveField("Labels", Not(HaveKey(shardLabel))))
		var incidents v1alpha1.IncidentList
		Expect(administrator.List(ctx, &incidents, client.InNamespace(t.namespace))).To(Succeed())
		Expect(incidents.Items).To(ConsistOf(HaveField("Labels", Not(HaveKey(shardLabel)))))
		Expect(incidents.Items[0].Status.Generation).To(BeEquivalentTo(1))

		By("following the alerts from there")
		resolved := strings.NewReplacer(`"firing"`, `"resolved"`, "0001-01-01T00:00:00Z", time.Now().UTC().Format(time.RFC3339)).Replace(notificationOfDiskFull)
		Expect(postBody(ctx, "http://"+others.alerts+receiver.EndpointPath(), token, resolved)).To(Equal(http.StatusOK))
		Eventually(func(ctx context.Context) ([]v1alpha1.Incident, error) {
			err := administrator.List(ctx, &incidents, client.InNamespace(t.namespace))
			return incidents.Items, err
		}).WithContext(ctx).Should(ConsistOf(HaveField("Status.Firing", BeZero())))
		Expect(t.remote.Tickets()).To(HaveLen(1))
	})
})

// onlyTicket waits for the one Ticket of the namespace.
func (t *tenant) onlyTicket(ctx context.Context) *v1alpha1.Ticket {
	GinkgoHelper()
	var tickets v1alpha1.TicketList
	Eventually(func(ctx context.Context) ([]v1alpha1.Ticket, error) {
		err := administrator.List(ctx, &tickets, client.InNamespace(t.namespace))
		return tickets.Items, err
	}).WithContext(ctx).Should(HaveLen(1))
	return &tickets.Items[0]
}

// requestsThrough are the Integrations through which a manager has sent requests, by its metrics.
func requestsThrough(metrics string) []string {
	var names []string
	seen := map[string]bool{}
	for line := range strings.Lines(metrics) {
		if !strings.HasPrefix(line, "synqly_requests_total{") {
			continue
		}
		_, rest, _ := strings.Cut(line, `integration="`)
		name, _, _ := strings.Cut(rest, `"`)
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}
