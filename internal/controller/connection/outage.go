// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"context"
	"time"
)

const (
	// failuresOfAnOutage is how many requests in a row must have no answer, or one that says
	// nothing, for the provider to count as down.
	failuresOfAnOutage = 3
	// firstTrial and longestTrial bound how often one request other than a check is let through
	// while it does. The provider may fail to list projects only, which checks ask for.
	firstTrial   = 5 * time.Second
	longestTrial = time.Minute
)

// outage holds back the requests of a connection whose provider is down, so that a hundred objects
// do not try one after the other. Only checks go out (Check), one at a time as the controller of
// the Integration makes them, and now and then a trial. Any answer ends it.
type outage struct {
	failures  int
	began     time.Time // zero while there is none
	nextTrial time.Time
}

// failed notes a request without an answer, and reports whether an outage has begun with it.
func (o *outage) failed(now time.Time) bool {
	o.failures++
	if o.failures < failuresOfAnOutage || !o.began.IsZero() {
		return false
	}
	o.began, o.nextTrial = now, now.Add(firstTrial)
	return true
}

// refuse returns a *WaitError during an outage, and nil otherwise.
func (o *outage) refuse(now time.Time) error {
	if o.began.IsZero() {
		return nil
	}
	// Who waits is woken when the Integration is Ready again. For those who are not, the pause
	// grows with the outage.
	after := min(max(now.Sub(o.began), time.Second), longestTrial)
	return &WaitError{Until: now.Add(after), After: after, Outage: true}
}

// try is refuse for a request that may be the trial that is due.
func (o *outage) try(now time.Time) error {
	err := o.refuse(now)
	if err == nil || now.Before(o.nextTrial) {
		return err
	}
	o.nextTrial = now.Add(min(max(now.Sub(o.began)/10, firstTrial), longestTrial))
	return nil
}

type checkKey struct{}

// Check marks the requests of a context as those that find out whether the provider answers.
func Check(ctx context.Context) context.Context { return context.WithValue(ctx, checkKey{}, true) }

func isCheck(ctx context.Context) bool { return ctx.Value(checkKey{}) != nil }

// Failed notes that a request had no answer, or one that says nothing of it. It reports whether the
// provider counts as down with it.
func (b *Budget) Failed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.outage.failed(b.clock.Now())
}

// Down reports whether the provider counts as down.
func (b *Budget) Down() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.outage.began.IsZero()
}

// Up notes an answer: the provider is not down.
func (b *Budget) Up() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.outage = outage{}
}
