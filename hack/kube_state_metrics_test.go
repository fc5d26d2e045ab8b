// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package hack_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// customResourceState is the configuration of kube-state-metrics, as far as this project's has it.
type customResourceState struct {
	Kind string `json:"kind"`
	Spec struct {
		Resources []shownResource `json:"resources"`
	} `json:"spec"`
}

type shownResource struct {
	GroupVersionKind struct {
		Group   string `json:"group"`
		Version string `json:"version"`
		Kind    string `json:"kind"`
	} `json:"groupVersionKind"`
	MetricNamePrefix string              `json:"metricNamePrefix"`
	LabelsFromPath   map[string][]string `json:"labelsFromPath"`
	Metrics          []struct {
		Name string `json:"name"`
		Help string `json:"help"`
		Each struct {
			Type  string `json:"type"`
			Gauge *struct {
				Path           []string            `json:"path"`
				ValueFrom      []string            `json:"valueFrom"`
				LabelsFromPath map[string][]string `json:"labelsFromPath"`
				NilIsZero      bool                `json:"nilIsZero"`
			} `json:"gauge"`
			Info *struct {
				LabelsFromPath map[string][]string `json:"labelsFromPath"`
			} `json:"info"`
			StateSet *struct {
				LabelName string   `json:"labelName"`
				Path      []string `json:"path"`
				List      []string `json:"list"`
			} `json:"stateSet"`
		} `json:"each"`
	} `json:"metrics"`
}

func decode(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(content, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// definitions are the CRDs by kind.
func definitions(t *testing.T) map[string]*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	files, err := filepath.Glob("../config/crd/bases/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	byKind := map[string]*apiextensionsv1.CustomResourceDefinition{}
	for _, file := range files {
		definition := &apiextensionsv1.CustomResourceDefinition{}
		decode(t, file, definition)
		byKind[definition.Spec.Names.Kind] = definition
	}
	return byKind
}

// at is the schema of what is at a path; nil where the schema has nothing there. The elements of a
// list have no part of their own in a path.
func at(schema *apiextensionsv1.JSONSchemaProps, path ...string) *apiextensionsv1.JSONSchemaProps {
	for _, part := range path {
		if schema.Items != nil {
			schema = schema.Items.Schema
		}
		property, found := schema.Properties[part]
		if !found {
			return nil
		}
		schema = &property
	}
	return schema
}

// fieldsOfMetadata are those of every object, which a CRD does not describe.
var fieldsOfMetadata = []string{"namespace", "name", "creationTimestamp"}

func TestKubeStateMetricsShowsFieldsThatExist(t *testing.T) {
	var configuration customResourceState
	decode(t, "../config/kube-state-metrics/custom_resource_state.yaml", &configuration)
	if configuration.Kind != "CustomResourceStateMetrics" {
		t.Errorf("the kind is %q", configuration.Kind)
	}
	kinds := definitions(t)
	for _, resource := range configuration.Spec.Resources {
		kind := resource.GroupVersionKind.Kind
		definition, found := kinds[kind]
		if !found {
			t.Errorf("there is no kind %s, or it is shown twice", kind)
			continue
		}
		delete(kinds, kind)
		if definition.Spec.Group != resource.GroupVersionKind.Group || definition.Spec.Versions[0].Name != resource.GroupVersionKind.Version {
			t.Errorf("%s is of %s/%s", kind, definition.Spec.Group, definition.Spec.Versions[0].Name)
		}
		if _, shown := resource.LabelsFromPath["namespace"]; shown != (definition.Spec.Scope == apiextensionsv1.NamespaceScoped) {
			t.Errorf("%s is of the scope %s, and its label namespace is shown: %v", kind, definition.Spec.Scope, shown)
		}
		resource.check(t, definition.Spec.Versions[0].Schema.OpenAPIV3Schema)
	}
	for kind := range kinds {
		t.Errorf("%s is not shown", kind)
	}
}

// check reports paths that lead nowhere in the schema of the kind.
func (r shownResource) check(t *testing.T, schema *apiextensionsv1.JSONSchemaProps) {
	t.Helper()
	expect := func(metric string, path ...string) *apiextensionsv1.JSONSchemaProps {
		t.Helper()
		if len(path) == 2 && path[0] == "metadata" && slices.Contains(fieldsOfMetadata, path[1]) {
			return nil
		}
		found := at(schema, path...)
		if found == nil {
			t.Errorf("%s of %s: there is no %s", metric, r.GroupVersionKind.Kind, strings.Join(path, "."))
		}
		return found
	}
	for label, path := range r.LabelsFromPath {
		expect("the label "+label, path...)
	}
	for _, metric := range r.Metrics {
		if !strings.HasPrefix(metric.Name, strings.ToLower(r.GroupVersionKind.Kind)+"_") || metric.Help == "" {
			t.Errorf("the metric %q of %s should begin with the kind and have a help", metric.Name, r.GroupVersionKind.Kind)
		}
		switch {
		case metric.Each.Type == "Gauge" && metric.Each.Gauge != nil:
			gauge := metric.Each.Gauge
			expect(metric.Name, gauge.Path...)
			for _, relative := range gauge.LabelsFromPath {
				expect(metric.Name, slices.Concat(gauge.Path, relative)...)
			}
			expect(metric.Name, slices.Concat(gauge.Path, gauge.ValueFrom)...)
		case metric.Each.Type == "Info" && metric.Each.Info != nil:
			for _, path := range metric.Each.Info.LabelsFromPath {
				expect(metric.Name, path...)
			}
		case metric.Each.Type == "StateSet" && metric.Each.StateSet != nil:
			var values []string
			if found := expect(metric.Name, metric.Each.StateSet.Path...); found != nil {
				for _, value := range found.Enum {
					values = append(values, strings.Trim(string(value.Raw), `"`))
				}
			}
			if !slices.Equal(values, metric.Each.StateSet.List) {
				t.Errorf("%s has the states %q, and the schema %q", metric.Name, metric.Each.StateSet.List, values)
			}
		default:
			t.Errorf("%s is of the type %s", metric.Name, metric.Each.Type)
		}
	}
}

func TestKubeStateMetricsMayReadWhatItShows(t *testing.T) {
	var role rbacv1.ClusterRole
	decode(t, "../config/kube-state-metrics/role.yaml", &role)
	allowed := map[string][]string{}
	for _, rule := range role.Rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				allowed[fmt.Sprintf("%s.%s", resource, group)] = rule.Verbs
			}
		}
	}
	for _, definition := range definitions(t) {
		if verbs := allowed[definition.Name]; !slices.Equal(verbs, []string{"list", "watch"}) {
			t.Errorf("kube-state-metrics may %q %s, want list and watch", verbs, definition.Name)
		}
	}
}
