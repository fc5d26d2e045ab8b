// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"sync/atomic"
	"time"
)

// remoteClock is the remote API's clock, as its latest answer told it. It matters where a time of
// this cluster is compared with one that the provider wrote.
type remoteClock struct{ latest atomic.Pointer[clockReading] }

// clockReading is one moment by two clocks. The local one has a monotonic part, so that a node
// whose clock is set meanwhile does not change what the remote API's clock shows.
type clockReading struct{ remote, local time.Time }

func (c *remoteClock) observe(serverTime, now time.Time) {
	if !serverTime.IsZero() {
		c.latest.Store(&clockReading{remote: serverTime, local: now})
	}
}

// RemoteTime is a time of this process by the remote API's clock, and by its own where no answer
// has told that yet.
func (c *Connection) RemoteTime(local time.Time) time.Time {
	reading := c.remote.latest.Load()
	if local.IsZero() || reading == nil {
		return local
	}
	return reading.remote.Add(local.Sub(reading.local))
}

// RemoteClockKnown reports whether an answer has told the remote API's clock.
func (c *Connection) RemoteClockKnown() bool { return c.remote.latest.Load() != nil }
