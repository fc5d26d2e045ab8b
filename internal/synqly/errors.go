// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// maxErrorText bounds the text of an error, in bytes: it becomes the message of a Kubernetes
// condition.
const maxErrorText = 1024

// ConfigurationError says that no client can be made of the options.
type ConfigurationError struct {
	// Option is what is wrong, in words.
	Option string
	// Reason says what is wrong with it, and what to do.
	Reason string
}

func (e *ConfigurationError) Error() string {
	return fmt.Sprintf("the %s for the Synqly API is not valid: %s", e.Option, e.Reason)
}

// NeverSent is true: there is no client to send anything.
func (e *ConfigurationError) NeverSent() bool { return true }

// InvalidRequestError says that a request was not sent, because it could not be one: an empty ID, a
// custom field that is no JSON.
type InvalidRequestError struct {
	Operation string
	Err       error
}

func (e *InvalidRequestError) Error() string {
	return fmt.Sprintf("%s was not sent: %v", e.Operation, e.Err)
}

func (e *InvalidRequestError) Unwrap() error { return e.Err }

// NeverSent is true.
func (e *InvalidRequestError) NeverSent() bool { return true }

// APIError is any answer that is not 2xx.
type APIError struct {
	// Operation is the name of the operation, such as CreateTicket.
	Operation  string
	StatusCode int
	// Problem is what the answer's body says. The token is in none of its texts.
	Problem Problem
	// Foreign is the body of an answer that is not the API's; nil for a Problem.
	Foreign *ForeignBody
	// RetryAfter is how long the server asks to wait: zero where it names no pause, else one second
	// to one hour. It comes from the header Retry-After (RFC 9110, section 10.2.3), or from
	// X-RateLimit-Reset of a 429.
	RetryAfter time.Duration
}

// Error says the operation, the status, and the Problem's message, detail and remediation, in at
// most 1 KiB. What is different in each answer of the same cause (time, instance) is left out.
func (e *APIError) Error() string {
	status := fmt.Sprintf("%s: %d %s", e.Operation, e.StatusCode, http.StatusText(e.StatusCode))
	status = strings.TrimRight(status, " ")
	if e.Foreign != nil {
		status += ": " + e.Foreign.String()
	} else if text := e.Problem.text(); text != "" {
		status += ": " + text
	}
	return shorten(status, maxErrorText)
}

// TransportError says that there was no complete answer.
type TransportError struct {
	Operation string
	// NeverSent is true when the request has certainly not reached the server: the host was not
	// resolved, the connection or its TLS handshake failed, the context had ended before, or the
	// RoundTripper refused it.
	NeverSent bool
	// Err wraps what the RoundTripper returned. Its text is the same for the same cause.
	Err error
}

func (e *TransportError) Error() string { return e.Operation + ": " + e.Err.Error() }

func (e *TransportError) Unwrap() error { return e.Err }

// DecodeError says that a 2xx answer is not what the API documents: no JSON, cut off, too large,
// without a result or an ID.
type DecodeError struct {
	Operation  string
	StatusCode int
	// TooLarge is true when the answer is larger than 16 MiB, or has more than 100,000 objects or
	// 1,000,000 values. A list may fit with smaller pages (PageQuery.Limit).
	TooLarge bool
	// Empty is true when the answer is a success without content.
	Empty bool
	// Foreign is the body of an answer that is not the API's; nil for one that may be.
	Foreign *ForeignBody
	Err     error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("%s: the response (status %d) cannot be used: %v", e.Operation, e.StatusCode, e.Err)
}

func (e *DecodeError) Unwrap() error { return e.Err }

// PaginationError says that a list did not end within what is read of one.
type PaginationError struct {
	Operation string
	Reason    string
}

func (e *PaginationError) Error() string {
	return fmt.Sprintf("%s: the list does not end: %s", e.Operation, e.Reason)
}

// steadyError has a text that is the same each time for the same cause, and what it was made of.
type steadyError struct {
	text   string
	causes []error
}

func (e *steadyError) Error() string   { return e.text }
func (e *steadyError) Unwrap() []error { return e.causes }

// steady gives err another text. A context that has ended stays findable even where the error does
// not tell.
func steady(ctx context.Context, text string, err error) error {
	causes := []error{err}
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		causes = append(causes, ended)
	}
	return &steadyError{text: text, causes: causes}
}
