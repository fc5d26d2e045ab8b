// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/utils/clock"
)

const (
	firstBackoff   = time.Second
	longestBackoff = 5 * time.Minute
	// jitter is how much longer than computed a pause may get, as a share of it. It keeps objects
	// that failed together from trying again together.
	jitter = 0.2
)

// retries keeps, per object, when it may make remote calls again. The pauses are kept here and not
// in the work queue, because a watch event would otherwise cut them short: they hold for as long as
// nothing that could change the answer has changed.
type retries struct {
	clock   clock.Clock
	backoff *flowcontrol.Backoff

	mu     sync.Mutex
	pauses map[types.NamespacedName]pause
}

type pause struct {
	until time.Time
	// inputs are what the failed attempt rested on.
	inputs string
}

func newRetries(clk clock.Clock) *retries {
	backoff := flowcontrol.NewBackOffWithJitter(firstBackoff, longestBackoff, jitter)
	backoff.Clock = clk
	return &retries{clock: clk, backoff: backoff, pauses: map[types.NamespacedName]pause{}}
}

// remaining is how long an object still has to wait. With other inputs than those of the failed
// attempt it does not have to wait at all.
func (r *retries) remaining(name types.NamespacedName, inputs string) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	pause, paused := r.pauses[name]
	if !paused || pause.inputs != inputs {
		return 0
	}
	return max(0, pause.until.Sub(r.clock.Now()))
}

// failed notes a failed attempt and returns the pause until the next, or zero where none is due.
func (r *retries) failed(name types.NamespacedName, inputs string, result outcome) time.Duration {
	after := result.after
	switch result.retry {
	case retryNever:
		r.succeeded(name)
		return 0
	case retryBackoff:
		now := r.clock.Now()
		if r.hasOtherInputs(name, inputs) {
			r.backoff.Reset(name.String())
		}
		r.backoff.Next(name.String(), now)
		after = r.backoff.Get(name.String())
	case retrySlowly:
		after = slowRetry + time.Duration(rand.Float64()*jitter*float64(slowRetry)) // #nosec G404 -- spreads load, guards nothing
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pauses[name] = pause{until: r.clock.Now().Add(after), inputs: inputs}
	return after
}

func (r *retries) hasOtherInputs(name types.NamespacedName, inputs string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	pause, paused := r.pauses[name]
	return paused && pause.inputs != inputs
}

// succeeded forgets what failed before.
func (r *retries) succeeded(name types.NamespacedName) {
	r.mu.Lock()
	delete(r.pauses, name)
	r.mu.Unlock()
	r.backoff.DeleteEntry(name.String())
}
