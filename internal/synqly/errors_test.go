// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/synqly/ticketing-operator/internal/synqly/contract"
)

// refusal is what a RoundTripper returns that does not let a request pass.
type refusal struct{ sent bool }

func (r refusal) Error() string   { return "the budget is used up" }
func (r refusal) NeverSent() bool { return !r.sent }

func TestCommitmentOfStatuses(t *testing.T) {
	notCommitted := map[int]bool{
		400: true, 401: true, 402: true, 403: true, 404: true, 405: true, 413: true, 415: true, 422: true, 429: true, 501: true,
	}
	for status := 300; status < 600; status++ {
		client := newClient(t, Options{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			body := fmt.Sprintf(`{"message": "no", "status": %d}`, status)
			return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body))}, nil
		})})
		_, err := client.CreateTicket(t.Context(), exampleCreateTicket())
		want := Unconfirmed
		if notCommitted[status] {
			want = NotCommitted
		}
		if got := CommitmentOf(fmt.Errorf("creating: %w", err)); got != want {
			t.Errorf("status %d: CommitmentOf = %v, want %v", status, got, want)
		}
	}
}

// TestCommitmentOfForeignAnswers: the page of a proxy says nothing about a create, but for what no
// server says that has taken the request.
func TestCommitmentOfForeignAnswers(t *testing.T) {
	for status := 200; status < 600; status++ {
		for contentType, body := range map[string]string{"text/html": "<html>Sign in</html>", "text/plain": "404 page not found", "application/json": `{"message": "no Route matched"}`} {
			client := newClient(t, Options{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body))}, nil
			})})
			_, err := client.CreateTicket(t.Context(), exampleCreateTicket())
			want := Unconfirmed
			if status == http.StatusTooManyRequests || status == http.StatusRequestEntityTooLarge {
				want = NotCommitted
			}
			if got := CommitmentOf(err); got != want {
				t.Errorf("%d %s: CommitmentOf = %v, want %v", status, contentType, got, want)
			}
			err = client.DeleteComment(t.Context(), "1", "2")
			if err == nil || IsNotFound(err) || IsAccessDenied(err) {
				t.Errorf("%d %s: the delete ends with %v (%v), want an error that proves nothing", status, contentType, err, ClassOf(err))
			}
		}
	}
}

func TestCommitmentOfAnswers(t *testing.T) {
	ticket := func(id string) string { return `{"result": {"id": ` + id + `, "summary": "s", "name": "n"}}` }
	for name, handler := range map[string]http.HandlerFunc{
		"no body":             respondJSON(201, ""),
		"malformed":           respondJSON(201, `{"result": {"id": "1"}`),
		"trailing data":       respondJSON(201, ticket(`"1"`)+`{}`),
		"a page":              respond(200, "text/html", "<html>Sign in</html>"),
		"no result":           respondJSON(201, `{"meta": {}}`),
		"a null result":       respondJSON(201, `{"result": null}`),
		"a list":              respondJSON(201, `{"result": [{"id": "1"}]}`),
		"a string":            respondJSON(201, `"1"`),
		"no ID":               respondJSON(201, `{"result": {"summary": "s"}}`),
		"a null ID":           respondJSON(201, ticket(`null`)),
		"an empty ID":         respondJSON(201, ticket(`""`)),
		"an ID of spaces":     respondJSON(201, ticket(`" \t\n"`)),
		"an ID of 10 KB":      respondJSON(201, ticket(`"`+strings.Repeat("1", 10<<10)+`"`)),
		"an ID that is none":  respondJSON(201, ticket(`{"value": 10023}`)),
		"a fraction as an ID": respondJSON(201, ticket(`10023.5`)),
		"a mistyped cursor":   respondJSON(201, `{"result": {"id": "1"}, "cursor": 7}`),
		"cut off":             cutOff,
		"cut off and chunked": cutOffChunks,
	} {
		t.Run(name, func(t *testing.T) {
			_, client := newServer(t, handler)
			created, err := client.CreateTicket(t.Context(), exampleCreateTicket())
			var decode *DecodeError
			if created != nil || !errors.As(err, &decode) || decode.StatusCode/100 != 2 || decode.Operation != "CreateTicket" {
				t.Fatalf("CreateTicket = %v, %v, want a *DecodeError", created, err)
			}
			if got := CommitmentOf(err); got != Unconfirmed {
				t.Errorf("CommitmentOf = %v", got)
			}
			if len(err.Error()) > 1200 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestTransportErrors(t *testing.T) {
	const request = "https://api.example.com"
	closedPort := unusedAddress(t)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0) // It would complain of the handshake.
	t.Cleanup(untrusted.Close)
	silent := listenSilently(t)
	mail := saying(t, "220 secret.internal ESMTP\r\n")
	garbled := saying(t, "HTTP/1.1 200 OK\r\nx: y\r\nthe secret\r\n\r\n")

	lookupFails := func(err *net.DNSError) http.RoundTripper {
		transport := onLoopback()
		transport.direct.DialContext = func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
		}
		return transport
	}
	fails := func(err error) http.RoundTripper {
		return roundTripper(func(*http.Request) (*http.Response, error) { return nil, err })
	}
	connection := func(op string, err error) error {
		return &net.OpError{
			Op: op, Net: "tcp", Source: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 53412},
			Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}, Err: err,
		}
	}
	const ended = "the connection to api.example.com was closed before the response was complete"

	cases := map[string]struct {
		options   Options
		cancelled bool
		want      string
		neverSent bool
	}{
		"refused": {
			options: Options{BaseURL: "http://" + closedPort}, want: "cannot connect to " + closedPort + ": connection refused",
			neverSent: true,
		},
		"no such host": {
			options: Options{BaseURL: request, Transport: lookupFails(&net.DNSError{Err: "no such host", Server: "10.0.0.10:53", IsNotFound: true})},
			want:    "host api.example.com cannot be resolved: no such host", neverSent: true,
		},
		"name server fails": {
			options: Options{BaseURL: request, Transport: lookupFails(&net.DNSError{Err: "read udp 10.1.2.3:40123->10.0.0.10:53: refused"})},
			want:    "host api.example.com cannot be resolved: the DNS lookup failed", neverSent: true,
		},
		"name server is slow": {
			options: Options{BaseURL: request, Transport: lookupFails(&net.DNSError{Err: "i/o timeout", IsTimeout: true})},
			want:    "timed out connecting to api.example.com", neverSent: true,
		},
		"unknown authority": {
			options:   Options{BaseURL: untrusted.URL},
			want:      "the certificate of " + strings.TrimPrefix(untrusted.URL, "https://") + " is not trusted: it is signed by an unknown authority",
			neverSent: true,
		},
		"expired certificate": {
			options: Options{BaseURL: request, Transport: fails(&tls.CertificateVerificationError{
				Err: x509.CertificateInvalidError{Reason: x509.Expired, Detail: "current time 2026-11-08T12:00:00Z is after 2026-11-07"},
			})},
			want:      "the certificate of api.example.com is not trusted: it has expired or is not yet valid",
			neverSent: true,
		},
		"another name": {
			options: Options{BaseURL: request, Transport: fails(&tls.CertificateVerificationError{
				Err: x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"example.org"}}, Host: "api.example.com"},
			})},
			want: "the certificate of api.example.com is not trusted: " +
				"x509: certificate is valid for example.org, not api.example.com",
			neverSent: true,
		},
		"no TLS": {
			options:   Options{BaseURL: "https://" + strings.TrimPrefix(plain.URL, "http://")},
			want:      "cannot connect to " + strings.TrimPrefix(plain.URL, "http://") + ": the server does not use TLS",
			neverSent: true,
		},
		"handshake that does not end": {
			options: Options{BaseURL: "https://" + silent, RequestTimeout: 100 * time.Millisecond},
			want:    "timed out connecting to " + silent, neverSent: true,
		},
		"refused by the RoundTripper": {
			options: Options{BaseURL: request, Transport: fails(fmt.Errorf("waiting: %w", refusal{}))},
			want:    "waiting: the budget is used up", neverSent: true,
		},
		"given up by the RoundTripper": {
			options: Options{BaseURL: request, Transport: fails(refusal{sent: true})}, want: "the budget is used up",
		},
		"cancelled before": {
			options: Options{BaseURL: request}, cancelled: true, neverSent: true,
			want: "the request was canceled before the response was complete",
		},
		"dial fails without net/http": {
			options: Options{BaseURL: request, Transport: fails(connection("dial", syscall.EHOSTUNREACH))},
			want:    "cannot connect to api.example.com: no route to host", neverSent: true,
		},
		"reset":        {options: Options{BaseURL: request, Transport: fails(connection("read", syscall.ECONNRESET))}, want: ended},
		"broken pipe":  {options: Options{BaseURL: request, Transport: fails(connection("write", syscall.EPIPE))}, want: ended},
		"EOF":          {options: Options{BaseURL: request, Transport: fails(io.EOF)}, want: ended},
		"closed idle":  {options: Options{BaseURL: request, Transport: fails(errors.New("http: server closed idle connection"))}, want: ended},
		"HTTP/2 reset": {options: Options{BaseURL: request, Transport: fails(errors.New("stream error: stream ID 7; INTERNAL_ERROR"))}, want: ended},
		"read timeout": {
			options: Options{BaseURL: request, Transport: fails(connection("read", context.DeadlineExceeded))},
			want:    "timed out waiting for the complete response from api.example.com",
		},
		"something else": {
			options: Options{BaseURL: request, Transport: fails(connection("read", syscall.EIO))},
			want:    "no response from api.example.com: read tcp connection: input/output error",
		},
		"the token": {
			options: Options{BaseURL: request, Transport: fails(errors.New("lost Bearer " + canary))},
			want:    "no response from api.example.com: lost Bearer [redacted]",
		},
		"a service that does not speak HTTP": {
			options: Options{BaseURL: "http://" + mail}, want: "no response from " + mail + ": it is not HTTP",
		},
		"a header that is none": {
			options: Options{BaseURL: "http://" + garbled}, want: "no response from " + garbled + ": it is not HTTP",
		},
		"a value that is none": {
			options: Options{BaseURL: request, Transport: fails(errors.New("bad Content-Length \"secret\""))},
			want:    "no response from api.example.com: bad Content-Length",
		},
		"neither answer nor error": {
			options: Options{BaseURL: request, Transport: fails(nil)},
			want:    "no response from api.example.com: the RoundTripper returned neither a response nor an error",
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if test.cancelled {
				cancel()
			}
			_, err := newClient(t, test.options).CreateTicket(ctx, exampleCreateTicket())
			var transport *TransportError
			if !errors.As(err, &transport) {
				t.Fatalf("error = %v, want a *TransportError", err)
			}
			if want := "CreateTicket: " + test.want; err.Error() != want {
				t.Errorf("error = %q\nwant    %q", err, want)
			}
			want := Unconfirmed
			if test.neverSent {
				want = NotCommitted
			}
			if got := CommitmentOf(fmt.Errorf("creating: %w", err)); transport.NeverSent != test.neverSent || got != want {
				t.Errorf("NeverSent = %t, CommitmentOf = %v, want %t, %v", transport.NeverSent, got, test.neverSent, want)
			}
			expectNoToken(t, err.Error())
		})
	}
}

func TestCancellationStaysFindable(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	client := newClient(t, Options{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		cancel()
		return nil, errors.New("something that does not tell")
	})})
	_, err := client.GetTicket(ctx, "1")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, which is not context.Canceled", err)
	}
}

// TestHTTP2RequestsCountAsSent checks what NeverSent rests on, that a connection is known of with
// HTTP/2 too.
func TestHTTP2RequestsCountAsSent(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("the request came with %s", r.Proto)
		}
		panic(http.ErrAbortHandler)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := onLoopback()
	trusted, ok := server.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatalf("the server's transport is %T", server.Client().Transport)
	}
	transport.direct.TLSClientConfig = trusted.TLSClientConfig
	client := newClient(t, Options{BaseURL: server.URL, Transport: transport})
	for range 2 { // On a new connection, and on one used before.
		_, err := client.CreateTicket(t.Context(), exampleCreateTicket())
		var failure *TransportError
		if !errors.As(err, &failure) || failure.NeverSent || CommitmentOf(err) != Unconfirmed {
			t.Errorf("error = %v (%v), want an unconfirmed *TransportError", err, CommitmentOf(err))
		}
	}
}

func TestCommitmentOfOtherErrors(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want Commitment
	}{
		"none":                       {nil, Unconfirmed},
		"another":                    {errors.New("x"), Unconfirmed},
		"a refusal":                  {refusal{}, NotCommitted},
		"a deadline":                 {context.DeadlineExceeded, Unconfirmed},
		"sent, whatever is wrapped":  {&TransportError{Err: refusal{}}, Unconfirmed},
		"a list that does not end":   {&PaginationError{}, Unconfirmed},
		"a request that could not":   {&InvalidRequestError{Err: errors.New("x")}, NotCommitted},
		"options of no use":          {&ConfigurationError{}, NotCommitted},
		"one of several, not sent":   {errors.Join(errors.New("x"), &TransportError{NeverSent: true, Err: io.EOF}), NotCommitted},
		"an answer of no use at all": {&DecodeError{Err: io.EOF}, Unconfirmed},
	} {
		if got := CommitmentOf(test.err); got != test.want {
			t.Errorf("%s: CommitmentOf = %v, want %v", name, got, test.want)
		}
	}
}

func TestEchoedTokenIsRedacted(t *testing.T) {
	escaped := strings.ReplaceAll(canary, "/", `\/`)
	unicodeEscaped := fmt.Sprintf(`\u%04x`, canary[0]) + canary[1:]
	half := len(canary) / 2
	bodies := map[string]struct{ contentType, body string }{
		"a Problem":              {"application/json", `{"message": "no access for ` + canary + `", "detail": "` + canary + `", "remediation": "not ` + canary + `", "instance": "` + canary + `", "type": "` + canary + `", "occurred_at": "` + canary + `"}`},
		"a Problem, escaped":     {"application/json", `{"message": "` + escaped + `", "detail": "` + unicodeEscaped + `"}`},
		"its causes":             {"application/json", `{"cause": [{"message": "` + canary + `", "type": "` + canary + `"}], "context": {"parameter": {"id": "` + canary + `", "location": "` + canary + `"}}}`},
		"other JSON":             {"application/json", `{"request": {"` + unicodeEscaped + `": ["Bearer ` + escaped + `"]}}`},
		"a JSON string":          {"application/json", `"Bearer ` + unicodeEscaped + `"`},
		"text":                   {"text/plain", "Authorization: Bearer " + canary},
		"a page":                 {"text/html", "<html><body>Authorization: Bearer " + canary + "</body></html>"},
		"a page with a title":    {"text/html", "<title>" + canary + "</title>"},
		"with entities":          {"text/html", "<p>" + strings.ReplaceAll(canary, "/", "&#47;") + "</p>"},
		"with invisible letters": {"text/plain", canary[:half] + "\u200b" + canary[half:]},
		"cut off in the middle":  {"text/plain", strings.Repeat(" ", maxProblemBytes-half) + canary},
		"cut off with entities":  {"text/html", strings.Repeat(" ", maxProblemBytes-half) + "canary&#45;" + canary[7:]},
		"cut off in a page":      {"text/html", strings.Repeat("<b>", (maxProblemBytes-half)/3) + canary},
		"malformed JSON":         {"application/json", `{"message": "` + canary},
	}
	for name, answer := range bodies {
		for _, status := range []int{200, 401, 500} {
			t.Run(fmt.Sprintf("%s with %d", name, status), func(t *testing.T) {
				_, client := newServer(t, respond(status, answer.contentType, answer.body))
				_, err := client.CreateTicket(t.Context(), exampleCreateTicket())
				if err == nil {
					t.Fatal("no error")
				}
				for ; err != nil; err = errors.Unwrap(err) {
					expectNoToken(t, err.Error())
					expectNoToken(t, fmt.Sprintf("%+v", err))
					var answer *APIError
					if errors.As(err, &answer) {
						expectNoToken(t, fmt.Sprintf("%+v %+v", answer.Problem, answer.Problem.Parameter))
					}
				}
			})
		}
	}
}

// TestDecodeErrorsAreRedacted takes a token of one letter, because that is all that a decoding
// error quotes.
func TestDecodeErrorsAreRedacted(t *testing.T) {
	server, _ := newServer(t, respondJSON(http.StatusOK, "~"))
	client, err := NewClient(Options{BaseURL: server.URL, Token: "~", AllowInsecureHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	if _, err = client.GetTicket(t.Context(), "1"); err == nil || strings.Contains(err.Error(), "~") {
		t.Errorf("error = %v, want one without the token", err)
	}
}

func TestErrorsAreTheSameEachTime(t *testing.T) {
	var count int
	_, client := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		count++
		body := `{"message": "m", "status": 500, "occurred_at": "2026-11-01T10:00:%02dZ", "instance": "request-%d"}`
		respondJSON(500, fmt.Sprintf(body, count, count))(w, nil)
	})
	_, first := client.GetTicket(t.Context(), "1")
	_, second := client.GetTicket(t.Context(), "1")
	if first.Error() != second.Error() {
		t.Errorf("%q, then %q", first, second)
	}
	var answer *APIError
	if !errors.As(second, &answer) || answer.Problem.Instance != "request-2" {
		t.Errorf("the Problem is %+v, want the instance of the second answer", answer)
	}
}

// cutOff promises more than it sends.
func cutOff(w http.ResponseWriter, _ *http.Request) {
	operation, _ := contract.Lookup(contract.CreateTicket)
	w.Header().Set("Content-Length", fmt.Sprint(len(operation.ExampleResponse)+1))
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(operation.ExampleResponse)
}

// cutOffChunks ends without the last chunk.
func cutOffChunks(w http.ResponseWriter, _ *http.Request) {
	operation, _ := contract.Lookup(contract.CreateTicket)
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(operation.ExampleResponse)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// saying returns an address at which somebody says the same to everybody.
func saying(t *testing.T, text string) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = bufio.NewReader(connection).ReadString('\n') // A client that is answered before it asks is not answered.
			_, _ = connection.Write([]byte(text))
			_ = connection.Close()
		}
	}()
	return listener.Addr().String()
}

// unusedAddress returns an address at which nobody listens.
func unusedAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // What matters is that it no longer listens.
	return listener.Addr().String()
}

// listenSilently returns an address that accepts connections and says nothing.
func listenSilently(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}
