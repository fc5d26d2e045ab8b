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

// availableCores are those that this process may use.
func availableCores() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("looking for the cores of the bench: %w", err)
	}
	var cores []int
	for core := 0; len(cores) < set.Count(); core++ {
		if set.IsSet(core) {
			cores = append(cores, core)
		}
	}
	return cores, nil
}

// useCores has this process, and each that it starts from now on, use some cores alone. What it has
// started before keeps its own.
func useCores(cores []int) error {
	var set unix.CPUSet
	for _, core := range cores {
		set.Set(core)
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
			if err := unix.SchedSetaffinity(id, &set); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("using the cores %v: %w", cores, err)
			}
		}
		if isComplete {
			return nil
		}
	}
}
