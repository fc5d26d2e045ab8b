// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// between is how long after one notification the next one arrives. All of them arrive before a
// resolution has held, and long before a sender would have to repeat one.
const between = 12 * time.Second

// TestEveryOrderOfNotifications has a pair of Alertmanagers tell the same story, each in its own
// order and with every delay of one against the other: alerts fire, another one joins, all resolve,
// and one fires again. In the end the Incident says how the alerts are, and there is one ticket.
func TestEveryOrderOfNotifications(t *testing.T) {
	const notifications = 4
	for _, second := range interleavings(notifications) {
		t.Run(named(second), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				defer w.remote.Close()
				w.play(scenario{name: second, receiver: anAlertReceiver(), acts: []func(*world){func(w *world) { w.alerts.tellInOrder(second) }}})
				w.checkInSync(3)
				if made := len(w.remote.Tickets()); made != 1 {
					w.violate("there are %d remote tickets", made)
				}
				report(t, w, w.unmet())
			})
		})
	}
}

// interleavings are all orders in which the notifications of two senders can arrive; each sender's
// own come one after the other.
func interleavings(each int) []string {
	var all []string
	var extend func(order string, left, right int)
	extend = func(order string, left, right int) {
		if left == 0 && right == 0 {
			all = append(all, order)
		}
		if left > 0 {
			extend(order+"A", left-1, right)
		}
		if right > 0 {
			extend(order+"B", left, right-1)
		}
	}
	extend("", each, each)
	return all
}

// tellInOrder lets the story happen, and then the two senders tell it.
func (a *alertWorld) tellInOrder(order string) {
	var story []notification
	happens := func(what func()) {
		what()
		story = append(story, a.notification(latency))
		elapse(between)
	}
	happens(func() { a.fire(latency, "a") })
	happens(func() { a.fire(latency, "b") })
	happens(func() { a.resolve(latency) })
	happens(func() { a.fire(latency, "a") })
	waiting := map[rune][]notification{'A': story, 'B': slices.Clone(story)}
	for i, by := range order {
		said := waiting[by][0]
		waiting[by] = waiting[by][1:]
		a.world.inTime(time.Duration(i)*between, func() { a.send(a.pair[by-'A'], said) })
	}
}
