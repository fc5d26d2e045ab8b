// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestASmallHeapMayGrowByMoreThanAQuarter(t *testing.T) {
	for live, want := range map[uint64]int64{
		0:         400,
		1 << 20:   400,
		16 << 20:  100,
		32 << 20:  50,
		64 << 20:  25,
		500 << 20: 25,
	} {
		if got := collectorPercent(live); got != want {
			t.Errorf("with %d MiB in use: %d %%, want %d %%", live>>20, got, want)
		}
	}
}
