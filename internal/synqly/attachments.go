// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
)

// AttachmentMetadata is an attachment of a ticket without its content.
type AttachmentMetadata struct {
	ID          string    `json:"id"`
	TicketID    string    `json:"ticket_id"`
	FileName    string    `json:"file_name"`
	FileType    string    `json:"file_type"`
	CreatedDate Timestamp `json:"created_date"`
	Creator     string    `json:"creator"`
	// FileSize is in bytes, 0 when the provider does not say.
	FileSize int64                      `json:"file_size"`
	Unmapped map[string]json.RawMessage `json:"unmapped"`
}

// UnmarshalJSON reads IDs that are numbers as well.
func (a *AttachmentMetadata) UnmarshalJSON(data []byte) error {
	type plain AttachmentMetadata
	return json.Unmarshal(withTextIDs(data), (*plain)(a))
}

func (a AttachmentMetadata) remoteID() string { return a.ID }

// Attachment is an attachment with its content.
type Attachment struct {
	FileName string                     `json:"file_name"`
	FileType string                     `json:"file_type"`
	Content  []byte                     `json:"content"`
	Unmapped map[string]json.RawMessage `json:"unmapped"`
}

// CreateAttachmentRequest is an attachment to create. Both are required by the API and always sent.
type CreateAttachmentRequest struct {
	FileName string `json:"file_name"`
	Content  []byte `json:"content"`
}

// CreateAttachment attaches a file to the ticket. Only Jira supports it. See CommitmentOf for what
// an error means.
//
// Create Attachment: POST /v1/ticketing/attachments/{ticketId}
func (c *Client) CreateAttachment(
	ctx context.Context, ticketID string, request CreateAttachmentRequest,
) (*AttachmentMetadata, error) {
	if request.Content == nil {
		request.Content = []byte{} // nil would be sent as null, which is no content of a file.
	}
	return callFor[AttachmentMetadata](ctx, c, call{
		operation: "CreateAttachment", method: http.MethodPost, path: "/v1/ticketing/attachments/{ticketId}",
		ids: []string{ticketID}, body: request,
	})
}

// ListAttachments iterates over the pages of the ticket's attachments. Only Jira supports it.
//
// List Attachments Metadata: GET /v1/ticketing/attachments/{ticketId}
func (c *Client) ListAttachments(ctx context.Context, ticketID string) iter.Seq2[Page[AttachmentMetadata], error] {
	return listPages[AttachmentMetadata](ctx, c, call{
		operation: "ListAttachments", method: http.MethodGet, path: "/v1/ticketing/attachments/{ticketId}", ids: []string{ticketID},
	}, PageQuery{})
}

// DownloadAttachment returns the attachment with its content, of at most about 12 MiB. Only Jira
// supports it.
//
// Download Attachment: GET /v1/ticketing/attachments/{ticketId}/{attachmentId}/download
func (c *Client) DownloadAttachment(ctx context.Context, ticketID, attachmentID string) (*Attachment, error) {
	return callFor[Attachment](ctx, c, call{
		operation: "DownloadAttachment", method: http.MethodGet,
		path: "/v1/ticketing/attachments/{ticketId}/{attachmentId}/download", ids: []string{ticketID, attachmentID},
	})
}

// DeleteAttachment deletes the attachment. Only Jira supports it. One that does not exist is an
// *APIError with status 404.
//
// Delete Attachment: DELETE /v1/ticketing/attachments/{ticketId}/{attachmentId}
func (c *Client) DeleteAttachment(ctx context.Context, ticketID, attachmentID string) error {
	return callForNothing(ctx, c, call{
		operation: "DeleteAttachment", method: http.MethodDelete, path: "/v1/ticketing/attachments/{ticketId}/{attachmentId}",
		ids: []string{ticketID, attachmentID},
	})
}
