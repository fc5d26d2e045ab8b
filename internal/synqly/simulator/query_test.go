// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// newLibrary is a server with three tickets that differ in everything that can be queried.
func newLibrary(t *testing.T) *harness {
	t.Helper()
	server := newHarness(t)
	december := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	server.AddTicket(Ticket{
		Name: "b", Summary: "Checkout is slow", Priority: "LOW", Status: "To Do", Tags: []string{"team:a", "k8s-1"}, DueDate: &december,
	})
	server.clock.Advance(time.Hour)
	server.AddTicket(Ticket{
		Name: "c", Summary: "Keys expire", Priority: "URGENT", Status: "Done", Project: "SEC", Assignee: "jane", Tags: []string{"k8s-2"},
	})
	server.clock.Advance(time.Hour)
	server.AddTicket(Ticket{Name: "a", Summary: "checkout is down", Status: "In Progress", Assignee: "joe", IssueType: "Incident"})
	return server
}

// names asks for tickets and returns their names in the order of the answer.
func (h *harness) names(parameters string) string {
	h.t.Helper()
	answer := h.send("GET", "/v1/ticketing/tickets?"+parameters, "")
	if answer.status != 200 {
		h.t.Fatalf("status %d: %s", answer.status, answer.body)
	}
	var names []string
	for _, ticket := range decode[ticketPage](h.t, answer).Result {
		names = append(names, ticket.Name)
	}
	return strings.Join(names, " ")
}

func filters(all ...string) string { return url.Values{"filter": all}.Encode() }

func TestFilters(t *testing.T) {
	server := newLibrary(t)
	for filter, want := range map[string]string{
		"id[eq]10002":                              "c",
		"id[in]10003,10001":                        "b a",
		"id[gt]9999":                               "b c a", // By value, not as text.
		"name[ne]b":                                "c a",
		"summary[like]CHECKOUT":                    "b a",
		"summary[like]%down":                       "a",
		"summary[like]c%is%slow":                   "b",
		"summary[like]%is":                         "",
		"status[eq]Done":                           "c",
		"status[eq]done":                           "",
		"status[ne]Done":                           "b a",
		"status[in]Done,To Do":                     "b c",
		"project[eq]OPS":                           "b a",
		"issue_type[eq]Incident":                   "a",
		"creator[eq]person@example.com":            "b c a",
		"assignee[eq]jane":                         "c",
		"assignee[ne]jane":                         "b a", // Nobody is not jane.
		"assignee[gte]a":                           "c a", // Nobody is not after anybody.
		"contact[eq]x":                             "",
		"priority[eq]URGENT":                       "c",
		"priority[gt]LOW":                          "c",
		"priority[lte]LOW":                         "b",
		"tags[in]k8s-1,k8s-2":                      "b c",
		"tags[eq]team:a":                           "b",
		"tags[ne]team:a":                           "c a",
		"tags[like]K8S-%":                          "b c",
		"created_at[gte]2026-11-01T11:00:00Z":      "c a",
		"created_at[gt]2026-11-01T11:00:00Z":       "a",
		"created_at[lt]2026-11-01T11:00:00Z":       "b",
		"updated_at[lte]2026-11-01T12:00:00+01:00": "b c",
		"created_at[eq]2026-11-01T12:00:00.000Z":   "a",
		"due_date[lt]2027-01-01T00:00:00Z":         "b",
		"due_date[ne]2026-12-01T00:00:00Z":         "c a",
		"completion_date[gte]2026-01-01T00:00:00Z": "c",
	} {
		t.Run(filter, func(t *testing.T) {
			if got := server.names(filters(filter)); got != want {
				t.Errorf("found %q, want %q", got, want)
			}
		})
	}
	if got := server.names(filters("summary[like]checkout", "status[ne]To Do")); got != "a" {
		t.Errorf("filters are not ANDed: found %q", got)
	}
}

func TestOrder(t *testing.T) {
	server := newLibrary(t)
	for order, want := range map[string]string{
		"":                         "b c a",
		"order=time":               "b c a",
		"order=time[desc]":         "a c b",
		"order=name":               "a b c",
		"order=name[asc]":          "a b c",
		"order=name[desc]":         "c b a",
		"order=priority":           "a b c", // None, LOW, URGENT.
		"order=due_date[desc]":     "b c a",
		"order=project&order=id":   "b a c",
		"order=project&order=name": "a b c",
		"order=updated_at[desc]":   "a c b",
	} {
		t.Run(order, func(t *testing.T) {
			if got := server.names(order); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestQueriesRefused(t *testing.T) {
	server := newLibrary(t)
	for name, test := range map[string]struct{ query, word string }{
		"no operator":       {filters("status"), "form"},
		"unknown field":     {filters("severity[eq]1"), "severity"},
		"unknown operator":  {filters("status[is]Done"), "is"},
		"like on a time":    {filters("created_at[like]2026"), "like"},
		"gt on tags":        {filters("tags[gt]a"), "gt"},
		"no value":          {filters("status[eq]"), "no value"},
		"empty element":     {filters("status[in]a,,b"), "empty"},
		"no time":           {filters("created_at[gt]yesterday"), "yesterday"},
		"no priority":       {filters("priority[eq]high"), "high"},
		"empty filter":      {"filter=", "form"},
		"unknown order":     {"order=severity", "severity"},
		"order by tags":     {"order=tags", "tags"},
		"direction unknown": {"order=name[down]", "name[down]"},
		"limit zero":        {"limit=0", "1 to 1000"},
		"limit too large":   {"limit=1001", "1 to 1000"},
		"limit a word":      {"limit=ten", "ten"},
		"limit empty":       {"limit=", "limit"},
		"limit twice":       {"limit=1&limit=2", "2 times"},
		"cursor made up":    {"cursor=Mg", "given out"},
		"cursor twice":      {"cursor=a&cursor=b", "2 times"},
	} {
		t.Run(name, func(t *testing.T) {
			wantProblem(t, server.send("GET", "/v1/ticketing/tickets?"+test.query, ""), 400, test.word)
		})
	}
}

func (h *harness) page(parameters string) ticketPage {
	h.t.Helper()
	answer := h.send("GET", "/v1/ticketing/tickets?"+parameters, "")
	if answer.status != 200 {
		h.t.Fatalf("%s: status %d: %s", parameters, answer.status, answer.body)
	}
	return decode[ticketPage](h.t, answer)
}

// allPages reads a list to its end and returns the IDs. between is called before each page but the
// first.
func (h *harness) allPages(parameters string, between func()) []string {
	h.t.Helper()
	var ids []string
	cursor := ""
	for range 1000 {
		read := h.page(parameters + "&cursor=" + url.QueryEscape(cursor))
		for _, ticket := range read.Result {
			ids = append(ids, ticket.ID)
		}
		if cursor = read.Cursor; cursor == "" {
			return ids
		}
		between()
	}
	h.t.Fatal("the list does not end")
	return nil
}

func TestPagesAreStable(t *testing.T) {
	for _, order := range []string{"order=time", "order=time[desc]", "order=status&order=name[desc]", "order=due_date", "order=id[desc]"} {
		t.Run(order, func(t *testing.T) {
			server := newHarness(t)
			var want []string
			for i := range 25 {
				ticket := server.AddTicket(Ticket{Name: fmt.Sprint(i % 7), Summary: "s", Status: fmt.Sprint(i % 3), Tags: []string{"old"}})
				want = append(want, ticket.ID)
			}
			doomed := server.AddTicket(Ticket{Name: "9", Summary: "s", Status: "1"})
			ids := server.allPages(order+"&limit=4&"+filters("tags[eq]old"), func() {
				server.AddTicket(Ticket{Name: "3", Summary: "s", Status: "1"})
				server.AddTicket(Ticket{Name: "0", Summary: "s", Status: "0"})
				server.DeleteTicket(doomed.ID)
			})
			slices.Sort(ids)
			if diff := cmp.Diff(want, ids); diff != "" {
				t.Errorf("each ticket once (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDefaultLimits(t *testing.T) {
	server := newHarness(t)
	for range 101 {
		server.AddTicket(Ticket{Name: "n", Summary: "s"})
	}
	if got := server.page(""); len(got.Result) != 100 || got.Cursor == "" {
		t.Errorf("a page of %d tickets with the cursor %q", len(got.Result), got.Cursor)
	}
	if got := server.page("limit=1000"); len(got.Result) != 101 || got.Cursor != "" {
		t.Errorf("a page of %d tickets with the cursor %q", len(got.Result), got.Cursor)
	}
	var projects []Project
	for i := range 51 {
		projects = append(projects, Project{ID: fmt.Sprint(i), Name: "n"})
	}
	server.projects = projects
	first := decode[struct {
		Result []Project
		Cursor string
	}](t, server.send("GET", "/v1/ticketing/projects", ""))
	rest := decode[struct {
		Result []Project
		Cursor string
	}](t, server.send("GET", "/v1/ticketing/projects?cursor="+first.Cursor, ""))
	if len(first.Result) != 50 || rest.Cursor != "" {
		t.Errorf("a page of %d projects, then the cursor %q", len(first.Result), rest.Cursor)
	}
	if diff := cmp.Diff(projects, append(first.Result, rest.Result...)); diff != "" {
		t.Errorf("projects (-want +got):\n%s", diff)
	}
}

func TestCursorBelongsToItsQuery(t *testing.T) {
	server := newLibrary(t)
	cursor := url.QueryEscape(server.page("limit=1&order=name").Cursor)
	wantProblem(t, server.send("GET", "/v1/ticketing/tickets?order=id&cursor="+cursor, ""), 400, "another")
	wantProblem(t, server.send("GET", "/v1/ticketing/tickets?order=name&filter=id[ne]1&cursor="+cursor, ""), 400, "another")
	wantProblem(t, server.send("GET", "/v1/ticketing/projects?cursor="+cursor, ""), 400, "another")
	changed := strings.Replace(cursor, ".", "A.", 1)
	wantProblem(t, server.send("GET", "/v1/ticketing/tickets?order=name&cursor="+changed, ""), 400, "given out")
	if got := server.names("order=name&limit=2&cursor=" + cursor); got != "b c" {
		t.Errorf("with another limit: %q", got)
	}
}

func TestCommentsPageOnDemand(t *testing.T) {
	server := newHarness(t)
	id := server.AddTicket(Ticket{Name: "n", Summary: "s"}).ID
	for i := range 5 {
		server.AddComment(id, "jane", fmt.Sprint(i))
	}
	server.SetBehaviour(Behaviour{PageSize: 2})
	var contents []string
	cursor := ""
	for {
		read := decode[struct {
			Result []Comment
			Cursor string
		}](t, server.send("GET", "/v1/ticketing/tickets/"+id+"/comments?cursor="+cursor, ""))
		for _, comment := range read.Result {
			contents = append(contents, comment.Content)
		}
		server.DeleteComment(read.Result[0].ID)
		if cursor = read.Cursor; cursor == "" {
			break
		}
	}
	if got := strings.Join(contents, ""); got != "01234" {
		t.Errorf("read %q", got)
	}
}

func BenchmarkQueryTickets(b *testing.B) {
	server := New(Options{Token: testToken, Now: newFakeClock().Now})
	for range 10_000 {
		server.AddTicket(Ticket{Name: "n", Summary: "s", Tags: []string{"k8s"}})
	}
	request := call{
		ctx: b.Context(), method: "GET", path: "/v1/ticketing/tickets", authorization: "Bearer " + testToken,
		query: "filter=tags[in]k8s&order=updated_at[desc]",
	}
	for b.Loop() {
		server.handle(request)
	}
}
