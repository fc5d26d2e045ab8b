// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/util/yaml"
)

// kustomization is the part of a kustomization.yaml that decides the order of what it builds.
type kustomization struct {
	Resources   []string `json:"resources"`
	SortOptions struct {
		Order string `json:"order"`
	} `json:"sortOptions"`
}

func kustomizationOf(t *testing.T, folder string) kustomization {
	t.Helper()
	content, err := os.ReadFile("../../config/" + folder + "/kustomization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var read kustomization
	if err := yaml.Unmarshal(content, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// TestTheOperatorIsDeletedLast: kubectl deletes in the order of the file, and an operator that goes
// before the CRDs leaves finalizers behind. Kustomize sorts namespaces before CRDs, unless it is
// told to keep the order.
func TestTheOperatorIsDeletedLast(t *testing.T) {
	installer := kustomizationOf(t, "default")
	if installer.SortOptions.Order != "fifo" {
		t.Errorf("config/default is sorted by %q, want fifo", installer.SortOptions.Order)
	}
	if want := []string{"../crd", "../operator"}; !slices.Equal(installer.Resources, want) {
		t.Errorf("config/default has the resources %q, want %q", installer.Resources, want)
	}
	for folder, last := range map[string]string{"operator": "../manager", "manager": "deployment.yaml"} {
		if resources := kustomizationOf(t, folder).Resources; resources[len(resources)-1] != last {
			t.Errorf("config/%s ends in %q, want %q", folder, resources, last)
		}
	}
}
