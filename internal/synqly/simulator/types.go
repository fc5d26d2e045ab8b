// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Ticket is a ticket as the simulated ticketing system holds it (schema Ticket of the Synqly
// Connector API). An optional text that is empty is one that is not set: it goes over the wire as
// null.
type Ticket struct {
	ID             string
	Name           string
	Summary        string
	Description    string
	Creator        string
	Assignee       string
	Contact        string
	Priority       string // URGENT, CRITICAL, HIGH, MEDIUM, MODERATE, LOW, PLANNING; empty when none was set.
	Status         string
	Project        string
	IssueType      string
	Parent         string
	DueDate        *time.Time
	CompletionDate *time.Time
	Tags           []string
	// CustomFields are JSON values as encoding/json decodes them, with one difference: a number
	// that a float64 would write in another way than it arrived stays a json.Number, so that
	// nothing is lost.
	CustomFields map[string]any
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// ticketDocument is a ticket as a JSON document in which every optional member is present, which is
// what a JSON Patch is applied to. The members of an answer are the same, except for priority and
// parent, which have no null there.
type ticketDocument struct {
	ID             string         `json:"id"`
	Name           string         `json:"name"`
	Summary        string         `json:"summary"`
	Description    *string        `json:"description"`
	Status         string         `json:"status"`
	Priority       *string        `json:"priority"`
	Project        string         `json:"project"`
	IssueType      string         `json:"issue_type"`
	Creator        *string        `json:"creator"`
	Assignee       *string        `json:"assignee"`
	Contact        *string        `json:"contact"`
	Parent         *string        `json:"parent"`
	DueDate        *time.Time     `json:"due_date"`
	CompletionDate *time.Time     `json:"completion_date"`
	Tags           []string       `json:"tags"`
	CustomFields   map[string]any `json:"custom_fields"`
	Attachments    []Attachment   `json:"attachments"`
	CreatedAt      time.Time      `json:"created_at"`
	UpdatedAt      time.Time      `json:"updated_at"`
}

// ticketAnswer is a ticket in an answer.
type ticketAnswer struct {
	ticketDocument

	Priority string `json:"priority,omitempty"`
	Parent   string `json:"parent,omitempty"`
}

func (t Ticket) document(attachments []Attachment) ticketDocument {
	if attachments == nil {
		attachments = []Attachment{}
	}
	tags := t.Tags
	if tags == nil {
		tags = []string{}
	}
	customFields := t.CustomFields
	if customFields == nil {
		customFields = map[string]any{}
	}
	return ticketDocument{
		ID: t.ID, Name: t.Name, Summary: t.Summary, Description: nullable(t.Description), Status: t.Status,
		Priority: nullable(t.Priority), Project: t.Project, IssueType: t.IssueType, Creator: nullable(t.Creator),
		Assignee: nullable(t.Assignee), Contact: nullable(t.Contact), Parent: nullable(t.Parent), DueDate: t.DueDate,
		CompletionDate: t.CompletionDate, Tags: tags, CustomFields: customFields, Attachments: attachments,
		CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt,
	}
}

func (t Ticket) answer(attachments []Attachment) ticketAnswer {
	return ticketAnswer{ticketDocument: t.document(attachments), Priority: t.Priority, Parent: t.Parent}
}

// MarshalJSON writes the ticket as the API answers it, without its attachments.
func (t Ticket) MarshalJSON() ([]byte, error) { return json.Marshal(t.answer(nil)) }

// ticket returns what the document says of a ticket.
func (d ticketDocument) ticket() Ticket {
	return Ticket{
		ID: d.ID, Name: d.Name, Summary: d.Summary, Description: text(d.Description), Status: d.Status,
		Priority: text(d.Priority), Project: d.Project, IssueType: d.IssueType, Creator: text(d.Creator),
		Assignee: text(d.Assignee), Contact: text(d.Contact), Parent: text(d.Parent), DueDate: inUTC(d.DueDate),
		CompletionDate: inUTC(d.CompletionDate), Tags: d.Tags, CustomFields: exactNumbers(d.CustomFields).(map[string]any),
		CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(),
	}
}

// UnmarshalJSON reads a ticket as the API answers it.
func (t *Ticket) UnmarshalJSON(data []byte) error {
	var document ticketDocument
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		return err
	}
	*t = document.ticket()
	return nil
}

func (t Ticket) clone() Ticket {
	t.Tags = slices.Clone(t.Tags)
	t.CustomFields = cloneJSON(t.CustomFields).(map[string]any)
	t.DueDate, t.CompletionDate = inUTC(t.DueDate), inUTC(t.CompletionDate)
	return t
}

// Comment is a comment on a ticket (schema Comment).
type Comment struct {
	ID        string     `json:"id"`
	TicketID  string     `json:"ticket_id"`
	Creator   string     `json:"creator"`
	Content   string     `json:"content"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt *time.Time `json:"updated_at"`
}

// Note is a note on a ticket (schema Note).
type Note struct {
	ID        string     `json:"id"`
	TicketID  string     `json:"ticket_id"`
	Title     string     `json:"title"`
	Content   string     `json:"content"`
	Creator   string     `json:"creator"`
	CreatedAt time.Time  `json:"created_at"`
	UpdatedAt *time.Time `json:"updated_at"`
}

// Attachment is a file on a ticket. Its wire form is the schema AttachmentMetadata, without the
// content.
type Attachment struct {
	ID          string    `json:"id"`
	TicketID    string    `json:"ticket_id"`
	FileName    string    `json:"file_name"`
	FileType    string    `json:"file_type"` // A media type, told from the content.
	FileSize    int       `json:"file_size"` // In bytes.
	Creator     string    `json:"creator"`
	CreatedDate time.Time `json:"created_date"`
	Content     []byte    `json:"-"`
}

// Project is what tickets are in (schema Project).
type Project struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// RemoteField is a field of the ticketing system (schema RemoteField).
type RemoteField struct {
	FieldID           string             `json:"field_id"`
	FieldScope        string             `json:"field_scope"` // standard, integration_custom, project_custom, ticket_custom, unknown.
	ProviderFieldName string             `json:"provider_field_name"`
	Schema            *RemoteFieldSchema `json:"schema,omitempty"`
	ProviderFieldPath *string            `json:"provider_field_path"`
	ProjectID         *string            `json:"project_id"`
}

// RemoteFieldSchema says what a field takes.
type RemoteFieldSchema struct {
	FieldTypeID string   `json:"field_type_id"` // string, number, enum, other.
	EnumValues  []string `json:"enum_values,omitempty"`
}

// Request is one entry of the request log. It has no headers, and so no token.
type Request struct {
	Time      time.Time `json:"time"`
	Operation string    `json:"operation"` // Empty when the request matched none.
	Method    string    `json:"method"`
	Path      string    `json:"path"`  // Escaped, as sent.
	Query     string    `json:"query"` // Escaped, as sent.
	Status    int       `json:"status"`
	// Performed is true when the operation was carried out with success, whatever the answer said.
	Performed bool `json:"performed"`
	// Fault describes the injected fault that acted on the request, empty when none did.
	Fault string `json:"fault,omitempty"`
	// Body is what was sent, cut after 64 KiB.
	Body []byte `json:"-"`
}

// nullable turns an empty text into a null.
func nullable(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func text(nullable *string) string {
	if nullable == nil {
		return ""
	}
	return *nullable
}

func inUTC(moment *time.Time) *time.Time {
	if moment == nil {
		return nil
	}
	utc := moment.UTC()
	return &utc
}

// cloneJSON copies a decoded JSON value. A nil map becomes an empty one.
func cloneJSON(value any) any {
	switch typed := value.(type) {
	case map[string]any:
		copied := make(map[string]any, len(typed))
		for name, member := range typed {
			copied[name] = cloneJSON(member)
		}
		return copied
	case []any:
		copied := make([]any, len(typed))
		for i, element := range typed {
			copied[i] = cloneJSON(element)
		}
		return copied
	default:
		return value
	}
}

// exactNumbers turns each json.Number into a float64 where that is written in the same way, and
// leaves the others.
func exactNumbers(value any) any {
	switch typed := value.(type) {
	case map[string]any:
		copied := maps.Clone(typed)
		if copied == nil {
			copied = map[string]any{}
		}
		for name, member := range copied {
			copied[name] = exactNumbers(member)
		}
		return copied
	case []any:
		copied := slices.Clone(typed)
		for i, element := range copied {
			copied[i] = exactNumbers(element)
		}
		return copied
	case json.Number:
		number, err := typed.Float64()
		if err == nil && strconv.FormatFloat(number, 'f', -1, 64) == typed.String() {
			return number
		}
		return typed
	default:
		return value
	}
}
