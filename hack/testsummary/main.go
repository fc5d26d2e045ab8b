// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command testsummary runs `go test -json …`, prints a line for each package and the whole
// output of what failed, and closes with the counts:
//
//	testsummary go test -json -race ./...
//
// go test alone has no closing line over all packages, and it counts a Ginkgo suite as one
// test; here each spec counts. The exit code is that of go test, and 1 when no test ran.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: testsummary go test -json [flags] [packages]")
		os.Exit(2)
	}
	code, err := run(context.Background(), os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsummary:", err)
	}
	os.Exit(code)
}

// run executes the command and reports on its events. It returns the exit code.
func run(ctx context.Context, command []string) (int, error) {
	started := time.Now()
	//nolint:gosec // To run the command that the caller gives is what this program is for.
	test := exec.CommandContext(ctx, command[0], command[1:]...)
	test.Stderr = os.Stderr
	stdout, err := test.StdoutPipe()
	if err != nil {
		return 1, fmt.Errorf("connecting to the output of %s: %w", command[0], err)
	}
	if err := test.Start(); err != nil {
		return 1, fmt.Errorf("starting %s: %w", command[0], err)
	}

	report := newReport(os.Stdout)
	readErr := report.read(stdout)
	waitErr := test.Wait()
	report.close(time.Since(started))

	var exit *exec.ExitError
	switch {
	case errors.As(waitErr, &exit) && exit.ExitCode() > 0:
		return exit.ExitCode(), nil
	case waitErr != nil:
		return 1, fmt.Errorf("running %s: %w", command[0], waitErr)
	case readErr != nil:
		return 1, fmt.Errorf("reading the output of %s: %w", command[0], readErr)
	case report.counts.total() == 0:
		return 1, errors.New("no test ran")
	case report.counts.failed > 0:
		return 1, nil
	}
	return 0, nil
}
