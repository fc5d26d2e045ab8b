// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"go/ast"
	"os"
	"slices"
)

// change is one of the few ways to break a function. All that is not part of the place stays as it
// is, byte by byte, and what is put out of use is still compiled, so that no import and no variable
// is left over.
type change func(of *function) (edit, error)

// edit puts text in the place of a part of the source.
type edit struct {
	from, to int
	text     string
}

// replace puts other code in the place of a node. It can take from the function:
//
//	$it         the node itself
//	$self       the receiver of the function
//	$left       what stands left of the operator, where the node has one
//	$owner      x, where the node is x.f or x.f(…)
//	$callee     what is called, where the node is a call
//	$arguments  and its arguments
//	$butLast    and those without the last
func replace(at place, code string) change {
	return func(of *function) (edit, error) {
		node, err := of.only(at)
		if err != nil {
			return edit{}, err
		}
		text, err := of.expand(code, node)
		return edit{of.offset(node.Pos()), of.offset(node.End()), text}, err
	}
}

// always makes a condition true, whatever it says.
func always(at place) change { return replace(at, "($it) || true") }

// never makes a condition false, whatever it says.
func never(at place) change { return replace(at, "($it) && false") }

// leaveOut does not execute a statement.
func leaveOut(at place) change { return replace(at, "if false { $it }") }

// skip does not make a call that returns an error, and reports success.
func skip(at place) change { return replace(at, "func() error { return nil; return $it }()") }

// ignoreError makes a call that returns an error, and reports success.
func ignoreError(at place) change { return replace(at, "func() error { _ = $it; return nil }()") }

// repeatOnError makes a call that returns an error, and once more where it failed.
func repeatOnError(at place) change {
	return replace(at, "func() error { if err := $it; err == nil { return nil }; return $it }()")
}

// withoutLastArgument leaves out the last argument of a call.
func withoutLastArgument(at place) change { return replace(at, "$callee($butLast)") }

// returnAtOnce has the function return constant values before it does anything.
func returnAtOnce(values string) change {
	return func(of *function) (edit, error) {
		begin := of.offset(of.declaration.Body.Lbrace) + 1
		return edit{begin, begin, " return " + values + "; "}, nil
	}
}

// alsoBefore executes a statement, or makes the call whose error it returns, before another one as
// well.
func alsoBefore(at, before place) change {
	return func(of *function) (edit, error) {
		node, err := of.only(at)
		if err != nil {
			return edit{}, err
		}
		next, err := of.only(before)
		if err != nil {
			return edit{}, err
		}
		text := of.text(node)
		if returned, isReturn := node.(*ast.ReturnStmt); isReturn && len(returned.Results) == 1 {
			text = "if err := " + of.text(returned.Results[0]) + "; err != nil { return err }"
		}
		begin := of.offset(next.Pos())
		return edit{begin, begin, text + "; "}, nil
	}
}

// expand puts parts of the function into code. See replace.
func (f *function) expand(code string, node ast.Node) (string, error) {
	parts := map[string]string{"it": f.text(node), "self": f.self()}
	if binary, isBinary := node.(*ast.BinaryExpr); isBinary {
		parts["left"] = f.text(binary.X)
	}
	named := node
	if call, isCall := node.(*ast.CallExpr); isCall {
		named = call.Fun
		parts["callee"] = f.text(call.Fun)
		if count := len(call.Args); count > 0 {
			begin := f.offset(call.Args[0].Pos())
			parts["arguments"] = string(f.source[begin:f.offset(call.Args[count-1].End())])
			parts["butLast"] = string(f.source[begin:f.offset(call.Args[max(count-2, 0)].End())])
			if count == 1 {
				parts["butLast"] = ""
			}
		}
	}
	if selector, isSelector := named.(*ast.SelectorExpr); isSelector {
		parts["owner"] = f.text(selector.X)
	}
	var failures []error
	text := os.Expand(code, func(name string) string {
		part, known := parts[name]
		if !known {
			failures = append(failures, fmt.Errorf("%q in %s has no $%s", f.text(node), f.name, name))
		}
		return part
	})
	return text, errors.Join(failures...)
}

// apply returns the source of the changed file, with this mutant alone. root is the module's root.
func (m mutant) apply(root string) ([]byte, error) {
	of, edit, err := m.locate(root)
	if err != nil {
		return nil, err
	}
	changed := slices.Concat(of.source[:edit.from], []byte(edit.text), of.source[edit.to:])
	if _, err := parse(of.path, changed); err != nil {
		return nil, outOfDate(err)
	}
	return changed, nil
}

func outOfDate(err error) error {
	return fmt.Errorf("%w; bring the mutant up to date in hack/mutants/mutants.go", err)
}
