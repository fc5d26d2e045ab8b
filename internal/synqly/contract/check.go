// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

const jsonMediaType = "application/json"

// Request is what of an HTTP request the contract speaks about.
type Request struct {
	Method string
	// Path is the escaped path, below the base URL.
	Path        string
	Query       url.Values
	ContentType string
	Body        []byte
}

// CheckRequest returns what of the request is not as the operation wants it, nil when everything
// is. The error wraps ValidationErrors, or is about the path.
func CheckRequest(operation Operation, request Request) error {
	routed, pathValues, err := Route(request.Method, request.Path)
	if err == nil && routed.Name != operation.Name {
		err = fmt.Errorf("%s %q is for %s", request.Method, request.Path, routed.Name)
	}
	if err != nil {
		return fmt.Errorf("request of %s: %w", operation.Name, err)
	}
	violations := slices.Concat(operation.checkQueryNames(request.Query), violationsOfJSON(request.Body))
	if len(violations) == 0 {
		violations = requestViolations(openapi3filter.ValidateRequest(context.Background(), operation.input(request, pathValues)))
	}
	return violations.asError("request", operation)
}

// input gives the request the form that openapi3filter takes.
func (o Operation) input(request Request, pathValues map[string]string) *openapi3filter.RequestValidationInput {
	sent := &http.Request{
		Method: request.Method, URL: &url.URL{}, Header: http.Header{"Content-Type": {request.ContentType}},
		Body: io.NopCloser(bytes.NewReader(request.Body)), ContentLength: int64(len(request.Body)),
	}
	query := request.Query
	if query == nil {
		query = url.Values{}
	}
	return &openapi3filter.RequestValidationInput{
		Request: sent, PathParams: pathValues, QueryParams: query, Route: o.route, Options: options(),
	}
}

func options() *openapi3filter.Options {
	return &openapi3filter.Options{
		MultiError: true, RejectWhenRequestBodyNotSpecified: true, SkipSettingDefaults: true,
		// Tokens are the business of whoever serves the API.
		AuthenticationFunc:      openapi3filter.NoopAuthenticationFunc,
		SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.WithStringFormatValidators(formats)},
	}
}

// checkQueryNames refuses what openapi3filter passes over: a parameter that the operation does not
// have, and a second value of one that has one value.
func (o Operation) checkQueryNames(query url.Values) ValidationErrors {
	var violations ValidationErrors
	for _, name := range slices.Sorted(maps.Keys(query)) {
		violation := Violation{Location: "query", Parameter: fmt.Sprintf("%.200s", name), Value: query.Get(name)}
		switch parameter := o.Query[name]; {
		case parameter == nil:
			violation.Message = fmt.Sprintf("query parameter %.200q: the operation %s has no such parameter", name, o.Name)
			if len(o.Query) > 0 {
				violation.Remedy = onlyThese(slices.Sorted(maps.Keys(o.Query)))
			}
		case len(query[name]) > 1 && !parameter.Schema.Value.Type.Is(openapi3.TypeArray):
			violation.Message = fmt.Sprintf("query parameter %q is given %d times and must be given once", name, len(query[name]))
		default:
			continue
		}
		violations = append(violations, violation)
	}
	return violations
}

// CheckBody returns what of a JSON object is not as the body of the operation has to be, nil when
// everything is. The error wraps ValidationErrors.
func CheckBody(operation Operation, object map[string]any) error {
	err := operation.Body.VisitJSON(object, openapi3.MultiErrors(), openapi3.WithStringFormatValidators(formats))
	return schemaViolations("request", err).asError("request", operation)
}

// CheckResponse returns what of the answer is not as the operation's documentation says, nil when
// everything is. An answer that is not 2xx must be a Problem.
func CheckResponse(operation Operation, status int, contentType string, body []byte) error {
	violations := violationsOfJSON(body)
	if len(violations) == 0 {
		violations = operation.checkAnswer(status, contentType, body)
	}
	if err := violations.asError("response", operation); err != nil {
		return fmt.Errorf("status %d: %w", status, err)
	}
	return nil
}

func (o Operation) checkAnswer(status int, contentType string, body []byte) ValidationErrors {
	succeeded := status >= 200 && status <= 299
	if succeeded && o.Answer == nil {
		if len(body) > 0 {
			return ValidationErrors{{Location: "body", Message: fmt.Sprintf("the answer of %d bytes should have no content", len(body))}}
		}
		return nil
	}
	input := openapi3filter.ResponseValidationInput{
		RequestValidationInput: o.input(Request{Method: o.Method}, nil), Options: options(),
		Status: status, Header: http.Header{"Content-Type": {contentType}},
	}
	err := openapi3filter.ValidateResponse(context.Background(), input.SetBodyBytes(body))
	var invalid *openapi3filter.ResponseError
	if errors.As(err, &invalid) {
		if invalid.Err == nil {
			return ValidationErrors{{Location: "header", Message: invalid.Reason}}
		}
		return schemaViolations("answer", invalid.Err)
	}
	if succeeded {
		return nil
	}
	var problem struct{ Status int }
	if err := json.Unmarshal(body, &problem); err != nil || problem.Status != status {
		return ValidationErrors{{Location: "body", Parameter: "/status", Message: fmt.Sprintf("status is not %d, the HTTP status", status)}}
	}
	return nil
}
