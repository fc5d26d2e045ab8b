// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"sync/atomic"
	"time"
)

// remoteClock is how far the remote API's clock is ahead of this process's, as its latest answer
// told. It matters where a time of this cluster is compared with one that the provider wrote.
type remoteClock struct{ ahead atomic.Int64 }

func (c *remoteClock) observe(serverTime, now time.Time) {
	if !serverTime.IsZero() {
		c.ahead.Store(int64(serverTime.Sub(now)))
	}
}

// RemoteTime is a time of this cluster by the remote API's clock.
func (c *Connection) RemoteTime(local time.Time) time.Time {
	if local.IsZero() {
		return local
	}
	return local.Add(time.Duration(c.remote.ahead.Load()))
}
