// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"context"
	"iter"
	"net/http"
)

// Note is a note on a ticket: an entry with a title, which can be changed.
type Note struct {
	Entry
	Title string `json:"title"`
}

// UnmarshalJSON reads field by field. It fails for what is no object, and for an ID that is no
// string.
func (n *Note) UnmarshalJSON(data []byte) (err error) {
	*n = Note{}
	n.Unreadable, err = decodeFields(data, n)
	return err
}

// CreateNoteRequest is a note to create. Both are required by the API and always sent.
type CreateNoteRequest struct {
	Title string `json:"title"`
	// Content is markdown.
	Content string `json:"content"`
}

// ListNotes iterates over the pages of the ticket's notes.
//
// List Notes: GET /v1/ticketing/tickets/{ticketId}/notes
func (c *Client) ListNotes(ctx context.Context, ticketID string) iter.Seq2[Page[Note], error] {
	return listPages[Note](ctx, c, call{
		operation: "ListNotes", method: http.MethodGet, path: "/v1/ticketing/tickets/{ticketId}/notes", ids: []string{ticketID},
	}, PageQuery{})
}

// CreateNote creates a note on the ticket. See CommitmentOf for what an error means.
//
// Create Note: POST /v1/ticketing/tickets/{ticketId}/notes
func (c *Client) CreateNote(ctx context.Context, ticketID string, request CreateNoteRequest) (*Note, error) {
	return callFor[Note](ctx, c, call{
		operation: "CreateNote", method: http.MethodPost, path: "/v1/ticketing/tickets/{ticketId}/notes",
		ids: []string{ticketID}, body: request,
	})
}

// PatchNote applies the operations, which can concern the title and the content, to the note and
// returns it as it is then. Without operations nothing is sent, and an *InvalidRequestError
// returned.
//
// Patch Note: PATCH /v1/ticketing/tickets/{ticketId}/notes/{noteId}
func (c *Client) PatchNote(ctx context.Context, ticketID, noteID string, patch []PatchOperation) (*Note, error) {
	if err := checkPatch("PatchNote", patch); err != nil {
		return nil, err
	}
	return callFor[Note](ctx, c, call{
		operation: "PatchNote", method: http.MethodPatch, path: "/v1/ticketing/tickets/{ticketId}/notes/{noteId}",
		ids: []string{ticketID, noteID}, body: patch,
	})
}

// DeleteNote deletes the note. One that does not exist is an *APIError with status 404.
//
// Delete Note: DELETE /v1/ticketing/tickets/{ticketId}/notes/{noteId}
func (c *Client) DeleteNote(ctx context.Context, ticketID, noteID string) error {
	return callForNothing(ctx, c, call{
		operation: "DeleteNote", method: http.MethodDelete, path: "/v1/ticketing/tickets/{ticketId}/notes/{noteId}",
		ids: []string{ticketID, noteID},
	})
}
