// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

var _ = Describe("A TicketQuery", func() {
	It("needs nothing, and counts all tickets then", func() {
		Expect(valueOf(expectAccepted(ticketQuery()), "spec")).To(Equal(map[string]any{
			"integrationRef": map[string]any{"kind": "Integration", "name": v1alpha1.DefaultIntegrationName},
			"interval":       "5m",
			"limit":          int64(20),
		}))
	})

	It("uses an Integration of its own namespace alone", func() {
		expectRefused(ticketQuery(with("spec.integrationRef", map[string]any{"kind": "ClusterIntegration", "name": "jira"})), "spec.integrationRef", "would show the tickets of other namespaces")
	})

	It("keeps a limit of 0", func() {
		typed := typedOf(expectAccepted(ticketQuery(with("spec.limit", int64(0))))).(*v1alpha1.TicketQuery)
		Expect(apiClient.Update(suiteCtx, typed)).To(Succeed())
		Expect(*typed.Spec.Limit).To(BeZero())
	})

	It("lists 0 to 100 tickets", func() {
		const field = "spec.limit"
		expectAccepted(ticketQuery(with(field, int64(100))))
		expectRefused(ticketQuery(with(field, int64(-1))), field, "greater than or equal to 0")
		expectRefused(ticketQuery(with(field, int64(101))), field, "less than or equal to 100")
	})

	It("is asked every 30 seconds to 24 hours", func() {
		const field = "spec.interval"
		expectAccepted(ticketQuery(with(field, "30s")))
		expectAccepted(ticketQuery(with(field, "24h")))
		expectRefused(ticketQuery(with(field, "29s")), field, "interval must be between 30s and 24h")
		expectRefused(ticketQuery(with(field, "24h1s")), field, "interval must be between 30s and 24h")
		for _, duration := range []string{"1d", "-1s", "", "soon"} {
			expectRefused(ticketQuery(with(field, duration)), field, "must be a duration such as 90s, 30m or 24h")
		}
	})

	It("has filters of the form of the API", func() {
		const field, message = "spec.filters", "filters must have the form field[operator]value"
		expectAccepted(ticketQuery(with(field, []any{"project[eq]OPS", "priority[in]URGENT,HIGH", "status[ne]Won't [really] do", "custom_fields.région[eq]eu"})))
		for _, filter := range []string{"status", "status=Done", "status[ne]", "[eq]OPS", "status[n e]Done", " status[ne]Done", "status[ne]Done\n"} {
			expectRefused(ticketQuery(with(field, []any{filter})), field, message)
		}
	})

	It("has 20 different filters of 1 to 1024 characters", func() {
		const field = "spec.filters"
		filter := func(number int) any { return "name[eq]" + numberedText(number).(string) }
		expectAccepted(ticketQuery(with(field, listOf(20, filter))))
		expectRefused(ticketQuery(with(field, listOf(21, filter))), field, "must have at most 20 items")
		expectAccepted(ticketQuery(with(field, []any{"name[eq]" + text(1016)})))
		expectRefused(ticketQuery(with(field, []any{"name[eq]" + text(1017)})), field+"[0]", "may not be more than 1024")
		expectRefused(ticketQuery(with(field, []any{"name[eq]a", "name[eq]a"})), field+"[1]", "Duplicate value")
	})

	It("has an order of the form of the API", func() {
		const field = "spec.order"
		for _, order := range []string{"created_at", "created_at[desc]", "priority[asc]"} {
			expectAccepted(ticketQuery(with(field, order)))
		}
		for _, order := range []string{"created_at desc", "created_at[down]", "[desc]"} {
			expectRefused(ticketQuery(with(field, order)), field, "order must be a field")
		}
	})
})
