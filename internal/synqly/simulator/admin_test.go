// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// admin sends a request to an admin path, without a token.
func (h *harness) admin(method, path, body string) response {
	h.t.Helper()
	return h.sendAs("", contentTypeFor(body), method, path, []byte(body))
}

func TestAdminEditsTicketsAsAPersonDoes(t *testing.T) {
	server := newHarness(t).overNetwork()
	id := server.create(patchedTicket)
	want := server.ticket(id)
	answer := server.admin("PATCH", "/simulator/tickets/"+id, `{"status":"In Progress","assignee":null,"custom_fields":{"list":null}}`)
	if answer.status != 200 {
		t.Fatalf("%d %s", answer.status, answer.body)
	}
	got := server.ticket(id)
	want.Status, want.Assignee, want.UpdatedAt = "In Progress", "", got.UpdatedAt
	delete(want.CustomFields, "list")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for body, status := range map[string]int{`{"id":"1"}`: 400, `{"nope":1}`: 400, `{"status":1}`: 400, `[]`: 400, `{`: 400, ``: 415} {
		if answer := server.admin("PATCH", "/simulator/tickets/"+id, body); answer.status != status {
			t.Errorf("%s: %d %s", body, answer.status, answer.body)
		}
	}
	if diff := cmp.Diff(got, server.ticket(id)); diff != "" {
		t.Errorf("a refused change changed:\n%s", diff)
	}
	if answer := server.admin("PATCH", "/simulator/tickets/1", `{"status":"x"}`); answer.status != 404 {
		t.Errorf("an unknown ticket: %d", answer.status)
	}
	for _, want := range []int{204, 404} { // It can be deleted once.
		if answer := server.admin("DELETE", "/simulator/tickets/"+id, ""); answer.status != want {
			t.Errorf("deleting: status %d, want %d", answer.status, want)
		}
	}
}

func TestAdminFaults(t *testing.T) {
	server := newHarness(t).overNetwork()
	answer := server.admin("POST", "/simulator/faults", `{"operation":"CreateTicket","status":503,"after_commit":true,"latency":"1ms"}`)
	if answer.status != 201 {
		t.Fatalf("%d %s", answer.status, answer.body)
	}
	if created, _ := server.tryCreate(); created.status != 503 || len(server.Tickets()) != 1 {
		t.Errorf("status %d, %d tickets", created.status, len(server.Tickets()))
	}
	if got := string(server.admin("GET", "/simulator/faults", "").body); !strings.Contains(got, `"status": 503`) {
		t.Errorf("faults: %s", got)
	}
	for _, body := range []string{`{"operation":"Nope"}`, `{"sometimes":true}`, `{"latency":5}`} {
		if answer := server.admin("POST", "/simulator/faults", body); answer.status != 400 {
			t.Errorf("%s: %d", body, answer.status)
		}
	}
	if server.admin("DELETE", "/simulator/faults", "").status != 204 || len(server.Faults()) != 0 {
		t.Error("faults are not cleared")
	}
}

func TestAdminBehaviour(t *testing.T) {
	server := newHarness(t).overNetwork()
	if answer := server.admin("PUT", "/simulator/behaviour", `{"drop_tags":true,"search_lag":"2s"}`); answer.status != 200 {
		t.Fatalf("%d %s", answer.status, answer.body)
	}
	if got := server.Behaviour(); !got.DropTags || got.SearchLag.Seconds() != 2 {
		t.Errorf("%+v", got)
	}
	if got := string(server.admin("GET", "/simulator/behaviour", "").body); !strings.Contains(got, `"search_lag": "2s"`) {
		t.Errorf("%s", got)
	}
	for _, body := range []string{`{"nope":1}`, `{"unsupported":["Nope"]}`} {
		if answer := server.admin("PUT", "/simulator/behaviour", body); answer.status != 400 {
			t.Errorf("%s: %d", body, answer.status)
		}
	}
}

func TestAdminShowsTicketsAndRequests(t *testing.T) {
	server := newHarness(t).overNetwork()
	id := server.create(patchedTicket)
	server.AddComment(id, "jane", "hello")
	tickets := decode[[]struct {
		ID       string
		Comments []Comment
		Notes    []Note
	}](t, server.admin("GET", "/simulator/tickets", ""))
	if len(tickets) != 1 || tickets[0].ID != id || tickets[0].Comments[0].Content != "hello" || tickets[0].Notes == nil {
		t.Errorf("%+v", tickets)
	}
	requests := server.admin("GET", "/simulator/requests", "")
	if got := string(requests.body); !strings.Contains(got, `"operation": "CreateTicket"`) || !strings.Contains(got, "p99 above 2s") ||
		strings.Contains(got, testToken) {
		t.Errorf("%s", got)
	}
	counts := decode[map[string]int](t, server.admin("GET", "/simulator/request-counts", ""))
	if diff := cmp.Diff(map[string]int{"CreateTicket": 1}, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestAdminRefusesOtherSites(t *testing.T) {
	server := newHarness(t).overNetwork()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, server.url+"/simulator/faults", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	answer, err := server.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("status %d", answer.StatusCode)
	}
}

func TestAdminCanBeOff(t *testing.T) {
	server := newHarness(t)
	server.Server = New(Options{Token: testToken})
	server.overNetwork()
	for _, path := range []string{"/", "/simulator/tickets", "/simulator/requests"} {
		if answer := server.admin("GET", path, ""); answer.status != 401 {
			t.Errorf("%s: %d", path, answer.status)
		}
	}
}

func TestPage(t *testing.T) {
	server := newHarness(t).overNetwork()
	id := server.create(`{"name":"n","summary":"<script>alert('summary')</script>","description":"a & b","priority":"HIGH",
		"tags":["<b>"],"custom_fields":{"<i>":"<u>"},"due_date":"2026-12-01T08:00:00Z"}`)
	server.AddComment(id, "jane", "<img src=x onerror=alert(1)>")
	server.AddNote(id, "jane", "<h1>", "a note")
	server.AddAttachment(id, "<a>.txt", make([]byte, 2048))
	server.Inject(Fault{Operation: "GetTicket", Status: 503})
	server.SetBehaviour(Behaviour{DropTags: true})
	answer := server.admin("GET", "/", "")
	if answer.status != 200 || !strings.HasPrefix(answer.contentType, "text/html") {
		t.Fatalf("%d %s", answer.status, answer.contentType)
	}
	page := string(answer.body)
	for _, want := range []string{
		id, "&lt;script&gt;", "a &amp; b", "HIGH", "&lt;b&gt;", "&lt;img", "a note", "2.0 KiB", "2026-12-01 08:00:00", "drop_tags",
		"operation=GetTicket,status=503", "POST /v1/ticketing/tickets",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	for _, unwanted := range []string{"<script", "<img", "<b>", "<i>", "<u>", "http-equiv=\"refresh\"", testToken} {
		if strings.Contains(page, unwanted) {
			t.Errorf("the page has %q", unwanted)
		}
	}
	if refreshing := string(server.admin("GET", "/?refresh", "").body); !strings.Contains(refreshing, `http-equiv="refresh"`) {
		t.Error("the page does not refresh")
	}
	if policy := answer.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("Content-Security-Policy is %q", policy)
	}
}

func TestPageOfATicket(t *testing.T) {
	server := newHarness(t).overNetwork()
	id, other := server.create(`{"name":"n","summary":"p99 above 2s"}`), server.create(`{"name":"n","summary":"the other"}`)
	server.AddComment(id, "jane", "mitigation started")
	answer := server.admin("GET", "/tickets/"+id, "")
	if answer.status != 200 || !strings.HasPrefix(answer.contentType, "text/html") {
		t.Fatalf("%d %s", answer.status, answer.contentType)
	}
	page := string(answer.body)
	for _, want := range []string{id, "p99 above 2s", "mitigation started", `href="/"`, `href="/tickets/` + id + `?refresh"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	for _, unwanted := range []string{other, "the other", `http-equiv="refresh"`} {
		if strings.Contains(page, unwanted) {
			t.Errorf("the page has %q", unwanted)
		}
	}
	if refreshing := string(server.admin("GET", "/tickets/"+id+"?refresh", "").body); !strings.Contains(refreshing, `http-equiv="refresh"`) {
		t.Error("the page does not refresh")
	}
	if missing := server.admin("GET", "/tickets/999", ""); missing.status != 404 {
		t.Errorf("for a ticket that does not exist: %d", missing.status)
	}
}
