// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

const (
	// leastCollectorPercent is how much larger than what is in use the heap may become before it is
	// collected. Nearly all of that is the cache, which stays: with Go's default of 100 its size
	// would be taken twice.
	leastCollectorPercent = 15
	// leastGrowth is by how much the heap may always grow, in bytes. That part of a small heap is
	// so little that the collector would take a third of the manager's CPU.
	leastGrowth = 12 << 20
	// mostCollectorPercent bounds what a heap that is nearly empty may become.
	mostCollectorPercent = 400
)

// tuneGarbageCollector sets, after each collection, what the environment variable GOGC does not.
func tuneGarbageCollector() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(leastCollectorPercent)
	var tuner collectorTuner
	tuner.percent.Store(leastCollectorPercent)
	tuner.afterCollection()
}

// collectorTuner has the percentage that is set.
type collectorTuner struct{ percent atomic.Int64 }

// afterCollection waits for the next collection, which is when something that nobody uses is found.
// A timer would come too late where the cache is being filled, which makes a heap many times larger
// within seconds.
func (t *collectorTuner) afterCollection() {
	type unused struct{ *collectorTuner } // With a pointer, because tiny objects without share memory.
	runtime.AddCleanup(&unused{t}, func(t *collectorTuner) {
		t.set(collectorPercent(liveHeap()))
		t.afterCollection()
	}, t)
}

// set stops the program for a moment, so small differences are left.
func (t *collectorTuner) set(percent int64) {
	if difference := percent - t.percent.Load(); -3 < difference && difference < 3 {
		return
	}
	t.percent.Store(percent)
	debug.SetGCPercent(int(percent))
}

// liveHeap is how many bytes the latest collection has found in use.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// collectorPercent is the percentage for a heap of which so many bytes are in use.
func collectorPercent(live uint64) int64 {
	return int64(min(mostCollectorPercent, max(leastCollectorPercent, leastGrowth*100/max(live, 1))))
}
