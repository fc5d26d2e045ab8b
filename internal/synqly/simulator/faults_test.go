// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const plainTicket = `{"name":"n","summary":"s"}`

// overNetwork makes the harness talk to the server over a real connection.
func (h *harness) overNetwork() *harness {
	h.t.Helper()
	server := httptest.NewServer(h.Server)
	h.t.Cleanup(server.Close)
	h.client, h.url = server.Client(), server.URL
	return h
}

// forEachTransport runs the test without and with a network: clients must see the same.
func forEachTransport(t *testing.T, test func(*testing.T, *harness)) {
	t.Helper()
	t.Run("in memory", func(t *testing.T) { test(t, newHarness(t)) })
	t.Run("over the network", func(t *testing.T) { test(t, newHarness(t).overNetwork()) })
}

func (h *harness) tryCreate() (response, error) {
	h.t.Helper()
	return h.try("Bearer "+testToken, "application/json", http.MethodPost, "/v1/ticketing/tickets", []byte(plainTicket))
}

func TestFaultsThatFail(t *testing.T) {
	for name, test := range map[string]struct {
		fault     Fault
		status    int // 0: the connection is lost.
		committed int
	}{
		"status":                       {Fault{Status: 503}, 503, 0},
		"status after the commit":      {Fault{Status: 500, AfterCommit: true}, 500, 1},
		"lost":                         {Fault{Lose: true}, 0, 0},
		"lost after the commit":        {Fault{Lose: true, AfterCommit: true}, 0, 1},
		"late commit":                  {Fault{CommitLate: time.Minute}, 504, 0},
		"late commit, with a status":   {Fault{CommitLate: time.Minute, Status: 502}, 502, 0},
		"late commit, lost":            {Fault{CommitLate: time.Minute, Lose: true}, 0, 0},
		"success without an operation": {Fault{Status: 200, Body: []byte(`{}`)}, 200, 0},
	} {
		t.Run(name, func(t *testing.T) {
			forEachTransport(t, func(t *testing.T, server *harness) {
				test.fault.Operation = "CreateTicket"
				server.Inject(test.fault)
				answer, err := server.tryCreate()
				if lost := err != nil; lost != (test.status == 0) || answer.status != test.status {
					t.Errorf("status %d and error %v, want status %d", answer.status, err, test.status)
				}
				if got := len(server.Tickets()); got != test.committed {
					t.Errorf("%d tickets, want %d", got, test.committed)
				}
				requests := server.Requests()
				if len(requests) == 0 || requests[0].Status != test.status || requests[0].Performed != (test.committed == 1) ||
					requests[0].Fault != test.fault.String() {
					t.Errorf("logged as %+v", requests)
				}
			})
		})
	}
}

func TestFaultStatusIsAProblem(t *testing.T) {
	server := newHarness(t)
	server.Inject(Fault{Status: 429, RetryAfter: "7", Message: "slow down"})
	answer := server.send("GET", "/v1/ticketing/projects", "")
	wantProblem(t, answer, 429, "slow down")
	if got := answer.header.Get("Retry-After"); got != "7" {
		t.Errorf("Retry-After is %q", got)
	}
}

func TestLateCommit(t *testing.T) {
	server := newHarness(t)
	remove := server.Inject(Fault{Operation: "CreateTicket", CommitLate: time.Minute, Lose: true})
	if _, err := server.tryCreate(); err == nil {
		t.Fatal("an answer came")
	}
	remove()
	due := server.clock.Now().Add(time.Minute)
	server.clock.Advance(59 * time.Second)
	if got := server.page("").Result; len(got) != 0 {
		t.Errorf("%d tickets before the commit is due", len(got))
	}
	server.clock.Advance(time.Hour)
	tickets := server.page("").Result
	if len(tickets) != 1 || !tickets[0].CreatedAt.Equal(due) {
		t.Errorf("the late commit made %+v, want a ticket of %v", tickets, due)
	}
}

func TestCommitPending(t *testing.T) {
	server := newHarness(t)
	server.Inject(Fault{Operation: "CreateTicket", CommitLate: time.Hour})
	_, _ = server.tryCreate()
	_, _ = server.tryCreate()
	if got := server.PendingCommits(); got != 2 {
		t.Errorf("%d commits are pending", got)
	}
	if got := server.CommitPending(); got != 2 || len(server.Tickets()) != 2 || server.PendingCommits() != 0 {
		t.Errorf("%d commits, %d tickets, %d pending", got, len(server.Tickets()), server.PendingCommits())
	}
}

func TestFaultsThatSpoilTheAnswer(t *testing.T) {
	whole := func(t *testing.T) int {
		server := newHarness(t)
		answer, _ := server.tryCreate()
		return len(answer.body)
	}(t)
	id := func(text string) *string { return &text }
	for name, test := range map[string]struct {
		fault Fault
		check func(*testing.T, response, error)
	}{
		"malformed": {Fault{Body: []byte(`{"result":`)}, func(t *testing.T, answer response, _ error) {
			if answer.status != 201 || string(answer.body) != `{"result":` || answer.contentType != "application/json" {
				t.Errorf("%d %s %s", answer.status, answer.contentType, answer.body)
			}
		}},
		"html": {Fault{Status: 502, Body: []byte("<html>"), ContentType: "text/html", AfterCommit: true}, func(t *testing.T, answer response, _ error) {
			if answer.status != 502 || string(answer.body) != "<html>" || answer.contentType != "text/html" {
				t.Errorf("%d %s %s", answer.status, answer.contentType, answer.body)
			}
		}},
		"truncated": {Fault{Truncate: 10}, func(t *testing.T, answer response, err error) {
			if !errors.Is(err, io.ErrUnexpectedEOF) || len(answer.body) != 10 {
				t.Errorf("%d bytes and %v", len(answer.body), err)
			}
			if got := answer.header.Get("Content-Length"); got == "10" {
				t.Errorf("Content-Length is %s", got)
			}
		}},
		"oversized": {Fault{Oversize: 100_000}, func(t *testing.T, answer response, err error) {
			if err != nil || len(answer.body) != 100_000 || !json.Valid(answer.body) {
				t.Errorf("%d bytes and %v", len(answer.body), err)
			}
		}},
		"oversized to less than it is": {Fault{Oversize: 1}, func(t *testing.T, answer response, err error) {
			if err != nil || len(answer.body) != whole {
				t.Errorf("%d bytes and %v", len(answer.body), err)
			}
		}},
		"no ID": {Fault{OmitID: true}, func(t *testing.T, answer response, _ error) {
			if strings.Contains(string(answer.body), `"id"`) || !strings.Contains(string(answer.body), `"summary":"s"`) {
				t.Errorf("%s", answer.body)
			}
		}},
		"empty ID": {Fault{ID: id("")}, func(t *testing.T, answer response, _ error) {
			if !strings.Contains(string(answer.body), `"id":""`) {
				t.Errorf("%s", answer.body)
			}
		}},
		"huge ID": {Fault{ID: id(strings.Repeat("9", 10_000))}, func(t *testing.T, answer response, _ error) {
			if !strings.Contains(string(answer.body), strings.Repeat("9", 10_000)) {
				t.Errorf("%s", answer.body)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			forEachTransport(t, func(t *testing.T, server *harness) {
				server.Inject(test.fault)
				answer, err := server.tryCreate()
				test.check(t, answer, err)
				if tickets := server.Tickets(); len(tickets) != 1 || tickets[0].ID != "10001" {
					t.Errorf("the ticket was not created as usual: %+v", tickets)
				}
			})
		})
	}
}

func TestSkipTimesAndOperation(t *testing.T) {
	server := newHarness(t)
	server.Inject(Fault{Operation: "CreateTicket", Skip: 1, Times: 2, Status: 500})
	server.Inject(Fault{Operation: "CreateTicket", Times: 1, Status: 502})
	server.Inject(Fault{Operation: "ListProjects", Status: 503})
	var got []int
	for range 6 {
		answer, _ := server.tryCreate()
		got = append(got, answer.status)
	}
	// What the first fault lets pass, the second one meets.
	if diff := cmp.Diff([]int{502, 500, 500, 201, 201, 201}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Fault{{Operation: "ListProjects", Status: 503}}, server.Faults()); diff != "" {
		t.Errorf("faults that can still act (-want +got):\n%s", diff)
	}
	server.ClearFaults()
	if answer := server.send("GET", "/v1/ticketing/projects", ""); answer.status != 200 {
		t.Errorf("status %d after ClearFaults", answer.status)
	}
}

func TestRemoveFault(t *testing.T) {
	server := newHarness(t)
	remove := server.Inject(Fault{Status: 500})
	keep := Fault{Operation: "DeleteNote", Status: 500}
	server.Inject(keep)
	remove()
	remove() // Twice is as good as once.
	if diff := cmp.Diff([]Fault{keep}, server.Faults()); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestProbabilityIsRepeatable(t *testing.T) {
	run := func() (statuses []int) {
		server := newHarness(t)
		server.Inject(Fault{Probability: 0.5, Status: 500})
		for range 100 {
			answer, _ := server.tryCreate()
			statuses = append(statuses, answer.status)
		}
		return statuses
	}
	first := run()
	if diff := cmp.Diff(first, run()); diff != "" {
		t.Errorf("the same seed gave another run:\n%s", diff)
	}
	failures := 0
	for _, status := range first {
		if status == 500 {
			failures++
		}
	}
	if failures < 30 || failures > 70 {
		t.Errorf("%d of 100 requests failed", failures)
	}
}

func TestFaultsDoNotActOnRequestsThatAreTurnedAway(t *testing.T) {
	server := newHarness(t)
	server.Inject(Fault{Times: 1, Status: 500})
	wantProblem(t, server.sendAs("Bearer wrong", "", "GET", "/v1/ticketing/projects", nil), 401)
	wantProblem(t, server.send("GET", "/v1/ticketing/nothing", ""), 404)
	wantProblem(t, server.send("GET", "/v1/ticketing/projects", ""), 500)
}

// A latency of an hour ends at once when somebody goes away; were it not so, these tests would time
// out.
const veryLong = time.Hour

func TestLatencyEndsWithTheRequest(t *testing.T) {
	for name, test := range map[string]struct {
		fault     Fault
		committed int
	}{
		"before the operation": {Fault{Latency: veryLong}, 0},
		"after the operation":  {Fault{Latency: veryLong, AfterCommit: true}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			server := newHarness(t)
			server.Inject(test.fault)
			ctx, cancel := context.WithCancel(t.Context())
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, server.url+"/v1/ticketing/tickets", strings.NewReader(plainTicket))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+testToken)
			request.Header.Set("Content-Type", "application/json")
			ended := make(chan error)
			go func() {
				answer, err := server.client.Do(request)
				if err == nil {
					_ = answer.Body.Close()
				}
				ended <- err
			}()
			for server.MaxConcurrentRequests() == 0 || len(server.Tickets()) < test.committed {
				runtime.Gosched() // Until the request has got as far as its delay.
			}
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("the request ended with %v", err)
			}
			if got := len(server.Tickets()); got != test.committed {
				t.Errorf("%d tickets, want %d", got, test.committed)
			}
		})
	}
}

func TestCloseEndsLatency(t *testing.T) {
	forEachTransport(t, func(t *testing.T, server *harness) {
		server.Inject(Fault{Latency: veryLong})
		ended := make(chan error)
		go func() {
			_, err := server.tryCreate()
			ended <- err
		}()
		for server.MaxConcurrentRequests() == 0 {
			runtime.Gosched() // Until the request has arrived.
		}
		server.Close()
		if err := <-ended; err == nil {
			t.Error("an answer came")
		}
	})
}

func TestLatencyPasses(t *testing.T) {
	server := newHarness(t)
	server.Inject(Fault{Latency: time.Millisecond})
	if answer, err := server.tryCreate(); err != nil || answer.status != 201 {
		t.Errorf("status %d, error %v", answer.status, err)
	}
}

func TestFaultText(t *testing.T) {
	id := "x"
	for text, want := range map[string]Fault{
		"operation=CreateTicket,status=503,times=2,after-commit": {Operation: "CreateTicket", Status: 503, Times: 2, AfterCommit: true},
		"skip=1,probability=0.25,lose,commit-late=1m0s":          {Skip: 1, Probability: 0.25, Lose: true, CommitLate: time.Minute},
		"status=429,retry-after=5,message=wait":                  {Status: 429, RetryAfter: "5", Message: "wait"},
		"latency=2s,body=<html>,content-type=text/html":          {Latency: 2 * time.Second, Body: []byte("<html>"), ContentType: "text/html"},
		"truncate=10,oversize=100,omit-id,id=x":                  {Truncate: 10, Oversize: 100, OmitID: true, ID: &id},
	} {
		t.Run(text, func(t *testing.T) {
			parsed, err := ParseFault(text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, parsed); diff != "" {
				t.Errorf("parsed (-want +got):\n%s", diff)
			}
			again, err := ParseFault(parsed.String())
			if err != nil {
				t.Fatalf("parsing %q: %v", parsed, err)
			}
			if diff := cmp.Diff(want, again); diff != "" {
				t.Errorf("parsed from its own text (-want +got):\n%s", diff)
			}
			encoded, err := json.Marshal(parsed)
			if err != nil {
				t.Fatal(err)
			}
			var decoded Fault
			if err := json.Unmarshal(encoded, &decoded); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, decoded); diff != "" {
				t.Errorf("through JSON (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFaultTextRefused(t *testing.T) {
	for text, word := range map[string]string{
		"operation=Nope":                  "Nope",
		"status=99":                       "99",
		"status=x":                        "status",
		"status":                          "status",
		"sometimes=1":                     "sometimes",
		"":                                "needs a value",
		"probability=2":                   "probability",
		"probability=NaN":                 "probability",
		"times=-1":                        "negative",
		"latency=5":                       "latency",
		"lose=perhaps":                    "lose",
		"after-commit,commit-late=1s":     "exclude",
		"status=503,,operation=GetTicket": "needs a value",
	} {
		if _, err := ParseFault(text); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q: error %v does not say %q", text, err, word)
		}
	}
}

func TestInjectRefusesWhatCannotAct(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	newHarness(t).Inject(Fault{Operation: "CreateTickets"})
}
