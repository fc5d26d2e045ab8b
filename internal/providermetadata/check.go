// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package providermetadata

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// Wanted is what a ticket asks for.
type Wanted struct {
	// Project is what a request names; empty where it names none.
	Project string
	// FieldsOf is the project whose fields the ticket has; empty where that is Project.
	FieldsOf string
	// CustomFields by name.
	CustomFields map[string]apiextensionsv1.JSON
}

// scope is the project whose fields the ticket has.
func (w Wanted) scope() string { return cmp.Or(w.FieldsOf, w.Project) }

// Finding is one thing that does not fit what the provider has.
type Finding struct {
	// Field is the field of the ticket's spec: project, or customFields/ and a name.
	Field string
	// Reason is that of the condition.
	Reason string
	// Message says what is wrong, what is known, and what was probably meant.
	Message string
}

// mistake is a Finding that is not told yet.
type mistake struct {
	reason string
	// field is the name of the custom field, kind the JSON type of its value, and value the text in
	// it that is wrong.
	field, kind, value string
	// fields are those of the provider that have the name.
	fields []*field
}

// Fits reports whether Check finds nothing.
func (m *Metadata) Fits(wanted Wanted) bool { return len(m.mistakes(wanted)) == 0 }

// Check compares what a ticket asks for with what the provider has. What is not known for certain
// is nothing that it finds: lists that are not complete, types that are not documented, and names
// and values that differ in the case alone.
func (m *Metadata) Check(wanted Wanted) []Finding {
	mistakes := m.mistakes(wanted)
	findings := make([]Finding, 0, len(mistakes))
	for _, found := range mistakes {
		finding := Finding{Field: "customFields/" + found.field, Reason: found.reason}
		switch found.reason {
		case v1alpha1.ReasonUnknownProject:
			finding.Field, finding.Message = "project", m.describeProject(wanted.Project)
		case v1alpha1.ReasonUnknownField:
			finding.Message = m.describeField(wanted, found)
		default:
			finding.Message = describeValue(found)
		}
		findings = append(findings, finding)
	}
	return findings
}

func (m *Metadata) mistakes(wanted Wanted) []mistake {
	if m == nil {
		return nil
	}
	var mistakes []mistake
	if wanted.Project != "" && m.projects.complete() {
		if _, known, _ := m.projects.find(wanted.Project); !known {
			mistakes = append(mistakes, mistake{reason: v1alpha1.ReasonUnknownProject})
		}
	}
	if len(wanted.CustomFields) == 0 || !m.fields.complete() {
		return mistakes
	}
	for _, name := range slices.Sorted(maps.Keys(wanted.CustomFields)) {
		if found, isWrong := m.mistakeIn(wanted, name); isWrong {
			mistakes = append(mistakes, found)
		}
	}
	return mistakes
}

// mistakeIn is what is wrong with one custom field. Of several fields of one name it has to fit
// one.
func (m *Metadata) mistakeIn(wanted Wanted, name string) (found mistake, isWrong bool) {
	named, has := m.fields.byName[fold(name)], m.fieldsOf(wanted)
	usable := slices.DeleteFunc(slices.Clone(named), func(f *field) bool { return !has(f) })
	if len(usable) == 0 {
		return mistake{reason: v1alpha1.ReasonUnknownField, field: name, fields: named}, true
	}
	value := wanted.CustomFields[name].Raw
	for _, field := range usable {
		wrong, unfit := field.unfit(value)
		if !unfit {
			return mistake{}, false
		}
		found.value = wrong
	}
	return mistake{reason: v1alpha1.ReasonInvalidValue, field: name, kind: jsonType(value), value: found.value, fields: usable}, true
}

// fieldsOf returns a function that reports whether tickets of the wanted project can have a field.
// Where that is not certain, they can.
func (m *Metadata) fieldsOf(wanted Wanted) func(*field) bool {
	index, _, certain := m.projects.find(wanted.scope())
	if !certain {
		return func(*field) bool { return true }
	}
	return func(f *field) bool {
		return f.everywhere || slices.ContainsFunc(f.projects, func(project int32) bool {
			other, _, isCertain := m.projects.find(m.fields.projects[project])
			return !isCertain || other == index
		})
	}
}

// unfit reports whether a field does not take a value, and which part of it. Null clears a field of
// any type.
func (f *field) unfit(value json.RawMessage) (wrong string, unfit bool) {
	kind := jsonType(value)
	switch {
	case kind == "null":
		return "", false
	case f.kind == "number":
		return "", kind != "number"
	case f.kind == "string":
		// What is no scalar is the provider's own form of a text.
		return "", kind == "number" || kind == "boolean"
	case f.kind == "enum" && len(f.values) > 0:
		return f.unfitValue(value)
	}
	return "", false
}

// unfitValue looks for a value among those of an enumeration: the text, or that of an object with
// an ID or a name. All those of a list have to be there.
func (f *field) unfitValue(value json.RawMessage) (wrong string, unfit bool) {
	switch jsonType(value) {
	case "list":
		var elements []json.RawMessage
		if json.Unmarshal(value, &elements) != nil {
			return "", false
		}
		for _, element := range elements {
			if wrong, unfit := f.unfitValue(element); unfit {
				return wrong, true
			}
		}
		return "", false
	case "object":
		return f.unfitOption(value)
	}
	text, isScalar := scalar(value)
	return text, isScalar && text != "" && !f.allows(text)
}

// unfitOption looks for an object that names a value. One that has none of the usual members says
// nothing.
func (f *field) unfitOption(value json.RawMessage) (wrong string, unfit bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(value, &members) != nil {
		return "", false
	}
	for _, name := range []string{"id", "name", "value", "key"} {
		text, isScalar := scalar(members[name])
		switch {
		case !isScalar:
		case f.allows(text):
			return "", false
		case wrong == "":
			wrong, unfit = text, true
		}
	}
	return wrong, unfit
}

func (f *field) allows(text string) bool {
	text = fold(text)
	return slices.ContainsFunc(f.values, func(allowed string) bool { return fold(allowed) == text })
}
