// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import "time"

const (
	// longestLookBack bounds how far before the begin of a poll the next one asks for
	// changes, so that one bulk edit is not listed again for ever. Providers that write
	// local time as UTC are off by up to 14 hours.
	longestLookBack = 24 * time.Hour
	// coarseness is how much older than asked for a ticket may be where the provider
	// compares times by the minute, as searches of issue trackers do.
	coarseness = time.Minute
)

// advance returns the watermark, by the remote's clock, after a chain of pages has been
// read to its end: the newest change that is known. It is not later than the begin of
// the chain, because what changed since then may be on a page that was read before.
func advance(watermark, newest, began time.Time) time.Time {
	if newest.After(watermark) {
		watermark = newest
	}
	if watermark.After(began) {
		watermark = began
	}
	if floor := began.Add(-longestLookBack); watermark.Before(floor) {
		watermark = floor
	}
	return watermark
}

// changedSince is the time from which on changes are asked for. The overlap is how long
// a change may take to appear in the provider's search. Whole seconds, because some
// providers know no others.
func changedSince(watermark time.Time, overlap time.Duration) time.Time {
	return watermark.UTC().Add(-overlap).Truncate(time.Second)
}
