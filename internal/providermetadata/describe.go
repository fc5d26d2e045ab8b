// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package providermetadata

import (
	"fmt"
	"slices"
	"strings"

	"github.com/synqly/ticketing-operator/internal/controller/status"
)

const (
	// mostNamed is how many of the known names a message lists, and longestName how many characters
	// of each.
	mostNamed   = 10
	longestName = 64
	// mostTold is how many findings a message tells.
	mostTold = 5
)

// Describe is one message about several findings.
func Describe(findings []Finding) string {
	told := make([]string, 0, mostTold+1)
	for i, finding := range findings {
		if i == mostTold {
			told = append(told, fmt.Sprintf("and %d more", len(findings)-i))
			break
		}
		told = append(told, finding.Message)
	}
	return strings.Join(told, "; ")
}

func (m *Metadata) describeProject(wanted string) string {
	return m.told("project", wanted, func() string {
		candidates := slices.Clone(m.projects.ids)
		for text := range m.projects.byName {
			candidates = append(candidates, text)
		}
		said := fmt.Sprintf("project %s is none of the %d that the provider has (%s)", quote(wanted), len(m.projects.ids), known(m.projects.shown()))
		meant := closest(wanted, candidates)
		if index, _, unique := m.projects.find(meant); unique {
			return said + question(m.projects.ids[index], m.projects.names[index])
		}
		return said + question(meant, "")
	})
}

// shown are the projects by the ID, which is what to write, and the name.
func (p *Projects) shown() []string {
	shown := make([]string, len(p.ids))
	for i, id := range p.ids {
		shown[i] = id + inBrackets(p.names[i], id)
	}
	return shown
}

// inBrackets is a text beside another one that it adds something to.
func inBrackets(text, beside string) string {
	if text == "" || text == beside {
		return ""
	}
	return " (" + status.Truncate(text, longestName) + ")"
}

// describeField tells of a custom field that the tickets of a project cannot have. Fields of that
// name are those of other projects.
func (m *Metadata) describeField(wanted Wanted, wrong mistake) string {
	return m.told("field of "+wanted.scope(), wrong.field, func() string {
		has := m.fieldsOf(wanted)
		var custom, names []string
		for _, field := range m.fields.all {
			if !has(field) {
				continue
			}
			names = append(names, field.names()...)
			if field.custom {
				custom = append(custom, field.id)
			}
		}
		owner := "the provider"
		if _, _, certain := m.projects.find(wanted.scope()); certain {
			owner = "project " + quote(wanted.scope())
		}
		said := fmt.Sprintf("customFields has %s, which is no field of %s", quote(wrong.field), owner)
		if elsewhere := m.projectsOf(wrong.fields); len(elsewhere) > 0 {
			said += fmt.Sprintf(" but of other projects (%s)", known(elsewhere))
		}
		if len(custom) > 0 {
			said += fmt.Sprintf("; the custom fields are %s", known(custom))
		}
		return said + question(closest(wrong.field, names), "")
	})
}

// projectsOf are the IDs of the projects that have fields.
func (m *Metadata) projectsOf(fields []*field) []string {
	var ids []string
	for _, field := range fields {
		for _, project := range field.projects {
			id := m.fields.projects[project]
			if index, _, unique := m.projects.find(id); unique {
				id = m.projects.ids[index]
			}
			ids = append(ids, id)
		}
	}
	return ids
}

// describeValue tells of a value that no field of its name takes.
func describeValue(wrong mistake) string {
	var kinds, values []string
	for _, field := range wrong.fields {
		if field.kind == "enum" {
			values = append(values, field.values...)
		} else if kind := "a " + field.kind; !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	said := fmt.Sprintf("customFields has %s with a value of the type %s", quote(wrong.field), wrong.kind)
	if len(values) > 0 {
		said = fmt.Sprintf("customFields has %s with the value %s, which is none of those that the field takes (%s)", quote(wrong.field), quote(wrong.value), known(values))
	}
	if len(kinds) > 0 {
		said += "; it has to be " + strings.Join(kinds, " or ")
	}
	return said + question(closest(wrong.value, values), "")
}

// told is what is said of a wrong text, which is kept for the next ticket with the same mistake.
// kind says what the text is.
func (m *Metadata) told(kind, text string, say func() string) string {
	key := [2]string{kind, text}
	if said, known := m.messages.Get(key); known {
		return said.(string)
	}
	said := say()
	m.messages.Add(key, said)
	return said
}

// known lists names, sorted and each once, the first of many.
func known(names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	names = slices.Compact(names)
	more := ""
	if len(names) > mostNamed {
		more = fmt.Sprintf(" and %d more", len(names)-mostNamed)
		names = names[:mostNamed]
	}
	shown := make([]string, len(names))
	for i, name := range names {
		shown[i] = status.Truncate(name, longestName)
	}
	return strings.Join(shown, ", ") + more
}

func quote(text string) string { return fmt.Sprintf("%q", status.Truncate(text, longestName)) }

// question asks whether a name was meant, of what is called so; nothing where there is none.
func question(name, called string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s%s?", quote(name), inBrackets(called, name))
}
