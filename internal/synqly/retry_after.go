// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// longestRetryAfter bounds the pause that a server can ask for: one mistaken header must not stop
// an integration for a day.
const longestRetryAfter = time.Hour

// retryAfter returns how long the server asks to wait: the header Retry-After in seconds or as an
// HTTP date, then X-RateLimit-Reset in Unix seconds. A time is measured from the server's own
// clock, the header Date, where there is one. It is zero where the server names no pause: without
// such a header, and for one that names no time to come, such as "Retry-After: 0".
func retryAfter(status int, header http.Header, now time.Time) time.Duration {
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	value := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, ok := parseSeconds(value); ok {
		return normalized(seconds)
	}
	if date, err := http.ParseTime(value); err == nil {
		return normalized(saturatingSubtract(date.Unix(), now.Unix()))
	}
	// Servers that limit rates send this with every answer, so it asks for something only where the
	// limit is the problem.
	if status != http.StatusTooManyRequests {
		return 0
	}
	if reset, ok := parseSeconds(strings.TrimSpace(header.Get("X-RateLimit-Reset"))); ok {
		return normalized(saturatingSubtract(reset, now.Unix()))
	}
	return 0
}

// parseSeconds parses a whole number. One that is too large for an int64 is as large as it can be.
func parseSeconds(value string) (int64, bool) {
	seconds, err := strconv.ParseInt(value, 10, 64)
	return seconds, err == nil || errors.Is(err, strconv.ErrRange)
}

func saturatingSubtract(a, b int64) int64 {
	difference := a - b
	if a < 0 && b > 0 && difference > 0 {
		return a
	}
	return difference
}

// normalized bounds a pause in seconds. It compares numbers, because a Duration holds no more than
// 292 years.
func normalized(seconds int64) time.Duration {
	if seconds <= 0 {
		return 0
	}
	return time.Duration(min(seconds, int64(longestRetryAfter/time.Second))) * time.Second
}
