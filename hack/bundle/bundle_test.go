// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const image = "registry.example.com/operator@sha256:0123"

// bundled makes the bundle of the project, as its files have it.
func bundled(t *testing.T) map[string]unstructured.Unstructured {
	t.Helper()
	s, err := readSources("../..")
	if err != nil {
		t.Fatal(err)
	}
	contents, err := makeBundle(s, "v1.2.3", image)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := write(folder, contents); err != nil {
		t.Fatal(err)
	}
	files := map[string]unstructured.Unstructured{}
	for path := range contents {
		if filepath.Ext(path) != ".yaml" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			t.Fatal(err)
		}
		var file unstructured.Unstructured
		if err := yaml.Unmarshal(text, &file.Object); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		files[path] = file
	}
	return files
}

func clusterServiceVersion(t *testing.T) map[string]any {
	t.Helper()
	csv, found := bundled(t)["manifests/synqly-ticketing-operator.clusterserviceversion.yaml"]
	if !found {
		t.Fatal("the bundle has no ClusterServiceVersion")
	}
	return csv.Object
}

func TestTheClusterServiceVersionFitsItsSchema(t *testing.T) {
	definition := definitionOfOLM(t)
	var schema apiextensions.CustomResourceValidation
	version := definition.Spec.Versions[0]
	if err := apiextensionsv1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(version.Schema, &schema, nil); err != nil {
		t.Fatal(err)
	}
	validator, _, err := validation.NewSchemaValidator(schema.OpenAPIV3Schema)
	if err != nil {
		t.Fatal(err)
	}
	csv := clusterServiceVersion(t)
	if problems := validation.ValidateCustomResource(nil, csv, validator); len(problems) > 0 {
		t.Errorf("the ClusterServiceVersion does not fit: %v", problems.ToAggregate())
	}

	unstructured.RemoveNestedField(csv, "spec", "displayName")
	if len(validation.ValidateCustomResource(nil, csv, validator)) == 0 {
		t.Error("the schema accepts a ClusterServiceVersion without a name to show, so it checks nothing")
	}
}

// definitionOfOLM is OLM's own CRD of ClusterServiceVersions.
func definitionOfOLM(t *testing.T) apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	content, err := os.ReadFile("../../bin/schemas/clusterserviceversions.yaml")
	if err != nil {
		t.Fatalf("make bin/schemas/clusterserviceversions.yaml provides OLM's CRD, as make test does: %v", err)
	}
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(content, &definition); err != nil {
		t.Fatal(err)
	}
	return definition
}

func TestTheBundleNamesItsVersionAndImage(t *testing.T) {
	csv := clusterServiceVersion(t)
	version, _, _ := unstructured.NestedString(csv, "spec", "version")
	name, _, _ := unstructured.NestedString(csv, "metadata", "name")
	if version != "1.2.3" || name != "synqly-ticketing-operator.v1.2.3" {
		t.Errorf("the version is %s and the name is %s", version, name)
	}
	deployments, _, _ := unstructured.NestedSlice(csv, "spec", "install", "spec", "deployments")
	if len(deployments) != 1 {
		t.Fatalf("%d Deployments, want 1", len(deployments))
	}
	deployment, _ := deployments[0].(map[string]any)
	containers, _, _ := unstructured.NestedSlice(deployment, "spec", "template", "spec", "containers")
	if got := containers[0].(map[string]any)["image"]; got != image {
		t.Errorf("the image is %v, want %s", got, image)
	}
}

func TestEveryKindIsOwnedAndHasAnExample(t *testing.T) {
	files := bundled(t)
	csv := clusterServiceVersion(t)
	definitions, err := filepath.Glob("../../config/crd/bases/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	owned, _, _ := unstructured.NestedSlice(csv, "spec", "customresourcedefinitions", "owned")
	if len(owned) != len(definitions) || len(owned) == 0 {
		t.Fatalf("%d kinds are owned, want those of %d CRDs", len(owned), len(definitions))
	}
	text, _, _ := unstructured.NestedString(csv, "metadata", "annotations", "alm-examples")
	var examples []unstructured.Unstructured
	if err := json.Unmarshal([]byte(text), &examples); err != nil {
		t.Fatalf("the examples: %v", err)
	}
	shown := map[string]bool{}
	for _, example := range examples {
		shown[example.GetKind()] = true
	}
	for _, kind := range owned {
		kind, _ := kind.(map[string]any)
		if _, found := files["manifests/"+kind["name"].(string)+".crd.yaml"]; !found {
			t.Errorf("the bundle lacks the CRD %s", kind["name"])
		}
		for _, field := range []string{"version", "displayName", "description"} {
			if text, _ := kind[field].(string); strings.TrimSpace(text) == "" {
				t.Errorf("%s has no %s", kind["kind"], field)
			}
		}
		if !shown[kind["kind"].(string)] {
			t.Errorf("%s has no example", kind["kind"])
		}
	}
}

// The operator may do the same as where it was installed in another way, and people too.
func TestTheBundleGrantsWhatTheRolesGrant(t *testing.T) {
	csv := clusterServiceVersion(t)
	granted := func(field string) []any {
		permissions, _, _ := unstructured.NestedSlice(csv, "spec", "install", "spec", field)
		var rules []any
		for _, permission := range permissions {
			permission, _ := permission.(map[string]any)
			if account := permission["serviceAccountName"]; account != "synqly-ticketing-operator" {
				t.Errorf("%s grants to %v", field, account)
			}
			rules = append(rules, permission["rules"].([]any)...)
		}
		return rules
	}
	rulesOf := func(files ...string) []any {
		var rules []any
		for _, file := range files {
			content, err := os.ReadFile(filepath.Join("../../config/rbac", file))
			if err != nil {
				t.Fatal(err)
			}
			var role map[string]any
			if err := yaml.Unmarshal(content, &role); err != nil {
				t.Fatal(err)
			}
			rules = append(rules, role["rules"].([]any)...)
		}
		return rules
	}
	if diff := cmp.Diff(rulesOf("role.yaml", "metrics_auth_role.yaml"), granted("clusterPermissions")); diff != "" {
		t.Errorf("in the cluster (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(rulesOf("leader_election_role.yaml"), granted("permissions")); diff != "" {
		t.Errorf("in its namespace (-want +got):\n%s", diff)
	}

	forPeople, err := filepath.Glob("../../config/rbac/*_role.yaml")
	if err != nil {
		t.Fatal(err)
	}
	bundledRoles := 0
	for path := range bundled(t) {
		if strings.HasSuffix(path, ".clusterrole.yaml") {
			bundledRoles++
		}
	}
	// The two that the operator itself has are not among them.
	if want := len(forPeople) - len([]string{"leader_election_role.yaml", "metrics_auth_role.yaml"}); bundledRoles != want {
		t.Errorf("%d roles for people, want %d", bundledRoles, want)
	}
}

func TestTheImageOfTheBundleIsLabelledWithItsMetadata(t *testing.T) {
	labels := map[string]any{}
	for _, match := range regexp.MustCompile(`(?m)^LABEL (\S+)="(.*)"$`).FindAllStringSubmatch(dockerfile(), -1) {
		labels[match[1]] = match[2]
	}
	metadata, found := bundled(t)["metadata/annotations.yaml"]
	if diff := cmp.Diff(metadata.Object["annotations"], any(labels)); diff != "" || !found {
		t.Errorf("labels of the image (-want +got):\n%s", diff)
	}
}

func TestWhatOLMCannotInstallIsAnError(t *testing.T) {
	s, err := readSources("../..")
	if err != nil {
		t.Fatal(err)
	}
	s.installed = append(s.installed, unstructured.Unstructured{Object: map[string]any{"kind": "DaemonSet"}})
	if _, err := makeBundle(s, "v1.2.3", image); err == nil || !strings.Contains(err.Error(), "DaemonSet") {
		t.Errorf("makeBundle = %v, want an error about the DaemonSet", err)
	}
}
