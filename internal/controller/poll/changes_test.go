// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// levels are the ways to ask for changes page by page.
var levels = map[string]simulator.Behaviour{
	"filter by time": {PageSize: 10},
	"order":          {PageSize: 10, RefuseFilters: []string{"updated_at"}},
	"full listing":   {PageSize: 10, RefuseFilters: []string{"updated_at"}, RefuseOrder: true},
}

// TestFaultOnThePageInTheMiddle has 25 changes on three pages, and the second one fails.
func TestFaultOnThePageInTheMiddle(t *testing.T) {
	for faultName, fault := range map[string]simulator.Fault{
		"400":                    {Status: http.StatusBadRequest},
		"404":                    {Status: http.StatusNotFound},
		"429":                    {Status: http.StatusTooManyRequests},
		"429 with a Retry-After": {Status: http.StatusTooManyRequests, RetryAfter: "40"},
		"500":                    {Status: http.StatusInternalServerError},
		"501":                    {Status: http.StatusNotImplemented},
		"502":                    {Status: http.StatusBadGateway},
		"503":                    {Status: http.StatusServiceUnavailable},
		"504":                    {Status: http.StatusGatewayTimeout},
		"lost":                   {Lose: true},
		"lost after the answer":  {Lose: true, AfterCommit: true},
		"truncated":              {Truncate: 100},
		"not JSON":               {Body: []byte(`{"result":`)},
		"another type":           {Body: []byte(`{"result": "x", "cursor": ""}`)},
		"HTML":                   {Body: []byte("<html>sorry</html>"), ContentType: "text/html"},
		"401":                    {Status: http.StatusUnauthorized},
		"403":                    {Status: http.StatusForbidden},
	} {
		for level, behaviour := range levels {
			t.Run(level+"/"+faultName, func(t *testing.T) {
				w := newWorld(t, behaviour)
				for i := range 30 {
					w.add(ours(time.Hour + time.Duration(i)*time.Minute))
				}
				w.settle()
				in := scope{tag: groupTag}
				before := w.stateOfScope(in).watermark
				var ids []string
				for _, ticket := range w.store.tickets[5:] {
					w.edit(ticket.Status.ID)
					ids = append(ids, ticket.Status.ID)
				}
				fault.Operation, fault.Skip, fault.Times = "QueryTickets", 1, 1
				w.remote.Inject(fault)

				w.passUntilPoll()
				if after := w.stateOfScope(in).watermark; !after.Equal(before) {
					t.Errorf("the watermark moved from %v to %v by an answer that was not read to its end", before, after)
				}
				if reported := len(w.observations.reported); reported != 10 {
					t.Errorf("%d reports after the first page, want 10", reported)
				}
				w.pass(longestInterval)
				if after := w.stateOfScope(in).watermark; !after.After(before) {
					t.Errorf("the watermark did not move by an answer that was read to its end")
				}
				if diff := cmp.Diff(once(ids...), w.timesReported()); diff != "" {
					t.Errorf("times reported (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// passUntilPoll runs the next reconcile that sends something.
func (w *world) passUntilPoll() {
	w.t.Helper()
	for before := len(w.transport.sentAt); len(w.transport.sentAt) == before; {
		w.clock.SetTime(w.due)
		w.reconcile()
	}
}

// TestNobodyTakesTheSightings polls many times while no reconcile writes anything down.
func TestNobodyTakesTheSightings(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{RefuseFilters: []string{"updated_at"}, RefuseOrder: true})
	first, second := w.add(ours(time.Hour)), w.add(ours(2*time.Hour))
	w.idle = true
	w.settle()
	w.edit(first.Status.ID)
	w.pass(4 * longestInterval)
	if diff := cmp.Diff(once(first.Status.ID), w.timesReported()); diff != "" {
		t.Errorf("times reported (-want +got):\n%s", diff)
	}
	w.edit(first.Status.ID)
	w.remote.DeleteTicket(second.Status.ID)
	w.pass(4 * longestInterval)
	if diff := cmp.Diff(map[string]int{first.Status.ID: 2, second.Status.ID: 1}, w.timesReported()); diff != "" {
		t.Errorf("times reported after a later change (-want +got):\n%s", diff)
	}
}

// TestTimes has remotes whose search is late and whose clocks are odd.
func TestTimes(t *testing.T) {
	utc := func(w *world) func() time.Time { return w.clock.Now }
	for name, test := range map[string]struct {
		behaviour simulator.Behaviour
		ahead     time.Duration
		date      func(*world) func() time.Time
		late      time.Duration
		extra     *simulator.Ticket
	}{
		"search lag":                              {behaviour: simulator.Behaviour{SearchLag: 2 * time.Minute}, late: 2 * time.Minute},
		"coarse times":                            {behaviour: simulator.Behaviour{CoarseTimes: true}},
		"search lag and coarse times":             {behaviour: simulator.Behaviour{SearchLag: 2 * time.Minute, CoarseTimes: true}, late: 2 * time.Minute},
		"10 h ahead":                              {ahead: 10 * time.Hour, behaviour: simulator.Behaviour{PageSize: 20}},
		"10 h behind":                             {ahead: -10 * time.Hour, behaviour: simulator.Behaviour{PageSize: 20}},
		"provider alone 10 h ahead":               {ahead: 10 * time.Hour, date: utc},
		"provider alone 10 h behind":              {ahead: -10 * time.Hour, date: utc},
		"provider alone 10 h behind, search lag":  {ahead: -10 * time.Hour, date: utc, behaviour: simulator.Behaviour{SearchLag: 2 * time.Minute}, late: 2 * time.Minute},
		"a time in 2099":                          {extra: &simulator.Ticket{UpdatedAt: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)}},
		"a time in 2099, provider 10 h behind":    {ahead: -10 * time.Hour, date: utc, extra: &simulator.Ticket{UpdatedAt: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)}},
		"a time in 2099 of others, ordered alone": {behaviour: simulator.Behaviour{RefuseFilters: []string{"updated_at"}}, extra: &simulator.Ticket{UpdatedAt: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.behaviour)
			w.remoteAhead = test.ahead
			if test.date != nil {
				w.transport.dateFrom = test.date(w)
			}
			for i := range 60 {
				ticket := ours(time.Hour + time.Duration(i)*time.Minute)
				ticket.UpdatedAt = ticket.UpdatedAt.Add(test.ahead)
				w.add(ticket)
			}
			if test.extra != nil {
				test.extra.Name, test.extra.Summary, test.extra.Tags = "n", "s", []string{groupTag}
				w.add(*test.extra)
			}
			w.settle()
			editedAt := map[string]time.Time{}
			for i := range 50 {
				id := w.store.tickets[i].Status.ID
				w.edit(id)
				editedAt[id] = w.clock.Now()
				w.pass(37 * time.Second)
			}
			w.pass(longestInterval + test.late)
			w.checkReportedOnce(editedAt, longestInterval+test.late)
			if method := w.polling().Method; method != v1alpha1.PollingChangedSince && test.behaviour.RefuseFilters == nil {
				t.Errorf("method %s, so nothing was narrowed", method)
			}
			for _, cost := range w.costs {
				if cost > 1 {
					t.Errorf("requests of the later polls: %v, want 1 each", w.costs)
					break
				}
			}
		})
	}
}

// TestOneBulkEdit is not listed again for ever.
func TestOneBulkEdit(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	w.integration().Spec.PollInterval = &metav1.Duration{Duration: time.Hour}
	for range 150 {
		w.add(ours(time.Hour))
	}
	w.settle()
	w.pass(25 * time.Hour)
	w.costs = nil
	w.pass(7 * time.Hour)
	slices.Sort(w.costs)
	// One or two of them list everything.
	if usual := w.costs[:len(w.costs)-2]; slices.Max(usual) != 1 {
		t.Errorf("requests of the later polls: %v, want 1 each", w.costs)
	}
}

func TestListsThatAreOdd(t *testing.T) {
	for name, test := range map[string]struct {
		behaviour simulator.Behaviour
		method    v1alpha1.PollingMethod
	}{
		"duplicates":                      {simulator.Behaviour{DuplicateItems: true, PageSize: 10}, v1alpha1.PollingChangedSince},
		"duplicates, ordered":             {simulator.Behaviour{DuplicateItems: true, PageSize: 10, RefuseFilters: []string{"updated_at"}}, v1alpha1.PollingOurs},
		"endless":                         {simulator.Behaviour{EndlessCursor: true, PageSize: 10}, v1alpha1.PollingOurs},
		"endless, ordered":                {simulator.Behaviour{EndlessCursor: true, PageSize: 10, RefuseFilters: []string{"updated_at"}}, v1alpha1.PollingOurs},
		"endless, neither time nor order": {simulator.Behaviour{EndlessCursor: true, PageSize: 10, RefuseFilters: []string{"updated_at"}, RefuseOrder: true}, v1alpha1.PollingOurs},
		"endless, duplicates":             {simulator.Behaviour{EndlessCursor: true, DuplicateItems: true, PageSize: 10, RefuseOrder: true}, v1alpha1.PollingOurs},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.behaviour)
			for i := range 40 {
				w.add(ours(time.Hour + time.Duration(i)*time.Minute))
			}
			w.settle()
			editedAt := w.editEachMinute(30)
			w.pass(longestInterval)
			w.checkReportedOnce(editedAt, longestInterval)
			if total := sum(w.costs); total > 80 {
				t.Errorf("%d requests in 35 minutes: %v", total, w.costs)
			}
			if method := w.polling().Method; method != test.method {
				t.Errorf("method %s, want %s", method, test.method)
			}
		})
	}
}

func sum(numbers []int) int {
	total := 0
	for _, number := range numbers {
		total += number
	}
	return total
}

// TestEndlessListWithoutOneTicket cannot be read to its end, and then the tickets are fetched.
func TestEndlessListWithoutOneTicket(t *testing.T) {
	for name, test := range map[string]struct {
		behaviour simulator.Behaviour
		method    v1alpha1.PollingMethod
	}{
		"ordered": {simulator.Behaviour{EndlessCursor: true}, v1alpha1.PollingOurs},
		"neither": {simulator.Behaviour{EndlessCursor: true, RefuseFilters: []string{"updated_at"}, RefuseOrder: true}, v1alpha1.PollingTickets},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, test.behaviour)
			for i := range 40 {
				w.add(ours(time.Hour + time.Duration(i)*time.Minute))
			}
			gone := w.store.tickets[7].Status.ID
			w.remote.DeleteTicket(gone)
			w.pass(longestInterval)
			if diff := cmp.Diff(once(gone), w.timesReported()); diff != "" {
				t.Errorf("times reported (-want +got):\n%s", diff)
			}
			w.observations.reported = nil
			editedAt := map[string]time.Time{}
			for _, ticket := range w.store.tickets[:5] {
				w.edit(ticket.Status.ID)
				editedAt[ticket.Status.ID] = w.clock.Now()
			}
			w.pass(longestInterval)
			w.checkReportedOnce(editedAt, longestInterval)
			if method := w.polling().Method; method != test.method {
				t.Errorf("method %s, want %s", method, test.method)
			}
		})
	}
}

// tooLarge answers with more than the 16 MiB that a client reads where the answer has so many
// tickets, or this one.
func (w *world) tooLarge(tickets int, id string) {
	inner := w.transport.RoundTripper
	w.transport.RoundTripper = roundTripper(func(request *http.Request) (*http.Response, error) {
		response, err := inner.RoundTrip(request)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, err
		}
		if bytes.Count(body, []byte(`"created_at"`)) >= tickets || id != "" && bytes.Contains(body, []byte(`"id":"`+id+`"`)) {
			body = bytes.Repeat([]byte(" "), 17<<20)
		}
		response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return response, nil
	})
}

// TestLargePages has tickets so large that eight of them are too many for a page.
func TestLargePages(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	w.tooLarge(8, "")
	for i := range 40 {
		w.add(ours(time.Hour + time.Duration(i)*time.Minute))
	}
	w.settle()
	if size := w.state().pageSize; size != 5 {
		t.Errorf("the size of pages is %d tickets, want 5", size)
	}
	editedAt := map[string]time.Time{}
	for _, ticket := range w.store.tickets[7:20] {
		w.edit(ticket.Status.ID)
		editedAt[ticket.Status.ID] = w.clock.Now()
	}
	w.pass(longestInterval)
	w.checkReportedOnce(editedAt, longestInterval)
	// The overlap shows three of before as well.
	if diff := cmp.Diff([]int{4}, w.costs); diff != "" {
		t.Errorf("requests for 16 tickets, 5 a page (-want +got):\n%s", diff)
	}
	w.transport.RoundTripper = w.remote.Transport() // the tickets are small now
	w.pass(7 * time.Hour)
	if size := w.state().pageSize; size != 0 {
		t.Errorf("the size of pages is %d tickets after everything was listed again, want the default", size)
	}
}

// TestTicketThatCannotBeRead is larger than any answer may be.
func TestTicketThatCannotBeRead(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	for i := range 9 {
		w.add(ours(time.Hour + time.Duration(i)*time.Minute))
	}
	w.tooLarge(1000, w.store.tickets[4].Status.ID)
	w.settle()
	var ids []string
	for i, ticket := range w.store.tickets {
		w.edit(ticket.Status.ID)
		if i != 4 {
			ids = append(ids, ticket.Status.ID)
		}
	}
	w.pass(3 * longestInterval)
	if diff := cmp.Diff(once(ids...), w.timesReported()); diff != "" {
		t.Errorf("times reported (-want +got):\n%s", diff)
	}
	if said := strings.Count(w.log.String(), w.store.tickets[4].Status.ID); said != 1 || w.lines != 1 {
		t.Errorf("the log has %d lines, want one of the ticket:\n%s", w.lines, w.log)
	}
}

func TestDeletedTicket(t *testing.T) {
	for name, test := range map[string]struct {
		behaviour simulator.Behaviour
		within    time.Duration
	}{
		"full listings":  {simulator.Behaviour{RefuseFilters: []string{"updated_at"}, RefuseOrder: true}, longestInterval},
		"filter by time": {simulator.Behaviour{}, 7 * time.Hour},
		"one by one":     {simulator.Behaviour{RefuseFilters: []string{"*"}}, longestInterval},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, test.behaviour)
			for i := range 30 {
				w.add(ours(time.Hour + time.Duration(i)*time.Minute))
			}
			w.settle()
			gone := w.store.tickets[9].Status.ID
			w.remote.DeleteTicket(gone)
			w.pass(test.within)
			if diff := cmp.Diff([]sighted{{name: "ticket-9", id: gone}}, w.observations.reported, cmp.AllowUnexported(sighted{}), ignoreTime); diff != "" {
				t.Errorf("reported (-want +got):\n%s", diff)
			}
			if test.within == 7*time.Hour && w.observations.reported[0].at.Sub(start) < 6*time.Hour {
				t.Errorf("reported after %v, so the listing was repeated early", w.observations.reported[0].at.Sub(start))
			}
			w.pass(test.within)
			if times := w.timesReported()[gone]; times != 1 {
				t.Errorf("reported %d times", times)
			}
		})
	}
}

var ignoreTime = cmp.FilterPath(func(path cmp.Path) bool { return path.Last().String() == ".at" }, cmp.Ignore())

// TestTagTakenOff by a person: the ticket goes on being polled, by its project.
func TestTagTakenOff(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	for i := range 20 {
		w.add(ours(time.Hour + time.Duration(i)*time.Minute))
	}
	w.settle()
	id := w.store.tickets[4].Status.ID
	w.remote.EditTicket(id, func(ticket *simulator.Ticket) { ticket.Tags = nil })
	w.pass(7 * time.Hour)
	if diff := cmp.Diff(once(id), w.timesReported()); diff != "" {
		t.Fatalf("times reported (-want +got):\n%s", diff)
	}
	w.pass(longestInterval)
	w.costs = nil
	w.edit(id)
	w.pass(longestInterval)
	if times := w.timesReported()[id]; times != 2 {
		t.Errorf("reported %d times, want once more after the edit", times)
	}
	if status := w.polling(); status.Method != v1alpha1.PollingChangedSince || status.OtherMethod != v1alpha1.PollingProjects || status.ProjectFilter != works {
		t.Errorf("shown: %+v", status)
	}
	for _, cost := range w.costs {
		if cost != 2 {
			t.Errorf("requests of the later polls: %v, want one for the tag and one for the project", w.costs)
		}
	}
}

// TestAdoptedTickets have no tag, and live in several projects.
func TestAdoptedTickets(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	for i := range 60 {
		ticket := others(time.Hour + time.Duration(i)*time.Minute)
		ticket.Project = []string{"OPS", "SEC", "DEV"}[i%3]
		w.add(ticket)
	}
	for i := range 500 {
		ticket := others(time.Hour + time.Duration(i)*time.Minute)
		ticket.Project = "OPS"
		w.remote.AddTicket(ticket)
	}
	w.settle()
	editedAt := w.editEachMinute(40)
	w.pass(longestInterval)
	w.checkReportedOnce(editedAt, longestInterval)
	for _, cost := range w.costs {
		if cost != 3 {
			t.Errorf("requests of the later polls: %v, want one a project", w.costs)
			break
		}
	}
	want := v1alpha1.PollingStatus{OtherMethod: v1alpha1.PollingProjects, ProjectFilter: works, UpdatedAtFilter: works, Order: works}
	if diff := cmp.Diff(want, w.polling()); diff != "" {
		t.Errorf("what is shown (-want +got):\n%s", diff)
	}
}

// TestTwoTicketsForOneRemoteTicket both hear of a change.
func TestTwoTicketsForOneRemoteTicket(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	first := w.add(ours(time.Hour))
	w.standFor(first.Status.ID)
	w.settle()
	w.edit(first.Status.ID)
	w.pass(longestInterval)
	var names []string
	for _, seen := range w.observations.reported {
		names = append(names, seen.name)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"ticket-0", "ticket-1"}, names); diff != "" {
		t.Errorf("reported (-want +got):\n%s", diff)
	}
}

// TestTicketThatNoListingShows is fetched by itself, once a poll.
func TestTicketThatNoListingShows(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	for i := range 20 {
		w.add(ours(time.Hour + time.Duration(i)*time.Minute))
	}
	hidden := w.add(others(time.Hour))
	hidden.Status.Remote.Tags = []string{groupTag} // as the status has it, the tag search misses it
	w.pass(longestInterval)
	w.costs, w.observations.reported = nil, nil
	w.edit(hidden.Status.ID)
	w.idle = true // so that the status does not learn that the tag is gone
	w.pass(longestInterval)
	if diff := cmp.Diff(once(hidden.Status.ID), w.timesReported()); diff != "" {
		t.Errorf("times reported (-want +got):\n%s", diff)
	}
	if total := sum(w.costs); total > 4 {
		t.Errorf("%d requests: %v, want a page and a GET a poll", total, w.costs)
	}
	w.remote.EditTicket(hidden.Status.ID, func(ticket *simulator.Ticket) { ticket.Tags = []string{groupTag} })
	w.pass(longestInterval)
	w.remote.ForgetRequests()
	w.pass(2 * longestInterval)
	if gets := w.remote.RequestCounts()["GetTicket"]; gets != 0 {
		t.Errorf("%d GETs after a listing has shown the ticket", gets)
	}
}

// TestListingThatShowsATicketAgain after it did not, on a page beyond the others.
func TestListingThatShowsATicketAgain(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	for i := range 200 {
		w.add(ours(time.Hour + time.Duration(i)*time.Minute))
	}
	hidden := w.add(ours(24 * time.Hour))
	hide := roundTripper(func(request *http.Request) (*http.Response, error) {
		query := request.URL.Query()
		if query.Has("filter") {
			query.Add("filter", "id[ne]"+hidden.Status.ID)
			request.URL.RawQuery = query.Encode()
		}
		return w.remote.Transport().RoundTrip(request)
	})
	w.transport.RoundTripper = hide
	w.pass(longestInterval)
	if w.state().tickets[hidden.Status.ID].missedBy != (scope{tag: groupTag}) {
		t.Fatal("the ticket is not known to be missing in the listing")
	}
	w.transport.RoundTripper = w.remote.Transport()
	w.pass(7 * time.Hour)
	w.remote.ForgetRequests()
	w.pass(longestInterval)
	if gets := w.remote.RequestCounts()["GetTicket"]; gets != 0 {
		t.Errorf("%d GETs after a listing has shown the ticket", gets)
	}
}

// TestHistory has many tickets with the tag whose objects are long gone.
func TestHistory(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{RefuseFilters: []string{"updated_at"}, RefuseOrder: true})
	for i := range 20 {
		w.add(ours(1000*time.Hour + time.Duration(i)*time.Minute)) // the oldest come first
	}
	for i := range 500 {
		w.remote.AddTicket(ours(time.Hour + time.Duration(i)*time.Minute))
	}
	w.settle()
	w.pass(longestInterval)
	if slices.Max(w.costs) != 1 {
		t.Errorf("requests of the polls: %v, want 1 each", w.costs)
	}
	gone := w.store.tickets[3].Status.ID
	w.remote.DeleteTicket(gone)
	w.pass(2 * longestInterval)
	if diff := cmp.Diff(once(gone), w.timesReported()); diff != "" {
		t.Errorf("times reported (-want +got):\n%s", diff)
	}
	w.costs = nil
	w.pass(2 * longestInterval)
	if slices.Max(w.costs) != 1 {
		t.Errorf("requests of the polls when one is known to be missing: %v, want 1 each", w.costs)
	}
}

// TestSearchThatIsNotThereYet proves nothing against the filter.
func TestSearchThatIsNotThereYet(t *testing.T) {
	for name, test := range map[string]struct {
		ahead   time.Duration
		created time.Time
		want    v1alpha1.QueryFeature
	}{
		"just created, by a clock that is behind": {-10 * time.Hour, start, ""},
		"just changed":                         {0, start.Add(-time.Hour), ""},
		"changed long ago, by a clock that is": {-10 * time.Hour, start.Add(-time.Hour), incomplete},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, simulator.Behaviour{SearchLag: 2 * time.Minute})
			w.transport.dateFrom = w.clock.Now
			w.remoteAhead = test.ahead
			ticket := ours(0)
			ticket.UpdatedAt = start.Add(test.ahead)
			w.add(ticket).CreationTimestamp = metav1.NewTime(test.created)
			w.pass(longestFirstDelay)
			if got := w.polling().TagFilter; got != test.want {
				t.Errorf("the filter by tags: %q, want %q", got, test.want)
			}
		})
	}
}

// TestNewTicket is not fetched: its own reconcile has just seen it.
func TestNewTicket(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	w.add(ours(time.Hour))
	w.settle()
	w.remote.ForgetRequests()
	added := w.add(ours(2 * time.Hour))
	w.pass(longestInterval)
	w.edit(added.Status.ID)
	w.pass(longestInterval)
	if diff := cmp.Diff(once(added.Status.ID), w.timesReported()); diff != "" {
		t.Errorf("times reported (-want +got):\n%s", diff)
	}
	if gets := w.remote.RequestCounts()["GetTicket"]; gets != 0 {
		t.Errorf("%d GETs", gets)
	}
}

// TestHugeProject has a few adopted tickets among so many others that a listing of all costs more
// than a GET each.
func TestHugeProject(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{PageSize: 10})
	for i := range 300 {
		w.remote.AddTicket(others(time.Hour + time.Duration(i)*time.Minute))
	}
	for i := range 5 {
		w.add(others(24*time.Hour + time.Duration(i)*time.Minute))
	}
	w.edit(w.store.tickets[0].Status.ID)
	w.pass(longestFirstDelay)
	// Ten pages, the try of the filter by time, and a GET each for those not seen.
	if diff := cmp.Diff([]int{10 + 1 + 4}, w.costs); diff != "" {
		t.Errorf("requests of the first poll (-want +got):\n%s", diff)
	}
	w.costs = nil
	w.edit(w.store.tickets[4].Status.ID)
	w.pass(4 * longestInterval)
	if diff := cmp.Diff(once(w.store.tickets[0].Status.ID, w.store.tickets[4].Status.ID), w.timesReported()); diff != "" {
		t.Errorf("times reported (-want +got):\n%s", diff)
	}
	if slices.Max(w.costs) > 1 {
		t.Errorf("requests of the later polls: %v, want 1 each", w.costs)
	}
}

// TestProviderThatLosesItsCapabilities goes on with those that are left.
func TestProviderThatLosesItsCapabilities(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	for i := range 250 {
		w.add(ours(time.Hour + time.Duration(i)*time.Minute))
	}
	w.settle()
	w.remote.SetBehaviour(simulator.Behaviour{RefuseFilters: []string{"updated_at"}, RefuseOrder: true})
	editedAt := w.editEachMinute(10)
	w.pass(longestInterval)
	w.checkReportedOnce(editedAt, longestInterval)
	want := v1alpha1.PollingStatus{Method: v1alpha1.PollingOurs, TagFilter: works, UpdatedAtFilter: refused, Order: refused}
	if diff := cmp.Diff(want, w.polling()); diff != "" {
		t.Errorf("what is shown (-want +got):\n%s", diff)
	}
	// Two refusals and three pages, then three pages a poll.
	if w.costs[0] != 5 || slices.Max(w.costs[1:]) != 3 {
		t.Errorf("requests of the polls: %v", w.costs)
	}
	w.remote.SetBehaviour(simulator.Behaviour{})
	w.pass(8 * time.Hour)
	want = v1alpha1.PollingStatus{Method: v1alpha1.PollingChangedSince, TagFilter: works, UpdatedAtFilter: works, Order: works}
	if diff := cmp.Diff(want, w.polling()); diff != "" {
		t.Errorf("what is shown when everything has been tried anew (-want +got):\n%s", diff)
	}
}

func TestTicketsThatAreLeftAlone(t *testing.T) {
	for name, change := range map[string]func(*v1alpha1.Ticket){
		"paused": func(ticket *v1alpha1.Ticket) {
			ticket.Annotations = map[string]string{v1alpha1.PausedAnnotation: "true"}
		},
		"being deleted": func(ticket *v1alpha1.Ticket) {
			now := metav1.NewTime(start)
			ticket.DeletionTimestamp = &now
		},
		"not created":         func(ticket *v1alpha1.Ticket) { ticket.Status.ID = "" },
		"another integration": func(ticket *v1alpha1.Ticket) { ticket.Status.Integration = "other" },
		"another namespace":   func(ticket *v1alpha1.Ticket) { ticket.Namespace = "team-b" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, simulator.Behaviour{})
			w.add(ours(time.Hour))
			left := w.add(ours(2 * time.Hour))
			id := left.Status.ID
			change(left)
			w.settle()
			w.edit(id)
			w.remote.DeleteTicket(w.store.tickets[0].Status.ID)
			w.pass(8 * time.Hour)
			if diff := cmp.Diff(once(w.store.tickets[0].Status.ID), w.timesReported()); diff != "" {
				t.Errorf("times reported (-want +got):\n%s", diff)
			}
		})
	}
}

// TestTicketThatWasLeftAlone is looked at when it goes on.
func TestTicketThatWasLeftAlone(t *testing.T) {
	for name, test := range map[string]struct{ stop, goOn func(*v1alpha1.Ticket) }{
		"paused": {
			stop: func(ticket *v1alpha1.Ticket) {
				ticket.Annotations = map[string]string{v1alpha1.PausedAnnotation: "true"}
			},
			goOn: func(ticket *v1alpha1.Ticket) { ticket.Annotations = nil },
		},
		"in a namespace that is not admitted": { // An Integration admits its own namespace alone.
			stop: func(ticket *v1alpha1.Ticket) { ticket.Namespace = "elsewhere" },
			goOn: func(ticket *v1alpha1.Ticket) { ticket.Namespace = integrationName.Namespace },
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, simulator.Behaviour{})
			w.store.ofAllNamespaces = true
			other, alone := w.add(ours(time.Hour)).Status.ID, w.add(ours(2*time.Hour))
			w.settle()
			test.stop(alone)
			w.pass(longestInterval)
			w.edit(alone.Status.ID)
			w.pass(time.Hour)
			w.edit(other) // polls do not go back beyond this any more
			w.pass(time.Hour)
			if diff := cmp.Diff(once(other), w.timesReported()); diff != "" {
				t.Errorf("times reported meanwhile (-want +got):\n%s", diff)
			}
			test.goOn(alone)
			w.pass(longestInterval)
			if diff := cmp.Diff(once(other, alone.Status.ID), w.timesReported()); diff != "" {
				t.Errorf("times reported (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAnswerThatTakesTheTimeOfAPoll is not begun anew by the next poll. One that came late in its
// poll is.
func TestAnswerThatTakesTheTimeOfAPoll(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	w.add(ours(time.Hour))
	w.settle()
	r := &run{Poller: w.Poller, connection: w.Connections.Last(integrationName)}
	work := r.connection.WorkTimeout()
	ended, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	<-ended.Done()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for name, test := range map[string]struct {
		ctx  context.Context
		took time.Duration
		want bool
	}{
		"all of it":        {ended, work, true},
		"a part of it":     {ended, work / 3, false},
		"there is time":    {t.Context(), work, false},
		"the manager ends": {stopped, work, false},
	} {
		if got := r.tookTheTime(test.ctx, newAnswer(query{}, nil, w.clock.Now().Add(-test.took))); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
}

// TestLargeTicket is not kept until its Ticket is reconciled, which then fetches it.
func TestLargeTicket(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	small, large := w.add(ours(time.Hour)), w.add(ours(2*time.Hour))
	w.settle()
	w.edit(small.Status.ID)
	w.remote.EditTicket(large.Status.ID, func(ticket *simulator.Ticket) { ticket.Description = strings.Repeat("x", mostHandedOver) })
	w.due = w.clock.Now()
	w.pass(longestInterval)
	shown := map[string]bool{}
	for _, seen := range w.observations.reported {
		shown[seen.id] = seen.updatedAt != ""
	}
	if diff := cmp.Diff(map[string]bool{small.Status.ID: true, large.Status.ID: false}, shown); diff != "" {
		t.Errorf("what is handed over with its remote ticket (-want +got):\n%s", diff)
	}
}

// TestCursorThatComesTwice is a list that goes round in circles.
func TestCursorThatComesTwice(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{RefuseOrder: true})
	for i := range 20 {
		w.add(ours(time.Hour + time.Duration(i)*time.Minute))
	}
	inner := w.transport.RoundTripper
	w.transport.RoundTripper = roundTripper(func(request *http.Request) (*http.Response, error) {
		query := request.URL.Query()
		if !query.Has("filter") {
			return inner.RoundTrip(request)
		}
		query.Del("cursor")
		request.URL.RawQuery = query.Encode()
		response, err := inner.RoundTrip(request)
		if err != nil || response.StatusCode != http.StatusOK {
			return response, err
		}
		body, err := io.ReadAll(response.Body)
		body = bytes.Replace(body, []byte(`"cursor":""`), []byte(`"cursor":"again"`), 1)
		response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return response, err
	})
	w.remote.DeleteTicket(w.store.tickets[3].Status.ID)
	w.settle()
	editedAt := w.editEachMinute(3)
	w.pass(longestInterval)
	w.checkReportedOnce(editedAt, longestInterval)
	if w.lines > 0 {
		t.Errorf("the log says:\n%s", w.log)
	}
}

// TestMissingProject is one that the provider refuses, while it takes others.
func TestMissingProject(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	for i := range 20 {
		w.add(others(time.Hour + time.Duration(i)*time.Minute))
	}
	strange := w.add(others(time.Hour))
	strange.Status.Remote.Project = "GONE"
	refusing := w.transport.RoundTripper
	w.transport.RoundTripper = roundTripper(func(request *http.Request) (*http.Response, error) {
		if strings.Contains(request.URL.RawQuery, "GONE") {
			return refusal(request, http.StatusBadRequest), nil
		}
		return refusing.RoundTrip(request)
	})
	w.settle()
	w.edit(strange.Status.ID)
	w.edit(w.store.tickets[2].Status.ID)
	w.pass(longestInterval)
	if diff := cmp.Diff(once(strange.Status.ID, w.store.tickets[2].Status.ID), w.timesReported()); diff != "" {
		t.Errorf("times reported (-want +got):\n%s", diff)
	}
	want := v1alpha1.PollingStatus{OtherMethod: v1alpha1.PollingProjects, ProjectFilter: works, UpdatedAtFilter: works, Order: works}
	if diff := cmp.Diff(want, w.polling()); diff != "" {
		t.Errorf("what is shown (-want +got):\n%s", diff)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }

// TestOneBrokenProject does not keep the others from being polled.
func TestOneBrokenProject(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	for i := range 9 {
		ticket := others(time.Hour + time.Duration(i)*time.Minute)
		ticket.Project = []string{"OPS", "SEC", "DEV"}[i%3]
		w.add(ticket)
	}
	w.settle()
	working := w.transport.RoundTripper
	w.transport.RoundTripper = roundTripper(func(request *http.Request) (*http.Response, error) {
		if strings.Contains(request.URL.RawQuery, "DEV") {
			return nil, fmt.Errorf("connection reset")
		}
		return working.RoundTrip(request)
	})
	w.pass(time.Hour)
	editedAt := map[string]time.Time{}
	for range 8 {
		for _, ticket := range w.store.tickets {
			w.edit(ticket.Status.ID)
			if ticket.Status.Remote.Project != "DEV" {
				editedAt[ticket.Status.ID] = w.clock.Now()
			}
		}
		w.observations.reported = nil
		w.pass(longestInterval)
		w.checkReportedOnce(editedAt, longestInterval)
	}
}
