// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("The gate of docs/ticketquery.md", func() {
	It("is closed while there are urgent tickets, and opens when there are none", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.startManager(ctx)
		t.connect(ctx, t.integration())
		urgent := t.ticket("urgent")
		urgent.Spec.Priority, urgent.Spec.Status = "URGENT", "To Do"
		create(ctx, urgent)
		expectReady(ctx, urgent)
		query := &v1alpha1.TicketQuery{ObjectMeta: t.named("open-urgent"), Spec: v1alpha1.TicketQuerySpec{
			Filters: []string{"priority[in]URGENT,HIGH", "status[ne]Done"},
		}}
		create(ctx, query)
		expectReady(ctx, query)
		Expect(query.Status.Count).To(HaveValue(Equal(int32(1))))

		closed := t.gateOfTheManual(ctx, "build-1", "--timeout=30m", "--timeout=1s")
		Eventually(closed).WithContext(ctx).Should(gexec.Exit(1))
		Expect(string(closed.Err.Contents())).To(ContainSubstring("timed out waiting for the condition"))
		expectReady(ctx, query)
		Expect(query.Status.LastSyncRequest).To(Equal("build-1"))

		Expect(t.remote.EditTicket(urgent.Status.ID, func(ticket *simulator.Ticket) { ticket.Status = "Done" })).To(BeTrue())
		Eventually(t.gateOfTheManual(ctx, "build-2")).WithContext(ctx).Should(gexec.Exit(0))
	})
})

// gateOfTheManual runs the script of the manual in the tenant's namespace, with other texts in the
// place of some.
func (t *tenant) gateOfTheManual(ctx context.Context, build string, replace ...string) *gexec.Session {
	GinkgoHelper()
	script := readDocument("ticketquery.md").blocks("A gate in a pipeline", "sh")[0]
	Expect(script).To(ContainSubstring("kubectl wait"))
	script = fmt.Sprintf("set -e\nkubectl() { command kubectl --namespace=%s \"$@\"; }\n", t.namespace) + strings.NewReplacer(replace...).Replace(script)
	return newShell(administratorKubeconfig).start(ctx, script, "BUILD_ID="+build)
}
