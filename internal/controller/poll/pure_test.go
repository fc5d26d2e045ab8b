// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

func TestAdvance(t *testing.T) {
	for name, test := range map[string]struct{ watermark, newest, want time.Duration }{
		"to the newest change":                      {-2 * time.Hour, -time.Hour, -time.Hour},
		"not back":                                  {-time.Hour, -2 * time.Hour, -time.Hour},
		"not beyond the begin of the chain":         {-time.Hour, time.Hour, 0},
		"back where the remote's clock went back":   {time.Hour, -time.Hour, 0},
		"not further behind than a day":             {-48 * time.Hour, -30 * time.Hour, -24 * time.Hour},
		"at most a day behind where nothing is new": {-24 * time.Hour, -24 * time.Hour, -24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			if got := advance(start.Add(test.watermark), start.Add(test.newest), start).Sub(start); got != test.want {
				t.Errorf("the watermark is at %v, want %v", got, test.want)
			}
		})
	}
	if got := advance(time.Time{}, time.Time{}, start).Sub(start); got != -24*time.Hour {
		t.Errorf("without any change, the watermark is at %v, want a day before", got)
	}
}

func TestChangedSince(t *testing.T) {
	watermark := time.Date(2026, 3, 1, 13, 0, 0, 999_999_999, time.FixedZone("", 3600))
	if got, want := changedSince(watermark, 2*time.Minute), time.Date(2026, 3, 1, 11, 58, 0, 0, time.UTC); !got.Equal(want) || got.Location() != time.UTC {
		t.Errorf("changes are asked for since %v, want %v", got, want)
	}
}

func TestRequest(t *testing.T) {
	at := time.Date(2026, 3, 1, 13, 0, 0, 0, time.FixedZone("", 3600))
	for name, test := range map[string]struct {
		query query
		want  synqly.TicketQuery
	}{
		"tag":     {query{scope: scope{tag: "k8s-1"}}, synqly.TicketQuery{Filters: []string{"tags[in]k8s-1"}, Limit: 5, Cursor: "c"}},
		"project": {query{scope: scope{project: "OPS"}}, synqly.TicketQuery{Filters: []string{"project[eq]OPS"}, Limit: 5, Cursor: "c"}},
		"changes": {
			query{scope: scope{tag: "k8s-1"}, since: at},
			synqly.TicketQuery{Filters: []string{"tags[in]k8s-1", "updated_at[gte]2026-03-01T12:00:00Z"}, Limit: 5, Cursor: "c"},
		},
		"ordered": {
			query{scope: scope{tag: "k8s-1"}, ordered: true, until: at},
			synqly.TicketQuery{Filters: []string{"tags[in]k8s-1"}, Order: []string{"updated_at[desc]"}, Limit: 5, Cursor: "c"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.query.request(5, "c")); diff != "" {
				t.Errorf("the request (-want +got):\n%s", diff)
			}
		})
	}
}

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

func TestProgress(t *testing.T) {
	ordered := query{scope: inOurs, ordered: true, until: start.Add(-time.Hour)}
	since := query{scope: inOurs, since: start.Add(-time.Hour)}
	for name, test := range map[string]struct {
		query query
		pages []synqly.Page[synqly.Ticket]
		want  progress
	}{
		"last page":                          {query{scope: inOurs}, []synqly.Page[synqly.Ticket]{pageOf("", shown("1", 0))}, ended},
		"another page":                       {query{scope: inOurs}, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", 0))}, more},
		"empty page with a cursor":           {query{scope: inOurs}, []synqly.Page[synqly.Ticket]{pageOf("c")}, more},
		"all wanted ones":                    {query{scope: inOurs}, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", 0), shown("2", 0))}, complete},
		"all wanted ones among changes":      {since, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", 0), shown("2", 0))}, more},
		"all wanted ones, filter ignored":    {since, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", 0), shown("2", 2*time.Hour))}, complete},
		"a stranger":                         {query{scope: inOurs}, []synqly.Page[synqly.Ticket]{pageOf("", shown("1", 0), stranger("9"))}, foreign},
		"one of ours that has just left":     {query{scope: inOurs}, []synqly.Page[synqly.Ticket]{pageOf("", shown("1", 0), stranger("2"))}, ended},
		"one whose tags cannot be read":      {query{scope: inOurs}, []synqly.Page[synqly.Ticket]{pageOf("", synqly.Ticket{ID: "9", Unreadable: []string{"tags is of the JSON type object, which the API does not document"}})}, ended},
		"ordered, far enough":                {ordered, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", 0), shown("9", 61*time.Minute))}, reached},
		"ordered, not far enough":            {ordered, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", 0), shown("9", 59*time.Minute))}, more},
		"ordered, on the second page":        {ordered, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", 0)), pageOf("d", shown("9", 61*time.Minute))}, reached},
		"not in order":                       {ordered, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", time.Minute), shown("8", 0), shown("9", 61*time.Minute))}, more},
		"not in order from page to page":     {ordered, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", time.Minute)), pageOf("d", shown("8", 0), shown("9", 61*time.Minute))}, more},
		"ordered, first one repeated at end": {ordered, []synqly.Page[synqly.Ticket]{pageOf("c", shown("1", 0), shown("9", 61*time.Minute), shown("1", 0))}, reached},
		"ordered, without times":             {ordered, []synqly.Page[synqly.Ticket]{pageOf("c", synqly.Ticket{ID: "1", Tags: []string{"ours"}})}, more},
	} {
		t.Run(name, func(t *testing.T) {
			c := newChain(test.query, ids("1", "2"), start)
			var got progress
			for i := range test.pages {
				got = c.take(&test.pages[i], start)
			}
			if got != test.want {
				t.Errorf("progress %d, want %d", got, test.want)
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
		"nothing":     {40, 10, func(int) synqly.Page[synqly.Ticket] { return pageOf("c") }},
	} {
		t.Run(name, func(t *testing.T) {
			wanted := map[string]struct{}{}
			for i := range test.wanted {
				wanted[strconv.Itoa(i)] = struct{}{}
			}
			c := newChain(query{scope: inOurs}, wanted, start)
			pages, result := 0, more
			for result == more && pages < 100 {
				page := test.page(pages)
				result = c.take(&page, start)
				pages++
			}
			if result != gaveUp || pages != test.want {
				t.Errorf("progress %d after %d pages, want %d after %d", result, pages, gaveUp, test.want)
			}
		})
	}
}

func TestNewestChange(t *testing.T) {
	c := newChain(query{scope: inOurs}, nil, start)
	future := synqly.Ticket{ID: "2099", Tags: []string{"ours"}, UpdatedAt: synqly.Timestamp{Time: start.AddDate(73, 0, 0)}}
	page := pageOf("", shown("1", time.Hour), future, shown("2", time.Minute), shown("3", 2*time.Hour))
	c.take(&page, start)
	if want := start.Add(-time.Minute); !c.newest.Equal(want) {
		t.Errorf("the newest change is at %v, want %v: what is in the future must not hide changes", c.newest, want)
	}
	if c.latest.id != "2099" {
		t.Errorf("the latest is %s", c.latest.id)
	}
}

func TestLearning(t *testing.T) {
	tags, project := query{scope: inOurs}, query{scope: scope{project: "OPS"}}
	ordered := query{scope: inOurs, ordered: true}
	since := query{scope: inOurs, since: start.Add(-time.Hour)}
	inProject := func(id string) synqly.Ticket { return synqly.Ticket{ID: id, Project: "ops"} }
	for name, test := range map[string]struct {
		before     abilities
		query      query
		page       synqly.Page[synqly.Ticket]
		unexpected bool // no ticket has to be in the answer
		want       abilities
		useless    bool
	}{
		"as asked for":           {query: tags, page: pageOf("", shown("1", 0)), want: abilities{tagFilter: works}},
		"a stranger":             {before: abilities{tagFilter: works}, query: tags, page: pageOf("", stranger("9")), want: abilities{tagFilter: ignored}, useless: true},
		"nothing":                {query: tags, page: pageOf(""), want: abilities{tagFilter: incomplete}, useless: true},
		"nothing yet":            {query: tags, page: pageOf(""), unexpected: true},
		"nothing, and more":      {query: tags, page: pageOf("c")},
		"nothing that was read":  {query: tags, page: synqly.Page[synqly.Ticket]{Skipped: []string{"result[0]"}}},
		"none of the wanted":     {query: tags, page: pageOf("", shown("9", 0)), want: abilities{tagFilter: incomplete}, useless: true},
		"no changes":             {before: abilities{tagFilter: works, updatedAtFilter: works}, query: since, page: pageOf(""), want: abilities{tagFilter: works, updatedAtFilter: works}},
		"project":                {query: project, page: pageOf("", inProject("1")), want: abilities{projectFilter: works}},
		"empty project":          {query: project, page: pageOf(""), want: abilities{projectFilter: incomplete}, useless: true},
		"one empty project":      {before: abilities{projectFilter: works}, query: project, page: pageOf(""), want: abilities{projectFilter: works}},
		"newest first":           {query: ordered, page: pageOf("", shown("1", 0), shown("2", time.Hour)), want: abilities{tagFilter: works, order: works}},
		"oldest first":           {before: abilities{order: works}, query: ordered, page: pageOf("", shown("1", time.Hour), shown("2", 0)), want: abilities{tagFilter: works, order: ignored}},
		"all at the same time":   {query: ordered, page: pageOf("", shown("1", 0), shown("2", 0)), want: abilities{tagFilter: works}},
		"newest first by chance": {query: tags, page: pageOf("", shown("1", 0), shown("2", time.Hour)), want: abilities{tagFilter: works}},
		"an old change":          {before: abilities{updatedAtFilter: works}, query: since, page: pageOf("", shown("1", 0), shown("2", 2*time.Hour)), want: abilities{tagFilter: works, updatedAtFilter: ignored}},
		"to the minute":          {before: abilities{updatedAtFilter: works}, query: since, page: pageOf("", shown("2", time.Hour+59*time.Second)), want: abilities{tagFilter: works, updatedAtFilter: works}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newChain(test.query, ids("1", "2"), start)
			known := test.before
			useful := known.learnFrom(c, c.take(&test.page, start), !test.unexpected)
			if diff := cmp.Diff(test.want, known); diff != "" {
				t.Errorf("what is known (-want +got):\n%s", diff)
			}
			if useful == test.useless {
				t.Errorf("useful: %v", useful)
			}
		})
	}
}

func TestVerdictOnProbe(t *testing.T) {
	for name, test := range map[string]struct {
		page synqly.Page[synqly.Ticket]
		want v1alpha1.QueryFeature
	}{
		"it comes":                    {pageOf("", shown("newest", 0)), works},
		"it comes, and there is more": {pageOf("c", shown("newest", 0)), works},
		"it comes, and an older one":  {pageOf("", shown("newest", 0), shown("old", 3*time.Hour)), ignored},
		"an older one, and more":      {pageOf("c", shown("old", 3*time.Hour)), ignored},
		"a stranger":                  {pageOf("", shown("newest", 0), stranger("9")), ignored},
		"another, and more":           {pageOf("c", shown("other", 0)), ""},
		"it does not come":            {pageOf("", shown("other", 0)), incomplete},
		"nothing":                     {pageOf(""), incomplete},
	} {
		t.Run(name, func(t *testing.T) {
			c := newChain(query{scope: inOurs, since: start}, ids("newest"), start)
			if got := verdictOnProbe(c, c.take(&test.page, start)); got != test.want {
				t.Errorf("verdict %q, want %q", got, test.want)
			}
		})
	}
}

func TestProspect(t *testing.T) {
	for name, test := range map[string]struct {
		abilities abilities
		want      v1alpha1.PollingMethod
	}{
		"nothing known":     {abilities{}, ""},
		"everything works":  {abilities{tagFilter: works, updatedAtFilter: works}, v1alpha1.PollingChangedSince},
		"tags":              {abilities{tagFilter: works, updatedAtFilter: refused}, v1alpha1.PollingOurs},
		"no tags":           {abilities{tagFilter: incomplete}, v1alpha1.PollingProjects},
		"neither":           {abilities{tagFilter: ignored, projectFilter: refused}, v1alpha1.PollingTickets},
		"not known of tags": {abilities{projectFilter: works}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.abilities.prospect(); got != test.want {
				t.Errorf("prospect %q, want %q", got, test.want)
			}
		})
	}
}

func TestBatchOf(t *testing.T) {
	for rate, want := range map[int32]struct {
		size     int
		interval time.Duration
	}{
		0:      {1, 10 * time.Second},
		1:      {1, 10 * time.Second},
		3:      {1, 10 * time.Second / 3},
		10:     {5, 5 * time.Second},
		10_000: {5_000, 5 * time.Second},
	} {
		size, interval := batchOf(rate)
		if size != want.size || interval != want.interval {
			t.Errorf("with %d requests per second: %d every %v, want %d every %v", rate, size, interval, want.size, want.interval)
		}
	}
}

func TestCovers(t *testing.T) {
	at := func(age time.Duration) *synqly.Ticket {
		moment := start.Add(-age)
		return &synqly.Ticket{UpdatedAt: synqly.Timestamp{Time: moment, Raw: moment.Format(time.RFC3339)}}
	}
	for name, test := range map[string]struct {
		handedOver, shown *synqly.Ticket
		want              bool
	}{
		"the same":                   {at(0), at(0), true},
		"an older one":               {at(0), at(time.Hour), true},
		"a newer one":                {at(time.Hour), at(0), false},
		"gone, and gone":             {nil, nil, true},
		"gone, and there again":      {nil, at(0), false},
		"there, and gone":            {at(0), nil, false},
		"a time that cannot be read": {at(0), &synqly.Ticket{UpdatedAt: synqly.Timestamp{Raw: "yesterday"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := covers(test.handedOver, test.shown); got != test.want {
				t.Errorf("covers: %v, want %v", got, test.want)
			}
		})
	}
}
