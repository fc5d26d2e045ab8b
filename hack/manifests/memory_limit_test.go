// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"
)

// TestTheGarbageCollectorKnowsTheMemoryLimit: the Go runtime does not read the limit of its
// container, and does not count the pages of the program, which are a part of it.
func TestTheGarbageCollectorKnowsTheMemoryLimit(t *testing.T) {
	content, err := os.ReadFile("../../config/manager/deployment.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var deployment appsv1.Deployment
	if err := yaml.UnmarshalStrict(content, &deployment); err != nil {
		t.Fatal(err)
	}
	manager := deployment.Spec.Template.Spec.Containers[0]
	soft := resource.Quantity{}
	for _, variable := range manager.Env {
		if variable.Name == "GOMEMLIMIT" {
			// Go writes MiB where Kubernetes writes Mi.
			if soft, err = resource.ParseQuantity(strings.TrimSuffix(variable.Value, "B")); err != nil {
				t.Fatal(err)
			}
		}
	}
	limit := manager.Resources.Limits.Memory()
	if share := soft.AsApproximateFloat64() / limit.AsApproximateFloat64(); share < 0.74 || share > 0.76 {
		t.Errorf("GOMEMLIMIT is %s with a limit of %s, want 75 %% of it", soft.String(), limit)
	}
}
