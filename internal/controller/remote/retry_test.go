// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
)

var (
	ticketName  = types.NamespacedName{Namespace: "team-a", Name: "checkout"}
	otherTicket = types.NamespacedName{Namespace: "team-b", Name: "checkout"}
)

func backingOff() outcome { return outcome{retry: retryBackoff} }

// within fails unless the pause is between shortest and longest.
func within(t *testing.T, what string, pause, shortest, longest time.Duration) {
	t.Helper()
	if pause < shortest || pause > longest {
		t.Errorf("%s: a pause of %s, want %s to %s", what, pause, shortest, longest)
	}
}

// longer is a pause with the most jitter that it may get.
func longer(pause time.Duration) time.Duration {
	return pause + time.Duration(jitter*float64(pause))
}

func TestBackoffDoublesUpToItsCap(t *testing.T) {
	clk := clocktesting.NewFakeClock(start)
	r := newRetries(clk)
	pause := r.failed(ticketName, "spec 1", backingOff())
	within(t, "the first failure", pause, firstBackoff, longer(firstBackoff))
	for failure := 2; failure <= 20; failure++ {
		clk.Step(pause)
		next := r.failed(ticketName, "spec 1", backingOff())
		within(t, fmt.Sprintf("failure %d", failure), next, min(2*pause, longestBackoff), min(2*pause+time.Duration(jitter*float64(pause)), longestBackoff))
		pause = next
	}
	if pause != 5*time.Minute {
		t.Errorf("after 20 failures the pause is %s, want 5m", pause)
	}
}

func TestBackoffSpreadsObjectsThatFailTogether(t *testing.T) {
	r := newRetries(clocktesting.NewFakeClock(start))
	for kind, result := range map[string]outcome{"backoff": backingOff(), "slowly": {retry: retrySlowly}} {
		pauses := map[time.Duration]bool{}
		for object := range 20 {
			pauses[r.failed(types.NamespacedName{Name: fmt.Sprint(kind, object)}, "", result)] = true
		}
		if len(pauses) < 10 {
			t.Errorf("%s: 20 objects have %d different pauses", kind, len(pauses))
		}
	}
}

func TestPausesByKindOfRetry(t *testing.T) {
	for name, test := range map[string]struct {
		result            outcome
		shortest, longest time.Duration
	}{
		"never":                {outcome{retry: retryNever}, 0, 0},
		"never, whatever else": {outcome{retry: retryNever, after: time.Hour}, 0, 0},
		"after":                {outcome{retry: retryAfter, after: 7 * time.Second}, 7 * time.Second, 7 * time.Second},
		"backoff":              {backingOff(), firstBackoff, longer(firstBackoff)},
		"slowly":               {outcome{retry: retrySlowly}, slowRetry, longer(slowRetry)},
	} {
		r := newRetries(clocktesting.NewFakeClock(start))
		pause := r.failed(ticketName, "spec 1", test.result)
		within(t, name, pause, test.shortest, test.longest)
		if got := r.remaining(ticketName, "spec 1"); got != pause {
			t.Errorf("%s: %s remain of %s", name, got, pause)
		}
	}
}

func TestPauseHoldsUntilItsEndOrAnotherBasis(t *testing.T) {
	clk := clocktesting.NewFakeClock(start)
	r := newRetries(clk)
	r.failed(ticketName, "spec 1", outcome{retry: retryAfter, after: 10 * time.Second})

	type question struct {
		at     time.Duration
		name   types.NamespacedName
		inputs string
	}
	for asked, want := range map[question]time.Duration{
		{0, ticketName, "spec 1"}:                10 * time.Second,
		{4 * time.Second, ticketName, "spec 1"}:  6 * time.Second,
		{10 * time.Second, ticketName, "spec 1"}: 0,
		{time.Hour, ticketName, "spec 1"}:        0,
		{0, ticketName, "spec 2"}:                0,
		{0, otherTicket, "spec 1"}:               0,
	} {
		clk.SetTime(start.Add(asked.at))
		if got := r.remaining(asked.name, asked.inputs); got != want {
			t.Errorf("%+v: %s remain, want %s", asked, got, want)
		}
	}
}

func TestWhatEndsTheGrowthOfPauses(t *testing.T) {
	for name, test := range map[string]struct {
		between func(*retries)
		inputs  string
		starts  bool // the pause starts over
	}{
		"nothing":                   {func(*retries) {}, "spec 1", false},
		"success":                   {func(r *retries) { r.succeeded(ticketName) }, "spec 1", true},
		"a refusal":                 {func(r *retries) { r.failed(ticketName, "spec 1", outcome{retry: retryNever}) }, "spec 1", true},
		"other inputs":              {func(*retries) {}, "spec 2", true},
		"the success of another":    {func(r *retries) { r.succeeded(otherTicket) }, "spec 1", false},
		"waiting for the budget":    {func(r *retries) { r.failed(ticketName, "spec 1", outcome{retry: retryAfter, after: 1}) }, "spec 1", false},
		"the failure of another":    {func(r *retries) { r.failed(otherTicket, "spec 1", backingOff()) }, "spec 1", false},
		"being asked what remains":  {func(r *retries) { r.remaining(ticketName, "spec 2") }, "spec 1", false},
		"a slow retry in between":   {func(r *retries) { r.failed(ticketName, "spec 1", outcome{retry: retrySlowly}) }, "spec 1", false},
		"forgetting by another one": {func(r *retries) { r.failed(otherTicket, "", outcome{retry: retryNever}) }, "spec 1", false},
	} {
		clk := clocktesting.NewFakeClock(start)
		r := newRetries(clk)
		for range 4 {
			clk.Step(r.failed(ticketName, "spec 1", backingOff()))
		}
		test.between(r)
		pause := r.failed(ticketName, test.inputs, backingOff())
		if test.starts {
			within(t, name, pause, firstBackoff, longer(firstBackoff))
		} else {
			within(t, name, pause, 16*firstBackoff, 40*firstBackoff)
		}
	}
}

func TestAttemptIsTimedFromWhenItWasFirstSeen(t *testing.T) {
	clk := clocktesting.NewFakeClock(start)
	a := newAttempts[string](clk)
	a.started(ticketName, "uid-1", intent{attempt: 1})
	clk.Step(time.Minute)
	for name, test := range map[string]struct {
		uid    types.UID
		number int64
		want   time.Time
	}{
		"the same attempt":                   {"uid-1", 1, start},
		"the next attempt":                   {"uid-1", 2, start.Add(time.Minute)},
		"another object of the same name":    {"uid-2", 1, start.Add(time.Minute)},
		"an attempt with a number that fell": {"uid-1", 0, start.Add(time.Minute)},
	} {
		a := newAttempts[string](clk)
		clk.SetTime(start)
		a.started(ticketName, "uid-1", intent{attempt: 1})
		a.answered(ticketName, new(string))
		a.foundNothing(ticketName)
		clk.Step(time.Minute)
		got := a.observe(ticketName, test.uid, test.number)
		if !got.since.Equal(test.want) {
			t.Errorf("%s: known since %s, want %s", name, got.since, test.want)
		}
		if kept := test.want.Equal(start); (got.answer != nil) != kept || (got.emptyLookups == 1) != kept {
			t.Errorf("%s: answer %v, %d empty look-ups, want them kept: %t", name, got.answer, got.emptyLookups, kept)
		}
	}
}

func TestAttemptKeepsItsAnswerUntilItIsForgotten(t *testing.T) {
	a := newAttempts[string](clocktesting.NewFakeClock(start))
	answer := "10023"
	a.started(ticketName, "uid-1", intent{attempt: 1})
	a.answered(ticketName, &answer)
	if got := a.observe(ticketName, "uid-1", 1).answer; got != &answer {
		t.Errorf("the answer is %v", got)
	}
	if got := a.observe(otherTicket, "uid-9", 1).answer; got != nil {
		t.Errorf("another object has the answer %q", *got)
	}
	a.forget(ticketName)
	if got := a.observe(ticketName, "uid-1", 1).answer; got != nil {
		t.Errorf("the answer %q was forgotten", *got)
	}
}

func TestEmptyLookupsAreCounted(t *testing.T) {
	a := newAttempts[string](clocktesting.NewFakeClock(start))
	counts := []int{a.foundNothing(ticketName)}
	a.started(ticketName, "uid-1", intent{attempt: 1})
	counts = append(counts, a.foundNothing(ticketName), a.foundNothing(ticketName), a.foundNothing(otherTicket))
	a.started(ticketName, "uid-1", intent{attempt: 2})
	counts = append(counts, a.foundNothing(ticketName))
	if diff := cmp.Diff([]int{0, 1, 2, 0, 1}, counts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnswerToAnUnknownAttemptIsDropped(t *testing.T) {
	a := newAttempts[string](clocktesting.NewFakeClock(start))
	answer := "10023"
	a.answered(ticketName, &answer)
	if got := a.observe(ticketName, "uid-1", 1).answer; got != nil {
		t.Errorf("the answer is %q", *got)
	}
}
