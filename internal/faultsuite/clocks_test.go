// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"fmt"
	"time"

	"k8s.io/utils/clock"
)

// nodeClock is the clock of a node, which is ahead of the world's, or behind.
type nodeClock struct {
	clock.RealClock
	ahead time.Duration
}

func (c nodeClock) Now() time.Time { return time.Now().Add(c.ahead) }

func (c nodeClock) Since(moment time.Time) time.Duration { return c.Now().Sub(moment) }

// clockSkews are how far the clock of a successor is from that of the process before it, and from
// the ticketing system's.
var clockSkews = []time.Duration{5 * time.Minute, -5 * time.Minute}

// clockFaults end a process, and another one on a node with another clock takes over: right away,
// after the request has gone out, and before what it does arrives.
func clockFaults() []fault {
	var faults []fault
	for _, skew := range clockSkews {
		name := fmt.Sprintf("a successor whose clock is %s ahead", skew)
		next := func(w *world, _ *action) { w.managers = append(w.managers, newProcessOn(w, nodeClock{ahead: skew})) }
		crash := func(w *world) { w.crash(next) }
		faults = append(faults,
			fault{name: "crash before, " + name, applies: anyEffect, before: crash},
			fault{name: "crash after, " + name, applies: anyWrite, after: crash},
			fault{name: "crash while a request is on its way, " + name, applies: func(o operation) bool { return o.writesRemotely() },
				answer: requestThat(func(call *exchange) {
					call.sendLate(lateCommit)
					crash(call.network.world)
				})},
		)
	}
	for i := range faults {
		faults[i].kind, faults[i].losesCredentials = "clocks of nodes", true
	}
	return faults
}
