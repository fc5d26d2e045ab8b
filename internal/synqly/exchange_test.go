// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/internal/synqly/contract"
)

func TestIDsAreEscapedInPaths(t *testing.T) {
	for id, want := range map[string]string{
		"10023":     "/v1/ticketing/tickets/10023/comments/10023",
		"a/b":       "/v1/ticketing/tickets/a%2Fb/comments/a%2Fb",
		"..":        "/v1/ticketing/tickets/%2E%2E/comments/%2E%2E",
		".":         "/v1/ticketing/tickets/%2E/comments/%2E",
		"../notes":  "/v1/ticketing/tickets/..%2Fnotes/comments/..%2Fnotes",
		"50%":       "/v1/ticketing/tickets/50%25/comments/50%25",
		"%2E%2E":    "/v1/ticketing/tickets/%252E%252E/comments/%252E%252E",
		"two words": "/v1/ticketing/tickets/two%20words/comments/two%20words",
		"a?b=c#d":   "/v1/ticketing/tickets/a%3Fb=c%23d/comments/a%3Fb=c%23d",
		"a\nb":      "/v1/ticketing/tickets/a%0Ab/comments/a%0Ab",
		"ü":         "/v1/ticketing/tickets/%C3%BC/comments/%C3%BC",
	} {
		t.Run(id, func(t *testing.T) {
			var got string
			_, client := newServer(t, func(_ http.ResponseWriter, r *http.Request) { got = r.RequestURI })
			if err := client.DeleteComment(t.Context(), id, id); err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("the path is %s, want %s", got, want)
			}
		})
	}
}

func TestRequestsThatCannotBeAreNotSent(t *testing.T) {
	cases := map[string]func(ctx context.Context, c *Client) error{
		"empty ticket ID": func(ctx context.Context, c *Client) error { _, err := c.GetTicket(ctx, ""); return err },
		"blank ticket ID": func(ctx context.Context, c *Client) error { _, err := c.GetTicket(ctx, " \t"); return err },
		"long ticket ID": func(ctx context.Context, c *Client) error {
			_, err := c.GetTicket(ctx, strings.Repeat("1", 1025))
			return err
		},
		"empty comment ID": func(ctx context.Context, c *Client) error { return c.DeleteComment(ctx, "1", "") },
		"empty note ID":    func(ctx context.Context, c *Client) error { return c.DeleteNote(ctx, "1", "") },
		"empty patch":      func(ctx context.Context, c *Client) error { _, err := c.PatchTicket(ctx, "1", nil); return err },
		"empty note patch": func(ctx context.Context, c *Client) error { _, err := c.PatchNote(ctx, "1", "2", nil); return err },
		"broken custom field": func(ctx context.Context, c *Client) error {
			_, err := c.CreateTicket(ctx, CreateTicketRequest{CustomFields: raw(`"severity"`, `{`)})
			return err
		},
		"negative limit": func(ctx context.Context, c *Client) error {
			_, err := All(c.QueryTickets(ctx, TicketQuery{Limit: -1}))
			return err
		},
	}
	for name, call := range cases {
		t.Run(name, func(t *testing.T) {
			client := newClient(t, Options{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				t.Errorf("%s %s was sent", r.Method, r.URL)
				return nil, errors.New("sent")
			})})
			err := call(t.Context(), client)
			var invalid *InvalidRequestError
			if !errors.As(err, &invalid) || CommitmentOf(err) != NotCommitted {
				t.Errorf("error = %v (%v), want an *InvalidRequestError", err, CommitmentOf(err))
			}
		})
	}
}

func TestRequiredTextIsSentThoughEmpty(t *testing.T) {
	bodies := map[string]string{}
	_, client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies[r.URL.Path] = string(body)
		w.WriteHeader(http.StatusBadRequest)
	})
	_, _ = client.CreateTicket(t.Context(), CreateTicketRequest{})
	_, _ = client.CreateComment(t.Context(), "1", CreateCommentRequest{})
	_, _ = client.CreateNote(t.Context(), "1", CreateNoteRequest{})
	_, _ = client.CreateAttachment(t.Context(), "1", CreateAttachmentRequest{})
	want := map[string]string{
		"/v1/ticketing/tickets":            `{"name":"","summary":""}`,
		"/v1/ticketing/tickets/1/comments": `{"content":""}`,
		"/v1/ticketing/tickets/1/notes":    `{"title":"","content":""}`,
		"/v1/ticketing/attachments/1":      `{"file_name":"","content":""}`,
	}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
}

func TestCreatesAcceptEvery2xx(t *testing.T) {
	operation, _ := contract.Lookup(contract.CreateTicket)
	for _, status := range []int{200, 201, 202, 203, 299} {
		_, client := newServer(t, respondJSON(status, string(operation.ExampleResponse)))
		if ticket, err := client.CreateTicket(t.Context(), exampleCreateTicket()); err != nil || ticket.ID != "10023" {
			t.Errorf("status %d: %v, %v", status, ticket, err)
		}
	}
}

// TestDeletes: the API documents that their answer has no content.
func TestDeletes(t *testing.T) {
	for name, test := range map[string]struct {
		status            int
		contentType, body string
		want              Class
	}{
		"no content":             {204, "", "", Success},
		"nothing":                {200, "", "", Success},
		"nothing, as JSON":       {202, "application/json", " \n", Success},
		"nothing, as text":       {299, "text/plain", "", Success},
		"an envelope":            {200, "application/json", `{"meta": {}}`, Success},
		"an empty object":        {200, "application/json", `{}`, Success},
		"a page":                 {200, "text/html", "<html>Sign in</html>", Foreign},
		"a page without content": {200, "text/html", "", Foreign},
		"a page that says JSON":  {200, "application/json", "<html>Sign in</html>", Foreign},
		"text":                   {200, "text/plain", "OK", Foreign},
		"a gateway's JSON":       {200, "application/json", `{"login": "https://login.example.com"}`, Foreign},
	} {
		_, client := newServer(t, respond(test.status, test.contentType, test.body))
		if err := client.DeleteNote(t.Context(), "1", "2"); ClassOf(err) != test.want {
			t.Errorf("%s: %v is %q, want %q", name, err, ClassOf(err), test.want)
		}
	}
}

// TestPatchesWithoutContent: what they did is told from other failures, and looked at by the
// caller.
func TestPatchesWithoutContent(t *testing.T) {
	for name, test := range map[string]struct {
		status            int
		contentType, body string
		want              bool
	}{
		"no content":             {204, "", "", true},
		"nothing":                {200, "application/json", "", true},
		"a page without content": {200, "text/html", "", false},
		"a page":                 {200, "text/html", "<html>Sign in</html>", false},
		"no result":              {200, "application/json", "{}", false},
		"refused":                {400, "application/json", "", false},
	} {
		_, client := newServer(t, respond(test.status, test.contentType, test.body))
		_, err := client.PatchTicket(t.Context(), "1", exampleTicketPatch())
		if got := SucceededWithoutContent(err); err == nil || got != test.want {
			t.Errorf("%s: %v, succeeded without content: %t", name, err, got)
		}
		if _, err := client.CreateTicket(t.Context(), exampleCreateTicket()); CommitmentOf(err) != Unconfirmed {
			t.Errorf("%s: a create is %v after it (%v)", name, CommitmentOf(err), err)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 304, 307, 308} {
		for _, location := range []string{"/elsewhere", "", "https://%zz:" + canary} {
			var requests atomic.Int32
			_, client := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
				requests.Add(1)
				w.Header().Set("Location", location)
				w.WriteHeader(status)
			})
			for name, call := range map[string]func() error{
				"POST": func() error { _, err := client.CreateTicket(t.Context(), exampleCreateTicket()); return err },
				"GET":  func() error { _, err := client.GetTicket(t.Context(), "1"); return err },
			} {
				requests.Store(0)
				err := call()
				var answer *APIError
				if !errors.As(err, &answer) || answer.StatusCode != status || requests.Load() != 1 {
					t.Errorf("%s with %d to %q: %v after %d requests, want an *APIError after 1",
						name, status, location, err, requests.Load())
				}
				if CommitmentOf(err) != Unconfirmed {
					t.Errorf("%s with %d: CommitmentOf = %v", name, status, CommitmentOf(err))
				}
			}
		}
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	operation, _ := contract.Lookup(contract.GetTicket)
	answers := map[string]http.HandlerFunc{
		"after a success":           respondJSON(200, string(operation.ExampleResponse)),
		"after a Problem":           respondJSON(404, string(contract.ExampleProblem())),
		"after a large error page":  respond(502, "text/html", strings.Repeat("<p>Bad gateway</p>", 8000)),
		"after an answer of no use": respondJSON(200, `{"result": {}}`),
		"after a redirect":          respond(302, "text/html", "<a href='/'>elsewhere</a>"),
	}
	for name, handler := range answers {
		t.Run(name, func(t *testing.T) {
			var connections atomic.Int32
			server := httptest.NewUnstartedServer(handler)
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					connections.Add(1)
				}
			}
			server.Start()
			t.Cleanup(server.Close)
			client := newClient(t, Options{BaseURL: server.URL})
			for range 5 {
				_, _ = client.GetTicket(t.Context(), "10023")
				_ = client.DeleteNote(t.Context(), "1", "2")
			}
			if got := connections.Load(); got != 1 {
				t.Errorf("10 requests took %d connections, want 1", got)
			}
		})
	}
}

// TestWritesAreNotSentTwice lets the server close each connection in the middle of a request that
// came on a connection used before. That is when net/http sends again whatever it may.
func TestWritesAreNotSentTwice(t *testing.T) {
	writes := map[string]func(ctx context.Context, c *Client) error{
		"CreateTicket": func(ctx context.Context, c *Client) error {
			_, err := c.CreateTicket(ctx, exampleCreateTicket())
			return err
		},
		"CreateComment": func(ctx context.Context, c *Client) error {
			_, err := c.CreateComment(ctx, "1", CreateCommentRequest{Content: "x"})
			return err
		},
		"PatchTicket": func(ctx context.Context, c *Client) error {
			_, err := c.PatchTicket(ctx, "1", exampleTicketPatch())
			return err
		},
		"DeleteComment": func(ctx context.Context, c *Client) error { return c.DeleteComment(ctx, "1", "2") },
	}
	operation, _ := contract.Lookup(contract.GetTicket)
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			var received atomic.Int32
			_, client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					respondJSON(200, string(operation.ExampleResponse))(w, r)
					return
				}
				received.Add(1)
				closeConnection(t, w)
			})
			if _, err := client.GetTicket(t.Context(), "1"); err != nil { // Leaves a connection to use again.
				t.Fatal(err)
			}
			err := write(t.Context(), client)
			var transport *TransportError
			if !errors.As(err, &transport) || transport.NeverSent || CommitmentOf(err) != Unconfirmed {
				t.Errorf("error = %v (%v), want an unconfirmed *TransportError", err, CommitmentOf(err))
			}
			if got := received.Load(); got != 1 {
				t.Errorf("the server received the request %d times", got)
			}
		})
	}
}

func TestBodiesCannotBeReplayed(t *testing.T) {
	client := newClient(t, Options{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.GetBody != nil || r.ContentLength <= 0 {
			t.Errorf("%s: GetBody is set: %t, Content-Length %d", r.Method, r.GetBody != nil, r.ContentLength)
		}
		return nil, errors.New("enough seen")
	})})
	_, _ = client.CreateTicket(t.Context(), exampleCreateTicket())
	_, _ = client.PatchTicket(t.Context(), "1", exampleTicketPatch())
}

func TestBodiesAreBounded(t *testing.T) {
	t.Run("data", func(t *testing.T) {
		_, client := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte(`{"result": {"id": "1"}}`)) // The rest is white space, and as JSON all is well.
			chunk := []byte(strings.Repeat(" ", 1<<20))
			for range 20 {
				_, _ = w.Write(chunk)
			}
		})
		_, err := client.CreateTicket(t.Context(), exampleCreateTicket())
		var decode *DecodeError
		if !errors.As(err, &decode) || decode.StatusCode != http.StatusCreated || !decode.TooLarge || CommitmentOf(err) != Unconfirmed {
			t.Fatalf("error = %#v, want an unconfirmed *DecodeError that is TooLarge", err)
		}
		if want := "CreateTicket: the response (status 201) cannot be used: it is larger than 16 MiB"; err.Error() != want {
			t.Errorf("error = %q, want %q", err, want)
		}
	})
	t.Run("errors", func(t *testing.T) {
		body := &countingReader{remaining: 1 << 30}
		client := newClient(t, Options{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusBadGateway, Body: io.NopCloser(body)}, nil
		})})
		_, err := client.GetTicket(t.Context(), "1")
		if len(err.Error()) > 1024 {
			t.Errorf("the error has %d bytes", len(err.Error()))
		}
		if body.read > 1<<20 {
			t.Errorf("%d bytes of the body were read", body.read)
		}
	})
}

func TestRequestTimeoutCoversTheBody(t *testing.T) {
	for name, begin := range map[string]func(w http.ResponseWriter){
		"no answer": func(http.ResponseWriter) {},
		"a body that does not end": func(w http.ResponseWriter) {
			_, _ = w.Write([]byte(`{"result": {`))
			_ = http.NewResponseController(w).Flush()
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // Only then does the server notice that the client has gone.
				begin(w)
				<-r.Context().Done()
			}))
			t.Cleanup(server.Close)
			client := newClient(t, Options{BaseURL: server.URL, RequestTimeout: 100 * time.Millisecond})
			_, err := client.CreateTicket(t.Context(), exampleCreateTicket())
			var transport *TransportError
			if !errors.As(err, &transport) || transport.NeverSent || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error = %v, want a *TransportError by the deadline", err)
			}
			host := strings.TrimPrefix(server.URL, "http://")
			if want := "CreateTicket: timed out waiting for the complete response from " + host; err.Error() != want {
				t.Errorf("error = %q, want %q", err, want)
			}
		})
	}
}

func TestSwitchingProtocolsIsAnError(t *testing.T) {
	body, writer := io.Pipe() // Nothing ever comes, nor does it end.
	t.Cleanup(func() { _ = writer.Close() })
	client := newClient(t, Options{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusSwitchingProtocols, Body: body}, nil
	})})
	_, err := client.GetTicket(t.Context(), "1")
	var answer *APIError
	if !errors.As(err, &answer) || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("error = %v", err)
	}
}

func TestNullAndAbsentAreEmpty(t *testing.T) {
	const required = `"id": "1", "summary": "s", "name": "n", "created_at": "2026-11-01T10:00:00Z", "updated_at": "soon"`
	want := Ticket{
		ID: "1", Summary: "s", Name: "n", CreatedAt: at(2026, time.November, 1, 10, 0, 0, 0, "2026-11-01T10:00:00Z"),
		UpdatedAt: Timestamp{Raw: "soon"},
	}
	optional := []string{
		"creator", "assignee", "contact", "description", "priority", "due_date", "completion_date", "status", "project",
		"issue_type", "tags", "attachments", "custom_fields", "unmapped", "parent",
	}
	for name, members := range map[string]string{
		"absent":  "",
		"null":    `, "` + strings.Join(optional, `": null, "`) + `": null`,
		"unknown": `, "votes": {"count": [1, 2]}, "sprint": null`,
	} {
		_, client := newServer(t, respondJSON(200, `{"result": {`+required+members+`}, "more": 1}`))
		got, err := client.GetTicket(t.Context(), "1")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, *got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestUnknownPrioritiesArePassedOn(t *testing.T) {
	_, client := newServer(t, respondJSON(200, `{"result": {"id": "1", "priority": "P0"}}`))
	if ticket, err := client.GetTicket(t.Context(), "1"); err != nil || ticket.Priority != "P0" {
		t.Errorf("GetTicket = %+v, %v", ticket, err)
	}
}

// closeConnection drops the connection of a request without an answer.
func closeConnection(t *testing.T, w http.ResponseWriter) {
	t.Helper()
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(fmt.Errorf("taking the connection: %w", err))
		return
	}
	_ = connection.Close()
}

// countingReader yields so many bytes and counts them.
type countingReader struct{ remaining, read int }

func (r *countingReader) Read(p []byte) (int, error) {
	n := min(len(p), r.remaining)
	if n == 0 {
		return 0, io.EOF
	}
	for i := range n {
		p[i] = 'x'
	}
	r.remaining -= n
	r.read += n
	return n, nil
}

// lateContext is one whose time has passed, in a process that was stopped: its timer has not run
// yet.
type lateContext struct{ context.Context }

func (lateContext) Deadline() (time.Time, bool) { return time.Now().Add(-time.Second), true }
func (lateContext) Err() error                  { return nil }

func TestNothingIsSentAfterTheDeadline(t *testing.T) {
	if err := ended(lateContext{t.Context()}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ended = %v", err)
	}
	if err := ended(t.Context()); err != nil {
		t.Errorf("without a deadline: %v", err)
	}
	ahead, cancel := context.WithTimeout(t.Context(), time.Hour)
	if err := ended(ahead); err != nil {
		t.Errorf("before the deadline: %v", err)
	}
	cancel()
	if err := ended(ahead); !errors.Is(err, context.Canceled) {
		t.Errorf("after it was cancelled: %v", err)
	}
}
