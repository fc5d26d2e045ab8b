// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wireTicket is a ticket as it was answered.
type wireTicket map[string]json.RawMessage

// answered returns the ticket as each operation that answers with it does.
func (h *harness) answered(id string) map[string]wireTicket {
	h.t.Helper()
	found := decode[struct{ Result []wireTicket }](h.t, h.send("GET", "/v1/ticketing/tickets?"+filters("id[eq]"+id), ""))
	if len(found.Result) != 1 {
		h.t.Fatalf("the query found %d tickets", len(found.Result))
	}
	one := func(method, body string) wireTicket {
		h.t.Helper()
		answer := h.send(method, "/v1/ticketing/tickets/"+id, body)
		if answer.status != http.StatusOK {
			h.t.Fatalf("%s: status %d: %s", method, answer.status, answer.body)
		}
		return decode[struct{ Result wireTicket }](h.t, answer).Result
	}
	return map[string]wireTicket{"query": found.Result[0], "get": one("GET", ""), "patch": one("PATCH", `[]`)}
}

func TestRawValues(t *testing.T) {
	server := newHarness(t)
	id := server.create(`{"name":"n","summary":"s","due_date":"2026-12-01T08:00:00Z","tags":["a"]}`)
	other := server.create(plainTicket)
	before, untouched := server.ticket(id), server.answered(other)["get"]
	description := `"` + strings.Repeat("x", 256<<10) + `"`
	want := map[string]string{
		"due_date": `5`, "description": description, "tags": `["a\nb",7]`, "priority": `"P0"`, "completion_date": `"soon"`,
		"summary": `null`, "sprint": `{"id":1}`,
	}
	for field, raw := range want {
		if !server.SetRaw(id, field, json.RawMessage(raw)) {
			t.Fatalf("there is no ticket %s", id)
		}
	}
	for operation, ticket := range server.answered(id) {
		for field, raw := range want {
			if string(ticket[field]) != raw {
				t.Errorf("%s: %s is %.100s, want %.100s", operation, field, ticket[field], raw)
			}
		}
		if string(ticket["name"]) != `"n"` || string(ticket["id"]) != `"`+id+`"` {
			t.Errorf("%s: name %s, ID %s", operation, ticket["name"], ticket["id"])
		}
	}
	after := server.ticket(id)
	if !after.UpdatedAt.After(before.UpdatedAt) {
		t.Error("updated_at has not moved")
	}
	after.UpdatedAt = before.UpdatedAt
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("what the simulator holds has changed (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(untouched, server.answered(other)["get"]); diff != "" {
		t.Errorf("another ticket has changed (-before +after):\n%s", diff)
	}
	server.SetRaw(id, "due_date", nil)
	for operation, ticket := range server.answered(id) {
		if string(ticket["due_date"]) != `"2026-12-01T08:00:00Z"` || string(ticket["priority"]) != `"P0"` {
			t.Errorf("%s: the due date is %s, the priority %s", operation, ticket["due_date"], ticket["priority"])
		}
	}
}

func TestRawValuesOutliveChanges(t *testing.T) {
	server := newHarness(t)
	id := server.create(plainTicket)
	raw := json.RawMessage(`7`)
	server.SetRaw(id, "status", raw)
	raw[0] = '8' // The simulator has a copy.
	server.EditTicket(id, func(ticket *Ticket) { ticket.Status = "Done" })
	server.send("PATCH", "/v1/ticketing/tickets/"+id, `[{"op":"replace","path":"/summary","value":"new"}]`)
	for operation, ticket := range server.answered(id) {
		if string(ticket["status"]) != `7` || string(ticket["summary"]) != `"new"` {
			t.Errorf("%s: status %s, summary %s", operation, ticket["status"], ticket["summary"])
		}
	}
	if got := server.ticket(id).Status; got != "Done" {
		t.Errorf("the ticket's status is %q", got)
	}
}

func TestRawValuesThatCannotBe(t *testing.T) {
	server := newHarness(t)
	if server.SetRaw("10001", "status", json.RawMessage(`7`)) {
		t.Error("a ticket that does not exist was changed")
	}
	id := server.create(plainTicket)
	for _, raw := range []string{``, `{`, `soon`, `1 2`} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was accepted", raw)
				}
			}()
			server.SetRaw(id, "status", json.RawMessage(raw))
		}()
	}
}

func TestCommentCount(t *testing.T) {
	server := newHarness(t)
	id := server.create(plainTicket)
	comments := "/v1/ticketing/tickets/" + id + "/comments"
	steps := []struct {
		name    string
		act     func()
		want    string
		isMoved bool
	}{
		{"none", func() {}, `{"comment_count":0}`, false},
		{"a comment", func() { server.send("POST", comments, `{"content":"a"}`) }, `{"comment_count":1}`, true},
		{"a person's comment", func() { server.AddComment(id, "jane", "b") }, `{"comment_count":2}`, true},
		{"a refused comment", func() { server.send("POST", comments, `{}`) }, `{"comment_count":2}`, false},
		{"a note", func() { server.AddNote(id, "jane", "t", "b") }, `{"comment_count":2}`, false},
		{"deleted", func() { server.send("DELETE", comments+"/"+server.Comments(id)[0].ID, "") }, `{"comment_count":1}`, true},
		{"deleted once more", func() { server.send("DELETE", comments+"/20001", "") }, `{"comment_count":1}`, false},
		{"deleted by a person", func() { server.DeleteComment(server.Comments(id)[0].ID) }, `{"comment_count":0}`, true},
	}
	for _, counts := range []bool{true, false} {
		server.SetBehaviour(Behaviour{CommentCount: counts})
		for _, step := range steps {
			before := server.ticket(id).UpdatedAt
			server.clock.Advance(time.Minute)
			step.act()
			if moved := server.ticket(id).UpdatedAt.After(before); moved != (step.isMoved && counts) {
				t.Errorf("%s with comment_count %t: updated_at has moved: %t", step.name, counts, moved)
			}
			want := ""
			if counts {
				want = step.want
			}
			for operation, ticket := range server.answered(id) {
				if got := string(ticket["unmapped"]); got != want {
					t.Errorf("%s with comment_count %t, %s: unmapped is %q, want %q", step.name, counts, operation, got, want)
				}
			}
		}
	}
}

func TestAttachmentsChangeTheTicket(t *testing.T) {
	server := newHarness(t)
	id := server.create(plainTicket)
	attachments := "/v1/ticketing/attachments/" + id
	for _, step := range []struct {
		name    string
		act     func()
		isMoved bool
	}{
		{"uploaded", func() { server.send("POST", attachments, `{"file_name":"a.txt","content":"YQ=="}`) }, true},
		{"uploaded by a person", func() { server.AddAttachment(id, "b.txt", []byte("b")) }, true},
		{"refused", func() { server.send("POST", attachments, `{}`) }, false},
		{"deleted", func() { server.send("DELETE", attachments+"/"+server.Attachments(id)[0].ID, "") }, true},
		{"deleted once more", func() { server.send("DELETE", attachments+"/40001", "") }, false},
		{"deleted by a person", func() { server.DeleteAttachment(server.Attachments(id)[0].ID) }, true},
	} {
		before := server.ticket(id).UpdatedAt
		server.clock.Advance(time.Minute)
		step.act()
		if moved := server.ticket(id).UpdatedAt.After(before); moved != step.isMoved {
			t.Errorf("%s: updated_at has moved: %t", step.name, moved)
		}
	}
}

func TestCoarseTimes(t *testing.T) {
	server := newHarness(t)
	server.clock.Advance(1700 * time.Millisecond)
	id := server.create(`{"name":"early","summary":"s","due_date":"2026-12-01T08:00:00.25Z"}`)
	server.clock.Advance(200 * time.Millisecond)
	server.create(`{"name":"late","summary":"s"}`)
	server.AddComment(id, "jane", "a")
	note, _ := server.AddNote(id, "jane", "t", "a")
	server.EditNote(note.ID, func(note *Note) { note.Content = "b" })
	stored := server.state()

	server.SetBehaviour(Behaviour{CoarseTimes: true})
	const second = `"2026-11-01T10:00:01Z"`
	for operation, ticket := range server.answered(id) {
		if string(ticket["created_at"]) != second || string(ticket["updated_at"]) != second {
			t.Errorf("%s: created_at %s, updated_at %s", operation, ticket["created_at"], ticket["updated_at"])
		}
		if string(ticket["due_date"]) != `"2026-12-01T08:00:00.25Z"` {
			t.Errorf("%s: the due date, which a person sets, is %s", operation, ticket["due_date"])
		}
	}
	base := "/v1/ticketing/tickets/" + id
	for path, field := range map[string]string{"/comments": "created_at", "/notes": "updated_at"} {
		listed := decode[struct{ Result []wireTicket }](t, server.send("GET", base+path, "")).Result
		if string(listed[0][field]) != second {
			t.Errorf("%s of %s is %s", field, path, listed[0][field])
		}
	}
	for path, body := range map[string]string{base + "/comments": `{"content":"c"}`, base + "/notes": `{"title":"t","content":"c"}`} {
		created := decode[struct{ Result wireTicket }](t, server.send("POST", path, body)).Result
		if string(created["created_at"]) != second {
			t.Errorf("created_at of a new one of %s is %s", path, created["created_at"])
		}
	}
	for filter, want := range map[string]string{
		"updated_at[eq]2026-11-01T10:00:01Z":    "early late",
		"updated_at[gt]2026-11-01T10:00:01Z":    "",
		"updated_at[gte]2026-11-01T10:00:01Z":   "early late",
		"created_at[gte]2026-11-01T10:00:01.5Z": "", // The operand is not cut off.
		"created_at[lt]2026-11-01T10:00:01.5Z":  "early late",
		"due_date[gt]2026-12-01T08:00:00Z":      "early",
	} {
		if got := server.names(filters(filter)); got != want {
			t.Errorf("%s found %q, want %q", filter, got, want)
		}
	}
	// Tickets of the same second have no order of time.
	if got := server.names("order=created_at[desc]"); got != "early late" {
		t.Errorf("in the order of time: %q", got)
	}
	server.SetBehaviour(Behaviour{})
	if got := server.names("order=created_at[desc]"); got != "late early" {
		t.Errorf("in the order of time, with fractions: %q", got)
	}
	if !strings.Contains(stored, "10:00:01.7Z") || !strings.Contains(server.state(), "10:00:01.7Z") {
		t.Error("what the simulator holds has lost the fractions")
	}
}

func TestPagesOfCoarseTimesHoldEveryTicketOnce(t *testing.T) {
	server := newHarness(t)
	server.SetBehaviour(Behaviour{CoarseTimes: true, PageSize: 1})
	for _, name := range []string{"a", "b", "c"} {
		server.create(`{"name":"` + name + `","summary":"s"}`)
	}
	var names string
	parameters := "order=updated_at[desc]"
	for cursor := ""; ; {
		read := server.page(parameters + "&cursor=" + cursor)
		for _, ticket := range read.Result {
			names += ticket.Name
		}
		if cursor = read.Cursor; cursor == "" {
			break
		}
	}
	if names != "abc" {
		t.Errorf("read %q", names)
	}
}

func TestLostFilters(t *testing.T) {
	server := newLibrary(t)
	lost := []string{"tags"}
	server.SetBehaviour(Behaviour{LoseFilters: lost})
	lost[0] = "status" // The simulator has a copy.
	for parameters, want := range map[string]string{
		"": "b c a", filters("status[eq]Done"): "c", filters("tags[in]k8s-1"): "", filters("tags[ne]k8s-1"): "",
		filters("status[eq]Done", "tags[in]k8s-2"): "",
	} {
		if got := server.names(parameters); got != want {
			t.Errorf("%s found %q, want %q", parameters, got, want)
		}
	}
	wantProblem(t, server.send("GET", "/v1/ticketing/tickets?"+filters("tags[is]a"), ""), 400, "is")
	if read := server.page(filters("tags[in]k8s-1")); read.Cursor != "" || len(read.Result) != 0 {
		t.Errorf("the empty answer is %+v", read)
	}

	server.SetBehaviour(Behaviour{LoseFilters: []string{"*"}, IgnoreFilters: []string{"*"}})
	if got := server.names(filters("name[eq]a")); got != "" {
		t.Errorf("lost and ignored: found %q", got)
	}
	server.SetBehaviour(Behaviour{LoseFilters: []string{"*"}, RefuseFilters: []string{"name"}})
	wantProblem(t, server.send("GET", "/v1/ticketing/tickets?"+filters("name[eq]a"), ""), 400, "name")
}
