// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// All mutants are built into one program, because to build it takes longer than most cases do. A
// function that mutants change begins with a copy of its body for each of them, and the variable
// mutantInForce of its package, which only the overlay has, chooses the one that is executed.

// environmentVariable names the mutant that is in force in a suite that was built with the overlay.
const environmentVariable = "MUTANT"

// writeOverlay writes the source that has all the mutants, and the file that -overlay takes.
func writeOverlay(folder string, some []mutant) (string, error) {
	sources, err := combine(".", some)
	if err != nil {
		return "", err
	}
	replaced := map[string]string{}
	for number, path := range slices.Sorted(maps.Keys(sources)) {
		original, err := filepath.Abs(path)
		if err != nil {
			return "", err
		}
		changed := filepath.Join(folder, strconv.Itoa(number)+"-"+filepath.Base(path))
		if err := os.WriteFile(changed, sources[path], 0o600); err != nil {
			return "", err
		}
		replaced[original] = changed
	}
	encoded, err := json.Marshal(map[string]map[string]string{"Replace": replaced})
	if err != nil {
		return "", err
	}
	list := filepath.Join(folder, "overlay.json")
	return list, os.WriteFile(list, encoded, 0o600)
}

// combine returns the changed and the added files, by their path, for all of some mutants. root is
// the module's root.
func combine(root string, some []mutant) (map[string][]byte, error) {
	type place struct {
		path string
		body int
	}
	copies, files := map[place][]byte{}, map[string]*file{}
	sources := map[string][]byte{}
	for _, m := range some {
		of, edit, err := m.locate(root)
		if err != nil {
			return nil, err
		}
		body := of.declaration.Body
		at := place{of.path, of.offset(body.Lbrace) + 1}
		copies[at] = append(copies[at], of.bodyWith(edit)...)
		files[of.path] = of.file
		sources[filepath.Join(filepath.Dir(of.path), "mutant_in_force.go")] = fmt.Appendf(nil,
			"package %s\n\nimport \"os\"\n\nvar mutantInForce = os.Getenv(%q)\n", of.tree.Name.Name, environmentVariable)
	}
	// From the end to the beginning, so that what is inserted moves no place that is still to come.
	places := slices.SortedFunc(maps.Keys(copies), func(a, b place) int { return b.body - a.body })
	for _, at := range places {
		source, changed := sources[at.path]
		if !changed {
			source = files[at.path].source
		}
		sources[at.path] = slices.Concat(source[:at.body], copies[at], source[at.body:])
	}
	return sources, nil
}

// bodyWith is the body of the function with an edit, executed in place of what follows it where the
// mutant is in force. The line directives have the compiler name the mutant where it does not
// compile.
func (f *function) bodyWith(change edit) []byte {
	begin, end := f.offset(f.declaration.Body.Lbrace)+1, f.offset(f.declaration.Body.Rbrace)
	var text bytes.Buffer
	fmt.Fprintf(&text, "\nif mutantInForce == %q {\n//line %s.go:1\n", f.mutant, f.mutant)
	text.Write(slices.Concat(f.source[begin:change.from], []byte(change.text), f.source[change.to:end]))
	if f.declaration.Type.Results == nil {
		text.WriteString("\nreturn")
	}
	fmt.Fprintf(&text, "\n}\n//line %s:%d\n", filepath.Base(f.path), f.line(f.declaration.Body.Lbrace))
	return text.Bytes()
}

// locate finds the function that a mutant changes, and what it changes there.
func (m mutant) locate(root string) (*function, edit, error) {
	of, err := m.find(root)
	if err != nil {
		return nil, edit{}, outOfDate(err)
	}
	change, err := m.change(of)
	if err != nil {
		return nil, edit{}, outOfDate(fmt.Errorf("%s: %w", of.path, err))
	}
	if bytes.Equal(of.source[change.from:change.to], []byte(change.text)) {
		return nil, edit{}, outOfDate(fmt.Errorf("%s: nothing changes in %s", of.path, of.name))
	}
	if hasLabels(of.declaration.Body) {
		return nil, edit{}, fmt.Errorf("%s: %s has a label, which its copy for a mutant would declare twice", of.path, of.name)
	}
	return of, change, nil
}

func hasLabels(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(node ast.Node) bool {
		_, isLabel := node.(*ast.LabeledStmt)
		found = found || isLabel
		return !found
	})
	return found
}
