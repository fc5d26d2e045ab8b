// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// ServeHTTP answers the API below /v1/, and the page and the admin paths where Options.Admin asked
// for them.
func (s *Server) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	if s.admin != nil && !strings.HasPrefix(request.URL.EscapedPath(), "/v1/") {
		s.admin.ServeHTTP(writer, request)
		return
	}
	received, err := readCall(request.Context(), request)
	if err != nil {
		return // The client has gone away in the middle of its body.
	}
	s.handle(received).write(writer)
}

func readCall(ctx context.Context, request *http.Request) (call, error) {
	received := call{
		ctx: ctx, method: request.Method, path: request.URL.EscapedPath(), query: request.URL.RawQuery,
		authorization: request.Header.Get("Authorization"), contentType: request.Header.Get("Content-Type"),
		contentEncode: request.Header.Get("Content-Encoding"),
	}
	if request.Body == nil {
		return received, nil
	}
	body, err := io.ReadAll(io.LimitReader(request.Body, maxBodyBytes+1))
	if err != nil {
		return call{}, fmt.Errorf("reading the body: %w", err)
	}
	received.body = body
	received.tooLarge = len(body) > maxBodyBytes
	return received, nil
}

func (a reply) write(writer http.ResponseWriter) {
	if a.lost {
		dropConnection(writer)
		return
	}
	for name, values := range a.header {
		writer.Header()[name] = values
	}
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		writer.Header().Set("Content-Length", strconv.Itoa(a.length()))
	}
	writer.WriteHeader(a.status)
	content := a.content()
	if a.truncate > 0 {
		content = io.LimitReader(content, int64(a.truncate))
	}
	// An error means that the client has gone away. When less than Content-Length was written,
	// net/http closes the connection.
	_, _ = io.Copy(writer, content)
}

// dropConnection closes the connection without an answer.
func dropConnection(writer http.ResponseWriter) {
	connection, _, err := http.NewResponseController(writer).Hijack()
	if err != nil {
		// HTTP/2, or a wrapped writer. This panic is net/http's own way to abort an answer.
		panic(http.ErrAbortHandler)
	}
	_ = connection.Close()
}

func (a reply) length() int { return a.padding + len(a.body) }

func (a reply) content() io.Reader {
	return io.MultiReader(io.LimitReader(spaces{}, int64(a.padding)), bytes.NewReader(a.body))
}

// spaces is an endless source of spaces, which JSON allows before a document.
type spaces struct{}

func (spaces) Read(buffer []byte) (int, error) {
	for i := range buffer {
		buffer[i] = ' '
	}
	return len(buffer), nil
}

// errNoAnswer is what a client sees of a connection that was closed instead of answered.
var errNoAnswer = errors.New("simulator: the connection was closed without an answer")

// Transport returns a transport that hands requests to the server without a network, whatever host
// they are for: quicker than a socket, and without the retries on a new connection that net/http
// does by itself.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ server *Server }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		defer func() { _ = request.Body.Close() }()
	}
	ctx := request.Context()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	received, err := readCall(ctx, request)
	if err != nil {
		return nil, err
	}
	answer := t.server.handle(received)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if answer.lost {
		return nil, fmt.Errorf("%w: %w", errNoAnswer, io.EOF)
	}
	return answer.response(request), nil
}

func (a reply) response(request *http.Request) *http.Response {
	content := a.content()
	if a.truncate > 0 && a.truncate < a.length() {
		content = io.MultiReader(io.LimitReader(content, int64(a.truncate)), brokenOff{})
	}
	header := a.header.Clone()
	header.Set("Content-Length", strconv.Itoa(a.length()))
	return &http.Response{
		Status: fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)), StatusCode: a.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(content), ContentLength: int64(a.length()), Request: request,
	}
}

// brokenOff is the end of a body that is shorter than its Content-Length.
type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
