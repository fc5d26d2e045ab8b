// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// slowProvider answers after a while, or never where the request ends before.
type slowProvider struct {
	after time.Duration
	sent  int
}

func (p *slowProvider) RoundTrip(request *http.Request) (*http.Response, error) {
	p.sent++
	select {
	case <-time.After(p.after):
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("answer"))}, nil
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
}

// exchange sends a request whose answer takes so long, and interrupts it after a second. It returns
// how long it took.
func exchange(t *testing.T, method string, after time.Duration) (time.Duration, error) {
	t.Helper()
	transport := newInterruptible(&slowProvider{after: after})
	request, err := http.NewRequestWithContext(t.Context(), method, "https://synqly.test/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	time.AfterFunc(time.Second, transport.interrupt)
	response, err := transport.RoundTrip(request)
	if err == nil {
		_, err = io.ReadAll(response.Body)
		_ = response.Body.Close()
	}
	return time.Since(begun), err
}

func TestInterruptionEndsWhatIsUnderWay(t *testing.T) {
	for name, test := range map[string]struct {
		method      string
		after       time.Duration
		want        time.Duration
		interrupted bool
	}{
		"a read ends at once":                {http.MethodGet, time.Hour, time.Second, true},
		"a create may still be answered":     {http.MethodPost, 3 * time.Second, 3 * time.Second, false},
		"a create that hangs is cut off":     {http.MethodPost, time.Hour, time.Second + writeGrace, true},
		"a deletion that hangs is cut off":   {http.MethodDelete, time.Hour, time.Second + writeGrace, true},
		"what is answered before is left":    {http.MethodGet, time.Millisecond, time.Millisecond, false},
		"a change may still be answered":     {http.MethodPatch, 2 * time.Second, 2 * time.Second, false},
		"a read that is nearly done as well": {http.MethodGet, 2 * time.Second, time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				took, err := exchange(t, test.method, test.after)
				if got := errors.Is(err, ErrInterrupted); got != test.interrupted || took != test.want {
					t.Errorf("after %s: %v, want %s and interrupted: %t", took, err, test.want, test.interrupted)
				}
			})
		})
	}
}

// With the context of a request that has been interrupted nothing is left running.
func TestAnInterruptionLeavesLaterRequestsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := newInterruptible(&slowProvider{after: time.Second})
		transport.interrupt()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://synqly.test/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := transport.RoundTrip(request)
		if err != nil {
			t.Fatalf("a later request: %v", err)
		}
		_ = response.Body.Close()
	})
}

func TestAConnectionThatWasReplacedSendsNothing(t *testing.T) {
	w := newWorld(t)
	ample := func(i *v1alpha1.Integration) {
		i.Spec.RateLimit = &v1alpha1.RateLimit{RequestsPerSecond: 100, Burst: 100}
	}
	before := w.mustOpen(t, w.integration(ample))
	after := w.mustOpen(t, w.integration(ample, generation(2)))
	_, err := before.CreateTicket(t.Context(), synqly.CreateTicketRequest{Name: "late"})
	if !errors.Is(err, ErrInterrupted) || synqly.CommitmentOf(err) != synqly.NotCommitted || len(w.requests) != 0 {
		t.Errorf("%v, %v, %d requests were sent", err, synqly.CommitmentOf(err), len(w.requests))
	}
	if _, err := after.GetTicket(t.Context(), "1"); errors.Is(err, ErrInterrupted) || len(w.requests) != 1 {
		t.Errorf("the connection in its place: %v", err)
	}
}

func TestAnIntegrationThatChangesInterruptsItsConnection(t *testing.T) {
	w := newWorld(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	w.answer = func(_ http.ResponseWriter, request *http.Request) {
		close(arrived)
		select {
		case <-request.Context().Done():
		case <-release:
		}
	}
	t.Cleanup(func() { close(release) })
	integration := w.integration()
	connection := w.mustOpen(t, integration)
	ended := make(chan error, 1)
	go func() {
		_, err := connection.GetTicket(t.Context(), "1")
		ended <- err
	}()
	<-arrived
	w.Interrupt(types.NamespacedName{Namespace: integration.Namespace, Name: integration.Name})
	if err := <-ended; !errors.Is(err, ErrInterrupted) || synqly.CommitmentOf(err) != synqly.Unconfirmed {
		t.Errorf("the request that was under way: %v, %v", err, synqly.CommitmentOf(err))
	}
}
