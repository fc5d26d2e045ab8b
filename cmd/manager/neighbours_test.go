// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// hanging is a ticketing system that takes requests and does not answer them.
type hanging struct {
	release chan struct{}
	// waiting is how many requests wait for an answer now.
	waiting atomic.Int32
}

func (h *hanging) guard(request *http.Request) (arrived, carriedOut func()) {
	return func() {
		// The server notices that a client has gone only when it has read the body.
		_, _ = io.Copy(io.Discard, request.Body)
		h.waiting.Add(1)
		defer h.waiting.Add(-1)
		select {
		case <-h.release:
		case <-request.Context().Done():
		}
		panic(http.ErrAbortHandler)
	}, nil
}

var _ = Describe("A namespace whose ticketing system hangs", func() {
	It("does not delay the objects of another namespace", func(ctx SpecContext) {
		const (
			integrations = 16
			tickets      = 8
		)
		hostile, good := newTenant(ctx), newTenant(ctx)
		startManager(ctx, "--max-concurrent-reconciles=32", "--watch-namespaces="+hostile.namespace+","+good.namespace)
		timeToReady := func(name string) time.Duration {
			created := time.Now()
			ticket := good.ticket(name)
			create(ctx, ticket)
			expectReady(ctx, ticket)
			return time.Since(created)
		}
		good.connect(ctx, good.integration())
		alone := timeToReady("alone")

		By("having requests of 16 Integrations and 8 Tickets hang")
		create(ctx, hostile.secret())
		connections := make([]*v1alpha1.Integration, integrations)
		for i := range connections {
			connections[i] = hostile.integration()
			connections[i].Name = fmt.Sprintf("hostile-%02d", i)
			connections[i].Spec.RequestTimeout = &metav1.Duration{Duration: 5 * time.Minute}
		}
		create(ctx, connections...)
		expectReady(ctx, connections...)
		// Without a Ticket there is nothing to poll.
		tracked := make([]*v1alpha1.Ticket, integrations)
		for i := range tracked {
			tracked[i] = hostile.ticket(fmt.Sprintf("tracked-%d", i))
			tracked[i].Spec.IntegrationRef = v1alpha1.IntegrationReference{Name: connections[i].Name}
		}
		create(ctx, tracked...)
		expectReady(ctx, tracked...)
		for _, connection := range connections {
			Expect(administrator.Get(ctx, client.ObjectKeyFromObject(connection), connection)).To(Succeed())
		}
		silence := &hanging{release: make(chan struct{})}
		DeferCleanup(func() { close(silence.release) })
		hostile.entrance.setGuard(silence.guard)
		for i := range tickets {
			ticket := hostile.ticket(fmt.Sprintf("hanging-%d", i))
			ticket.Spec.IntegrationRef = v1alpha1.IntegrationReference{Name: connections[i].Name}
			create(ctx, ticket)
		}
		for _, connection := range connections {
			edit(ctx, connection, func() {
				connection.Annotations = map[string]string{v1alpha1.SyncRequestedAnnotation: "now"}
			})
		}
		// Of the 32 workers of a kind, and the 16 polls, a quarter.
		Eventually(silence.waiting.Load).Should(BeEquivalentTo(8 + 8 + 4))

		By("doing in the other namespace what each controller is for")
		beside := timeToReady("beside")
		again := good.integration()
		again.Name = "another"
		create(ctx, again)
		expectReady(ctx, again)
		ticket := good.ticket("alone")
		expectReady(ctx, ticket)
		good.remote.EditTicket(ticket.Status.ID, func(t *simulator.Ticket) { t.Status = "In Progress" })
		connection := good.integration()
		Expect(administrator.Get(ctx, client.ObjectKeyFromObject(connection), connection)).To(Succeed())
		edit(ctx, connection, func() {
			connection.Annotations = map[string]string{v1alpha1.SyncRequestedAnnotation: "now"}
		})
		Eventually(func() (string, error) {
			err := administrator.Get(ctx, client.ObjectKeyFromObject(ticket), ticket)
			return ticket.Status.Remote.Status, err
		}).WithContext(ctx).Should(Equal("In Progress"))
		Expect(silence.waiting.Load()).To(BeNumerically(">=", 8+8), "the others should hang all the time")
		AddReportEntry("figures", fmt.Sprintf("from apply to Ready %s alone, %s beside a hanging tenant",
			alone.Round(time.Millisecond), beside.Round(time.Millisecond)))

		By("changing the Integrations, which gives up what hangs")
		hostile.entrance.setGuard(nil)
		for _, connection := range connections {
			Expect(administrator.Get(ctx, client.ObjectKeyFromObject(connection), connection)).To(Succeed())
			edit(ctx, connection, func() { connection.Spec.RequestTimeout = &metav1.Duration{Duration: time.Second} })
		}
		Eventually(silence.waiting.Load).Should(BeZero())
		expectReady(ctx, connections...)
		Eventually(hostile.unready).WithContext(ctx).Should(BeEmpty())
	})
})
