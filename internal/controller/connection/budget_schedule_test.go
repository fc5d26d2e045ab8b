// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/utils/clock"
)

// schedule is a random run of workers over one budget, in virtual time: what went out when, and
// when the provider had asked for silence.
type schedule struct {
	budget *Budget

	mu    sync.Mutex
	sent  []time.Time
	holds [][2]time.Time
}

// send notes that a request has gone out. Now and then it is answered with a 429.
func (s *schedule) send(random *rand.Rand) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.sent = append(s.sent, now)
	if random.IntN(50) > 0 {
		s.budget.Answered()
		return
	}
	s.budget.Throttled(time.Duration(1+random.IntN(5000)) * time.Millisecond * time.Duration(random.IntN(2)))
	var wait *WaitError
	if errors.As(s.budget.Held(), &wait) {
		s.holds = append(s.holds, [2]time.Time{now, wait.Until})
	}
}

// work reconciles: a reserved request, after pause between the two, and up to three more. A
// reconcile that is refused waits for as long as it was told.
func (s *schedule) work(ctx context.Context, name string, random *rand.Rand, pause func() time.Duration) {
	wait := func(d time.Duration) {
		select {
		case <-time.After(d):
		case <-ctx.Done():
		}
	}
	for ctx.Err() == nil {
		reconcile, err := s.budget.ReserveFor(ctx, Waiter{Name: name})
		if err == nil {
			wait(pause())
		}
		for range 1 + random.IntN(3) {
			if err == nil {
				err = s.budget.Admit(reconcile)
			}
			if err == nil {
				s.send(random)
			}
		}
		var told *WaitError
		if errors.As(err, &told) {
			wait(told.After)
			continue
		}
		wait(time.Duration(random.IntN(300)) * time.Millisecond)
	}
}

// windows fails for each window in which more went out than burst, the extra that was reserved
// before, and what has refilled since.
func (s *schedule) windows(t *testing.T, rate, burst, extra int) {
	t.Helper()
	for from := range s.sent {
		for to := from; to < len(s.sent); to++ {
			allowed := float64(burst+extra) + float64(rate)*s.sent[to].Sub(s.sent[from]).Seconds()
			if float64(to-from+1) > allowed+1e-6 {
				t.Fatalf("%d requests in %s, want at most %.1f", to-from+1, s.sent[to].Sub(s.sent[from]), allowed)
			}
		}
	}
}

func (s *schedule) silence(t *testing.T) {
	t.Helper()
	for _, hold := range s.holds {
		for _, sent := range s.sent {
			if sent.After(hold[0]) && sent.Before(hold[1]) {
				t.Fatalf("a request went out at %s, during the hold from %s to %s", sent, hold[0], hold[1])
			}
		}
	}
}

// run lets workers use the budget for a minute and returns what happened.
func run(t *testing.T, seed uint64, rate, burst, workers int, pause func(*rand.Rand) time.Duration) *schedule {
	t.Helper()
	s := &schedule{budget: NewBudget(clock.RealClock{}, int32(rate), int32(burst))}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var group sync.WaitGroup
		for worker := range workers {
			random := rand.New(rand.NewPCG(seed, uint64(worker)))
			group.Go(func() { s.work(ctx, fmt.Sprint(worker), random, func() time.Duration { return pause(random) }) })
		}
		group.Wait()
	})
	if len(s.sent) < 10 {
		t.Fatalf("only %d requests went out", len(s.sent))
	}
	return s
}

func TestNoWindowExceedsTheBudget(t *testing.T) {
	const rate, burst, workers = 5, 4, 10
	holds := 0
	for seed := range uint64(20) {
		s := run(t, seed, rate, burst, workers, func(*rand.Rand) time.Duration { return 0 })
		s.windows(t, rate, burst, 0)
		s.silence(t)
		holds += len(s.holds)
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
	// Who is first of those who come at the same moment differs from run to run, and with it how
	// many requests there are of a seed.
	if holds < 10 {
		t.Errorf("%d holds in 20 runs, want one in every second run at least", holds)
	}
}

// A request counts when it is reserved. Where the reconcile takes its time before it sends it, as
// it does to record the intent of a create, the bucket refills in between: each worker can then be
// one request ahead, and no more.
func TestLateRequestsExceedTheBudgetByOneForEachWorkerAtMost(t *testing.T) {
	const rate, burst, workers = 5, 4, 6
	for seed := range uint64(10) {
		s := run(t, seed, rate, burst, workers, func(random *rand.Rand) time.Duration {
			return time.Duration(random.IntN(2000)) * time.Millisecond
		})
		s.windows(t, rate, burst, workers)
		s.silence(t)
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}
