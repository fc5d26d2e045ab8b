// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOddFieldsDoNotCostTheTicket(t *testing.T) {
	attachment := AttachmentMetadata{ID: "a", FileSize: 9}
	for name, test := range map[string]struct {
		members string
		change  func(*Ticket) // what is in the ticket of the members
		want    []string      // unreadable
	}{
		"a date that is a number":  {`"due_date": 5`, nil, []string{"due_date cannot be read: its JSON type is number"}},
		"a date that is an object": {`"created_at": {"a": 1}`, nil, []string{"created_at cannot be read: its JSON type is object"}},
		"a date that does not parse": {
			`"due_date": "soon"`, func(ticket *Ticket) { ticket.DueDate = Timestamp{Raw: "soon"} }, nil,
		},
		"a text that is an object": {`"priority": {}`, nil, []string{"priority cannot be read: its JSON type is object"}},
		"a text that is a bool":    {`"status": true`, nil, []string{"status cannot be read: its JSON type is bool"}},
		"a text that is an array":  {`"assignee": ["jane"]`, nil, []string{"assignee cannot be read: its JSON type is array"}},
		"a map that is an array":   {`"custom_fields": []`, nil, []string{"custom_fields cannot be read: its JSON type is array"}},
		"a map that is a text":     {`"unmapped": "x"`, nil, []string{"unmapped cannot be read: its JSON type is string"}},
		"tags that are a text":     {`"tags": "a"`, nil, []string{"tags cannot be read: its JSON type is string"}},
		"tags that are an object":  {`"tags": {"a": "b"}`, nil, []string{"tags cannot be read: its JSON type is object"}},
		"a tag that is a number": {
			`"tags": ["a", 7, "b"]`, func(ticket *Ticket) { ticket.Tags = []string{"a", "b"} },
			[]string{"tags[1] cannot be read: its JSON type is number"},
		},
		"tags that are no texts": {
			`"tags": [null, {"name": "a"}, ["b"], "c"]`, func(ticket *Ticket) { ticket.Tags = []string{"c"} },
			[]string{"tags[0] cannot be read: its JSON type is null; 2 more elements of tags cannot be read"},
		},
		"tags with line ends": {`"tags": ["a\nb"]`, func(ticket *Ticket) { ticket.Tags = []string{"a\nb"} }, nil},
		"no tags":             {`"tags": []`, func(ticket *Ticket) { ticket.Tags = []string{} }, nil},
		"an odd attachment": {
			`"attachments": [{"id": "a", "file_size": 9}, {"id": "b", "file_size": "9 KB"}]`,
			func(ticket *Ticket) { ticket.Attachments = []AttachmentMetadata{attachment} },
			[]string{"attachments[1].file_size cannot be read: its JSON type is string"},
		},
		"a time of an attachment": {
			`"attachments": [{"id": "b", "created_date": 7}, {"id": "a", "file_size": 9}]`,
			func(ticket *Ticket) { ticket.Attachments = []AttachmentMetadata{attachment} },
			[]string{"attachments[0].created_date cannot be read: its JSON type is number"},
		},
		"several": {
			`"tags": 1, "contact": 1, "priority": "P0", "creator": {}, "-": 1, "": 1`,
			func(ticket *Ticket) { ticket.Priority = "P0" },
			[]string{"contact cannot be read: its JSON type is number", "creator cannot be read: its JSON type is object", "tags cannot be read: its JSON type is number"},
		},
		"a name in other letters": {`"Due_Date": 5, "SUMMARY": 7`, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			want := Ticket{ID: "1", Summary: "s", Parent: "p", Unreadable: test.want}
			if test.change != nil {
				test.change(&want)
			}
			document := `{"id": "1", "summary": "s", ` + test.members + `, "parent": "p"}`
			_, client := newServer(t, respondJSON(200, `{"result": `+document+`}`))
			got, err := client.GetTicket(t.Context(), "1")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, *got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// What a ticket had before, decoding does not leave in it.
			again := exampleTicket()
			again.Unreadable = []string{"from before"}
			if err := json.Unmarshal([]byte(document), &again); err != nil || !cmp.Equal(want, again) {
				t.Errorf("over another ticket: %+v, %v", again, err)
			}
		})
	}
}

func TestOddFieldsDoNotCostCreatesAndPatches(t *testing.T) {
	_, client := newServer(t, respondJSON(http.StatusCreated, `{"result": {"id": "1", "created_at": 1793527200, "tags": "a,b"}}`))
	want := Ticket{ID: "1", Unreadable: []string{"created_at cannot be read: its JSON type is number", "tags cannot be read: its JSON type is string"}}
	created, err := client.CreateTicket(t.Context(), exampleCreateTicket())
	if err != nil || !cmp.Equal(want, *created) {
		t.Errorf("CreateTicket = %+v, %v", created, err)
	}
	patched, err := client.PatchTicket(t.Context(), "1", exampleTicketPatch())
	if err != nil || !cmp.Equal(want, *patched) {
		t.Errorf("PatchTicket = %+v, %v", patched, err)
	}
}

func TestOddFieldsDoNotCostTheCommentOrTheNote(t *testing.T) {
	_, client := newServer(t, respondJSON(http.StatusCreated, `{"result": {
		"id": "2", "title": "t", "content": "c", "creator": {"name": "jane"}, "updated_at": 7, "custom_fields": 1
	}}`))
	unreadable := []string{
		"creator cannot be read: its JSON type is object", "custom_fields cannot be read: its JSON type is number", "updated_at cannot be read: its JSON type is number",
	}
	comment, err := client.CreateComment(t.Context(), "1", CreateCommentRequest{Content: "c"})
	if err != nil || !cmp.Equal(Comment{Entry{ID: "2", Content: "c", Unreadable: unreadable}}, *comment) {
		t.Errorf("CreateComment = %+v, %v", comment, err)
	}
	note, err := client.PatchNote(t.Context(), "1", "2", exampleNotePatch())
	if err != nil || !cmp.Equal(Note{Entry{ID: "2", Content: "c", Unreadable: unreadable}, "t"}, *note) {
		t.Errorf("PatchNote = %+v, %v", note, err)
	}
}

func TestObjectsWithoutAnIDAreRefused(t *testing.T) {
	for result, want := range map[string]string{
		`{"id": 10023.5}`:       "result.id has the JSON type number, which the API does not document",
		`{"id": "1\u001b[2J"}`:  "result.id contains control characters",
		`{"id": true}`:          "result.id has the JSON type bool, which the API does not document",
		`{"id": ["1"]}`:         "result.id has the JSON type array, which the API does not document",
		`{"id": null}`:          "result.id is missing or empty",
		`{"ID": "1"}`:           "result.id is missing or empty",
		`{"id": " "}`:           "result.id contains only white space",
		`[{"id": "1"}]`:         "result has the JSON type array, which the API does not document",
		`"1"`:                   "result has the JSON type string, which the API does not document",
		`{"id": {}, "tags": 2}`: "result.id has the JSON type object, which the API does not document",
	} {
		_, client := newServer(t, respondJSON(200, `{"result": `+result+`}`))
		calls := map[string]func() error{
			"GetTicket": func() error { _, err := client.GetTicket(t.Context(), "1"); return err },
			"CreateComment": func() error {
				_, err := client.CreateComment(t.Context(), "1", CreateCommentRequest{})
				return err
			},
			"PatchNote": func() error { _, err := client.PatchNote(t.Context(), "1", "2", exampleNotePatch()); return err },
		}
		for name, call := range calls {
			err := call()
			var decode *DecodeError
			if !errors.As(err, &decode) || decode.TooLarge || decode.Err.Error() != want {
				t.Errorf("%s of %s: error = %v, want %s", name, result, err, want)
			}
		}
	}
}

// TestNumbersForIDs: providers number what they have, and not all of them write that as a text.
func TestNumbersForIDs(t *testing.T) {
	bodies := map[string]string{
		"GET /v1/ticketing/tickets/10023":          `{"result": {"id": 10023, "project": 7, "parent": -1, "name": 5, "attachments": [{"id": 3, "ticket_id": 10023}]}}`,
		"GET /v1/ticketing/tickets/10023/comments": `{"result": [{"id": 12345678901234567890, "ticket_id": 10023}]}`,
		"GET /v1/ticketing/projects":               `{"result": [{"id": 7, "name": "Operations"}]}`,
		"GET /v1/ticketing/remote-fields":          `{"result": [{"field_id": 9, "project_id": 7, "schema": {"enum_option_values": [{"id": 1, "name": "EU"}]}}]}`,
	}
	_, client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		respondJSON(200, "\xEF\xBB\xBF"+bodies[r.Method+" "+r.URL.Path])(w, r) // With a byte order mark.
	})
	ticket, err := client.GetTicket(t.Context(), "10023")
	if err != nil {
		t.Fatal(err)
	}
	want := &Ticket{
		ID: "10023", Project: "7", Parent: "-1", Attachments: []AttachmentMetadata{{ID: "3", TicketID: "10023"}},
		Unreadable: []string{"name cannot be read: its JSON type is number"},
	}
	if diff := cmp.Diff(want, ticket); diff != "" {
		t.Errorf("ticket (-want +got):\n%s", diff)
	}
	comments, err := All(client.ListComments(t.Context(), "10023"))
	if err != nil || len(comments) != 1 || comments[0].ID != "12345678901234567890" || comments[0].TicketID != "10023" {
		t.Errorf("comments %+v, %v", comments, err)
	}
	projects, err := All(client.ListProjects(t.Context(), PageQuery{}))
	if err != nil || len(projects) != 1 || projects[0].ID != "7" || projects[0].Name != "Operations" {
		t.Errorf("projects %+v, %v", projects, err)
	}
	fields, err := All(client.ListRemoteFields(t.Context()))
	if err != nil || len(fields) != 1 || fields[0].FieldID != "9" || fields[0].ProjectID != "7" || fields[0].Schema.EnumOptionValues[0].ID != "1" {
		t.Errorf("fields %+v, %v", fields, err)
	}
}

func TestReadable(t *testing.T) {
	ticket := Ticket{Unreadable: []string{
		"attachments[0].id cannot be read: its JSON type is number", "created_at cannot be read: its JSON type is number", "tags[1] cannot be read: its JSON type is null",
	}}
	for fields, want := range map[string]bool{
		"": true, "summary": true, "tag": true, "created": true, "id": true, "summary,due_date": true,
		"tags": false, "created_at": false, "attachments": false, "summary,tags": false,
	} {
		if got := ticket.Readable(strings.Split(fields, ",")...); got != want {
			t.Errorf("Readable(%s) = %t, want %t", fields, got, want)
		}
	}
	if !(&Ticket{}).Readable("tags") {
		t.Error("a ticket without a fault is not readable")
	}
}

func TestObjectsOfNoUseAreSkipped(t *testing.T) {
	_, client := newServer(t, respondJSON(200, `{"cursor": "", "result": [
		{"id": "1"}, {"summary": "s"}, 7, {"id": {}}, {"id": "3", "due_date": 5}, null, [], {"id": " "}, "`+canary+`", {"id": "4"}
	]}`))
	var pages []Page[Ticket]
	for page, err := range client.QueryTickets(t.Context(), TicketQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page)
	}
	if len(pages) != 1 {
		t.Fatalf("%d pages, want one", len(pages))
	}
	wantItems := []Ticket{{ID: "1"}, {ID: "3", Unreadable: []string{"due_date cannot be read: its JSON type is number"}}, {ID: "4"}}
	if diff := cmp.Diff(wantItems, pages[0].Items); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	wantSkipped := []string{
		"result[1].id is missing or empty",
		"result[2] has the JSON type number, which the API does not document",
		"result[3].id has the JSON type object, which the API does not document",
		"result[5] has the JSON type null, which the API does not document",
		"result[6] has the JSON type array, which the API does not document",
		"result[7].id contains only white space",
		"result[8] has the JSON type string, which the API does not document",
	}
	if diff := cmp.Diff(wantSkipped, pages[0].Skipped); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
}

// TestAPageThatSkipsProvesNothing is what create-once rests on: look-ups take what All does not
// return for what does not exist.
func TestAPageThatSkipsProvesNothing(t *testing.T) {
	for name, test := range map[string]struct{ second, want string }{
		"one without ID":  {`{"id": "2"}, {}`, "result[1].id is missing or empty"},
		"several odd":     {`{"id": {}}, 7`, "result[0].id has the JSON type object, which the API does not document; other objects cannot be used either"},
		"nothing but one": {`""`, "result[0] has the JSON type string, which the API does not document"},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := book{"": page("b", "1"), "b": `{"result": [` + test.second + `], "cursor": "c"}`, "c": page("", "3")}.server(t)
			comments, err := All(client.ListComments(t.Context(), "1"))
			var decode *DecodeError
			if comments != nil || !errors.As(err, &decode) || decode.Operation != "ListComments" || decode.StatusCode != http.StatusOK {
				t.Fatalf("All = %v, %v, want a *DecodeError", comments, err)
			}
			if want := "ListComments: the response (status 200) cannot be used: " + test.want; err.Error() != want {
				t.Errorf("error = %q\nwant    %q", err, want)
			}
			var complete []bool
			for page, err := range client.ListComments(t.Context(), "1") {
				if err != nil {
					t.Fatal(err)
				}
				complete = append(complete, page.CheckComplete() == nil)
			}
			if diff := cmp.Diff([]bool{true, false, true}, complete); diff != "" {
				t.Errorf("complete pages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatCannotBeRecognisedProvesNothing(t *testing.T) {
	serve := func(t *testing.T, item string) *Client {
		_, client := newServer(t, respondJSON(200, `{"result": [{"id": "1"}, {"id": "2", `+item+`: 7}]}`))
		return client
	}
	lists := map[string]func(*testing.T, *Client) error{
		"tickets": func(t *testing.T, client *Client) error {
			_, err := All(client.QueryTickets(t.Context(), TicketQuery{}))
			return err
		},
		"comments": func(t *testing.T, client *Client) error {
			_, err := All(client.ListComments(t.Context(), "1"))
			return err
		},
		"notes": func(t *testing.T, client *Client) error {
			_, err := All(client.ListNotes(t.Context(), "1"))
			return err
		},
	}
	for name, test := range map[string]struct{ hidden, harmless []string }{
		"tickets": {
			[]string{"name", "tags", "created_at"}, []string{"summary", "creator", "updated_at", "due_date", "custom_fields", "attachments"},
		},
		"comments": {[]string{"content", "created_at"}, []string{"creator", "updated_at", "ticket_id", "unmapped", "title"}},
		"notes":    {[]string{"title", "content", "created_at"}, []string{"creator", "updated_at", "ticket_id", "unmapped"}},
	} {
		for _, field := range test.hidden {
			err := lists[name](t, serve(t, fmt.Sprintf("%q", field)))
			var decode *DecodeError
			if want := "result[1]." + field + " cannot be read: its JSON type is number"; !errors.As(err, &decode) || decode.Err.Error() != want {
				t.Errorf("%s with an odd %s: error = %v, want %s", name, field, err, want)
			}
		}
		for _, field := range test.harmless {
			if err := lists[name](t, serve(t, fmt.Sprintf("%q", field))); err != nil {
				t.Errorf("%s with an odd %s: %v", name, field, err)
			}
		}
	}
}

func TestSkippedIsBounded(t *testing.T) {
	_, client := newServer(t, respondJSON(200, `{"result": [`+strings.Repeat(`0,`, 1000)+`{"id": "1", "tags": [`+
		strings.Repeat(`{},`, 1000)+`"a"]}]}`))
	for page, err := range client.QueryTickets(t.Context(), TicketQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Skipped) != 101 || page.Skipped[100] != "900 more objects in result cannot be used" {
			t.Errorf("%d texts, the last: %s", len(page.Skipped), page.Skipped[len(page.Skipped)-1])
		}
		want := []string{"tags[0] cannot be read: its JSON type is object; 999 more elements of tags cannot be read"}
		if len(page.Items) != 1 || !slices.Equal(page.Items[0].Unreadable, want) {
			t.Errorf("items: %+v", page.Items)
		}
	}
}

func TestUnreadableShowsNoValues(t *testing.T) {
	values := `{"name": "` + canary + `", "` + canary + `": 1}`
	_, client := newServer(t, respondJSON(200, `{"result": {
		"id": "1", "summary": `+values+`, "tags": [`+values+`], "attachments": [{"unmapped": "`+canary+`"}, {"creator": `+values+`}]
	}}`))
	ticket, err := client.GetTicket(t.Context(), "1")
	if err != nil || len(ticket.Unreadable) != 3 {
		t.Fatalf("GetTicket = %+v, %v", ticket, err)
	}
	expectNoToken(t, strings.Join(ticket.Unreadable, " "))
}
