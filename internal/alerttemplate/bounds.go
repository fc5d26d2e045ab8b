// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerttemplate

import (
	"fmt"
	"text/template"
	"text/template/parse"
	"time"
)

// text/template cannot be interrupted, and knows no limits but the depth of its calls. So every
// template is rewritten when it is parsed: behind each command of each pipeline stands a call of
// the function that bounds its value, behind those of a value that is written one that bounds its
// text, and each template and each round of a loop begins with one that counts it. All end the
// execution with an error.

var (
	errTooLarge     = fmt.Errorf("the text is longer than %d bytes", maxSize)
	errTooManySteps = fmt.Errorf("more than %d steps", maxSteps)
	errTooSlow      = fmt.Errorf("not finished in time: a template may take %s, and those of a ticket %s together", maxTime, maxTicketTime)
)

// maxArguments bounds the arguments of one call. Each of them is bounded itself.
const maxArguments = 64

const (
	boundFunction = "operatorBound"
	printFunction = "operatorPrint"
	stepFunction  = "operatorStep"
)

// execution is one execution of a template.
type execution struct {
	steps    int
	deadline time.Time
}

func (e *execution) functions() template.FuncMap {
	return template.FuncMap{boundFunction: e.bound, printFunction: e.print, stepFunction: e.step, "reReplaceAll": e.replaceAll}
}

// step counts a step. It makes no text.
func (e *execution) step() (string, error) {
	e.steps++
	switch {
	case e.steps > maxSteps:
		return "", errTooManySteps
	case time.Now().After(e.deadline):
		return "", errTooSlow
	}
	return "", nil
}

// bound counts a step and passes its value on, if that is not too large.
func (e *execution) bound(value any) (any, error) {
	if _, err := e.step(); err != nil {
		return nil, err
	}
	if sizeOf(value, maxSize) > maxSize {
		return nil, errTooLarge
	}
	return value, nil
}

// print passes on a value that is written, if its text is not too long.
func (e *execution) print(value any) (any, error) {
	return value, checkPrinted(value)
}

// sizeOf is how large a value is that a template can make: a text, or a list or map of such. It
// stops counting when it is more than enough. Alerts and their labels are bounded already, and
// count as nothing as long as no text is made of them.
func sizeOf(value any, enough int) int {
	size := 1
	switch value := value.(type) {
	case string:
		return len(value)
	case []string:
		for _, each := range value {
			if size += 1 + len(each); size > enough {
				break
			}
		}
	case []any:
		for _, each := range value {
			if size += sizeOf(each, enough-size); size > enough {
				break
			}
		}
	case map[string]any:
		for name, each := range value {
			if size += len(name) + sizeOf(each, enough-size); size > enough {
				break
			}
		}
	}
	return size
}

// boundCommand, printCommand and stepAction are the nodes that are put into templates.
var (
	boundCommand = action(boundFunction).Pipe.Cmds[0]
	printCommand = action(printFunction).Pipe.Cmds[0]
	stepAction   = action(stepFunction)
)

func action(function string) *parse.ActionNode {
	tree := template.Must(template.New("").Funcs((&execution{}).functions()).Parse("{{" + function + "}}"))
	return tree.Root.Nodes[0].(*parse.ActionNode)
}

// bound rewrites a template so that its execution is bounded.
func bound(tree *parse.Tree) error {
	var err error
	walk(tree.Root, func(node parse.Node) {
		switch node := node.(type) {
		case *parse.PipeNode:
			for _, command := range node.Cmds {
				if len(command.Args) > maxArguments+1 {
					err = fmt.Errorf("a call has more than %d arguments", maxArguments)
				}
			}
			node.Cmds = boundedCommands(node.Cmds)
		case *parse.ActionNode:
			if len(node.Pipe.Decl) == 0 { // It is written.
				node.Pipe.Cmds = append(node.Pipe.Cmds, printCommand.Copy().(*parse.CommandNode))
			}
		case *parse.RangeNode:
			node.List.Nodes = append([]parse.Node{stepAction.Copy()}, node.List.Nodes...)
		}
	})
	tree.Root.Nodes = append([]parse.Node{stepAction.Copy()}, tree.Root.Nodes...)
	return err
}

func boundedCommands(commands []*parse.CommandNode) []*parse.CommandNode {
	var bounded []*parse.CommandNode
	for _, command := range commands {
		bounded = append(bounded, command, boundCommand.Copy().(*parse.CommandNode))
	}
	return bounded
}

// walk visits a node and all below it, those below first.
func walk(node parse.Node, visit func(parse.Node)) {
	branch := func(of *parse.BranchNode) {
		walk(of.Pipe, visit)
		walk(of.List, visit)
		if of.ElseList != nil {
			walk(of.ElseList, visit)
		}
	}
	switch node := node.(type) {
	case *parse.ListNode:
		for _, each := range node.Nodes {
			walk(each, visit)
		}
	case *parse.ActionNode:
		walk(node.Pipe, visit)
	case *parse.IfNode:
		branch(&node.BranchNode)
	case *parse.WithNode:
		branch(&node.BranchNode)
	case *parse.RangeNode:
		branch(&node.BranchNode)
	case *parse.TemplateNode:
		if node.Pipe != nil {
			walk(node.Pipe, visit)
		}
	case *parse.PipeNode:
		for _, command := range node.Cmds {
			for _, argument := range command.Args {
				walk(argument, visit)
			}
		}
	case *parse.ChainNode:
		walk(node.Node, visit)
	}
	visit(node)
}
