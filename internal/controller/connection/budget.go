// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/utils/clock"

	"github.com/synqly/ticketing-operator/internal/controller/priority"
)

const (
	// firstHold and longestHold bound the pause after a 429 without Retry-After. It doubles from
	// one such answer to the next.
	firstHold   = time.Second
	longestHold = time.Minute
)

// WaitError says that no request may go out yet. Nothing has been sent.
type WaitError struct {
	// Until is the time at which to try again.
	Until time.Time
	// After is how long that is from now.
	After time.Duration
	// Asked is true where the provider asked for the pause, with a 429 or with the Retry-After of
	// another answer. With neither this nor Outage, the Integration's own rateLimit is used up.
	Asked bool
	// Outage is true where the provider counts as down.
	Outage bool
}

func (e *WaitError) Error() string {
	if e.Outage {
		return "the provider does not answer: requests continue when it does"
	}
	if e.Asked {
		return fmt.Sprintf("the provider asked for a pause: no request is sent before %s", e.Until.UTC().Format(time.RFC3339))
	}
	return "the request budget (rateLimit) of the Integration is used up at the moment"
}

// NeverSent tells the client that the request did not leave the process.
func (e *WaitError) NeverSent() bool { return true }

// Budget paces all requests of one connection: a token bucket whose size and rate follow what the
// provider takes, up to rateLimit (pace), and a hold that a 429, or a Retry-After, puts on
// everything.
//
// A reconcile asks for its first request with Reserve, which never blocks: the worker is free for
// other objects while this one waits in the queue, for the turn that its class and its namespace
// have (lines). Further requests of the same reconcile wait in Admit, for as long as the bucket
// takes to refill, because starting over would send the first ones again, and with a slow budget
// never get beyond them. They come before those that wait for their first one, so they wait for no
// more than the requests of the other workers of the Integration's share, and hold none but these.
// A request whose turn comes after the deadline of its reconcile does not wait for that: the
// reconcile is told to come back.
//
// Requests in the Background leave half of the bucket to all others, so that a new ticket does not
// wait behind a long list; with nothing left for them they go out all the same, one every
// backgroundPatience, or one in backgroundShare where that is less.
type Budget struct {
	clock clock.Clock

	mu        sync.Mutex
	limiter   *rate.Limiter
	pace      pace
	outage    outage
	lines     lines
	heldUntil time.Time
	// throttledUntil is the part of it that 429s have asked for.
	throttledUntil time.Time
	lastHold       time.Duration // the pause after the latest 429 that named none
}

// NewBudget returns a full bucket of burst requests that refills at requestsPerSecond.
func NewBudget(clk clock.Clock, requestsPerSecond, burst int32) *Budget {
	return &Budget{
		clock: clk, limiter: rate.NewLimiter(rate.Limit(requestsPerSecond), int(burst)), lines: newLines(),
		pace: newPace(float64(requestsPerSecond), float64(burst)),
	}
}

// NewCautiousBudget returns a budget for a provider of which nothing is known yet: it begins below
// what is allowed.
func NewCautiousBudget(clk clock.Clock, requestsPerSecond, burst int32) *Budget {
	budget := NewBudget(clk, requestsPerSecond, burst)
	budget.pace.begin()
	budget.limiter = rate.NewLimiter(budget.pace.limit(), budget.pace.size())
	return budget
}

// SetRate changes what is allowed. What has been used up stays, and so do the hold and how much
// less than allowed the provider takes. Those who wait keep their places, and are told another time
// when they come.
func (b *Budget) SetRate(requestsPerSecond, burst int32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pace.allow(float64(requestsPerSecond), float64(burst))
	b.applyPace()
	b.outage = outage{} // It may be another address, or a token that is answered.
}

func (b *Budget) applyPace() {
	now := b.clock.Now()
	b.limiter.SetLimitAt(now, b.pace.limit())
	b.limiter.SetBurstAt(now, b.pace.size())
}

type reservationKey struct{}

// reservation is a request that has been taken from the bucket and not been sent.
type reservation struct {
	budget *Budget
	sent   atomic.Bool
}

// reserved is the request that the context has reserved and not sent, or nil.
func (b *Budget) reserved(ctx context.Context) *reservation {
	held, has := ctx.Value(reservationKey{}).(*reservation)
	if !has || held.budget != b || held.sent.Load() {
		return nil
	}
	return held
}

// Reserve is ReserveFor for somebody who does not come again, after all others.
func (b *Budget) Reserve(ctx context.Context) (context.Context, error) {
	return b.ReserveFor(ctx, Waiter{Class: priority.Poll})
}

// ReserveFor takes one request from the bucket for the context that it returns, or returns a
// *WaitError that says when to come again. It never blocks. Whoever comes before that time, because
// some change has woken him, keeps his place.
func (b *Budget) ReserveFor(ctx context.Context, waiter Waiter) (context.Context, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if err := b.held(now); err != nil {
		return ctx, err
	}
	if err := b.outage.try(now); err != nil {
		return ctx, err
	}
	b.lines.callRoll(now)
	own := b.lines.enter(waiter)
	if err := b.takeTurn(own, now); err != nil {
		return ctx, err
	}
	b.lines.serve(own)
	return context.WithValue(ctx, reservationKey{}, &reservation{budget: b}), nil
}

// farTurn is what a turn must be away for whoever waits for it to ask in between: after half of the
// time, because those of the other lines who are before him may have gone.
const farTurn = 10 * time.Second

// takeTurn takes a request from the bucket, where there is one that is not needed for those who are
// before this one, or says when to come again. What is told is not later than the turn comes, as
// far as can be known, because nobody would use the request then. It may be too early.
func (b *Budget) takeTurn(own *place, now time.Time) error {
	tokens, perToken := b.limiter.TokensAt(now), b.pace.duration(1)
	// Who is to come for the next request that refills is before this one as well.
	before := b.lines.expectedBefore(own, now.Add(perToken), max(1, int(tokens)))
	if (before == 0 || tokens >= float64(before+1)) && b.limiter.AllowN(now, 1) {
		return nil
	}
	next := time.Duration(math.Ceil(max(0, 1-tokens) / float64(b.limiter.Limit()) * float64(time.Second)))
	after := next + b.pace.duration(max(before, b.lines.ahead(own)))
	after = max(min(after, farTurn), after/2, next+b.pace.duration(own.line.position(own)))
	own.until = now.Add(after)
	return &WaitError{Until: own.until, After: after}
}

type backgroundKey struct{}

// Background marks the requests of a context as ones that can wait.
func Background(ctx context.Context) context.Context {
	return context.WithValue(ctx, backgroundKey{}, true)
}

func isBackground(ctx context.Context) bool { return ctx.Value(backgroundKey{}) != nil }

// backgroundPatience and backgroundShare bound how long a request in the background lets others go
// first: for so long, and for so many requests.
const (
	backgroundPatience = 2 * time.Second
	backgroundShare    = 4
)

// letOthersFirst waits, for a request in the background, until the bucket is half full. One that
// was reserved has had others go first already.
func (b *Budget) letOthersFirst(ctx context.Context) error {
	if !isBackground(ctx) || b.reserved(ctx) != nil {
		return nil
	}
	begun, patience := b.clock.Now(), b.patience()
	for {
		left := patience - b.clock.Since(begun)
		delay := min(b.untilHalfFull(), left)
		if delay <= 0 {
			return nil
		}
		if err := b.sleep(ctx, delay); err != nil {
			return err
		}
	}
}

func (b *Budget) patience() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(backgroundPatience, b.pace.duration(backgroundShare))
}

// untilHalfFull is how long it takes until half of the bucket, and one request more, is there.
func (b *Budget) untilHalfFull() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	burst := float64(b.limiter.Burst())
	lacking := min(burst/2+1, burst) - b.limiter.TokensAt(b.clock.Now())
	return time.Duration(lacking / float64(b.limiter.Limit()) * float64(time.Second))
}

// Admit lets one request go out: at once with a reservation in the context, else as soon as the
// bucket has refilled. During a hold, and where the deadline of the context passes before that, it
// returns a *WaitError at once.
func (b *Budget) Admit(ctx context.Context) error {
	if err := b.letOthersFirst(ctx); err != nil {
		return err
	}
	delay, err := b.admit(ctx)
	if err != nil || delay == 0 {
		return err
	}
	if err := b.sleep(ctx, delay); err != nil {
		return err
	}
	var wait *WaitError
	if err := b.Held(); !errors.As(err, &wait) || (wait.Outage && isCheck(ctx)) {
		return nil
	}
	return wait
}

func (b *Budget) sleep(ctx context.Context, delay time.Duration) error {
	timer := b.clock.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the request budget: %w", ctx.Err())
	}
}

func (b *Budget) admit(ctx context.Context) (time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if err := b.held(now); err != nil {
		return 0, err
	}
	if held := b.reserved(ctx); held != nil && held.sent.CompareAndSwap(false, true) {
		return 0, nil
	}
	if err := b.outage.refuse(now); err != nil && !isCheck(ctx) {
		return 0, err
	}
	taken := b.limiter.ReserveN(now, 1)
	delay := taken.DelayFrom(now)
	if deadline, has := ctx.Deadline(); has && delay > time.Until(deadline) {
		taken.CancelAt(now)
		return 0, &WaitError{Until: now.Add(delay), After: delay}
	}
	return delay, nil
}

// Throttled holds back every request of the connection after a 429: for as long as Retry-After
// says, or, where that is zero, for a pause that doubles each time. And it slows down.
func (b *Budget) Throttled(retryAfter time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	// A request that was sent before the hold began: requests that were on their way together are
	// one refusal, and must neither double the pause nor halve the rate one by one.
	isSameRefusal := now.Before(b.throttledUntil)
	if !isSameRefusal {
		b.pace.slowDown()
		b.applyPace()
	}
	if retryAfter == 0 {
		if isSameRefusal {
			return
		}
		b.lastHold = min(max(2*b.lastHold, firstHold), longestHold)
		retryAfter = b.lastHold
	}
	b.throttledUntil = latest(b.throttledUntil, now.Add(retryAfter))
	b.heldUntil = latest(b.heldUntil, b.throttledUntil)
}

// Hold holds back every request of the connection for as long as the Retry-After of a 503, or of
// another answer that says that the provider is not available, asks for (RFC 9110, section 15.6.4):
// it is down or under maintenance for all.
func (b *Budget) Hold(retryAfter time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heldUntil = latest(b.heldUntil, b.clock.Now().Add(retryAfter))
}

func latest(one, other time.Time) time.Time {
	if one.After(other) {
		return one
	}
	return other
}

// Answered forgets the pauses of earlier 429s: the provider takes requests again. A bit more is
// sent from now on, up to what is allowed.
func (b *Budget) Answered() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lastHold = 0
	if b.pace.speedUp() {
		b.applyPace()
	}
}

// Held returns a *WaitError during a hold or an outage, and nil otherwise.
func (b *Budget) Held() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if err := b.held(now); err != nil {
		return err
	}
	return b.outage.refuse(now)
}

// HeldFor is how long Held says to wait; zero for not at all.
func (b *Budget) HeldFor() time.Duration {
	var wait *WaitError
	if errors.As(b.Held(), &wait) {
		return wait.After
	}
	return 0
}

// HoldLeft is how long the pause still is that the provider asked for; zero without one.
func (b *Budget) HoldLeft() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.holdLeft(b.clock.Now())
}

func (b *Budget) holdLeft(now time.Time) time.Duration { return max(b.heldUntil.Sub(now), 0) }

func (b *Budget) held(now time.Time) error {
	if left := b.holdLeft(now); left > 0 {
		return &WaitError{Until: b.heldUntil, After: left, Asked: true}
	}
	return nil
}
