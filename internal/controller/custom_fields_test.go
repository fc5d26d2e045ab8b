// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

var _ = Describe("A custom field without a name", func() {
	blank := map[string]apiextensionsv1.JSON{" ": {Raw: []byte(`"eu"`)}}

	It("is refused before anything is sent", func() {
		w := newWorld()
		ticket := w.ticket("blank", func(spec *v1alpha1.TicketSpec) { spec.CustomFields = blank })
		w.create(ticket)
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonRejected, "customFields has a blank name")
		Expect(w.sent()).To(BeEmpty())

		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.CustomFields = nil })
		w.reconcile(ticket)
		expectReady(ticket)
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.CustomFields = blank })
		w.simulator.ForgetRequests()
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonRejected, "customFields has a blank name")
		Expect(w.sent()).To(BeEmpty())
	})
})
