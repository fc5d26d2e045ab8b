// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command testsummary runs `go test -json …`, prints a line for each package and the whole
// output of what failed, and closes with the counts:
//
//	testsummary go test -json -race ./...
//
// go test alone has no closing line over all packages, and it counts a Ginkgo suite as one
// test; here each spec counts. The exit code is that of go test, and 1 when no test ran.
//
// Several commands, with -- between them, run at the same time and are counted together:
//
//	testsummary go test -json -race ./... -- nice go test -json ./internal/slow
//
// What the first one says is shown as it comes, and then what the others have said. The exit
// code is that of the first that fails.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: testsummary go test -json [flags] [packages] [-- another command]...")
		os.Exit(2)
	}
	code, err := run(context.Background(), os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsummary:", err)
	}
	os.Exit(code)
}

// run executes the commands and reports on their events. It returns the exit code.
func run(ctx context.Context, arguments []string) (int, error) {
	started := time.Now()
	// What runs already is ended when something after it does not start.
	ctx, end := context.WithCancel(ctx)
	defer end()
	tests, err := start(ctx, arguments)
	if err != nil {
		end()
		for _, test := range tests {
			_ = test.Wait() // How it ended is no news.
		}
		return 1, err
	}
	report := newReport(os.Stdout)
	code := 0
	var problems []error
	for _, test := range tests {
		testCode, err := test.finish(report)
		if code == 0 {
			code = testCode
		}
		problems = append(problems, err)
	}
	report.close(time.Since(started))

	switch err := errors.Join(problems...); {
	case code != 0 || err != nil:
		return max(code, 1), err
	case report.counts.total() == 0:
		return 1, errors.New("no test ran")
	case report.counts.failed > 0:
		return 1, nil
	}
	return 0, nil
}

// testCommand is a command that runs.
type testCommand struct {
	*exec.Cmd

	events io.Reader
	// held has the events of a command whose turn to be shown has not come yet.
	held *bytes.Buffer
}

// start starts the commands, which are separated by --.
func start(ctx context.Context, arguments []string) ([]*testCommand, error) {
	var tests []*testCommand
	for rest := arguments; len(rest) > 0; {
		command := rest
		if separator := slices.Index(rest, "--"); separator >= 0 {
			command, rest = rest[:separator], rest[separator+1:]
		} else {
			rest = nil
		}
		if len(command) == 0 {
			return tests, errors.New("there is no command before or after a --")
		}
		test, err := startOne(ctx, command, len(tests) > 0)
		if err != nil {
			return tests, err
		}
		tests = append(tests, test)
	}
	return tests, nil
}

func startOne(ctx context.Context, command []string, hold bool) (*testCommand, error) {
	//nolint:gosec // To run the command that the caller gives is what this program is for.
	test := &testCommand{Cmd: exec.CommandContext(ctx, command[0], command[1:]...)}
	test.Stderr = os.Stderr
	if hold {
		test.held = &bytes.Buffer{}
		test.Stdout = test.held
	} else {
		stdout, err := test.StdoutPipe()
		if err != nil {
			return nil, fmt.Errorf("connecting to the output of %s: %w", command[0], err)
		}
		test.events = stdout
	}
	if err := test.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", command[0], err)
	}
	return test, nil
}

// finish reports on the events of the command up to its end, and returns its exit code.
func (t *testCommand) finish(report *report) (int, error) {
	var readErr, waitErr error
	if t.held == nil {
		readErr = report.read(t.events)
		waitErr = t.Wait()
	} else {
		waitErr = t.Wait()
		readErr = report.read(t.held)
	}
	var exit *exec.ExitError
	switch {
	case errors.As(waitErr, &exit) && exit.ExitCode() > 0:
		return exit.ExitCode(), nil
	case waitErr != nil:
		return 1, fmt.Errorf("running %s: %w", t.Args[0], waitErr)
	case readErr != nil:
		return 1, fmt.Errorf("reading the output of %s: %w", t.Args[0], readErr)
	}
	return 0, nil
}
