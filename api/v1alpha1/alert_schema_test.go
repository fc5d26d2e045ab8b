// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

var _ = Describe("An AlertReceiver", func() {
	It("needs a token and nothing else", func() {
		Expect(valueOf(expectAccepted(alertReceiver()), "spec")).To(Equal(map[string]any{
			"integrationRef":    map[string]any{"kind": "Integration", "name": v1alpha1.DefaultIntegrationName},
			"tokenSecretRef":    map[string]any{"name": "alertmanager-token", "key": v1alpha1.DefaultTokenKey},
			"ticketPer":         "Group",
			"comments":          "Changes",
			"commentInterval":   "5m",
			"resolve":           map[string]any{"after": "2m", "comment": true},
			"refire":            map[string]any{"within": "24h"},
			"closedWhileFiring": "Keep",
			"maxOpenTickets":    int64(100),
			"retention":         "168h",
		}))
		expectRefused(alertReceiver(without("spec.tokenSecretRef")), "spec.tokenSecretRef", "Required value")
	})

	It("has the defaults of a group of which a part is set", func() {
		stored := expectAccepted(alertReceiver(with("spec.resolve", map[string]any{"status": "Done"}), with("spec.refire", map[string]any{"status": "To Do"})))
		Expect(valueOf(stored, "spec.resolve")).To(Equal(map[string]any{"after": "2m", "comment": true, "status": "Done"}))
		Expect(valueOf(stored, "spec.refire")).To(Equal(map[string]any{"within": "24h", "status": "To Do"}))
	})

	It("keeps what is switched off", func() {
		stored := expectAccepted(alertReceiver(with("spec.resolve.comment", false), with("spec.refire.within", "0s"), with("spec.commentInterval", "0s")))
		typed := typedOf(stored).(*v1alpha1.AlertReceiver)
		Expect(apiClient.Update(suiteCtx, typed)).To(Succeed())
		Expect(*typed.Spec.Resolve.Comment).To(BeFalse())
		Expect(typed.Spec.Refire.Within.Duration).To(BeZero())
		Expect(typed.Spec.CommentInterval.Duration).To(BeZero())
	})

	It("has a name that leaves room for the names of its incidents", func() {
		named := func(length int) *manifest {
			return alertReceiver(without("metadata.generateName"), with("metadata.name", strings.Repeat("a", length)))
		}
		expectAccepted(named(46))
		expectRefused(named(47), "<nil>", "the name of an AlertReceiver must have at most 46 characters")
	})

	DescribeTable("takes one of the words of", func(field, refused string, accepted ...string) {
		for _, word := range accepted {
			expectAccepted(alertReceiver(with(field, word), with("spec.refire.status", "To Do")))
		}
		expectRefused(alertReceiver(with(field, refused)), field, "Unsupported value")
	},
		Entry("ticketPer", "spec.ticketPer", "group", "Group", "Alert"),
		Entry("comments", "spec.comments", "All", "Changes", "None"),
		Entry("closedWhileFiring", "spec.closedWhileFiring", "Replace", "Keep", "Reopen", "NewTicket"),
	)

	It("needs the status that reopens a ticket to reopen one", func() {
		const message = "closedWhileFiring Reopen needs refire.status"
		expectRefused(alertReceiver(with("spec.closedWhileFiring", "Reopen")), "spec.refire", message)
		stored := expectAccepted(alertReceiver(with("spec.closedWhileFiring", "Reopen"), with("spec.refire.status", "To Do")))
		expectUpdateRefused(stored, without("spec.refire.status"), "spec.refire", message)
	})

	It("keeps an incident for as long as its ticket can be reopened", func() {
		const message = "retention must not be shorter than refire.within"
		expectAccepted(alertReceiver(with("spec.retention", "48h"), with("spec.refire.within", "48h")))
		expectRefused(alertReceiver(with("spec.retention", "47h"), with("spec.refire.within", "48h")), "spec.retention", message)
		expectRefused(alertReceiver(with("spec.retention", "23h")), "spec.retention", message)
	})

	DescribeTable("has bounds for", func(field, shortest, longest, tooLong, message string) {
		expectAccepted(alertReceiver(with("spec.refire.within", "0s"), with(field, shortest)))
		expectAccepted(alertReceiver(with("spec.retention", "8760h"), with(field, longest)))
		expectRefused(alertReceiver(with("spec.retention", "8760h"), with(field, tooLong)), field, message)
		for _, duration := range []string{"1d", "-1s", "", "soon"} {
			expectRefused(alertReceiver(with(field, duration)), field, "must be a duration such as 90s, 30m or 24h")
		}
	},
		Entry("commentInterval", "spec.commentInterval", "0s", "24h", "24h1s", "commentInterval must be between 0s and 24h"),
		Entry("resolve.after", "spec.resolve.after", "0s", "24h", "24h1s", "after must be between 0s and 24h"),
		Entry("refire.within", "spec.refire.within", "0s", "8760h", "8760h1s", "within must be between 0s and 8760h"),
		Entry("retention", "spec.retention", "1m", "8760h", "8760h1s", "retention must be between 1m and 8760h"),
	)
	It("keeps an incident for a minute at least", func() {
		expectRefused(alertReceiver(with("spec.refire.within", "0s"), with("spec.retention", "59s")), "spec.retention", "retention must be between 1m and 8760h")
	})

	It("may have 1 to 10,000 open tickets", func() {
		const field = "spec.maxOpenTickets"
		expectAccepted(alertReceiver(with(field, int64(1))))
		expectAccepted(alertReceiver(with(field, int64(10000))))
		expectRefused(alertReceiver(with(field, int64(0))), field, "greater than or equal to 1")
		expectRefused(alertReceiver(with(field, int64(10001))), field, "less than or equal to 10000")
	})

	DescribeTable("has lists of different texts in", func(field string, most, characters int, position, empty string) {
		expectAccepted(alertReceiver(with(field, []any{})))
		expectAccepted(alertReceiver(with(field, listOf(most, numberedText))))
		expectRefused(alertReceiver(with(field, listOf(most+1, numberedText))), field, "must have at most")
		expectAccepted(alertReceiver(with(field, []any{"7", text(characters)})))
		expectRefused(alertReceiver(with(field, []any{""})), field+position, empty)
		expectRefused(alertReceiver(with(field, []any{text(characters + 1)})), field+"[0]", "may not be more than")
		expectRefused(alertReceiver(with(field, []any{"a", "a"})), field+"[1]", "Duplicate value")
	},
		Entry("identityLabels", "spec.identityLabels", 50, 255, "", "identityLabels must not contain an empty name"),
		Entry("suppressStatuses", "spec.suppressStatuses", 50, 255, "[0]", "at least 1 chars long"),
		Entry("ticket.tags", "spec.ticket.tags", 100, 1024, "[0]", "at least 1 chars long"),
	)

	It("refreshes fields that a ticket has", func() {
		every := []any{"name", "summary", "description", "priority", "status", "project", "issueType", "assignee", "contact", "creator", "tags", "customFields"}
		expectAccepted(alertReceiver(with("spec.refresh", every)))
		expectRefused(alertReceiver(with("spec.refresh", []any{"ticketID"})), "spec.refresh[0]", "Unsupported value")
		expectRefused(alertReceiver(with("spec.refresh", []any{"tags", "tags"})), "spec.refresh[1]", "Duplicate value")
	})

	It("takes 100 custom fields of any kind, nulls included", func() {
		const field = "spec.ticket.customFields"
		fields := map[string]any{"severity": int64(2), "region": "{{ .CommonLabels.region }}", "cleared": nil, "nested": map[string]any{"list": []any{true}}}
		Expect(valueOf(expectAccepted(alertReceiver(with(field, fields))), field)).To(Equal(fields))
		expectAccepted(alertReceiver(with(field, mapOf(100, "eu"))))
		expectRefused(alertReceiver(with(field, mapOf(101, "eu"))), field, "must have at most 100 items")
	})
})

var _ = Describe("An Incident", func() {
	It("belongs to its receiver for good", func() {
		expectUpdateRefused(created(incident()), with("spec.receiverRef.name", "other"), "spec.receiverRef", "receiverRef is immutable")
		expectRefused(incident(without("spec.receiverRef")), "spec.receiverRef", "Required value")
	})

	It("lists 100 alerts", func() {
		expectAccepted(incident(with("spec.alerts", listOf(v1alpha1.MaxIncidentAlerts, func(n int) any { return alert(n) }))))
		expectRefused(incident(with("spec.alerts", listOf(v1alpha1.MaxIncidentAlerts+1, func(n int) any { return alert(n) }))), "spec.alerts", "must have at most 100 items")
	})

	It("counts the others", func() {
		expectAccepted(incident(with("spec.truncatedAlerts", int64(9900))))
		expectRefused(incident(with("spec.truncatedAlerts", int64(-1))), "spec.truncatedAlerts", "greater than or equal to 0")
	})

	DescribeTable("has limits for", func(field string) {
		expectAccepted(incident(with(field, mapOf(64, "eu"))))
		expectRefused(incident(with(field, mapOf(65, "eu"))), field, "must have at most 64 items")
	},
		Entry("groupLabels", "spec.groupLabels"),
		Entry("commonLabels", "spec.commonLabels"),
		Entry("commonAnnotations", "spec.commonAnnotations"),
	)

	It("takes an address of 2048 characters", func() {
		expectAccepted(incident(with("spec.externalURL", text(2048))))
		expectRefused(incident(with("spec.externalURL", text(2049))), "spec.externalURL", "may not be more than 2048")
	})

	DescribeTable("has alerts with limits for", func(field string, limit, beyond any, message string) {
		set := func(value any) *manifest {
			return incident(with("spec.alerts", []any{alert(1, func(alert map[string]any) { alert[field] = value })}))
		}
		expectAccepted(set(limit))
		expectRefused(set(beyond), "spec.alerts[0]."+field, message)
	},
		Entry("fingerprint", "fingerprint", text(128), text(129), "may not be more than 128"),
		Entry("no fingerprint", "fingerprint", "1", "", "at least 1 chars long"),
		Entry("status", "status", "resolved", "suppressed", "Unsupported value"),
		Entry("labels", "labels", mapOf(64, "eu"), mapOf(65, "eu"), "must have at most 64 items"),
		Entry("annotations", "annotations", mapOf(64, "eu"), mapOf(65, "eu"), "must have at most 64 items"),
		Entry("generatorURL", "generatorURL", text(2048), text(2049), "may not be more than 2048"),
		// The Go types read no other form, and one object that they cannot read stops an informer.
		Entry("startsAt", "startsAt", "1000-01-01T00:00:00.000000Z", "2026-12-01T00:00:00Z", "should match"),
		Entry("endsAt", "endsAt", "2999-12-31T23:59:59.999999Z", "3000-01-01T00:00:00.000000Z", "should match"),
		Entry("receivedAt", "receivedAt", "2026-12-01T00:00:00.000001Z", "2026-12-01T01:00:00.000000+01:00", "should match"),
	)
})
