// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// logLine is what the lines about writes and conditions have in common.
type logLine struct {
	Message     string `json:"msg"`
	Name        string `json:"name"`
	Integration string `json:"integration"`
	Operation   string `json:"operation"`
	RemoteID    string `json:"remoteID"`
	Outcome     string `json:"outcome"`
	Duration    string `json:"duration"`
	Reason      string `json:"reason"`
}

// lines are those of a manager's log that have a message and are about an object.
func (m *managerProcess) lines(message, name string) []logLine {
	return slices.DeleteFunc(m.allLines(), func(line logLine) bool { return line.Message != message || line.Name != name })
}

// allLines are those of a manager's log, whatever they say.
func (m *managerProcess) allLines() []logLine {
	var found []logLine
	for text := range strings.Lines(m.log()) {
		var line logLine
		if json.Unmarshal([]byte(text), &line) == nil {
			found = append(found, line)
		}
	}
	return found
}

var _ = Describe("The log at the level info", func() {
	It("has a line for each remote write and each change to not Ready, and no text of a ticket", func(ctx SpecContext) {
		t := newTenant(ctx)
		m := t.startManager(ctx, "--zap-log-level=info")
		ticket := t.ticket("logged")
		create(ctx, ticket)
		expectReason(ctx, ticket, v1alpha1.ReasonWaitingForIntegration)
		t.connect(ctx, t.integration())
		expectReady(ctx, ticket)
		edit(ctx, ticket, func() { ticket.Spec.Summary = "a summary that nobody else has to read" })
		expectReady(ctx, ticket)

		writes := m.lines("remote write", "logged")
		Expect(writes).To(HaveLen(2))
		for i, operation := range []string{"create the ticket", "update the ticket"} {
			Expect(writes[i].Operation).To(Equal(operation))
			Expect(writes[i].Integration).To(Equal("default"))
			Expect(writes[i].RemoteID).To(Equal(ticket.Status.ID))
			Expect(writes[i].Outcome).To(Equal("done"))
			Expect(writes[i].Duration).NotTo(BeEmpty())
		}
		Expect(m.lines("not ready", "logged")).To(ConsistOf(HaveField("Reason", v1alpha1.ReasonWaitingForIntegration)))
		Expect(m.log()).NotTo(ContainSubstring("nobody else has to read"))
		Expect(ticket.ManagedFields).To(ContainElement(And(HaveField("Manager", "synqly-ticketing-operator"), HaveField("Subresource", "status"))))
	})

	It("has exactly one line for each request that writes, and none for a reconcile that writes nothing", func(ctx SpecContext) {
		t := newTenant(ctx)
		m := t.startManager(ctx, "--zap-log-level=info")
		t.connect(ctx, t.integration())
		ticket, comment, note := t.ticket("ticket"), t.comment("comment", "ticket"), t.note("note", "ticket")
		create[client.Object](ctx, ticket, comment, note)
		expectReady[client.Object](ctx, ticket, comment, note)
		edit(ctx, note, func() { note.Spec.Content = "Edited" })
		expectReady(ctx, note)
		edit(ctx, comment, func() { comment.Spec.Content = "Edited" }) // A comment is replaced.
		expectReady(ctx, comment)
		for _, object := range []client.Object{comment, note} {
			Expect(administrator.Delete(ctx, object)).To(Succeed())
			expectGone(ctx, object)
		}
		var operations []string
		for _, line := range m.remoteWrites() {
			operations = append(operations, line.Name+": "+line.Operation)
			Expect(line.RemoteID).NotTo(BeEmpty(), line.Operation)
		}
		Expect(operations).To(ConsistOf(
			"ticket: create the ticket", "comment: create the comment", "note: create the note",
			"note: update the note", "comment: create the comment", "comment: remove the replaced comment",
			"comment: remove the comment", "note: remove the note"))
		Expect(t.remoteWrites()).To(HaveLen(len(operations)))

		By("looking at the ticket, in the same process and in another one")
		for i, again := range []*managerProcess{m, nil} {
			if again == nil {
				m.stop()
				again = t.startManager(ctx, "--zap-log-level=info")
			}
			before := len(again.remoteWrites())
			request := fmt.Sprintf("request-%d", i)
			edit(ctx, ticket, func() { ticket.Annotations[v1alpha1.SyncRequestedAnnotation] = request })
			Eventually(func(ctx context.Context) (string, error) {
				err := administrator.Get(ctx, client.ObjectKeyFromObject(ticket), ticket)
				return ticket.Status.LastSyncRequest, err
			}).WithContext(ctx).Should(Equal(request))
			Expect(again.remoteWrites()).To(HaveLen(before))
		}
		Expect(t.remoteWrites()).To(HaveLen(len(operations)))
	})
})

// remoteWrites are the lines about remote writes of all objects.
func (m *managerProcess) remoteWrites() []logLine {
	return slices.DeleteFunc(m.allLines(), func(line logLine) bool { return line.Message != "remote write" })
}

// remoteWrites are the requests to the ticketing system that write.
func (t *tenant) remoteWrites() []simulator.Request {
	return slices.DeleteFunc(t.remote.Requests(), func(request simulator.Request) bool { return request.Method == http.MethodGet })
}
