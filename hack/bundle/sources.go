// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// sources are what the bundle is made from.
type sources struct {
	base      unstructured.Unstructured   // the ClusterServiceVersion, as far as it is written by hand
	installed []unstructured.Unstructured // config/default
	samples   []unstructured.Unstructured // config/samples
}

func readSources(project string) (sources, error) {
	var s sources
	content, err := os.ReadFile(filepath.Join(project, "config/manifests/clusterserviceversion.yaml"))
	if err != nil {
		return s, fmt.Errorf("reading the base of the ClusterServiceVersion: %w", err)
	}
	if err := yaml.Unmarshal(content, &s.base.Object); err != nil {
		return s, fmt.Errorf("reading the base of the ClusterServiceVersion: %w", err)
	}
	if s.installed, err = build(filepath.Join(project, "config/default")); err != nil {
		return s, err
	}
	s.samples, err = build(filepath.Join(project, "config/samples"))
	return s, err
}

// build returns the objects of a kustomization.
func build(folder string) ([]unstructured.Unstructured, error) {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified // The kustomizations say it.
	built, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return nil, fmt.Errorf("building %s: %w", folder, err)
	}
	var objects []unstructured.Unstructured
	for _, resource := range built.Resources() {
		content, err := resource.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("reading %s of %s: %w", resource.GetName(), folder, err)
		}
		var object unstructured.Unstructured
		if err := object.UnmarshalJSON(content); err != nil {
			return nil, fmt.Errorf("reading %s of %s: %w", resource.GetName(), folder, err)
		}
		objects = append(objects, object)
	}
	return objects, nil
}
