// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

var _ = Describe("The attachments of a remote ticket", func() {
	var w *world
	var ticket *v1alpha1.Ticket
	BeforeEach(func() {
		w = newWorld()
		ticket = w.created(w.ticket("parent"))
	})

	// attached is a file that a person attaches, a second after all that was before.
	attached := func(fileName string) {
		GinkgoHelper()
		w.clock.Step(time.Second)
		_, exists := w.simulator.AddAttachment(ticket.Status.ID, fileName, []byte("text"))
		Expect(exists).To(BeTrue())
	}
	// polled reconciles the Ticket after a poll has shown its remote ticket, and returns how many
	// writes that took.
	polled := func(listed *synqly.Ticket) int64 {
		GinkgoHelper()
		written := w.writes.count.Load()
		w.report(ticket, listed)
		w.reconcile(ticket)
		expectReady(ticket)
		return w.writes.count.Load() - written
	}
	shown := func() []string {
		var names []string
		for _, attachment := range ticket.Status.Remote.Attachments {
			names = append(names, attachment.FileName)
		}
		return names
	}

	It("are shown after a poll, those of TicketAttachments and those of people, the newest first", func() {
		uploaded := w.attachment("dump", "parent")
		w.create(uploaded)
		w.reconcile(uploaded)
		expectReady(uploaded)
		attached("screenshot.png")

		Expect(polled(w.listed(ticket))).To(BeEquivalentTo(1), "a change costs one write of the status")
		Expect(shown()).To(Equal([]string{"screenshot.png", "heap.txt"}))
		Expect(ticket.Status.Remote.Attachments[1]).To(Equal(v1alpha1.RemoteAttachment{
			ID: uploaded.Status.ID, FileName: "heap.txt", FileType: uploaded.Status.FileType, FileSize: uploaded.Status.FileSize,
			Creator: uploaded.Status.Creator, CreatedAt: uploaded.Status.CreatedAt,
		}))
		Expect(ticket.Status.Drift).To(BeEmpty())
		w.expectInSync(ticket)
		w.expectInSync(uploaded)
		Expect(polled(w.listed(ticket))).To(BeZero(), "the next poll shows the same")
	})

	It("are shown after a look, and are gone when people have deleted them", func() {
		attached("screenshot.png")
		annotate(w, ticket, v1alpha1.SyncRequestedAnnotation, "1")
		w.reconcile(ticket)
		Expect(shown()).To(Equal([]string{"screenshot.png"}))

		w.clock.Step(time.Second)
		Expect(w.simulator.DeleteAttachment(ticket.Status.Remote.Attachments[0].ID)).To(BeTrue())
		Expect(polled(w.listed(ticket))).To(BeEquivalentTo(1))
		Expect(ticket.Status.Remote.Attachments).To(BeEmpty())
		w.expectInSync(ticket)
	})

	It("in another order are no change, even where the provider does not tell when a ticket was changed", func() {
		attached("first.txt")
		attached("second.txt")
		listed := w.listed(ticket)
		listed.UpdatedAt = synqly.Timestamp{}
		Expect(polled(listed)).To(BeEquivalentTo(1))
		for range 5 {
			slices.Reverse(listed.Attachments)
			Expect(polled(listed)).To(BeZero())
		}
		Expect(shown()).To(Equal([]string{"second.txt", "first.txt"}))
	})

	It("that cannot be read keep nothing else from being shown", func() {
		attached("screenshot.png")
		Expect(w.simulator.SetRaw(ticket.Status.ID, "attachments", []byte(`[{"id": "1", "file_size": "12 kB"}, {"id": 2, "file_name": "a.txt"}]`))).To(BeTrue())
		annotate(w, ticket, v1alpha1.SyncRequestedAnnotation, "1")
		w.reconcile(ticket)
		expectReady(ticket)
		Expect(ticket.Status.Remote.Attachments).To(Equal([]v1alpha1.RemoteAttachment{{ID: "2", FileName: "a.txt"}}))
		Expect(ticket.Status.Remote.Remarks).To(ConsistOf("attachments[0].file_size cannot be read: its JSON type is string"))
		w.expectInSync(ticket)
	})
})
