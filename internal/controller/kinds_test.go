// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// kindsOfTheGroup are the kinds that the API group registers, without their lists, and those that
// have a CRD: a type that nobody has registered has one all the same.
func kindsOfTheGroup(t *testing.T) []string {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for name, goType := range scheme.KnownTypes(v1alpha1.GroupVersion) {
		_, isObject := reflect.New(goType).Interface().(client.Object)
		if isObject && goType.PkgPath() == reflect.TypeFor[v1alpha1.Ticket]().PkgPath() {
			kinds = append(kinds, name)
		}
	}
	definitions, err := filepath.Glob(filepath.Join("..", "..", "config", "crd", "bases", "*.yaml"))
	if err != nil || len(definitions) == 0 {
		t.Fatalf("%d CRDs, %v", len(definitions), err)
	}
	for _, file := range definitions {
		var definition apiextensionsv1.CustomResourceDefinition
		if err := yaml.Unmarshal(read(t, "config", "crd", "bases", filepath.Base(file)), &definition); err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, definition.Spec.Names.Kind)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// read is a file of the project.
func read(t *testing.T, path ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// resourcesOf are those of a kustomization below config.
func resourcesOf(t *testing.T, folder string) []string {
	t.Helper()
	var kustomization struct {
		Resources []string `json:"resources"`
	}
	if err := yaml.Unmarshal(read(t, "config", folder, "kustomization.yaml"), &kustomization); err != nil {
		t.Fatal(err)
	}
	return kustomization.Resources
}

// resourceOf is the plural name of a kind, as its CRD has it.
func resourceOf(t *testing.T, kind string) string {
	t.Helper()
	resource := strings.ToLower(kind) + "s"
	if stem, isPlural := strings.CutSuffix(resource, "ys"); isPlural {
		resource = stem + "ies"
	}
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(read(t, "config", "crd", "bases", v1alpha1.GroupVersion.Group+"_"+resource+".yaml"), &definition); err != nil {
		t.Fatal(err)
	}
	if definition.Spec.Names.Kind != kind || !slices.Contains(definition.Spec.Names.Categories, "ticketing") {
		t.Errorf("the CRD of %s is that of %s in the categories %q", kind, definition.Spec.Names.Kind, definition.Spec.Names.Categories)
	}
	return resource
}

// A kind with a type and nothing else would be accepted by the API server and never be served.
func TestEveryKindHasAController(t *testing.T) {
	listed := []string{"AlertReceiver", "ClusterIntegration", "Incident", "Integration", "TicketQuery"} // Which are no remote objects, and stand in Setup.
	for _, kind := range RemoteKinds {
		listed = append(listed, kind.Name)
		if got := reflect.TypeOf(kind.New()).Elem().Name(); got != kind.Name {
			t.Errorf("the objects of the kind %s are of the type %s", kind.Name, got)
		}
		if got := reflect.TypeOf(kind.NewList()).Elem().Name(); got != kind.Name+"List" {
			t.Errorf("the lists of the kind %s are of the type %s", kind.Name, got)
		}
	}
	slices.Sort(listed)
	if kinds := kindsOfTheGroup(t); !slices.Equal(kinds, listed) {
		t.Errorf("the API group has the kinds %q, and controllers have %q: add what is missing to RemoteKinds or to Setup", kinds, listed)
	}
}

// writes are the verbs by which the operator writes the metadata of a kind's objects. Of an
// AlertReceiver and a TicketQuery it writes the status alone.
func writes(kind string) []string {
	if kind == "AlertReceiver" || kind == "TicketQuery" {
		return nil
	}
	return []string{"patch"}
}

// The manager's role comes from markers, and the roles of users from the CRDs.
func TestEveryKindIsInTheRoles(t *testing.T) {
	granted := func(file, resource string) (verbs []string) {
		var role rbacv1.ClusterRole
		if err := yaml.Unmarshal(read(t, "config", "rbac", file), &role); err != nil {
			t.Fatal(err)
		}
		for _, rule := range role.Rules {
			if slices.Contains(rule.APIGroups, v1alpha1.GroupVersion.Group) && slices.Contains(rule.Resources, resource) {
				verbs = append(verbs, rule.Verbs...)
			}
		}
		return verbs
	}
	included := resourcesOf(t, "rbac")
	for _, kind := range kindsOfTheGroup(t) {
		resource := resourceOf(t, kind)
		editor, viewer := strings.ToLower(kind)+"_editor_role.yaml", strings.ToLower(kind)+"_viewer_role.yaml"
		for _, test := range []struct {
			file, resource string
			verbs          []string
		}{
			{"role.yaml", resource, []string{"get", "list", "watch"}},
			{"role.yaml", resource + "/status", []string{"patch"}},
			{"role.yaml", resource, writes(kind)},
			{editor, resource, []string{"create", "delete", "get", "list", "patch", "update", "watch"}},
			{viewer, resource, []string{"get", "list", "watch"}},
		} {
			got := granted(test.file, test.resource)
			for _, verb := range test.verbs {
				if !slices.Contains(got, verb) {
					t.Errorf("config/rbac/%s does not grant %s on %s", test.file, verb, test.resource)
				}
			}
			if !slices.Contains(included, test.file) {
				t.Errorf("config/rbac/kustomization.yaml does not include %s", test.file)
			}
		}
	}
}

// An administrator who writes a role by hand follows the table of the manual.
func TestTheManualListsTheVerbsOfTheOperatorsRole(t *testing.T) {
	var role rbacv1.ClusterRole
	if err := yaml.Unmarshal(read(t, "config", "rbac", "role.yaml"), &role); err != nil {
		t.Fatal(err)
	}
	want, statuses := map[string][]string{}, map[string][]string{}
	for _, rule := range role.Rules {
		for _, resource := range rule.Resources {
			of := want
			if name, isStatus := strings.CutSuffix(resource, "/status"); isStatus {
				resource, of = name, statuses
			}
			of[resource] = append(of[resource], rule.Verbs...)
		}
	}
	for resource, verbs := range statuses {
		if !slices.Equal(verbs, []string{"patch"}) {
			t.Errorf("the status of %s has the verbs %q, and the manual says patch", resource, verbs)
		}
	}

	_, section, _ := strings.Cut(string(read(t, "docs", "operations.md")), "\n## RBAC\n")
	_, table, _ := strings.Cut(section, "\n| resource | verbs | purpose |\n|---|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	got, ofStatus := map[string][]string{}, ""
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		if strings.HasPrefix(strings.TrimSpace(cells[1]), "the `status` of all of these") {
			ofStatus = strings.TrimSpace(cells[2])
			continue
		}
		resources, _, _ := strings.Cut(cells[1], "(")
		for resource := range strings.SplitSeq(resources, ",") {
			resource = strings.Trim(resource, " `")
			got[resource] = append(got[resource], strings.Split(strings.TrimSpace(cells[2]), ", ")...)
		}
	}
	if ofStatus != "patch" {
		t.Errorf("docs/operations.md says of the status of the kinds %q, want patch", ofStatus)
	}
	sorted := cmpopts.SortSlices(func(a, b string) bool { return a < b })
	if diff := cmp.Diff(want, got, sorted); diff != "" {
		t.Errorf("verbs (-config/rbac/role.yaml +docs/operations.md):\n%s", diff)
	}
}

// An object that keeps a finalizer keeps its CRD from going.
func TestTheManualRemovesTheFinalizersOfAllKindsThatHaveOne(t *testing.T) {
	_, text, _ := strings.Cut(string(read(t, "docs", "operations.md")), "remove the finalizers:")
	_, script, _ := strings.Cut(text, "```sh")
	script, _, _ = strings.Cut(script, "```")
	for _, resource := range []string{"tickets", "ticketcomments", "ticketnotes", "ticketattachments", "integrations", "clusterintegrations"} {
		if !strings.Contains(strings.ReplaceAll(script, ";", " "), " "+resource+" ") {
			t.Errorf("docs/operations.md leaves out %s", resource)
		}
	}
}

func TestEveryKindHasASampleAndAPage(t *testing.T) {
	samples := map[string]bool{}
	files, err := filepath.Glob(filepath.Join("..", "..", "config", "samples", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	included := resourcesOf(t, "samples")
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, document := range bytes.Split(content, []byte("\n---\n")) {
			var object metav1.TypeMeta
			if err := yaml.Unmarshal(document, &object); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			samples[object.Kind] = samples[object.Kind] || slices.Contains(included, filepath.Base(file))
		}
	}
	readme := string(read(t, "README.md"))
	crds := resourcesOf(t, "crd")
	for _, kind := range kindsOfTheGroup(t) {
		if !samples[kind] {
			t.Errorf("config/samples/kustomization.yaml includes no %s", kind)
		}
		page := "docs/" + strings.ToLower(kind) + ".md"
		if text := string(read(t, "docs", strings.ToLower(kind)+".md")); !strings.Contains(text, kind) || !strings.Contains(readme, page) {
			t.Errorf("README.md does not link %s, or the page is not about %s", page, kind)
		}
		if file := v1alpha1.GroupVersion.Group + "_" + resourceOf(t, kind) + ".yaml"; !slices.Contains(crds, "bases/"+file) {
			t.Errorf("config/crd/kustomization.yaml does not include %s", file)
		}
	}
}
