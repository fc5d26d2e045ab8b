// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// maxDataBytes bounds the body of a 2xx answer, decompressed.
	maxDataBytes = 16 << 20
	// maxProblemBytes bounds what is read of the body of any other answer.
	maxProblemBytes = 64 << 10
	// maxDrainBytes is how much of an unwanted rest is read so that the connection can be used
	// again. Beyond that a new connection is cheaper.
	maxDrainBytes = 256 << 10
	// maxIDBytes bounds an ID of a remote object, which becomes part of URLs and of Kubernetes
	// objects.
	maxIDBytes = 1024
)

// call is one operation with its arguments.
type call struct {
	// operation is the name of the operation in the API's contract.
	operation, method string
	// path is the path of the operation, with parameters such as {ticketId}; ids are their values
	// in that order.
	path  string
	ids   []string
	query url.Values
	// body is encoded as JSON; nil for an operation without one.
	body any
	// noResult is set for an operation whose answer has no content.
	noResult bool
}

// answer is a complete 2xx answer. Whoever gets one calls done when it is decoded.
type answer struct {
	operation string
	status    int
	body      []byte
	// date is the server's clock, zero where it does not tell.
	date time.Time
	done func()
}

// serverTime is the time in the header Date (RFC 9110, section 6.6.1), to the second.
func serverTime(response *http.Response) time.Time {
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return date
}

// do sends the call once and returns its 2xx answer. The error is an *InvalidRequestError,
// *TransportError, *APIError or *DecodeError.
func (c *Client) do(ctx context.Context, call call) (*answer, error) {
	ctx, cancelTimeout := context.WithTimeout(ctx, c.requestTimeout)
	defer cancelTimeout() // Only after the body has been read, which the deadline covers too.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	trace := &connectionTrace{}
	request, err := c.newRequest(trace.attach(ctx), call)
	if err != nil {
		return nil, &InvalidRequestError{Operation: call.operation, Err: err}
	}
	if err := ended(ctx); err != nil {
		failure := c.transportError(ctx, call, trace, err)
		failure.NeverSent = true
		return nil, failure
	}
	// The RoundTripper rather than an http.Client: that follows redirects or at least parses them,
	// and puts the URL into its errors.
	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return nil, c.transportError(ctx, call, trace, err)
	}
	if response == nil || response.Body == nil {
		return nil, c.transportError(ctx, call, trace, errors.New("the RoundTripper returned neither a response nor an error"))
	}
	defer response.Body.Close() //nolint:errcheck // Nothing is lost: the body has been read as far as it is wanted.

	if response.StatusCode < 200 || response.StatusCode > 299 {
		return nil, c.readProblem(call, response)
	}
	return c.readAnswer(ctx, cancel, call, trace, response)
}

// ended returns why the context has ended, or nil. It looks at the deadline itself as well: in a
// process that was stopped for a while and goes on, the context's timer may not have run yet, and a
// request whose time has passed must not be sent.
func ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if deadline, has := ctx.Deadline(); has && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

func (c *Client) newRequest(ctx context.Context, call call) (*http.Request, error) {
	path, escapedPath, err := expandPath(call.path, call.ids)
	if err != nil {
		return nil, err
	}
	target := *c.baseURL
	target.RawPath = strings.TrimRight(c.baseURL.EscapedPath(), "/") + escapedPath
	target.Path = strings.TrimRight(c.baseURL.Path, "/") + path
	target.RawQuery = call.query.Encode()

	request, err := http.NewRequestWithContext(ctx, call.method, target.String(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("making the HTTP request: %w", err)
	}
	if call.body != nil {
		encoded, err := json.Marshal(call.body)
		if err != nil {
			return nil, fmt.Errorf("encoding the body: %w", err)
		}
		// With a GetBody, which http.NewRequest would have set for a bytes.Reader, net/http could
		// send the body again after a connection broke. There must be no second POST.
		request.Body, request.GetBody = io.NopCloser(bytes.NewReader(encoded)), nil
		request.ContentLength = int64(len(encoded))
		request.Header.Set("Content-Type", "application/json") // Of a JSON Patch too: the API wants it so.
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("User-Agent", c.userAgent)
	return request, nil
}

// expandPath puts the IDs into the path, and returns it as it is and escaped.
func expandPath(template string, ids []string) (path, escaped string, err error) {
	var plain, encoded strings.Builder
	for segment := range strings.SplitSeq(strings.TrimPrefix(template, "/"), "/") {
		plain.WriteByte('/')
		encoded.WriteByte('/')
		if !strings.HasPrefix(segment, "{") {
			plain.WriteString(segment)
			encoded.WriteString(segment)
			continue
		}
		id := ids[0]
		ids = ids[1:]
		if err := checkID(id); err != nil {
			return "", "", fmt.Errorf("%s %w", strings.Trim(segment, "{}"), err)
		}
		plain.WriteString(id)
		encoded.WriteString(escapeSegment(id))
	}
	return plain.String(), encoded.String(), nil
}

// escapeSegment escapes an ID for a path. The IDs "." and ".." would mean another path otherwise
// (RFC 3986, section 5.2.4).
func escapeSegment(id string) string {
	if id == "." || id == ".." {
		return strings.ReplaceAll(id, ".", "%2E")
	}
	return url.PathEscape(id)
}

// checkID refuses what cannot be the ID of a remote object. Its errors continue a sentence that
// starts with the name of the ID.
func checkID(id string) error {
	switch {
	case id == "":
		return errors.New("is missing or empty")
	case strings.TrimSpace(id) == "":
		return errors.New("contains only white space")
	case len(id) > maxIDBytes:
		return fmt.Errorf("is longer than %d bytes", maxIDBytes)
	default:
		return nil
	}
}

func (c *Client) transportError(ctx context.Context, call call, trace *connectionTrace, err error) *TransportError {
	text := describeNetworkError(err, c.baseURL.Host, trace.connecting(), c.redact)
	return &TransportError{Operation: call.operation, NeverSent: trace.neverSent(err), Err: steady(ctx, text, err)}
}

func (c *Client) decodeError(ctx context.Context, call call, status int, text string, err error) *DecodeError {
	return &DecodeError{
		Operation: call.operation, StatusCode: status, Err: steady(ctx, c.redact.clean(text, maxErrorText), err),
	}
}

func (c *Client) tooLarge(ctx context.Context, call call, status int, text string) *DecodeError {
	failure := c.decodeError(ctx, call, status, text, errors.New(text))
	failure.TooLarge = true
	return failure
}

// readProblem makes an *APIError of an answer. A body that cannot be read costs the explanation,
// not the status.
func (c *Client) readProblem(call call, response *http.Response) error {
	failure := &APIError{
		Operation: call.operation, StatusCode: response.StatusCode, RetryAfter: retryAfter(response.StatusCode, response.Header, c.now()),
	}
	if response.StatusCode == http.StatusSwitchingProtocols {
		return failure // What follows is no body, and no deadline ends it.
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxProblemBytes))
	drain(response)
	problem, ok := problemOf(response.StatusCode, response.Header, body)
	if !ok {
		failure.Foreign = foreignBody(response.Header, body)
		return failure
	}
	failure.Problem = problem.clean(c.redact)
	return failure
}

func (c *Client) readAnswer(
	ctx context.Context, cancel context.CancelCauseFunc, call call, trace *connectionTrace, response *http.Response,
) (*answer, error) {
	body, done, err := c.readBody(ctx, cancel, response)
	if err == nil {
		err = c.checkBody(ctx, call, response, body)
	} else {
		err = c.bodyError(ctx, call, trace, response.StatusCode, err)
	}
	if err != nil {
		done()
		return nil, err
	}
	return &answer{
		operation: call.operation, status: response.StatusCode, body: body, date: serverTime(response), done: done,
	}, nil
}

// readBody reads a body up to one byte more than is taken. done is to be called in any case, when
// what is returned is no longer needed.
func (c *Client) readBody(
	ctx context.Context, cancel context.CancelCauseFunc, response *http.Response,
) (body []byte, done func(), err error) {
	done = func() {}
	first, err := io.ReadAll(io.LimitReader(response.Body, largeFrom+1))
	if err != nil || !isLarge(first) {
		return first, done, err
	}
	if response.Request != nil {
		ctx = response.Request.Context() // A transport may have given it an end of its own.
	}
	admitted, err := c.admitLarge(ctx)
	if err != nil {
		return nil, done, &notAdmittedError{status: response.StatusCode, cause: cmp.Or(context.Cause(ctx), err)}
	}
	// Others wait for the place: a server must not keep it by being slow.
	tooSlow := time.AfterFunc(c.largeTime, func() { cancel(errTooSlow) })
	defer tooSlow.Stop()
	rest := io.LimitReader(response.Body, int64(c.maxDataBytes+1-len(first)))
	body, err = io.ReadAll(io.MultiReader(bytes.NewReader(first), rest))
	return body, admitted, err
}

// largeTime is how long the reading of a large answer may take once it was admitted.
const largeTime = 15 * time.Second

var errTooSlow = fmt.Errorf("the response is larger than %d KiB, and the rest takes longer than %s", largeFrom>>10, largeTime)

// notAdmittedError says that a large answer was not read.
type notAdmittedError struct {
	status int
	cause  error
}

func (e *notAdmittedError) Error() string {
	return fmt.Sprintf("the response is larger than %d KiB or has more than %d objects, and there was no room for it: "+
		"few such responses are read at the same time", largeFrom>>10, manyObjects)
}

func (e *notAdmittedError) Unwrap() error { return e.cause }

// bodyError translates an error of readBody.
func (c *Client) bodyError(ctx context.Context, call call, trace *connectionTrace, status int, err error) error {
	var notAdmitted *notAdmittedError
	switch {
	case errors.Is(context.Cause(ctx), errTooSlow):
		return &TransportError{Operation: call.operation, Err: steady(ctx, errTooSlow.Error(), err)}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return c.decodeError(ctx, call, status, "it is incomplete", err)
	case errors.As(err, &notAdmitted):
		return &TransportError{Operation: call.operation, Err: steady(ctx, notAdmitted.Error(), err)}
	}
	failure := c.transportError(ctx, call, trace, err)
	failure.NeverSent = false // Whatever the error: an answer had begun.
	return failure
}

// checkBody says why a body that was read cannot be the answer, or nothing.
func (c *Client) checkBody(ctx context.Context, call call, response *http.Response, body []byte) error {
	switch {
	case len(body) > c.maxDataBytes:
		return c.tooLarge(ctx, call, response.StatusCode, fmt.Sprintf("it is larger than %d MiB", c.maxDataBytes>>20))
	case call.noResult && confirmsNothing(response.Header, body), !mayBeJSON(response.Header):
		foreign := foreignBody(response.Header, body)
		failure := c.decodeError(ctx, call, response.StatusCode, foreign.String(), errors.New(foreign.String()))
		failure.Foreign = foreign
		return failure
	case !call.noResult && isBlank(body):
		failure := c.decodeError(ctx, call, response.StatusCode, "it is empty", errors.New("it is empty"))
		failure.Empty = true
		return failure
	}
	if text := tooManyValues(body); text != "" {
		return c.tooLarge(ctx, call, response.StatusCode, text)
	}
	return nil
}

// drain reads the rest of a body, within reason: net/http uses a connection again only after its
// last body was read.
func drain(response *http.Response) {
	_, _ = io.CopyN(io.Discard, response.Body, maxDrainBytes) // An error costs the connection, nothing else.
}
