// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package contract holds the ticketing part of the Synqly Connector API as data: the 17 operations, what each is sent and
// what each answers, as its vendor documents them (https://docs.synqly.com, Connector API, Ticketing).
//
// It is for tests alone. The client is checked against it from one side, the simulator from the other, so that the two cannot
// agree with each other and disagree with the documentation.
package contract

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// Names of the operations.
const (
	ListRemoteFields   = "ListRemoteFields"
	ListProjects       = "ListProjects"
	QueryTickets       = "QueryTickets"
	CreateTicket       = "CreateTicket"
	GetTicket          = "GetTicket"
	PatchTicket        = "PatchTicket"
	CreateAttachment   = "CreateAttachment"
	ListAttachments    = "ListAttachments"
	DownloadAttachment = "DownloadAttachment"
	DeleteAttachment   = "DeleteAttachment"
	ListComments       = "ListComments"
	CreateComment      = "CreateComment"
	DeleteComment      = "DeleteComment"
	CreateNote         = "CreateNote"
	ListNotes          = "ListNotes"
	DeleteNote         = "DeleteNote"
	PatchNote          = "PatchNote"
)

// Operation is one operation of the API.
type Operation struct {
	// Name is one of the constants above; Title is the heading of the operation in the documentation.
	Name, Title string
	Method      string
	// Path is a template such as /v1/ticketing/tickets/{ticketId}, below the base URL.
	Path  string
	Query []QueryParameter
	// Body says what kind of body the request has; BodyFields are the members of an ObjectBody, or of each element of a
	// PatchBody.
	Body       BodyKind
	BodyFields []Field
	// Result says what the answer carries as "result"; ResultSchema is the schema of it, or of each of its elements.
	Result       ResultKind
	ResultSchema Schema
	// CursorRequired is true where the documentation requires "cursor" in the answer. It may be empty.
	CursorRequired bool
	// ExampleRequest is a body that has every documented member, nil for an operation without a body.
	ExampleRequest json.RawMessage
	// ExampleResponse is a whole answer that has every known member with a value of its own, nil for an operation that
	// answers nothing.
	ExampleResponse json.RawMessage
}

// QueryParameter is a parameter of an operation in the query of its URL. All are optional.
type QueryParameter struct {
	Name string
	// Type is String or Integer, of each value where the parameter is repeatable.
	Type       Type
	Repeatable bool
	// Default is what the documentation says an absent parameter means, empty when it says nothing.
	Default string
	// Inferred marks a parameter that the documentation does not list. A list whose answer carries a cursor without a
	// parameter to send it back can only mean the parameter that the other lists have.
	Inferred bool
}

// BodyKind says what the body of a request is.
type BodyKind string

// The kinds of request bodies. All are sent as application/json, the JSON Patch too.
const (
	NoBody     BodyKind = "none"
	ObjectBody BodyKind = "object"
	PatchBody  BodyKind = "JSON Patch"
)

// ResultKind says what the "result" of an answer is.
type ResultKind string

// The kinds of results. NoResult is an answer without any body.
const (
	NoResult     ResultKind = "none"
	ObjectResult ResultKind = "object"
	ArrayResult  ResultKind = "array"
)

// Type is a JSON type.
type Type string

// The types that the API uses. Any is whatever JSON allows, null included.
const (
	String  Type = "string"
	Integer Type = "integer"
	Object  Type = "object"
	Array   Type = "array"
	Any     Type = "any"
)

// Format narrows a String.
type Format string

// The formats that the API uses.
const (
	DateTime Format = "date-time" // RFC 3339
	Byte     Format = "byte"      // RFC 4648 base64, standard alphabet, padded
)

// Schema is a named set of fields.
type Schema struct {
	Name   string
	Fields []Field
	// Open schemas may have members beyond their fields. Others may not: a member that the documentation does not know is
	// a mistake of whoever sends it.
	Open bool
}

// Field is one member of an object.
type Field struct {
	// Name is the name on the wire.
	Name     string
	Type     Type
	Required bool
	Nullable bool
	// Enum lists the values of a String that are allowed, all when empty.
	Enum   []string
	Format Format
	// Schema describes an Object, or the elements of an Array of objects. Nil: an Object with arbitrary members.
	Schema *Schema
	// Items is the type of the elements of an Array.
	Items Type
	// Newer marks a field that the vendor's SDKs know and the documentation of the operation does not. It is accepted and
	// never required.
	Newer bool
}

// Lookup returns the operation of that name.
func Lookup(name string) (Operation, bool) {
	for _, operation := range Operations() {
		if operation.Name == name {
			return operation, true
		}
	}
	return Operation{}, false
}

// Match returns the operation that a request is for. The path is the escaped one, below the base URL.
func Match(method, escapedPath string) (Operation, bool) {
	for _, operation := range Operations() {
		if operation.Method == method && matchPath(operation.Path, escapedPath) == nil {
			return operation, true
		}
	}
	return Operation{}, false
}

// ExpandPath fills the parameters of the path template with the IDs, in their order, percent-escaped.
func (o Operation) ExpandPath(ids ...string) string {
	segments := strings.Split(o.Path, "/")
	for i, segment := range segments {
		if isParameter(segment) && len(ids) > 0 {
			segments[i] = strings.ReplaceAll(url.PathEscape(ids[0]), ".", "%2E")
			ids = ids[1:]
		}
	}
	return strings.Join(segments, "/")
}

// PathParameters returns the names of the parameters of the path, in their order.
func (o Operation) PathParameters() []string {
	var names []string
	for segment := range strings.SplitSeq(o.Path, "/") {
		if isParameter(segment) {
			names = append(names, strings.Trim(segment, "{}"))
		}
	}
	return names
}

func isParameter(segment string) bool {
	return strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}")
}

// SuccessStatus is a usual status of a successful answer. The documentation names none, so that any 2xx is right.
func (o Operation) SuccessStatus() int {
	switch {
	case o.Result == NoResult:
		return http.StatusNoContent
	case o.Method == http.MethodPost:
		return http.StatusCreated
	default:
		return http.StatusOK
	}
}
