// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// canary is the token of the tests: none of it may be seen anywhere but in the header.
const canary = "canary-4f1d8a7e.TOKEN_of~the+tests/0&=="

// now is when the tests happen.
var now = time.Date(2026, time.November, 8, 12, 0, 0, 0, time.UTC)

// newServer starts a server and returns it with a client of it.
func newServer(t *testing.T, handler http.HandlerFunc) (*httptest.Server, *Client) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server, newClient(t, Options{BaseURL: server.URL})
}

// onLoopback returns a transport to the servers of the tests.
func onLoopback() *Transport {
	accepted, err := ParseDestinations([]string{"127.0.0.0/8", "::1/128"}, nil)
	if err != nil {
		panic(err)
	}
	return NewTransport(accepted)
}

// newClient returns a client with the canary as its token, that may use http, and, without a
// Transport among its options, connect to the servers of the tests.
func newClient(t *testing.T, options Options) *Client {
	t.Helper()
	options.Token, options.AllowInsecureHTTP = canary, true
	if options.Transport == nil {
		options.Transport = onLoopback()
	}
	client, err := NewClient(options)
	if err != nil {
		t.Fatal(err)
	}
	client.now = func() time.Time { return now }
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// respond answers every request with the status and the body.
func respond(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func respondJSON(status int, body string) http.HandlerFunc {
	return respond(status, "application/json", body)
}

// expectNoToken fails when an error shows the token.
func expectNoToken(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(text, canary) || strings.Contains(text, canary[:12]) {
		t.Errorf("the token shows in %q", text)
	}
}

// roundTripper is a function as an http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }
