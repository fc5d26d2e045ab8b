// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// operation is one operation of the API.
type operation struct {
	name, method, path string
	// query names the parameters that the operation takes.
	query   []string
	hasBody bool
	execute func(*Server, *operationRequest) (*envelope, *problem)
}

const (
	apiRoot    = "/v1/ticketing"
	ticketPath = apiRoot + "/tickets/{ticketId}"
	filesPath  = apiRoot + "/attachments/{ticketId}"
)

// operations are those of the Synqly Connector API, Ticketing. The cursor of the lists other than projects and tickets is not
// in the documentation, but their answers have one.
var operations = []operation{
	{
		name: "ListRemoteFields", method: http.MethodGet, path: apiRoot + "/remote-fields",
		query: []string{"cursor"}, execute: (*Server).listRemoteFields,
	},
	{
		name: "ListProjects", method: http.MethodGet, path: apiRoot + "/projects",
		query: []string{"cursor", "limit"}, execute: (*Server).listProjects,
	},
	{
		name: "QueryTickets", method: http.MethodGet, path: apiRoot + "/tickets",
		query: []string{"meta", "cursor", "limit", "order", "filter"}, execute: (*Server).queryTickets,
	},
	{
		name: "CreateTicket", method: http.MethodPost, path: apiRoot + "/tickets",
		hasBody: true, execute: (*Server).createTicket,
	},
	{name: "GetTicket", method: http.MethodGet, path: ticketPath, execute: (*Server).getTicket},
	{name: "PatchTicket", method: http.MethodPatch, path: ticketPath, hasBody: true, execute: (*Server).patchTicket},
	{name: "CreateAttachment", method: http.MethodPost, path: filesPath, hasBody: true, execute: (*Server).createAttachment},
	{
		name: "ListAttachments", method: http.MethodGet, path: filesPath,
		query: []string{"cursor"}, execute: (*Server).listAttachments,
	},
	{
		name: "DownloadAttachment", method: http.MethodGet, path: filesPath + "/{attachmentId}/download",
		execute: (*Server).downloadAttachment,
	},
	{
		name: "DeleteAttachment", method: http.MethodDelete, path: filesPath + "/{attachmentId}",
		execute: (*Server).deleteAttachment,
	},
	{
		name: "ListComments", method: http.MethodGet, path: ticketPath + "/comments",
		query: []string{"cursor"}, execute: (*Server).listComments,
	},
	{
		name: "CreateComment", method: http.MethodPost, path: ticketPath + "/comments",
		hasBody: true, execute: (*Server).createComment,
	},
	{
		name: "DeleteComment", method: http.MethodDelete, path: ticketPath + "/comments/{commentId}",
		execute: (*Server).deleteComment,
	},
	{
		name: "CreateNote", method: http.MethodPost, path: ticketPath + "/notes",
		hasBody: true, execute: (*Server).createNote,
	},
	{
		name: "ListNotes", method: http.MethodGet, path: ticketPath + "/notes",
		query: []string{"cursor"}, execute: (*Server).listNotes,
	},
	{
		name: "DeleteNote", method: http.MethodDelete, path: ticketPath + "/notes/{noteId}",
		execute: (*Server).deleteNote,
	},
	{
		name: "PatchNote", method: http.MethodPatch, path: ticketPath + "/notes/{noteId}",
		hasBody: true, execute: (*Server).patchNote,
	},
}

// OperationNames returns the names of the operations, as faults and the request log have them.
func OperationNames() []string {
	names := make([]string, len(operations))
	for i, known := range operations {
		names[i] = known.name
	}
	return names
}

func isOperation(name string) bool {
	return slices.ContainsFunc(operations, func(known operation) bool { return known.name == name })
}

// matchOperation finds the operation of an escaped path, with the unescaped values of its parameters.
func matchOperation(method, path string) (operation, map[string]string, *problem) {
	var allowed []string
	for _, candidate := range operations {
		parameters, matches := matchPath(candidate.path, path)
		if matches && candidate.method == method {
			return candidate, parameters, nil
		}
		if matches {
			allowed = append(allowed, candidate.method)
		}
	}
	if len(allowed) > 0 {
		return operation{}, nil, wrongMethod(method, path, allowed)
	}
	return operation{}, nil, noSuchRoute(path)
}

func matchPath(template, path string) (map[string]string, bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	parameters := map[string]string{}
	for i, segment := range want {
		name, isParameter := strings.CutPrefix(segment, "{")
		if !isParameter {
			if got[i] != segment {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(got[i])
		if err != nil || value == "" {
			return nil, false
		}
		parameters[strings.TrimSuffix(name, "}")] = value
	}
	return parameters, true
}

// parseQuery reads the query and refuses parameters that the operation does not have, and a second value where one is meant.
func (r *operationRequest) parseQuery() *problem {
	values, err := url.ParseQuery(r.query)
	if err != nil {
		return refuse(inQuery("query", r.query, "the query string cannot be read: %v", err))
	}
	for name, given := range values {
		if !slices.Contains(r.operation.query, name) {
			unknown := inQuery(shorten(name), given[0], "the operation %s has no such parameter", r.operation.name)
			if len(r.operation.query) > 0 {
				unknown = unknown.remedy("Send only these: %s.", strings.Join(r.operation.query, ", "))
			}
			return refuse(unknown)
		}
		if len(given) > 1 && (name == "cursor" || name == "limit") {
			return refuse(inQuery(name, given[1], "is given %d times and must be given once", len(given)))
		}
	}
	r.values = values
	return nil
}

// checkBody refuses a body where none belongs, one of the wrong type, and one that is too large.
func checkBody(r *operationRequest) *problem {
	if r.tooLarge {
		return tooLarge(maxBodyBytes)
	}
	if !r.operation.hasBody {
		if len(r.body) > 0 {
			return refuse(inBody("", "the operation %s takes no body", r.operation.name))
		}
		return nil
	}
	mediaType, parameters, err := mime.ParseMediaType(r.contentType)
	charset, hasCharset := parameters["charset"]
	if err != nil || mediaType != jsonMediaType || (hasCharset && !strings.EqualFold(charset, "utf-8")) {
		return wrongMediaType(r.contentType)
	}
	if r.contentEncode != "" && r.contentEncode != "identity" {
		return wrongMediaType(r.contentType + " in the encoding " + r.contentEncode)
	}
	return nil
}
