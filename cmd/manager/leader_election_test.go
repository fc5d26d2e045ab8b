// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("Of two replicas", func() {
	It("one works, and the other takes over when it is asked to end or is killed", func(ctx SpecContext) {
		t := newTenant(ctx)
		start := func() *managerProcess {
			return t.startManager(ctx, "--leader-elect", "--leader-election-namespace="+operatorNamespace)
		}
		first := start()
		expectLeaderWithin(ctx, first, 3*leaseDuration)
		second := start()
		t.connect(ctx, t.integration())
		one, two, three := t.ticket("one"), t.ticket("two"), t.ticket("three")

		create(ctx, one)
		expectReady(ctx, one)
		Expect(reconciles(ctx, first)).To(BeNumerically(">", 0))
		Expect(reconciles(ctx, second)).To(BeZero(), "the replica that does not lead should not reconcile")
		Expect(second.metric(ctx, "synqly_requests_total")).To(BeZero())

		By("asking the leader to end")
		first.stop()
		create(ctx, two)
		expectLeaderWithin(ctx, second, leaseDuration/2) // A leader that ends gives the lease back.
		expectReady(ctx, two)

		By("killing the leader")
		third := start()
		Expect(reconciles(ctx, third)).To(BeZero())
		second.crash()
		create(ctx, three)
		expectLeaderWithin(ctx, third, 3*leaseDuration) // One that is killed cannot.
		expectReady(ctx, three)

		t.expectOneRemoteTicketEach(one, two, three)
		Expect(t.remote.RequestCounts()).To(HaveKeyWithValue("CreateTicket", 3))
	})
})

// leaseDuration is controller-runtime's default, after which others may take a lease that is not
// renewed.
const leaseDuration = 15 * time.Second

func expectLeaderWithin(ctx SpecContext, m *managerProcess, timeout time.Duration) {
	GinkgoHelper()
	Eventually(m.metric).WithContext(ctx).WithTimeout(timeout).WithArguments("leader_election_master_status").Should(BeEquivalentTo(1))
}

func reconciles(ctx SpecContext, m *managerProcess) (float64, error) {
	return m.metric(ctx, "controller_runtime_reconcile_total")
}
