// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package contract holds the ticketing part of the Synqly Connector API as an OpenAPI document,
// openapi.yaml, and checks requests and answers against it.
//
// The client is tested against it from one side, the simulator from the other, so that the two
// cannot agree with each other and disagree with the documentation.
package contract

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

//go:embed openapi.yaml
var openAPI []byte

// Names of the operations, their operationId.
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
	// Name is one of the constants above.
	Name string
	// Title is the name in the documentation, such as List Attachments Metadata.
	Title  string
	Method string
	// Path is a template such as /v1/ticketing/tickets/{ticketId}, below the base URL.
	Path string
	// Query has the parameters in the query of the URL by their name. All are optional.
	Query map[string]*openapi3.Parameter
	// Body is the schema of the request's body, nil for an operation that takes none.
	Body *openapi3.Schema
	// Answer is the schema of a successful answer, nil for an operation that answers nothing.
	Answer *openapi3.Schema
	// ExampleRequest is a body that has every documented member, nil for an operation without one.
	ExampleRequest json.RawMessage
	// ExampleResponse is a whole answer in which every known member of the result has a value of
	// its own, nil for an operation that answers nothing.
	ExampleResponse json.RawMessage

	route *routers.Route
}

// api is the document, made ready for use.
type api struct {
	document   *openapi3.T
	operations []Operation
	// mux has the paths of the document as its patterns, and nothing behind them.
	mux *http.ServeMux
}

// load reads the document once, when it is first asked for.
var load = sync.OnceValue(func() *api {
	document, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		panic(fmt.Sprintf("contract: reading openapi.yaml: %v", err)) // It is part of this package.
	}
	loaded := &api{document: document, mux: http.NewServeMux()}
	none := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	loaded.mux.Handle("/", none)
	for template, item := range document.Paths.Map() {
		loaded.mux.Handle(template, none)
		for method, described := range item.Operations() {
			route := &routers.Route{Spec: document, Path: template, PathItem: item, Method: method, Operation: described}
			loaded.operations = append(loaded.operations, newOperation(route))
		}
	}
	slices.SortFunc(loaded.operations, func(a, b Operation) int { return strings.Compare(a.Name, b.Name) })
	return loaded
})

func newOperation(route *routers.Route) Operation {
	operation := Operation{
		Name: route.Operation.OperationID, Title: route.Operation.Summary, Method: route.Method, Path: route.Path, route: route,
		Query: map[string]*openapi3.Parameter{},
	}
	for _, parameter := range route.Operation.Parameters {
		operation.Query[parameter.Value.Name] = parameter.Value
	}
	if body := route.Operation.RequestBody; body != nil {
		content := body.Value.Content[jsonMediaType]
		operation.Body, operation.ExampleRequest = content.Schema.Value, encode(exampleOf(content))
	}
	if content, found := route.Operation.Responses.Status(operation.SuccessStatus()).Value.Content[jsonMediaType]; found {
		operation.Answer, operation.ExampleResponse = content.Schema.Value, encode(exampleOf(content))
	}
	return operation
}

// Operations returns the operations in the order of their names.
func Operations() []Operation { return slices.Clone(load().operations) }

// Lookup returns the operation of that name.
func Lookup(name string) (Operation, bool) {
	all := load().operations
	index := slices.IndexFunc(all, func(operation Operation) bool { return operation.Name == name })
	if index < 0 {
		return Operation{}, false
	}
	return all[index], true
}

// BodyFields returns the names of the members of a body that is an object.
func (o Operation) BodyFields() []string { return Properties(o.Body) }

// SuccessStatus is a usual status of a successful answer. The documentation names none, so that any
// 2xx is right.
func (o Operation) SuccessStatus() int {
	switch o.Method {
	case http.MethodDelete:
		return http.StatusNoContent
	case http.MethodPost:
		return http.StatusCreated
	default:
		return http.StatusOK
	}
}

// Properties returns the names of the properties of a schema, in their order.
func Properties(schema *openapi3.Schema) []string { return slices.Sorted(maps.Keys(schema.Properties)) }
