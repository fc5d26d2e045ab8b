// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// role is what people may do with the objects of a kind.
type role struct {
	Name  string
	May   string   // what the role allows, in a word
	Joins []string // the built-in roles that it becomes a part of
	Verbs string
}

// roles are those that each kind gets.
var roles = []role{
	{Name: "editor", May: "edit", Joins: []string{"admin", "edit"}, Verbs: "create, delete, deletecollection, get, list, patch, update, watch"},
	{Name: "viewer", May: "view", Joins: []string{"view"}, Verbs: "get, list, watch"},
}

func (r role) fileSuffix() string { return "_" + r.Name + "_role.yaml" }

// JoinedInWords is for the comment of the manifest.
func (r role) JoinedInWords() string {
	if len(r.Joins) == 1 {
		return "the role " + r.Joins[0]
	}
	return "the roles " + strings.Join(r.Joins, " and ")
}

// roleFiles returns the roles of each kind by the names of their files.
func roleFiles(crds []crd) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, one := range crds {
		for _, r := range roles {
			content, err := render(roleTemplate, struct {
				crd
				role
			}{one, r})
			if err != nil {
				return nil, err
			}
			files[one.Spec.Names.Singular+r.fileSuffix()] = content
		}
	}
	return files, nil
}

// generatedFromHere is the line of the kustomization of the roles after which everything is
// generated.
const generatedFromHere = "# From here on generated from config/crd/bases by `make generate`."

// roleKustomization replaces the generated part of the kustomization of the roles.
func roleKustomization(present []byte, crds []crd) ([]byte, error) {
	handwritten, _, found := bytes.Cut(present, []byte(generatedFromHere+"\n"))
	if !found {
		return nil, fmt.Errorf("it lacks the line %q, after which the roles of the kinds are listed", generatedFromHere)
	}
	var names []string
	for _, one := range crds {
		names = append(names, one.Spec.Names.Singular)
	}
	slices.Sort(names)
	list := bytes.NewBuffer(slices.Clone(handwritten))
	list.WriteString(generatedFromHere + "\n")
	for _, name := range names {
		for _, role := range roles {
			fmt.Fprintf(list, "- %s%s\n", name, role.fileSuffix())
		}
	}
	return list.Bytes(), nil
}

// removeStaleRoles removes from the folder the roles of kinds that are gone: those that are not
// among the current files.
func removeStaleRoles(folder string, current map[string][]byte) error {
	for _, role := range roles {
		present, err := filepath.Glob(filepath.Join(folder, "*"+role.fileSuffix()))
		if err != nil {
			return fmt.Errorf("listing the roles: %w", err)
		}
		for _, path := range present {
			if _, isCurrent := current[filepath.Base(path)]; isCurrent {
				continue
			}
			//nolint:gosec // The folder is the caller's.
			if err := os.Remove(path); err != nil {
				return fmt.Errorf("removing the role of a kind that is gone: %w", err)
			}
		}
	}
	return nil
}
