// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"encoding/json"
	"math"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

var _ = Describe("A Ticket", func() {
	DescribeTable("has a default for", func(field string, value any, isSetBy ...change) {
		Expect(valueOf(expectAccepted(ticket(isSetBy...)), field)).To(Equal(value))
	},
		Entry("integrationRef", "spec.integrationRef.name", v1alpha1.DefaultIntegrationName),
		Entry("integrationRef that is null", "spec.integrationRef.name", v1alpha1.DefaultIntegrationName, with("spec.integrationRef", nil)),
		Entry("managementPolicy", "spec.managementPolicy", "Apply"),
		Entry("managementPolicy that is null", "spec.managementPolicy", "Apply", with("spec.managementPolicy", nil)),
		Entry("deletionPolicy", "spec.deletionPolicy", "Retain"),
		Entry("deletionPolicy that is null", "spec.deletionPolicy", "Retain", with("spec.deletionPolicy", nil)),
		Entry("onRemoteMissing", "spec.onRemoteMissing", "Report"),
		Entry("onRemoteMissing that is null", "spec.onRemoteMissing", "Report", with("spec.onRemoteMissing", nil)),
	)

	It("has no other defaults, because a field that is not set is never touched", func() {
		Expect(valueOf(expectAccepted(ticket()), "spec")).To(Equal(map[string]any{
			"summary": "p99 above 2s", "integrationRef": map[string]any{"kind": "Integration", "name": "default"},
			"managementPolicy": "Apply", "deletionPolicy": "Retain", "onRemoteMissing": "Report",
		}))
	})

	It("can be created with the Go types from a summary alone", func() {
		created := &v1alpha1.Ticket{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "ticket-", Namespace: testNamespace},
			Spec:       v1alpha1.TicketSpec{Summary: "p99 above 2s"},
		}
		Expect(apiClient.Create(suiteCtx, created)).To(Succeed())
		Expect(created.Spec.IntegrationRef.Name).To(Equal(v1alpha1.DefaultIntegrationName))
	})

	DescribeTable("needs", func(field string, without change) {
		expectRefused(ticket(without), field, "Required value")
	},
		Entry("spec", "spec", without("spec")),
		Entry("summary", "spec.summary", without("spec.summary")),
		Entry("integrationRef.name", "spec.integrationRef.name", with("spec.integrationRef", map[string]any{})),
		Entry("close.status", "spec.close.status", with("spec.close", map[string]any{"comment": "Closed."})),
	)

	DescribeTable("takes each of the words", func(field string, words []string, changes ...change) {
		for _, word := range words {
			expectAccepted(ticket(append(changes, with(field, word))...))
		}
		for _, word := range []string{"", strings.ToLower(words[0]), words[0] + " ", "Other"} {
			expectRefused(ticket(append(changes, with(field, word))...), field, append(words, "Unsupported value")...)
		}
	},
		Entry("of priority", "spec.priority", []string{"URGENT", "CRITICAL", "HIGH", "MEDIUM", "MODERATE", "LOW", "PLANNING"}),
		Entry("of managementPolicy", "spec.managementPolicy", []string{"Apply", "Enforce", "Observe"}, with("spec.ticketID", "10023")),
		Entry("of deletionPolicy", "spec.deletionPolicy", []string{"Retain", "Close"}, with("spec.close.status", "Done")),
		Entry("of onRemoteMissing", "spec.onRemoteMissing", []string{"Report", "Recreate"}),
	)

	const (
		closeNeedsClose = "deletionPolicy Close needs close: set close.status to the status of a closed ticket, for example Done"
		observeNeedsID  = "managementPolicy Observe needs ticketID: set it to the ID of the remote ticket to observe"
		recreateNoID    = "onRemoteMissing Recreate cannot be used with ticketID: use onRemoteMissing Report, or remove ticketID"
		observeNoClose  = "managementPolicy Observe never writes, so deletionPolicy cannot be Close: use deletionPolicy Retain or another managementPolicy"
	)
	observe, closeOnDelete := with("spec.managementPolicy", "Observe"), with("spec.deletionPolicy", "Close")
	adopted, doneWhenClosed := with("spec.ticketID", "10023"), with("spec.close.status", "Done")
	DescribeTable("accepts the combination of", func(changes ...change) {
		expectAccepted(ticket(changes...))
	},
		Entry("Close with close", closeOnDelete, doneWhenClosed),
		Entry("close that waits for Close", doneWhenClosed),
		Entry("Observe with ticketID", observe, adopted),
		Entry("Observe with ticketID and close, which is not used", observe, adopted, doneWhenClosed),
		Entry("ticketID with Close", adopted, closeOnDelete, doneWhenClosed),
		Entry("ticketID with onRemoteMissing Report", adopted, with("spec.onRemoteMissing", "Report")),
	)
	DescribeTable("refuses the combination of", func(field, message string, changes ...change) {
		expectRefused(ticket(changes...), field, message)
	},
		Entry("Close without close", "spec.close", closeNeedsClose, closeOnDelete),
		Entry("Observe without ticketID", "spec.ticketID", observeNeedsID, observe),
		Entry("Observe with Close", "spec.deletionPolicy", observeNoClose, observe, adopted, closeOnDelete, doneWhenClosed),
		Entry("Recreate with ticketID", "spec.onRemoteMissing", recreateNoID, adopted, with("spec.onRemoteMissing", "Recreate")),
	)
	DescribeTable("keeps to the combinations in updates:", func(field, message string, edit change, stored ...change) {
		expectUpdateRefused(created(ticket(stored...)), edit, field, message)
	},
		Entry("Close set without close", "spec.close", closeNeedsClose, closeOnDelete),
		Entry("close removed under Close", "spec.close", closeNeedsClose, without("spec.close"), closeOnDelete, doneWhenClosed),
		Entry("Observe set without ticketID", "spec.ticketID", observeNeedsID, observe),
		Entry("Close set under Observe", "spec.deletionPolicy", observeNoClose, closeOnDelete, observe, adopted, doneWhenClosed),
		Entry("Observe set over Close", "spec.deletionPolicy", observeNoClose, observe, adopted, closeOnDelete, doneWhenClosed),
	)
})

var _ = Describe("The integrationRef of a Ticket", func() {
	const immutable = "integrationRef is immutable once the remote ticket exists or may exist: to use another Integration, create a new Ticket"
	pagerduty := with("spec.integrationRef.name", "pagerduty")

	It("can be corrected while nothing exists remotely", func() {
		waiting := notReady(ticket(pagerduty), v1alpha1.ReasonWaitingForIntegration)
		corrected := expectUpdateAccepted(waiting, with("spec.integrationRef.name", "jira"))
		expectUpdateAccepted(corrected, without("spec.integrationRef"))
	})
	It("can be corrected after the provider has refused to create the ticket", func() {
		expectUpdateAccepted(storedWith(ticket(pagerduty), "status.settledAttempt", int64(1)), with("spec.integrationRef.name", "jira"))
	})
	for field, value := range map[string]any{"id": "10023", "openAttempt": int64(1)} {
		DescribeTable("is immutable with status."+field+" against", func(edit change, stored ...change) {
			expectUpdateRefused(storedWith(ticket(stored...), "status."+field, value), edit, "spec.integrationRef", immutable)
		},
			Entry("change", with("spec.integrationRef.name", "jira"), pagerduty),
			Entry("removal, which would mean the default", without("spec.integrationRef"), pagerduty),
			Entry("addition, where the default was used", pagerduty),
		)
	}
	DescribeTable("may say what it is already:", func(edit change, stored ...change) {
		expectUpdateAccepted(storedWith(ticket(stored...), "status.id", "10023"), edit)
	},
		Entry("the default, added", with("spec.integrationRef.name", "default")),
		Entry("the default, removed", without("spec.integrationRef"), with("spec.integrationRef.name", "default")),
	)
	It("can be set back to the Integration that the ticket was created through", func() {
		stored := created(ticket(pagerduty))
		Expect(unstructured.SetNestedMap(stored.Object, map[string]any{"id": "10023", "integration": "jira"}, "status")).To(Succeed())
		Expect(apiClient.Status().Update(suiteCtx, stored)).To(Succeed())
		expectUpdateRefused(stored, with("spec.integrationRef.name", "servicenow"), "spec.integrationRef", immutable)
		expectUpdateAccepted(stored, with("spec.integrationRef.name", "jira"))
	})
})

var _ = Describe("The ticketID of a Ticket", func() {
	const (
		setOnce = "ticketID cannot be changed or removed once the remote ticket is adopted: to adopt another one, create a new Ticket"
		another = "ticketID must be the same as status.id: to adopt another remote ticket, create a new Ticket"
	)
	adopted := with("spec.ticketID", "10023")

	It("can be set, changed and removed while no remote ticket is known", func() {
		set := expectUpdateAccepted(notReady(ticket(), v1alpha1.ReasonCreateUnconfirmed), adopted)
		changed := expectUpdateAccepted(set, with("spec.ticketID", "10024"))
		expectUpdateAccepted(changed, without("spec.ticketID"))
	})
	It("can be set to the remote ticket that the Ticket stands for", func() {
		expectUpdateAccepted(storedWith(ticket(), "status.id", "10023"), adopted)
	})
	It("cannot be set to another remote ticket than the Ticket stands for", func() {
		expectUpdateRefused(storedWith(ticket(), "status.id", "10023"), with("spec.ticketID", "10024"), "spec.ticketID", another)
	})
	It("does not keep the operator from writing the status", func() {
		_, err := withStatus(storedWith(ticket(adopted), "status.id", "10023"), "status.drift", []any{"summary"})
		Expect(err).NotTo(HaveOccurred())
	})
	It("does not keep the operator from writing metadata when the provider knows the ticket under another id", func() {
		expectUpdateAccepted(storedWith(ticket(adopted), "status.id", "OPS-23"), with("metadata.annotations", map[string]any{v1alpha1.PausedAnnotation: "true"}))
	})

	DescribeTable("once the remote ticket is adopted, cannot be", func(edit change) {
		expectUpdateRefused(storedWith(ticket(adopted), "status.id", "10023"), edit, "spec.ticketID", setOnce)
	},
		Entry("changed", with("spec.ticketID", "10024")),
		Entry("removed", without("spec.ticketID")),
		Entry("set to null", with("spec.ticketID", nil)),
	)
})

var _ = Describe("The dates of a Ticket", func() {
	for _, name := range []string{"dueDate", "completionDate"} {
		field := "spec." + name
		DescribeTable(name+" accepts", func(date, read string) {
			stored := expectAccepted(ticket(with(field, date)))
			Expect(valueOf(stored, field)).To(Equal(date), "the user's own way to write it stays")
			typed, isTicket := typedOf(stored).(*v1alpha1.Ticket)
			Expect(isTicket).To(BeTrue())
			dates := map[string]*metav1.Time{"dueDate": typed.Spec.DueDate, "completionDate": typed.Spec.CompletionDate}
			Expect(dates[name].UTC().Format("2006-01-02T15:04:05.999999999Z07:00")).To(Equal(read))
		},
			Entry("UTC", "2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z"),
			Entry("an offset to the east", "2026-12-01T00:00:00+05:30", "2026-11-30T18:30:00Z"),
			Entry("an offset to the west", "2026-12-01T00:00:00-08:00", "2026-12-01T08:00:00Z"),
			Entry("the largest offset", "2026-12-01T00:00:00+23:59", "2026-11-30T00:01:00Z"),
			Entry("an offset of nothing", "2026-12-01T00:00:00-00:00", "2026-12-01T00:00:00Z"),
			Entry("a fraction of a second", "2026-12-01T00:00:00.5Z", "2026-12-01T00:00:00.5Z"),
			Entry("nanoseconds with an offset", "2026-12-01T00:00:00.123456789+01:00", "2026-11-30T23:00:00.123456789Z"),
			Entry("the last second of a day", "2026-12-31T23:59:59Z", "2026-12-31T23:59:59Z"),
			Entry("a leap day", "2028-02-29T12:00:00Z", "2028-02-29T12:00:00Z"),
			Entry("the first year", "1000-01-01T00:00:00Z", "1000-01-01T00:00:00Z"),
			Entry("the last year", "2999-12-31T23:59:59Z", "2999-12-31T23:59:59Z"),
		)

		It(name+" says in a sentence what it takes, and nothing else", func() {
			err := apiClient.Create(suiteCtx, ticket(with(field, "2026-12-01")))
			expectInvalid(err, field, name+" must be a date with a time and a time zone, such as 2026-12-01T00:00:00Z or 2026-12-01T09:00:00+01:00")
			Expect(err.Error()).NotTo(Or(ContainSubstring("[0-9]"), ContainSubstring("no such overload"), ContainSubstring("date-time")))
		})

		DescribeTable(name+" refuses", func(date any, messages ...string) {
			if _, isText := date.(string); isText && date != "" {
				messages = append(messages, name+" must be a date with a time and a time zone")
			}
			expectRefused(ticket(with(field, date)), field, messages...)
		},
			Entry("a date without a time", "2026-12-01"),
			Entry("a time without an offset", "2026-12-01T00:00:00"),
			Entry("small letters, which RFC 3339 allows and Go does not read", "2026-12-01t00:00:00z"),
			Entry("a small z", "2026-12-01T00:00:00z"),
			Entry("a space instead of the T", "2026-12-01 00:00:00Z"),
			Entry("the 30th of February", "2026-02-30T00:00:00Z"),
			Entry("the 29th of February in another year", "2026-02-29T00:00:00Z"),
			Entry("a 13th month", "2026-13-01T00:00:00Z"),
			Entry("24 o'clock", "2026-12-01T24:00:00Z"),
			Entry("a 60th minute", "2026-12-01T00:60:00Z"),
			Entry("a leap second", "2026-12-31T23:59:60Z"),
			Entry("an offset of 24 hours", "2026-12-01T00:00:00+24:00"),
			Entry("an offset of 60 minutes", "2026-12-01T00:00:00+00:60"),
			Entry("an offset without a colon", "2026-12-01T00:00:00+0100"),
			Entry("a comma before the fraction", "2026-12-01T00:00:00,5Z"),
			Entry("a point without a fraction", "2026-12-01T00:00:00.Z"),
			Entry("more than nanoseconds", "2026-12-01T00:00:00.1234567891Z"),
			Entry("one digit of the hour", "2026-12-01T0:00:00Z"),
			Entry("a line feed at its end", "2026-12-01T00:00:00Z\n"),
			Entry("an empty text", ""),
			Entry("a word", "tomorrow"),
			Entry("Unix seconds", int64(1796083200), "must be of type string"),
			Entry("a year of five digits", "12026-12-01T00:00:00Z"),
			Entry("the year before the first", "0999-12-31T23:59:59Z"),
			Entry("the year after the last", "3000-01-01T00:00:00Z"),
			Entry("the zero time of Go, which counts as not set", "0001-01-01T00:00:00Z"),
			Entry("the year 0", "0000-01-01T00:00:00Z"),
			Entry("a year that is beyond four digits in UTC", "9999-12-31T23:59:59-01:00"),
		)
	}
})

var _ = Describe("The tags of a Ticket", func() {
	DescribeTable("accept", func(tags ...any) {
		Expect(valueOf(expectAccepted(ticket(with("spec.tags", tags))), "spec.tags")).To(Equal(tags))
	},
		Entry("key and value", "team:checkout", "severity:2"),
		Entry("spaces and other scripts", "needs review", "проверка", "🔥"),
		Entry("tags that differ in case", "Checkout", "checkout"),
		Entry("none"),
		Entry("what is almost a tag of the operator",
			"k8s-0123456789abcdef0123456789abcde", "k8s-0123456789abcdef0123456789abcdef0", "xk8s-0123456789abcdef0123456789abcdef", "k8s-team"),
	)
	const separated = "tags must not contain commas or line breaks: write each tag as an item of its own"
	const reserved = "tags must not consist of k8s- and 32 hexadecimal digits: such tags are reserved for the operator"
	DescribeTable("refuse", func(field, message string, tags ...any) {
		expectRefused(ticket(with("spec.tags", tags)), field, message)
	},
		Entry("duplicates", "spec.tags[2]", `Duplicate value: "a"`, "a", "b", "a"),
		Entry("an empty tag", "spec.tags[1]", "at least 1 chars long", "a", ""),
		Entry("a line feed", "spec.tags", separated, "a\nb"),
		Entry("a carriage return", "spec.tags", separated, "a\rb"),
		Entry("a line feed at the end", "spec.tags", separated, "a\n"),
		Entry("a comma, which separates the tags of a query", "spec.tags", separated, "a,b"),
		Entry("a blank tag", "spec.tags", "tags must not be blank", "a", " "),
		Entry("a tag that the operator reserves", "spec.tags", reserved, "a", "k8s-0123456789abcdef0123456789abcdef"),
		Entry("such a tag in another case", "spec.tags", reserved, "a", "K8S-0123456789ABCDEF0123456789abcdef"),
		Entry("a number", "spec.tags[0]", "must be of type string", int64(2)),
	)
})

var _ = Describe("The customFields of a Ticket", func() {
	everyType := func() map[string]any {
		return map[string]any{
			"text": "eu", "emptyText": "", "true": true, "false": false, "null": nil,
			"number": int64(2), "zero": int64(0), "negative": int64(-7), "fraction": 1.25,
			"beyondDoublePrecision": int64(1<<53 + 1), "largest": int64(math.MaxInt64), "smallest": int64(math.MinInt64), "exponent": 1e300,
			"list": []any{int64(1), "two", nil, []any{}, map[string]any{}}, "emptyList": []any{},
			"object": map[string]any{"a": map[string]any{"b": []any{map[string]any{"c": nil}}}}, "emptyObject": map[string]any{},
			"a/b~c.d": "names may hold anything",
		}
	}

	It("hold every kind of JSON value, and the Go types read and write it back unchanged", func() {
		stored := expectAccepted(ticket(with("spec.customFields", everyType())))
		Expect(valueOf(stored, "spec.customFields")).To(Equal(everyType()))

		typed := typedOf(stored)
		typed.SetLabels(map[string]string{"written-by": "Go-types"})
		Expect(apiClient.Update(suiteCtx, typed)).To(Succeed())
		written := &manifest{}
		written.SetGroupVersionKind(stored.GroupVersionKind())
		Expect(apiClient.Get(suiteCtx, client.ObjectKeyFromObject(stored), written)).To(Succeed())
		Expect(written.GetLabels()).NotTo(BeEmpty())
		Expect(valueOf(written, "spec.customFields")).To(Equal(everyType()))
		Expect(written.GetGeneration()).To(Equal(int64(1)), "the spec has not changed")
	})

	It("give the Go types numbers digit by digit", func() {
		typed, isTicket := typedOf(created(ticket(with("spec.customFields", everyType())))).(*v1alpha1.Ticket)
		Expect(isTicket).To(BeTrue())
		Expect(string(typed.Spec.CustomFields["largest"].Raw)).To(Equal("9223372036854775807"))
		Expect(string(typed.Spec.CustomFields["beyondDoublePrecision"].Raw)).To(Equal("9007199254740993"))
		Expect(typed.Spec.CustomFields).To(HaveKeyWithValue("null", apiextensionsv1.JSON{}))
		Expect(json.Valid(typed.Spec.CustomFields["object"].Raw)).To(BeTrue())
	})

	It("round numbers beyond 64 bits to double precision, as the API server does", func() {
		object := &v1alpha1.Ticket{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "ticket-", Namespace: testNamespace},
			Spec: v1alpha1.TicketSpec{
				Summary: "p99 above 2s", IntegrationRef: v1alpha1.IntegrationReference{Name: "default"},
				CustomFields: map[string]apiextensionsv1.JSON{"number": {Raw: []byte("12345678901234567890")}},
			},
		}
		Expect(apiClient.Create(suiteCtx, object)).To(Succeed())
		Expect(string(object.Spec.CustomFields["number"].Raw)).To(MatchJSON("12345678901234567000"))
	})

	It("are a map", func() {
		expectRefused(ticket(with("spec.customFields", []any{"eu"})), "spec.customFields", "must be of type object")
	})

	It("keep a null in server-side apply, where it clears the remote field", func() {
		stored := created(ticket(with("spec.customFields", map[string]any{"region": "eu"})))
		applied := ticket(with("spec.customFields", map[string]any{"region": nil}))
		applied.SetGenerateName("")
		applied.SetName(stored.GetName())
		Expect(apiClient.Apply(suiteCtx, client.ApplyConfigurationFromUnstructured(applied), client.FieldOwner("person"), client.ForceOwnership)).To(Succeed())
		Expect(valueOf(applied, "spec.customFields")).To(Equal(map[string]any{"region": nil}))
	})
})

var _ = Describe("ttlAfterClosed of a Ticket", func() {
	const field = "spec.ttlAfterClosed"
	DescribeTable("takes", func(duration string) {
		Expect(valueOf(expectAccepted(ticket(with(field, duration))), field)).To(Equal(duration))
	},
		Entry("nothing, to remove the object at once", "0s"),
		Entry("a day", "24h"),
		Entry("minutes and seconds", "1m30s"),
		Entry("a year", "8760h"),
	)
	DescribeTable("refuses", func(duration any, message string) {
		expectRefused(ticket(with(field, duration)), field, message)
	},
		Entry("more than a year", "8760h1ms", "ttlAfterClosed must be between 0s and 8760h"),
		Entry("more hours than 64 bits hold", "99999999999999999999h", "ttlAfterClosed must be between 0s and 8760h"),
		Entry("a negative duration", "-1h", "ttlAfterClosed must be a duration such as 90s, 30m or 24h"),
		Entry("days, a unit that Go does not have", "30d", "the units are ms, s, m and h, and a day is 24h"),
		Entry("a number", int64(30), "must be of type string"),
		Entry("more than 32 characters", strings.Repeat("0", 31)+"1s", "may not be more than 32"),
	)
})
