// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// book answers with the page of each cursor.
type book map[string]string

func (b book) server(t *testing.T) (client *Client, queries *[]url.Values) {
	t.Helper()
	queries = &[]url.Values{}
	_, client = newServer(t, func(w http.ResponseWriter, r *http.Request) {
		*queries = append(*queries, r.URL.Query())
		respondJSON(200, b[r.URL.Query().Get("cursor")])(w, r)
	})
	return client, queries
}

func page(cursor string, ids ...string) string {
	var items []string
	for _, id := range ids {
		items = append(items, fmt.Sprintf(`{"id": %q}`, id))
	}
	return fmt.Sprintf(`{"result": [%s], "cursor": %q}`, strings.Join(items, ", "), cursor)
}

func TestPagesFollowTheCursor(t *testing.T) {
	client, queries := book{"": page("two ", "1", "2"), "two ": page("3+&", "2"), "3+&": page("", "3")}.server(t)
	tickets, err := All(client.QueryTickets(t.Context(), TicketQuery{
		Filters: []string{"tags[in]a,b", "status[ne]To Do"}, Order: []string{"updated_at[desc]", "name"}, Meta: []string{"stats"}, Limit: 2,
	}))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, ticket := range tickets {
		ids = append(ids, ticket.ID)
	}
	if diff := cmp.Diff([]string{"1", "2", "2", "3"}, ids); diff != "" {
		t.Errorf("IDs (-want +got):\n%s", diff)
	}
	query := func(cursor ...string) url.Values {
		values := url.Values{
			"filter": {"tags[in]a,b", "status[ne]To Do"}, "order": {"updated_at[desc]", "name"}, "meta": {"stats"}, "limit": {"2"},
		}
		if len(cursor) > 0 {
			values["cursor"] = cursor
		}
		return values
	}
	if diff := cmp.Diff([]url.Values{query(), query("two "), query("3+&")}, *queries); diff != "" {
		t.Errorf("queries (-want +got):\n%s", diff)
	}
}

func TestPagesStartAtACursor(t *testing.T) {
	client, queries := book{"b": page("c", "2"), "c": page("", "3")}.server(t)
	for range 2 { // Each iteration starts anew.
		*queries = nil
		projects, err := All(client.ListProjects(t.Context(), PageQuery{Cursor: "b", Limit: 10}))
		if err != nil || len(projects) != 2 {
			t.Fatalf("All = %v, %v", projects, err)
		}
		want := []url.Values{{"cursor": {"b"}, "limit": {"10"}}, {"cursor": {"c"}, "limit": {"10"}}}
		if diff := cmp.Diff(want, *queries); diff != "" {
			t.Errorf("queries (-want +got):\n%s", diff)
		}
	}
}

func TestMissingCursorIsTheLastPage(t *testing.T) {
	for _, cursor := range []string{``, `, "cursor": null`, `, "cursor": ""`} {
		client, queries := book{"": `{"result": [{"id": "1"}]` + cursor + `}`}.server(t)
		notes, err := All(client.ListNotes(t.Context(), "1"))
		if err != nil || len(notes) != 1 || len(*queries) != 1 {
			t.Errorf("%q: All = %v, %v after %d requests", cursor, notes, err, len(*queries))
		}
	}
}

func TestPagesAreAskedForOneAtATime(t *testing.T) {
	client, queries := book{"": page("b", "1"), "b": page("c", "2")}.server(t)
	for _, err := range client.ListComments(t.Context(), "1") {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if len(*queries) != 1 {
		t.Errorf("%d requests for one page", len(*queries))
	}
}

func TestEndlessListsEnd(t *testing.T) {
	t.Run("same cursor", func(t *testing.T) {
		client, queries := book{"": page("b", "1"), "b": page("c", "2"), "c": page("b", "3")}.server(t)
		expectPaginationError(t, client, "the server sent the same cursor twice")
		if len(*queries) != 3 {
			t.Errorf("%d requests, want 3", len(*queries))
		}
	})
	t.Run("the cursor it started with", func(t *testing.T) {
		client, queries := book{"b": page("b", "1")}.server(t)
		_, err := All(client.ListProjects(t.Context(), PageQuery{Cursor: "b"}))
		var pagination *PaginationError
		if !errors.As(err, &pagination) || len(*queries) != 1 {
			t.Errorf("error = %v after %d requests, want a *PaginationError after 1", err, len(*queries))
		}
	})
	t.Run("another cursor each time", func(t *testing.T) {
		var count int
		_, client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			count++
			respondJSON(200, page(fmt.Sprint(count)))(w, r)
		})
		client.maxPages = 5
		expectPaginationError(t, client, "there are more than 5 pages")
		if count != 5 {
			t.Errorf("%d requests, want 5", count)
		}
	})
	t.Run("more bytes than a list may have", func(t *testing.T) {
		client, queries := book{"": page("b", "1"), "b": page("c", "2"), "c": page("d", "3")}.server(t)
		client.maxListBytes = 2 * len(page("b", "1"))
		_, err := All(client.ListComments(t.Context(), "1"))
		if !IsEndless(err) || len(*queries) != 3 {
			t.Errorf("error = %v after %d requests, want a *PaginationError after 3", err, len(*queries))
		}
	})
	t.Run("more bytes than are collected", func(t *testing.T) {
		var count int
		_, client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			count++
			respondJSON(200, page(fmt.Sprint(count))+strings.Repeat(" ", 6<<20))(w, r)
		})
		if comments, err := All(client.ListComments(t.Context(), "1")); comments != nil || !IsEndless(err) || count != 3 {
			t.Errorf("%d comments, error = %v after %d requests, want a *PaginationError after 3 of 6 MiB", len(comments), err, count)
		}
	})
	t.Run("more items than are collected", func(t *testing.T) {
		var count int
		few := `{"id":"1"}` + strings.Repeat(`,{"id":"1"}`, 10_000-1)
		_, client := newServer(t, func(w http.ResponseWriter, r *http.Request) {
			count++
			respondJSON(200, fmt.Sprintf(`{"result":[%s],"cursor":"%d"}`, few, count))(w, r)
		})
		if comments, err := All(client.ListAttachments(t.Context(), "1")); comments != nil || !IsEndless(err) || count != 3 {
			t.Errorf("%d attachments, error = %v after %d requests, want a *PaginationError after 3", len(comments), err, count)
		}
	})
	t.Run("a cursor that is too long", func(t *testing.T) {
		client, queries := book{"": page(strings.Repeat("x", 5000), "1")}.server(t)
		expectPaginationError(t, client, "the server's cursor is longer than 4096 bytes")
		if len(*queries) != 1 {
			t.Errorf("%d requests, want 1", len(*queries))
		}
	})
}

func TestANullResultIsAnEmptyList(t *testing.T) {
	client, _ := book{"": page("b", "1"), "b": `{"result": null}`}.server(t)
	if comments, err := All(client.ListComments(t.Context(), "1")); err != nil || len(comments) != 1 {
		t.Errorf("All = %v, %v, want the comment of the first page", comments, err)
	}
}

func TestAPartOfAListIsNotTheList(t *testing.T) {
	for name, second := range map[string]string{
		"malformed": `{"result": [`, "no result": `{}`, "an object": `{"result": {"id": "2"}}`,
		"an empty object": `{"result": {}}`, "a text": `{"result": ""}`, "a number": `{"result": 0}`,
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := book{"": page("b", "1"), "b": second}.server(t)
			comments, err := All(client.ListComments(t.Context(), "1"))
			var decode *DecodeError
			if comments != nil || !errors.As(err, &decode) {
				t.Errorf("All = %v, %v, want a *DecodeError", comments, err)
			}
			var pages, failures int
			for _, err := range client.ListComments(t.Context(), "1") {
				if err != nil {
					failures++
				} else {
					pages++
				}
			}
			if pages != 1 || failures != 1 {
				t.Errorf("%d pages and %d errors, want one of each", pages, failures)
			}
		})
	}
}

func TestPagesCarryMessagesAndMeta(t *testing.T) {
	_, client := newServer(t, respondJSON(200, `{
		"result": [], "cursor": "", "meta": {"stats": {"total": 3}},
		"messages": {"problems": [{"message": "not sorted for `+canary+`", "status": 200}, "odd", {"detail": 7, "remediation": "sort"}]}
	}`))
	for page, err := range client.QueryTickets(t.Context(), TicketQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		want := []Problem{{Message: "not sorted for [redacted]", Status: 200}, {Remediation: "sort"}}
		if diff := cmp.Diff(want, page.Messages); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
		if got := string(page.Meta); got != `{"stats": {"total": 3}}` {
			t.Errorf("meta = %s", got)
		}
	}
}

func TestOddMessagesDoNotCostThePage(t *testing.T) {
	for _, messages := range []string{`null`, `[]`, `"x"`, `{"problems": {}}`, `{"problems": [null, [], 1]}`} {
		_, client := newServer(t, respondJSON(200, `{"result": [{"id": "1"}], "messages": `+messages+`}`))
		if tickets, err := All(client.QueryTickets(t.Context(), TicketQuery{})); err != nil || len(tickets) != 1 {
			t.Errorf("%s: All = %v, %v", messages, tickets, err)
		}
	}
}

func expectPaginationError(t *testing.T, client *Client, reason string) {
	t.Helper()
	tickets, err := All(client.QueryTickets(t.Context(), TicketQuery{}))
	var pagination *PaginationError
	if tickets != nil || !errors.As(err, &pagination) {
		t.Fatalf("All = %v, %v, want a *PaginationError", tickets, err)
	}
	if want := "QueryTickets: the list does not end: " + reason; err.Error() != want {
		t.Errorf("error = %q, want %q", err, want)
	}
}

// TestSlowListsEnd: each page comes within the time of a request, and there is always another one.
func TestSlowListsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		count := 0
		client := newClient(t, Options{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(29 * time.Second):
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
			count++
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(page(fmt.Sprint(count))))}, nil
		})})
		begun := time.Now()
		_, err := All(client.ListProjects(t.Context(), PageQuery{}))
		if took := time.Since(begun); !IsEndless(err) || took != maxListTime {
			t.Errorf("error = %v after %s, want a *PaginationError after %s", err, took, maxListTime)
		}
		if err == nil || !strings.Contains(err.Error(), "it takes longer than 10m0s") {
			t.Errorf("error = %v", err)
		}
	})
}

// The caller may wait for something else between two pages, for an output or for requests of its
// own: a list whose requests are quick comes to its end all the same.
func TestTheTimeOfAListIsThatOfItsRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pages := book{"": page("two", "1"), "two": page("three", "2"), "three": page("", "3")}
		client := newClient(t, Options{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			body := io.NopCloser(strings.NewReader(pages[r.URL.Query().Get("cursor")]))
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body}, nil
		})})
		read := 0
		for page, err := range client.QueryTickets(t.Context(), TicketQuery{}) {
			if err != nil {
				t.Fatal(err)
			}
			read += len(page.Items)
			<-time.After(maxListTime)
		}
		if read != 3 {
			t.Errorf("%d tickets were read, want 3", read)
		}
	})
}

// slowPacer lets requests wait.
type slowPacer struct{ wait time.Duration }

func (p slowPacer) Admit(ctx context.Context) error {
	select {
	case <-time.After(p.wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (slowPacer) Answered(context.Context, Answer) {}

// Waits for the budget count: they are what keeps a list with many pages from its end.
func TestTheTimeOfAListHasTheWaitsForItsRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		count := 0
		client := newClient(t, Options{Pacer: slowPacer{wait: 3 * time.Minute}, Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			count++
			body := io.NopCloser(strings.NewReader(page(fmt.Sprint(count))))
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body}, nil
		})})
		begun := time.Now()
		_, err := All(client.ListProjects(t.Context(), PageQuery{}))
		if took := time.Since(begun); !IsEndless(err) || took != maxListTime || count != 3 {
			t.Errorf("error = %v after %s and %d pages, want a *PaginationError after %s and 3", err, took, count, maxListTime)
		}
	})
}
