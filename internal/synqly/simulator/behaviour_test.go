// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRewriting(t *testing.T) {
	const body = `{
		"name": "n", "summary": "s", "description": " __Slow__ \n\n- cart  \n- pay\n", "priority": "URGENT", "status": "Open",
		"assignee": "jane", "tags": ["Team:B", "team:A"], "due_date": "2026-12-01T08:00:00Z", "custom_fields": {"severity": 2, "region": "eu"}
	}`
	december := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		behaviour Behaviour
		change    func(*Ticket)
	}{
		"well-behaved":    {Behaviour{}, func(*Ticket) {}},
		"normalised text": {Behaviour{NormaliseText: true}, func(t *Ticket) { t.Description = "**Slow**\r\n\r\n* cart\r\n* pay" }},
		"mapped priority": {
			Behaviour{MapPriority: map[string]string{"URGENT": "P1", "LOW": "P4"}}, func(t *Ticket) { t.Priority = "P1" },
		},
		"lower-case tags": {Behaviour{LowerCaseTags: true}, func(t *Ticket) { t.Tags = []string{"team:b", "team:a"} }},
		"dropped tags":    {Behaviour{DropTags: true}, func(t *Ticket) { t.Tags = []string{} }},
		"everything": {Behaviour{RewriteEverything: true}, func(t *Ticket) {
			t.Name, t.Summary, t.Description = "n (rewritten)", "s (rewritten)", t.Description+" (rewritten)"
			t.Status, t.IssueType, t.Assignee, t.Creator = "OPEN", "TASK", "user:jane", "user:"+t.Creator
			t.Tags, t.DueDate = []string{"team:a", "team:b"}, &december
			t.CustomFields = map[string]any{"severity": "2", "region": "eu"}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			plain := newHarness(t)
			want := plain.ticket(plain.create(body))
			test.change(&want)
			if len(want.Tags) == 0 {
				want.Tags = nil
			}
			server := newHarness(t)
			server.SetBehaviour(test.behaviour)
			id := server.create(body)
			if diff := cmp.Diff(want, server.ticket(id)); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
			// What the provider made of it is not made again: the same value, sent once more,
			// changes nothing.
			server.clock.Advance(time.Hour)
			patch := `[{"op":"replace","path":"/description","value":" __Slow__ \n\n- cart  \n- pay\n"},
				{"op":"replace","path":"/summary","value":"s"},{"op":"replace","path":"/priority","value":"URGENT"},
				{"op":"replace","path":"/tags","value":["Team:B","team:A"]}]`
			if answer := server.send(http.MethodPatch, "/v1/ticketing/tickets/"+id, patch); answer.status != 200 {
				t.Fatalf("status %d: %s", answer.status, answer.body)
			}
			if diff := cmp.Diff(want, server.ticket(id)); diff != "" {
				t.Errorf("after a patch of the same values (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRewritingOfCommentsAndNotes(t *testing.T) {
	server := newHarness(t)
	id := server.create(plainTicket)
	server.SetBehaviour(Behaviour{NormaliseText: true, RewriteEverything: true})
	server.send("POST", "/v1/ticketing/tickets/"+id+"/comments", `{"content":"- a\n"}`)
	server.send("POST", "/v1/ticketing/tickets/"+id+"/notes", `{"title":" t","content":"a\nb"}`)
	note := server.Notes(id)[0]
	server.send("PATCH", "/v1/ticketing/tickets/"+id+"/notes/"+note.ID, `[{"op":"replace","path":"/content","value":"c\n"}]`)
	got := []string{server.Comments(id)[0].Content, note.Title, note.Content, server.Notes(id)[0].Content}
	want := []string{"* a (rewritten)", " t (rewritten)", "a\r\nb (rewritten)", "c (rewritten)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("texts (-want +got):\n%s", diff)
	}
}

func TestOtherFieldsArePatchedWhereThePriorityIsTheProvidersOwn(t *testing.T) {
	server := newHarness(t)
	server.SetBehaviour(Behaviour{MapPriority: map[string]string{"HIGH": "P2"}})
	id := server.create(`{"name":"n","summary":"s","priority":"HIGH"}`)
	answer := server.send("PATCH", "/v1/ticketing/tickets/"+id, `[{"op":"replace","path":"/status","value":"Done"}]`)
	if answer.status != 200 {
		t.Errorf("status %d: %s", answer.status, answer.body)
	}
}

func TestFilterHabits(t *testing.T) {
	server := newLibrary(t)
	server.SetBehaviour(Behaviour{IgnoreFilters: []string{"status"}, RefuseFilters: []string{"tags"}})
	if got := server.names(filters("status[eq]Done", "assignee[ne]jane")); got != "b a" {
		t.Errorf("found %q", got)
	}
	wantProblem(t, server.send("GET", "/v1/ticketing/tickets?"+filters("tags[in]a"), ""), 400, "tags")
	wantProblem(t, server.send("GET", "/v1/ticketing/tickets?"+filters("status[is]a"), ""), 400, "is")
	server.SetBehaviour(Behaviour{IgnoreFilters: []string{"*"}})
	if got := server.names(filters("status[eq]x")); got != "b c a" {
		t.Errorf("found %q", got)
	}
	server.SetBehaviour(Behaviour{RefuseFilters: []string{"*"}})
	wantProblem(t, server.send("GET", "/v1/ticketing/tickets?"+filters("name[eq]a"), ""), 400, "name")
}

func TestOrderHabits(t *testing.T) {
	server := newLibrary(t)
	server.SetBehaviour(Behaviour{IgnoreOrder: true})
	if got := server.names("order=name"); got != "b c a" {
		t.Errorf("got %q", got)
	}
	server.SetBehaviour(Behaviour{RefuseOrder: true})
	wantProblem(t, server.send("GET", "/v1/ticketing/tickets?order=name", ""), 400, "order")
	if got := server.names(""); got != "b c a" {
		t.Errorf("without an order: %q", got)
	}
}

func TestSearchLag(t *testing.T) {
	server := newHarness(t)
	server.SetBehaviour(Behaviour{SearchLag: time.Minute})
	id := server.create(`{"name":"late","summary":"s"}`)
	steps := []struct {
		advance time.Duration
		edit    bool
		want    string
	}{{0, false, ""}, {59 * time.Second, false, ""}, {time.Second, false, "late"}, {0, true, ""}, {time.Minute, false, "late"}}
	for i, step := range steps {
		server.clock.Advance(step.advance)
		if step.edit {
			server.EditTicket(id, func(ticket *Ticket) { ticket.Status = "In Progress" })
		}
		if got := server.names(""); got != step.want {
			t.Errorf("step %d: found %q, want %q", i, got, step.want)
		}
		if answer := server.send("GET", "/v1/ticketing/tickets/"+id, ""); answer.status != 200 {
			t.Errorf("step %d: a get has no lag, and answers %d", i, answer.status)
		}
	}
}

func TestEndlessCursor(t *testing.T) {
	server := newLibrary(t)
	server.SetBehaviour(Behaviour{EndlessCursor: true})
	seen := map[string]bool{}
	cursor, names := "", ""
	for range 6 {
		read := server.page("limit=2&cursor=" + url.QueryEscape(cursor))
		if read.Cursor == "" || seen[read.Cursor] {
			t.Fatalf("the cursor %q is empty or has been there", read.Cursor)
		}
		cursor = read.Cursor
		seen[cursor] = true
		for _, ticket := range read.Result {
			names += ticket.Name
		}
	}
	if names != "bcabcabca" {
		t.Errorf("read %q", names)
	}
}

func TestDuplicateItems(t *testing.T) {
	server := newLibrary(t)
	server.SetBehaviour(Behaviour{DuplicateItems: true})
	if got := server.names(""); got != "b c a b" {
		t.Errorf("got %q", got)
	}
}

func TestUnsupportedOperations(t *testing.T) {
	server := newHarness(t)
	server.SetBehaviour(Behaviour{Unsupported: []string{"CreateTicket"}})
	wantProblem(t, server.send("POST", "/v1/ticketing/tickets", plainTicket), 501, "CreateTicket")
}

func TestRequireCreator(t *testing.T) {
	server := newHarness(t)
	id := server.create(plainTicket)
	server.SetBehaviour(Behaviour{RequireCreator: true})
	comments := "/v1/ticketing/tickets/" + id + "/comments"
	wantProblem(t, server.send("POST", "/v1/ticketing/tickets", plainTicket), 400, "creator")
	wantProblem(t, server.send("POST", comments, `{"content":"x","creator":null}`), 400, "creator")
	for path, body := range map[string]string{
		"/v1/ticketing/tickets": `{"name":"n","summary":"s","creator":"jane"}`, comments: `{"content":"x","creator":"jane"}`,
	} {
		if answer := server.send("POST", path, body); answer.status != 201 || !strings.Contains(string(answer.body), `"creator":"jane"`) {
			t.Errorf("%s: %d %s", path, answer.status, answer.body)
		}
	}
}

func TestReadOnlyFields(t *testing.T) {
	server := newHarness(t)
	id := server.create(plainTicket)
	server.SetBehaviour(Behaviour{ReadOnlyFields: []string{"status", "assignee"}})
	wantProblem(t, server.send("POST", "/v1/ticketing/tickets", `{"name":"n","summary":"s","status":"Done"}`), 400, "status")
	for _, patch := range []string{
		`[{"op":"replace","path":"/status","value":"Done"}]`, `[{"op":"move","from":"/assignee","path":"/contact"}]`,
	} {
		wantProblem(t, server.send("PATCH", "/v1/ticketing/tickets/"+id, patch), 400, "cannot be written")
	}
	if answer := server.send("PATCH", "/v1/ticketing/tickets/"+id, `[{"op":"replace","path":"/summary","value":"x"}]`); answer.status != 200 {
		t.Errorf("another field: %d %s", answer.status, answer.body)
	}
}

func TestShortenLists(t *testing.T) {
	server := newHarness(t)
	id := server.create(`{"name":"n","summary":"s","description":"longer than a list shows"}`)
	server.SetBehaviour(Behaviour{ShortenLists: true})
	listed := decode[ticketPage](t, server.send("GET", "/v1/ticketing/tickets", ""))
	if got := listed.Result[0].Description; got != "longer t…" {
		t.Errorf("the list shows %q", got)
	}
	if answer := server.send("GET", "/v1/ticketing/tickets/"+id, ""); !strings.Contains(string(answer.body), "longer than a list shows") {
		t.Errorf("a look shows %s", answer.body)
	}
}

func TestSplitTags(t *testing.T) {
	server := newHarness(t)
	server.SetBehaviour(Behaviour{SplitTags: true})
	id := server.create(`{"name":"n","summary":"s","tags":["team:checkout","first team","plain"]}`)
	if got := strings.Join(server.ticket(id).Tags, ","); got != "checkout,first,plain,team" {
		t.Errorf("got %s", got)
	}
}

func TestClosedTicketsRefuse(t *testing.T) {
	server := newHarness(t)
	id := server.create(plainTicket)
	comment, _ := server.AddComment(id, "jane", "hello")
	ticket := "/v1/ticketing/tickets/" + id
	note := decode[struct{ Result struct{ ID string } }](t, server.send("POST", ticket+"/notes", `{"title":"t","content":"c"}`)).Result.ID
	server.SetBehaviour(Behaviour{ClosedTicketsRefuse: true})
	server.EditTicket(id, func(ticket *Ticket) { ticket.Status = "done" })
	for _, change := range [][3]string{
		{"POST", "/comments", `{"content":"x"}`}, {"DELETE", "/comments/" + comment.ID, ""}, {"POST", "/notes", `{"title":"t","content":"c"}`},
		{"PATCH", "/notes/" + note, `[{"op":"replace","path":"/title","value":"x"}]`}, {"DELETE", "/notes/" + note, ""},
	} {
		wantProblem(t, server.send(change[0], ticket+change[1], change[2]), 400, "the ticket is done")
	}
	server.EditTicket(id, func(ticket *Ticket) { ticket.Status = "To Do" })
	if answer := server.send("DELETE", ticket+"/comments/"+comment.ID, ""); answer.status >= 300 {
		t.Errorf("of an open ticket: %d %s", answer.status, answer.body)
	}
}

func TestRateLimit(t *testing.T) {
	server := newHarness(t)
	server.SetBehaviour(Behaviour{RateLimit: 0.5, Burst: 2})
	get := func() response { return server.send("GET", "/v1/ticketing/projects", "") }
	for range 2 {
		if answer := get(); answer.status != 200 {
			t.Fatalf("within the burst: %d", answer.status)
		}
	}
	for range 5 { // Those that are turned away do not make it longer.
		answer := get()
		wantProblem(t, answer, 429, "rate limit")
		if got := answer.header.Get("Retry-After"); got != "2" {
			t.Errorf("Retry-After is %q", got)
		}
	}
	server.clock.Advance(1500 * time.Millisecond)
	if answer := get(); answer.status != 429 || answer.header.Get("Retry-After") != "1" {
		t.Errorf("%d, Retry-After %q", answer.status, answer.header.Get("Retry-After"))
	}
	server.clock.Advance(500 * time.Millisecond)
	if answer := get(); answer.status != 200 {
		t.Errorf("after the wait: %d", answer.status)
	}
	server.SetBehaviour(Behaviour{})
	if answer := get(); answer.status != 200 {
		t.Errorf("without a limit: %d", answer.status)
	}
}

func TestBehaviourThroughJSON(t *testing.T) {
	want := Behaviour{
		NormaliseText: true, MapPriority: map[string]string{"LOW": "P4"}, LowerCaseTags: true, DropTags: true, SplitTags: true, ShortenLists: true, ClosedTicketsRefuse: true,
		RewriteEverything: true, IgnoreFilters: []string{"*"}, RefuseFilters: []string{"tags"}, LoseFilters: []string{"name"},
		CommentCount: true, CoarseTimes: true, IgnoreOrder: true, RefuseOrder: true,
		SearchLag: 90 * time.Second, PageSize: 3, EndlessCursor: true, DuplicateItems: true, Unsupported: []string{"GetTicket"},
		RequireCreator: true, ReadOnlyFields: []string{"status"}, RateLimit: 1.5, Burst: 4,
	}
	encoded, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Behaviour
	if err := json.Unmarshal(encoded, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.Contains(string(encoded), `"search_lag":"1m30s"`) {
		t.Errorf("the duration is not readable: %s", encoded)
	}
}

func TestBehaviourRefused(t *testing.T) {
	for name, behaviour := range map[string]Behaviour{
		"operation": {Unsupported: []string{"Nope"}}, "filter": {IgnoreFilters: []string{"nope"}},
		"refused filter": {RefuseFilters: []string{"nope"}}, "lost filter": {LoseFilters: []string{"nope"}}, "field": {ReadOnlyFields: []string{"id"}},
		"lag": {SearchLag: -1}, "page size": {PageSize: -1}, "rate": {RateLimit: -1}, "burst": {Burst: -1},
	} {
		if err := behaviour.Validate(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
