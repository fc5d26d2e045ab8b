// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"errors"
	"net/http"
	"time"
)

// Class says what an error of this package means to whoever has to decide what to do next. It is
// the only reading of status codes: callers decide by class, never by status.
type Class string

const (
	// Success is the class of no error.
	Success Class = ""
	// Throttled: the API asks to slow down (429), for as long as RetryAfterOf says.
	Throttled Class = "Throttled"
	// Unauthorized: the token was refused (401), or may not do this (403).
	Unauthorized Class = "Unauthorized"
	// PaymentRequired: the organization is disabled (402).
	PaymentRequired Class = "PaymentRequired"
	// NotFound: the provider does not have what the request names (404).
	NotFound Class = "NotFound"
	// Refused: the API does not take this request, and the same request again would be refused
	// again (400, 405, 413, 415, 422).
	Refused Class = "Refused"
	// Conflict: what the request asks for contradicts what there is (409). Of a create it may mean
	// that the object exists already.
	Conflict Class = "Conflict"
	// Unsupported: the provider lacks the operation (501).
	Unsupported Class = "Unsupported"
	// Undocumented: a status from 400 to 499 that the API does not document. It is about this
	// request and proves nothing.
	Undocumented Class = "Undocumented"
	// Unreadable: the request succeeded, and its answer is not what the API documents.
	Unreadable Class = "Unreadable"
	// Invalid: nothing was sent, because the request or the client's options cannot be used.
	Invalid Class = "Invalid"
	// Foreign: the answer is not the API's, and proves nothing: the page of a proxy, for example.
	Foreign Class = "Foreign"
	// Blocked: nothing was sent, because the operator does not connect to the address of the API.
	// It takes another address, or an administrator who allows this one.
	Blocked Class = "Blocked"
	// Unavailable: there was no answer, or one that says nothing about the request. The same
	// request may succeed later.
	Unavailable Class = "Unavailable"
)

// classOfStatus is the class of each status that is not a success and that the API documents, or
// that a proxy in front of it sends with a meaning of its own (RFC 9110, section 15).
var classOfStatus = map[int]Class{
	http.StatusBadRequest:            Refused,
	http.StatusUnauthorized:          Unauthorized,
	http.StatusPaymentRequired:       PaymentRequired,
	http.StatusForbidden:             Unauthorized,
	http.StatusNotFound:              NotFound,
	http.StatusMethodNotAllowed:      Refused,
	http.StatusRequestTimeout:        Unavailable,
	http.StatusConflict:              Conflict,
	http.StatusRequestEntityTooLarge: Refused,
	http.StatusUnsupportedMediaType:  Refused,
	http.StatusUnprocessableEntity:   Refused,
	http.StatusTooManyRequests:       Throttled,
	http.StatusNotImplemented:        Unsupported,
}

// ClassOf classifies an error, also one that wraps an error of this package. Whatever is not known
// is Unavailable.
func ClassOf(err error) Class {
	var (
		answer        *APIError
		unreadable    *DecodeError
		endless       *PaginationError
		configuration *ConfigurationError
		request       *InvalidRequestError
		blocked       *BlockedAddressError
	)
	switch {
	case err == nil:
		return Success
	case errors.As(err, &answer):
		return answer.Class()
	case errors.As(err, &unreadable) && unreadable.Foreign != nil:
		return Foreign
	case errors.As(err, &unreadable), errors.As(err, &endless):
		return Unreadable
	case errors.As(err, &configuration), errors.As(err, &request):
		return Invalid
	case errors.As(err, &blocked):
		return Blocked
	}
	return Unavailable
}

// IsBlocked reports whether the operator does not connect to the address of the API.
func IsBlocked(err error) bool { return ClassOf(err) == Blocked }

// Class is what the status means. With a foreign body it means as much as it does whoever says so:
// that the server is not available, asks to slow down, or does not take a request of this size.
func (e *APIError) Class() Class {
	class := statusClass(e.StatusCode)
	if e.Foreign == nil { // mutant: believe-a-proxy
		return class
	}
	switch {
	case class == Unavailable, e.StatusCode == http.StatusTooManyRequests, e.StatusCode == http.StatusRequestEntityTooLarge:
		return class
	}
	return Foreign
}

func statusClass(status int) Class {
	class, known := classOfStatus[status]
	switch {
	case known:
		return class
	case status >= 400 && status <= 499:
		return Undocumented
	}
	return Unavailable
}

// RetryAfterOf is how long the answer that failed asks to wait; zero where it names no pause.
func RetryAfterOf(err error) time.Duration {
	var answer *APIError
	if !errors.As(err, &answer) {
		return 0
	}
	return answer.RetryAfter
}

// IsNotFound reports whether the provider answered that it does not have what the request names.
func IsNotFound(err error) bool { return ClassOf(err) == NotFound }

// IsForeign reports whether the answer is not the API's, so that nothing is known.
func IsForeign(err error) bool { return ClassOf(err) == Foreign }

// SucceededWithoutContent reports whether the API carried the request out, and does not show the
// result that it documents. Of a create that is not enough: the ID is missing.
func SucceededWithoutContent(err error) bool {
	var unreadable *DecodeError
	return errors.As(err, &unreadable) && unreadable.Empty && unreadable.Foreign == nil
}

// IsRefused reports whether the provider does not take a request of this form: a filter or an order
// that it does not have, for example.
func IsRefused(err error) bool {
	class := ClassOf(err)
	return class == Refused || class == Unsupported
}

// IsAccessDenied reports whether the token, or its organization, was refused.
func IsAccessDenied(err error) bool {
	class := ClassOf(err)
	return class == Unauthorized || class == PaymentRequired
}

// IsUnsupported reports whether the provider lacks the operation.
func IsUnsupported(err error) bool { return ClassOf(err) == Unsupported }

// IsTooLarge reports whether an answer was larger than this client reads. A list may fit with
// smaller pages (PageQuery.Limit).
func IsTooLarge(err error) bool {
	var unreadable *DecodeError
	return errors.As(err, &unreadable) && unreadable.TooLarge
}

// IsEndless reports whether the server has no end for its list.
func IsEndless(err error) bool {
	var endless *PaginationError
	return errors.As(err, &endless)
}

// Commitment says what is known of a create that failed.
type Commitment int

const (
	// Unconfirmed: the remote object may exist, now or a little later. It has to be looked for
	// before another create.
	Unconfirmed Commitment = iota
	// NotCommitted: the remote object does not exist and will not come to exist by this request.
	NotCommitted
)

func (c Commitment) String() string {
	if c == NotCommitted {
		return "NotCommitted"
	}
	return "Unconfirmed"
}

// commitmentOfClass is NotCommitted for the classes of answers with which the API refuses a request
// before it does anything. An answer that is not the API's is not among them, whatever its status:
// a proxy may put its page in the place of any answer. A Conflict is not among them: it may mean
// that the object is there already. Nor is Unavailable: a proxy sends a 5xx while the API goes on.
var commitmentOfClass = map[Class]Commitment{
	Throttled: NotCommitted, Unauthorized: NotCommitted, PaymentRequired: NotCommitted,
	NotFound: NotCommitted, Refused: NotCommitted, Unsupported: NotCommitted,
}

// CommitmentOf says what the error of a create means for the remote object. Whatever is not known
// to be a refusal is Unconfirmed.
func CommitmentOf(err error) Commitment {
	var (
		answer    *APIError
		transport *TransportError
		refusal   interface{ NeverSent() bool }
	)
	neverSent := false
	switch {
	case errors.As(err, &answer):
		return commitmentOfClass[answer.Class()]
	case errors.As(err, &transport):
		// Before the refusal: the transport may know better than an error that it wraps.
		neverSent = transport.NeverSent
	case errors.As(err, &refusal):
		neverSent = refusal.NeverSent()
	}
	if neverSent {
		return NotCommitted
	}
	return Unconfirmed
}
