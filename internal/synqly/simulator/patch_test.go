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

const patchedTicket = `{
	"name": "Checkout latency", "summary": "p99 above 2s", "priority": "HIGH", "assignee": "jane@example.com",
	"tags": ["a", "b"], "custom_fields": {"severity": 2, "list": [1, 2]}, "due_date": "2026-12-01T08:00:00Z"
}`

func TestPatchTicket(t *testing.T) {
	for name, test := range map[string]struct {
		patch  string
		change func(*Ticket)
	}{
		"replace a text":    {`[{"op":"replace","path":"/summary","value":"calm"}]`, func(t *Ticket) { t.Summary = "calm" }},
		"replace by null":   {`[{"op":"replace","path":"/assignee","value":null}]`, func(t *Ticket) { t.Assignee = "" }},
		"remove a text":     {`[{"op":"remove","path":"/assignee"}]`, func(t *Ticket) { t.Assignee = "" }},
		"remove a priority": {`[{"op":"remove","path":"/priority"}]`, func(t *Ticket) { t.Priority = "" }},
		"replace what is not set": {
			`[{"op":"replace","path":"/contact","value":"desk"}]`, func(t *Ticket) { t.Contact = "desk" },
		},
		"add over what is there": {`[{"op":"add","path":"/priority","value":"LOW"}]`, func(t *Ticket) { t.Priority = "LOW" }},
		"remove a date":          {`[{"op":"replace","path":"/due_date","value":null}]`, func(t *Ticket) { t.DueDate = nil }},
		"another zone": {`[{"op":"replace","path":"/due_date","value":"2026-12-02T09:00:00+01:00"}]`, func(t *Ticket) {
			*t.DueDate = t.DueDate.Add(24 * time.Hour)
		}},
		"replace the tags": {`[{"op":"replace","path":"/tags","value":["c"]}]`, func(t *Ticket) { t.Tags = []string{"c"} }},
		"append a tag":     {`[{"op":"add","path":"/tags/-","value":"c"}]`, func(t *Ticket) { t.Tags = []string{"a", "b", "c"} }},
		"insert a tag":     {`[{"op":"add","path":"/tags/1","value":"c"}]`, func(t *Ticket) { t.Tags = []string{"a", "c", "b"} }},
		"remove a tag":     {`[{"op":"remove","path":"/tags/0"}]`, func(t *Ticket) { t.Tags = []string{"b"} }},
		"add a custom field": {
			`[{"op":"add","path":"/custom_fields/a~1b","value":{"x":null}}]`,
			func(t *Ticket) { t.CustomFields["a/b"] = map[string]any{"x": nil} },
		},
		"remove a custom field": {
			`[{"op":"remove","path":"/custom_fields/severity"}]`, func(t *Ticket) { delete(t.CustomFields, "severity") },
		},
		"change inside a custom field": {
			`[{"op":"replace","path":"/custom_fields/list/1","value":12345678901234567890}]`,
			func(t *Ticket) { t.CustomFields["list"] = []any{1.0, json.Number("12345678901234567890")} },
		},
		"copy": {`[{"op":"copy","from":"/summary","path":"/description"}]`, func(t *Ticket) { t.Description = t.Summary }},
		"move": {`[{"op":"move","from":"/assignee","path":"/contact"}]`, func(t *Ticket) {
			t.Assignee, t.Contact = "", "jane@example.com"
		}},
		"test that passes": {
			`[{"op":"test","path":"/priority","value":"HIGH"},{"op":"test","path":"/contact","value":null},
			  {"op":"test","path":"/id","value":"10001"},{"op":"replace","path":"/status","value":"In Progress"}]`,
			func(t *Ticket) { t.Status = "In Progress" },
		},
		"markup is kept": {
			`[{"op":"replace","path":"/summary","value":"<a & b>"}]`, func(t *Ticket) { t.Summary = "<a & b>" },
		},
		"from and value where they say nothing": {
			`[{"op":"replace","path":"/status","value":"x","from":null},{"op":"remove","path":"/assignee","value":1}]`,
			func(t *Ticket) { t.Status, t.Assignee = "x", "" },
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := newHarness(t)
			id := server.create(patchedTicket)
			want := server.ticket(id)
			test.change(&want)
			server.clock.Advance(time.Minute)
			want.UpdatedAt = server.clock.Now()
			answer := server.send(http.MethodPatch, "/v1/ticketing/tickets/"+id, test.patch)
			if answer.status != http.StatusOK {
				t.Fatalf("status %d: %s", answer.status, answer.body)
			}
			if diff := cmp.Diff(want, server.ticket(id)); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, decode[struct{ Result Ticket }](t, answer).Result); diff != "" {
				t.Errorf("answered (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPatchTicketRefused(t *testing.T) {
	for name, test := range map[string]struct {
		operation string
		status    int
		word      string
	}{
		"test fails":                  {`{"op":"test","path":"/status","value":"Done"}`, 409, "/status"},
		"test of what does not exist": {`{"op":"test","path":"/custom_fields/x","value":null}`, 400, "does not exist"},
		"replace of nothing":          {`{"op":"replace","path":"/custom_fields/x","value":1}`, 400, "does not exist"},
		"remove of nothing":           {`{"op":"remove","path":"/custom_fields/x"}`, 400, "does not exist"},
		"copy of nothing":             {`{"op":"copy","from":"/custom_fields/x","path":"/contact"}`, 400, "does not exist"},
		"add below nothing":           {`{"op":"add","path":"/custom_fields/x/y","value":1}`, 400, "nothing can be added"},
		"add below a text":            {`{"op":"add","path":"/summary/x","value":1}`, 400, "nothing can be added"},
		"index too large":             {`{"op":"add","path":"/tags/3","value":"c"}`, 400, "nothing can be added"},
		"index with a zero":           {`{"op":"replace","path":"/tags/00","value":"c"}`, 400, "does not exist"},
		"negative index":              {`{"op":"replace","path":"/tags/-1","value":"c"}`, 400, "does not exist"},
		"move into itself":            {`{"op":"move","from":"/custom_fields","path":"/custom_fields/x"}`, 400, "into itself"},
		"id":                          {`{"op":"replace","path":"/id","value":"1"}`, 400, "read-only"},
		"created_at":                  {`{"op":"remove","path":"/created_at"}`, 400, "read-only"},
		"updated_at":                  {`{"op":"add","path":"/updated_at","value":"2026-12-01T08:00:00Z"}`, 400, "read-only"},
		"attachments":                 {`{"op":"add","path":"/attachments/-","value":{}}`, 400, "read-only"},
		"move from a read-only field": {`{"op":"move","from":"/id","path":"/contact"}`, 400, "read-only"},
		"unknown field":               {`{"op":"add","path":"/severity","value":1}`, 400, "severity"},
		"no pointer":                  {`{"op":"add","path":"summary","value":"x"}`, 400, "slash"},
		"bad escape":                  {`{"op":"add","path":"/custom_fields/~2","value":"x"}`, 400, "~"},
		"empty name":                  {`{"op":"add","path":"/custom_fields/","value":"x"}`, 400, "empty"},
		"whole document":              {`{"op":"replace","path":"","value":{}}`, 400, "whole"},
		"copy of the whole document":  {`{"op":"copy","from":"","path":"/contact"}`, 400, "whole"},
		"mistyped":                    {`{"op":"replace","path":"/summary","value":7}`, 400, "summary"},
		"empty summary":               {`{"op":"replace","path":"/summary","value":" "}`, 400, "summary"},
		"summary removed":             {`{"op":"remove","path":"/summary"}`, 400, "summary"},
		"status null":                 {`{"op":"replace","path":"/status","value":null}`, 400, "status"},
		"unknown priority":            {`{"op":"replace","path":"/priority","value":"high"}`, 400, "high"},
		"unknown project":             {`{"op":"replace","path":"/project","value":"NOPE"}`, 400, "NOPE"},
		"no time":                     {`{"op":"replace","path":"/due_date","value":"tomorrow"}`, 400, "tomorrow"},
		"time out of range":           {`{"op":"replace","path":"/due_date","value":"9999-12-31T23:59:59-01:00"}`, 400, "due_date"},
		"tag that is no text":         {`{"op":"add","path":"/tags/-","value":1}`, 400, "tags[2]"},
		"custom fields a text":        {`{"op":"replace","path":"/custom_fields","value":"x"}`, 400, "custom_fields"},
		"op given twice":              {`{"op":"add","op":"remove","path":"/summary","value":"x"}`, 400, "twice"},
	} {
		t.Run(name, func(t *testing.T) {
			server := newHarness(t)
			id := server.create(patchedTicket)
			before := server.ticket(id)
			// The change before the bad one must not stay: a patch is all or nothing.
			patch := `[{"op":"replace","path":"/description","value":"half a patch"},` + test.operation + `]`
			answer := server.send(http.MethodPatch, "/v1/ticketing/tickets/"+id, patch)
			wantProblem(t, answer, test.status, test.word)
			if diff := cmp.Diff(before, server.ticket(id)); diff != "" {
				t.Errorf("the ticket changed:\n%s", diff)
			}
		})
	}
}

func TestPatchThatChangesNothingLeavesTheTimeAlone(t *testing.T) {
	server := newHarness(t)
	id := server.create(patchedTicket)
	before := server.ticket(id)
	server.clock.Advance(time.Hour)
	for _, patch := range []string{`[]`, `[{"op":"replace","path":"/summary","value":"p99 above 2s"}]`} {
		if answer := server.send(http.MethodPatch, "/v1/ticketing/tickets/"+id, patch); answer.status != http.StatusOK {
			t.Errorf("%s: status %d", patch, answer.status)
		}
	}
	server.AddComment(id, "jane", "hello")
	server.AddNote(id, "jane", "title", "content")
	if diff := cmp.Diff(before, server.ticket(id)); diff != "" {
		t.Errorf("the ticket changed:\n%s", diff)
	}
}

func TestPatchNote(t *testing.T) {
	for name, test := range map[string]struct {
		patch  string
		status int
		want   string // Title and content.
	}{
		"title":          {`[{"op":"replace","path":"/title","value":"T"}]`, 200, "T|content"},
		"content":        {`[{"op":"add","path":"/content","value":"C"}]`, 200, "title|C"},
		"both by copy":   {`[{"op":"copy","from":"/title","path":"/content"}]`, 200, "title|title"},
		"test":           {`[{"op":"test","path":"/creator","value":"jane"},{"op":"replace","path":"/title","value":"T"}]`, 200, "T|content"},
		"test fails":     {`[{"op":"replace","path":"/title","value":"T"},{"op":"test","path":"/creator","value":"joe"}]`, 409, "title|content"},
		"creator":        {`[{"op":"replace","path":"/title","value":"T"},{"op":"replace","path":"/creator","value":"x"}]`, 400, "title|content"},
		"title removed":  {`[{"op":"remove","path":"/title"}]`, 400, "title|content"},
		"title null":     {`[{"op":"replace","path":"/title","value":null}]`, 400, "title|content"},
		"title empty":    {`[{"op":"replace","path":"/title","value":""}]`, 400, "title|content"},
		"content number": {`[{"op":"replace","path":"/content","value":1}]`, 400, "title|content"},
	} {
		t.Run(name, func(t *testing.T) {
			server := newHarness(t)
			id := server.create(patchedTicket)
			note, _ := server.AddNote(id, "jane", "title", "content")
			answer := server.send(http.MethodPatch, "/v1/ticketing/tickets/"+id+"/notes/"+note.ID, test.patch)
			if answer.status != test.status {
				t.Fatalf("status %d, want %d: %s", answer.status, test.status, answer.body)
			}
			got := server.Notes(id)[0]
			if got.Title+"|"+got.Content != test.want {
				t.Errorf("the note is %s|%s, want %s", got.Title, got.Content, test.want)
			}
			if changed := got.UpdatedAt != nil; changed != (test.status == 200) {
				t.Errorf("updated_at is set: %t", changed)
			}
		})
	}
}

func TestPatchNoteThatChangesNothingLeavesTheTimeAlone(t *testing.T) {
	server := newHarness(t)
	id := server.create(patchedTicket)
	note, _ := server.AddNote(id, "jane", "title", "content")
	server.send(http.MethodPatch, "/v1/ticketing/tickets/"+id+"/notes/"+note.ID, `[{"op":"replace","path":"/title","value":"title"}]`)
	if diff := cmp.Diff([]Note{note}, server.Notes(id)); diff != "" {
		t.Errorf("the note changed:\n%s", diff)
	}
}

func TestGrowingPatchIsBounded(t *testing.T) {
	server := newHarness(t)
	id := server.create(patchedTicket)
	var operations []string
	for i := range 60 {
		operations = append(operations, `{"op":"copy","from":"/custom_fields","path":"/custom_fields/x`+strings.Repeat("y", i)+`"}`)
	}
	answer := server.send(http.MethodPatch, "/v1/ticketing/tickets/"+id, "["+strings.Join(operations, ",")+"]")
	wantProblem(t, answer, http.StatusBadRequest, "larger")
}

// FuzzPatchTicket looks for patches that crash the simulator, or leave it with a ticket that it
// would not answer.
func FuzzPatchTicket(f *testing.F) {
	f.Add(`[{"op":"move","from":"/tags/0","path":"/tags/1"},{"op":"add","path":"/custom_fields/a","value":null}]`)
	f.Add(`[{"op":"copy","from":"/custom_fields","path":"/custom_fields/x"},{"op":"test","path":"/contact","value":null}]`)
	f.Add(`[{"op":"remove","path":"/tags/-"},{"op":"replace","path":"/custom_fields/list/2","value":[[]]}]`)
	f.Fuzz(func(t *testing.T, patch string) {
		server := newHarness(t)
		id := server.create(patchedTicket)
		before := server.ticket(id)
		answer := server.send(http.MethodPatch, "/v1/ticketing/tickets/"+id, patch)
		if answer.status != 200 && answer.status != 400 && answer.status != 409 && answer.status != 415 {
			t.Fatalf("status %d: %s", answer.status, answer.body)
		}
		if answer.status != 200 && !cmp.Equal(before, server.ticket(id)) {
			t.Error("a refused patch changed the ticket")
		}
		if read := server.send(http.MethodGet, "/v1/ticketing/tickets/"+id, ""); read.status != 200 {
			t.Errorf("the patched ticket cannot be read: %d", read.status)
		}
	})
}
