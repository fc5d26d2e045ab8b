// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"cmp"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// textLimit is a text of the spec that has a longest and no empty value.
type textLimit struct {
	field      string
	characters int
	// begins is what the text has to begin with.
	begins string
	// empty is what is said of an empty text; that it is too short where it is not set.
	empty string
	// ascii says that other characters are refused.
	ascii bool
	// needs is what else has to be set.
	needs []change
}

// ofLength is a text for the field of so many characters.
func (l textLimit) ofLength(characters int) string {
	rest := characters - len(l.begins)
	if l.ascii {
		return l.begins + strings.Repeat("a", rest)
	}
	return l.begins + text(rest)
}

var onRemoteTicket = []change{without("spec.ticketRef"), with("spec.ticketID", "10023")}

// textLimits are the longest texts that each kind takes.
var textLimits = map[string][]textLimit{
	"Integration": {
		{field: "spec.baseURL", characters: 2048, begins: "https://api.synqly.com/", ascii: true},
		{field: "spec.tokenSecretRef.name", characters: 253},
		{field: "spec.tokenSecretRef.key", characters: 253, ascii: true},
		{field: "spec.defaults.project", characters: 255},
		{field: "spec.defaults.issueType", characters: 255},
		{field: "spec.defaults.creator", characters: 255},
		{field: "spec.ticketURLTemplate", characters: 1024, begins: "https://acme.example.com/browse/{id}", ascii: true},
	},
	"ClusterIntegration": {
		{field: "spec.ticketURLTemplate", characters: 1024, begins: "https://acme.example.com/browse/{id}", ascii: true},
		{field: "spec.baseURL", characters: 2048, begins: "https://api.synqly.com/", ascii: true},
		{field: "spec.tokenSecretRef.name", characters: 253},
		{field: "spec.tokenSecretRef.key", characters: 253, ascii: true},
		{field: "spec.defaults.project", characters: 255},
		{field: "spec.defaults.issueType", characters: 255},
		{field: "spec.defaults.creator", characters: 255},
	},
	"Ticket": {
		{field: "spec.integrationRef.name", characters: 253},
		{field: "spec.name", characters: 1024},
		{field: "spec.summary", characters: 1024},
		{field: "spec.description", characters: 65536},
		{field: "spec.status", characters: 255},
		{field: "spec.project", characters: 255},
		{field: "spec.issueType", characters: 255},
		{field: "spec.assignee", characters: 255},
		{field: "spec.contact", characters: 255},
		{field: "spec.creator", characters: 255},
		{field: "spec.ticketID", characters: 1024},
		{field: "spec.close.status", characters: 255},
		{field: "spec.close.comment", characters: 65536, needs: []change{with("spec.close.status", "Done")}},
		{field: "spec.close.creator", characters: 255, needs: []change{with("spec.close.status", "Done")}},
	},
	"TicketComment": {
		{field: "spec.ticketRef.name", characters: 253},
		{field: "spec.ticketID", characters: 1024, needs: onRemoteTicket},
		{field: "spec.integrationRef.name", characters: 253, needs: onRemoteTicket},
		{field: "spec.content", characters: 65536, empty: "content must not be blank"},
		{field: "spec.creator", characters: 255},
	},
	"TicketNote": {
		{field: "spec.ticketRef.name", characters: 253},
		{field: "spec.ticketID", characters: 1024, needs: onRemoteTicket},
		{field: "spec.integrationRef.name", characters: 253, needs: onRemoteTicket},
		{field: "spec.title", characters: 1024},
		{field: "spec.content", characters: 65536, empty: "content must not be blank"},
	},
	"TicketAttachment": {
		{field: "spec.ticketRef.name", characters: 253},
		{field: "spec.ticketID", characters: 1024, needs: onRemoteTicket},
		{field: "spec.integrationRef.name", characters: 253, needs: onRemoteTicket},
		{field: "spec.fileName", characters: 255},
		{field: "spec.content", characters: 262144},
		{field: "spec.contentBase64", characters: 350208, ascii: true, needs: []change{without("spec.content")}},
		{field: "spec.configMapKeyRef.name", characters: 253, needs: []change{without("spec.content"), with("spec.configMapKeyRef.key", "heap.txt")}},
		{field: "spec.configMapKeyRef.key", characters: 253, ascii: true, needs: []change{without("spec.content"), with("spec.configMapKeyRef.name", "dump")}},
		{field: "spec.secretKeyRef.name", characters: 253, needs: []change{without("spec.content"), with("spec.secretKeyRef.key", "heap.txt")}},
		{field: "spec.secretKeyRef.key", characters: 253, ascii: true, needs: []change{without("spec.content"), with("spec.secretKeyRef.name", "dump")}},
	},
	"TicketQuery": {
		{field: "spec.integrationRef.name", characters: 253},
		{field: "spec.order", characters: 255, ascii: true},
	},
	"AlertReceiver": {
		{field: "spec.integrationRef.name", characters: 253},
		{field: "spec.tokenSecretRef.name", characters: 253},
		{field: "spec.tokenSecretRef.key", characters: 253, ascii: true},
		{field: "spec.ticket.name", characters: 4096},
		{field: "spec.ticket.summary", characters: 4096},
		{field: "spec.ticket.description", characters: 65536},
		{field: "spec.ticket.priority", characters: 4096},
		{field: "spec.ticket.status", characters: 4096},
		{field: "spec.ticket.project", characters: 4096},
		{field: "spec.ticket.issueType", characters: 4096},
		{field: "spec.ticket.assignee", characters: 4096},
		{field: "spec.ticket.contact", characters: 4096},
		{field: "spec.ticket.creator", characters: 4096},
		{field: "spec.resolve.status", characters: 255},
		{field: "spec.refire.status", characters: 255},
	},
	"Incident": {
		{field: "spec.receiverRef.name", characters: 253},
	},
}

var _ = Describe("The texts of", func() {
	for kind, limits := range textLimits {
		Describe(indefinite(kind), func() {
			for _, limit := range limits {
				It(fmt.Sprintf("take 1 to %d characters in %s", limit.characters, limit.field), func() {
					object := manifestOf[kind](limit.needs...)
					shortest := limit.begins
					if shortest == "" {
						shortest = "7"
					}
					expectAccepted(edited(object, with(limit.field, shortest)))
					expectAccepted(edited(object, with(limit.field, limit.ofLength(limit.characters))))
					expectRefused(edited(object, with(limit.field, "")), limit.field, cmp.Or(limit.empty, "at least 1 chars long"))
					tooLong := limit.ofLength(limit.characters + 1)
					expectRefused(edited(object, with(limit.field, tooLong)), limit.field, fmt.Sprintf("may not be more than %d", limit.characters))
				})
			}
		})
	}
})

var _ = Describe("The collections of a Ticket", func() {
	It("take 100 tags", func() {
		expectAccepted(ticket(with("spec.tags", listOf(100, numberedText))))
		expectRefused(ticket(with("spec.tags", listOf(101, numberedText))), "spec.tags", "must have at most 100 items")
	})
	It("take tags of 1 to 255 characters", func() {
		expectAccepted(ticket(with("spec.tags", []any{"a", text(255)})))
		expectRefused(ticket(with("spec.tags", []any{"a", text(256)})), "spec.tags[1]", "may not be more than 255")
	})
	It("take 100 custom fields", func() {
		expectAccepted(ticket(with("spec.customFields", mapOf(100, "eu"))))
		expectRefused(ticket(with("spec.customFields", mapOf(101, "eu"))), "spec.customFields", "must have at most 100 items")
	})
})

var _ = Describe("The closedStatuses of an Integration", func() {
	const field = "spec.closedStatuses"
	It("are 1 to 50, each once", func() {
		expectAccepted(integration(with(field, listOf(1, numberedText))))
		expectAccepted(integration(with(field, listOf(50, numberedText))))
		expectRefused(integration(with(field, listOf(51, numberedText))), field, "must have at most 50 items")
		expectRefused(integration(with(field, []any{})), field, "at least 1 items")
		expectRefused(integration(with(field, []any{"Done", "Done"})), field+"[1]", "Duplicate value")
	})
	It("are texts of 1 to 255 characters", func() {
		expectAccepted(integration(with(field, []any{"7", text(255)})))
		expectRefused(integration(with(field, []any{""})), field+"[0]", "at least 1 chars long")
		expectRefused(integration(with(field, []any{text(256)})), field+"[0]", "may not be more than 255")
	})
})

// statusLimit is a field of the status at its limit and beyond it.
type statusLimit struct {
	field          string
	limit          any
	beyond         any
	refusedAt      string
	refusedBecause string
}

func longestText(field string, characters int) statusLimit {
	return statusLimit{field, text(characters), text(characters + 1), field, fmt.Sprintf("may not be more than %d", characters)}
}

func mostItems(field string, count int, item func(int) any) statusLimit {
	return statusLimit{field, listOf(count, item), listOf(count+1, item), field, fmt.Sprintf("must have at most %d items", count)}
}

func mostProperties(field string, count int) statusLimit {
	return statusLimit{field, mapOf(count, "1f0c"), mapOf(count+1, "1f0c"), field, fmt.Sprintf("must have at most %d items", count)}
}

func notNegative(field string) statusLimit {
	return statusLimit{field, int64(0), int64(-1), field, "greater than or equal to 0"}
}

func longestItem(field string, characters int) statusLimit {
	return statusLimit{field, []any{text(characters)}, []any{text(characters + 1)}, field + "[0]", fmt.Sprintf("may not be more than %d", characters)}
}

func oneOf(field, word string) statusLimit {
	return statusLimit{field, word, strings.ToLower(word), field, "Unsupported value"}
}

func noDuplicates(field string) statusLimit {
	return statusLimit{field, []any{"a", "b"}, []any{"a", "a"}, field + "[1]", "Duplicate value"}
}

// queriedTicket is a ticket that a TicketQuery lists, with an ID that differs for each number.
func queriedTicket(number int) any { return map[string]any{"id": numberedText(number)} }

// longestOfTicket is the limit of a text of such a ticket.
func longestOfTicket(field string, characters int) statusLimit {
	return longestInList("status.tickets", field, characters)
}

// remoteAttachment is an attachment of a remote ticket, with an ID that differs for each number.
func remoteAttachment(number int) any { return map[string]any{"id": numberedText(number)} }

// longestOfAttachment is the limit of a text of such an attachment.
func longestOfAttachment(field string, characters int) statusLimit {
	return longestInList("status.remote.attachments", field, characters)
}

// longestInList is the limit of a text of what a list holds, which has an ID.
func longestInList(list, field string, characters int) statusLimit {
	of := func(length int) any {
		item := map[string]any{"id": "10023"}
		item[field] = text(length)
		return []any{item}
	}
	return statusLimit{list, of(characters), of(characters + 1), list + "[0]." + field, fmt.Sprintf("may not be more than %d", characters)}
}

// condition is a condition whose type differs for each number.
func condition(number int) any {
	return map[string]any{
		"type": fmt.Sprintf("Type%d", number), "status": "True", "reason": "Synced", "message": "", "lastTransitionTime": "2026-12-01T00:00:00Z",
	}
}

var (
	ofEveryStatus = []statusLimit{
		{"status.observedGeneration", int64(-1), int64(-2), "status.observedGeneration", "greater than or equal to -1"},
		mostItems("status.conditions", 16, condition),
		{"status.conditions", []any{condition(1), condition(2)}, []any{condition(1), condition(1)}, "status.conditions[1]", "Duplicate value"},
	}
	ofEveryConnection = []statusLimit{
		mostItems("status.projects", 100, func(number int) any { return map[string]any{"id": numberedText(number)} }),
		{"status.projects", []any{map[string]any{"id": text(255), "name": text(255)}}, []any{map[string]any{"id": text(256)}}, "status.projects[0].id", "may not be more than 255"},
		{"status.projects", []any{map[string]any{"id": ""}}, []any{map[string]any{"id": "OPS", "name": text(256)}}, "status.projects[0].name", "may not be more than 255"},
		notNegative("status.projectCount"),
		notNegative("status.remoteFieldCount"),
		longestText("status.tokenVersion", 128),
		oneOf("status.markerTags", "Kept"),
		oneOf("status.markerTags", "Dropped"),
		oneOf("status.markerTags", "Refused"),
		oneOf("status.polling.method", "ChangedSince"),
		oneOf("status.polling.method", "Ours"),
		oneOf("status.polling.method", "Projects"),
		oneOf("status.polling.method", "Tickets"),
		oneOf("status.polling.otherMethod", "Tickets"),
		oneOf("status.polling.tagFilter", "Works"),
		oneOf("status.polling.projectFilter", "Ignored"),
		oneOf("status.polling.updatedAtFilter", "Refused"),
		oneOf("status.polling.order", "Incomplete"),
		{"status.lastProbeTime", "2026-12-01T00:00:00Z", "2026-12-01t00:00:00z", "status.lastProbeTime", "should match"},
	}
	ofEveryRemoteObject = []statusLimit{
		longestText("status.id", 1024),
		longestText("status.integration", 272),
		notNegative("status.integrationGeneration"),
		longestText("status.integrationUID", 64),
		notNegative("status.settledAttempt"), notNegative("status.openAttempt"),
		longestText("status.createKey", 64),
		mostProperties("status.applied", 512),
		mostProperties("status.returned", 512),
		{"status.missing", true, "yes", "status.missing", "must be of type boolean"},
		longestText("status.lastSyncRequest", 1024),
		longestText("status.lastCreateAgain", 1024),
	}
	ofEveryChild = []statusLimit{
		longestText("status.ticketID", 1024),
		longestText("status.creator", 255),
		longestText("status.createdAt", 64),
		longestText("status.updatedAt", 64),
	}
)

// statusLimits are the limits of what the operator writes.
var statusLimits = map[string][][]statusLimit{
	"Integration":        {ofEveryStatus, ofEveryConnection},
	"ClusterIntegration": {ofEveryStatus, ofEveryConnection},
	"Ticket": {ofEveryStatus, ofEveryRemoteObject, {
		mostItems("status.drift", 512, numberedText),
		noDuplicates("status.drift"),
		longestText("status.adoptedID", 1024),
		longestText("status.closingCommentID", 1024),
		longestText("status.url", 2048),
		longestText("status.remote.url", 2048),
		longestText("status.remote.summary", 1024),
		longestText("status.remote.name", 1024),
		longestText("status.remote.status", 255),
		longestText("status.remote.priority", 255),
		longestText("status.remote.project", 255),
		longestText("status.remote.issueType", 255),
		longestText("status.remote.assignee", 255),
		longestText("status.remote.creator", 255),
		longestText("status.remote.createdAt", 64),
		longestText("status.remote.updatedAt", 64),
		longestText("status.remote.dueDate", 64),
		longestText("status.remote.completionDate", 64),
		mostItems("status.remote.tags", 200, func(int) any { return "providers may repeat tags" }),
		longestItem("status.remote.tags", 255),
		notNegative("status.remote.comments"),
		mostItems("status.remote.attachments", 50, remoteAttachment),
		longestOfAttachment("id", 1024),
		longestOfAttachment("fileName", 255),
		longestOfAttachment("fileType", 255),
		longestOfAttachment("creator", 255),
		longestOfAttachment("createdAt", 64),
		mostItems("status.remote.remarks", 16, func(int) any { return "a remark" }),
		longestItem("status.remote.remarks", 512),
		{"status.closedAt", "2026-12-01T00:00:00Z", "2026-12-01t00:00:00z", "status.closedAt", "should match"},
	}},
	"TicketComment": {ofEveryStatus, ofEveryRemoteObject, ofEveryChild, {
		mostItems("status.replacedIDs", 100, numberedText),
		longestItem("status.replacedIDs", 1024),
		noDuplicates("status.replacedIDs"),
	}},
	"TicketNote": {ofEveryStatus, ofEveryRemoteObject, ofEveryChild},
	"TicketAttachment": {ofEveryStatus, ofEveryRemoteObject, ofEveryChild, {
		longestText("status.fileName", 255),
		longestText("status.fileType", 255),
		notNegative("status.fileSize"),
		longestText("status.sha256", 64),
		mostItems("status.replacedIDs", 100, numberedText),
		longestItem("status.replacedIDs", 1024),
		noDuplicates("status.replacedIDs"),
	}},
	"TicketQuery": {ofEveryStatus, {
		notNegative("status.count"),
		{"status.countIsExact", true, "yes", "status.countIsExact", "must be of type boolean"},
		mostItems("status.tickets", 100, queriedTicket),
		longestOfTicket("id", 1024),
		longestOfTicket("name", 255),
		longestOfTicket("summary", 255),
		longestOfTicket("status", 255),
		longestOfTicket("priority", 255),
		longestOfTicket("assignee", 255),
		longestOfTicket("url", 2048),
		longestOfTicket("createdAt", 64),
		longestOfTicket("updatedAt", 64),
		{"status.lastChange", "2026-12-01T00:00:00Z", "2026-12-01t00:00:00z", "status.lastChange", "should match"},
		longestText("status.lastSyncRequest", 1024),
	}},
	"AlertReceiver": {ofEveryStatus, {
		longestText("status.url", 2048),
		notNegative("status.incidents"),
		notNegative("status.openTickets"),
		{"status.lastNotification", "2026-12-01T00:00:00Z", "2026-12-01t00:00:00z", "status.lastNotification", "should match"},
		longestText("status.lastError", 1024),
	}},
	"Incident": {ofEveryStatus, {
		oneOf("status.phase", "Firing"),
		oneOf("status.phase", "Resolved"),
		oneOf("status.phase", "Suppressed"),
		oneOf("status.phase", "Waiting"),
		notNegative("status.firing"),
		{"status.since", "2026-12-01T00:00:00Z", "2026-12-01t00:00:00z", "status.since", "should match"},
		{"status.resolvedAt", "2026-12-01T00:00:00Z", "2026-12-01t00:00:00z", "status.resolvedAt", "should match"},
		longestText("status.ticketRef.name", 253),
		longestText("status.ticketID", 1024),
		longestText("status.ticketURL", 2048),
		notNegative("status.generation"),
		mostItems("status.told", 100, numberedText),
		longestItem("status.told", 16),
		noDuplicates("status.told"),
		notNegative("status.comments"),
		{"status.commentedAt", "2026-12-01T00:00:00Z", "2026-12-01t00:00:00z", "status.commentedAt", "should match"},
	}},
}

var _ = Describe("The status of", func() {
	for kind, groups := range statusLimits {
		Describe(indefinite(kind), func() {
			for _, group := range groups {
				for _, limit := range group {
					It("has a limit in "+limit.field+": "+limit.refusedBecause, func() {
						stored := created(manifestOf[kind]())
						written, err := withStatus(stored, limit.field, limit.limit)
						Expect(err).NotTo(HaveOccurred())
						Expect(valueOf(written, limit.field)).To(Equal(limit.limit))
						typedOf(written)
						_, err = withStatus(written, limit.field, limit.beyond)
						expectInvalid(err, limit.refusedAt, limit.refusedBecause)
					})
				}
			}

			// kstatus takes a generation that has not been observed as work in progress.
			notLookedAt := map[string]any{"observedGeneration": int64(-1)}
			It("says that the object has not been looked at, until the operator has", func() {
				Expect(valueOf(expectAccepted(manifestOf[kind]()), "status")).To(Equal(notLookedAt))
			})
			It("is not taken from who creates or updates the object", func() {
				stored := created(manifestOf[kind](with("status.observedGeneration", int64(7))))
				Expect(valueOf(stored, "status")).To(Equal(notLookedAt))
				updated := edited(stored, with("status.observedGeneration", int64(7)))
				Expect(apiClient.Update(suiteCtx, updated)).To(Succeed())
				Expect(valueOf(updated, "status")).To(Equal(notLookedAt))
			})
			It("does not count as a change of the spec", func() {
				written, err := withStatus(created(manifestOf[kind]()), "status.observedGeneration", int64(1))
				Expect(err).NotTo(HaveOccurred())
				Expect(written.GetGeneration()).To(Equal(int64(1)))
			})
		})
	}
})

// indefinite is the kind with its article.
func indefinite(kind string) string {
	if strings.HasPrefix(kind, "I") || strings.HasPrefix(kind, "A") {
		return "an " + kind
	}
	return "a " + kind
}
