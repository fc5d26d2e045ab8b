// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"context"
	"errors"
	"time"
)

// Pacer decides when a request may go out, and learns how each was answered. It must be safe for
// concurrent use.
type Pacer interface {
	// Admit is called before each request, before its timeout starts, and may wait. The request is
	// not sent when it returns an error; the caller gets that error in a *TransportError that says
	// so.
	Admit(ctx context.Context) error
	// Answered is called after each request that was admitted, with its context.
	Answered(context.Context, Answer)
}

// Answer is what a Pacer learns of a request.
type Answer struct {
	// Operation is the operation's name in the API's contract.
	Operation string
	// StatusCode is that of the answer, or 0 where there was none.
	StatusCode int
	// Class is that of the answer; Unavailable where there was none.
	Class Class
	// RetryAfter is how long the API asks to wait; zero where it names no pause.
	RetryAfter time.Duration
	// ServerTime is the server's clock when it answered with success, to the second; zero where it
	// does not tell.
	ServerTime time.Time
	// Duration is the time from sending to the end of the answer's body.
	Duration time.Duration
}

// paced sends the call once, when the pacer lets it.
func (c *Client) paced(ctx context.Context, call call) (*answer, error) {
	if c.pacer == nil {
		return c.do(ctx, call)
	}
	if err := c.pacer.Admit(ctx); err != nil {
		return nil, &TransportError{Operation: call.operation, NeverSent: true, Err: err}
	}
	started := c.now()
	got, err := c.do(ctx, call)
	report := Answer{Operation: call.operation, Class: ClassOf(err), Duration: c.now().Sub(started)}
	var (
		refused     *APIError
		notAdmitted *notAdmittedError
	)
	switch {
	case err == nil:
		report.StatusCode, report.ServerTime = got.status, got.date
	case errors.As(err, &notAdmitted):
		// The provider did answer. That there is no room for it here is not its fault.
		report.StatusCode, report.Class = notAdmitted.status, ClassOf(nil)
	case errors.As(err, &refused):
		report.StatusCode, report.RetryAfter = refused.StatusCode, refused.RetryAfter
	}
	c.pacer.Answered(ctx, report)
	return got, err
}
