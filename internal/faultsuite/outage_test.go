// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// Ways in which a provider does not answer.
var outages = map[string]func() (*http.Response, error){
	"connection refused": func() (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	},
	"503": func() (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{}, Body: io.NopCloser(&bytes.Buffer{})}, nil
	},
}

// counts are what an outage costs.
type counts struct {
	requests, ticketWrites, integrationWrites int
	// recovery is how long after its end everything was in sync.
	recovery time.Duration
}

// outage edits so many tickets at the begin of an outage, and lets it end after some time.
func (w *world) outage(objects int, lasts time.Duration, answer func() (*http.Response, error)) counts {
	var found counts
	names := make([]reference, objects)
	for i := range names {
		names[i] = reference{"Ticket", fmt.Sprintf("ticket-%02d", i)}
		w.apply(ticket(names[i].name))
	}
	w.rest()
	w.network.down = func() (*http.Response, error) { found.requests++; return answer() }
	for _, of := range names {
		w.edit(of, func(object client.Object) { object.(*v1alpha1.Ticket).Spec.Summary = "edited" })
	}
	revision := w.api.Revision()
	w.pass(lasts)
	for _, change := range w.api.Changes(revision) {
		switch change.Kind {
		case "Ticket":
			found.ticketWrites++
		case "Integration":
			found.integrationWrites++
		}
	}
	w.network.down = nil
	ended := time.Now()
	for !w.allSettled(names) && time.Since(ended) < time.Minute {
		w.pass(100 * time.Millisecond)
	}
	found.recovery = time.Since(ended)
	return found
}

func (w *world) allSettled(objects []reference) bool {
	for _, of := range objects {
		if !w.settled(of) {
			return false
		}
	}
	return true
}

// A rate that 80 objects need no time at. It is not that of the suite, so its invariant of the rate
// is not looked at.
const amplyRated = 1000

func TestAnOutageIsNoticedOnceAndItsEndWithinTwoSeconds(t *testing.T) {
	for name, answer := range outages {
		for _, lasts := range []time.Duration{time.Minute, 5 * time.Minute} {
			t.Run(fmt.Sprintf("%s for %s", name, lasts), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { expectShortRecovery(t, lasts, answer) })
			})
		}
	}
}

func expectShortRecovery(t *testing.T, lasts time.Duration, answer func() (*http.Response, error)) {
	t.Helper()
	const objects = 80
	w := newWorld()
	defer w.remote.Close()
	elapse(2 * time.Second)
	w.applySecret(firstToken)
	integration := theIntegration()
	integration.Spec.RateLimit = &v1alpha1.RateLimit{RequestsPerSecond: amplyRated, Burst: amplyRated}
	w.apply(integration)
	w.rest()
	got := w.outage(objects, lasts, answer)
	t.Logf("%+v", got)
	if want := 8 + int(lasts/time.Minute)*37; got.requests > want {
		t.Errorf("%d requests during the outage, want %d at most: those that found out, and one check at a time", got.requests, want)
	}
	wantWrites := objects
	if lasts > time.Minute {
		wantWrites *= 2 // Each says once more that its wait has become a long one.
	}
	if got.ticketWrites > wantWrites || got.integrationWrites > 1 {
		t.Errorf("%d writes of Tickets and %d of the Integration, want %d and one", got.ticketWrites, got.integrationWrites, wantWrites)
	}
	if got.recovery > 2*time.Second {
		t.Errorf("in sync %s after the end, want 2s", got.recovery)
	}
}
