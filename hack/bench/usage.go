// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Linux tells in /proc what a process uses. Elsewhere the numbers are missing from the results.

// cpuTimes are seconds of CPU of each program; nothing where the system does not tell, or the
// program does not run.
type cpuTimes struct {
	Manager   *float64 `json:"manager"`
	APIServer *float64 `json:"apiServer"`
	Etcd      *float64 `json:"etcd"`
	Simulator *float64 `json:"simulator"`
	Bench     *float64 `json:"bench"`
}

func (b *bench) readCPU() cpuTimes {
	return cpuTimes{
		Manager: cpuSeconds(b.manager.PID()), APIServer: cpuSeconds(b.apiServer), Etcd: cpuSeconds(b.etcd),
		Simulator: cpuSeconds(b.simulator.PID()), Bench: cpuSeconds(os.Getpid()),
	}
}

func (c cpuTimes) since(before cpuTimes) cpuTimes {
	return cpuTimes{
		Manager: difference(c.Manager, before.Manager), APIServer: difference(c.APIServer, before.APIServer), Etcd: difference(c.Etcd, before.Etcd),
		Simulator: difference(c.Simulator, before.Simulator), Bench: difference(c.Bench, before.Bench),
	}
}

func (c cpuTimes) per(count int) cpuTimes {
	return cpuTimes{
		Manager: per(c.Manager, count), APIServer: per(c.APIServer, count), Etcd: per(c.Etcd, count),
		Simulator: per(c.Simulator, count), Bench: per(c.Bench, count),
	}
}

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
