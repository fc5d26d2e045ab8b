// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// kustomizations are the folders of config that people apply, with the values that install the same
// by the chart.
var kustomizations = map[string]string{
	"default": "{}",
	"default-tls": `
alerts: {tls: {certManager: {enabled: true}}}
networkPolicy: {enabled: true}`,
	"default-monitoring": `
metrics:
  serviceMonitor: {enabled: true}
  prometheusRule: {enabled: true}
  dashboard: {enabled: true}`,
}

func TestTheChartInstallsWhatConfigDoes(t *testing.T) {
	for folder, values := range kustomizations {
		t.Run(folder, func(t *testing.T) {
			want, got := byName(kustomize(t, folder)), byName(mustTemplate(t, values))
			allow(t, want, got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("objects (-config/%s +chart):\n%s", folder, diff)
			}
		})
	}
}

// byName are the objects by kind, namespace and name.
func byName(objects []*unstructured.Unstructured) map[string]map[string]any {
	named := map[string]map[string]any{}
	for _, object := range objects {
		named[path.Join(object.GetKind(), object.GetNamespace(), object.GetName())] = object.Object
	}
	return named
}

// allow takes away what may differ.
func allow(t *testing.T, config, chart map[string]map[string]any) {
	t.Helper()
	// Helm makes the namespace, with --create-namespace, and does not label it.
	delete(config, "Namespace/"+releaseNamespace)
	for name, object := range chart {
		// By these labels people find the objects of a release, and what installed it.
		for _, label := range []string{"app.kubernetes.io/instance", "app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart"} {
			remove(t, name, object, "metadata", "labels", label)
		}
		// All objects of the chart have the name of the application as a label. In
		// config/components not all do.
		remove(t, name, object, "metadata", "labels", "app.kubernetes.io/name")
		if without := config[name]; without != nil {
			unstructured.RemoveNestedField(without, "metadata", "labels", "app.kubernetes.io/name")
			dropEmptyLabels(without)
		}
		dropEmptyLabels(object)
		switch object["kind"] {
		case "CustomResourceDefinition": // They outlive the release.
			remove(t, name, object, "metadata", "annotations", "helm.sh/resource-policy")
		case "Deployment": // Two releases in one namespace do not take each other's Pods for theirs.
			remove(t, name, object, "spec", "template", "metadata", "labels", "app.kubernetes.io/instance")
			remove(t, name, object, "spec", "selector", "matchLabels", "app.kubernetes.io/instance")
		case "ServiceMonitor":
			remove(t, name, object, "spec", "selector", "matchLabels", "app.kubernetes.io/instance")
		case "NetworkPolicy":
			remove(t, name, object, "spec", "podSelector", "matchLabels", "app.kubernetes.io/instance")
		case "Service":
			remove(t, name, object, "spec", "selector", "app.kubernetes.io/instance")
		}
	}
}

// remove takes a field away, which must be there.
func remove(t *testing.T, name string, object map[string]any, fields ...string) {
	t.Helper()
	if _, found, err := unstructured.NestedFieldNoCopy(object, fields...); !found || err != nil {
		t.Errorf("%s has no %s", name, strings.Join(fields, "."))
	}
	unstructured.RemoveNestedField(object, fields...)
}

func dropEmptyLabels(object map[string]any) {
	if labels, _, _ := unstructured.NestedMap(object, "metadata", "labels"); len(labels) == 0 {
		unstructured.RemoveNestedField(object, "metadata", "labels")
	}
}

// A folder that people apply, or a component, is not forgotten.
func TestEverythingThatPeopleApplyIsCompared(t *testing.T) {
	var compared []string
	for folder := range kustomizations {
		var read struct {
			Components []string `json:"components"`
		}
		content, err := os.ReadFile(path.Join("../../config", folder, "kustomization.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(content, &read); err != nil {
			t.Fatal(err)
		}
		for _, component := range read.Components {
			compared = append(compared, path.Base(component))
		}
	}
	for _, component := range folders(t, "../../config/components") {
		if !slices.Contains(compared, component) {
			t.Errorf("config/components/%s is not held against the chart", component)
		}
	}
	for _, folder := range folders(t, "../../config") {
		if _, found := kustomizations[folder]; strings.HasPrefix(folder, "default") && !found {
			t.Errorf("config/%s is not held against the chart", folder)
		}
	}
}

func folders(t *testing.T, parent string) []string {
	t.Helper()
	entries, err := os.ReadDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}
