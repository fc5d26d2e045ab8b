// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// RouteError says that a request is for no operation.
type RouteError struct {
	Method, Path string
	// Allowed are the methods that the path has, none when there is no such path.
	Allowed []string
}

func (e *RouteError) Error() string {
	if len(e.Allowed) == 0 {
		return fmt.Sprintf("the API has no path %q", e.Path)
	}
	return fmt.Sprintf("the path %q has no method %s, only %s", e.Path, e.Method, strings.Join(e.Allowed, ", "))
}

// Route returns the operation that a request is for, and the unescaped values of the parameters in
// its path. The path is the escaped one, below the base URL. An error is a *RouteError.
func Route(method, escapedPath string) (Operation, map[string]string, error) {
	missing := &RouteError{Method: method, Path: escapedPath}
	unescaped, err := url.PathUnescape(escapedPath)
	target := &url.URL{Path: unescaped, RawPath: escapedPath}
	// A ServeMux redirects a path such as /a/../b to another one. For the API they are not the
	// same.
	if err != nil || target.EscapedPath() != escapedPath || path.Join("/", escapedPath) != escapedPath {
		return Operation{}, nil, missing
	}
	request := &http.Request{Method: method, URL: target}
	load().mux.ServeHTTP(nil, request) // Sets the request's pattern and path values, and writes nothing.
	for _, operation := range load().operations {
		if operation.Path != request.Pattern {
			continue
		}
		if operation.Method == method {
			return operation, operation.pathValues(request), nil
		}
		missing.Allowed = append(missing.Allowed, operation.Method)
	}
	slices.Sort(missing.Allowed)
	return Operation{}, nil, missing
}

func (o Operation) pathValues(request *http.Request) map[string]string {
	values := map[string]string{}
	for _, name := range o.PathParameters() {
		values[name] = request.PathValue(name)
	}
	return values
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

// ExpandPath fills the parameters of the path template with the IDs, in their order,
// percent-escaped.
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

func isParameter(segment string) bool { return strings.HasPrefix(segment, "{") }
