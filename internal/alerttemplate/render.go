// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerttemplate

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// Limits of a Ticket's fields, in characters.
const (
	maxLine        = 1024
	maxShortLine   = 255
	maxDescription = 65536
)

// field is a field of a ticket that is one text.
type field struct {
	name string
	of   func(*v1alpha1.TicketTemplate) string
	in   func(*v1alpha1.TicketSpec) *string
	// text makes the value of the field from what the template has made.
	text func(string) (string, error)
	// fallback is the value without a template. Without it, the field is not set.
	fallback func(*Data) string
}

// fields are all of them but the priority, whose type is its own, and those with several values.
var fields = []field{
	{name: "name", of: func(t *v1alpha1.TicketTemplate) string { return t.Name }, in: func(s *v1alpha1.TicketSpec) *string { return &s.Name }, text: line(maxLine)},
	{name: "summary", of: func(t *v1alpha1.TicketTemplate) string { return t.Summary }, in: func(s *v1alpha1.TicketSpec) *string { return &s.Summary }, text: required(line(maxLine)), fallback: defaultSummary},
	{name: "description", of: func(t *v1alpha1.TicketTemplate) string { return t.Description }, in: func(s *v1alpha1.TicketSpec) *string { return &s.Description }, text: markdown, fallback: defaultDescription},
	{name: "priority", of: func(t *v1alpha1.TicketTemplate) string { return t.Priority }, in: func(s *v1alpha1.TicketSpec) *string { return (*string)(&s.Priority) }, text: priority, fallback: defaultPriority},
	{name: "status", of: func(t *v1alpha1.TicketTemplate) string { return t.Status }, in: func(s *v1alpha1.TicketSpec) *string { return &s.Status }, text: line(maxShortLine)},
	{name: "project", of: func(t *v1alpha1.TicketTemplate) string { return t.Project }, in: func(s *v1alpha1.TicketSpec) *string { return &s.Project }, text: line(maxShortLine)},
	{name: "issueType", of: func(t *v1alpha1.TicketTemplate) string { return t.IssueType }, in: func(s *v1alpha1.TicketSpec) *string { return &s.IssueType }, text: line(maxShortLine)},
	{name: "assignee", of: func(t *v1alpha1.TicketTemplate) string { return t.Assignee }, in: func(s *v1alpha1.TicketSpec) *string { return &s.Assignee }, text: line(maxShortLine)},
	{name: "contact", of: func(t *v1alpha1.TicketTemplate) string { return t.Contact }, in: func(s *v1alpha1.TicketSpec) *string { return &s.Contact }, text: line(maxShortLine)},
	{name: "creator", of: func(t *v1alpha1.TicketTemplate) string { return t.Creator }, in: func(s *v1alpha1.TicketSpec) *string { return &s.Creator }, text: line(maxShortLine)},
}

// Render makes the fields of a ticket. A template that fails costs its field alone, which then gets
// its default; the errors say which, with the position.
func Render(templates *v1alpha1.TicketTemplate, data *Data, now func() time.Time) (*v1alpha1.TicketSpec, []error) {
	spec := &v1alpha1.TicketSpec{}
	run := newRendering(data, now)
	var failed []error
	for _, each := range fields {
		value, err := each.render(templates, run)
		if err != nil {
			failed = append(failed, err)
		}
		*each.in(spec) = value
	}
	tags, errs := run.tags(templates.Tags)
	spec.Tags, failed = tags, append(failed, errs...)
	custom, errs := run.customFields(templates.CustomFields)
	spec.CustomFields, failed = custom, append(failed, errs...)
	return spec, failed
}

// Check names what is wrong with the templates of a receiver: each that cannot be parsed, and each
// that uses a field which the data of no alert has.
func Check(templates *v1alpha1.TicketTemplate) []error {
	run := newRendering(example(), time.Now)
	var wrong []error
	check := func(path, text string) {
		parsed, err := Parse(path, text)
		if err == nil {
			_, err = run.execute(parsed)
			if err == nil || !strings.Contains(err.Error(), "can't evaluate field") {
				return // It may depend on the alerts whether it works.
			}
		}
		wrong = append(wrong, err)
	}
	for _, each := range fields {
		check(pathOf(each.name), each.of(templates))
	}
	for i, tag := range templates.Tags {
		check(pathOf(fmt.Sprintf("tags[%d]", i)), tag)
	}
	for _, name := range slices.Sorted(maps.Keys(templates.CustomFields)) {
		if text, isText := textOf(templates.CustomFields[name]); isText {
			check(pathOf("customFields."+name), text)
		}
	}
	return wrong
}

// rendering is the work on the fields of one ticket.
type rendering struct {
	data *Data
	now  func() time.Time
	// deadline ends all of it.
	deadline time.Time
}

func newRendering(data *Data, now func() time.Time) rendering {
	return rendering{data: data, now: now, deadline: time.Now().Add(maxTicketTime)}
}

func (r rendering) execute(template *Template) (string, error) {
	own := time.Now().Add(maxTime)
	if r.deadline.Before(own) {
		own = r.deadline
	}
	return template.execute(own, r.data, r.now)
}

func (r rendering) text(path, template string) (string, error) {
	parsed, err := Parse(path, template)
	if err != nil {
		return "", err
	}
	return r.execute(parsed)
}

func pathOf(field string) string { return "spec.ticket." + field }

// render makes the value of the field: from its template, else its default.
func (f field) render(templates *v1alpha1.TicketTemplate, run rendering) (string, error) {
	var failed error
	if template := f.of(templates); template != "" {
		value, err := f.renderTemplate(template, run)
		if err == nil {
			return value, nil
		}
		failed = err
	}
	if f.fallback == nil {
		return "", failed
	}
	value, err := f.text(f.fallback(run.data))
	if err != nil {
		return "", err
	}
	return value, failed
}

func (f field) renderTemplate(template string, run rendering) (string, error) {
	made, err := run.text(pathOf(f.name), template)
	if err != nil {
		return "", err
	}
	value, err := f.text(made)
	if err != nil {
		return "", fmt.Errorf("%s: %w", pathOf(f.name), err)
	}
	return value, nil
}

// reservedTag is a tag that a Ticket does not take.
var reservedTag = regexp.MustCompile(`^(?i:k8s-[0-9a-f]{32})$`)

func (r rendering) tags(templates []string) ([]string, []error) {
	var (
		tags   []string
		failed []error
	)
	for i, template := range templates {
		path := pathOf(fmt.Sprintf("tags[%d]", i))
		made, err := r.text(path, template)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		tag := status.Truncate(oneLine(strings.ReplaceAll(made, ",", " ")), maxShortLine)
		switch {
		case reservedTag.MatchString(tag):
			failed = append(failed, fmt.Errorf("%s: the tag %q is reserved for the operator", path, tag))
		case tag != "" && !slices.Contains(tags, tag):
			tags = append(tags, tag)
		}
	}
	return tags, failed
}

func (r rendering) customFields(templates map[string]apiextensionsv1.JSON) (map[string]apiextensionsv1.JSON, []error) {
	var failed []error
	made := map[string]apiextensionsv1.JSON{}
	for _, name := range slices.Sorted(maps.Keys(templates)) {
		template, isText := textOf(templates[name])
		if !isText {
			made[name] = templates[name]
			continue
		}
		text, err := r.text(pathOf("customFields."+name), template)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		encoded, err := json.Marshal(status.Truncate(text, maxDescription))
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", pathOf("customFields."+name), err))
			continue
		}
		made[name] = apiextensionsv1.JSON{Raw: encoded}
	}
	if len(made) == 0 {
		return nil, failed
	}
	return made, failed
}

// textOf is the text of a JSON value that is one.
func textOf(value apiextensionsv1.JSON) (string, bool) {
	var text string
	err := json.Unmarshal(value.Raw, &text)
	return text, err == nil && string(value.Raw) != "null"
}

// line makes one line of a text.
func line(characters int) func(string) (string, error) {
	return func(text string) (string, error) { return status.Truncate(oneLine(text), characters), nil }
}

// required refuses a text that is empty.
func required(text func(string) (string, error)) func(string) (string, error) {
	return func(made string) (string, error) {
		value, err := text(made)
		if err == nil && value == "" {
			err = fmt.Errorf("the template makes no text")
		}
		return value, err
	}
}

func markdown(text string) (string, error) {
	return status.Truncate(strings.TrimSpace(text), maxDescription), nil
}

// knownPriorities are those of a Ticket.
var knownPriorities = []string{"URGENT", "CRITICAL", "HIGH", "MEDIUM", "MODERATE", "LOW", "PLANNING"}

// priority is one of a Ticket, in any case, or what the label severity may say.
func priority(text string) (string, error) {
	text = oneLine(text)
	upper := strings.ToUpper(text)
	if upper == "" || slices.Contains(knownPriorities, upper) {
		return upper, nil
	}
	if known, is := priorities[strings.ToLower(text)]; is {
		return string(known), nil
	}
	return "", fmt.Errorf("%q is no priority: it must be one of %s", status.Truncate(text, 64), strings.Join(knownPriorities, ", "))
}

// oneLine joins the words of a text with single spaces.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}
