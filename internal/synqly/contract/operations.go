// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"net/http"
	"slices"
)

// Operations returns the 17 operations in the order of the documentation. The caller owns what it gets.
func Operations() []Operation {
	return slices.Concat(
		discoveryOperations(), ticketOperations(), attachmentOperations(), commentOperations(), noteOperations(),
	)
}

func discoveryOperations() []Operation {
	return []Operation{
		{
			Name: ListRemoteFields, Title: "List Remote Fields",
			Method: http.MethodGet, Path: "/v1/ticketing/remote-fields",
			Query: []QueryParameter{inferredCursor()}, Body: NoBody,
			Result: ArrayResult, ResultSchema: remoteFieldSchema(), CursorRequired: true,
			ExampleResponse: listExample(remoteFieldExample, lastPage),
		},
		{
			Name: ListProjects, Title: "List Projects",
			Method: http.MethodGet, Path: "/v1/ticketing/projects",
			Query: []QueryParameter{
				{Name: "cursor", Type: String},
				{Name: "limit", Type: Integer, Default: "50"},
			},
			Body:   NoBody,
			Result: ArrayResult, ResultSchema: projectSchema(), CursorRequired: true,
			ExampleResponse: listExample(projectExample, lastPage),
		},
	}
}

func ticketOperations() []Operation {
	return []Operation{
		{
			Name: QueryTickets, Title: "Query Tickets",
			Method: http.MethodGet, Path: "/v1/ticketing/tickets",
			Query: []QueryParameter{
				{Name: "meta", Type: String, Repeatable: true},
				{Name: "cursor", Type: String},
				{Name: "limit", Type: Integer, Default: "100"},
				{Name: "order", Type: String, Repeatable: true, Default: "time"},
				{Name: "filter", Type: String, Repeatable: true},
			},
			Body:   NoBody,
			Result: ArrayResult, ResultSchema: ticketSchema(), CursorRequired: true,
			ExampleResponse: listExample(ticketExample, lastPage),
		},
		{
			Name: CreateTicket, Title: "Create Ticket",
			Method: http.MethodPost, Path: "/v1/ticketing/tickets",
			Body: ObjectBody, BodyFields: createTicketFields(),
			Result: ObjectResult, ResultSchema: ticketSchema(),
			ExampleRequest: document(createTicketExample), ExampleResponse: objectExample(ticketExample),
		},
		{
			Name: GetTicket, Title: "Get Ticket",
			Method: http.MethodGet, Path: "/v1/ticketing/tickets/{ticketId}",
			Body:   NoBody,
			Result: ObjectResult, ResultSchema: ticketSchema(),
			ExampleResponse: objectExample(ticketExample),
		},
		{
			Name: PatchTicket, Title: "Patch Ticket",
			Method: http.MethodPatch, Path: "/v1/ticketing/tickets/{ticketId}",
			Body: PatchBody, BodyFields: patchFields(),
			Result: ObjectResult, ResultSchema: ticketSchema(),
			ExampleRequest: document(patchTicketExample), ExampleResponse: objectExample(ticketExample),
		},
	}
}

func attachmentOperations() []Operation {
	return []Operation{
		{
			Name: CreateAttachment, Title: "Create Attachment",
			Method: http.MethodPost, Path: "/v1/ticketing/attachments/{ticketId}",
			Body: ObjectBody,
			BodyFields: []Field{
				{Name: "file_name", Type: String, Required: true},
				{Name: "content", Type: String, Format: Byte, Required: true},
			},
			Result: ObjectResult, ResultSchema: attachmentMetadataSchema(),
			ExampleRequest: document(createAttachmentExample), ExampleResponse: objectExample(attachmentMetadataExample),
		},
		{
			Name: ListAttachments, Title: "List Attachments Metadata",
			Method: http.MethodGet, Path: "/v1/ticketing/attachments/{ticketId}",
			Query: []QueryParameter{inferredCursor()}, Body: NoBody,
			Result: ArrayResult, ResultSchema: attachmentMetadataSchema(), CursorRequired: true,
			ExampleResponse: listExample(attachmentMetadataExample, lastPage),
		},
		{
			Name: DownloadAttachment, Title: "Download Attachment",
			Method: http.MethodGet, Path: "/v1/ticketing/attachments/{ticketId}/{attachmentId}/download",
			Body:   NoBody,
			Result: ObjectResult, ResultSchema: attachmentSchema(),
			ExampleResponse: objectExample(attachmentExample),
		},
		{
			Name: DeleteAttachment, Title: "Delete Attachment",
			Method: http.MethodDelete, Path: "/v1/ticketing/attachments/{ticketId}/{attachmentId}",
			Body: NoBody, Result: NoResult,
		},
	}
}

func commentOperations() []Operation {
	return []Operation{
		{
			Name: ListComments, Title: "List Comments",
			Method: http.MethodGet, Path: "/v1/ticketing/tickets/{ticketId}/comments",
			Query: []QueryParameter{inferredCursor()}, Body: NoBody,
			Result: ArrayResult, ResultSchema: commentSchema(), CursorRequired: true,
			ExampleResponse: listExample(commentExample, lastPage),
		},
		{
			Name: CreateComment, Title: "Create Comment",
			Method: http.MethodPost, Path: "/v1/ticketing/tickets/{ticketId}/comments",
			Body: ObjectBody,
			BodyFields: []Field{
				{Name: "content", Type: String, Required: true},
				{Name: "creator", Type: String, Nullable: true},
			},
			Result: ObjectResult, ResultSchema: commentSchema(),
			ExampleRequest: document(createCommentExample), ExampleResponse: objectExample(commentExample),
		},
		{
			Name: DeleteComment, Title: "Delete Comment",
			Method: http.MethodDelete, Path: "/v1/ticketing/tickets/{ticketId}/comments/{commentId}",
			Body: NoBody, Result: NoResult,
		},
	}
}

func noteOperations() []Operation {
	return []Operation{
		{
			Name: CreateNote, Title: "Create Note",
			Method: http.MethodPost, Path: "/v1/ticketing/tickets/{ticketId}/notes",
			Body: ObjectBody,
			BodyFields: []Field{
				{Name: "content", Type: String, Required: true},
				{Name: "title", Type: String, Required: true},
			},
			Result: ObjectResult, ResultSchema: noteSchema(),
			ExampleRequest: document(createNoteExample), ExampleResponse: objectExample(noteExample),
		},
		{
			// The only list whose documented answer has no cursor.
			Name: ListNotes, Title: "List Notes",
			Method: http.MethodGet, Path: "/v1/ticketing/tickets/{ticketId}/notes",
			Query: []QueryParameter{inferredCursor()}, Body: NoBody,
			Result: ArrayResult, ResultSchema: noteSchema(),
			ExampleResponse: listExample(noteExample, noCursor),
		},
		{
			Name: DeleteNote, Title: "Delete Note",
			Method: http.MethodDelete, Path: "/v1/ticketing/tickets/{ticketId}/notes/{noteId}",
			Body: NoBody, Result: NoResult,
		},
		{
			Name: PatchNote, Title: "Patch Note",
			Method: http.MethodPatch, Path: "/v1/ticketing/tickets/{ticketId}/notes/{noteId}",
			Body: PatchBody, BodyFields: patchFields(),
			Result: ObjectResult, ResultSchema: noteSchema(),
			ExampleRequest: document(patchNoteExample), ExampleResponse: objectExample(noteExample),
		},
	}
}

func inferredCursor() QueryParameter {
	return QueryParameter{Name: "cursor", Type: String, Inferred: true}
}
