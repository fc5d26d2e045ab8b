// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

var _ = Describe("An Integration", func() {
	DescribeTable("has a default for", func(field string, value any, isSetBy ...change) {
		Expect(valueOf(expectAccepted(integration(isSetBy...)), field)).To(Equal(value))
	},
		Entry("baseURL", "spec.baseURL", v1alpha1.DefaultBaseURL),
		Entry("baseURL that is null", "spec.baseURL", v1alpha1.DefaultBaseURL, with("spec.baseURL", nil)),
		Entry("tokenSecretRef.key", "spec.tokenSecretRef.key", v1alpha1.DefaultTokenKey),
		Entry("rateLimit", "spec.rateLimit", map[string]any{"requestsPerSecond": int64(10), "burst": int64(20)}),
		Entry("rateLimit.burst", "spec.rateLimit.burst", int64(20), with("spec.rateLimit", map[string]any{"requestsPerSecond": int64(5)})),
		Entry("rateLimit.requestsPerSecond", "spec.rateLimit.requestsPerSecond", int64(10), with("spec.rateLimit", map[string]any{"burst": int64(5)})),
		Entry("requestTimeout", "spec.requestTimeout", "30s"),
		Entry("pollInterval", "spec.pollInterval", "5m"),
		Entry("settlePeriod", "spec.settlePeriod", "2m"),
	)

	It("has no defaults for its Tickets unless they are set", func() {
		Expect(valueOf(expectAccepted(integration()), "spec.defaults")).To(BeNil())
	})

	DescribeTable("needs", func(field string, without change) {
		expectRefused(integration(without), field, "Required value")
	},
		Entry("tokenSecretRef", "spec.tokenSecretRef", without("spec.tokenSecretRef")),
		Entry("tokenSecretRef.name", "spec.tokenSecretRef.name", without("spec.tokenSecretRef.name")),
		Entry("spec", "spec", without("spec")),
	)

	DescribeTable("accepts the baseURL", func(url string) {
		Expect(valueOf(expectAccepted(integration(with("spec.baseURL", url))), "spec.baseURL")).To(Equal(url))
	},
		Entry("of Europe", "https://api-eu.synqly.com"),
		Entry("with a trailing slash", "https://api.synqly.com/"),
		Entry("with a path", "https://gateway.example.com/synqly/ticketing"),
		Entry("with a port", "https://synqly.example.com:8443"),
		Entry("with an IPv4 host", "https://192.0.2.1"),
		Entry("with an IPv6 host", "https://[2001:db8::1]:8443"),
		Entry("with a name of one label", "https://synqly"),
		Entry("without encryption, which the manager decides about", "http://localhost:8080"),
		Entry("with a scheme in capitals", "HTTPS://api.synqly.com"),
	)

	const notAbsolute = "baseURL must be an absolute URL such as https://api.synqly.com"
	const notBase = "baseURL must not have user information, a query or a fragment: put the token into the Secret that tokenSecretRef names"
	DescribeTable("refuses the baseURL", func(url, message string) {
		expectRefused(integration(with("spec.baseURL", url)), "spec.baseURL", message)
	},
		Entry("without a scheme", "api.synqly.com", notAbsolute),
		Entry("that is a path", "/v1/ticketing", notAbsolute),
		Entry("without a host", "https://", notAbsolute),
		Entry("with a port instead of a host", "https://:443", notAbsolute),
		Entry("with a scheme alone", "https:", notAbsolute),
		Entry("of FTP", "ftp://api.synqly.com", notAbsolute),
		Entry("with a port that is no number", "https://api.synqly.com:https", notAbsolute),
		Entry("with a space", "https://api synqly.com", notAbsolute),
		Entry("with a line feed", "https://api.synqly.com\n", notAbsolute),
		Entry("with user information", "https://user:secret@api.synqly.com", notBase),
		Entry("with a query", "https://api.synqly.com?token=secret", notBase),
		Entry("with an empty query", "https://api.synqly.com?", notBase),
		Entry("with a fragment", "https://api.synqly.com#v1", notBase),
	)

	DescribeTable("does not repeat what may be a secret in the refusal of a baseURL", func(url string) {
		err := apiClient.Create(suiteCtx, integration(with("spec.baseURL", url)))
		Expect(err).To(HaveOccurred())
		Expect(err.Error()).NotTo(ContainSubstring("canary"))
	},
		Entry("with user information", "https://user:canary@api.synqly.com"),
		Entry("with a query", "https://api.synqly.com?token=canary"),
		Entry("with a fragment", "https://api.synqly.com#canary"),
		Entry("with another scheme and user information", "ftp://user:canary@api.synqly.com"),
		Entry("that is no URL and has user information", "user:canary@"),
	)

	DescribeTable("accepts the ticketURLTemplate of", func(template string) {
		Expect(valueOf(expectAccepted(integration(with("spec.ticketURLTemplate", template))), "spec.ticketURLTemplate")).To(Equal(template))
	},
		Entry("Jira", "https://acme.atlassian.net/browse/{id}"),
		Entry("ServiceNow, with the ID in a query", "https://acme.service-now.com/nav_to.do?uri=incident.do%3Fsys_id%3D{id}"),
		Entry("one with the ID in a fragment", "https://desk.example.com/#/tickets/{id}"),
		Entry("one with the ID twice and a port", "http://desk.example.com:8443/{id}?ticket={id}"),
		Entry("one with an @ in its path", "https://desk.example.com/@acme/{id}"),
	)
	const (
		noTemplate = "ticketURLTemplate must be an absolute URL such as https://acme.example.com/browse/{id}"
		noID       = "ticketURLTemplate must contain {id}"
		noSecrets  = "ticketURLTemplate must not have user information"
	)
	DescribeTable("refuses a ticketURLTemplate", func(template, message string) {
		expectRefused(integration(with("spec.ticketURLTemplate", template)), "spec.ticketURLTemplate", message)
	},
		Entry("without a place for the ID", "https://acme.example.com/browse/", noID),
		Entry("with another word in braces", "https://acme.example.com/browse/{ID}", noID),
		Entry("without a scheme", "acme.example.com/browse/{id}", noTemplate),
		Entry("that is a path", "/browse/{id}", noTemplate),
		Entry("without a host", "https:///browse/{id}", noTemplate),
		Entry("with the ID in the host", "https://{id}.example.com/", noTemplate),
		Entry("that runs a script", "javascript:alert({id})", noTemplate),
		Entry("of FTP", "ftp://acme.example.com/{id}", noTemplate),
		Entry("with a space", "https://acme.example.com/browse this/{id}", noTemplate),
		Entry("with a line feed", "https://acme.example.com/browse/{id}\n", noTemplate),
		Entry("with user information", "https://jane:secret@acme.example.com/{id}", noSecrets),
	)
	It("does not repeat what may be a secret in the refusal of a ticketURLTemplate", func() {
		err := apiClient.Create(suiteCtx, integration(with("spec.ticketURLTemplate", "https://jane:canary@acme.example.com/{id}")))
		Expect(err).To(HaveOccurred())
		Expect(err.Error()).NotTo(ContainSubstring("canary"))
	})

	DescribeTable("accepts the key of a Secret", func(key string) {
		expectAccepted(integration(with("spec.tokenSecretRef.key", key)))
	},
		Entry("as Kubernetes does", "API-token_1.txt"),
	)
	DescribeTable("refuses the key of a Secret", func(key string) {
		expectRefused(integration(with("spec.tokenSecretRef.key", key)), "spec.tokenSecretRef.key", "key must consist of letters, digits, '-', '_' and '.'")
	},
		Entry("with a slash", "synqly/token"),
		Entry("with a space", "synqly token"),
		Entry("with a line feed at its end", "token\n"),
	)

	DescribeTable("has bounds for the rate limit", func(field string) {
		expectAccepted(integration(with(field, int64(1))))
		expectAccepted(integration(with(field, int64(10000))))
		expectRefused(integration(with(field, int64(0))), field, "greater than or equal to 1")
		expectRefused(integration(with(field, int64(-1))), field, "greater than or equal to 1")
		expectRefused(integration(with(field, int64(10001))), field, "less than or equal to 10000")
		expectRefused(integration(with(field, 1.5)), field, "must be of type integer")
	},
		Entry("requestsPerSecond", "spec.rateLimit.requestsPerSecond"),
		Entry("burst", "spec.rateLimit.burst"),
	)
})

var _ = Describe("The durations of an Integration", func() {
	DescribeTable("have bounds", func(field, shortest, longest, tooShort, tooLong, message string) {
		expectAccepted(integration(with(field, shortest)))
		expectAccepted(integration(with(field, longest)))
		expectRefused(integration(with(field, tooShort)), field, message)
		expectRefused(integration(with(field, tooLong)), field, message)
	},
		Entry("requestTimeout", "spec.requestTimeout", "1s", "5m", "999ms", "5m1ms", "requestTimeout must be between 1s and 5m"),
		Entry("pollInterval", "spec.pollInterval", "5s", "24h", "4999ms", "24h1ms", "pollInterval must be between 5s and 24h"),
		Entry("settlePeriod", "spec.settlePeriod", "1s", "1h", "999ms", "1h1ms", "settlePeriod must be between 1s and 1h"),
	)

	for _, name := range []string{"requestTimeout", "pollInterval", "settlePeriod"} {
		field := "spec." + name
		DescribeTable(name+" accepts", func(duration string) {
			Expect(valueOf(expectAccepted(integration(with(field, duration))), field)).To(Equal(duration))
		},
			Entry("seconds", "30s"),
			Entry("minutes and seconds", "1m30s"),
			Entry("units in another order", "30s1m"),
			Entry("a fraction", "0.5m"),
			Entry("milliseconds", "30000ms"),
			Entry("nothing of the larger units, as Go writes durations", "0h1m30s"),
			Entry("more digits than a nanosecond has", "10.00000000000000000000000001s"),
		)

		DescribeTable(name+" refuses", func(duration any, messages ...string) {
			expectRefused(integration(with(field, duration)), field, messages...)
		},
			Entry("a word", "abc", "must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"),
			Entry("an empty text", "", "must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"),
			Entry("a number without a unit", "30", "must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"),
			Entry("a number that is no text", int64(30), "must be of type string"),
			Entry("nothing but a unit", "s", "must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"),
			Entry("a fraction without digits", "1.s", "must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"),
			Entry("a day", "1d", "must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"),
			Entry("a negative duration", "-30s", "must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"),
			Entry("a sign", "+30s", "must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"),
			Entry("space around it", " 30s", "must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"),
			Entry("a line feed at its end", "30s\n", "must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"),
			Entry("zero", "0s", name+" must be between"),
			Entry("1000 hours", "1000h", name+" must be between"),
			Entry("more hours than 64 bits of nanoseconds hold", "99999999999h", name+" must be between"),
			Entry("a number of hours beyond 64 bits", "99999999999999999999h", name+" must be between"),
			Entry("parts that only together are beyond 64 bits", "2000000h2000000h", name+" must be between"),
			Entry("more than 32 characters", strings.Repeat("0", 31)+"1s", "may not be more than 32"),
		)
	}
})
