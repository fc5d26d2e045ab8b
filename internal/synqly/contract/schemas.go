// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package contract

// Priorities are the values of a ticket's priority. CRITICAL, MODERATE and PLANNING are newer than the rest.
func Priorities() []string {
	return []string{"URGENT", "CRITICAL", "HIGH", "MEDIUM", "MODERATE", "LOW", "PLANNING"}
}

// PatchOperations are the values of a patch operation's op (RFC 6902).
func PatchOperations() []string {
	return []string{"add", "copy", "move", "remove", "replace", "test"}
}

func ticketSchema() Schema {
	attachment := attachmentMetadataSchema()
	return Schema{Name: "Ticket", Fields: []Field{
		{Name: "id", Type: String, Required: true},
		{Name: "summary", Type: String, Required: true},
		{Name: "name", Type: String, Required: true},
		{Name: "created_at", Type: String, Format: DateTime, Required: true},
		{Name: "updated_at", Type: String, Format: DateTime, Required: true},
		{Name: "creator", Type: String, Nullable: true},
		{Name: "assignee", Type: String, Nullable: true},
		{Name: "contact", Type: String, Nullable: true},
		{Name: "description", Type: String, Nullable: true},
		{Name: "priority", Type: String, Enum: Priorities()},
		{Name: "due_date", Type: String, Format: DateTime, Nullable: true},
		{Name: "completion_date", Type: String, Format: DateTime, Nullable: true},
		{Name: "status", Type: String},
		{Name: "project", Type: String},
		{Name: "issue_type", Type: String},
		{Name: "tags", Type: Array, Items: String, Nullable: true},
		{Name: "attachments", Type: Array, Items: Object, Schema: &attachment, Nullable: true},
		{Name: "custom_fields", Type: Object, Nullable: true},
		{Name: "unmapped", Type: Object},
		{Name: "parent", Type: String, Nullable: true, Newer: true},
	}}
}

func createTicketFields() []Field {
	return []Field{
		{Name: "summary", Type: String, Required: true},
		{Name: "name", Type: String, Required: true},
		{Name: "creator", Type: String, Nullable: true},
		{Name: "assignee", Type: String, Nullable: true},
		{Name: "contact", Type: String, Nullable: true},
		{Name: "description", Type: String, Nullable: true},
		{Name: "priority", Type: String, Enum: Priorities()},
		{Name: "due_date", Type: String, Format: DateTime, Nullable: true},
		{Name: "completion_date", Type: String, Format: DateTime, Nullable: true},
		{Name: "status", Type: String},
		{Name: "project", Type: String, Nullable: true},
		{Name: "issue_type", Type: String, Nullable: true},
		{Name: "tags", Type: Array, Items: String, Nullable: true},
		{Name: "custom_fields", Type: Object, Nullable: true},
		{Name: "parent", Type: String, Nullable: true, Newer: true},
	}
}

// patchFields are the members of one operation of a JSON Patch. Which of "from" and "value" is required depends on the op.
func patchFields() []Field {
	return []Field{
		{Name: "op", Type: String, Required: true, Enum: PatchOperations()},
		{Name: "path", Type: String, Required: true},
		{Name: "from", Type: String, Nullable: true},
		{Name: "value", Type: Any, Nullable: true},
	}
}

func commentSchema() Schema {
	return Schema{Name: "Comment", Fields: []Field{
		{Name: "id", Type: String, Required: true},
		{Name: "ticket_id", Type: String, Required: true},
		{Name: "creator", Type: String, Required: true},
		{Name: "content", Type: String, Required: true},
		{Name: "created_at", Type: String, Format: DateTime, Required: true},
		{Name: "updated_at", Type: String, Format: DateTime, Nullable: true},
		{Name: "unmapped", Type: Object},
		{Name: "custom_fields", Type: Object, Nullable: true, Newer: true},
	}}
}

func noteSchema() Schema {
	return Schema{Name: "Note", Fields: []Field{
		{Name: "id", Type: String, Required: true},
		{Name: "ticket_id", Type: String, Required: true},
		{Name: "content", Type: String, Required: true},
		{Name: "creator", Type: String, Required: true},
		{Name: "title", Type: String, Required: true},
		{Name: "created_at", Type: String, Format: DateTime, Required: true},
		{Name: "updated_at", Type: String, Format: DateTime, Nullable: true},
		{Name: "unmapped", Type: Object},
		{Name: "custom_fields", Type: Object, Nullable: true, Newer: true},
	}}
}

func attachmentMetadataSchema() Schema {
	return Schema{Name: "AttachmentMetadata", Fields: []Field{
		{Name: "id", Type: String, Required: true},
		{Name: "ticket_id", Type: String, Required: true},
		{Name: "file_name", Type: String, Required: true},
		{Name: "file_type", Type: String, Required: true},
		{Name: "created_date", Type: String, Format: DateTime, Required: true},
		{Name: "creator", Type: String, Required: true},
		{Name: "file_size", Type: Integer, Nullable: true},
		{Name: "unmapped", Type: Object},
	}}
}

func attachmentSchema() Schema {
	return Schema{Name: "Attachment", Fields: []Field{
		{Name: "file_name", Type: String, Required: true},
		{Name: "file_type", Type: String, Required: true},
		{Name: "content", Type: String, Format: Byte, Required: true},
		{Name: "unmapped", Type: Object},
	}}
}

func projectSchema() Schema {
	return Schema{Name: "Project", Fields: []Field{
		{Name: "id", Type: String, Required: true},
		{Name: "name", Type: String, Required: true},
		{Name: "unmapped", Type: Object},
	}}
}

func remoteFieldSchema() Schema {
	option := Schema{Name: "RemoteFieldOption", Open: true, Fields: []Field{
		{Name: "id", Type: String, Newer: true},
		{Name: "name", Type: String, Newer: true},
	}}
	// The documentation names RemoteFieldSchema without its members; these are from the vendor's SDKs.
	schema := Schema{Name: "RemoteFieldSchema", Open: true, Fields: []Field{
		{Name: "field_type_id", Type: String, Newer: true},
		{Name: "enum_values", Type: Array, Items: String, Nullable: true, Newer: true},
		{Name: "enum_option_values", Type: Array, Items: Object, Schema: &option, Nullable: true, Newer: true},
	}}
	return Schema{Name: "RemoteField", Fields: []Field{
		{Name: "field_id", Type: String, Required: true},
		{
			Name: "field_scope", Type: String, Required: true,
			Enum: []string{"standard", "integration_custom", "project_custom", "ticket_custom", "unknown"},
		},
		{Name: "provider_field_name", Type: String, Required: true},
		{Name: "schema", Type: Object, Schema: &schema},
		{Name: "provider_field_path", Type: String, Nullable: true},
		{Name: "project_id", Type: String, Nullable: true},
	}}
}

// problemSchema is the body of every answer that is not a success, as the vendor's SDKs have it.
func problemSchema() Schema {
	cause := Schema{Name: "ProblemCause", Fields: []Field{
		{Name: "message", Type: String},
		{Name: "type", Type: String, Nullable: true},
	}}
	parameter := Schema{Name: "ProblemParameter", Fields: []Field{
		{Name: "id", Type: String},
		{Name: "location", Type: String},
		{Name: "value", Type: Any, Nullable: true},
	}}
	context := Schema{Name: "ProblemContext", Open: true, Fields: []Field{
		{Name: "parameter", Type: Object, Schema: &parameter, Nullable: true},
		{Name: "raw_error", Type: Any, Nullable: true},
		{Name: "provider_details", Type: Any, Nullable: true},
	}}
	return Schema{Name: "Problem", Fields: []Field{
		{Name: "message", Type: String, Required: true},
		{Name: "status", Type: Integer, Required: true},
		{Name: "occurred_at", Type: String, Format: DateTime, Required: true},
		{Name: "instance", Type: String, Required: true},
		{Name: "detail", Type: String, Nullable: true},
		{Name: "remediation", Type: String, Nullable: true},
		{Name: "type", Type: String, Nullable: true},
		{Name: "cause", Type: Array, Items: Object, Schema: &cause, Nullable: true},
		{Name: "context", Type: Object, Schema: &context, Nullable: true},
	}}
}

// envelopeSchema is the object around a result.
func envelopeSchema(operation Operation) Schema {
	result := Field{Name: "result", Type: Object, Schema: &operation.ResultSchema, Required: true}
	if operation.Result == ArrayResult {
		result.Type, result.Items = Array, Object
	}
	fields := []Field{
		result,
		{Name: "meta", Type: Object, Nullable: true},
		{Name: "messages", Type: Object, Nullable: true, Newer: true},
	}
	if operation.Result == ArrayResult {
		fields = append(fields, Field{
			Name: "cursor", Type: String, Required: operation.CursorRequired, Nullable: !operation.CursorRequired,
			Newer: !operation.CursorRequired,
		})
	}
	return Schema{Name: "envelope", Fields: fields}
}
