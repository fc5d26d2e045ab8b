// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNewTicketHasDefaults(t *testing.T) {
	server := newHarness(t)
	got := server.ticket(server.create(`{"name":"n","summary":"s","project":null,"tags":null,"custom_fields":null,"creator":null}`))
	want := Ticket{
		ID: "10001", Name: "n", Summary: "s", Status: "To Do", IssueType: "Task", Project: "OPS", Creator: defaultCreator,
		CustomFields: map[string]any{}, CreatedAt: server.clock.Now(), UpdatedAt: server.clock.Now(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNewTicketRefused(t *testing.T) {
	server := newHarness(t)
	for body, word := range map[string]string{
		`{"name":"n","summary":" "}`:                                          "summary must not be empty",
		`{"name":"","summary":"s"}`:                                           "name must not be empty",
		`{"name":"n","summary":"s","project":"NOPE"}`:                         "NOPE",
		`{"name":"n","summary":"s","Status":"x"}`:                             "Status", // Names are exact.
		`{"name":"n","name":"m","summary":"s"}`:                               "name is given twice",
		`{"name":"n","summary":"s","custom_fields":{"a":[{},{"b":1,"b":1}]}}`: "custom_fields.a[1].b is given twice",
		"{\"name\":\"\xff\",\"summary\":\"s\"}":                               "UTF-8",
		`{"name":"n","summary":"s","due_date":"2026-12-01"}`:                  "due_date",
		`{"name":"n","summary":"s","tags":["a",null]}`:                        "tags[1]",
		`{"name":"n","summary":"s","id":"1"}`:                                 "id",
		`{"name":"n","summary":"s"},`:                                         "JSON",
		`{"name":"n","summary":"s","custom_fields":{"a":1,}}`:                 "JSON",
		`{"name":"n","summary":"s","due_date":"0000-01-01T00:00:00Z"}`:        "due_date",
	} {
		wantProblem(t, server.send("POST", "/v1/ticketing/tickets", body), 400, word)
	}
	if got := server.Tickets(); len(got) != 0 {
		t.Errorf("created %+v", got)
	}
}

func TestBlankTextsAreRefused(t *testing.T) {
	server := newHarness(t)
	id := server.create(plainTicket)
	ticket, note := "/v1/ticketing/tickets/"+id, server.send("POST", "/v1/ticketing/tickets/"+id+"/notes", `{"title":"t","content":"c"}`)
	notePath := ticket + "/notes/" + decode[struct{ Result Note }](t, note).Result.ID
	for _, test := range []struct{ method, path, body, field string }{
		{"POST", "/v1/ticketing/tickets", `{"name":"n","summary":" \n"}`, "summary"},
		{"POST", ticket + "/comments", `{"content":""}`, "content"},
		{"POST", ticket + "/notes", `{"title":" ","content":"c"}`, "title"},
		{"POST", ticket + "/notes", `{"title":"t","content":"\t"}`, "content"},
		{"POST", "/v1/ticketing/attachments/" + id, `{"file_name":"","content":""}`, "file_name"},
		{"PATCH", ticket, `[{"op":"replace","path":"/name","value":""}]`, "name"},
		{"PATCH", ticket, `[{"op":"replace","path":"/status","value":" "}]`, "status"},
		{"PATCH", ticket, `[{"op":"remove","path":"/status"}]`, "status"},
		{"PATCH", ticket, `[{"op":"replace","path":"/project","value":null}]`, "project"},
		{"PATCH", ticket, `[{"op":"remove","path":"/issue_type"}]`, "issue_type"},
		{"PATCH", notePath, `[{"op":"replace","path":"/content","value":" "}]`, "content"},
	} {
		answer := server.send(test.method, test.path, test.body)
		wantProblem(t, answer, 400, test.field+" must not be empty")
		if got := decode[problem](t, answer).Context.Parameter; got.ID != "/"+test.field || got.Location != "body" {
			t.Errorf("%s %s %s: the problem is with %+v", test.method, test.path, test.body, got)
		}
	}
	if answer := server.send("POST", "/v1/ticketing/attachments/"+id, `{"file_name":"empty","content":""}`); answer.status != 201 {
		t.Errorf("an empty file: %d %s", answer.status, answer.body)
	}
}

func TestProblemsPointAtWhatIsWrong(t *testing.T) {
	server := newHarness(t)
	id := server.create(plainTicket)
	ticket := "/v1/ticketing/tickets/" + id
	note, _ := server.AddNote(id, "jane", "title", "content")
	for _, test := range []struct{ method, path, body, location, id, value, remediation string }{
		{"POST", "/v1/ticketing/tickets", `{"name":"n"}`, "body", "/summary", "", ""},
		{"POST", "/v1/ticketing/tickets", `{"name":"n","summary":null}`, "body", "/summary", "null", ""},
		{"POST", "/v1/ticketing/tickets", `{"name":"n","summary":"s","tags":["a",7]}`, "body", "/tags/1", "7", ""},
		{"POST", "/v1/ticketing/tickets", `{"name":"n","summary":"s","a/b~c":1}`, "body", "/a~1b~0c", "1", "Send only these: assignee, "},
		{
			"POST", "/v1/ticketing/tickets", `{"name":"n","summary":"s","priority":"high"}`, "body", "/priority", `"high"`,
			"Use one of URGENT, CRITICAL, HIGH, MEDIUM, MODERATE, LOW, PLANNING.",
		},
		{"PATCH", ticket, `[{"op":"add","path":"/status","value":"x"},{"op":"copy","path":"/status"}]`, "body", "/1/from", "", ""},
		{"PATCH", ticket, `[{"op":"merge","path":"/status"}]`, "body", "/0/op", `"merge"`, ""},
		{"PATCH", ticket, `[{"op":"remove","path":"status"}]`, "body", "/0/path", `"status"`, ""},
		{"PATCH", ticket, `["remove"]`, "body", "/0", `"remove"`, ""},
		{"PATCH", ticket, `[{"op":"replace","path":"/summary","value":7}]`, "body", "/summary", "7", ""},
		{"PATCH", ticket + "/notes/" + note.ID, `[{"op":"replace","path":"/content","value":7}]`, "body", "/content", "7", ""},
		{"GET", ticket + "?expand=all", "", "query", "expand", `"all"`, ""},
		{"GET", "/v1/ticketing/projects?limit=ten", "", "query", "limit", `"ten"`, ""},
		{"GET", "/v1/ticketing/projects?order=id", "", "query", "order", `"id"`, "Send only these: cursor, limit."},
	} {
		answer := server.send(test.method, test.path, test.body)
		wantProblem(t, answer, 400)
		refused := decode[problem](t, answer)
		got := refused.Context.Parameter
		if got.Location != test.location || got.ID != test.id || string(got.Value) != test.value {
			t.Errorf("%s %s %s: the problem is with %s %s = %s", test.method, test.path, test.body, got.Location, got.ID, got.Value)
		}
		if !strings.HasPrefix(refused.Remediation, test.remediation) {
			t.Errorf("%s %s %s: the remediation is %q", test.method, test.path, test.body, refused.Remediation)
		}
	}
}

func TestProblemsNameEverythingThatIsWrong(t *testing.T) {
	answer := newHarness(t).send("POST", "/v1/ticketing/tickets", `{"name":7,"priority":"high","a/b":1}`)
	got := decode[problem](t, answer)
	var messages []string
	for _, cause := range got.Cause {
		messages = append(messages, cause.Message)
	}
	want := []string{
		"summary is required and missing", "name is a number and must be a string", `priority is "high", which is no priority`,
		"a/b is no field of this request",
	}
	if diff := cmp.Diff(want, messages); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
	if got.Message != want[0] || got.Context.Parameter.ID != "/summary" || got.Context.Parameter.Location != "body" {
		t.Errorf("the first one is not the message: %s", answer.body)
	}
}

func TestProblemsNameEachThingOnce(t *testing.T) {
	server := newHarness(t)
	ticket := "/v1/ticketing/tickets/" + server.create(plainTicket)
	for _, test := range []struct {
		method, path, body string
		causes             int
	}{
		{"POST", "/v1/ticketing/tickets", `{"name":"n","summary":"s","x":1,"y":2,"z":3}`, 3},
		{"PATCH", ticket, `["remove"]`, 1},
		{"PATCH", ticket, `[{"op":"add","path":"a","value":1,"x":1},{"op":"add","path":"/b","x":1}]`, 4},
	} {
		answer := server.send(test.method, test.path, test.body)
		wantProblem(t, answer, 400)
		if got := decode[problem](t, answer).Cause; len(got) != test.causes {
			t.Errorf("%s: %d causes, want %d: %+v", test.body, len(got), test.causes, got)
		}
	}
}

func TestBodyTooLarge(t *testing.T) {
	server := newHarness(t)
	wantProblem(t, server.send("POST", "/v1/ticketing/tickets", strings.Repeat(" ", maxBodyBytes+1)), 413, "larger")
}

func TestCompletionDate(t *testing.T) {
	server := newHarness(t)
	path := func(id string) string { return "/v1/ticketing/tickets/" + id }
	closeIt := `[{"op":"replace","path":"/status","value":"Done"}]`
	id := server.create(plainTicket)
	server.clock.Advance(time.Hour)
	server.send("PATCH", path(id), closeIt)
	if got := server.ticket(id).CompletionDate; got == nil || !got.Equal(server.clock.Now()) {
		t.Errorf("closed by a patch: %v", got)
	}
	own := server.create(`{"name":"n","summary":"s","completion_date":"2026-12-01T00:00:00Z"}`)
	server.send("PATCH", path(own), closeIt)
	if got := server.ticket(own).CompletionDate; got.Month() != time.December {
		t.Errorf("a date that was set is replaced by %v", got)
	}
	if got := server.ticket(server.create(`{"name":"n","summary":"s","status":"resolved"}`)).CompletionDate; got == nil {
		t.Error("created as resolved: no date")
	}
	if got := server.ticket(server.create(`{"name":"n","summary":"s","status":"Open"}`)).CompletionDate; got != nil {
		t.Errorf("created as open: %v", got)
	}
}

func TestTimesAlwaysMove(t *testing.T) {
	server := newHarness(t)
	id := server.create(plainTicket)
	last := server.ticket(id).UpdatedAt
	for i := range 10 {
		if i == 5 {
			server.clock.Advance(-time.Hour) // A clock that is set back.
		}
		server.send("PATCH", "/v1/ticketing/tickets/"+id, fmt.Sprintf(`[{"op":"replace","path":"/summary","value":"%d"}]`, i))
		got := server.ticket(id)
		if !got.UpdatedAt.After(last) {
			t.Errorf("change %d: updated_at went from %v to %v", i, last, got.UpdatedAt)
		}
		last = got.UpdatedAt
	}
}

func TestNumbersOfCustomFieldsComeBackAsSent(t *testing.T) {
	server := newHarness(t)
	const fields = `{"a":1,"b":1.0,"c":12345678901234567890,"d":1e3,"e":-0.5,"f":[0.1,{"g":100000000000000000000}]}`
	id := server.create(`{"name":"n","summary":"s","custom_fields":` + fields + `}`)
	answer := server.send("GET", "/v1/ticketing/tickets/"+id, "")
	if !strings.Contains(string(answer.body), `"custom_fields":`+fields) {
		t.Errorf("got %s", answer.body)
	}
	if got := server.ticket(id).CustomFields["a"]; got != 1.0 {
		t.Errorf("a small number is a %T", got)
	}
}

func TestWhatPeopleDo(t *testing.T) {
	server := newHarness(t)
	ticket := server.AddTicket(Ticket{Summary: "s"})
	comment, _ := server.AddComment(ticket.ID, "jane", "hello")
	note, _ := server.AddNote(ticket.ID, "jane", "title", "content")
	file, _ := server.AddAttachment(ticket.ID, "a.txt", []byte("text"))
	if comment.ID != "20001" || note.ID != "30001" || file.ID != "40001" || file.FileSize != 4 {
		t.Errorf("%+v %+v %+v", comment, note, file)
	}
	if !server.EditComment(comment.ID, "bye") || server.Comments(ticket.ID)[0].Content != "bye" {
		t.Error("the comment was not edited")
	}
	if !server.EditNote(note.ID, func(n *Note) { n.Title, n.ID = "other", "1" }) || server.Notes(ticket.ID)[0].Title != "other" {
		t.Error("the note was not edited")
	}
	if got := server.Notes(ticket.ID)[0].ID; got != note.ID {
		t.Errorf("a person changed the ID to %s", got)
	}
	if !server.DeleteComment(comment.ID) || !server.DeleteNote(note.ID) || !server.DeleteAttachment(file.ID) {
		t.Error("something was not deleted")
	}
	if len(server.Comments(ticket.ID))+len(server.Notes(ticket.ID))+len(server.Attachments(ticket.ID)) != 0 {
		t.Error("something is still there")
	}
	if server.DeleteComment(comment.ID) || server.DeleteNote("x") || server.DeleteAttachment("x") || server.EditNote("x", nil) ||
		server.EditComment("x", "y") || server.EditTicket("x", nil) || server.DeleteTicket("x") {
		t.Error("something that is not there was changed")
	}
	if !server.DeleteTicket(ticket.ID) || len(server.Tickets()) != 0 {
		t.Error("the ticket was not deleted")
	}
	wantProblem(t, server.send("GET", "/v1/ticketing/tickets/"+ticket.ID+"/comments", ""), 404, ticket.ID)
	if next := server.AddTicket(Ticket{Summary: "s"}); next.ID == ticket.ID {
		t.Error("the ID of a deleted ticket was given out again")
	}
}

func TestEditTicket(t *testing.T) {
	server := newHarness(t)
	id := server.create(patchedTicket)
	before := server.ticket(id)
	server.clock.Advance(time.Minute)
	server.EditTicket(id, func(*Ticket) {})
	if diff := cmp.Diff(before, server.ticket(id)); diff != "" {
		t.Errorf("an edit that changes nothing:\n%s", diff)
	}
	server.EditTicket(id, func(ticket *Ticket) {
		ticket.ID, ticket.Tags[0], ticket.CustomFields["severity"] = "1", "changed", 3
	})
	want := before.clone()
	want.Tags[0], want.CustomFields["severity"], want.UpdatedAt = "changed", 3, server.clock.Now()
	if diff := cmp.Diff(want, server.ticket(id)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatIsHandedOutIsACopy(t *testing.T) {
	server := newHarness(t)
	id := server.create(patchedTicket)
	before := server.ticket(id)
	taken := server.ticket(id)
	taken.Tags[0], taken.CustomFields["list"].([]any)[0] = "x", "x"
	*taken.DueDate = time.Time{}
	if diff := cmp.Diff(before, server.ticket(id)); diff != "" {
		t.Errorf("the stored ticket changed:\n%s", diff)
	}
	var kept []string
	server.EditTicket(id, func(ticket *Ticket) { ticket.Summary, kept = "edited", ticket.Tags })
	kept[0] = "changed after the edit"
	if got := server.ticket(id).Tags[0]; got != before.Tags[0] {
		t.Errorf("what an edit kept is the stored ticket: %q", got)
	}
}

func TestAddTicketWithAnID(t *testing.T) {
	server := newHarness(t)
	first := server.AddTicket(Ticket{ID: "10001", Summary: "s"})
	second := server.AddTicket(Ticket{ID: "10001", Summary: "s"})
	if third := server.create(plainTicket); first.ID != "10001" || second.ID != "10002" || third != "10003" {
		t.Errorf("IDs %s %s %s", first.ID, second.ID, third)
	}
}

func TestTokenRotation(t *testing.T) {
	server := newHarness(t)
	server.SetToken("next")
	wantProblem(t, server.send("GET", "/v1/ticketing/projects", ""), 401)
	if answer := server.sendAs("bearer next", "", "GET", "/v1/ticketing/projects", nil); answer.status != 200 {
		t.Errorf("the new token: %d", answer.status)
	}
	server.SetToken("")
	wantProblem(t, server.sendAs("Bearer ", "", "GET", "/v1/ticketing/projects", nil), 401)
}

func TestRequestLog(t *testing.T) {
	var lines bytes.Buffer
	clock := newFakeClock()
	server := New(Options{
		Token: testToken, Now: clock.Now, RequestLog: 2, Log: slog.New(slog.NewTextHandler(&lines, nil)),
	})
	client := &harness{Server: server, t: t, clock: clock, client: &http.Client{Transport: server.Transport()}, url: "http://simulator.test"}
	client.send("GET", "/v1/ticketing/projects?limit=1", "")
	client.send("GET", "/v1/ticketing/nothing", "")
	client.sendAs("Bearer not-the-"+testToken, "application/json", "POST", "/v1/ticketing/tickets", []byte(plainTicket))
	client.create(plainTicket)
	want := []Request{
		{
			Time: clock.Now(), Operation: "CreateTicket", Method: "POST", Path: "/v1/ticketing/tickets", Status: 401,
			Body: []byte(plainTicket),
		},
		{
			Time: clock.Now(), Operation: "CreateTicket", Method: "POST", Path: "/v1/ticketing/tickets", Status: 201, Performed: true,
			Body: []byte(plainTicket),
		},
	}
	if diff := cmp.Diff(want, server.Requests()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"": 1, "CreateTicket": 2, "ListProjects": 1}, server.RequestCounts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	encoded, err := json.Marshal(server.Requests())
	if err != nil {
		t.Fatal(err)
	}
	if got := lines.String() + string(encoded); strings.Contains(got, testToken) || !strings.Contains(got, "CreateTicket") {
		t.Errorf("logged:\n%s", got)
	}
	server.ForgetRequests()
	if len(server.Requests())+len(server.RequestCounts())+server.MaxConcurrentRequests() != 0 {
		t.Error("something was remembered")
	}
}

func TestConcurrentUse(t *testing.T) {
	server := newHarness(t)
	server.SetBehaviour(Behaviour{RateLimit: 1e9})
	shared := server.create(plainTicket)
	var running sync.WaitGroup
	for worker := range 8 {
		running.Go(func() {
			for i := range 25 {
				remove := server.Inject(Fault{Operation: "DeleteNote", Status: 500})
				answer, _ := server.tryCreate()
				if answer.status != 201 {
					t.Errorf("status %d", answer.status)
				}
				server.send("PATCH", "/v1/ticketing/tickets/"+shared, fmt.Sprintf(`[{"op":"add","path":"/tags/-","value":"%d-%d"}]`, worker, i))
				server.send("POST", "/v1/ticketing/tickets/"+shared+"/comments", `{"content":"x"}`)
				server.send("GET", "/v1/ticketing/tickets?order=updated_at[desc]&limit=5", "")
				server.sendAs("", "", "GET", "/", nil)
				server.EditTicket(shared, func(ticket *Ticket) { ticket.CustomFields[fmt.Sprint(worker)] = float64(i) })
				remove()
			}
		})
	}
	running.Wait()
	ids := map[string]bool{}
	for _, ticket := range server.Tickets() {
		ids[ticket.ID] = true
	}
	if len(ids) != 201 || len(server.ticket(shared).Tags) != 200 || len(server.Comments(shared)) != 200 || len(server.Faults()) != 0 {
		t.Errorf("%d tickets, %d tags, %d comments", len(ids), len(server.ticket(shared).Tags), len(server.Comments(shared)))
	}
	if most := server.MaxConcurrentRequests(); most < 1 || most > 8 {
		t.Errorf("%d requests at once", most)
	}
}
