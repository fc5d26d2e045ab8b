// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// The limits of the fields of a Ticket, as its schema has them.
const (
	longestLine        = 1024
	longestWord        = 255
	longestDescription = 65536
	mostTags           = 100
	mostCustomFields   = 100
)

// importedField is a field of a remote ticket that the manifest of a Ticket can manage.
type importedField struct {
	name string
	// member is its name in the API.
	member string
	// byDefault: it is imported unless the user says otherwise. What people work with every day is
	// not: a ticket that moves on between import and apply would be moved back.
	byDefault bool
	// onlyOfItself: lists do not show it, or only its beginning.
	onlyOfItself bool
	// set takes the value over, and reports whether the schema of a Ticket allows it. A field that
	// is empty remotely is left out.
	set func(*v1alpha1.TicketSpec, *synqly.Ticket) bool
}

// importedFields are all but the summary, which a Ticket needs.
var importedFields = []importedField{
	{"name", "name", true, false, func(s *v1alpha1.TicketSpec, t *synqly.Ticket) bool { return setLine(&s.Name, t.Name, longestLine) }},
	{"description", "description", false, true, setDescription},
	{"priority", "priority", true, false, setPriority},
	{"project", "project", true, false, func(s *v1alpha1.TicketSpec, t *synqly.Ticket) bool {
		return setLine(&s.Project, t.Project, longestWord)
	}},
	{"issueType", "issue_type", true, false, func(s *v1alpha1.TicketSpec, t *synqly.Ticket) bool {
		return setLine(&s.IssueType, t.IssueType, longestWord)
	}},
	{"dueDate", "due_date", true, false, func(s *v1alpha1.TicketSpec, t *synqly.Ticket) bool { return setTime(&s.DueDate, t.DueDate) }},
	{"tags", "tags", true, false, setTags},
	{"status", "status", false, false, func(s *v1alpha1.TicketSpec, t *synqly.Ticket) bool { return setLine(&s.Status, t.Status, longestWord) }},
	{"assignee", "assignee", false, false, func(s *v1alpha1.TicketSpec, t *synqly.Ticket) bool {
		return setLine(&s.Assignee, t.Assignee, longestWord)
	}},
	{"contact", "contact", false, false, func(s *v1alpha1.TicketSpec, t *synqly.Ticket) bool {
		return setLine(&s.Contact, t.Contact, longestWord)
	}},
	{"creator", "creator", false, false, func(s *v1alpha1.TicketSpec, t *synqly.Ticket) bool {
		return setLine(&s.Creator, t.Creator, longestWord)
	}},
	{"completionDate", "completion_date", false, false, func(s *v1alpha1.TicketSpec, t *synqly.Ticket) bool {
		return setTime(&s.CompletionDate, t.CompletionDate)
	}},
	{"customFields", "custom_fields", false, true, setCustomFields},
}

func importedFieldNames() []string {
	names := make([]string, len(importedFields))
	for i, field := range importedFields {
		names[i] = field.name
	}
	return names
}

func defaultImportedFields() []string {
	var names []string
	for _, field := range importedFields {
		if field.byDefault {
			names = append(names, field.name)
		}
	}
	return names
}

// lineBreak are the characters that the schema allows in no line.
var lineBreak = regexp.MustCompile("[\r\n\v\f\u0085\u2028\u2029]")

// fitsLine reports whether the schema allows a text as a line.
func fitsLine(text string, longest int) bool {
	return strings.TrimSpace(text) != "" && utf8.RuneCountInString(text) <= longest && !lineBreak.MatchString(text)
}

func setLine(into *string, text string, longest int) bool {
	if text == "" {
		return true
	}
	if !fitsLine(text, longest) {
		return false
	}
	*into = text
	return true
}

func setDescription(spec *v1alpha1.TicketSpec, ticket *synqly.Ticket) bool {
	text := ticket.Description
	if text == "" {
		return true
	}
	if strings.TrimSpace(text) == "" || utf8.RuneCountInString(text) > longestDescription {
		return false
	}
	spec.Description = text
	return true
}

var priorities = []string{"URGENT", "CRITICAL", "HIGH", "MEDIUM", "MODERATE", "LOW", "PLANNING"}

func setPriority(spec *v1alpha1.TicketSpec, ticket *synqly.Ticket) bool {
	if ticket.Priority == "" {
		return true
	}
	if !slices.Contains(priorities, ticket.Priority) {
		return false
	}
	spec.Priority = v1alpha1.Priority(ticket.Priority)
	return true
}

// setTime takes a time over to the second, which is what the operator compares.
func setTime(into **metav1.Time, shown synqly.Timestamp) bool {
	if shown.Raw == "" && shown.Time.IsZero() {
		return true
	}
	if shown.Time.Year() < 1000 || shown.Time.Year() > 2999 {
		return false
	}
	*into = &metav1.Time{Time: shown.UTC().Truncate(time.Second)}
	return true
}

// operatorTag is a tag of the operator, which the schema reserves.
var operatorTag = regexp.MustCompile("^(?i:k8s-[0-9a-f]{32})$")

func setTags(spec *v1alpha1.TicketSpec, ticket *synqly.Ticket) bool {
	complete := true
	for _, tag := range ticket.Tags {
		switch {
		case operatorTag.MatchString(tag), slices.Contains(spec.Tags, tag):
		case !fitsLine(tag, longestWord), strings.Contains(tag, ","), len(spec.Tags) == mostTags:
			complete = false
		default:
			spec.Tags = append(spec.Tags, tag)
		}
	}
	return complete
}

func setCustomFields(spec *v1alpha1.TicketSpec, ticket *synqly.Ticket) bool {
	complete := true
	for name, value := range ticket.CustomFields {
		switch {
		// A null would clear the field.
		case len(value) == 0, string(value) == "null":
		case len(ticket.CustomFields) > mostCustomFields, !json.Valid(value):
			complete = false
		default:
			if spec.CustomFields == nil {
				spec.CustomFields = map[string]apiextensionsv1.JSON{}
			}
			spec.CustomFields[name] = apiextensionsv1.JSON{Raw: value}
		}
	}
	return complete
}
