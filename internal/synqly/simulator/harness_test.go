// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

const testToken = "test-token"

// fakeClock is a clock that only tests move.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func newFakeClock() *fakeClock {
	return &fakeClock{now: time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)}
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// harness is a server with a client that talks to it.
type harness struct {
	*Server

	t      *testing.T
	clock  *fakeClock
	client *http.Client
	url    string
}

func newHarness(t *testing.T) *harness {
	t.Helper()
	clock := newFakeClock()
	server := New(Options{Token: testToken, Now: clock.Now, Admin: true})
	t.Cleanup(server.Close)
	return &harness{
		Server: server, t: t, clock: clock, client: &http.Client{Transport: server.Transport()}, url: "http://simulator.test",
	}
}

// response is an answer, read to its end.
type response struct {
	status      int
	contentType string
	header      http.Header
	body        []byte
}

// sendAs sends a request with that Authorization and Content-Type; none where they are empty.
func (h *harness) sendAs(authorization, contentType, method, path string, body []byte) response {
	h.t.Helper()
	answer, err := h.try(authorization, contentType, method, path, body)
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer
}

func (h *harness) try(authorization, contentType, method, path string, body []byte) (response, error) {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, bytes.NewReader(body))
	if err != nil {
		h.t.Fatalf("making a request of %s %s: %v", method, path, err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	answer, err := h.client.Do(request)
	if err != nil {
		return response{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	read := response{
		status: answer.StatusCode, contentType: answer.Header.Get("Content-Type"), header: answer.Header, body: content,
	}
	return read, err
}

func (h *harness) send(method, path, body string) response {
	h.t.Helper()
	return h.sendAs("Bearer "+testToken, contentTypeFor(body), method, path, []byte(body))
}

func contentTypeFor(body string) string {
	if body == "" {
		return ""
	}
	return "application/json"
}

// create creates a ticket through the API and returns its ID.
func (h *harness) create(body string) string {
	h.t.Helper()
	answer := h.send(http.MethodPost, "/v1/ticketing/tickets", body)
	if answer.status != http.StatusCreated {
		h.t.Fatalf("creating a ticket: %d %s", answer.status, answer.body)
	}
	return decode[struct{ Result struct{ ID string } }](h.t, answer).Result.ID
}

func (h *harness) ticket(id string) Ticket {
	h.t.Helper()
	ticket, found := h.Ticket(id)
	if !found {
		h.t.Fatalf("there is no ticket %q", id)
	}
	return ticket
}

// page is an answer of a list of tickets.
type ticketPage struct {
	Result []Ticket `json:"result"`
	Cursor string   `json:"cursor"`
}

func decode[T any](t *testing.T, answer response) T {
	t.Helper()
	var document T
	if err := json.Unmarshal(answer.body, &document); err != nil {
		t.Fatalf("decoding %q: %v", answer.body, err)
	}
	return document
}

// wantProblem checks that the answer is a Problem with that status, and that its message has the
// words.
func wantProblem(t *testing.T, answer response, status int, words ...string) {
	t.Helper()
	if answer.status != status {
		t.Fatalf("status %d, want %d: %s", answer.status, status, answer.body)
	}
	refused := decode[problem](t, answer)
	if refused.Status != status || refused.Message == "" || refused.OccurredAt.IsZero() {
		t.Errorf("not a whole Problem: %s", answer.body)
	}
	for _, word := range words {
		if !strings.Contains(refused.Message, word) {
			t.Errorf("the message %q does not say %q", refused.Message, word)
		}
	}
	if bytes.Contains(answer.body, []byte(testToken)) {
		t.Error("the answer shows the token")
	}
}
