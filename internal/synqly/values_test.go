// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

// The manager's memory is everybody's, and any tenant may name the server.
func TestAnswersOfManySmallValuesAreRefused(t *testing.T) {
	repeated := func(before, value, after string) string {
		return before + strings.Repeat(value+",", (15<<20)/(len(value)+1)) + value + after
	}
	for name, test := range map[string]struct{ body, want string }{
		"tickets":              {repeated(`{"result":[`, `{"id":"1"}`, `]}`), "it has more than 100000 objects"},
		"objects in a ticket":  {repeated(`{"result":[{"id":"1","attachments":[`, `{}`, `]}]}`), "it has more than 100000 objects"},
		"problems":             {repeated(`{"result":[],"messages":{"problems":[`, `{}`, `]}}`), "it has more than 100000 objects"},
		"texts in a ticket":    {repeated(`{"result":[{"id":"1","tags":[`, `""`, `]}]}`), "it has more than 1000000 values"},
		"lists that are empty": {repeated(`{"result":[{"id":"1","tags":[`, `[]`, `]}]}`), "it has more than 1000000 values"},
	} {
		t.Run(name, func(t *testing.T) {
			_, client := newServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(test.body)) })
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := firstPage(t, client)
			runtime.ReadMemStats(&after)
			if !IsTooLarge(err) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got the error %v, want one that says %q", err, test.want)
			}
			// To read a body takes several times its length.
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 160<<20 {
				t.Errorf("it took %d MiB of memory", allocated>>20)
			}
		})
	}
}

func TestTextsAreNoValues(t *testing.T) {
	text := strings.Repeat(`{[,\"`, 1<<20)
	if found := tooManyValues([]byte(`{"result":{"id":"1","description":"` + text + `"}}`)); found != "" {
		t.Errorf("a long text: %s", found)
	}
	if found := tooManyValues([]byte("[" + strings.Repeat("{},", maxObjects) + "{}]")); found == "" {
		t.Error("too many objects are not found")
	}
}

func TestNoMoreWarningsAreReadThanAreShown(t *testing.T) {
	problems := make([]string, 0, 2*maxWarnings)
	for i := range 2 * maxWarnings {
		problems = append(problems, fmt.Sprintf(`{"title":"problem %d"}`, i))
	}
	_, client := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"result":[],"messages":{"problems":[%s]}}`, strings.Join(problems, ","))
	})
	page, err := firstPage(t, client)
	if err != nil || len(page.Messages) != maxWarnings {
		t.Errorf("%d problems (error %v), want %d", len(page.Messages), err, maxWarnings)
	}
}

func firstPage(t *testing.T, client *Client) (Page[Ticket], error) {
	t.Helper()
	for page, err := range client.QueryTickets(t.Context(), TicketQuery{}) {
		return page, err
	}
	t.Fatal("there is no page")
	return Page[Ticket]{}, nil
}
