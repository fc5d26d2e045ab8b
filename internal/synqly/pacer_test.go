// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/internal/synqly/contract"
)

// recordingPacer notes what it is told, and refuses with err.
type recordingPacer struct {
	err      error
	admitted int
	answers  []Answer
}

func (p *recordingPacer) Admit(context.Context) error { p.admitted++; return p.err }
func (p *recordingPacer) Answered(_ context.Context, answer Answer) {
	p.answers = append(p.answers, answer)
}

func TestPacerLearnsOfEveryAnswer(t *testing.T) {
	operation, _ := contract.Lookup(contract.GetTicket)
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    Answer
	}{
		"success": {
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Date", now.Add(time.Minute).Format(http.TimeFormat))
				respondJSON(200, string(operation.ExampleResponse))(w, r)
			},
			Answer{StatusCode: 200, ServerTime: now.Add(time.Minute)},
		},
		"success of a server without a clock": {
			func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Date"] = nil
				respondJSON(200, string(operation.ExampleResponse))(w, r)
			},
			Answer{StatusCode: 200},
		},
		"throttled": {
			func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "5")
				w.WriteHeader(http.StatusTooManyRequests)
			},
			Answer{StatusCode: 429, Class: Throttled, RetryAfter: 5 * time.Second},
		},
		"no answer": {func(w http.ResponseWriter, _ *http.Request) { closeConnection(t, w) }, Answer{Class: Unavailable}},
	} {
		t.Run(name, func(t *testing.T) {
			server, _ := newServer(t, test.handler)
			pacer := &recordingPacer{}
			client := newClient(t, Options{BaseURL: server.URL, Pacer: pacer})
			_, _ = client.PatchTicket(t.Context(), "1", exampleTicketPatch())
			test.want.Operation = contract.PatchTicket
			if diff := cmp.Diff([]Answer{test.want}, pacer.answers); diff != "" || pacer.admitted != 1 {
				t.Errorf("%d admitted, answers (-want +got):\n%s", pacer.admitted, diff)
			}
		})
	}
}

func TestPacerRefuses(t *testing.T) {
	for name, call := range operationCalls() {
		pacer := &recordingPacer{err: errors.New("not now")}
		client := newClient(t, Options{Pacer: pacer, Transport: roundTripper(func(*http.Request) (*http.Response, error) {
			t.Errorf("%s was sent", name)
			return nil, errors.New("sent")
		})})
		_, err := call.call(t.Context(), client)
		if !errors.Is(err, pacer.err) || CommitmentOf(err) != NotCommitted || len(pacer.answers) != 0 {
			t.Errorf("%s: error = %v (%v), %d answers", name, err, CommitmentOf(err), len(pacer.answers))
		}
	}
}
