// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
)

// attempts is what this process knows of create attempts, beyond what the objects record. It is
// lost with the process, and then the settle period starts anew: time is only ever measured by the
// clock of the one who observes.
type attempts[R any] struct {
	clock clock.Clock
	mu    sync.Mutex
	open  map[types.NamespacedName]*attempt[R]
}

type attempt[R any] struct {
	uid    types.UID
	number int64
	// intent is what was written down before the request, of an attempt of this process.
	intent intent
	// since is when this process first knew of the attempt.
	since time.Time
	// answer is the remote object, where the request was answered.
	answer *R
	// emptyLookups is how many complete look-ups found nothing.
	emptyLookups int
}

func newAttempts[R any](clk clock.Clock) *attempts[R] {
	return &attempts[R]{clock: clk, open: map[types.NamespacedName]*attempt[R]{}}
}

// started notes an attempt that this process makes itself.
func (a *attempts[R]) started(name types.NamespacedName, uid types.UID, made intent) {
	a.observe(name, uid, made.attempt)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open[name].intent = made
}

// intentOf is what this process wrote down before the latest attempt that it made for an object, or
// an empty one.
func (a *attempts[R]) intentOf(name types.NamespacedName, uid types.UID) intent {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.open[name]; known != nil && known.uid == uid {
		return known.intent
	}
	return intent{}
}

// observe returns what is known of an attempt, and begins to time it when it is seen for the first
// time.
func (a *attempts[R]) observe(name types.NamespacedName, uid types.UID, number int64) attempt[R] {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.open[name]
	if known == nil || known.uid != uid || known.number != number {
		known = &attempt[R]{uid: uid, number: number, since: a.clock.Now()}
		a.open[name] = known
	}
	return *known
}

// answered keeps the answer until it is written.
func (a *attempts[R]) answered(name types.NamespacedName, answer *R) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.open[name]; known != nil {
		known.answer = answer
	}
}

// foundNothing counts a complete look-up that found nothing.
func (a *attempts[R]) foundNothing(name types.NamespacedName) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.open[name]
	if known == nil {
		return 0
	}
	known.emptyLookups++
	return known.emptyLookups
}

func (a *attempts[R]) forget(name types.NamespacedName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, name)
}
