// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"testing"

	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The API server checks more than schemas do: it runs its own validation, and that of the CRDs.
func TestTheAPIServerTakesWhatTheChartInstalls(t *testing.T) {
	c := newCluster(t)
	c.haveNamespaces(releaseNamespace, "team-a", "team-b", "tokens")
	c.apply(kustomize(t, "crd"))
	c.haveKindsOfOthers()
	c.expectCRDs()

	unknown := mustTemplate(t, "crds: {enabled: false}")[0].DeepCopy()
	unknown.Object["fieldThatDoesNotExist"] = true
	c.Expect(c.tryApply(unknown, client.DryRunAll)).To(MatchError(ContainSubstring("fieldThatDoesNotExist")), "the API server is strict")

	taken := map[string]bool{} // Most objects are the same whatever the values are.
	for _, values := range kustomizations {
		c.expectTaken(mustTemplate(t, values), taken)
	}
	for name, test := range accepted {
		t.Run(name, func(t *testing.T) {
			newCluster(t).expectTaken(mustTemplate(t, test.values), taken)
		})
	}
}

// expectTaken expects the API server to take the objects, but for those that it has taken already.
func (c *cluster) expectTaken(objects []*unstructured.Unstructured, taken map[string]bool) {
	c.Helper()
	for _, object := range objects {
		content, err := object.MarshalJSON()
		c.Expect(err).NotTo(HaveOccurred())
		if !taken[string(content)] {
			c.Expect(c.tryApply(object, client.DryRunAll)).To(Succeed(), "%s %s", object.GetKind(), object.GetName())
			taken[string(content)] = true
		}
	}
}

// haveKindsOfOthers creates those kinds of the Prometheus Operator and cert-manager that the chart
// has objects of, with any content. What their objects contain is compared with config.
func (c *cluster) haveKindsOfOthers() {
	c.Helper()
	for plural, kind := range map[string]metav1.GroupVersionKind{
		"servicemonitors": {Group: "monitoring.coreos.com", Version: "v1", Kind: "ServiceMonitor"},
		"prometheusrules": {Group: "monitoring.coreos.com", Version: "v1", Kind: "PrometheusRule"},
		"issuers":         {Group: "cert-manager.io", Version: "v1", Kind: "Issuer"},
		"certificates":    {Group: "cert-manager.io", Version: "v1", Kind: "Certificate"},
	} {
		crd := &apiextensionsv1.CustomResourceDefinition{
			ObjectMeta: metav1.ObjectMeta{Name: plural + "." + kind.Group},
			Spec: apiextensionsv1.CustomResourceDefinitionSpec{
				Group: kind.Group, Scope: apiextensionsv1.NamespaceScoped,
				Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: plural, Kind: kind.Kind},
				Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
					Name: kind.Version, Served: true, Storage: true,
					Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
						Type: "object", XPreserveUnknownFields: ptr.To(true),
					}},
				}},
			},
		}
		c.Expect(client.IgnoreAlreadyExists(c.administrator.Create(c.Context(), crd))).To(Succeed())
		list := &unstructured.UnstructuredList{}
		list.SetAPIVersion(kind.Group + "/" + kind.Version)
		list.SetKind(kind.Kind + "List")
		c.Eventually(func() error { return c.administrator.List(c.Context(), list) }).Should(Succeed(), kind.Kind)
	}
}
