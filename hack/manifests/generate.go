// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
)

const (
	crdFolder         = "config/crd"
	roleFolder        = "config/rbac"
	kustomizationFile = "kustomization.yaml"
)

// generate writes the manifests below the folder destination. What is written by hand in the
// kustomization of the roles comes from the folder project.
func generate(project, destination string) error {
	crds, err := readCRDs(filepath.Join(destination, crdFolder, "bases"))
	if err != nil {
		return err
	}
	crdList, err := render(crdKustomizationTemplate, crds)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(destination, crdFolder), map[string][]byte{kustomizationFile: crdList}); err != nil {
		return err
	}

	files, err := roleFiles(crds)
	if err != nil {
		return err
	}
	if err := removeStaleRoles(filepath.Join(destination, roleFolder), files); err != nil {
		return err
	}
	present, err := os.ReadFile(filepath.Join(project, roleFolder, kustomizationFile))
	if err != nil {
		return fmt.Errorf("reading the kustomization of the roles: %w", err)
	}
	if files[kustomizationFile], err = roleKustomization(present, crds); err != nil {
		return fmt.Errorf("%s/%s: %w", roleFolder, kustomizationFile, err)
	}
	return write(filepath.Join(destination, roleFolder), files)
}

func write(folder string, files map[string][]byte) error {
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // Everybody may read the project.
		return fmt.Errorf("making a folder for the manifests: %w", err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil { //nolint:gosec // As above.
			return fmt.Errorf("writing a manifest: %w", err)
		}
	}
	return nil
}
