// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("SIGTERM", func() {
	It("ends an idle manager in time, with the exit code 0", func(ctx SpecContext) {
		t := newTenant(ctx)
		m := t.startManager(ctx)
		t.connect(ctx, t.integration())
		m.stop()
	})

	DescribeTable("ends a manager whose create request is on its way in time, and the next manager makes no second ticket",
		func(ctx SpecContext, fault simulator.Fault) {
			t := newTenant(ctx)
			m := t.startManager(ctx)
			t.connect(ctx, t.integration())
			fault.Operation, fault.Times = "CreateTicket", 1
			t.remote.Inject(fault)
			ticket := t.ticket("interrupted")
			create(ctx, ticket)
			Eventually(t.remote.Faults).Should(BeEmpty(), "the fault should act on the request")
			Expect(t.remote.Requests()).NotTo(ContainElement(HaveField("Operation", "CreateTicket")), "the request should not be answered yet")

			m.stop()

			t.startManager(ctx)
			expectReady(ctx, ticket)
			t.expectOneRemoteTicketEach(ticket)
			Expect(t.remote.RequestCounts()).To(HaveKeyWithValue("CreateTicket", 1))
		},
		Entry("when the answer comes within the time that it has", simulator.Fault{Latency: 1500 * time.Millisecond}),
		Entry("when the ticket is made and the answer would come too late",
			simulator.Fault{AfterCommit: true, Latency: time.Minute}),
	)
})
