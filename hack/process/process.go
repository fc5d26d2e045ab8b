// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package process runs the programs that the demo and the bench need beside them.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// Process is a program that runs beside this one, with its output in a file.
type Process struct {
	Name    string
	LogFile string

	command *exec.Cmd
	ended   chan struct{}
}

// stopTimeout is how long a program may take to end when it is asked to, before it is killed.
const stopTimeout = 15 * time.Second

// Start starts a program that runs until Stop, whatever becomes of the context.
func Start(ctx context.Context, logFolder, program string, arguments ...string) (*Process, error) {
	name := filepath.Base(program)
	p := &Process{
		Name:    name,
		LogFile: filepath.Join(logFolder, name+".log"),
		ended:   make(chan struct{}),
	}
	log, err := os.Create(p.LogFile)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	// The program has the file for itself from here on.
	defer func() { _ = log.Close() }()

	//nolint:gosec // The program is one of those that the Makefile has just built.
	p.command = exec.CommandContext(context.WithoutCancel(ctx), program, arguments...)
	p.command.Stdout = log
	p.command.Stderr = log
	// Ctrl-C reaches every process of the group; whoever started the programs ends them, in order.
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		// How it ended is in its log; that it ended is all that counts here.
		_ = p.command.Wait()
		close(p.ended)
	}()
	return p, nil
}

// Stop ends the program and returns when it is gone. There is nothing to do for one that was never
// started.
func (p *Process) Stop() error {
	if p == nil || p.HasEnded() {
		return nil
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending %s (process %d): %w", p.Name, p.PID(), err)
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopTimeout):
	}
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing %s (process %d): %w", p.Name, p.PID(), err)
	}
	<-p.ended
	return nil
}

// Ended is closed when the program has ended, for whatever reason.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// HasEnded reports whether the program has ended.
func (p *Process) HasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// PID is the identifier of the process.
func (p *Process) PID() int { return p.command.Process.Pid }

// EndedEarly is the error of a program that ended while it was needed.
func (p *Process) EndedEarly() error {
	return fmt.Errorf("%s has ended: %s", p.Name, p.command.ProcessState)
}

// LastLines returns the end of the program's log.
func (p *Process) LastLines(count int) string {
	log, err := os.ReadFile(p.LogFile)
	if err != nil {
		return fmt.Sprintf("(its log cannot be read: %v)", err)
	}
	lines := bytes.Split(bytes.TrimRight(log, "\n"), []byte("\n"))
	if len(lines) > count {
		lines = lines[len(lines)-count:]
	}
	return string(bytes.Join(lines, []byte("\n")))
}

// WaitFor asks until the condition holds. It fails when one of the programs that are needed for
// that ends before, and when it takes longer than the timeout.
func WaitFor(ctx context.Context, what string, timeout time.Duration, holds wait.ConditionWithContextFunc, needed ...*Process) error {
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, timeout, true, func(ctx context.Context) (bool, error) {
		if done, err := holds(ctx); done || err != nil {
			return done, err
		}
		for _, p := range needed {
			if p.HasEnded() {
				return false, p.EndedEarly()
			}
		}
		return false, nil
	})
	if wait.Interrupted(err) && ctx.Err() == nil {
		return fmt.Errorf("waited %s for %s in vain", timeout, what)
	}
	return err
}
