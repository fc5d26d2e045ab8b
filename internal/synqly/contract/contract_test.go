// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/internal/synqly/contract"
)

func TestOperationsAreThoseOfTheDocumentation(t *testing.T) {
	want := map[string]string{
		"ListRemoteFields":   "GET /v1/ticketing/remote-fields",
		"ListProjects":       "GET /v1/ticketing/projects",
		"QueryTickets":       "GET /v1/ticketing/tickets",
		"CreateTicket":       "POST /v1/ticketing/tickets",
		"GetTicket":          "GET /v1/ticketing/tickets/{ticketId}",
		"PatchTicket":        "PATCH /v1/ticketing/tickets/{ticketId}",
		"CreateAttachment":   "POST /v1/ticketing/attachments/{ticketId}",
		"ListAttachments":    "GET /v1/ticketing/attachments/{ticketId}",
		"DownloadAttachment": "GET /v1/ticketing/attachments/{ticketId}/{attachmentId}/download",
		"DeleteAttachment":   "DELETE /v1/ticketing/attachments/{ticketId}/{attachmentId}",
		"ListComments":       "GET /v1/ticketing/tickets/{ticketId}/comments",
		"CreateComment":      "POST /v1/ticketing/tickets/{ticketId}/comments",
		"DeleteComment":      "DELETE /v1/ticketing/tickets/{ticketId}/comments/{commentId}",
		"CreateNote":         "POST /v1/ticketing/tickets/{ticketId}/notes",
		"ListNotes":          "GET /v1/ticketing/tickets/{ticketId}/notes",
		"DeleteNote":         "DELETE /v1/ticketing/tickets/{ticketId}/notes/{noteId}",
		"PatchNote":          "PATCH /v1/ticketing/tickets/{ticketId}/notes/{noteId}",
	}
	got := map[string]string{}
	for _, operation := range contract.Operations() {
		got[operation.Name] = operation.Method + " " + operation.Path
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
}

func TestTheDocumentIsValid(t *testing.T) {
	document, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestLookupAndRouteFindEachOperation(t *testing.T) {
	for _, want := range contract.Operations() {
		found, ok := contract.Lookup(want.Name)
		if !ok || found.Name != want.Name || found.Method != want.Method || found.Path != want.Path {
			t.Errorf("Lookup(%s) = %t, %s %s %s", want.Name, ok, found.Name, found.Method, found.Path)
		}
		path := want.ExpandPath("a/b", "..")
		routed, values, err := contract.Route(want.Method, path)
		if err != nil || routed.Name != want.Name {
			t.Errorf("Route(%s, %s) = %q, %v, want %s", want.Method, path, routed.Name, err, want.Name)
		}
		for i, name := range want.PathParameters() {
			if id := []string{"a/b", ".."}[i]; values[name] != id {
				t.Errorf("Route(%s, %s): %s = %q, want %q", want.Method, path, name, values[name], id)
			}
		}
	}
	if _, ok := contract.Lookup("DeleteTicket"); ok {
		t.Error("Lookup(DeleteTicket) found an operation that the API does not have")
	}
}

func TestRouteFindsNothingElse(t *testing.T) {
	for _, path := range []string{
		"/v1/ticketing/tickets/", "/v1/ticketing/tickets/..", "/v1/ticketing/tickets/1/", "/tickets/1", "/v1//ticketing/tickets",
		"/v1/ticketing/x/../tickets", "v1/ticketing/tickets", "", "/", "*", "%zz", `/v1/"/%2E%2E`,
	} {
		matched, _, err := contract.Route(http.MethodGet, path)
		var missing *contract.RouteError
		if !errors.As(err, &missing) || len(missing.Allowed) > 0 {
			t.Errorf("Route(GET, %q) = %s, %v, want no path", path, matched.Name, err)
		}
	}
	for _, method := range []string{http.MethodPut, http.MethodHead, http.MethodConnect, "get", ""} {
		for path, allowed := range map[string][]string{
			"/v1/ticketing/tickets/1": {"GET", "PATCH"}, "/v1/ticketing/attachments/1": {"GET", "POST"},
		} {
			matched, _, err := contract.Route(method, path)
			var missing *contract.RouteError
			if !errors.As(err, &missing) || !slices.Equal(missing.Allowed, allowed) {
				t.Errorf("Route(%q, %s) = %s, %v, want that only %v are allowed", method, path, matched.Name, err, allowed)
			}
		}
	}
}

func TestExamplesConform(t *testing.T) {
	for _, operation := range contract.Operations() {
		t.Run(operation.Name, func(t *testing.T) {
			if err := contract.CheckRequest(operation, exampleRequest(operation)); err != nil {
				t.Errorf("CheckRequest: %v", err)
			}
			if err := contract.CheckResponse(operation, operation.SuccessStatus(), responseType(operation), operation.ExampleResponse); err != nil {
				t.Errorf("CheckResponse: %v", err)
			}
			problem := contract.ExampleProblem()
			if err := contract.CheckResponse(operation, http.StatusBadRequest, "application/json; charset=utf-8", problem); err != nil {
				t.Errorf("CheckResponse of a Problem: %v", err)
			}
		})
	}
}

func TestExamplesHaveEveryField(t *testing.T) {
	for _, operation := range contract.Operations() {
		if operation.Body != nil && operation.Body.Items == nil {
			if diff := cmp.Diff(documented(operation.Body), members(t, operation.ExampleRequest)); diff != "" {
				t.Errorf("example request of %s (-fields +example):\n%s", operation.Name, diff)
			}
		}
		if operation.Answer == nil {
			continue
		}
		if diff := cmp.Diff(contract.Properties(resultSchema(operation)), members(t, resultObject(t, operation))); diff != "" {
			t.Errorf("example response of %s (-fields +example):\n%s", operation.Name, diff)
		}
	}
}

func TestCheckRequestRefuses(t *testing.T) {
	cases := map[string]struct {
		operation string
		change    func(*contract.Request)
	}{
		"another method":            {contract.GetTicket, func(r *contract.Request) { r.Method = http.MethodPut }},
		"another path":              {contract.GetTicket, func(r *contract.Request) { r.Path = "/v1/ticketing/ticket/1" }},
		"another operation":         {contract.ListProjects, func(r *contract.Request) { r.Path = "/v1/ticketing/remote-fields" }},
		"an empty ID":               {contract.GetTicket, func(r *contract.Request) { r.Path = "/v1/ticketing/tickets/" }},
		"an ID that is a parent":    {contract.GetTicket, func(r *contract.Request) { r.Path = "/v1/ticketing/tickets/.." }},
		"an unknown parameter":      {contract.GetTicket, func(r *contract.Request) { r.Query = url.Values{"expand": {"all"}} }},
		"a limit that is no number": {contract.QueryTickets, func(r *contract.Request) { r.Query = url.Values{"limit": {"ten"}} }},
		"two cursors":               {contract.QueryTickets, func(r *contract.Request) { r.Query = url.Values{"cursor": {"a", "b"}} }},
		"a body where none is":      {contract.DeleteNote, func(r *contract.Request) { r.Body = []byte(`{}`) }},
		"a form":                    {contract.CreateNote, func(r *contract.Request) { r.ContentType = "application/x-www-form-urlencoded" }},
		"the type of RFC 6902":      {contract.PatchNote, func(r *contract.Request) { r.ContentType = "application/json-patch+json" }},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			operation, _ := contract.Lookup(test.operation)
			request := exampleRequest(operation)
			test.change(&request)
			if err := contract.CheckRequest(operation, request); err == nil {
				t.Errorf("CheckRequest(%+v) accepted it", request)
			}
		})
	}
}

func TestCheckRequestAcceptsOnlyWholeBase64(t *testing.T) {
	operation, _ := contract.Lookup(contract.CreateAttachment)
	for content, right := range map[string]bool{
		"": true, "eA==": true, "+/+/": true, "eA": false, "eB==": false, "-_-_": false, "eA== ": false,
	} {
		request := exampleRequest(operation)
		request.Body = []byte(`{"file_name": "x", "content": "` + content + `"}`)
		if err := contract.CheckRequest(operation, request); (err == nil) != right {
			t.Errorf("content %q: %v", content, err)
		}
	}
}

func TestCheckRequestAcceptsAnyValueInAPatch(t *testing.T) {
	operation, _ := contract.Lookup(contract.PatchTicket)
	for _, value := range []string{`null`, `""`, `1.5`, `false`, `[]`, `{}`, `[null, [{"a": null}], 1]`, `{"a": [null]}`} {
		request := exampleRequest(operation)
		request.Body = []byte(`[{"op": "replace", "path": "/custom_fields/x", "value": ` + value + `}]`)
		if err := contract.CheckRequest(operation, request); err != nil {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func TestCheckRequestAcceptsRepeatedParameters(t *testing.T) {
	operation, _ := contract.Lookup(contract.QueryTickets)
	request := exampleRequest(operation)
	request.Query = url.Values{
		"filter": {"project[eq]OPS", "status[ne]Done"}, "order": {"name[desc]", "created_at"}, "meta": {"stats", "api"},
		"limit": {"10"}, "cursor": {"abc"},
	}
	if err := contract.CheckRequest(operation, request); err != nil {
		t.Error(err)
	}
}

func TestCheckRequestRefusesInvalidBodies(t *testing.T) {
	for _, operation := range contract.Operations() {
		for _, invalid := range contract.InvalidBodies(operation) {
			t.Run(operation.Name+"/"+invalid.Name, func(t *testing.T) {
				request := exampleRequest(operation)
				request.Body = invalid.Body
				err := contract.CheckRequest(operation, request)
				if err == nil {
					t.Fatalf("accepted %s", invalid.Body)
				}
				if invalid.Field != "" && !strings.Contains(err.Error(), invalid.Field) {
					t.Errorf("error %q does not name %s", err, invalid.Field)
				}
			})
		}
	}
}

func TestCheckResponseRefusesResultsThatMissOrMistypeAField(t *testing.T) {
	for _, operation := range contract.Operations() {
		if operation.Answer == nil {
			continue
		}
		schema := resultSchema(operation)
		for name, property := range schema.Properties {
			mistyped := any(json.RawMessage(`[[1]]`))
			refuse(t, operation, name+" mistyped", func(result map[string]any) { result[name] = mistyped })
			if slices.Contains(schema.Required, name) {
				refuse(t, operation, name+" dropped", func(result map[string]any) { delete(result, name) })
			}
			if !property.Value.Nullable {
				refuse(t, operation, name+" null", func(result map[string]any) { result[name] = nil })
			}
			if property.Value.Format != "" || len(property.Value.Enum) > 0 {
				refuse(t, operation, name+" malformed", func(result map[string]any) { result[name] = "no such value" })
			}
		}
		refuse(t, operation, "unknown member", func(result map[string]any) { result["no_such_member"] = 1 })
	}
}

func TestCheckResponseRefusesEnvelopes(t *testing.T) {
	cases := map[string]struct {
		operation   string
		status      int
		contentType string
		body        string
	}{
		"no result":                  {contract.GetTicket, 200, "application/json", `{"meta": {}}`},
		"a null result":              {contract.ListComments, 200, "application/json", `{"result": null, "cursor": ""}`},
		"an object for a list":       {contract.ListComments, 200, "application/json", `{"result": {}, "cursor": ""}`},
		"a list for an object":       {contract.GetTicket, 200, "application/json", `{"result": []}`},
		"no cursor":                  {contract.ListComments, 200, "application/json", `{"result": []}`},
		"a null cursor":              {contract.ListProjects, 200, "application/json", `{"result": [], "cursor": null}`},
		"no envelope":                {contract.ListProjects, 200, "application/json", `[]`},
		"another content type":       {contract.ListNotes, 200, "text/plain", `{"result": []}`},
		"no JSON":                    {contract.ListNotes, 200, "application/json", `{"result": []`},
		"content after a delete":     {contract.DeleteNote, 204, "application/json", `{}`},
		"an error that is a page":    {contract.DeleteNote, 502, "text/html", `<html></html>`},
		"a Problem without message":  {contract.DeleteNote, 404, "application/json", `{"status": 404, "occurred_at": "2026-11-01T10:00:00Z", "instance": "i"}`},
		"a Problem of another error": {contract.DeleteNote, 404, "application/json", string(contract.ExampleProblem())},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			operation, _ := contract.Lookup(test.operation)
			if err := contract.CheckResponse(operation, test.status, test.contentType, []byte(test.body)); err == nil {
				t.Errorf("CheckResponse accepted %s", test.body)
			}
		})
	}
}

// refuse changes the result of the example response and expects the check to name the operation's
// fault.
func refuse(t *testing.T, operation contract.Operation, name string, change func(result map[string]any)) {
	t.Helper()
	t.Run(operation.Name+"/"+name, func(t *testing.T) {
		var result map[string]any
		decode(t, resultObject(t, operation), &result)
		change(result)
		envelope := map[string]any{"result": result, "cursor": ""}
		if isList(operation) {
			envelope["result"] = []any{result}
		} else {
			delete(envelope, "cursor")
		}
		body, err := json.Marshal(envelope)
		if err != nil {
			t.Fatal(err)
		}
		if err := contract.CheckResponse(operation, 200, "application/json", body); err == nil {
			t.Errorf("CheckResponse accepted %s", body)
		}
	})
}

func exampleRequest(operation contract.Operation) contract.Request {
	request := contract.Request{Method: operation.Method, Path: operation.ExpandPath("10023", "20011"), Body: operation.ExampleRequest}
	if operation.Body != nil {
		request.ContentType = "application/json"
	}
	return request
}

func responseType(operation contract.Operation) string {
	if operation.Answer == nil {
		return ""
	}
	return "application/json"
}

// resultObject returns the result of the example response, or the first of them.
func resultObject(t *testing.T, operation contract.Operation) json.RawMessage {
	t.Helper()
	var envelope struct{ Result json.RawMessage }
	decode(t, operation.ExampleResponse, &envelope)
	if !isList(operation) {
		return envelope.Result
	}
	var elements []json.RawMessage
	decode(t, envelope.Result, &elements)
	return elements[0]
}

func members(t *testing.T, object json.RawMessage) []string {
	t.Helper()
	var decoded map[string]any
	decode(t, object, &decoded)
	return slices.Sorted(maps.Keys(decoded))
}

func isList(operation contract.Operation) bool {
	return operation.Answer.Properties["result"].Value.Items != nil
}

// resultSchema is the schema of the result, or of each of its elements.
func resultSchema(operation contract.Operation) *openapi3.Schema {
	result := operation.Answer.Properties["result"].Value
	if result.Items != nil {
		return result.Items.Value
	}
	return result
}

// documented returns the properties that the vendor's documentation has.
func documented(schema *openapi3.Schema) []string {
	return slices.DeleteFunc(contract.Properties(schema), func(name string) bool {
		return schema.Properties[name].Value.Extensions["x-evidence"] != nil
	})
}

func decode(t *testing.T, data []byte, target any) {
	t.Helper()
	if err := json.Unmarshal(data, target); err != nil {
		t.Fatal(fmt.Errorf("decoding %s: %w", data, err))
	}
}
