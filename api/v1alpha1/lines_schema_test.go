// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// Most providers refuse a text of several lines where they have one line, and some take it and cut
// it. What a person sees then says nothing of the | in a manifest.
var _ = Describe("A field of one line", func() {
	closing := []change{with("spec.deletionPolicy", "Close"), with("spec.close.status", "Done")}
	fields := map[string][]string{
		"Integration":   {"spec.defaults.project", "spec.defaults.issueType", "spec.defaults.creator"},
		"Ticket":        {"spec.name", "spec.summary", "spec.status", "spec.project", "spec.issueType", "spec.assignee", "spec.contact", "spec.creator", "spec.close.status", "spec.close.creator"},
		"TicketComment": {"spec.creator"},
		"TicketNote":    {"spec.title"},
	}
	for kind, names := range fields {
		for _, field := range names {
			Describe(kind+" "+field, func() {
				object := func(value string) *manifest {
					if strings.HasPrefix(field, "spec.close.") {
						return edited(ticket(closing...), with(field, value))
					}
					return manifestOf[kind](with(field, value))
				}
				sentence := field[strings.LastIndex(field, ".")+1:] + " must be one line of text, not blank, and without a line break at its end: in YAML, write the text without | or >"
				It("takes spaces and tabs within it", func() {
					expectAccepted(object("p99 above 2s\tsince 10:05"))
				})
				for what, value := range map[string]string{
					"the line break that | leaves": "p99 above 2s\n", "two lines": "p99\nabove 2s", "a carriage return": "p99\rabove 2s",
					"a line separator": "p99\u2028above 2s", "a vertical tab": "p99\vabove 2s", "nothing but spaces": "  ",
				} {
					It("refuses "+what, func() { expectRefused(object(value), field, sentence) })
				}
			})
		}
	}
})

var _ = Describe("A text of several lines", func() {
	for field, object := range map[string]func(...change) *manifest{
		"spec.description": ticket, "spec.content": ticketComment,
	} {
		It("may end in a line break but not be blank: "+field, func() {
			expectAccepted(object(with(field, "10:05 UTC\nfirst alert.\n")))
			expectRefused(object(with(field, " \n")), field, "must not be blank")
		})
	}
	It("may not be blank: the content of a note, the comment of close", func() {
		expectRefused(ticketNote(with("spec.content", "\n")), "spec.content", "content must not be blank")
		expectRefused(ticket(with("spec.close.status", "Done"), with("spec.close.comment", " ")), "spec.close.comment", "comment must not be blank")
	})
})

var _ = Describe("The closedStatuses of an Integration", func() {
	It("are single lines that are not blank", func() {
		for _, status := range []string{" ", "Done\n"} {
			expectRefused(integration(with("spec.closedStatuses", []any{"Closed", status})), "spec.closedStatuses", "closedStatuses must be single lines of text that are not blank")
		}
	})
})

var _ = Describe("The baseURL of an Integration", func() {
	It("is refused with the version that the operator adds itself", func() {
		for _, url := range []string{"https://api.synqly.com/v1", "https://api.synqly.com/v1/", "https://proxy.example.com/synqly/v1"} {
			expectRefused(integration(with("spec.baseURL", url)), "spec.baseURL", "baseURL must not end in /v1, because the operator adds that itself")
		}
		Expect(valueOf(expectAccepted(integration(with("spec.baseURL", "https://proxy.example.com/synqly/v10"))), "spec.baseURL")).NotTo(BeEmpty())
	})
})
