// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// crd is a CRD and the name of its file.
type crd struct {
	apiextensionsv1.CustomResourceDefinition

	File string
}

// readCRDs returns the CRDs of a folder, sorted by the names of their files.
func readCRDs(folder string) ([]crd, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("listing the CRDs: %w", err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("there are no CRDs in %s", folder)
	}
	slices.Sort(paths)
	var crds []crd
	for _, path := range paths {
		content, err := os.ReadFile(path) //nolint:gosec // The folder is the caller's.
		if err != nil {
			return nil, fmt.Errorf("reading a CRD: %w", err)
		}
		one := crd{File: filepath.Base(path)}
		if err := yaml.Unmarshal(content, &one.CustomResourceDefinition); err != nil {
			return nil, fmt.Errorf("reading the CRD %s: %w", path, err)
		}
		if names := one.Spec.Names; names.Kind == "" || names.Singular == "" || names.Plural == "" {
			return nil, fmt.Errorf("%s does not name the kind, its singular and its plural", path)
		}
		crds = append(crds, one)
	}
	return crds, nil
}

// Namespaced reports whether the objects of the kind are in namespaces.
func (c crd) Namespaced() bool { return c.Spec.Scope == apiextensionsv1.NamespaceScoped }

// HasStatus reports whether the status is a subresource.
func (c crd) HasStatus() bool {
	return slices.ContainsFunc(c.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool {
		return v.Subresources != nil && v.Subresources.Status != nil
	})
}

// Words is the plural with spaces between its words: "ticket comments" for TicketComment.
func (c crd) Words() string {
	lastWord := strings.LastIndexFunc(c.Spec.Names.Kind, unicode.IsUpper)
	var words strings.Builder
	for i, letter := range c.Spec.Names.Plural {
		// The plural is the kind in small letters, but for the end of its last word.
		if 0 < i && i <= lastWord && unicode.IsUpper(rune(c.Spec.Names.Kind[i])) {
			words.WriteByte(' ')
		}
		words.WriteRune(letter)
	}
	return words.String()
}
