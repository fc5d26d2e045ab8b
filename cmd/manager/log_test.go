// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"encoding/json"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
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
	GinkgoHelper()
	var found []logLine
	for text := range strings.Lines(m.log()) {
		var line logLine
		if json.Unmarshal([]byte(text), &line) == nil && line.Message == message && line.Name == name {
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
})
