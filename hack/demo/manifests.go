// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// buildKustomization returns the objects of a kustomization.
func buildKustomization(ctx context.Context, folder string) ([]*unstructured.Unstructured, error) {
	//nolint:gosec // The folder is one of this program's own.
	command := exec.CommandContext(ctx, "bin/tools/kustomize", "build", folder)
	var manifests, messages bytes.Buffer
	command.Stdout = &manifests
	command.Stderr = &messages
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("building the kustomization %s: %w\n%s", folder, err, &messages)
	}
	objects, err := decodeManifests(&manifests)
	if err != nil {
		return nil, fmt.Errorf("reading the kustomization %s: %w", folder, err)
	}
	return objects, nil
}

// readManifests returns the objects of a file.
func readManifests(path string) ([]*unstructured.Unstructured, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading manifests: %w", err)
	}
	defer func() { _ = file.Close() }()
	objects, err := decodeManifests(file)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return objects, nil
}

func decodeManifests(manifests io.Reader) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(manifests, 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		// A document may be nothing but a comment.
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}
