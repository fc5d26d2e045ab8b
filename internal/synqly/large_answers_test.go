// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// room counts the large answers that were admitted, and those that are in memory.
type room struct{ admitted, inMemory int }

func (r *room) admit(context.Context) (func(), error) {
	r.admitted++
	r.inMemory++
	return func() { r.inMemory-- }, nil
}

func ticketOf(size int) string {
	const around = `{"result": {"id": "1", "description": ""}}`
	return strings.Replace(around, `""`, `"`+strings.Repeat("x", size-len(around))+`"`, 1)
}

func ticketWith(objects int) string {
	return `{"result": {"id": "1", "attachments": [` + strings.TrimSuffix(strings.Repeat("{},", objects-1), ",") + `]}}`
}

func clientWithRoom(t *testing.T, answer http.HandlerFunc, admit func(context.Context) (func(), error)) *Client {
	t.Helper()
	server, _ := newServer(t, answer)
	return newClient(t, Options{BaseURL: server.URL, AdmitLarge: admit})
}

func TestLargeAnswersAskForRoomUntilTheyAreDecoded(t *testing.T) {
	for name, test := range map[string]struct {
		body     string
		admitted int
		problem  string
	}{
		"a small answer":         {body: ticketOf(largeFrom)},
		"a large one":            {body: ticketOf(largeFrom + 1), admitted: 1},
		"the largest":            {body: ticketOf(maxDataBytes), admitted: 1},
		"one that is too large":  {body: ticketOf(maxDataBytes + 1), admitted: 1, problem: "larger than 16 MiB"},
		"many objects":           {body: ticketWith(manyObjects), admitted: 1},
		"some objects":           {body: ticketWith(manyObjects - 1)},
		"too many values":        {body: `{"result": [` + strings.Repeat("1,", maxValues) + `1]}`, admitted: 1, problem: "more than 1000000 values"},
		"no ticket":              {body: `{"result": ["` + strings.Repeat("x", largeFrom) + `"]}`, admitted: 1, problem: "JSON type array"},
		"no answer, but a large": {body: strings.Repeat(" ", largeFrom+1), admitted: 1, problem: "it is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			var memory room
			client := clientWithRoom(t, respondJSON(200, test.body), memory.admit)
			_, err := client.GetTicket(t.Context(), "1")
			if test.problem == "" && err != nil || test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)) {
				t.Errorf("error = %v, want %q", err, test.problem)
			}
			if memory.admitted != test.admitted || memory.inMemory != 0 {
				t.Errorf("%d answers were admitted, want %d, and %d of them are still in memory", memory.admitted, test.admitted, memory.inMemory)
			}
		})
	}
}

func TestLargeAnswersOfEachKindGiveTheirRoomBack(t *testing.T) {
	var memory room
	padding := strings.Repeat(" ", largeFrom)
	client := clientWithRoom(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			respondJSON(200, `{}`+padding)(w, r)
			return
		}
		respondJSON(200, page("", "1")+padding)(w, r)
	}, memory.admit)
	if _, err := All(client.ListComments(t.Context(), "1")); err != nil {
		t.Error(err)
	}
	if err := client.DeleteComment(t.Context(), "1", "2"); err != nil {
		t.Error(err)
	}
	if memory.admitted != 2 || memory.inMemory != 0 {
		t.Errorf("%d answers were admitted, want 2, and %d of them are still in memory", memory.admitted, memory.inMemory)
	}
}

func TestALargeAnswerThatBreaksOffGivesItsRoomBack(t *testing.T) {
	var memory room
	client := clientWithRoom(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(2*largeFrom))
		_, _ = w.Write([]byte(ticketOf(largeFrom + 1)))
	}, memory.admit)
	_, err := client.GetTicket(t.Context(), "1")
	var decode *DecodeError
	if !errors.As(err, &decode) || memory.admitted != 1 || memory.inMemory != 0 {
		t.Errorf("error = %v, want a *DecodeError; %d answers admitted, %d still in memory", err, memory.admitted, memory.inMemory)
	}
}

func TestALargeAnswerThatIsSlowGivesItsRoomBack(t *testing.T) {
	var memory room
	ended := make(chan struct{})
	client := clientWithRoom(t, func(w http.ResponseWriter, r *http.Request) {
		respondJSON(200, strings.TrimSuffix(ticketOf(largeFrom+2), "}"))(w, r)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(ended)
	}, memory.admit)
	client.largeTime = time.Millisecond
	_, err := client.GetTicket(t.Context(), "1")
	var transport *TransportError
	if !errors.As(err, &transport) || !strings.Contains(err.Error(), "the rest takes longer than 15s") || memory.admitted != 1 || memory.inMemory != 0 {
		t.Errorf("error = %v, want a *TransportError that says so; %d answers admitted, %d still in memory", err, memory.admitted, memory.inMemory)
	}
	<-ended
}

// The provider does not count as down because this process has no room.
func TestPacerLearnsOfAnAnswerWithoutRoom(t *testing.T) {
	pacer := &recordingPacer{}
	server, _ := newServer(t, respondJSON(200, ticketOf(largeFrom+1)))
	client := newClient(t, Options{BaseURL: server.URL, Pacer: pacer, AdmitLarge: func(context.Context) (func(), error) {
		return nil, context.DeadlineExceeded
	}})
	if _, err := client.GetTicket(t.Context(), "1"); err == nil {
		t.Fatal("the answer was read")
	}
	if len(pacer.answers) != 1 || pacer.answers[0].StatusCode != http.StatusOK || pacer.answers[0].Class != ClassOf(nil) {
		t.Errorf("the pacer learns %+v, want an answer with the status 200", pacer.answers)
	}
}

func TestACreateWithoutRoomForItsAnswerMayHaveHappened(t *testing.T) {
	client := clientWithRoom(t, respondJSON(200, ticketOf(largeFrom+1)), func(context.Context) (func(), error) {
		return nil, context.DeadlineExceeded
	})
	_, err := client.CreateTicket(t.Context(), CreateTicketRequest{Name: "n", Summary: "s", Project: "p"})
	if CommitmentOf(err) != Unconfirmed {
		t.Errorf("CommitmentOf(%v) = %v, want Unconfirmed", err, CommitmentOf(err))
	}
	var transport *TransportError
	if !errors.As(err, &transport) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "there was no room for it") {
		t.Errorf("error = %v, want a *TransportError that says what the time went for", err)
	}
}
