// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package contract

import "encoding/json"

// The examples give every member a value that no other member of the document has, so that a test sees two that are mixed up.

const createTicketExample = `{
  "summary": "p99 above 2s since 10:05 UTC",
  "name": "Checkout latency",
  "creator": "bot@example.com",
  "assignee": "jane@example.com",
  "contact": "desk@example.com",
  "description": "The **checkout** is slow.",
  "priority": "HIGH",
  "due_date": "2026-12-01T08:00:00Z",
  "completion_date": "2026-12-02T09:30:00Z",
  "status": "To Do",
  "project": "OPS",
  "issue_type": "Incident",
  "tags": ["team:checkout", "latency"],
  "custom_fields": {"severity": 2, "region": "eu", "services": ["cart", "pay"], "paged": true, "owner": null}
}`

const ticketExample = `{
  "id": "10023",
  "summary": "p99 above 2s since 10:05 UTC",
  "name": "Checkout latency",
  "created_at": "2026-11-01T10:06:07Z",
  "updated_at": "2026-11-02T11:12:13.456Z",
  "creator": "bot@example.com",
  "assignee": "jane@example.com",
  "contact": "desk@example.com",
  "description": "The **checkout** is slow.",
  "priority": "HIGH",
  "due_date": "2026-12-01T08:00:00Z",
  "completion_date": "2026-12-02T09:30:00Z",
  "status": "To Do",
  "project": "OPS",
  "issue_type": "Incident",
  "tags": ["team:checkout", "latency"],
  "attachments": [` + attachmentMetadataExample + `],
  "custom_fields": {"severity": 2, "region": "eu", "services": ["cart", "pay"], "paged": true, "owner": null},
  "unmapped": {"votes": 3},
  "parent": "10001"
}`

const patchTicketExample = `[
  {"op": "test", "path": "/summary", "value": "p99 above 2s since 10:05 UTC"},
  {"op": "replace", "path": "/status", "value": "Done"},
  {"op": "replace", "path": "/assignee", "value": null},
  {"op": "add", "path": "/custom_fields/region", "value": "us"},
  {"op": "copy", "from": "/summary", "path": "/description"},
  {"op": "remove", "path": "/custom_fields/severity"}
]`

const createAttachmentExample = `{"file_name": "trace.txt", "content": "c2xvdyBzcGFu"}`

const attachmentMetadataExample = `{
  "id": "30007",
  "ticket_id": "10023",
  "file_name": "trace.txt",
  "file_type": "text/plain",
  "created_date": "2026-11-03T12:00:00Z",
  "creator": "uploader@example.com",
  "file_size": 9,
  "unmapped": {"thumbnail": false}
}`

const attachmentExample = `{
  "file_name": "trace.txt",
  "file_type": "text/plain",
  "content": "c2xvdyBzcGFu",
  "unmapped": {"checksum": "1f0c"}
}`

const createCommentExample = `{"content": "Mitigation *started*.", "creator": "jane@example.com"}`

const commentExample = `{
  "id": "20011",
  "ticket_id": "10023",
  "creator": "jane@example.com",
  "content": "Mitigation *started*.",
  "created_at": "2026-11-04T13:14:15Z",
  "updated_at": "2026-11-05T14:15:16Z",
  "unmapped": {"visibility": "public"},
  "custom_fields": {"channel": "mail"}
}`

const createNoteExample = `{"content": "Rolled back to **v41**.", "title": "Rollback"}`

const noteExample = `{
  "id": "40005",
  "ticket_id": "10023",
  "content": "Rolled back to **v41**.",
  "creator": "bot@example.com",
  "title": "Rollback",
  "created_at": "2026-11-06T15:16:17Z",
  "updated_at": "2026-11-07T16:17:18Z",
  "unmapped": {"pinned": true},
  "custom_fields": {"kind": "internal"}
}`

const patchNoteExample = `[
  {"op": "replace", "path": "/title", "value": "Rollback finished"},
  {"op": "replace", "path": "/content", "value": "Rolled back to v41, all regions."}
]`

const projectExample = `{"id": "OPS", "name": "Operations", "unmapped": {"lead": "jane"}}`

const remoteFieldExample = `{
  "field_id": "customfield_10042",
  "field_scope": "project_custom",
  "provider_field_name": "Severity",
  "schema": {
    "field_type_id": "enum",
    "enum_values": ["minor", "major"],
    "enum_option_values": [{"id": "1", "name": "Minor"}, {"id": "2", "name": "Major"}]
  },
  "provider_field_path": "fields.severity",
  "project_id": "OPS"
}`

const problemExample = `{
  "message": "The ticket was refused.",
  "status": 400,
  "occurred_at": "2026-11-08T17:18:19Z",
  "instance": "b7e2a9d4-8b0e-4a55-9d2c-0f6f6a1d3c11",
  "detail": "The summary is longer than 255 characters.",
  "remediation": "Shorten the summary.",
  "type": "validation_error",
  "cause": [{"message": "summary: too long", "type": "provider_error"}],
  "context": {
    "parameter": {"id": "/summary", "location": "body", "value": "p99"},
    "raw_error": {"errorMessages": ["too long"]},
    "provider_details": {"provider": "ticketing_mock"}
  }
}`

// ExampleProblem is the body of an answer that is not a success, with every known member.
func ExampleProblem() json.RawMessage { return document(problemExample) }

const (
	lastPage = `, "cursor": ""`
	noCursor = ``
)

const metaExample = `{"stats": {}, "api": {}}`

func objectExample(result string) json.RawMessage {
	return document(`{"result": ` + result + `, "meta": ` + metaExample + `}`)
}

func listExample(element, cursor string) json.RawMessage {
	return document(`{"result": [` + element + `]` + cursor + `, "meta": ` + metaExample + `}`)
}

func document(text string) json.RawMessage { return json.RawMessage(text) }
