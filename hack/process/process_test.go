// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything may take on a slow machine.
const patience = time.Minute

func TestAProcessIsEndedByStop(t *testing.T) {
	p := startScript(t, `trap 'echo asked to end; exit 0' TERM; echo listening; while :; do sleep 0.05; done`)
	waitForLine(t, p, "listening")

	if err := p.Stop(); err != nil {
		t.Fatalf("Stop: %v", err)
	}
	if got := p.LastLines(1); got != "asked to end" {
		t.Errorf("the last line of the log is %q, want %q", got, "asked to end")
	}
	if err := syscall.Kill(p.PID(), 0); err == nil {
		t.Errorf("process %d is still there", p.PID())
	}
	if err := p.Stop(); err != nil {
		t.Errorf("Stop of what has ended: %v", err)
	}
}

func TestAProcessIsNotEndedByTheContext(t *testing.T) {
	interrupted, interrupt := context.WithCancel(t.Context())
	interrupt()
	// exec would refuse to start a program that the context could end.
	p := startScriptIn(interrupted, t, `echo done`)
	<-p.Ended()

	if got := p.LastLines(1); got != "done" {
		t.Errorf("the log is %q, want %q", got, "done")
	}
}

func TestWaitingEndsWithTheProcess(t *testing.T) {
	p := startScript(t, `echo cannot listen; exit 3`)

	never := func(context.Context) (bool, error) { return false, nil }
	err := WaitFor(t.Context(), "an address", patience, never, p)
	if err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("WaitFor returned %v, want an error with the exit status 3", err)
	}
	if got := p.LastLines(10); got != "cannot listen" {
		t.Errorf("the log is %q, want what the process printed", got)
	}
}

func TestWaitingEndsAfterTheTimeout(t *testing.T) {
	p := startScript(t, `while :; do sleep 0.05; done`)

	never := func(context.Context) (bool, error) { return false, nil }
	err := WaitFor(t.Context(), "an address", time.Millisecond, never, p)
	if err == nil || !strings.Contains(err.Error(), "waited 1ms for an address in vain") {
		t.Errorf("WaitFor returned %v, want an error that names the time and what was waited for", err)
	}
}

func TestLastLinesAreTheEndOfTheLog(t *testing.T) {
	p := startScript(t, `echo one; echo two; echo three >&2`)
	<-p.Ended()
	if got, want := p.LastLines(2), "two\nthree"; got != want {
		t.Errorf("LastLines(2) = %q, want %q", got, want)
	}
}

func startScript(t *testing.T, script string) *Process {
	t.Helper()
	return startScriptIn(t.Context(), t, script)
}

func startScriptIn(ctx context.Context, t *testing.T, script string) *Process {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "script")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := Start(ctx, folder, "sh", file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func waitForLine(t *testing.T, p *Process, line string) {
	t.Helper()
	printed := func(context.Context) (bool, error) { return p.LastLines(1) == line, nil }
	if err := WaitFor(t.Context(), line, patience, printed, p); err != nil {
		t.Fatal(err)
	}
}
