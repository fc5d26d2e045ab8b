// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/internal/synqly/contract"
)

// newWorld is a server with one ticket that has one of everything on it, and the paths of the
// operations on them.
func newWorld(t *testing.T) (*harness, func(contract.Operation) string) {
	t.Helper()
	world := newHarness(t)
	create, _ := contract.Lookup(contract.CreateTicket)
	ticketID := world.create(string(create.ExampleRequest))
	comment, _ := world.AddComment(ticketID, "jane@example.com", "Started.")
	note, _ := world.AddNote(ticketID, "jane@example.com", "Rollback", "Done.")
	attachment, _ := world.AddAttachment(ticketID, "trace.txt", []byte("slow span"))
	ids := map[string]string{
		"ticketId": ticketID, "commentId": comment.ID, "noteId": note.ID, "attachmentId": attachment.ID,
	}
	return world, func(operation contract.Operation) string {
		var values []string
		for _, name := range operation.PathParameters() {
			values = append(values, ids[name])
		}
		return operation.ExpandPath(values...)
	}
}

func forEachOperation(t *testing.T, test func(*testing.T, contract.Operation)) {
	t.Helper()
	for _, operation := range contract.Operations() {
		t.Run(operation.Name, func(t *testing.T) { test(t, operation) })
	}
}

func TestOperationsAreThoseOfTheContract(t *testing.T) {
	var want []string
	for _, operation := range contract.Operations() {
		want = append(want, operation.Name)
		matched, _, mismatch := route(operation.Method, operation.ExpandPath("a", "b"))
		if mismatch != nil || matched.Name != operation.Name {
			t.Errorf("%s %s leads to %q", operation.Method, operation.Path, matched.Name)
		}
	}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(executors))); diff != "" {
		t.Errorf("operations (-contract +simulator):\n%s", diff)
	}
	if diff := cmp.Diff(want, OperationNames()); diff != "" {
		t.Errorf("names of operations (-contract +simulator):\n%s", diff)
	}
}

func TestQueryParametersOfTheContractAreTaken(t *testing.T) {
	values := map[string]string{"cursor": "", "limit": "1", "meta": "stats", "order": "name[desc]", "filter": "status[ne]Done"}
	forEachOperation(t, func(t *testing.T, operation contract.Operation) {
		world, path := newWorld(t)
		for name := range operation.Query {
			query := url.Values{name: {values[name]}}
			answer := world.send(operation.Method, path(operation)+"?"+query.Encode(), string(operation.ExampleRequest))
			if answer.status != operation.SuccessStatus() {
				t.Errorf("%s: status %d: %s", query.Encode(), answer.status, answer.body)
			}
		}
	})
}

func TestAnswersConformToTheContract(t *testing.T) {
	forEachOperation(t, func(t *testing.T, operation contract.Operation) {
		world, path := newWorld(t)
		answer := world.send(operation.Method, path(operation), string(operation.ExampleRequest))
		if answer.status != operation.SuccessStatus() {
			t.Fatalf("status %d, want %d: %s", answer.status, operation.SuccessStatus(), answer.body)
		}
		if err := contract.CheckResponse(operation, answer.status, answer.contentType, answer.body); err != nil {
			t.Error(err)
		}
	})
}

func TestAnswersConformUnderEveryHabit(t *testing.T) {
	everything := Behaviour{
		NormaliseText: true, LowerCaseTags: true, RewriteEverything: true, PageSize: 1, EndlessCursor: true, DuplicateItems: true,
		CommentCount: true, CoarseTimes: true,
	}
	forEachOperation(t, func(t *testing.T, operation contract.Operation) {
		world, path := newWorld(t)
		world.SetBehaviour(everything)
		answer := world.send(operation.Method, path(operation), string(operation.ExampleRequest))
		if answer.status != operation.SuccessStatus() {
			t.Fatalf("status %d, want %d: %s", answer.status, operation.SuccessStatus(), answer.body)
		}
		if err := contract.CheckResponse(operation, answer.status, answer.contentType, answer.body); err != nil {
			t.Error(err)
		}
	})
}

func TestInvalidBodiesAreRefused(t *testing.T) {
	forEachOperation(t, func(t *testing.T, operation contract.Operation) {
		world, path := newWorld(t)
		before := world.state()
		for _, invalid := range contract.InvalidBodies(operation) {
			t.Run(invalid.Name, func(t *testing.T) {
				answer := world.sendAs("Bearer "+testToken, "application/json", operation.Method, path(operation), invalid.Body)
				wantProblem(t, answer, http.StatusBadRequest, invalid.Field)
				if err := contract.CheckResponse(operation, answer.status, answer.contentType, answer.body); err != nil {
					t.Error(err)
				}
			})
		}
		if diff := cmp.Diff(before, world.state()); diff != "" {
			t.Errorf("a refused request changed something:\n%s", diff)
		}
	})
}

// state is everything that the server holds, as JSON.
func (h *harness) state() string {
	h.t.Helper()
	views, _ := h.views(0)
	encoded, err := json.Marshal(views)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(encoded)
}

func TestWhatNoOperationTakesIsRefused(t *testing.T) {
	forEachOperation(t, func(t *testing.T, operation contract.Operation) {
		world, path := newWorld(t)
		target, body := path(operation), operation.ExampleRequest
		before := world.state()
		check := func(name string, answer response, status int, words ...string) {
			t.Run(name, func(t *testing.T) {
				wantProblem(t, answer, status, words...)
				if err := contract.CheckResponse(operation, answer.status, answer.contentType, answer.body); err != nil {
					t.Error(err)
				}
			})
		}
		const right = "Bearer " + testToken
		check("no token", world.sendAs("", "application/json", operation.Method, target, body), 401, "missing")
		check("wrong token", world.sendAs("Bearer wrong", "application/json", operation.Method, target, body), 401, "not valid")
		check("other scheme", world.sendAs("Basic "+testToken, "application/json", operation.Method, target, body), 401, "Bearer")
		check("unknown parameter", world.sendAs(right, "application/json", operation.Method, target+"?nope=1", body), 400, "nope")
		check("broken query", world.sendAs(right, "application/json", operation.Method, target+"?a=%zz", body), 400, "query")
		if operation.Body == nil {
			check("body", world.sendAs(right, "application/json", operation.Method, target, []byte(`{}`)), 400, "body")
		} else {
			for _, contentType := range []string{"", "text/plain", "application/json-patch+json", "application/json; charset=latin1"} {
				check("type "+contentType, world.sendAs(right, contentType, operation.Method, target, body), 415, "Content-Type")
			}
		}
		for i, name := range operation.PathParameters() {
			ids := slices.Repeat([]string{"10001"}, i)
			answer := world.send(operation.Method, operation.ExpandPath(append(ids, "no such", "x")...), string(body))
			check("unknown "+name, answer, 404, "no such")
		}
		if diff := cmp.Diff(before, world.state()); diff != "" {
			t.Errorf("a refused request changed something:\n%s", diff)
		}
	})
}

func TestRoutesThatDoNotExist(t *testing.T) {
	world, _ := newWorld(t)
	wantProblem(t, world.send("GET", "/v1/ticketing/nothing", ""), 404, "/v1/ticketing/nothing")
	wantProblem(t, world.send("GET", "/v1/ticketing/tickets/", ""), 404)
	wantProblem(t, world.send("GET", "/v1/ticketing/tickets/10001/", ""), 404)
	answer := world.send("PUT", "/v1/ticketing/tickets/10001", `{}`)
	wantProblem(t, answer, 405, "PUT")
	if allow := answer.header.Get("Allow"); allow != "GET, PATCH" {
		t.Errorf("Allow is %q", allow)
	}
}

func TestIDsInPathsAreUnescaped(t *testing.T) {
	world := newHarness(t)
	world.AddTicket(Ticket{ID: "A/1 ü?", Name: "n", Summary: "s"})
	answer := world.send("GET", "/v1/ticketing/tickets/"+url.PathEscape("A/1 ü?"), "")
	if answer.status != 200 || !strings.Contains(string(answer.body), `"A/1 ü?"`) {
		t.Errorf("%d %s", answer.status, answer.body)
	}
}
