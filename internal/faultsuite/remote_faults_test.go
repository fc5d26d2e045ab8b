// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// lateCommit is how long after the client has given up a request still takes effect, within the
// settle period.
const lateCommit = settlePeriod - 10*time.Second

// answerer answers a request.
type answerer func(*exchange) (*http.Response, error)

// requestThat is an answerer for what does not return.
func requestThat(does func(*exchange)) answerer {
	return func(call *exchange) (*http.Response, error) {
		does(call)
		return nil, io.ErrUnexpectedEOF
	}
}

// problem answers with an error of the API. Its message repeats the token, as servers that echo
// requests do.
func problem(status int, headers ...string) answerer {
	return func(call *exchange) (*http.Response, error) {
		body, err := json.Marshal(map[string]any{
			"message": fmt.Sprintf("injected: %s; the request had %q", http.StatusText(status), call.request.Header.Get("Authorization")), "status": status,
		})
		if err != nil {
			return nil, err
		}
		return response(call, status, "application/json", body, headers...), nil
	}
}

func response(call *exchange, status int, contentType string, body []byte, headers ...string) *http.Response {
	header := http.Header{"Content-Type": {contentType}}
	for i := 0; i+1 < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
	}
	return &http.Response{
		StatusCode: status, Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: call.request,
	}
}

// afterCommit lets the request take effect and then answers otherwise.
func afterCommit(answer answerer) answerer {
	return func(call *exchange) (*http.Response, error) {
		performed, err := call.send()
		if err != nil {
			return nil, err
		}
		_ = performed.Body.Close()
		return answer(call)
	}
}

func failure(err error) answerer {
	return func(*exchange) (*http.Response, error) { return nil, err }
}

// noAnswer waits until the client gives up.
func noAnswer(call *exchange) (*http.Response, error) {
	<-call.request.Context().Done()
	return nil, call.request.Context().Err()
}

// lying marks the remote object as one of which the ticketing system says that it is not there.
func lying(answer answerer) answerer {
	return func(call *exchange) (*http.Response, error) {
		call.network.world.ledger.lied[remoteID(call.request)] = true
		return answer(call)
	}
}

// changed lets the request take effect and changes the answer.
func changed(change func(call *exchange, answered *http.Response, body []byte) []byte) answerer {
	return func(call *exchange) (*http.Response, error) {
		answered, err := call.send()
		if err != nil {
			return nil, err
		}
		body := change(call, answered, peek(answered))
		answered.Body, answered.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return answered, nil
	}
}

// withID replaces the ID in the answer, or leaves it out.
func withID(id *string) answerer {
	return changed(func(_ *exchange, _ *http.Response, body []byte) []byte {
		var document struct {
			Result map[string]any `json:"result"`
		}
		if json.Unmarshal(body, &document) != nil || document.Result == nil {
			return body
		}
		delete(document.Result, "id")
		if id != nil {
			document.Result["id"] = *id
		}
		replaced, err := json.Marshal(document)
		if err != nil {
			return body
		}
		return replaced
	})
}

func withBody(contentType, body string) answerer {
	return changed(func(_ *exchange, answered *http.Response, _ []byte) []byte {
		answered.Header.Set("Content-Type", contentType)
		answered.StatusCode = http.StatusOK
		return []byte(body)
	})
}

// cutOff is a body that is shorter than its Content-Length.
type cutOff struct{ io.Reader }

func (c cutOff) Read(buffer []byte) (int, error) {
	n, err := c.Reader.Read(buffer)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func truncated(call *exchange) (*http.Response, error) {
	answered, err := call.send()
	if err != nil {
		return nil, err
	}
	body := peek(answered)
	answered.Body = io.NopCloser(cutOff{bytes.NewReader(body[:len(body)/2])})
	return answered, nil
}

// oversized pads the answer to more than the client reads.
func oversized(call *exchange) (*http.Response, error) {
	answered, err := call.send()
	if err != nil {
		return nil, err
	}
	const tooMuch = 17 << 20
	answered.Body = io.NopCloser(io.MultiReader(io.LimitReader(spaces{}, tooMuch), answered.Body))
	answered.ContentLength = -1
	return answered, nil
}

type spaces struct{}

func (spaces) Read(buffer []byte) (int, error) {
	for i := range buffer {
		buffer[i] = ' '
	}
	return len(buffer), nil
}

// duplicated repeats items of a list.
func duplicated(call *exchange) (*http.Response, error) {
	system := call.network.world.remote
	before := system.Behaviour()
	system.SetBehaviour(simulator.Behaviour{DuplicateItems: true})
	defer system.SetBehaviour(before)
	return call.send()
}

const page = "<!doctype html><html><body>Sign in to continue</body></html>"

// remoteFaults are all that can become of a request. Faults after the commit are for requests that
// commit something.
func remoteFaults() []fault {
	anyRemote := func(o operation) bool { return o.class == classRemote }
	commits := func(o operation) bool { return o.writesRemotely() }
	hasResult := func(o operation) bool { return o.class == classRemote && !o.is("delete") }
	hasID := func(o operation) bool { return o.is("create") || o.is("patch") || o.is("get") }
	empty, blank, long := "", " \t ", strings.Repeat("9", 10<<10)

	faults := []fault{
		{name: "connection refused", applies: anyRemote, answer: failure(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED})},
		{name: "host not found", applies: anyRemote, answer: failure(&net.DNSError{Err: "no such host", Name: "api.synqly.example", IsNotFound: true})},
		{name: "request lost", applies: anyRemote, answer: failure(&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET})},
		{name: "response lost", applies: commits, answer: afterCommit(failure(&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}))},
		{name: "slow, not committed", applies: anyRemote, answer: noAnswer},
		{name: "slow, committed", applies: commits, answer: afterCommit(noAnswer)},
		{name: "slow, committed after the client gave up", applies: commits, answer: func(call *exchange) (*http.Response, error) {
			call.sendLate(requestTimeout + lateCommit)
			return noAnswer(call)
		}},
		{name: "504, committed later", applies: commits, answer: func(call *exchange) (*http.Response, error) {
			call.sendLate(lateCommit)
			return problem(http.StatusGatewayTimeout)(call)
		}},
		{name: "429 with Retry-After", applies: anyRemote, answer: problem(http.StatusTooManyRequests, "Retry-After", "120")},
		{name: "503 with Retry-After", applies: anyRemote, answer: problem(http.StatusServiceUnavailable, "Retry-After", "120")},
		{name: "503 with Retry-After, committed", applies: commits, answer: afterCommit(problem(http.StatusServiceUnavailable, "Retry-After", "120"))},
		{name: "429 without Retry-After", applies: anyRemote, answer: problem(http.StatusTooManyRequests)},
		{name: "malformed", applies: hasResult, answer: withBody("application/json", `{"result": {"id": "1", `)},
		{name: "wrong type", applies: hasResult, answer: withBody("application/json", `{"result": 7, "cursor": ""}`)},
		{name: "wrong type of the ID", applies: hasID, answer: withBody("application/json", `{"result": {"id": {"value": 7}}}`)},
		{name: "empty body", applies: hasResult, answer: withBody("application/json", "")},
		{name: "truncated", applies: hasResult, answer: truncated},
		{name: "oversized", applies: hasResult, answer: oversized},
		{name: "HTML, committed", applies: anyRemote, answer: withBody("text/html", page)},
		// Not for deletes: their answer has no body to tell a sign-in page by.
		{name: "HTML, not committed", applies: hasResult, answer: func(call *exchange) (*http.Response, error) {
			return response(call, http.StatusOK, "text/html", []byte(page)), nil
		}},
		{name: "no ID", applies: hasID, answer: withID(nil)},
		{name: "empty ID", applies: hasID, answer: withID(&empty)},
		{name: "white space for an ID", applies: hasID, answer: withID(&blank)},
		{name: "ID of 10 KB", applies: hasID, answer: withID(&long)},
		{name: "the same ID twice", applies: func(o operation) bool { return o.is("list") }, answer: duplicated},
		{name: "409, committed", applies: commits, refusal: true, answer: afterCommit(problem(http.StatusConflict))},
	}
	for _, status := range []int{500, 502, 503, 504} {
		faults = append(faults,
			fault{name: fmt.Sprintf("%d, not committed", status), applies: anyRemote, answer: problem(status)},
			fault{name: fmt.Sprintf("%d, committed", status), applies: commits, answer: afterCommit(problem(status))},
		)
	}
	for _, status := range []int{400, 401, 402, 403, 404, 405, 409, 413, 415, 422, 501} {
		answer := problem(status)
		if status == http.StatusNotFound {
			answer = lying(answer)
		}
		faults = append(faults, fault{
			name: fmt.Sprint(status), applies: anyRemote, refusal: true, answer: answer,
			losesCredentials: status == http.StatusUnauthorized || status == http.StatusPaymentRequired || status == http.StatusForbidden,
		})
	}
	for i := range faults {
		faults[i].kind = "remote call"
	}
	return faults
}
