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

// maxRetryAfter bounds what a server can ask for: one mistaken header must not stop an integration for a day.
const maxRetryAfter = time.Hour

// retryAfter returns how long the server asks to wait, and whether it does: the header Retry-After in seconds or as an HTTP date,
// then X-RateLimit-Reset in Unix seconds. A time is measured from the server's own clock, the header Date, where there is one.
func retryAfter(status int, header http.Header, now time.Time) (time.Duration, bool) {
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	value := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, ok := parseSeconds(value); ok {
		return clampSeconds(seconds), true
	}
	if date, err := http.ParseTime(value); err == nil {
		return clampDuration(date.Sub(now)), true
	}
	// Servers that limit rates send this with every answer, so it asks for something only where the limit is the problem.
	if status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
		return 0, false
	}
	if reset, ok := parseSeconds(strings.TrimSpace(header.Get("X-RateLimit-Reset"))); ok {
		// Compared as numbers: a Duration holds no more than 292 years.
		return clampSeconds(saturatingSubtract(reset, now.Unix())), true
	}
	return 0, false
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

func clampSeconds(seconds int64) time.Duration {
	return time.Duration(min(max(seconds, 0), int64(maxRetryAfter/time.Second))) * time.Second
}

func clampDuration(wait time.Duration) time.Duration {
	return min(max(wait, 0), maxRetryAfter)
}
