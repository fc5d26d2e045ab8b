// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/synqly/ticketing-operator/hack/process"
)

func TestWhatIsStartedUsesTheCoresThatTheBenchHasThen(t *testing.T) {
	all, err := availableCores()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != runtime.NumCPU() {
		t.Errorf("the cores %v, want %d", all, runtime.NumCPU())
	}
	t.Cleanup(func() {
		if err := useCores(all); err != nil {
			t.Error(err)
		}
	})
	started := map[*process.Process][]int{}
	// On a machine with one core, both are that one.
	for _, cores := range [][]int{all[:1], all[len(all)/2:]} {
		if err := useCores(cores); err != nil {
			t.Fatal(err)
		}
		started[startSleep(t)] = cores
	}
	for program, cores := range started {
		var want, got unix.CPUSet
		for _, core := range cores {
			want.Set(core)
		}
		if err := unix.SchedGetaffinity(program.PID(), &got); err != nil || got != want {
			t.Errorf("it does not use the cores %v alone: %v, %v", cores, got, err)
		}
	}
	if err := useCores(nil); err == nil {
		t.Error("no cores are enough")
	}
}

func startSleep(t *testing.T) *process.Process {
	t.Helper()
	started, err := process.Start(t.Context(), t.TempDir(), "sleep", "600")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := started.Stop(); err != nil {
			t.Error(err)
		}
	})
	return started
}
