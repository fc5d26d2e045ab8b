// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var _ = Describe("A leader that is frozen past its lease in the middle of creates, and goes on later", func() {
	It("duplicates nothing of what another one has done meanwhile", func(ctx SpecContext) {
		const (
			count   = 20
			workers = 4 // Of each kind, for one Integration.
		)
		t := newTenant(ctx)
		integration := t.integration()
		integration.Spec.RequestTimeout = &metav1.Duration{Duration: 5 * time.Second}
		apiServer, kubeconfig := newAPIServerGate()
		flags := []string{"--leader-elect", "--leader-election-namespace=" + operatorNamespace, fmt.Sprintf("--max-concurrent-reconciles=%d", 8*workers)}
		leader := t.startManager(ctx, append(flags, "--kubeconfig="+kubeconfig)...)
		expectLeaderWithin(ctx, leader, 3*leaseDuration)
		other := t.startManager(ctx, flags...)
		t.connect(ctx, integration)
		parents, comments, notes, _ := t.family(count)
		create(ctx, parents...)
		expectReady(ctx, parents...)

		By("holding up every worker of the leader: tickets whose intent is written, comments that are sent, notes that are made")
		var hold holdUp
		hold.release = make(chan struct{})
		apiServer.setGuard(hold.carriedOut(func(request *http.Request) bool {
			return request.Method == http.MethodPatch && strings.Contains(request.URL.Path, "/tickets/new-")
		}))
		t.entrance.setGuard(eitherGuard(
			hold.arrived(func(request *http.Request) bool { return isCreate(request, "/comments") }),
			hold.carriedOut(func(request *http.Request) bool { return isCreate(request, "/notes") })))
		for i := range count {
			create[client.Object](ctx, t.ticket(fmt.Sprintf("new-%d", i)), comments[i], notes[i])
		}
		Eventually(hold.count.Load).Should(BeEquivalentTo(3 * workers))

		By("freezing it, and letting the API server and the ticketing system go on")
		leader.freeze(ctx)
		apiServer.setGuard(nil)
		t.entrance.setGuard(nil)
		close(hold.release)
		frozen := time.Now()
		expectLeaderWithin(ctx, other, 3*leaseDuration)
		takeover := time.Since(frozen)
		Eventually(t.unready).WithContext(ctx).Should(BeEmpty())
		done := time.Since(frozen)

		By("letting the frozen one go on")
		leader.thaw()
		Eventually(leader.Session).Should(gexec.Exit(1), "who has lost the lease should end")
		Consistently(t.createRequests).Should(Equal(4*count), "every create request should have been sent once")
		Expect(t.unready(ctx)).To(BeEmpty())
		Expect(t.expectOneRemoteObjectEach(ctx)).To(Equal(map[string]int{"Ticket": 2 * count, "TicketComment": count, "TicketNote": count}))
		AddReportEntry("figures", fmt.Sprintf("another led %s after the freeze, everything was Ready after %s; requests: %v",
			takeover.Round(time.Second), done.Round(time.Second), t.remote.RequestCounts()))
	})
})

func isCreate(request *http.Request, suffix string) bool {
	return request.Method == http.MethodPost && strings.HasSuffix(request.URL.Path, suffix)
}

// holdUp keeps requests waiting until release is closed.
type holdUp struct {
	release chan struct{}
	// count is how many requests have come to wait.
	count atomic.Int32
}

func (h *holdUp) wait() {
	h.count.Add(1)
	<-h.release
}

// arrived holds up requests before they are carried out.
func (h *holdUp) arrived(matches func(*http.Request) bool) guard {
	return func(request *http.Request) (arrived, carriedOut func()) {
		if matches(request) {
			arrived = h.wait
		}
		return arrived, nil
	}
}

// carriedOut holds up the answers of requests.
func (h *holdUp) carriedOut(matches func(*http.Request) bool) guard {
	return func(request *http.Request) (arrived, carriedOut func()) {
		if matches(request) {
			carriedOut = h.wait
		}
		return nil, carriedOut
	}
}

// eitherGuard asks the second guard about what the first lets pass.
func eitherGuard(first, second guard) guard {
	return func(request *http.Request) (arrived, carriedOut func()) {
		if arrived, carriedOut = first(request); arrived == nil && carriedOut == nil {
			arrived, carriedOut = second(request)
		}
		return arrived, carriedOut
	}
}

// freeze sends SIGSTOP and waits until the manager does not answer any more.
func (m *managerProcess) freeze(ctx context.Context) {
	GinkgoHelper()
	m.Signal(syscall.SIGSTOP)
	DeferCleanup(m.thaw) // It could not end otherwise.
	Eventually(func() error {
		impatient, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, _, err := get(impatient, "http://"+m.probes+"/healthz")
		return err
	}).WithContext(ctx).Should(MatchError(context.DeadlineExceeded), "a process that is frozen answers nothing")
}

// thaw sends SIGCONT.
func (m *managerProcess) thaw() { m.Signal(syscall.SIGCONT) }
