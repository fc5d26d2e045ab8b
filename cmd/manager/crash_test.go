// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("SIGKILL", func() {
	It("in the middle of creates whose answers get lost leaves one remote object for each object in the end", func(ctx SpecContext) {
		t := newTenant(ctx)
		integration := t.integration()
		integration.Spec.RateLimit = &v1alpha1.RateLimit{RequestsPerSecond: 40, Burst: 1} // So that there is a middle.
		integration.Spec.RequestTimeout = &metav1.Duration{Duration: time.Second}
		m := t.startManager(ctx)
		t.connect(ctx, integration)
		tickets, comments, notes, attachments := t.family(10)

		for _, operation := range []string{"CreateTicket", "CreateComment", "CreateNote", "CreateAttachment"} {
			t.remote.Inject(simulator.Fault{Operation: operation, Probability: 0.4, AfterCommit: true, Latency: 100 * time.Millisecond, Lose: true})
			t.remote.Inject(simulator.Fault{Operation: operation, Probability: 0.2, Lose: true})
			t.remote.Inject(simulator.Fault{Operation: operation, Probability: 0.2, Status: 502, AfterCommit: true})
		}
		create(ctx, tickets...)
		create(ctx, comments...)
		create(ctx, notes...)
		create(ctx, attachments...)
		for _, creates := range []int{4, 12, 20} {
			Eventually(t.createRequests).Should(BeNumerically(">=", creates))
			m.crash()
			m = t.startManager(ctx)
		}
		t.remote.ClearFaults()

		expectReady(ctx, tickets...)
		expectReady(ctx, comments...)
		expectReady(ctx, notes...)
		expectReady(ctx, attachments...)
		t.expectOneRemoteTicketEach(tickets...)
		for i, ticket := range tickets {
			Expect(t.remote.Comments(ticket.Status.ID)).To(ConsistOf(HaveField("ID", comments[i].Status.ID)), comments[i].Name)
			Expect(t.remote.Notes(ticket.Status.ID)).To(ConsistOf(HaveField("ID", notes[i].Status.ID)), notes[i].Name)
			Expect(t.remote.Attachments(ticket.Status.ID)).To(ConsistOf(And(
				HaveField("ID", attachments[i].Status.ID), HaveField("Content", []byte(attachments[i].Spec.Content)))), attachments[i].Name)
		}
		Expect(t.remote.Requests()).To(ContainElement(HaveField("Fault", Not(BeEmpty()))), "the faults should have acted")
	})
})

// family returns so many tickets, with a comment, a note and an attachment each.
func (t *tenant) family(count int) ([]*v1alpha1.Ticket, []*v1alpha1.TicketComment, []*v1alpha1.TicketNote, []*v1alpha1.TicketAttachment) {
	tickets := make([]*v1alpha1.Ticket, count)
	comments := make([]*v1alpha1.TicketComment, count)
	notes := make([]*v1alpha1.TicketNote, count)
	attachments := make([]*v1alpha1.TicketAttachment, count)
	for i := range count {
		tickets[i] = t.ticket(fmt.Sprintf("ticket-%d", i))
		comments[i] = t.comment(fmt.Sprintf("comment-%d", i), tickets[i].Name)
		notes[i] = t.note(fmt.Sprintf("note-%d", i), tickets[i].Name)
		attachments[i] = t.attachment(fmt.Sprintf("attachment-%d", i), tickets[i].Name)
	}
	return tickets, comments, notes, attachments
}

// createRequests is how many requests to create something there have been.
func (t *tenant) createRequests() int {
	counts := t.remote.RequestCounts()
	return counts["CreateTicket"] + counts["CreateComment"] + counts["CreateNote"] + counts["CreateAttachment"]
}
