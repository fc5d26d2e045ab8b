// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// network is the way from the managers to the ticketing system. It numbers the calls and lets
// faults strike at them.
type network struct {
	world     *world
	simulator http.RoundTripper
	log       []string
	// down answers every request during an outage; nil without one.
	down func() (*http.Response, error)

	// interception answers requests for a while; nil for none.
	interception *interception
}

// exchange is one request.
type exchange struct {
	network   *network
	request   *http.Request
	operation string
	body      []byte
	by        *action
}

// RoundTrip implements http.RoundTripper.
func (n *network) RoundTrip(request *http.Request) (*http.Response, error) {
	w := n.world
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	call := &exchange{network: n, request: request, operation: operationOf(request), body: body, by: w.acting}
	struck := w.begin(operation{class: classRemote, name: call.operation})
	if err := request.Context().Err(); err != nil {
		// As in net/http: a request whose time is over before it has a connection is not sent.
		return nil, err
	}
	if n.down != nil {
		w.end(struck)
		return n.down()
	}
	w.ledger.sent(call)
	var response *http.Response
	switch {
	case struck != nil && struck.answer != nil:
		response, err = struck.answer(call)
	case n.intercepts(call):
		response, err = n.interception.answer(call)
	default:
		response, err = call.send()
	}
	status := 0
	if response != nil {
		status = response.StatusCode
		// As every server does: it tells the remote API's clock.
		response.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	w.logf("%s %s: %d %v", call.operation, remoteID(request), status, err)
	w.ledger.answered(call, response)
	if call.by != nil {
		call.by.latest = call.operation
	}
	w.end(struck)
	return response, err
}

// send lets the ticketing system carry the request out.
func (e *exchange) send() (*http.Response, error) {
	request := e.request.Clone(context.WithoutCancel(e.request.Context()))
	request.Body = io.NopCloser(bytes.NewReader(e.body))
	response, err := e.network.simulator.RoundTrip(request)
	if err == nil {
		e.network.world.ledger.performed(e, response)
	}
	return response, err
}

// sendLate lets the request arrive so much later.
func (e *exchange) sendLate(delay time.Duration) {
	n := e.network
	n.world.inTime(delay, func() {
		response, err := e.send()
		if err == nil {
			_ = response.Body.Close()
		}
		n.world.logf("%s arrived late: %v", e.operation, err)
	})
}

// operationOf names the operation of a request as the API's documentation does, without spaces.
func operationOf(request *http.Request) string {
	segments := segmentsOf(request)
	what := strings.TrimSuffix(segments[0], "s")
	if len(segments) > 2 {
		what = strings.TrimSuffix(segments[2], "s")
	}
	one := len(segments)%2 == 0
	switch request.Method {
	case http.MethodGet:
		if segments[len(segments)-1] == "download" {
			return "download " + what
		}
	case http.MethodPost:
		return "create " + what
	case http.MethodPatch:
		return "patch " + what
	case http.MethodDelete:
		return "delete " + what
	}
	if one {
		return "get " + what
	}
	return "list " + what + "s"
}

// segmentsOf are those of the path. What belongs to a ticket is below it: the API has attachments
// beside tickets.
func segmentsOf(request *http.Request) []string {
	segments := strings.Split(strings.Trim(strings.TrimPrefix(request.URL.Path, "/v1/ticketing"), "/"), "/")
	if segments[0] == "attachments" && len(segments) > 1 {
		return append([]string{"tickets", segments[1], "attachments"}, segments[2:]...)
	}
	return segments
}

// remoteID is the last ID in the path, empty without one.
func remoteID(request *http.Request) string {
	segments := segmentsOf(request)
	if len(segments)%2 == 0 {
		return segments[len(segments)-1]
	}
	return ""
}

// peek reads a response's body and puts it back.
func peek(response *http.Response) []byte {
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil {
		return nil
	}
	return body
}

// resultID is the ID in the answer of a create.
func resultID(response *http.Response) string {
	var document struct {
		Result struct {
			ID string `json:"id"`
		} `json:"result"`
	}
	if json.Unmarshal(peek(response), &document) != nil {
		return ""
	}
	return document.Result.ID
}
