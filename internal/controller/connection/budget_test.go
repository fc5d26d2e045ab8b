// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newBudget returns a full budget of 2 requests a second, 3 at once, and its clock.
func newBudget() (*Budget, *clocktesting.FakeClock) {
	clk := clocktesting.NewFakeClock(start)
	return NewBudget(clk, 2, 3), clk
}

// reservations takes so many requests that must be had.
func reservations(t *testing.T, budget *Budget, count int) {
	t.Helper()
	for i := range count {
		if _, err := budget.Reserve(t.Context()); err != nil {
			t.Fatalf("reservation %d of %d: %v", i+1, count, err)
		}
	}
}

// refusal is the *WaitError that err must be.
func refusal(t *testing.T, err error) WaitError {
	t.Helper()
	var wait *WaitError
	if !errors.As(err, &wait) {
		t.Fatalf("error = %v, want a *WaitError", err)
	}
	return *wait
}

// asked is the refusal during a hold that began at start.
func asked(after time.Duration, now time.Time) WaitError {
	return WaitError{Until: now.Add(after), After: after, Asked: true}
}

func TestReserveHandsOutTheBurstAndThenSlots(t *testing.T) {
	budget, clk := newBudget()
	reservations(t, budget, 3)

	var got []WaitError
	for range 3 {
		_, err := budget.Reserve(t.Context())
		got = append(got, refusal(t, err))
	}
	slot := func(after time.Duration) WaitError { return WaitError{Until: start.Add(after), After: after} }
	want := []WaitError{slot(500 * time.Millisecond), slot(time.Second), slot(1500 * time.Millisecond)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("slots (-want +got):\n%s", diff)
	}

	for i := range 3 {
		clk.Step(500 * time.Millisecond)
		if _, err := budget.Reserve(t.Context()); err != nil {
			t.Errorf("whoever comes at slot %d is refused: %v", i+1, err)
		}
	}
}

func TestSlotsOfThePastAreForgotten(t *testing.T) {
	budget, clk := newBudget()
	reservations(t, budget, 3)
	_, _ = budget.Reserve(t.Context())
	clk.Step(time.Hour)
	reservations(t, budget, 3)
	_, err := budget.Reserve(t.Context())
	if got, want := refusal(t, err).After, 500*time.Millisecond; got != want {
		t.Errorf("the slot is in %s, want %s", got, want)
	}
}

func TestBudgetRefillsToTheBurstAndNoFurther(t *testing.T) {
	budget, clk := newBudget()
	reservations(t, budget, 3)
	clk.Step(time.Hour)
	reservations(t, budget, 3)
	if _, err := budget.Reserve(t.Context()); err == nil {
		t.Error("a fourth request is admitted at once, with a burst of 3")
	}
}

func TestAdmitWaitsUntilTheBucketHasRefilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget, clk := newBudget()
		reservations(t, budget, 3)
		admitted := make(chan error, 2)
		for range 2 {
			go func() { admitted <- budget.Admit(t.Context()) }()
			synctest.Wait()
		}
		for _, step := range []struct {
			by   time.Duration
			want int
		}{{499 * time.Millisecond, 0}, {time.Millisecond, 1}, {499 * time.Millisecond, 0}, {time.Millisecond, 1}} {
			clk.Step(step.by)
			synctest.Wait()
			if got := len(admitted); got != step.want {
				t.Fatalf("at %s: %d admitted, want %d", clk.Since(start), got, step.want)
			}
			for range step.want {
				if err := <-admitted; err != nil {
					t.Errorf("Admit = %v", err)
				}
			}
		}
	})
}

// A worker does not sleep for a turn that comes too late to be of use.
func TestNobodyWaitsForATurnAfterTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := NewBudget(clock.RealClock{}, 2, 3)
		reservations(t, budget, 3)
		begun := time.Now()
		hurried, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		defer cancel()
		if got, want := refusal(t, budget.Admit(hurried)).After, 500*time.Millisecond; got != want || time.Since(begun) != 0 {
			t.Errorf("told after %s to come back after %s, want %s at once", time.Since(begun), got, want)
		}
		// And nothing is taken from the bucket for it.
		patient, cancel := context.WithTimeout(t.Context(), 600*time.Millisecond)
		defer cancel()
		if err := budget.Admit(patient); err != nil || time.Since(begun) != 500*time.Millisecond {
			t.Errorf("the next one gets %v after %s, want its turn after 500ms", err, time.Since(begun))
		}
	})
}

// In the background, half of the bucket is for others, and patience has an end.
func TestBackgroundRequestsLetOthersGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clk := clocktesting.NewFakeClock(start)
		budget := NewBudget(clk, 2, 10)
		background := Background(t.Context())
		for range 5 {
			if err := budget.Admit(background); err != nil {
				t.Fatal(err)
			}
		}
		admitted := make(chan error, 2)
		listPage := func() { admitted <- budget.Admit(background) }
		expect := func(when string, want int) {
			t.Helper()
			synctest.Wait()
			if got := len(admitted); got != want {
				t.Fatalf("%s: %d admitted, want %d", when, got, want)
			}
			for range want {
				if err := <-admitted; err != nil {
					t.Errorf("Admit = %v", err)
				}
			}
		}
		go listPage()
		expect("with half of the bucket left", 0)
		reservations(t, budget, 1)
		clk.Step(999 * time.Millisecond)
		expect("while others have taken one more", 0)
		clk.Step(time.Millisecond)
		expect("when there is more than half again", 1)

		reservations(t, budget, 5)
		go listPage()
		expect("with an empty bucket", 0)
		for range 3 {
			clk.Step(500 * time.Millisecond)
			expect("while others take all that there is", 0)
			reservations(t, budget, 1)
		}
		clk.Step(500 * time.Millisecond)
		expect("at the end of its patience", 1)
	})
}

// With a slow budget, a poll leaves three of four requests to others.
func TestPatienceInTheBackgroundIsLongerWhereRequestsAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := NewBudget(clock.RealClock{}, 1, 1)
		begun := time.Now()
		others, end := context.WithTimeout(t.Context(), 40*time.Second)
		defer end()
		var group sync.WaitGroup
		group.Go(func() {
			for budget.Admit(others) == nil {
			}
		})
		listed := 0
		for time.Since(begun) < 40*time.Second {
			if err := budget.Admit(Background(t.Context())); err != nil {
				t.Fatal(err)
			}
			listed++
		}
		group.Wait()
		if listed < 7 || listed > 10 {
			t.Errorf("%d of 40 requests are of the poll, want a quarter at most", listed)
		}
	})
}

func TestAdmitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget, _ := newBudget()
		reservations(t, budget, 3)
		ctx, cancel := context.WithCancel(t.Context())
		admitted := make(chan error, 1)
		go func() { admitted <- budget.Admit(ctx) }()
		synctest.Wait()
		cancel()
		if err := <-admitted; !errors.Is(err, context.Canceled) {
			t.Errorf("Admit = %v, want the context's end", err)
		}
	})
}

func TestAdmitIsRefusedByAHoldThatBeginsWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget, clk := newBudget()
		reservations(t, budget, 3)
		admitted := make(chan error, 1)
		go func() { admitted <- budget.Admit(t.Context()) }()
		synctest.Wait()
		budget.Throttled(time.Minute)
		clk.Step(500 * time.Millisecond)
		want := WaitError{Until: start.Add(time.Minute), After: 59500 * time.Millisecond, Asked: true}
		if diff := cmp.Diff(want, refusal(t, <-admitted)); diff != "" {
			t.Errorf("refusal (-want +got):\n%s", diff)
		}
	})
}

func TestReservationAdmitsOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget, clk := newBudget()
		reservations(t, budget, 2)
		ctx, err := budget.Reserve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := budget.Admit(ctx); err != nil {
			t.Fatalf("the reserved request: %v", err)
		}
		second := make(chan error, 1)
		go func() { second <- budget.Admit(ctx) }()
		synctest.Wait()
		if len(second) != 0 {
			t.Fatal("the reservation admitted a second request")
		}
		clk.Step(500 * time.Millisecond)
		if err := <-second; err != nil {
			t.Errorf("the second request, at its time: %v", err)
		}
	})
}

func TestReservationIsForItsOwnBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, _ := newBudget()
		ctx, err := one.Reserve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		other, clk := newBudget()
		reservations(t, other, 3)
		admitted := make(chan error, 1)
		go func() { admitted <- other.Admit(ctx) }()
		synctest.Wait()
		if len(admitted) != 0 {
			t.Error("a reservation of one Integration admitted a request of another")
		}
		clk.Step(time.Second)
		if err := <-admitted; err != nil {
			t.Errorf("Admit = %v", err)
		}
	})
}

func TestAdmitWithoutReservationTakesFromTheBucket(t *testing.T) {
	budget, _ := newBudget()
	for i := range 3 {
		if err := budget.Admit(t.Context()); err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
	}
	if _, err := budget.Reserve(t.Context()); err == nil {
		t.Error("three requests went out, and a fourth of a burst of 3 is reserved")
	}
}

func TestHoldRefusesEverythingUntilItsEnd(t *testing.T) {
	budget, clk := newBudget()
	reserved, err := budget.Reserve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	budget.Throttled(30 * time.Second)

	requests := map[string]func() error{
		"Held":                        budget.Held,
		"Reserve":                     func() error { _, err := budget.Reserve(t.Context()); return err },
		"Admit":                       func() error { return budget.Admit(t.Context()) },
		"Admit of an earlier Reserve": func() error { return budget.Admit(reserved) },
	}
	for _, now := range []time.Duration{0, 10 * time.Second, 30*time.Second - 1} {
		clk.SetTime(start.Add(now))
		for name, request := range requests {
			if diff := cmp.Diff(asked(30*time.Second-now, clk.Now()), refusal(t, request())); diff != "" {
				t.Errorf("%s at %s (-want +got):\n%s", name, now, diff)
			}
		}
	}
	clk.SetTime(start.Add(30 * time.Second))
	for name, request := range requests {
		if err := request(); err != nil {
			t.Errorf("%s after the hold: %v", name, err)
		}
		clk.Step(time.Second) // One by one, as after each 429.
	}
}

func TestReservationSurvivesAHold(t *testing.T) {
	budget, clk := newBudget()
	reserved, err := budget.Reserve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	budget.Throttled(time.Second)
	if err := budget.Admit(reserved); err == nil {
		t.Fatal("a request went out during a hold")
	}
	clk.Step(time.Second)
	reservations(t, budget, 1)
	if err := budget.Admit(reserved); err != nil {
		t.Errorf("a request that was reserved and never sent: %v", err)
	}
}

func TestShorterHoldDoesNotCutALongerOne(t *testing.T) {
	budget, clk := newBudget()
	budget.Throttled(time.Minute)
	budget.Throttled(time.Second)
	budget.Throttled(0)
	if diff := cmp.Diff(asked(time.Minute, clk.Now()), refusal(t, budget.Held())); diff != "" {
		t.Errorf("hold (-want +got):\n%s", diff)
	}
}

func TestHoldWithoutRetryAfterDoublesUpToAMinute(t *testing.T) {
	budget, clk := newBudget()
	var got []time.Duration
	for range 8 {
		budget.Throttled(0)
		hold := refusal(t, budget.Held()).After
		got = append(got, hold)
		clk.Step(hold)
	}
	const s = time.Second
	if diff := cmp.Diff([]time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 60 * s, 60 * s}, got); diff != "" {
		t.Errorf("holds (-want +got):\n%s", diff)
	}

	budget.Answered()
	budget.Throttled(0)
	if got := refusal(t, budget.Held()).After; got != s {
		t.Errorf("after an answer that was no 429 the hold is %s, want %s", got, s)
	}
}

// Requests that were on their way together are answered together, and that is one refusal of the
// provider, not many.
func TestAnswersToRequestsSentBeforeTheHoldDoNotLengthenIt(t *testing.T) {
	budget, clk := newBudget()
	for range 10 {
		budget.Throttled(0)
	}
	if diff := cmp.Diff(asked(time.Second, clk.Now()), refusal(t, budget.Held())); diff != "" {
		t.Errorf("hold (-want +got):\n%s", diff)
	}
}

func TestAnsweredDoesNotEndAHold(t *testing.T) {
	budget, _ := newBudget()
	budget.Throttled(time.Minute)
	budget.Answered()
	if budget.Held() == nil {
		t.Error("the answer to an earlier request ended the hold")
	}
}

func TestSetRateKeepsWhatIsUsedUpAndTheHold(t *testing.T) {
	budget, clk := newBudget()
	reservations(t, budget, 3)
	budget.SetRate(10, 100)
	if _, err := budget.Reserve(t.Context()); err == nil {
		t.Error("the new burst is there at once; want it to fill at the new rate")
	}
	clk.Step(time.Second)
	reservations(t, budget, 10)
	if _, err := budget.Reserve(t.Context()); err == nil {
		t.Error("more than 10 a second")
	}

	budget.Throttled(time.Minute)
	budget.SetRate(1000, 1000)
	if diff := cmp.Diff(asked(time.Minute, clk.Now()), refusal(t, budget.Held())); diff != "" {
		t.Errorf("hold (-want +got):\n%s", diff)
	}
}

func TestSetRateLowersTheBurstAtOnce(t *testing.T) {
	budget, _ := newBudget()
	budget.SetRate(1, 1)
	reservations(t, budget, 1)
	_, err := budget.Reserve(t.Context())
	if got := refusal(t, err).After; got != time.Second {
		t.Errorf("the slot is in %s, want 1s", got)
	}
}

func TestWaitErrorSaysThatNothingWasSent(t *testing.T) {
	for name, test := range map[string]struct {
		err  WaitError
		want string
	}{
		"asked":  {asked(time.Minute, start), "no request is sent before 2026-03-01T12:01:00Z"},
		"budget": {WaitError{Until: start, After: time.Second}, "rateLimit"},
	} {
		if !test.err.NeverSent() || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("%s: NeverSent = %t, text %q, want %q in it", name, test.err.NeverSent(), &test.err, test.want)
		}
	}
}

func TestARequestThatWasReservedHasLetOthersGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget, _ := newBudget()
		reservations(t, budget, 2)
		reserved, err := budget.Reserve(Background(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		if err := budget.Admit(reserved); err != nil {
			t.Fatal(err)
		}
		second := make(chan error, 1)
		ctx, cancel := context.WithCancel(reserved)
		go func() { second <- budget.Admit(ctx) }()
		synctest.Wait()
		select {
		case err := <-second:
			t.Errorf("the next request did not wait: %v", err)
		default:
		}
		cancel()
		if err := <-second; !errors.Is(err, context.Canceled) {
			t.Errorf("Admit = %v, want the context's end", err)
		}
	})
}
