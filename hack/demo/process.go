// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

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
)

// process is a program that runs beside the demo, with its output in a file.
type process struct {
	name    string
	logFile string
	command *exec.Cmd
	// ended is closed when the program has ended, for whatever reason.
	ended chan struct{}
}

// stopTimeout is how long a program may take to end when it is asked to, before it is killed.
const stopTimeout = 10 * time.Second

// startProcess starts a program that runs until stop, whatever becomes of the context.
func startProcess(ctx context.Context, logFolder, program string, arguments ...string) (*process, error) {
	name := filepath.Base(program)
	p := &process{
		name:    name,
		logFile: filepath.Join(logFolder, name+".log"),
		ended:   make(chan struct{}),
	}
	log, err := os.Create(p.logFile)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	// The program has the file for itself from here on.
	defer func() { _ = log.Close() }()

	//nolint:gosec // The program is one of the two that the Makefile has just built.
	p.command = exec.CommandContext(context.WithoutCancel(ctx), program, arguments...)
	p.command.Stdout = log
	p.command.Stderr = log
	// Ctrl-C reaches every process of the group; the demo ends its programs itself, in order.
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

// stop ends the program and returns when it is gone.
func (p *process) stop() error {
	if p.hasEnded() {
		return nil
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending %s (process %d): %w", p.name, p.command.Process.Pid, err)
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopTimeout):
	}
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing %s (process %d): %w", p.name, p.command.Process.Pid, err)
	}
	<-p.ended
	return nil
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// endedEarly is the error of a program that ended while it was needed.
func (p *process) endedEarly() error {
	return fmt.Errorf("%s has ended: %s", p.name, p.command.ProcessState)
}

// lastLines returns the end of the program's log.
func (p *process) lastLines(count int) string {
	log, err := os.ReadFile(p.logFile)
	if err != nil {
		return fmt.Sprintf("(its log cannot be read: %v)", err)
	}
	lines := bytes.Split(bytes.TrimRight(log, "\n"), []byte("\n"))
	if len(lines) > count {
		lines = lines[len(lines)-count:]
	}
	return string(bytes.Join(lines, []byte("\n")))
}
