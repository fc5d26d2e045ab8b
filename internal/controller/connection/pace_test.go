// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
)

// refusingProvider answers with 429 what its own bucket does not take.
type refusingProvider struct {
	mu      sync.Mutex
	bucket  *rate.Limiter
	latency time.Duration
	refused int
}

// request sends one request and tells the budget how it was answered.
func (p *refusingProvider) request(budget *Budget) (created bool) {
	<-time.After(p.latency / 2)
	p.mu.Lock()
	reservation := p.bucket.Reserve()
	delay := reservation.Delay()
	if delay > 0 {
		reservation.Cancel()
		p.refused++
	}
	p.mu.Unlock()
	<-time.After(p.latency / 2)
	if delay > 0 {
		budget.Throttled(time.Duration(math.Ceil(delay.Seconds())) * time.Second)
		return false
	}
	budget.Answered()
	return true
}

// createAll lets four workers create objects, as the share of an Integration does. It returns how
// many requests were refused, and how long it took.
func createAll(t *testing.T, budget *Budget, provider *refusingProvider, count int) (refused int, took time.Duration) {
	t.Helper()
	begun := time.Now()
	objects := make(chan int, count)
	for i := range count {
		objects <- i
	}
	var group sync.WaitGroup
	var left sync.WaitGroup
	left.Add(count)
	for range 4 {
		group.Go(func() {
			for object := range objects {
				_, err := budget.ReserveFor(t.Context(), Waiter{Name: fmt.Sprint(object)})
				var wait *WaitError
				if errors.As(err, &wait) {
					// As the queue does: the worker goes on with another object.
					time.AfterFunc(wait.After, func() { objects <- object })
					continue
				}
				if !provider.request(budget) {
					objects <- object
					continue
				}
				left.Done()
			}
		})
	}
	left.Wait()
	close(objects)
	group.Wait()
	return provider.refused, time.Since(begun)
}

func TestAProviderWithASmallerBucketRefusesLessThanOneInAHundred(t *testing.T) {
	const creates = 200
	for name, test := range map[string]struct {
		rate    float64
		burst   int
		latency time.Duration
		longest time.Duration
	}{
		"as much as we":               {10, 20, 50 * time.Millisecond, 30 * time.Second},
		"half of the bucket":          {10, 10, 50 * time.Millisecond, 30 * time.Second},
		"a quarter of it":             {10, 5, 50 * time.Millisecond, 30 * time.Second},
		"a quarter, slow answers":     {10, 5, 300 * time.Millisecond, 30 * time.Second},
		"a smaller rate as well":      {8, 8, 50 * time.Millisecond, 45 * time.Second},
		"half of the rate":            {5, 5, 50 * time.Millisecond, 75 * time.Second},
		"half of the rate, slow ones": {5, 10, 300 * time.Millisecond, 75 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				provider := &refusingProvider{bucket: rate.NewLimiter(rate.Limit(test.rate), test.burst), latency: test.latency}
				refused, took := createAll(t, NewCautiousBudget(clock.RealClock{}, 10, 20), provider, creates)
				t.Logf("%d of %d refused in %s", refused, creates, took)
				if refused*100 >= creates {
					t.Errorf("%d of %d creates are answered with 429, want less than 1%%", refused, creates)
				}
				if took > test.longest {
					t.Errorf("they took %s, want %s at most", took, test.longest)
				}
			})
		})
	}
}

func TestAThrottledBudgetComesBackToWhatIsAllowedAndNotBeyond(t *testing.T) {
	budget, clk := NewBudget(clocktesting.NewFakeClock(start), 10, 20), clocktesting.NewFakeClock(start)
	budget.clock = clk
	for range 3 {
		budget.Throttled(time.Second)
		clk.Step(time.Second)
	}
	if got := budget.limiter.Limit(); got != 1.25 {
		t.Errorf("after three refusals %v a second, want an eighth of 10", got)
	}
	answers(budget, 200)
	if got := float64(budget.limiter.Limit()); math.Abs(got-2.5) > 1e-6 {
		t.Errorf("after 200 answers %v a second, want what the latest refusal has taken: 2.5", got)
	}
	answers(budget, 10_000)
	if rate, burst := budget.limiter.Limit(), budget.limiter.Burst(); rate != 10 || burst != 20 {
		t.Errorf("in the end %v a second and %d at once, want 10 and 20", rate, burst)
	}
}

func TestRefusalsOfOneMomentSlowDownOnce(t *testing.T) {
	clk := clocktesting.NewFakeClock(start)
	budget := NewBudget(clk, 10, 20)
	for range 4 {
		budget.Throttled(time.Second)
	}
	if got := budget.limiter.Limit(); got != 5 {
		t.Errorf("%v a second, want 5", got)
	}
}

// 5,000 objects wait for one request a second each when the rate is raised. The watch of their
// Integration brings them all back.
func TestARaisedRateGivesThoseWhoWaitOtherSlots(t *testing.T) {
	clk := clocktesting.NewFakeClock(start)
	budget := NewBudget(clk, 10, 1)
	reservations(t, budget, 1)
	last := func() time.Duration {
		var latest time.Duration
		for i := range 5000 {
			_, err := budget.ReserveFor(t.Context(), Waiter{Name: fmt.Sprint("object-", i)})
			latest = max(latest, refusal(t, err).After)
		}
		return latest
	}
	if got := last(); got != 500*time.Second {
		t.Fatalf("at 10 a second the last one waits %s, want 500s", got)
	}
	budget.SetRate(1250, 1)
	if got := last(); got != 4*time.Second {
		t.Errorf("at 1,250 a second the last one waits %s, want 4s", got)
	}
}

// Whatever wakes those who wait, a new token for example, does not put them behind their own slots.
func TestWhoComesBeforeHisSlotKeepsIt(t *testing.T) {
	budget, clk := newBudget()
	reservations(t, budget, 3)
	wait := func(waiter string) time.Duration {
		_, err := budget.ReserveFor(t.Context(), Waiter{Name: waiter})
		return refusal(t, err).After
	}
	first, second := wait("a"), wait("b")
	for range 10 {
		if got := wait("a"); got != first {
			t.Fatalf("a waits %s, want %s as before", got, first)
		}
	}
	if got := wait("c"); first != 500*time.Millisecond || second != time.Second || got != 1500*time.Millisecond {
		t.Errorf("a, b and c wait %s, %s and %s", first, second, got)
	}
	clk.Step(time.Hour)
	reservations(t, budget, 3)
	wait("d")
	if len(budget.lines.named) != 1 {
		t.Errorf("%d places are remembered, want that of d: the times of the others have passed", len(budget.lines.named))
	}
}
