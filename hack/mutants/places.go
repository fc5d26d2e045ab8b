// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/ast"
	"go/token"
)

// place describes one node of a function.
type place struct {
	// what is the node, in an error.
	what string
	// match returns the node that is meant by one that has been come upon, given those around it,
	// the outermost first; nil for none.
	match func(node ast.Node, ancestors []ast.Node) ast.Node
	// marked: it is on the line that is marked for the mutant.
	marked bool
}

// marked is the node of those described that is on the marked line.
func marked(at place) place {
	at.marked = true
	return at
}

// condition is that of an if, of a for, or of a case of a switch that has no value.
var condition = place{what: "a condition", match: func(node ast.Node, ancestors []ast.Node) ast.Node {
	switch of := node.(type) {
	case *ast.IfStmt:
		return of.Cond
	case *ast.ForStmt:
		if of.Cond != nil {
			return of.Cond
		}
	case *ast.CaseClause:
		around, isSwitch := ancestors[len(ancestors)-2].(*ast.SwitchStmt)
		if isSwitch && around.Tag == nil && len(of.List) == 1 {
			return of.List[0]
		}
	}
	return nil
}}

// statement is one of a list of statements.
var statement = place{what: "a statement", match: func(node ast.Node, ancestors []ast.Node) ast.Node {
	if len(ancestors) > 0 && isListed(node, ancestors[len(ancestors)-1]) {
		return node
	}
	return nil
}}

// call is a call of a function or a method of that name.
func call(name string) place {
	return place{what: "a call of " + name, match: func(node ast.Node, _ []ast.Node) ast.Node {
		if of, isCall := node.(*ast.CallExpr); isCall && calleeOf(of) == name {
			return of
		}
		return nil
	}}
}

// conditionOf is the whole boolean expression in which a function of that name is called.
func conditionOf(name string) place {
	return around(call(name), "a condition with ", func(node ast.Node, ancestors []ast.Node) ast.Node {
		for i := len(ancestors) - 1; i >= 0 && isLogical(ancestors[i]); i-- {
			node = ancestors[i]
		}
		return node
	})
}

// statementOf is the statement in which a function of that name is called.
func statementOf(name string) place {
	return around(call(name), "a statement with ", func(node ast.Node, ancestors []ast.Node) ast.Node {
		for i := len(ancestors) - 1; i >= 0; i-- {
			if isListed(node, ancestors[i]) {
				return node
			}
			node = ancestors[i]
		}
		return nil
	})
}

// valueOf is the value that a composite literal gives to the field of that name.
func valueOf(field string) place {
	return place{what: "a value of the field " + field, match: func(node ast.Node, _ []ast.Node) ast.Node {
		if pair, isPair := node.(*ast.KeyValueExpr); isPair {
			if key, isName := pair.Key.(*ast.Ident); isName && key.Name == field {
				return pair.Value
			}
		}
		return nil
	}}
}

// around is what surrounds another place.
func around(inner place, prefix string, outer func(node ast.Node, ancestors []ast.Node) ast.Node) place {
	return place{what: prefix + inner.what, match: func(node ast.Node, ancestors []ast.Node) ast.Node {
		if inner.match(node, ancestors) == nil {
			return nil
		}
		return outer(node, ancestors)
	}}
}

// isListed reports whether a node is a statement of a list that its parent has. The statement at
// the head of an if is none.
func isListed(node, parent ast.Node) bool {
	_, isStatement := node.(ast.Stmt)
	switch parent.(type) {
	case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
		return isStatement
	}
	return false
}

// isLogical reports whether an expression has a boolean value of its parts.
func isLogical(node ast.Node) bool {
	switch of := node.(type) {
	case *ast.ParenExpr:
		return true
	case *ast.UnaryExpr:
		return of.Op == token.NOT
	case *ast.BinaryExpr:
		switch of.Op {
		case token.LAND, token.LOR, token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
			return true
		}
	}
	return false
}

// calleeOf is the name of the function or method that is called; empty where it has none.
func calleeOf(of *ast.CallExpr) string {
	switch callee := of.Fun.(type) {
	case *ast.Ident:
		return callee.Name
	case *ast.SelectorExpr:
		return callee.Sel.Name
	}
	return ""
}
