// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// TicketComment and TicketNote belong to a ticket in the same way.
var _ = Describe("What belongs to a ticket", func() {
	for _, kind := range []string{"TicketComment", "TicketNote"} {
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

			describeImmutableParent(kind, child(), onRemote(), pagerduty)
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
// they are.
func describeImmutableParent(kind string, onTicket, onRemote *manifest, pagerduty change) {
	refOf := func(kind string) string {
		return "ticketRef is immutable: for another ticket, create a new " + kind
	}
	idOf := func(kind string) string {
		return "ticketID is immutable: for another ticket, create a new " + kind
	}
	integrationOf := func(kind string) string {
		return "integrationRef is immutable: to use another Integration, create a new " + kind
	}
	DescribeTable("is immutable in", func(object *manifest, edit change, field, message string) {
		expectUpdateRefused(created(object), edit, field, message)
	},
		Entry("ticketRef, against change", onTicket, with("spec.ticketRef.name", "another"), "spec.ticketRef", refOf(kind)),
		Entry("ticketRef, against removal", onTicket, without("spec.ticketRef"), "spec.ticketRef", refOf(kind)),
		Entry("ticketRef, against removal for a ticketID", onTicket, all(without("spec.ticketRef"), with("spec.ticketID", "10023")), "spec.ticketRef", refOf(kind)),
		Entry("ticketRef, against addition", onRemote, with("spec.ticketRef.name", "another"), "spec.ticketRef", refOf(kind)),
		Entry("ticketRef, against addition for a ticketID", onRemote, all(without("spec.ticketID"), with("spec.ticketRef.name", "another")), "spec.ticketRef", refOf(kind)),
		Entry("ticketID, against change", onRemote, with("spec.ticketID", "10024"), "spec.ticketID", idOf(kind)),
		Entry("ticketID, against removal", onRemote, without("spec.ticketID"), "spec.ticketID", idOf(kind)),
		Entry("ticketID, against addition", onTicket, with("spec.ticketID", "10023"), "spec.ticketID", idOf(kind)),
		Entry("integrationRef, against change", edited(onRemote, pagerduty), with("spec.integrationRef.name", "jira"), "spec.integrationRef", integrationOf(kind)),
		Entry("integrationRef, against removal", edited(onRemote, pagerduty), without("spec.integrationRef"), "spec.integrationRef", integrationOf(kind)),
		Entry("integrationRef, against addition", onRemote, pagerduty, "spec.integrationRef", integrationOf(kind)),
		Entry("integrationRef, against addition of the default", onRemote, with("spec.integrationRef.name", "default"), "spec.integrationRef", integrationOf(kind)),
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
	DescribeTable("refuses the ticketID", func(id, message string) {
		expectRefused(object(id), "spec.ticketID", message)
	},
		Entry("that is empty", "", "at least 1 chars long"),
		Entry("that is a space", " ", "should match"),
		Entry("with a space before it", " 10023", "should match"),
		Entry("with a space after it", "10023 ", "should match"),
		Entry("with a line feed after it", "10023\n", "should match"),
		Entry("of two lines", "10023\n10024", "should match"),
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
