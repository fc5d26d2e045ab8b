// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("Remote changes", func() {
	var t *tenant
	var m *managerProcess
	var integration *v1alpha1.Integration
	BeforeEach(func(ctx SpecContext) {
		t = newTenant(ctx)
		m = t.startManager(ctx)
		integration = t.integration()
		integration.Spec.PollInterval = &metav1.Duration{Duration: 5 * time.Second}
		t.connect(ctx, integration)
	})

	shown := func(ticket *v1alpha1.Ticket) func(context.Context) (v1alpha1.RemoteTicket, error) {
		return func(ctx context.Context) (v1alpha1.RemoteTicket, error) {
			err := administrator.Get(ctx, client.ObjectKeyFromObject(ticket), ticket)
			if ticket.Status.Remote == nil {
				return v1alpha1.RemoteTicket{}, err
			}
			return *ticket.Status.Remote, err
		}
	}

	It("of one of 1,000 tickets cost one request a poll, and one write", func(ctx SpecContext) {
		tickets := make([]*v1alpha1.Ticket, 1000)
		for i := range tickets {
			tickets[i] = t.ticket(fmt.Sprintf("ticket-%d", i))
		}
		create(ctx, tickets...)
		expectReady(ctx, tickets...)
		Eventually(func(ctx context.Context) (*v1alpha1.PollingStatus, error) {
			err := administrator.Get(ctx, client.ObjectKeyFromObject(integration), integration)
			return integration.Status.Polling, err
		}).WithContext(ctx).Should(HaveValue(HaveField("Method", v1alpha1.PollingChangedSince)))
		// The first poll with that method shows all the changes that creating them was.
		polled := t.remote.RequestCounts()["QueryTickets"]
		Eventually(t.remote.RequestCounts).Should(HaveKeyWithValue("QueryTickets", BeNumerically(">", polled+1)))

		before, begun := t.resourceVersions(ctx), time.Now()
		t.remote.ForgetRequests()
		changed := tickets[500]
		Expect(t.remote.EditTicket(changed.Status.ID, func(ticket *simulator.Ticket) { ticket.Status = "In Progress" })).To(BeTrue())
		Eventually(shown(changed)).WithContext(ctx).Should(HaveField("Status", "In Progress"))
		polled = t.remote.RequestCounts()["QueryTickets"]
		Eventually(t.remote.RequestCounts).Should(HaveKeyWithValue("QueryTickets", BeNumerically(">", polled+1)))

		for _, request := range t.remote.Requests() {
			Expect(request.Method).To(Equal(http.MethodGet), request.Path)
		}
		counts := t.remote.RequestCounts()
		Expect(counts).NotTo(HaveKey("GetTicket"), "the page that shows a change shows all of it")
		Expect(counts["QueryTickets"]).To(BeNumerically("<=", 2+time.Since(begun)/integration.Spec.PollInterval.Duration), "one request a poll")
		Expect(operatorRequests.writesSince(begun)).To(HaveLen(1))
		after := t.resourceVersions(ctx)
		Expect(after["Ticket "+changed.Name]).NotTo(Equal(before["Ticket "+changed.Name]))
		delete(after, "Ticket "+changed.Name)
		delete(before, "Ticket "+changed.Name)
		Expect(after).To(Equal(before))
	})

	It("stay under Apply, and are written back once under Enforce", func(ctx SpecContext) {
		applied, enforced := t.ticket("applied"), t.ticket("enforced")
		enforced.Spec.ManagementPolicy = v1alpha1.ManagementEnforce
		for _, ticket := range []*v1alpha1.Ticket{applied, enforced} {
			ticket.Spec.Status, ticket.Spec.Description = "To Do", "Written in Git."
		}
		create(ctx, applied, enforced)
		expectReady(ctx, applied, enforced)
		for _, ticket := range []*v1alpha1.Ticket{applied, enforced} {
			Expect(t.remote.EditTicket(ticket.Status.ID, func(ticket *simulator.Ticket) { ticket.Status, ticket.Assignee = "In Progress", "jane@example.com" })).To(BeTrue())
		}

		By("showing them within a poll")
		Eventually(shown(applied)).WithContext(ctx).Should(And(HaveField("Status", "In Progress"), HaveField("Assignee", "jane@example.com")))
		Expect(applied.Status.Drift).To(Equal([]string{"status"}))
		expectReady(ctx, applied)
		Eventually(shown(enforced)).WithContext(ctx).Should(And(HaveField("Status", "To Do"), HaveField("Assignee", "jane@example.com")))
		expectReady(ctx, enforced)
		Eventually(t.eventReasons).WithContext(ctx).Should(ContainElement("RemoteChange"))

		By("leaving them alone when another field is edited")
		edit(ctx, applied, func() { applied.Spec.Description = "Edited in Git." })
		expectReady(ctx, applied)
		remote, exists := t.remote.Ticket(applied.Status.ID)
		Expect(exists).To(BeTrue())
		Expect(remote).To(And(HaveField("Status", "In Progress"), HaveField("Description", "Edited in Git.")))

		By("writing nothing more")
		polled := t.remote.RequestCounts()["QueryTickets"]
		Eventually(t.remote.RequestCounts).Should(HaveKeyWithValue("QueryTickets", BeNumerically(">", polled+1)))
		Expect(t.remote.RequestCounts()).To(HaveKeyWithValue("PatchTicket", 2), "the edit of the one, and the write-back of the other")
	})

	It("end the object of a closed ticket when its time has come, and never the ticket", func(ctx SpecContext) {
		ticket := t.ticket("closed")
		ticket.Spec.TTLAfterClosed = &metav1.Duration{Duration: time.Second}
		ticket.Spec.DeletionPolicy = v1alpha1.TicketClose
		ticket.Spec.Close = &v1alpha1.TicketCloseSpec{Status: "Closed by Git", Comment: "Closed: removed from Git."}
		create(ctx, ticket)
		expectReady(ctx, ticket)
		id := ticket.Status.ID
		Expect(t.remote.EditTicket(id, func(ticket *simulator.Ticket) { ticket.Status = "Done" })).To(BeTrue())
		expectGone(ctx, ticket)
		remote, exists := t.remote.Ticket(id)
		Expect(exists).To(BeTrue())
		Expect(remote.Status).To(Equal("Done"))
		Expect(t.remote.Comments(id)).To(BeEmpty())
		Eventually(t.eventReasons).WithContext(ctx).Should(ContainElement("Expired"))
		Expect(m.log()).NotTo(ContainSubstring(`"level":"error"`))
	})

	It("are not fought over by two Tickets with the same ticketID", func(ctx SpecContext) {
		remote := t.remote.AddTicket(simulator.Ticket{Name: "by hand", Summary: "by hand"})
		first, second := t.ticket("first"), t.ticket("second")
		first.Spec.TicketID, second.Spec.TicketID = remote.ID, remote.ID
		create(ctx, first)
		expectReady(ctx, first)
		create(ctx, second)
		Expect(expectReason(ctx, second, v1alpha1.ReasonConflict)).To(ContainSubstring(`"first"`))
		Expect(administrator.Delete(ctx, first)).To(Succeed())
		expectReady(ctx, second)
		Expect(second.Status.ID).To(Equal(remote.ID))
	})
})
