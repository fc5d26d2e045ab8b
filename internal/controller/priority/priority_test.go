// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package priority

import (
	"slices"
	"testing"
)

// serve gives out turns while the classes wait without end, and counts those of each.
func serve(turns *Turns, count int, waiting ...Class) map[Class]int {
	served := map[Class]int{}
	for range count {
		next := waiting[0]
		for _, class := range waiting[1:] {
			if turns.Before(class, next) {
				next = class
			}
		}
		served[next]++
		turns.Served(next, func(class Class) bool { return slices.Contains(waiting, class) })
	}
	return served
}

func TestTheHighestClassComesFirst(t *testing.T) {
	var turns Turns
	for higher := NewTicket; higher < Poll; higher++ {
		for lower := higher + 1; lower <= Poll; lower++ {
			if !turns.Before(higher, lower) || turns.Before(lower, higher) {
				t.Errorf("class %d does not come before class %d", higher, lower)
			}
		}
	}
}

func TestEachClassHasItsShareWhileTheHigherOnesNeverEnd(t *testing.T) {
	all := []Class{NewTicket, Change, Addition, Deletion, Poll}
	for name, test := range map[string]struct {
		waiting []Class
		want    map[Class]int
	}{
		"all": {all, map[Class]int{NewTicket: 800, Change: 400, Addition: 200, Deletion: 100, Poll: 100}},
		// What others do not need goes to the highest class.
		"no new ticket":            {all[1:], map[Class]int{Change: 1200, Addition: 200, Deletion: 100, Poll: 100}},
		"new tickets and changes":  {all[:2], map[Class]int{NewTicket: 1200, Change: 400}},
		"new tickets and polls":    {[]Class{NewTicket, Poll}, map[Class]int{NewTicket: 1500, Poll: 100}},
		"deletions and polls only": {[]Class{Deletion, Poll}, map[Class]int{Deletion: 1500, Poll: 100}},
	} {
		t.Run(name, func(t *testing.T) {
			var turns Turns
			serve(&turns, 16, test.waiting...) // The first round begins with no credit.
			got := serve(&turns, 1600, test.waiting...)
			for class, want := range test.want {
				if got[class] < want-4 || got[class] > want+4 {
					t.Errorf("of 1600 turns class %d has %d, want %d", class, got[class], want)
				}
			}
		})
	}
}

// Whoever needs nothing has no claim to many turns at once later.
func TestNothingIsSavedUpWithoutNeed(t *testing.T) {
	var turns Turns
	serve(&turns, 1000, NewTicket)
	if got := serve(&turns, 4, NewTicket, Change); got[Change] != 1 && got[Change] != 0 {
		t.Errorf("of the next 4 turns changes have %d, want at most one", got[Change])
	}
	serve(&turns, 1000, NewTicket, Change)
	if got := serve(&turns, 8, NewTicket, Change); got[Change] != 2 {
		t.Errorf("of 8 turns changes have %d, want 2", got[Change])
	}
}

func TestATurnComesWithinWhatWasSaid(t *testing.T) {
	for _, class := range []Class{Change, Addition, Deletion, Poll} {
		for n := 1; n <= 3; n++ {
			for before := range 20 {
				var turns Turns
				serve(&turns, before, NewTicket, class)
				within, ok := turns.Within(class, n)
				if got := serve(&turns, within+1, NewTicket, class)[class]; !ok || got != n {
					t.Errorf("class %d after %d turns: %d of its turns within %d and one more, want %d", class, before, got, within, n)
				}
			}
		}
	}
	if _, ok := (&Turns{}).Within(NewTicket, 1); ok {
		t.Error("new tickets have a share, which they have no need of")
	}
}
