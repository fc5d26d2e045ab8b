// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("SIGKILL every few seconds", func() {
	It("under 10 % lost answers leaves 300 tickets, comments and notes for 300 objects of each kind", func(ctx SpecContext) {
		const (
			count          = 300
			kills          = 12
			createsBetween = 60
		)
		t := newTenant(ctx)
		integration := t.integration()
		integration.Spec.RequestTimeout = &metav1.Duration{Duration: time.Second}
		create[client.Object](ctx, t.secret(), integration)
		tickets, comments, notes, _ := t.family(count)
		atOnce(tickets, func(ticket *v1alpha1.Ticket) { create(ctx, ticket) })
		atOnce(comments, func(comment *v1alpha1.TicketComment) { create(ctx, comment) })
		atOnce(notes, func(note *v1alpha1.TicketNote) { create(ctx, note) })
		t.remote.Inject(simulator.Fault{Probability: 0.05, Lose: true})
		t.remote.Inject(simulator.Fault{Probability: 0.05, Lose: true, AfterCommit: true})

		begun := time.Now()
		m := t.startManager(ctx)
		for range kills {
			before := t.createRequests()
			Eventually(t.createRequests).Should(BeNumerically(">=", before+createsBetween))
			m.crash()
			m = t.startManager(ctx)
		}
		killing := time.Since(begun)
		t.remote.ClearFaults()

		Eventually(t.unready).WithContext(ctx).WithTimeout(2 * time.Minute).Should(BeEmpty())
		AddReportEntry("figures", fmt.Sprintf("%d kills in %s, everything Ready after %s; requests: %v",
			kills, killing.Round(time.Second), time.Since(begun).Round(time.Second), t.remote.RequestCounts()))
		remotes := t.expectOneRemoteObjectEach(ctx)
		Expect(remotes).To(Equal(map[string]int{"Ticket": count, "TicketComment": count, "TicketNote": count}))
	})
})

// unready names the objects of the namespace that are not Ready for what their spec says now.
func (t *tenant) unready(ctx context.Context) ([]string, error) {
	var unready []string
	err := t.eachRemoteObject(ctx, func(kind string, object remote.Object) {
		ready := meta.FindStatusCondition(object.RemoteStatus().Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Status != metav1.ConditionTrue || ready.ObservedGeneration != object.GetGeneration() {
			unready = append(unready, kind+" "+object.GetName())
		}
	})
	return unready, err
}

// eachRemoteObject reads all Tickets, TicketComments, TicketNotes and TicketAttachments of the
// namespace.
func (t *tenant) eachRemoteObject(ctx context.Context, visit func(kind string, object remote.Object)) error {
	for kind, list := range map[string]client.ObjectList{
		"Ticket": &v1alpha1.TicketList{}, "TicketComment": &v1alpha1.TicketCommentList{}, "TicketNote": &v1alpha1.TicketNoteList{},
		"TicketAttachment": &v1alpha1.TicketAttachmentList{},
	} {
		if err := administrator.List(ctx, list, client.InNamespace(t.namespace)); err != nil {
			return fmt.Errorf("listing the objects of the kind %s: %w", kind, err)
		}
		err := meta.EachListItem(list, func(item runtime.Object) error {
			visit(kind, item.(remote.Object))
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// expectOneRemoteObjectEach expects the ticketing system to have exactly those tickets, comments,
// notes and attachments that the namespace's objects stand for, one for each. It returns how many
// there are, by kind.
func (t *tenant) expectOneRemoteObjectEach(ctx context.Context) map[string]int {
	GinkgoHelper()
	var want, got []string // Kind, ticket, ID, and what tells whose it is.
	counts := map[string]int{}
	line := func(kind, ticket, id, content string) string {
		return fmt.Sprintf("%s of ticket %q with the ID %q: %s", kind, ticket, id, content)
	}
	Expect(t.eachRemoteObject(ctx, func(kind string, object remote.Object) {
		counts[kind]++
		switch object := object.(type) {
		case *v1alpha1.Ticket:
			want = append(want, line(kind, "", object.Status.ID, object.Spec.Summary))
		case *v1alpha1.TicketComment:
			want = append(want, line(kind, object.Status.TicketID, object.Status.ID, object.Spec.Content))
		case *v1alpha1.TicketNote:
			want = append(want, line(kind, object.Status.TicketID, object.Status.ID, object.Spec.Content))
		case *v1alpha1.TicketAttachment:
			want = append(want, line(kind, object.Status.TicketID, object.Status.ID, object.Spec.Content))
		}
	})).To(Succeed())
	for _, ticket := range t.remote.Tickets() {
		got = append(got, line("Ticket", "", ticket.ID, ticket.Summary))
		for _, comment := range t.remote.Comments(ticket.ID) {
			got = append(got, line("TicketComment", ticket.ID, comment.ID, comment.Content))
		}
		for _, note := range t.remote.Notes(ticket.ID) {
			got = append(got, line("TicketNote", ticket.ID, note.ID, note.Content))
		}
		for _, attachment := range t.remote.Attachments(ticket.ID) {
			got = append(got, line("TicketAttachment", ticket.ID, attachment.ID, string(attachment.Content)))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	Expect(got).To(Equal(want), "the remote objects, and the objects' status")
	Expect(slices.Compact(slices.Clone(want))).To(HaveLen(len(want)), "no two objects should stand for the same remote object")
	return counts
}
