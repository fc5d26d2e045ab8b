// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package query

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/poll"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// pageOf is a page of tickets, with a cursor where it is not the last one.
func pageOf(cursor string, tickets ...synqly.Ticket) *synqly.Page[synqly.Ticket] {
	return &synqly.Page[synqly.Ticket]{Items: tickets, Cursor: cursor}
}

func tallyOf(filters ...string) *tally {
	integration := &v1alpha1.Integration{}
	integration.Spec.TicketURLTemplate = "https://acme.example.com/browse/{id}"
	return newTally(filters, integration, nil)
}

func idsOf(found result) []string {
	var ids []string
	for _, one := range found.tickets {
		ids = append(ids, one.ID)
	}
	return ids
}

func TestATicketThatComesTwiceIsCountedOnce(t *testing.T) {
	read := tallyOf("status[ne]Done")
	if !read.addPage(pageOf("2", synqly.Ticket{ID: "1"}, synqly.Ticket{ID: "2"}), "") {
		t.Fatal("the next page is not wanted")
	}
	if read.addPage(pageOf("", synqly.Ticket{ID: "2"}, synqly.Ticket{ID: "3"}), "") {
		t.Fatal("there is no page after the last one")
	}
	found := read.result("", 2)
	if found.count != 3 || !found.isExact || !slices.Equal(idsOf(found), []string{"1", "2"}) {
		t.Errorf("%+v", found)
	}
	if link := found.tickets[0].URL; link != "https://acme.example.com/browse/1" {
		t.Errorf("the address is %q", link)
	}
}

func TestTicketsThatDoNotMatchAreNotCounted(t *testing.T) {
	read := tallyOf("priority[eq]URGENT", "status[ne]Done")
	read.addPage(pageOf("",
		synqly.Ticket{ID: "1", Priority: "URGENT", Status: "To Do"},
		synqly.Ticket{ID: "2", Priority: "LOW", Status: "To Do"},
		synqly.Ticket{ID: "3", Status: "To Do"},
	), "")
	found := read.result("", 20)
	if found.count != 1 || !found.isExact || !slices.Equal(idsOf(found), []string{"1"}) {
		t.Errorf("%+v", found)
	}
	if !strings.Contains(found.message, `do not match "priority[eq]URGENT", which are not counted`) || strings.Contains(found.message, "status") {
		t.Errorf("the message is %q", found.message)
	}
}

// A provider that filters by a field and does not return it must not make the count zero.
func TestAFieldThatIsEmptyEverywhereSaysNothing(t *testing.T) {
	read := tallyOf("contact[eq]jane@example.com")
	read.addPage(pageOf("", synqly.Ticket{ID: "1"}, synqly.Ticket{ID: "2"}), "")
	found := read.result("", 20)
	if found.count != 2 || found.isExact || !strings.Contains(found.message, `it is not certain that the provider applied "contact[eq]jane@example.com"`) {
		t.Errorf("%+v", found)
	}
}

func TestAnAnswerWithoutTicketsIsExact(t *testing.T) {
	read := tallyOf("custom_fields.severity[eq]2")
	read.addPage(pageOf(""), "")
	if found := read.result("", 20); found.count != 0 || !found.isExact {
		t.Errorf("%+v", found)
	}
}

func TestWhatCannotBeReadIsCounted(t *testing.T) {
	read := tallyOf()
	page := pageOf("", synqly.Ticket{ID: "1"})
	page.Skipped = []string{"result[1] has no ID"}
	read.addPage(page, "")
	if found := read.result("", 20); found.count != 2 || found.isExact || !strings.Contains(found.message, "1 tickets cannot be read") {
		t.Errorf("%+v", found)
	}
}

func TestAnAnswerIsReadWithinBounds(t *testing.T) {
	numbered := func(page, count int) []synqly.Ticket {
		tickets := make([]synqly.Ticket, count)
		for i := range tickets {
			tickets[i].ID = fmt.Sprintf("%d-%d", page, i)
		}
		return tickets
	}
	for name, test := range map[string]struct {
		page         func(number int) []synqly.Ticket
		pages, count int
		message      string
	}{
		"many pages":             {func(number int) []synqly.Ticket { return numbered(number, 1) }, mostPages, mostPages, "more than the 50 pages with 50 tickets"},
		"many tickets":           {func(number int) []synqly.Ticket { return numbered(number, 1000) }, mostTickets/1000 + 1, mostTickets, "more tickets than the first 5000"},
		"the same page for ever": {func(int) []synqly.Ticket { return numbered(0, 3) }, 1 + poll.MaxPagesWithoutNews, 3, "the list of the provider does not end"},
		"nothing for ever":       {func(int) []synqly.Ticket { return nil }, poll.MaxPagesWithoutNews, 0, "the list of the provider does not end"},
		"large texts": {func(number int) []synqly.Ticket {
			tickets := numbered(number, 100)
			for i := range tickets {
				tickets[i].Summary = strings.Repeat("😀", longestText)
				tickets[i].Name, tickets[i].Assignee = tickets[i].Summary, tickets[i].Summary
			}
			return tickets
		}, 28, 2706, "more tickets than the first 2706"},
	} {
		t.Run(name, func(t *testing.T) {
			read := tallyOf()
			for read.addPage(pageOf("next", test.page(read.pages)...), "") {
				if read.pages > 2*mostPages {
					t.Fatal("it does not end")
				}
			}
			pages := read.pages
			found := read.result("", 100)
			if pages != test.pages || found.count != test.count || found.isExact || !strings.Contains(found.message, test.message) {
				t.Errorf("%d pages, count %d, exact %t, %q", pages, found.count, found.isExact, found.message)
			}
			total := 0
			for i := range found.tickets {
				total += size(&found.tickets[i])
			}
			if total > mostListed || len(found.tickets) > 100 {
				t.Errorf("the status lists %d tickets of %d bytes", len(found.tickets), total)
			}
		})
	}
}

func TestAnIDThatIsTooLongIsCountedAndNotListed(t *testing.T) {
	read := tallyOf()
	read.addPage(pageOf("", synqly.Ticket{ID: strings.Repeat("7", longestID+1)}, synqly.Ticket{ID: "1"}), "")
	if found := read.result("", 20); found.count != 2 || !found.isExact || !slices.Equal(idsOf(found), []string{"1"}) {
		t.Errorf("count %d, exact %t, %d listed", found.count, found.isExact, len(found.tickets))
	}
}

func TestTicketsAreInTheOrderOfATimeWhateverTheProviderDoes(t *testing.T) {
	for order, want := range map[string][]string{
		"created_at":       {"2", "3", "1"},
		"created_at[asc]":  {"2", "3", "1"},
		"CREATED_AT[desc]": {"1", "3", "2"},
		"name[desc]":       {"3", "1", "2"},
		"":                 {"3", "1", "2"},
	} {
		read := tallyOf()
		read.addPage(pageOf("",
			*ticketFrom(t, `{"id": "3", "created_at": "2026-12-02T00:00:00Z"}`),
			*ticketFrom(t, `{"id": "1", "created_at": "2026-12-03T00:00:00Z"}`),
			*ticketFrom(t, `{"id": "2", "created_at": "2026-12-01T00:00:00Z"}`),
		), orderField(order))
		if got := idsOf(read.result(order, 20)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", order, got, want)
		}
	}
}
