// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// problem is the body of every answer that is no success (schema Problem of the vendor's SDKs).
type problem struct {
	Message     string          `json:"message"`
	Status      int             `json:"status"`
	OccurredAt  time.Time       `json:"occurred_at"`
	Instance    string          `json:"instance"`
	Detail      string          `json:"detail,omitempty"`
	Remediation string          `json:"remediation,omitempty"`
	Type        string          `json:"type"`
	Cause       []problemCause  `json:"cause"`
	Context     *problemContext `json:"context,omitempty"`

	// header goes into the answer beside the body, such as Retry-After.
	header http.Header
}

type problemCause struct {
	Message string `json:"message"`
	Type    string `json:"type"`
}

type problemContext struct {
	Parameter problemParameter `json:"parameter"`
}

// problemParameter names what of a request is wrong. For a location of "body", ID is a JSON Pointer
// (RFC 6901).
type problemParameter struct {
	ID       string          `json:"id"`
	Location string          `json:"location"`
	Value    json.RawMessage `json:"value,omitempty"`
}

// violation is one thing that is wrong with a request.
type violation struct {
	parameter   problemParameter
	message     string
	remediation string
}

func inBody(pointer, format string, args ...any) violation {
	return violation{parameter: problemParameter{ID: pointer, Location: "body"}, message: fmt.Sprintf(format, args...)}
}

func inQuery(name, value, format string, args ...any) violation {
	return violation{
		parameter: problemParameter{ID: name, Location: "query", Value: quote(value)},
		message:   fmt.Sprintf("query parameter %q: ", name) + fmt.Sprintf(format, args...),
	}
}

// sent adds the offending value, unless it is so long that it would drown the answer.
func (v violation) sent(value json.RawMessage) violation {
	const longest = 256
	if len(value) > 0 && len(value) <= longest {
		v.parameter.Value = value
	}
	return v
}

func (v violation) remedy(format string, args ...any) violation {
	v.remediation = fmt.Sprintf(format, args...)
	return v
}

// refuse makes a 400 of the violations; the first one gives the message. There must be at least
// one.
func refuse(violations ...violation) *problem {
	first := violations[0]
	refused := newProblem(http.StatusBadRequest, "invalid_request", first.message)
	refused.Remediation = first.remediation
	refused.Context = &problemContext{Parameter: first.parameter}
	if len(violations) > 1 {
		refused.Detail = fmt.Sprintf("%d things are wrong with the request; the causes list them all.", len(violations))
	}
	for _, other := range violations {
		refused.Cause = append(refused.Cause, problemCause{Message: other.message, Type: "invalid_parameter"})
	}
	return refused
}

func newProblem(status int, kind, message string) *problem {
	return &problem{Message: message, Status: status, Type: kind, Cause: []problemCause{}, header: http.Header{}}
}

func notFound(kind, parameter, id string) *problem {
	missing := newProblem(http.StatusNotFound, "not_found", fmt.Sprintf("there is no %s with the ID %s", kind, shorten(id)))
	missing.Remediation = "Check the ID; the object may have been deleted in the ticketing system."
	missing.Context = &problemContext{Parameter: problemParameter{ID: parameter, Location: "path", Value: quote(id)}}
	return missing
}

func noSuchRoute(path string) *problem {
	missing := newProblem(http.StatusNotFound, "no_such_route", fmt.Sprintf("the API has no path %s", shorten(path)))
	missing.Remediation = "Check the base URL: paths start with /v1/ticketing/."
	return missing
}

func wrongMethod(method, path string, allowed []string) *problem {
	refused := newProblem(http.StatusMethodNotAllowed, "method_not_allowed",
		fmt.Sprintf("the method %s is not allowed on %s; allowed: %s", shorten(method), shorten(path), strings.Join(allowed, ", ")))
	refused.header.Set("Allow", strings.Join(allowed, ", "))
	return refused
}

// unauthorized never repeats what was sent: it could be a real token.
func unauthorized(message string) *problem {
	refused := newProblem(http.StatusUnauthorized, "unauthorized", message)
	refused.Remediation = "Send the integration token as Authorization: Bearer <token>."
	refused.Context = &problemContext{Parameter: problemParameter{ID: "Authorization", Location: "header"}}
	refused.header.Set("WWW-Authenticate", "Bearer")
	return refused
}

func wrongMediaType(got string) *problem {
	refused := newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type",
		fmt.Sprintf("the Content-Type is %q and must be application/json", shorten(got)))
	refused.Remediation = "Send the body as application/json; a JSON Patch too."
	refused.Context = &problemContext{Parameter: problemParameter{ID: "Content-Type", Location: "header"}}
	return refused
}

func tooLarge(limit int) *problem {
	return newProblem(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("the body is larger than %d bytes", limit))
}

func unsupported(operation string) *problem {
	refused := newProblem(http.StatusNotImplemented, "not_implemented",
		fmt.Sprintf("the ticketing provider does not support the operation %s", operation))
	refused.Remediation = "Do without the operation, or use another provider."
	return refused
}

func throttled(seconds int) *problem {
	refused := newProblem(http.StatusTooManyRequests, "too_many_requests", "too many requests: the rate limit is exceeded")
	refused.Remediation = fmt.Sprintf("Try again after %d seconds.", seconds)
	refused.header.Set("Retry-After", fmt.Sprint(seconds))
	return refused
}

// quote returns the text as a JSON string.
func quote(text string) json.RawMessage {
	quoted, err := json.Marshal(shorten(text))
	if err != nil {
		return nil
	}
	return quoted
}

// shorten keeps an answer readable when somebody sends kilobytes in a place for words.
func shorten(text string) string {
	const longest = 200
	runes := []rune(text)
	if len(runes) <= longest {
		return text
	}
	return string(runes[:longest]) + "…"
}
