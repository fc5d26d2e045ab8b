// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"context"
	"iter"
	"net/http"
)

// Comment is a comment on a ticket.
type Comment struct{ Entry }

// UnmarshalJSON reads field by field. It fails for what is no object, and for an ID that is no
// string.
func (c *Comment) UnmarshalJSON(data []byte) (err error) {
	*c = Comment{}
	c.Unreadable, err = decodeFields(data, c)
	return err
}

// CreateCommentRequest is a comment to create.
type CreateCommentRequest struct {
	// Content is markdown. It is required by the API and always sent.
	Content string `json:"content"`
	// Creator is an email address. PagerDuty requires it; Jira, ServiceNow and Torq do not support
	// it. Left out when empty.
	Creator string `json:"creator,omitempty"`
}

// ListComments iterates over the pages of the ticket's comments.
//
// List Comments: GET /v1/ticketing/tickets/{ticketId}/comments
func (c *Client) ListComments(ctx context.Context, ticketID string) iter.Seq2[Page[Comment], error] {
	return listPages[Comment](ctx, c, call{
		operation: "ListComments", method: http.MethodGet, path: "/v1/ticketing/tickets/{ticketId}/comments",
		ids: []string{ticketID},
	}, PageQuery{})
}

// CreateComment creates a comment on the ticket. See CommitmentOf for what an error means.
//
// Create Comment: POST /v1/ticketing/tickets/{ticketId}/comments
func (c *Client) CreateComment(ctx context.Context, ticketID string, request CreateCommentRequest) (*Comment, error) {
	return callFor[Comment](ctx, c, call{
		operation: "CreateComment", method: http.MethodPost, path: "/v1/ticketing/tickets/{ticketId}/comments",
		ids: []string{ticketID}, body: request,
	})
}

// DeleteComment deletes the comment. One that does not exist is an *APIError with status 404.
//
// Delete Comment: DELETE /v1/ticketing/tickets/{ticketId}/comments/{commentId}
func (c *Client) DeleteComment(ctx context.Context, ticketID, commentID string) error {
	return callForNothing(ctx, c, call{
		operation: "DeleteComment", method: http.MethodDelete, path: "/v1/ticketing/tickets/{ticketId}/comments/{commentId}",
		ids: []string{ticketID, commentID},
	})
}
