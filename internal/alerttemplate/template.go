// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package alerttemplate makes the texts of tickets from alerts: with the templates of an
// AlertReceiver, which have the data and the functions of Alertmanager's, or without.
//
// A template is written by whoever may write an AlertReceiver, and what it is executed with comes
// from whoever may send alerts. So each execution is bounded in time, steps and size, and no
// function reaches files, the environment or the network.
package alerttemplate

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/template"
	"text/template/parse"
	"time"
)

const (
	// maxSteps bounds the actions and the rounds of loops of one execution. A table of 100 alerts
	// with 20 labels each takes about 10,000.
	maxSteps = 200_000
	// maxTime bounds the time of one execution. An honest one takes milliseconds.
	maxTime = 2 * time.Second
	// maxTicketTime bounds that of all templates of a ticket together, which there may be a hundred
	// of: the controllers' workers are everybody's.
	maxTicketTime = 5 * time.Second
	// maxSize bounds, in bytes, what an execution writes and each text and list that it makes on
	// the way.
	maxSize = 256 << 10
)

// Template is the template of one field.
type Template struct {
	field  string
	parsed *template.Template
}

// Parse parses the template of a field. The error names the field and the line.
func Parse(field, text string) (*Template, error) {
	parsed, err := template.New(field).Option("missingkey=zero").Funcs(functions(time.Now)).Funcs((&execution{}).functions()).Parse(text)
	if err != nil {
		return nil, forPeople(err)
	}
	for _, each := range parsed.Templates() {
		if each.Tree == nil {
			continue
		}
		if err := bound(each.Tree); err != nil {
			return nil, fmt.Errorf("%s: %w", field, err)
		}
	}
	if err := checkCalls(parsed); err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	return &Template{field: field, parsed: parsed}, nil
}

// execute makes the text of the field, until the deadline at most. now is the time that the
// functions now and since see.
func (t *Template) execute(deadline time.Time, data *Data, now func() time.Time) (string, error) {
	// A template that its receiver's controller has parsed may be executed by several reconciles at
	// once, each with bounds of its own.
	own, err := t.parsed.Clone()
	if err != nil {
		return "", fmt.Errorf("%s: %w", t.field, err)
	}
	running := &execution{deadline: deadline}
	own.Funcs(functions(now)).Funcs(running.functions())
	var text boundedText
	err = own.Execute(&text, data)
	for _, exceeded := range []error{errTooLarge, errTooManySteps, errTooSlow} {
		if errors.Is(err, exceeded) {
			// What stands around it names functions that nobody has written.
			return "", fmt.Errorf("%s: %w", t.field, exceeded)
		}
	}
	if err != nil {
		return "", forPeople(err)
	}
	return text.String(), nil
}

// goType is a type of Go, as text/template names it in an error.
var goType = regexp.MustCompile(` (in|of) type [*\[\]]*[a-z]+\.[A-Za-z]+`)

// forPeople is an error of text/template without the word template before the field's name, and
// without the types of Go, which say nothing to those who write templates.
func forPeople(err error) error {
	return errors.New(goType.ReplaceAllStringFunc(strings.TrimPrefix(err.Error(), "template: "), func(named string) string {
		if strings.HasPrefix(named, " in ") {
			return ""
		}
		return " of the wrong type"
	}))
}

// boundedText is a writer that fails when there is too much.
type boundedText struct{ strings.Builder }

func (b *boundedText) Write(text []byte) (int, error) {
	if b.Len()+len(text) > maxSize {
		return 0, errTooLarge
	}
	return b.Builder.Write(text)
}

// checkCalls makes sure that each template that is called exists, and that none calls itself, which
// would only end when the stack does.
func checkCalls(all *template.Template) error {
	calls := map[string][]string{}
	for _, each := range all.Templates() {
		if each.Tree == nil {
			continue
		}
		walk(each.Root, func(node parse.Node) {
			if call, isCall := node.(*parse.TemplateNode); isCall {
				calls[each.Name()] = append(calls[each.Name()], call.Name)
			}
		})
	}
	var visit func(name string, above []string) error
	done := map[string]bool{}
	visit = func(name string, above []string) error {
		for _, caller := range above {
			if caller == name {
				return fmt.Errorf("template %q calls itself", name)
			}
		}
		if done[name] {
			return nil
		}
		for _, called := range calls[name] {
			if defined := all.Lookup(called); defined == nil || defined.Tree == nil {
				return fmt.Errorf("template %q is not defined", called)
			}
			if err := visit(called, append(above, name)); err != nil {
				return err
			}
		}
		done[name] = true
		return nil
	}
	for name := range calls {
		if err := visit(name, nil); err != nil {
			return err
		}
	}
	return nil
}
