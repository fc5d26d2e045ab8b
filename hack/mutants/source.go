// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// markerPrefix begins the comment that marks the place of a mutant, on the line of the place or on
// the one before.
const markerPrefix = "// mutant: "

// file is a source file.
type file struct {
	path   string
	source []byte
	lines  *token.File
	tree   *ast.File
}

func parse(path string, source []byte) (*file, error) {
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, path, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &file{path: path, source: source, lines: files.File(tree.FileStart), tree: tree}, nil
}

// sourceFiles are the files of a package, without its tests.
func sourceFiles(folder string) ([]*file, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	var files []*file
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		parsed, err := parse(path, source)
		if err != nil {
			return nil, err
		}
		files = append(files, parsed)
	}
	return files, nil
}

func (f *file) offset(at token.Pos) int { return f.lines.Offset(at) }

func (f *file) line(at token.Pos) int { return f.lines.Line(at) }

func (f *file) text(node ast.Node) string {
	return string(f.source[f.offset(node.Pos()):f.offset(node.End())])
}

// marker is a comment that marks the place of a mutant.
type marker struct {
	mutant string
	at     token.Pos
	// line is the one that is marked.
	line int
}

func (f *file) markers() []marker {
	var markers []marker
	for _, group := range f.tree.Comments {
		for _, comment := range group.List {
			name, isMarker := strings.CutPrefix(comment.Text, markerPrefix)
			if !isMarker {
				continue
			}
			line := f.line(comment.Slash)
			before := f.source[f.offset(f.lines.LineStart(line)):f.offset(comment.Slash)]
			if strings.TrimSpace(string(before)) == "" {
				line++
			}
			markers = append(markers, marker{mutant: name, at: comment.Slash, line: line})
		}
	}
	return markers
}

// function is the function that a mutant changes.
type function struct {
	*file
	name, mutant string
	declaration  *ast.FuncDecl
	// marker is the one that was used; nil where the change needs none.
	marker *marker
}

// find finds the function of a mutant. root is the module's root.
func (m mutant) find(root string) (*function, error) {
	files, err := sourceFiles(filepath.Join(root, m.folder))
	if err != nil {
		return nil, err
	}
	var found []*function
	for _, file := range files {
		for _, declaration := range file.tree.Decls {
			if of, isFunction := declaration.(*ast.FuncDecl); isFunction && of.Body != nil && nameOf(of) == m.function {
				found = append(found, &function{file: file, name: m.function, mutant: m.name, declaration: of})
			}
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%s has %d functions %s, not one", m.folder, len(found), m.function)
	}
	return found[0], nil
}

// nameOf is a function's name, with the type of its receiver before it where it is a method.
func nameOf(declaration *ast.FuncDecl) string {
	if declaration.Recv == nil {
		return declaration.Name.Name
	}
	receiver := declaration.Recv.List[0].Type
	if pointer, isPointer := receiver.(*ast.StarExpr); isPointer {
		receiver = pointer.X
	}
	switch generic := receiver.(type) {
	case *ast.IndexExpr:
		receiver = generic.X
	case *ast.IndexListExpr:
		receiver = generic.X
	}
	if named, isName := receiver.(*ast.Ident); isName {
		return named.Name + "." + declaration.Name.Name
	}
	return declaration.Name.Name
}

// self is the name of the receiver; empty where there is none.
func (f *function) self() string {
	if f.declaration.Recv == nil || len(f.declaration.Recv.List[0].Names) == 0 {
		return ""
	}
	return f.declaration.Recv.List[0].Names[0].Name
}

// findMarker finds the mutant's marker in its function.
func (f *function) findMarker() error {
	var found []marker
	for _, marker := range f.markers() {
		if marker.mutant == f.mutant && f.declaration.Pos() <= marker.at && marker.at < f.declaration.End() {
			found = append(found, marker)
		}
	}
	if len(found) != 1 {
		return fmt.Errorf("%s has the comment %q %d times, not once", f.name, markerPrefix+f.mutant, len(found))
	}
	f.marker = &found[0]
	return nil
}

// only finds the one node of the function that a place describes.
func (f *function) only(at place) (ast.Node, error) {
	where := f.name
	if at.marked {
		if err := f.findMarker(); err != nil {
			return nil, err
		}
		where = "the marked line of " + f.name
	}
	var found []ast.Node
	ast.PreorderStack(f.declaration.Body, nil, func(node ast.Node, ancestors []ast.Node) bool {
		match := at.match(node, ancestors)
		if match != nil && !slices.Contains(found, match) && (!at.marked || f.line(match.Pos()) == f.marker.line) {
			found = append(found, match)
		}
		return true
	})
	if len(found) == 1 {
		return found[0], nil
	}
	return nil, fmt.Errorf("%s has %d times %s, not once", where, len(found), at.what)
}
