// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/synqly/ticketing-operator/hack/process"
)

func TestWhatIsStartedUsesTheCoresThatTheBenchHasThen(t *testing.T) {
	all := runtime.NumCPU()
	if all < 2 {
		t.Skip("there is one core")
	}
	t.Cleanup(func() {
		if err := useCores(0, all); err != nil {
			t.Error(err)
		}
	})
	if err := useCores(0, 1); err != nil {
		t.Fatal(err)
	}
	first := startSleep(t)
	if err := useCores(1, all); err != nil {
		t.Fatal(err)
	}
	second := startSleep(t)
	others := "1"
	if all > 2 {
		others = fmt.Sprintf("1-%d", all-1)
	}
	for started, want := range map[*process.Process]string{first: "0", second: others} {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", started.PID()))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(status), "\nCpus_allowed_list:\t"+want+"\n") {
			t.Errorf("it does not use the cores %s:\n%s", want, status)
		}
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
