// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// TestFetchingIsPaced takes a tenth of the rateLimit.
func TestFetchingIsPaced(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{RefuseFilters: []string{"*"}})
	w.integration().Spec.RateLimit = &v1alpha1.RateLimit{RequestsPerSecond: 10, Burst: 200}
	for i := range 600 {
		w.add(ours(time.Hour + time.Duration(i)*time.Minute))
	}
	w.pass(time.Minute)
	w.remote.ForgetRequests()
	w.costs = nil
	w.pass(time.Minute)
	gets := w.remote.RequestCounts()["GetTicket"]
	if gets < 55 || gets > 65 {
		t.Errorf("%d GETs a minute, want a tenth of 10 a second", gets)
	}
	if slices.Max(w.costs) > 5 {
		t.Errorf("batches of %v", w.costs)
	}
	// A pass over all of them takes ten minutes, and none is left out.
	w.edit(w.store.tickets[0].Status.ID)
	w.edit(w.store.tickets[599].Status.ID)
	w.pass(11 * time.Minute)
	if diff := cmp.Diff(once(w.store.tickets[0].Status.ID, w.store.tickets[599].Status.ID), w.timesReported()); diff != "" {
		t.Errorf("times reported (-want +got):\n%s", diff)
	}
}

// TestFetchingThatFails goes on with other tickets.
func TestFetchingThatFails(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{RefuseFilters: []string{"*"}})
	for i := range 10 {
		w.add(ours(time.Hour + time.Duration(i)*time.Minute))
	}
	w.settle()
	broken, strange := w.store.tickets[3].Status.ID, w.store.tickets[5].Status.ID
	tries := 0
	working := w.transport.RoundTripper
	w.transport.RoundTripper = roundTripper(func(request *http.Request) (*http.Response, error) {
		var status int
		switch {
		case strings.HasSuffix(request.URL.Path, broken):
			status = http.StatusInternalServerError
			tries++
		case strings.HasSuffix(request.URL.Path, strange):
			status = http.StatusGone
		default:
			return working.RoundTrip(request)
		}
		return refusal(request, status), nil
	})
	var ids []string
	for _, ticket := range w.store.tickets {
		w.edit(ticket.Status.ID)
		if id := ticket.Status.ID; id != broken && id != strange {
			ids = append(ids, id)
		}
	}
	w.pass(3 * longestInterval)
	if diff := cmp.Diff(once(ids...), w.timesReported()); diff != "" {
		t.Errorf("times reported (-want +got):\n%s", diff)
	}
	if said := strings.Count(w.log.String(), strange); said != 1 {
		t.Errorf("the log names the ticket that cannot be read %d times:\n%s", said, w.log)
	}
	if tries < 3 || tries > 4 {
		t.Errorf("the ticket that cannot be fetched was tried %d times in three polls", tries)
	}
}

// TestTicketsThatFailDoNotHoldUpOthers has more tickets that cannot be fetched than others.
func TestTicketsThatFailDoNotHoldUpOthers(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{RefuseFilters: []string{"*"}})
	var others []string
	broken := map[string]bool{}
	for i := range 24 {
		id := w.add(ours(time.Hour + time.Duration(i)*time.Minute)).Status.ID
		if broken[id] = i%6 != 0; !broken[id] {
			others = append(others, id)
		}
	}
	w.settle()
	working := w.transport.RoundTripper
	w.transport.RoundTripper = roundTripper(func(request *http.Request) (*http.Response, error) {
		if broken[path.Base(request.URL.Path)] {
			return refusal(request, http.StatusForbidden), nil
		}
		return working.RoundTrip(request)
	})
	w.pass(15 * longestInterval) // All that fail have done so once.
	for _, id := range others {
		w.edit(id)
	}
	w.pass(3 * longestInterval)
	if diff := cmp.Diff(once(others...), w.timesReported()); diff != "" {
		t.Errorf("times reported (-want +got):\n%s", diff)
	}
}

func TestBatchOf(t *testing.T) {
	for rate, want := range map[int32]struct {
		size  int
		pause time.Duration
	}{
		0:      {1, 10 * time.Second},
		1:      {1, 10 * time.Second},
		3:      {1, 10 * time.Second / 3},
		10:     {5, 5 * time.Second},
		10_000: {5_000, 5 * time.Second},
	} {
		size, pause := batchOf(rate)
		if size != want.size || pause != want.pause {
			t.Errorf("with %d requests per second: %d every %v, want %d every %v", rate, size, pause, want.size, want.pause)
		}
	}
}
