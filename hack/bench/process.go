// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a program that runs beside the bench, with its output in a file.
type process struct {
	name    string
	logFile string
	command *exec.Cmd
	ended   chan struct{}
}

// stopTimeout is how long a program may take to end when it is asked to, before it is killed.
const stopTimeout = 15 * time.Second

// startProcess starts a program that runs until stop, whatever becomes of the context.
func startProcess(ctx context.Context, folder, program string, arguments ...string) (*process, error) {
	name := filepath.Base(program)
	p := &process{name: name, logFile: filepath.Join(folder, name+".log"), ended: make(chan struct{})}
	log, err := os.Create(p.logFile)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	defer func() { _ = log.Close() }() // The program has the file for itself.
	//nolint:gosec // The program is one of the two that the Makefile has just built.
	p.command = exec.CommandContext(context.WithoutCancel(ctx), program, arguments...)
	p.command.Stdout, p.command.Stderr = log, log
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the bench alone.
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		_ = p.command.Wait() // How it ended is in its log.
		close(p.ended)
	}()
	return p, nil
}

// stop ends the program and returns when it is gone.
func (p *process) stop() error {
	if p == nil || p.hasEnded() {
		return nil
	}
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending %s: %w", p.name, err)
	}
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopTimeout):
	}
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing %s: %w", p.name, err)
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

func (p *process) pid() int { return p.command.Process.Pid }

// log is what the program has written.
func (p *process) log() string {
	text, err := os.ReadFile(p.logFile)
	if err != nil {
		return ""
	}
	return string(text)
}

// Linux tells in /proc what a process uses. Elsewhere the numbers are missing from the results.

// cpuSeconds is the CPU time of a process; nothing where the system does not tell.
func cpuSeconds(pid int) *float64 {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	// The name of the program, in parentheses, may contain anything.
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	const user, system, ticksPerSecond = 11, 12, 100 // After the name; USER_HZ is 100 on every platform of Go.
	if len(fields) <= system {
		return nil
	}
	ticks := 0.0
	for _, field := range []string{fields[user], fields[system]} {
		value, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return nil
		}
		ticks += value
	}
	seconds := ticks / ticksPerSecond
	return &seconds
}

var memoryLine = regexp.MustCompile(`(?m)^(VmHWM|VmRSS):\s+(\d+) kB$`)

// memory of a process in MB: the most that it has had, and what it has.
func memory(pid int) (peak, resident *float64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil, nil
	}
	for _, line := range memoryLine.FindAllStringSubmatch(string(status), -1) {
		kilobytes, err := strconv.ParseFloat(line[2], 64)
		if err != nil {
			continue
		}
		megabytes := kilobytes * 1024 / 1e6
		if line[1] == "VmHWM" {
			peak = &megabytes
		} else {
			resident = &megabytes
		}
	}
	return peak, resident
}

// childNamed is the process of that name that this one has started; 0 where there is none.
func childNamed(name string) int {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0
	}
	child := regexp.MustCompile(`^(\d+) \(` + regexp.QuoteMeta(name) + `\) \S (\d+) `)
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if match := child.FindStringSubmatch(string(stat)); match != nil && match[2] == strconv.Itoa(os.Getpid()) {
			pid, _ := strconv.Atoi(match[1])
			return pid
		}
	}
	return 0
}

// difference of two readings; nothing where one is missing.
func difference(after, before *float64) *float64 {
	if after == nil || before == nil {
		return nil
	}
	d := *after - *before
	return &d
}

// per divides a reading.
func per(reading *float64, count int) *float64 {
	if reading == nil || count == 0 {
		return nil
	}
	d := *reading / float64(count)
	return &d
}
