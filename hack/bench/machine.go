// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"regexp"
	"runtime"
	"strings"
)

// machine is what the numbers depend on.
type machine struct {
	System       string `json:"system"`
	Architecture string `json:"architecture"`
	Kernel       string `json:"kernel,omitempty"`
	Processor    string `json:"processor,omitempty"`
	Cores        int    `json:"cores"`
	Memory       string `json:"memory,omitempty"`
	Go           string `json:"go"`
	// LoadBefore is the load average of the last minute before the run: what else the machine did.
	LoadBefore string `json:"loadBefore,omitempty"`
}

func describeMachine() machine {
	load, _, _ := strings.Cut(firstLine("/proc/loadavg"), " ")
	return machine{
		System: runtime.GOOS, Architecture: runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version(),
		Kernel:     firstLine("/proc/sys/kernel/osrelease"),
		Processor:  find("/proc/cpuinfo", `(?m)^model name\s*: (.*)$`),
		Memory:     find("/proc/meminfo", `(?m)^MemTotal:\s*(.*)$`),
		LoadBefore: load,
	}
}

// What the system does not tell is left out.

func firstLine(path string) string {
	text, _ := os.ReadFile(path)
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

func find(path, pattern string) string {
	text, _ := os.ReadFile(path)
	if match := regexp.MustCompile(pattern).FindSubmatch(text); match != nil {
		return string(match[1])
	}
	return ""
}
