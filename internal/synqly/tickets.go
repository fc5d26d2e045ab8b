// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Ticket is a ticket as the API returns it. A text that is null or absent is empty. A field of
// another type than the API documents is zero and named in Unreadable; only the ID has to be right.
type Ticket struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Summary   string    `json:"summary"`
	CreatedAt Timestamp `json:"created_at"`
	UpdatedAt Timestamp `json:"updated_at"`
	Creator   string    `json:"creator"`
	Assignee  string    `json:"assignee"`
	Contact   string    `json:"contact"`
	// Description is markdown. Providers convert it to a format of their own and back, so that it
	// may differ from what was sent.
	Description string `json:"description"`
	// Priority is URGENT, HIGH, MEDIUM or LOW, or one of the newer CRITICAL, MODERATE and PLANNING;
	// others are passed on.
	Priority       string    `json:"priority"`
	DueDate        Timestamp `json:"due_date"`
	CompletionDate Timestamp `json:"completion_date"`
	// Status is the provider's word, such as "To Do".
	Status    string   `json:"status"`
	Project   string   `json:"project"`
	IssueType string   `json:"issue_type"`
	Tags      []string `json:"tags"`
	// Parent is the ID of the parent ticket, where the provider has one.
	Parent      string               `json:"parent"`
	Attachments []AttachmentMetadata `json:"attachments"`
	// CustomFields are any JSON values by the name of their field.
	CustomFields map[string]json.RawMessage `json:"custom_fields"`
	// Unmapped is what the provider has beyond the API's model.
	Unmapped map[string]json.RawMessage `json:"unmapped"`
	// Unreadable says which fields could not be read, sorted, such as "due_date cannot be read: its
	// JSON type is number". Elements of tags and attachments that could not be read are missing
	// there, and one text names the first. A field in it is unknown, not empty.
	Unreadable []string `json:"-"`
}

func (t Ticket) remoteID() string { return t.ID }

func (t *Ticket) hidden() []string {
	return unreadableAmong(t.Unreadable, "name", "tags", "created_at")
}

// Readable reports whether all of the fields, by their JSON names, could be read completely.
func (t *Ticket) Readable(fields ...string) bool {
	return len(unreadableAmong(t.Unreadable, fields...)) == 0
}

// UnmarshalJSON reads field by field. It fails for what is no object, and for an ID that is no
// string.
func (t *Ticket) UnmarshalJSON(data []byte) (err error) {
	*t = Ticket{}
	t.Unreadable, err = decodeFields(data, t)
	return err
}

// CreateTicketRequest is a ticket to create. Name and Summary are required by the API and always
// sent; the rest is left out when empty.
type CreateTicketRequest struct {
	Name        string `json:"name"`
	Summary     string `json:"summary"`
	Creator     string `json:"creator,omitempty"`
	Assignee    string `json:"assignee,omitempty"`
	Contact     string `json:"contact,omitempty"`
	Description string `json:"description,omitempty"`
	Priority    string `json:"priority,omitempty"`
	// DueDate and CompletionDate are RFC 3339 times.
	DueDate        string                     `json:"due_date,omitempty"`
	CompletionDate string                     `json:"completion_date,omitempty"`
	Status         string                     `json:"status,omitempty"`
	Project        string                     `json:"project,omitempty"`
	IssueType      string                     `json:"issue_type,omitempty"`
	Tags           []string                   `json:"tags,omitempty"`
	CustomFields   map[string]json.RawMessage `json:"custom_fields,omitempty"`
}

// TicketQuery selects and orders tickets.
type TicketQuery struct {
	// Filters are of the form field[operator]value, such as tags[in]a,b, and all have to match.
	// What a provider can filter by differs.
	Filters []string
	// Order lists fields, as name, name[asc] or name[desc]. The API's default when empty.
	Order []string
	// Meta lists meta functions, whose results come in Page.Meta.
	Meta []string
	// Limit is the number of tickets a page, the API's default of 100 when 0.
	Limit int
	// Cursor is that of a Page, to go on from there. Empty: from the start.
	Cursor string
}

// QueryTickets iterates over the pages of tickets that match the query.
//
// Query Tickets: GET /v1/ticketing/tickets
func (c *Client) QueryTickets(ctx context.Context, query TicketQuery) iter.Seq2[Page[Ticket], error] {
	parameters := url.Values{}
	for name, values := range map[string][]string{"filter": query.Filters, "order": query.Order, "meta": query.Meta} {
		if len(values) > 0 {
			parameters[name] = values
		}
	}
	return listPages[Ticket](ctx, c, call{
		operation: "QueryTickets", method: http.MethodGet, path: "/v1/ticketing/tickets", query: parameters,
	}, PageQuery{Limit: query.Limit, Cursor: query.Cursor})
}

// CreateTicket creates a ticket. See CommitmentOf for what an error means.
//
// Create Ticket: POST /v1/ticketing/tickets
func (c *Client) CreateTicket(ctx context.Context, request CreateTicketRequest) (*Ticket, error) {
	return callFor[Ticket](ctx, c, call{
		operation: "CreateTicket", method: http.MethodPost, path: "/v1/ticketing/tickets", body: request,
	})
}

// GetTicket returns the ticket of that ID.
//
// Get Ticket: GET /v1/ticketing/tickets/{ticketId}
func (c *Client) GetTicket(ctx context.Context, ticketID string) (*Ticket, error) {
	return callFor[Ticket](ctx, c, call{
		operation: "GetTicket", method: http.MethodGet, path: "/v1/ticketing/tickets/{ticketId}", ids: []string{ticketID},
	})
}

// PatchTicket applies the operations to the ticket, in their order, and returns it as it is then.
// Without operations nothing is sent, and an *InvalidRequestError returned.
//
// Patch Ticket: PATCH /v1/ticketing/tickets/{ticketId}
func (c *Client) PatchTicket(ctx context.Context, ticketID string, patch []PatchOperation) (*Ticket, error) {
	if err := checkPatch("PatchTicket", patch); err != nil {
		return nil, err
	}
	return callFor[Ticket](ctx, c, call{
		operation: "PatchTicket", method: http.MethodPatch, path: "/v1/ticketing/tickets/{ticketId}", ids: []string{ticketID},
		body: patch,
	})
}

// HasTag reports whether a tag is among others. Providers change the case of tags, so that does not
// count.
func HasTag(tags []string, tag string) bool {
	return slices.ContainsFunc(tags, func(other string) bool { return strings.EqualFold(other, tag) })
}
