// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// useCores has this process, and each that it starts from now on, use the cores from one on up to
// another, which is not included. What it has started before keeps its own.
func useCores(from, to int) error {
	var cores unix.CPUSet
	for core := from; core < to; core++ {
		cores.Set(core)
	}
	// Linux keeps the cores for each thread. A new one has those of the thread that makes it, which
	// may be one that is not done yet.
	for bound := map[string]bool{}; ; {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("looking for the threads of the bench: %w", err)
		}
		isComplete := true
		for _, thread := range threads {
			if bound[thread.Name()] {
				continue
			}
			isComplete, bound[thread.Name()] = false, true
			id, err := strconv.Atoi(thread.Name())
			if err != nil {
				return fmt.Errorf("looking for the threads of the bench: %w", err)
			}
			if err := unix.SchedSetaffinity(id, &cores); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("using the cores %d to %d: %w", from, to-1, err)
			}
		}
		if isComplete {
			return nil
		}
	}
}
