// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// TicketComment, TicketNote and TicketAttachment belong to a ticket in the same way.
var _ = Describe("What belongs to a ticket", func() {
	for _, kind := range []string{"TicketComment", "TicketNote", "TicketAttachment"} {
		child := manifestOf[kind]
		// onRemote makes it belong to a remote ticket directly.
		onRemote := func(changes ...change) *manifest {
			return edited(child(without("spec.ticketRef"), with("spec.ticketID", "10023")), changes...)
		}
		pagerduty := with("spec.integrationRef.name", "pagerduty")

		Describe("a "+kind, func() {
			It("is deleted remotely by default", func() {
				Expect(valueOf(expectAccepted(child()), "spec.deletionPolicy")).To(Equal("Delete"))
				Expect(valueOf(expectAccepted(child(with("spec.deletionPolicy", nil))), "spec.deletionPolicy")).To(Equal("Delete"))
			})
			It("has no other default, so that integrationRef stays out where ticketRef is set", func() {
				want := valueOf(child(with("spec.deletionPolicy", "Delete")), "spec")
				Expect(valueOf(expectAccepted(child()), "spec")).To(Equal(want))
			})
			It("takes the deletionPolicies Delete and Retain", func() {
				for _, policy := range []string{"Delete", "Retain"} {
					expectAccepted(child(with("spec.deletionPolicy", policy)))
				}
				for _, policy := range []string{"", "delete", "Close"} {
					expectRefused(child(with("spec.deletionPolicy", policy)), "spec.deletionPolicy", "Unsupported value", `"Delete", "Retain"`)
				}
			})

			DescribeTable("accepts as its parent", func(object *manifest) {
				expectAccepted(object)
			},
				Entry("a Ticket", child()),
				Entry("a remote ticket of the default Integration", onRemote()),
				Entry("a remote ticket of another Integration", onRemote(pagerduty)),
			)
			const exactlyOne = "exactly one of ticketRef and ticketID must be set: use ticketRef for a Ticket in this namespace, ticketID for a remote ticket"
			DescribeTable("refuses as its parent", func(object *manifest, field, message string) {
				expectRefused(object, field, message)
			},
				Entry("nothing", child(without("spec.ticketRef")), "spec", exactlyOne),
				Entry("an Integration alone", child(without("spec.ticketRef"), pagerduty), "spec", exactlyOne),
				Entry("a Ticket and a remote ticket", child(with("spec.ticketID", "10023")), "spec", exactlyOne),
				Entry("a Ticket without a name", child(with("spec.ticketRef", map[string]any{})), "spec.ticketRef.name", "Required value"),
				Entry("an Integration without a name", onRemote(with("spec.integrationRef", map[string]any{})), "spec.integrationRef.name", "Required value"),
				Entry("a Ticket with an Integration of another", child(pagerduty), "spec.integrationRef",
					"integrationRef can only be set together with ticketID: with ticketRef the Integration of the Ticket is used, so remove integrationRef"),
			)

			describeImmutableParent(kind, strings.ToLower(strings.TrimPrefix(kind, "Ticket")), child(), onRemote(), pagerduty)
			describeTicketIDForms(func(id string) *manifest { return onRemote(with("spec.ticketID", id)) })
		})
	}

	DescribeTable("needs", func(object *manifest, field string) {
		expectRefused(object, field, "Required value")
	},
		Entry("the spec of a comment", ticketComment(without("spec")), "spec"),
		Entry("the content of a comment", ticketComment(without("spec.content")), "spec.content"),
		Entry("the spec of a note", ticketNote(without("spec")), "spec"),
		Entry("the content of a note", ticketNote(without("spec.content")), "spec.content"),
		Entry("the title of a note", ticketNote(without("spec.title")), "spec.title"),
		Entry("the spec of an attachment", ticketAttachment(without("spec")), "spec"),
		Entry("the file name of an attachment", ticketAttachment(without("spec.fileName")), "spec.fileName"),
		Entry("the key of the source of an attachment", ticketAttachment(without("spec.content"), with("spec.configMapKeyRef", map[string]any{"name": "dump"})), "spec.configMapKeyRef.key"),
	)

	It("can have its texts changed", func() {
		expectUpdateAccepted(created(ticketComment()), with("spec.content", "Mitigated."), with("spec.creator", "jane@example.com"))
		expectUpdateAccepted(created(ticketNote()), with("spec.content", "10:12 UTC rolled back."), with("spec.title", "Full timeline"))
	})
})

var _ = Describe("The ticketID of a Ticket that adopts", func() {
	describeTicketIDForms(func(id string) *manifest { return ticket(with("spec.ticketID", id)) })
})

// describeImmutableParent shows that an object on a Ticket, and one on a remote ticket, stay where
// they are once something exists remotely, or may, and can be corrected before.
func describeImmutableParent(kind, noun string, onTicket, onRemote *manifest, pagerduty change) {
	immutable := func(field, hint string) string {
		return field + " is immutable once the remote " + noun + " exists or may exist: " + hint + ", create a new " + kind
	}
	another := with("spec.ticketRef.name", "another")
	edits := []struct {
		what   string
		object *manifest
		edit   change
		field  string
	}{
		{"ticketRef, against change", onTicket, another, "ticketRef"},
		{"ticketRef, against removal for a ticketID", onTicket, all(without("spec.ticketRef"), with("spec.ticketID", "10023")), "ticketRef"},
		{"ticketRef, against addition for a ticketID", onRemote, all(without("spec.ticketID"), another), "ticketRef"},
		{"ticketID, against change", onRemote, with("spec.ticketID", "10024"), "ticketID"},
		{"integrationRef, against change", edited(onRemote, pagerduty), with("spec.integrationRef.name", "jira"), "integrationRef"},
		{"integrationRef, against removal", edited(onRemote, pagerduty), without("spec.integrationRef"), "integrationRef"},
		{"integrationRef, against addition", onRemote, pagerduty, "integrationRef"},
		{"integrationRef, against addition of the default", onRemote, with("spec.integrationRef.name", "default"), "integrationRef"},
	}
	hints := map[string]string{"ticketRef": "for another ticket", "ticketID": "for another ticket", "integrationRef": "to use another Integration"}
	bound := map[string]any{"id": "10023", "openAttempt": int64(1)}
	if kind == "TicketComment" || kind == "TicketAttachment" {
		bound["replacedIDs"] = []any{"10022"}
	}
	for _, tried := range edits {
		for field, value := range bound {
			It("is immutable, with status."+field+", in "+tried.what, func() {
				expectUpdateRefused(storedWith(tried.object, "status."+field, value), tried.edit, "spec."+tried.field, immutable(tried.field, hints[tried.field]))
			})
		}
		It("can be corrected while nothing exists remotely, in what is immutable later: "+tried.what, func() {
			expectUpdateAccepted(notReady(tried.object, "WaitingForTicket"), tried.edit)
		})
	}
	DescribeTable("keeps to one parent in updates:", func(object *manifest, edit change) {
		expectUpdateRefused(created(object), edit, "spec", "exactly one of ticketRef and ticketID must be set")
	},
		Entry("ticketRef removed", onTicket, without("spec.ticketRef")),
		Entry("ticketRef added", onRemote, another),
		Entry("ticketID removed", onRemote, without("spec.ticketID")),
		Entry("ticketID added", onTicket, with("spec.ticketID", "10023")),
	)
}

// describeTicketIDForms shows which texts can be the ID of a remote ticket.
func describeTicketIDForms(object func(id string) *manifest) {
	DescribeTable("accepts the ticketID", func(id string) {
		expectAccepted(object(id))
	},
		Entry("of one character", "7"),
		Entry("of a provider", "OPS-23"),
		Entry("with characters that a URL escapes", "incident/INC 001?x=%20#é"),
	)
	const aForm = "ticketID must be one line of text without a space or a line break at its beginning or end"
	DescribeTable("refuses the ticketID", func(id, message string) {
		expectRefused(object(id), "spec.ticketID", message)
	},
		Entry("that is empty", "", "at least 1 chars long"),
		Entry("that is a space", " ", aForm),
		Entry("with a space before it", " 10023", aForm),
		Entry("with a space after it", "10023 ", aForm),
		Entry("with a line feed after it", "10023\n", aForm),
		Entry("of two lines", "10023\n10024", aForm),
	)
}

// all is several changes as one.
func all(changes ...change) change {
	return func(object *manifest) {
		for _, edit := range changes {
			edit(object)
		}
	}
}
