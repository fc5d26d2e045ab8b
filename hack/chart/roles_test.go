// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// Where the operator works in some namespaces, its Roles in each of them allow what the ClusterRole
// allows, but for what is in no namespace. That is in a ClusterRole, where it is needed.
func TestTheRolesOfNamespacesAllowTogetherWhatTheClusterRoleDoes(t *testing.T) {
	everywhere := permissionsOf(t, mustTemplate(t, "{}"), "ClusterRole//synqly-ticketing-manager-role")
	inNone := clusterScopedResources(t)
	want := map[string][]string{"namespaced": nil, "clusterScoped": nil}
	for _, permission := range everywhere {
		resource := strings.Fields(permission)[1]
		kind, _, _ := strings.Cut(resource, "/")
		switch {
		case inNone[kind]:
			want["clusterScoped"] = append(want["clusterScoped"], permission)
		case resource == ".namespaces": // The namespace itself is read with the rights in it.
			want["clusterScoped"] = append(want["clusterScoped"], permission)
			want["namespaced"] = append(want["namespaced"], permission)
		default:
			want["namespaced"] = append(want["namespaced"], permission)
		}
	}
	if len(want["clusterScoped"]) < 5 || len(want["namespaced"]) < 30 {
		t.Fatalf("the ClusterRole allows %q", everywhere)
	}

	objects := mustTemplate(t, "{watchNamespaces: [team-a, team-b], clusterResourceNamespace: tokens}")
	for _, namespace := range []string{"team-a", "team-b"} {
		if diff := cmp.Diff(want["namespaced"], permissionsOf(t, objects, "Role/"+namespace+"/synqly-ticketing-manager-role")); diff != "" {
			t.Errorf("in %s (-want +got):\n%s", namespace, diff)
		}
	}
	if diff := cmp.Diff(want["clusterScoped"], permissionsOf(t, objects, "ClusterRole//synqly-ticketing-clusterintegrations-role")); diff != "" {
		t.Errorf("in no namespace (-want +got):\n%s", diff)
	}
}

// permissionsOf are those of a role, each as "verb group.resource".
func permissionsOf(t *testing.T, objects []*unstructured.Unstructured, name string) []string {
	t.Helper()
	for _, object := range objects {
		if strings.Join([]string{object.GetKind(), object.GetNamespace(), object.GetName()}, "/") != name {
			continue
		}
		var role rbacv1.ClusterRole
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &role); err != nil {
			t.Fatal(err)
		}
		permissions := map[string]bool{}
		for _, rule := range role.Rules {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						permissions[verb+" "+group+"."+resource] = true
					}
				}
			}
		}
		return slices.Sorted(maps.Keys(permissions))
	}
	t.Fatalf("there is no %s", name)
	return nil
}

// clusterScopedResources are the operator's kinds that are in no namespace, as "group.resource".
func clusterScopedResources(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("../../config/crd/bases/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	resources := map[string]bool{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.Unmarshal(content, &crd); err != nil {
			t.Fatal(err)
		}
		if crd.Spec.Scope == apiextensionsv1.ClusterScoped {
			resources[crd.Spec.Group+"."+crd.Spec.Names.Plural] = true
		}
	}
	return resources
}
