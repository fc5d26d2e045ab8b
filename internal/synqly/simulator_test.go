// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// newRemote returns a simulated ticketing system with three tickets, and a client of it.
func newRemote(t *testing.T) (remote *simulator.Server, client *Client, ids []string) {
	t.Helper()
	remote = simulator.New(simulator.Options{Token: canary, Now: func() time.Time { return now.Add(123456 * time.Microsecond) }})
	t.Cleanup(remote.Close)
	for _, name := range []string{"first", "second", "third"} {
		ids = append(ids, remote.AddTicket(simulator.Ticket{Name: name, Summary: name, Tags: []string{"shared"}}).ID)
	}
	return remote, newClient(t, Options{BaseURL: "http://simulator.test", Transport: remote.Transport()}), ids
}

// onlyPage is the one page that a query has.
func onlyPage(t *testing.T, client *Client, query TicketQuery) Page[Ticket] {
	t.Helper()
	var pages []Page[Ticket]
	for page, err := range client.QueryTickets(t.Context(), query) {
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page)
	}
	if len(pages) != 1 {
		t.Fatalf("%d pages, want one", len(pages))
	}
	return pages[0]
}

func TestAnOddTicketDoesNotCostThePage(t *testing.T) {
	remote, client, ids := newRemote(t)
	description := strings.Repeat("x", 256<<10)
	for field, value := range map[string]string{
		"due_date": `5`, "completion_date": `"soon"`, "priority": `"P0"`, "custom_fields": `[]`,
		"tags": `["two\nlines", {"name": "shared"}, "shared"]`, "description": `"` + description + `"`,
	} {
		if !remote.SetRaw(ids[1], field, json.RawMessage(value)) {
			t.Fatalf("there is no ticket %s", ids[1])
		}
	}
	check := func(name string, odd Ticket) {
		t.Helper()
		odd.UpdatedAt, odd.Attachments = Timestamp{}, nil
		want := Ticket{
			ID: ids[1], Name: "second", Summary: "second", Description: description, Priority: "P0", Status: "To Do", Project: "OPS",
			IssueType: "Task", Creator: "person@example.com", Tags: []string{"two\nlines", "shared"}, CompletionDate: Timestamp{Raw: "soon"},
			CreatedAt: odd.CreatedAt,
			Unreadable: []string{
				"custom_fields cannot be read: its JSON type is array", "due_date cannot be read: its JSON type is number", "tags[1] cannot be read: its JSON type is object",
			},
		}
		if diff := cmp.Diff(want, odd); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	page := onlyPage(t, client, TicketQuery{Filters: []string{"tags[in]shared"}})
	if len(page.Items) != 3 || page.Skipped != nil {
		t.Fatalf("%d items, skipped %q", len(page.Items), page.Skipped)
	}
	check("query", page.Items[1])
	got, err := client.GetTicket(t.Context(), ids[1])
	if err != nil {
		t.Fatal(err)
	}
	check("get", *got)
	got, err = client.PatchTicket(t.Context(), ids[1], []PatchOperation{must(Replace("/summary", "second"))})
	if err != nil {
		t.Fatal(err)
	}
	check("patch", *got)
}

func TestATicketWithoutIDIsSkipped(t *testing.T) {
	remote, client, ids := newRemote(t)
	remote.SetRaw(ids[0], "id", json.RawMessage(`{"value": 10001}`))
	page := onlyPage(t, client, TicketQuery{})
	if len(page.Items) != 2 || page.Items[0].ID != ids[1] {
		t.Errorf("items %+v", page.Items)
	}
	want := []string{"result[0].id has the JSON type object, which the API does not document"}
	if diff := cmp.Diff(want, page.Skipped); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
	var decode *DecodeError
	if tickets, err := All(client.QueryTickets(t.Context(), TicketQuery{})); tickets != nil || !errors.As(err, &decode) {
		t.Errorf("All = %v, %v, want a *DecodeError", tickets, err)
	}
	if ticket, err := client.GetTicket(t.Context(), ids[0]); ticket != nil || !errors.As(err, &decode) {
		t.Errorf("GetTicket = %v, %v, want a *DecodeError", ticket, err)
	}
}

func TestAPageThatIsTooLargeFitsInSmallerOnes(t *testing.T) {
	remote, client, ids := newRemote(t)
	client.maxDataBytes = 1 << 20
	description := json.RawMessage(`"` + strings.Repeat("x", 400<<10) + `"`)
	for _, id := range ids {
		remote.SetRaw(id, "description", description)
	}
	_, err := All(client.QueryTickets(t.Context(), TicketQuery{}))
	var decode *DecodeError
	if !errors.As(err, &decode) || !decode.TooLarge {
		t.Fatalf("error = %v, want a *DecodeError that is TooLarge", err)
	}
	if tickets, err := All(client.QueryTickets(t.Context(), TicketQuery{Limit: 2})); err != nil || len(tickets) != 3 {
		t.Errorf("with pages of two: %d tickets, %v", len(tickets), err)
	}
}

func TestCommentCountOfTheSimulator(t *testing.T) {
	remote, client, ids := newRemote(t)
	remote.AddComment(ids[0], "jane@example.com", "Started.")
	counted := func() (int, bool) {
		t.Helper()
		ticket, err := client.GetTicket(t.Context(), ids[0])
		if err != nil {
			t.Fatal(err)
		}
		return ticket.CommentCount()
	}
	if count, known := counted(); known {
		t.Errorf("a provider that does not say: CommentCount = %d, %t", count, known)
	}
	remote.SetBehaviour(simulator.Behaviour{CommentCount: true})
	if count, known := counted(); count != 1 || !known {
		t.Errorf("CommentCount = %d, %t, want 1, true", count, known)
	}
	if _, err := client.CreateComment(t.Context(), ids[0], CreateCommentRequest{Content: "Done."}); err != nil {
		t.Fatal(err)
	}
	if count, known := counted(); count != 2 || !known {
		t.Errorf("CommentCount = %d, %t, want 2, true", count, known)
	}
}
