// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	. "github.com/onsi/ginkgo/v2"
)

var _ = Describe("The source of a TicketAttachment", func() {
	dump := map[string]any{"name": "dump", "key": "heap.bin"}
	for field, value := range map[string]any{
		"spec.content": "text", "spec.contentBase64": "AAEC", "spec.configMapKeyRef": dump, "spec.secretKeyRef": dump,
	} {
		It("can be "+field+" alone", func() {
			expectAccepted(ticketAttachment(without("spec.content"), with(field, value)))
		})
	}
	const exactlyOne = "exactly one of content, contentBase64, configMapKeyRef and secretKeyRef must be set"
	DescribeTable("is refused with", func(object *manifest) {
		expectRefused(object, "spec", exactlyOne)
	},
		Entry("nothing", ticketAttachment(without("spec.content"))),
		Entry("a text and base64", ticketAttachment(with("spec.contentBase64", "AAEC"))),
		Entry("a ConfigMap and a Secret", ticketAttachment(without("spec.content"), with("spec.configMapKeyRef", dump), with("spec.secretKeyRef", dump))),
	)
	It("is base64 with line breaks where it says so", func() {
		expectAccepted(ticketAttachment(without("spec.content"), with("spec.contentBase64", "AAEC\nAwQF\n")))
		expectRefused(ticketAttachment(without("spec.content"), with("spec.contentBase64", "no base64!")), "spec.contentBase64", "should match")
	})
	It("can be changed for another one", func() {
		expectUpdateAccepted(created(ticketAttachment()), without("spec.content"), with("spec.configMapKeyRef", dump))
	})
})

var _ = Describe("The fileName of a TicketAttachment", func() {
	DescribeTable("can be", func(name string) {
		expectAccepted(ticketAttachment(with("spec.fileName", name)))
	},
		Entry("of one letter", "a"),
		Entry("hidden", ".env"),
		Entry("with spaces and signs within it", "heap dump (2) #1, 100%.txt"),
		Entry("of another script", "дамп кучи.txt"),
		Entry("with an emoji", "🔥.png"),
	)
	const aName = "fileName must be the name of a file without a path"
	DescribeTable("cannot be", func(name string) {
		expectRefused(ticketAttachment(with("spec.fileName", name)), "spec.fileName", aName)
	},
		Entry("a path", "logs/heap.txt"),
		Entry("a path that goes up", "../heap.txt"),
		Entry("a path of Windows", `C:\heap.txt`),
		Entry("this folder", "."),
		Entry("the folder above", ".."),
		Entry("a space", " "),
		Entry("with a space after it", "heap.txt "),
		Entry("with the line break that | leaves", "heap.txt\n"),
		Entry("with a line break in it", "heap\r\n.txt"),
		Entry("with a control character", "heap\x00.txt"),
		Entry("with a line separator", "heap\u2028.txt"),
	)
	It("is immutable", func() {
		expectUpdateRefused(created(ticketAttachment()), with("spec.fileName", "other.txt"), "spec.fileName", "fileName is immutable: for another name, create a new TicketAttachment")
	})
})
