// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestASmallHeapMayGrowByMoreThanALargeOne(t *testing.T) {
	for live, want := range map[uint64]int64{
		0:         400,
		1 << 20:   400,
		12 << 20:  100,
		24 << 20:  50,
		80 << 20:  15,
		500 << 20: 15,
	} {
		if got := collectorPercent(live); got != want {
			t.Errorf("with %d MiB in use: %d %%, want %d %%", live>>20, got, want)
		}
	}
}
