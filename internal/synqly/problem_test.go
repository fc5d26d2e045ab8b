// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/internal/synqly/contract"
)

func TestProblemsAreDecoded(t *testing.T) {
	want := Problem{
		Message: "The ticket was refused.", Status: 400,
		OccurredAt: at(2026, time.November, 8, 17, 18, 19, 0, "2026-11-08T17:18:19Z"),
		Instance:   "b7e2a9d4-8b0e-4a55-9d2c-0f6f6a1d3c11", Detail: "The summary is longer than 255 characters.",
		Remediation: "Shorten the summary.", Type: "validation_error",
		Cause:     []ProblemCause{{Message: "summary: too long", Type: "provider_error"}},
		Parameter: &ProblemParameter{ID: "/summary", Location: "body"},
	}
	got, ok := problemOf(400, http.Header{"Content-Type": {"application/json"}}, contract.ExampleProblem())
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// foreign is what an error says of an answer that is not the API's.
func foreign(what string) string { return ": it is not a response of the Synqly API (" + what + ")" }

// TestAPIErrorText: only the documented members of a Problem are shown, and of anything else what
// it is and how large.
func TestAPIErrorText(t *testing.T) {
	long := strings.Repeat("é", 2000)
	cases := map[string]struct{ contentType, body, want string }{
		"message alone":       {"application/json", `{"status": 502, "message": "No."}`, ": No"},
		"all":                 {"application/json", `{"status": 502, "message": "No.", "detail": "Not today.", "remediation": "Wait."}`, ": No. Not today. Wait"},
		"detail repeated":     {"application/json", `{"status": 502, "message": "No.", "detail": "No."}`, ": No"},
		"cause alone":         {"application/json", `{"status": 502, "cause": [{"message": "gone"}]}`, ": gone"},
		"one line":            {"application/json", `{"status": 502, "message": "a\n\tb\u0000\u001b[31mc\u202e"}`, ": a b [31mc"},
		"mistyped members":    {"application/json", `{"message": "No.", "instance": "i", "status": "502", "detail": {}, "cause": 1, "context": []}`, ": No"},
		"other media type":    {"application/problem+json; charset=utf-8", `{"status": 502, "message": "No."}`, ": No"},
		"no media type":       {"", `{"status": 502, "message": "No."}`, ": No"},
		"byte order mark":     {"application/json", "\xEF\xBB\xBF" + `{"status": 502, "message": "No."}`, ": No"},
		"a gateway's JSON":    {"application/json", `{"message": "secret", "request_id": "1"}`, foreign("application/json, less than 1 KiB")},
		"another status":      {"application/json", `{"message": "secret", "status": 500}`, foreign("application/json, less than 1 KiB")},
		"other JSON":          {"application/json", `{"error": "secret"}`, foreign("application/json, less than 1 KiB")},
		"JSON array":          {"application/json", `[{"message": "secret", "status": 502}]`, foreign("application/json, less than 1 KiB")},
		"JSON string":         {"application/json", `"secret"`, foreign("application/json, less than 1 KiB")},
		"JSON null":           {"application/json", `null`, foreign("application/json, less than 1 KiB")},
		"nothing":             {"application/json", ``, foreign("application/json, no content")},
		"text":                {"text/plain; charset=utf-8", "secret", foreign("text/plain, less than 1 KiB")},
		"page":                {"text/html", "<html><head><title>secret</title></head><body>secret</body>", foreign("text/html, less than 1 KiB")},
		"a Problem in a page": {"text/html", `{"status": 502, "message": "secret"}`, foreign("text/html, less than 1 KiB")},
		"long page":           {"text/html", strings.Repeat("<p>secret</p>", 300), foreign("text/html, about 3 KiB")},
		"odd media type":      {"secret; secret", "secret", foreign("less than 1 KiB")},
		"binary":              {"image/png", "\x89PNG\r\n\x1a\n\xff", foreign("image/png, less than 1 KiB")},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			_, client := newServer(t, respond(502, test.contentType, test.body))
			_, err := client.GetTicket(t.Context(), "1")
			if want := "GetTicket: 502 Bad Gateway" + test.want; err == nil || err.Error() != want {
				t.Errorf("error = %q\nwant    %q", err, want)
			}
		})
	}
	t.Run("unknown status", func(t *testing.T) {
		if got := (&APIError{Operation: "GetTicket", StatusCode: 599}).Error(); got != "GetTicket: 599" {
			t.Errorf("error = %q", got)
		}
	})
	t.Run("long", func(t *testing.T) {
		body := `{"status": 400, "message": "` + long + `", "detail": "D` + long + `", "remediation": "Ask.", "context": {"parameter": {"id": "/summary"}}}`
		_, client := newServer(t, respondJSON(400, body))
		_, err := client.GetTicket(t.Context(), "1")
		text := err.Error()
		if len(text) > 1024 || !utf8.ValidString(text) {
			t.Errorf("%d bytes, valid: %t", len(text), utf8.ValidString(text))
		}
		for _, part := range []string{"ééé", "(/summary)", "Dééé", "Ask"} {
			if !strings.Contains(text, part) {
				t.Errorf("%q is not in %q", part, text)
			}
		}
	})
}

func FuzzProblem(f *testing.F) {
	f.Add("application/json", []byte(contract.ExampleProblem()))
	f.Add("application/json", []byte(`{"message": 7, "cause": [null], "context": {"parameter": null}, "occurred_at": {}}`))
	f.Add("application/json", []byte(`{"message": "`+canary+`", "`+canary+`": "\u0063`+canary[1:]+`"}`))
	f.Add("text/html", []byte("<title>\x00"+canary[:9]+"</title><p>"+canary+"<!--"))
	f.Add("", []byte(nil))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		header := http.Header{"Content-Type": {contentType}}
		answer := &APIError{Operation: "GetTicket", StatusCode: http.StatusBadGateway}
		problem, ok := problemOf(answer.StatusCode, header, body)
		if problem = problem.clean(newRedactor(canary)); ok {
			answer.Problem = problem
		} else {
			answer.Foreign = foreignBody(header, body)
		}
		text := answer.Error()
		if len(text) > maxErrorText || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			t.Errorf("the text is no clean line: %q", text)
		}
		for _, text := range []string{text, problem.Message, problem.Detail, problem.Instance, problem.OccurredAt.Raw} {
			if strings.Contains(text, canary) || len(text) > maxProblemText {
				t.Errorf("a text shows the token, or too much: %q", text)
			}
		}
	})
}

// FuzzTicket reads tickets, alone and on a page, and looks for one that is lost for another reason
// than its ID.
func FuzzTicket(f *testing.F) {
	operation, _ := contract.Lookup(contract.GetTicket)
	f.Add([]byte(operation.ExampleResponse))
	f.Add([]byte(`{"result": {"id": "1", "created_at": "2026-11-01T10:00:00.000+0000", "tags": null, "custom_fields": {"": null}}}`))
	f.Add([]byte(`{"result": {"id": " ", "ID": "2", "file_size": 1e9}, "cursor": "x"}`))
	f.Add([]byte(`{"result": {"id": "1", "due_date": 5, "tags": ["a", 7, {}], "priority": {}, "attachments": [{"created_date": 1}, null]}}`))
	f.Add([]byte(`{"result": {"id": "1", "tags": "a", "custom_fields": [], "unmapped": {"comments": 3, "fields": 7}}}`))
	f.Add([]byte(`{"result": [], "result": {"id": "\ud800"}}`))
	f.Add([]byte(``))
	f.Fuzz(func(t *testing.T, body []byte) {
		ticket, err := decodeAnswer[Ticket](body)
		expectSameOnAPage(t, body, ticket, err)
		if err != nil {
			if err.Error() == "" {
				t.Error("the error says nothing")
			}
			expectRefusalIsDue(t, body, err)
			return
		}
		if strings.TrimSpace(ticket.ID) == "" || len(ticket.ID) > maxIDBytes {
			t.Errorf("the ID is %q", ticket.ID)
		}
		if len(ticket.Unreadable) > reflect.TypeFor[Ticket]().NumField() || !slices.IsSorted(ticket.Unreadable) {
			t.Errorf("unreadable: %q", ticket.Unreadable)
		}
		if count, known := ticket.CommentCount(); count < 0 || (!known && count != 0) {
			t.Errorf("CommentCount = %d, %t", count, known)
		}
		again, err := json.Marshal(map[string]any{"result": ticket})
		if err != nil {
			t.Fatalf("encoding %+v: %v", ticket, err)
		}
		second, err := decodeAnswer[Ticket](again)
		if err != nil || second.Unreadable != nil || compacted(t, ticket) != compacted(t, second) {
			t.Errorf("%+v became %+v (%v)", ticket, second, err)
		}
	})
}

// expectRefusalIsDue fails when a ticket was refused that is an object with an ID.
func expectRefusalIsDue(t *testing.T, body []byte, refusal error) {
	t.Helper()
	outer, err := decodeEnvelope(body)
	var members map[string]json.RawMessage
	if err != nil || json.Unmarshal(outer.Result, &members) != nil {
		return
	}
	var id string
	if json.Unmarshal(members["id"], &id) == nil && checkID(id) == nil {
		t.Errorf("a ticket with the ID %q is refused: %v", id, refusal)
	}
}

// expectSameOnAPage reads the body's result as the second of three objects of a page. It must be
// among the items if it can be read alone, and skipped if not, and must not cost the others.
func expectSameOnAPage(t *testing.T, body []byte, want Ticket, refusal error) {
	t.Helper()
	outer, err := decodeEnvelope(body)
	if err != nil {
		return
	}
	page := slices.Concat([]byte(`{"result": [{"id": "before"}, `), outer.Result, []byte(`, {"id": "after"}]}`))
	_, items, skipped, err := decodePage[Ticket](page)
	switch {
	case err != nil:
		t.Fatalf("the page cannot be read: %v", err)
	case len(items)+len(skipped) != 3 || items[0].ID != "before" || items[len(items)-1].ID != "after":
		t.Errorf("items %+v, skipped %q", items, skipped)
	case refusal != nil && len(skipped) != 1, refusal == nil && !reflect.DeepEqual(items[1], want):
		t.Errorf("alone %+v (%v), on a page %+v, skipped %q", want, refusal, items, skipped)
	}
}

// compacted is the ticket without the white space of its raw JSON.
func compacted(t *testing.T, ticket Ticket) string {
	t.Helper()
	encoded, err := json.Marshal(ticket)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}
