// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package query

import (
	"encoding/json"
	"testing"

	"github.com/synqly/ticketing-operator/internal/providermetadata"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

func ticketFrom(t *testing.T, text string) *synqly.Ticket {
	t.Helper()
	var shown synqly.Ticket
	if err := json.Unmarshal([]byte(text), &shown); err != nil {
		t.Fatal(err)
	}
	return &shown
}

// TestWhatATicketShowsOfAFilter has a verdict for each kind of field. Only what is certain may be
// differs: such a ticket is not counted, and a gate that waits for none would open.
func TestWhatATicketShowsOfAFilter(t *testing.T) {
	projects := providermetadata.NewProjects()
	projects.Add(synqly.Page[synqly.Project]{Items: []synqly.Project{{ID: "10", Name: "Operations"}, {ID: "11", Name: "Security"}}})
	metadata := providermetadata.New(projects, nil)
	shown := ticketFrom(t, `{"id": "7", "name": "checkout", "summary": "Checkout is slow", "status": "To Do", "priority": "HIGH", "project": "10",
		"assignee": "jane@example.com", "creator": "Jane Doe", "tags": ["Team:Checkout", "eu"],
		"created_at": "2026-12-01T10:00:00Z", "updated_at": "yesterday", "due_date": 5}`)
	for text, want := range map[string]verdict{
		"status[eq]to do":                            matches,
		"status[eq]Done":                             differs,
		"status[ne]Done":                             matches,
		"status[ne]to do":                            differs,
		"status[in]Done,To Do":                       matches,
		"status[in]Done,Closed":                      differs,
		"STATUS[EQ]Done":                             differs,
		"status[matches]Done":                        unknown,
		"id[eq]7":                                    matches,
		"name[eq]other":                              differs,
		"issue_type[eq]Bug":                          isEmpty,
		"issue_type[ne]Bug":                          matches,
		"issue_type[like]Bug":                        isEmpty,
		"summary[like]is slow":                       matches,
		"summary[like]checkout%slow":                 matches,
		"summary[like]fast":                          differs,
		"priority[in]URGENT,HIGH":                    matches,
		"priority[eq]LOW":                            differs,
		"priority[eq]P1":                             unknown,
		"priority[gt]LOW":                            unknown,
		"project[eq]10":                              matches,
		"project[eq]operations":                      matches,
		"project[eq]Security":                        differs,
		"project[eq]OPS":                             unknown,
		"project[ne]Operations":                      differs,
		"project[ne]OPS":                             matches,
		"assignee[eq]JANE@example.com":               matches,
		"assignee[eq]joe@example.com":                differs,
		"assignee[eq]Joe":                            unknown,
		"creator[eq]jane@example.com":                unknown,
		"contact[eq]joe@example.com":                 isEmpty,
		"tags[in]us,EU":                              matches,
		"tags[in]us,ap":                              differs,
		"tags[eq]team:checkout":                      matches,
		"tags[ne]eu":                                 differs,
		"tags[ne]us":                                 matches,
		"tags[like]checkout":                         matches,
		"tags[gt]eu":                                 unknown,
		"created_at[gte]2026-12-01T10:00:59Z":        matches,
		"created_at[gt]2026-12-01T10:01:01Z":         differs,
		"created_at[lt]2026-12-01T09:58:00Z":         differs,
		"created_at[lte]2026-12-01T11:00:00Z":        matches,
		"created_at[eq]2026-12-01T12:00:00Z":         differs,
		"created_at[like]2026":                       unknown,
		"created_at[gt]last week":                    unknown,
		"updated_at[gt]2026-12-01T10:01:01Z":         unknown,
		"due_date[gt]2026-12-01T10:01:01Z":           unknown,
		"completion_date[lt]2026-12-01T10:01:01Z":    isEmpty,
		"custom_fields.severity[eq]2":                unknown,
		"no filter at all":                           unknown,
		"description[like]anything that is not read": unknown,
	} {
		if got := (filter{synqly.ParseFilter(text)}).check(shown, metadata); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
	if got := (filter{synqly.ParseFilter("project[eq]Security")}).check(shown, nil); got != unknown {
		t.Errorf("of a provider of which nothing is known, a project differs: %d", got)
	}
}

func FuzzFilter(f *testing.F) {
	f.Add("priority[in]URGENT,HIGH", `{"id": "1", "priority": "LOW"}`)
	f.Add("created_at[gt]2026-12-01T10:00:00Z", `{"id": "1", "created_at": "0001-01-01T00:00:00Z"}`)
	f.Fuzz(func(t *testing.T, text, ticket string) {
		var shown synqly.Ticket
		if json.Unmarshal([]byte(ticket), &shown) != nil {
			return
		}
		if got := (filter{synqly.ParseFilter(text)}).check(&shown, nil); got < matches || got > unknown {
			t.Errorf("%q: %d", text, got)
		}
	})
}
