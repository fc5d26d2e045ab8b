// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

func TestRetryAfter(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	w.add(ours(time.Hour))
	w.settle()
	w.remote.Inject(simulator.Fault{Status: http.StatusTooManyRequests, RetryAfter: "900", Times: 1})
	w.passUntilPoll()
	refusedAt := w.clock.Now()
	sent := len(w.transport.sentAt)
	w.pass(899 * time.Second)
	if more := len(w.transport.sentAt) - sent; more != 0 {
		t.Errorf("%d requests before Retry-After has passed", more)
	}
	w.edit(w.store.tickets[0].Status.ID)
	w.pass(2 * time.Second)
	if diff := cmp.Diff(once(w.store.tickets[0].Status.ID), w.timesReported()); diff != "" {
		t.Errorf("times reported %v after the refusal (-want +got):\n%s", w.clock.Since(refusedAt), diff)
	}
	if w.lines != 0 {
		t.Errorf("waiting is no failure, but the log says:\n%s", w.log)
	}
}

// recheckAsked reports whether the connection is to be checked.
func (w *world) recheckAsked() bool { return w.Connections.Last(integrationName).RecheckAsked() }

func TestRefusedToken(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			w := newWorld(t, simulator.Behaviour{})
			w.add(ours(time.Hour))
			w.add(others(time.Hour)).Status.Remote.Project = "" // is fetched by itself
			w.settle()
			if w.recheckAsked() {
				t.Fatal("a recheck is asked for from the start")
			}
			remove := w.remote.Inject(simulator.Fault{Status: status})
			w.clock.SetTime(w.clock.Now().Add(longestInterval)) // both are due
			w.reconcile()
			if !w.recheckAsked() {
				t.Error("no recheck of the connection is asked for")
			}
			if diff := cmp.Diff([]int{1}, w.costs); diff != "" {
				t.Errorf("requests after a refusal (-want +got):\n%s", diff)
			}
			remove()
			w.edit(w.store.tickets[0].Status.ID)
			w.pass(2 * longestInterval)
			if diff := cmp.Diff(once(w.store.tickets[0].Status.ID), w.timesReported()); diff != "" {
				t.Errorf("times reported (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOutage lasts for two hours: the poller backs off, and says so once.
func TestOutage(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	w.add(ours(time.Hour))
	w.settle()
	remove := w.remote.Inject(simulator.Fault{Status: http.StatusInternalServerError})
	w.pass(2 * time.Hour)
	attempts := len(w.costs)
	// 5, 10, 20, 40, 80, 160 seconds, and then every 5 minutes.
	if attempts < 20 || attempts > 35 {
		t.Errorf("%d attempts in two hours", attempts)
	}
	if w.lines != 1 {
		t.Errorf("the log has %d lines of the outage, want 1:\n%s", w.lines, w.log)
	}
	w.edit(w.store.tickets[0].Status.ID)
	remove()
	w.pass(interval)
	if diff := cmp.Diff(once(w.store.tickets[0].Status.ID), w.timesReported()); diff != "" {
		t.Errorf("times reported (-want +got):\n%s", diff)
	}
	if w.lines != 2 {
		t.Errorf("the log has %d lines, want one more at the end of the outage:\n%s", w.lines, w.log)
	}
}
