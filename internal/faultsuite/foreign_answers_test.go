// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// Answers that are not the API's, or that the rest of the API contradicts.

// interception answers requests in the place of the ticketing system for a while.
type interception struct {
	until  time.Time
	caught func(operation string) bool
	answer answerer
}

// intercept puts something in front of the ticketing system that answers these operations.
func (n *network) intercept(duration time.Duration, caught func(operation string) bool, answer answerer) {
	n.interception = &interception{until: time.Now().Add(duration), caught: caught, answer: answer}
}

// intercepts reports whether a request does not get to the ticketing system.
func (n *network) intercepts(call *exchange) bool {
	i := n.interception
	return i != nil && time.Now().Before(i.until) && i.caught(call.operation)
}

// signInPage answers with the page of a proxy.
func signInPage(status int) answerer {
	return func(call *exchange) (*http.Response, error) {
		return response(call, status, "text/html; charset=utf-8", []byte(page)), nil
	}
}

// gatewayJSON answers as gateways do that do not know a path.
func gatewayJSON(call *exchange) (*http.Response, error) {
	return response(call, http.StatusNotFound, "application/json", []byte(`{"message": "no Route matched with those values"}`)), nil
}

// noContent answers with success alone.
func noContent(call *exchange) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusNoContent, Status: "204 No Content", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Request: call.request,
	}, nil
}

// notThere says that a ticket does not exist. Only a ticket of the operator's own, which has its
// tag, can be looked for in another way.
func notThere(call *exchange) (*http.Response, error) {
	answer := problem(http.StatusNotFound)
	id := remoteID(call.request)
	shown, _ := call.network.world.remote.Ticket(id)
	if !slices.ContainsFunc(shown.Tags, func(tag string) bool { return strings.HasPrefix(tag, v1alpha1.CreateKeyTagPrefix) }) {
		answer = lying(answer)
	}
	return answer(call)
}

// foreignAnswerFaults are answers of proxies, and of a ticketing system of which one part does not
// know what another one does.
func foreignAnswerFaults() []fault {
	anyRemote := func(o operation) bool { return o.class == classRemote }
	commits := func(o operation) bool { return o.writesRemotely() }
	// Longer than an unconfirmed create is looked for, and shorter than a namespace that is being
	// deleted waits.
	const long = requestTimeout + settlePeriod + 90*time.Second
	meanwhile := func(operations func(string) bool, answer answerer) func(*world) {
		return func(w *world) { w.network.intercept(long, operations, answer) }
	}
	everything := func(string) bool { return true }
	verb := func(verb string) func(string) bool {
		return func(operation string) bool { return strings.HasPrefix(operation, verb+" ") }
	}

	faults := []fault{
		{name: "404 of a gateway in JSON", applies: anyRemote, answer: gatewayJSON},
		{name: "200 with HTML to a delete, not committed", applies: func(o operation) bool { return o.is("delete") }, answer: signInPage(http.StatusOK)},
		{name: "204 to a patch, committed", applies: func(o operation) bool { return o.is("patch") }, answer: afterCommit(noContent)},
		{name: "204 to a create, committed", applies: func(o operation) bool { return o.is("create") }, answer: afterCommit(noContent)},
		{name: "200 with HTML for minutes", applies: anyRemote, before: meanwhile(everything, signInPage(http.StatusOK))},
		{name: "404 with HTML for minutes", applies: anyRemote, before: meanwhile(everything, signInPage(http.StatusNotFound))},
		{name: "404 to each get for minutes, and the search shows it", applies: func(o operation) bool { return o.is("get") }, refusal: true,
			before: meanwhile(verb("get"), notThere)},
		{name: "404 to each delete for minutes, and the list shows it", applies: func(o operation) bool { return o.is("delete") },
			before: meanwhile(verb("delete"), problem(http.StatusNotFound))},
	}
	for _, status := range []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusNotImplemented} {
		name := strings.ToLower(http.StatusText(status))
		faults = append(faults,
			fault{name: name + " with HTML", applies: anyRemote, answer: signInPage(status)},
			fault{name: name + " with HTML, committed", applies: commits, answer: afterCommit(signInPage(status))},
		)
	}
	for i := range faults {
		faults[i].kind = "foreign answer"
	}
	return faults
}
