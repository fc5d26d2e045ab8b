// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

var _ = Describe("A ClusterIntegration", func() {
	It("has the defaults of an Integration, and admits no namespace by itself", func() {
		stored := expectAccepted(clusterIntegration())
		Expect(valueOf(stored, "spec.baseURL")).To(Equal(v1alpha1.DefaultBaseURL))
		Expect(valueOf(stored, "spec.tokenSecretRef.key")).To(Equal(v1alpha1.DefaultTokenKey))
		Expect(valueOf(stored, "spec.namespaceSelector")).To(BeNil())
	})

	It("has the rules of an Integration", func() {
		expectRefused(clusterIntegration(with("spec.baseURL", "ftp://api.synqly.com")), "spec.baseURL", "baseURL must be an absolute URL")
		expectRefused(clusterIntegration(with("spec.pollInterval", "1s")), "spec.pollInterval", "between 5s and 24h")
	})

	DescribeTable("refuses in its namespaceSelector", func(selector map[string]any, field, message string) {
		expectRefused(clusterIntegration(with("spec.namespaceSelector", selector)), field, message)
	},
		Entry("another operator", map[string]any{"matchExpressions": []any{map[string]any{"key": "team", "operator": "Like", "values": []any{"a"}}}},
			"spec.namespaceSelector.matchExpressions[0].operator", `supported values: "In", "NotIn", "Exists", "DoesNotExist"`),
		Entry("In without values", map[string]any{"matchExpressions": []any{map[string]any{"key": "team", "operator": "In"}}},
			"spec.namespaceSelector.matchExpressions[0].values", "values must be set for the operators In and NotIn, and for no other"),
		Entry("Exists with values", map[string]any{"matchExpressions": []any{map[string]any{"key": "team", "operator": "Exists", "values": []any{"a"}}}},
			"spec.namespaceSelector.matchExpressions[0].values", "values must be set for the operators In and NotIn, and for no other"),
		Entry("too many labels", map[string]any{"matchLabels": mapOf(65, "a")}, "spec.namespaceSelector.matchLabels", "must have at most 64 items"),
		Entry("too many requirements", map[string]any{"matchExpressions": listOf(65, func(int) any { return map[string]any{"key": "team", "operator": "Exists"} })},
			"spec.namespaceSelector.matchExpressions", "must have at most 64 items"),
	)

	It("selects namespaces by labels", func() {
		stored := expectAccepted(clusterIntegration(with("spec.namespaceSelector", map[string]any{
			"matchLabels":      map[string]any{"ticketing": "jira"},
			"matchExpressions": []any{map[string]any{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": []any{"kube-system"}}},
		})))
		Expect(valueOf(stored, "spec.namespaceSelector.matchLabels.ticketing")).To(Equal("jira"))
	})
})

var _ = Describe("The kind of an integrationRef", func() {
	It("is Integration unless another one is set", func() {
		Expect(valueOf(expectAccepted(ticket()), "spec.integrationRef.kind")).To(Equal("Integration"))
		cluster := ticket(with("spec.integrationRef", map[string]any{"kind": "ClusterIntegration", "name": "jira"}))
		Expect(valueOf(expectAccepted(cluster), "spec.integrationRef.kind")).To(Equal("ClusterIntegration"))
	})

	It("is one of the two", func() {
		expectRefused(ticket(with("spec.integrationRef", map[string]any{"kind": "Secret", "name": "jira"})), "spec.integrationRef.kind", `supported values: "Integration", "ClusterIntegration"`)
	})

	It("does not stand in the name", func() {
		expectRefused(ticket(with("spec.integrationRef", map[string]any{"name": "ClusterIntegration/jira"})), "spec.integrationRef.name", "name must be that of an object, without /: set kind for a ClusterIntegration")
	})

	It("is immutable, as the name is, once the remote ticket may exist", func() {
		stored := storedWith(ticket(with("spec.integrationRef.name", "jira")), "status.id", "10023")
		expectUpdateRefused(stored, with("spec.integrationRef.kind", "ClusterIntegration"), "spec.integrationRef", "integrationRef is immutable")
		expectUpdateAccepted(stored, without("spec.integrationRef.kind"))
	})
})
