// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	gocmp "cmp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

const (
	works      = v1alpha1.QueryWorks
	ignored    = v1alpha1.QueryIgnored
	refused    = v1alpha1.QueryRefused
	incomplete = v1alpha1.QueryIncomplete
)

// TestCostAndCapabilities has a thousand tickets of ours among three hundred others, and one change
// a minute.
func TestCostAndCapabilities(t *testing.T) {
	for name, test := range map[string]struct {
		behaviour simulator.Behaviour
		// first and later are the requests of the first poll and of each later one.
		first, later int
		// every is the pollInterval; 5 minutes where nothing is said.
		every time.Duration
		want  v1alpha1.PollingStatus
	}{
		"everything works": {
			// 10 pages, and the try of the filter by time.
			first: 11, later: 1,
			want: v1alpha1.PollingStatus{Method: v1alpha1.PollingChangedSince, TagFilter: works, UpdatedAtFilter: works, Order: works},
		},
		"no order": {
			behaviour: simulator.Behaviour{RefuseOrder: true},
			first:     12, later: 1,
			want: v1alpha1.PollingStatus{Method: v1alpha1.PollingChangedSince, TagFilter: works, UpdatedAtFilter: works, Order: refused},
		},
		"filter by time refused": {
			behaviour: simulator.Behaviour{RefuseFilters: []string{"updated_at"}},
			first:     11, later: 1,
			want: v1alpha1.PollingStatus{Method: v1alpha1.PollingOurs, TagFilter: works, UpdatedAtFilter: refused, Order: works},
		},
		"filter by time ignored": {
			behaviour: simulator.Behaviour{IgnoreFilters: []string{"updated_at"}},
			first:     11, later: 1,
			want: v1alpha1.PollingStatus{Method: v1alpha1.PollingOurs, TagFilter: works, UpdatedAtFilter: ignored, Order: works},
		},
		"filter by time finds nothing, order ignored": {
			behaviour: simulator.Behaviour{LoseFilters: []string{"updated_at"}, IgnoreOrder: true},
			first:     11, later: 10, every: 30 * time.Minute,
			want: v1alpha1.PollingStatus{Method: v1alpha1.PollingOurs, TagFilter: works, UpdatedAtFilter: incomplete, Order: ignored},
		},
		"neither filter by time nor order": {
			behaviour: simulator.Behaviour{RefuseFilters: []string{"updated_at"}, RefuseOrder: true},
			first:     12, later: 10, every: 30 * time.Minute,
			want: v1alpha1.PollingStatus{Method: v1alpha1.PollingOurs, TagFilter: works, UpdatedAtFilter: refused, Order: refused},
		},
		"tags ignored": {
			behaviour: simulator.Behaviour{IgnoreFilters: []string{"tags"}},
			first:     1 + 13 + 1, later: 1,
			want: v1alpha1.PollingStatus{
				Method: v1alpha1.PollingProjects, TagFilter: ignored, ProjectFilter: works, UpdatedAtFilter: works, Order: works,
			},
		},
		"tags refused": {
			behaviour: simulator.Behaviour{RefuseFilters: []string{"tags"}},
			first:     3 + 13 + 1, later: 1,
			want: v1alpha1.PollingStatus{
				Method: v1alpha1.PollingProjects, TagFilter: refused, ProjectFilter: works, UpdatedAtFilter: works, Order: works,
			},
		},
		"tags find nothing": {
			behaviour: simulator.Behaviour{LoseFilters: []string{"tags"}},
			first:     1 + 13 + 1, later: 1,
			want: v1alpha1.PollingStatus{
				Method: v1alpha1.PollingProjects, TagFilter: incomplete, ProjectFilter: works, UpdatedAtFilter: works, Order: works,
			},
		},
		"tags refused, filter by time refused": {
			behaviour: simulator.Behaviour{RefuseFilters: []string{"tags", "updated_at"}},
			first:     3 + 13 + 1, later: 1,
			want: v1alpha1.PollingStatus{
				Method: v1alpha1.PollingProjects, TagFilter: refused, ProjectFilter: works, UpdatedAtFilter: refused, Order: works,
			},
		},
		"projects alone": {
			behaviour: simulator.Behaviour{RefuseFilters: []string{"tags", "updated_at"}, RefuseOrder: true},
			first:     3 + 1 + 13 + 1, later: 13, every: 30 * time.Minute,
			want: v1alpha1.PollingStatus{
				Method: v1alpha1.PollingProjects, TagFilter: refused, ProjectFilter: works, UpdatedAtFilter: refused, Order: refused,
			},
		},
		"no filter at all": {
			behaviour: simulator.Behaviour{RefuseFilters: []string{"*"}},
			first:     3 + 3 + 1000, later: 1000, every: 30 * time.Minute,
			want: v1alpha1.PollingStatus{Method: v1alpha1.PollingTickets, TagFilter: refused, ProjectFilter: refused},
		},
		"no query at all": {
			behaviour: simulator.Behaviour{Unsupported: []string{"QueryTickets"}},
			first:     3 + 1000, later: 1000, every: 30 * time.Minute,
			want: v1alpha1.PollingStatus{
				Method: v1alpha1.PollingTickets, TagFilter: refused, ProjectFilter: refused, UpdatedAtFilter: refused, Order: refused,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.behaviour)
			every := gocmp.Or(test.every, interval)
			longest := every + every/10
			w.integration().Spec.PollInterval = &metav1.Duration{Duration: every}
			w.fill(1000)
			w.pass(longestFirstDelay)
			if diff := cmp.Diff([]int{test.first}, w.costs); diff != "" {
				t.Errorf("requests of the first poll (-want +got):\n%s", diff)
			}
			if len(w.observations.reported) != 0 {
				t.Errorf("reported although nothing has changed: %v", w.observations.reported)
			}
			w.costs = nil
			editedAt := w.editEachMinute(60)
			w.pass(longest)
			for _, cost := range w.costs {
				if cost != test.later {
					t.Errorf("requests of the later polls: %v, want %d each", w.costs, test.later)
					break
				}
			}
			if len(w.costs) < int(time.Hour/longest) {
				t.Errorf("there were %d polls in more than an hour", len(w.costs))
			}
			w.checkReportedOnce(editedAt, longest)
			if diff := cmp.Diff(test.want, w.polling()); diff != "" {
				t.Errorf("what is shown (-want +got):\n%s", diff)
			}
		})
	}
}

// editEachMinute edits a ticket a minute and returns when each was.
func (w *world) editEachMinute(count int) map[string]time.Time {
	w.t.Helper()
	editedAt := map[string]time.Time{}
	for i := range count {
		id := w.store.tickets[(i*37)%len(w.store.tickets)].Status.ID
		w.edit(id)
		editedAt[id] = w.clock.Now()
		w.pass(time.Minute)
	}
	return editedAt
}

// checkReportedOnce checks that every edit was reported one time, so soon, and that nothing else
// was.
func (w *world) checkReportedOnce(editedAt map[string]time.Time, within time.Duration) {
	w.t.Helper()
	ids := make([]string, 0, len(editedAt))
	for id := range editedAt {
		ids = append(ids, id)
	}
	if diff := cmp.Diff(once(ids...), w.timesReported()); diff != "" {
		w.t.Errorf("times reported (-want +got):\n%s", diff)
	}
	for _, seen := range w.observations.reported {
		if late := seen.at.Sub(editedAt[seen.id]); late > within {
			w.t.Errorf("ticket %s was reported %v after it was edited", seen.id, late)
		}
	}
}

// TestRestart has ten thousand tickets, of which three have changed while no process was there to
// see it.
func TestRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, simulator.Behaviour{})
	for i := range 10_000 {
		w.add(ours(time.Hour + time.Duration(i)*time.Minute))
	}
	changedMeanwhile := []string{w.store.tickets[1].Status.ID, w.store.tickets[5000].Status.ID, w.store.tickets[9999].Status.ID}
	for _, id := range changedMeanwhile {
		w.edit(id)
	}
	w.pass(longestFirstDelay)
	// A hundred pages, and one more that tries the filter by time.
	if diff := cmp.Diff([]int{101}, w.costs); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(once(changedMeanwhile...), w.timesReported()); diff != "" {
		t.Errorf("times reported (-want +got):\n%s", diff)
	}
}

// TestRestartInSync reports nothing, and neither does a second one.
func TestRestartInSync(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	w.fill(200)
	for range 2 {
		w.restart()
		w.pass(longestFirstDelay)
	}
	if diff := cmp.Diff([]int{3, 3}, w.costs); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if len(w.observations.reported) != 0 {
		t.Errorf("reported although nothing has changed: %v", w.observations.reported)
	}
}

// BenchmarkPoll polls ten thousand tickets of which one has changed.
func BenchmarkPoll(b *testing.B) {
	w := newWorld(b, simulator.Behaviour{})
	w.fill(10_000)
	w.settle()
	b.ReportAllocs()
	for b.Loop() {
		w.edit(w.store.tickets[0].Status.ID)
		w.passUntilPoll()
	}
}
