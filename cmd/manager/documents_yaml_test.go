// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

var _ = Describe("The YAML of the documents", func() {
	It("can be read, and the API server takes the objects of which it knows the kind", func(ctx SpecContext) {
		taken := map[string]int{}
		for _, page := range documentPaths() {
			content, err := os.ReadFile(page)
			Expect(err).NotTo(HaveOccurred())
			for _, manifest := range manifestsOf(string(content)) {
				for _, object := range objectsIn(page, manifest) {
					if expectTaken(ctx, page, object) {
						taken[object.GetKind()]++
					}
				}
			}
		}
		for _, kind := range []string{
			"Integration", "ClusterIntegration", "Ticket", "TicketComment", "TicketNote", "TicketAttachment", "TicketQuery", "AlertReceiver", "Role",
		} {
			Expect(taken).To(HaveKey(kind), "no document shows one")
		}
	})
})

func documentPaths() []string {
	GinkgoHelper()
	var pages []string
	for _, pattern := range []string{"../../*.md", "../../docs/*.md", "../../charts/*/*.md", "../../config/*/*.md"} {
		found, err := filepath.Glob(pattern)
		Expect(err).NotTo(HaveOccurred())
		pages = append(pages, found...)
	}
	Expect(len(pages)).To(BeNumerically(">", 25))
	return pages
}

// hereDocument is what a script gives to kubectl.
var hereDocument = regexp.MustCompile(`(?ms)^kubectl [^\n]* -f - <<(\w+)\n(.*?)^(\w+)$`)

// manifestsOf are the blocks of YAML of a document, and what its scripts apply, except for what
// they only put together.
func manifestsOf(content string) []string {
	var manifests []string
	for _, each := range blocksOf(content) {
		switch each.language {
		case "yaml":
			manifests = append(manifests, each.text)
		case "sh":
			for _, match := range hereDocument.FindAllStringSubmatch(each.text, -1) {
				if match[1] == match[3] && !strings.Contains(match[2], "$") {
					manifests = append(manifests, match[2])
				}
			}
		}
	}
	return manifests
}

// objectsIn are the objects in a manifest; parts of objects and other files have none.
func objectsIn(page, manifest string) []*unstructured.Unstructured {
	GinkgoHelper()
	reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(manifest)))
	var objects []*unstructured.Unstructured
	for {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return objects
		}
		Expect(err).NotTo(HaveOccurred(), page)
		var content any
		Expect(yaml.UnmarshalStrict(text, &content)).To(Succeed(), "%s has YAML that cannot be read:\n%s", page, text)
		fields, isMap := content.(map[string]any)
		if isMap && fields["apiVersion"] != nil && fields["kind"] != nil {
			objects = append(objects, &unstructured.Unstructured{Object: fields})
		}
	}
}

// expectTaken expects that the API server would create the object, with no unknown field, if it
// knows the kind. It must know those of this project.
func expectTaken(ctx SpecContext, page string, object *unstructured.Unstructured) bool {
	GinkgoHelper()
	kind := object.GroupVersionKind()
	about := fmt.Sprintf("%s: %s %s", page, kind.Kind, object.GetName())
	mapping, err := administrator.RESTMapper().RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) && kind.Group != v1alpha1.GroupVersion.Group {
		return false
	}
	Expect(err).NotTo(HaveOccurred(), about)
	object = object.DeepCopy()
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		object.SetNamespace(metav1.NamespaceDefault)
	}
	if object.GetGenerateName() == "" { // Another spec may have one of that name.
		object.SetName(object.GetName() + "-of-a-document")
	}
	strictly := client.WithFieldValidation(administrator, metav1.FieldValidationStrict)
	Expect(strictly.Create(ctx, object, client.DryRunAll)).To(Succeed(), about)
	return true
}
