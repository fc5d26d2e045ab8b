// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

// shown is a ticket of an answer, with the tag "ours", changed so long before the start.
func shown(id string, age time.Duration) synqly.Ticket {
	return synqly.Ticket{ID: id, Tags: []string{"OURS"}, UpdatedAt: synqly.Timestamp{Time: start.Add(-age)}}
}

func stranger(id string) synqly.Ticket { return synqly.Ticket{ID: id} }

func pageOf(cursor string, items ...synqly.Ticket) synqly.Page[synqly.Ticket] {
	return synqly.Page[synqly.Ticket]{Items: items, Cursor: cursor}
}

func ids(names ...string) map[string]struct{} {
	set := map[string]struct{}{}
	for _, name := range names {
		set[name] = struct{}{}
	}
	return set
}

var inOurs = scope{tag: "ours"}

func TestResult(t *testing.T) {
	ordered := query{scope: inOurs, ordered: true, until: start.Add(-time.Hour)}
	since := query{scope: inOurs, since: start.Add(-time.Hour)}
	for name, test := range map[string]struct {
		query query
		pages []synqly.Page[synqly.Ticket]
		want  result
	}{
		"last page":                          {query{scope: inOurs}, []synqly.Page[synqly.Ticket]{pageOf("", shown("1", 0))}, ended},
		"another page":                       {query{scope: inOurs}, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", 0))}, morePages},
		"empty page with a cursor":           {query{scope: inOurs}, []synqly.Page[synqly.Ticket]{pageOf("c")}, morePages},
		"all wanted ones":                    {query{scope: inOurs}, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", 0), shown("2", 0))}, allSeen},
		"all wanted ones among changes":      {since, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", 0), shown("2", 0))}, morePages},
		"all wanted ones, filter ignored":    {since, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", 0), shown("2", 2*time.Hour))}, allSeen},
		"a stranger":                         {query{scope: inOurs}, []synqly.Page[synqly.Ticket]{pageOf("", shown("1", 0), stranger("9"))}, unfiltered},
		"one of ours that has just left":     {query{scope: inOurs}, []synqly.Page[synqly.Ticket]{pageOf("", shown("1", 0), stranger("2"))}, ended},
		"one whose tags cannot be read":      {query{scope: inOurs}, []synqly.Page[synqly.Ticket]{pageOf("", synqly.Ticket{ID: "9", Unreadable: []string{"tags is of the JSON type object, which the API does not document"}})}, ended},
		"ordered, far enough":                {ordered, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", 0), shown("9", 61*time.Minute))}, caughtUp},
		"ordered, not far enough":            {ordered, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", 0), shown("9", 59*time.Minute))}, morePages},
		"ordered, on the second page":        {ordered, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", 0)), pageOf("d", shown("9", 61*time.Minute))}, caughtUp},
		"not in order":                       {ordered, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", time.Minute), shown("8", 0), shown("9", 61*time.Minute))}, morePages},
		"not in order from page to page":     {ordered, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", time.Minute)), pageOf("d", shown("8", 0), shown("9", 61*time.Minute))}, morePages},
		"ordered, first one repeated at end": {ordered, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", 0), shown("9", 61*time.Minute), shown("1", 0))}, caughtUp},
		"ordered, without times":             {ordered, []synqly.Page[synqly.Ticket]{pageOf("c", synqly.Ticket{ID: "1", Tags: []string{"ours"}})}, morePages},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAnswer(test.query, ids("1", "2"), start)
			for i := range test.pages {
				a.addPage(&test.pages[i], start)
			}
			if a.result != test.want {
				t.Errorf("result %d, want %d", a.result, test.want)
			}
		})
	}
}

// TestGivingUp costs ten pages, or as many as there are tickets.
func TestGivingUp(t *testing.T) {
	for name, test := range map[string]struct {
		wanted, want int
		page         func(number int) synqly.Page[synqly.Ticket]
	}{
		"few tickets": {3, 10, func(n int) synqly.Page[synqly.Ticket] { return pageOf("c", shown(fmt.Sprint("x", n), 0)) }},
		"many":        {40, 40, func(n int) synqly.Page[synqly.Ticket] { return pageOf("c", shown(fmt.Sprint("x", n), 0)) }},
		"nothing new": {40, 11, func(int) synqly.Page[synqly.Ticket] { return pageOf("c", shown("x", 0)) }},
		"large pages": {3, 5, func(n int) synqly.Page[synqly.Ticket] { return pageOfMany(200, n) }},
		"nothing":     {40, 10, func(int) synqly.Page[synqly.Ticket] { return pageOf("c") }},
	} {
		t.Run(name, func(t *testing.T) {
			wanted := map[string]struct{}{}
			for i := range test.wanted {
				wanted[strconv.Itoa(i)] = struct{}{}
			}
			a := newAnswer(query{scope: inOurs}, wanted, start)
			pages := 0
			for !a.isFinished() && pages < 100 {
				page := test.page(pages)
				a.addPage(&page, start)
				pages++
			}
			if a.result != tooLong || pages != test.want {
				t.Errorf("result %d after %d pages, want %d after %d", a.result, pages, tooLong, test.want)
			}
		})
	}
}

func TestNewestChange(t *testing.T) {
	a := newAnswer(query{scope: inOurs}, nil, start)
	future := synqly.Ticket{ID: "2099", Tags: []string{"ours"}, UpdatedAt: synqly.Timestamp{Time: start.AddDate(73, 0, 0)}}
	page := pageOf("", shown("1", time.Hour), future, shown("2", time.Minute), shown("3", 2*time.Hour))
	a.addPage(&page, start)
	if want := start.Add(-time.Minute); !a.newest.Equal(want) {
		t.Errorf("the newest change is at %v, want %v: what is in the future must not hide changes", a.newest, want)
	}
	if a.latest.ticketID != "2099" {
		t.Errorf("the latest is %s", a.latest.ticketID)
	}
}

// pageOfMany is a page with so many tickets, of a server that sends more than it was asked for.
func pageOfMany(count, number int) synqly.Page[synqly.Ticket] {
	var many []synqly.Ticket
	for i := range count {
		many = append(many, shown(fmt.Sprintf("x-%d-%d", number, i), 0))
	}
	return pageOf("c", many...)
}
