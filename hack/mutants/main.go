// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Mutants tries the fault suite: it breaks the protocol in one named way after the other, and each
// must be caught by some case. The product's code holds no switch for it: the Go command's -overlay
// puts the changed source in place of the real one (overlay.go).
//
// A mutant (mutants.go) names a function, a place in it, and one of a few ways to break it
// (changes.go), and quotes no source. Where the names of the function and of what it calls do not
// say the place, the comment "// mutant: <name of the mutant>" marks it in the source, on the line
// of the place or on the one before. The tests of this package apply every mutant to the source as
// it is.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// suite is the package whose tests must catch every mutant.
const suite = "./internal/faultsuite"

func main() {
	only := flag.String("only", "", "try only the mutants whose name matches this regular expression")
	parallel := flag.Int("parallel", 2, "how many to try at the same time")
	limit := flag.Duration("limit", 10*time.Minute, "how long the suite may take for one mutant")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	survivors, err := run(ctx, *only, *parallel, *limit)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
	}
	if err != nil || survivors > 0 {
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, parallel int, limit time.Duration) (survivors int, err error) {
	some, err := selected(only)
	if err != nil {
		return 0, err
	}
	return try(ctx, some, parallel, limit)
}

func selected(pattern string) ([]mutant, error) {
	names, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("reading -only: %w", err)
	}
	var some []mutant
	for _, m := range mutants {
		if names.MatchString(m.name) {
			some = append(some, m)
		}
	}
	if len(some) == 0 {
		return nil, fmt.Errorf("no mutant has a name that matches %q", pattern)
	}
	return some, nil
}

// try tries the mutants and prints of each what it breaks and what has caught it. It returns how
// many survived.
func try(ctx context.Context, some []mutant, parallel int, limit time.Duration) (survivors int, err error) {
	folder, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // A temporary folder.
	program, err := build(ctx, some, folder)
	if err != nil {
		return 0, err
	}

	type verdict struct {
		mutant mutant
		outcome
		err error
	}
	queue, verdicts := make(chan mutant), make(chan verdict)
	var workers sync.WaitGroup
	for range parallel {
		workers.Go(func() {
			for m := range queue {
				outcome, err := tryOne(ctx, m, program, limit)
				verdicts <- verdict{m, outcome, err}
			}
		})
	}
	go func() {
		for _, m := range some {
			queue <- m
		}
		close(queue)
		workers.Wait()
		close(verdicts)
	}()
	var failures []string
	caught := 0
	for v := range verdicts {
		switch {
		case v.err != nil:
			failures = append(failures, fmt.Sprintf("%s: %v", v.mutant.name, v.err))
		case v.caught == "":
			survivors++
			fmt.Printf("SURVIVED  %-28s %s\n", v.mutant.name, v.mutant.what)
		default:
			caught++
			fmt.Printf("caught    %-28s %s\n%39sby %s\n", v.mutant.name, v.mutant.what, "", v.caught)
			if v.unexpected {
				fmt.Printf("%39sand not by %s: bring its caughtBy up to date, to have it caught sooner\n", "", v.mutant.caughtBy)
			}
		}
	}
	fmt.Printf("mutants: %d caught, %d survived, %d could not be tried\n", caught, survivors, len(failures))
	if len(failures) > 0 {
		return survivors, fmt.Errorf("could not be tried:\n  %s", strings.Join(failures, "\n  "))
	}
	return survivors, nil
}

// outcome says which test caught a mutant; none when caught is empty.
type outcome struct {
	caught string
	// unexpected: it is none of those that the mutant names.
	unexpected bool
}

// build builds the suite with the mutants, and returns the path of the program.
func build(ctx context.Context, some []mutant, folder string) (string, error) {
	overlay, err := writeOverlay(folder, some)
	if err != nil {
		return "", err
	}
	program := filepath.Join(folder, "suite.test")
	// Nobody reads the symbols for debuggers or the advice of vet, and both take time.
	// #nosec G204 -- the arguments are this program's own
	build := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-o", program, "-overlay", overlay, suite)
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the suite with the mutants does not compile: %w\n%s", err, output)
	}
	return program, nil
}

// tryOne runs the cases that are known to catch a mutant. When they pass it runs all of them.
func tryOne(ctx context.Context, m mutant, program string, limit time.Duration) (outcome, error) {
	caught, err := firstFailure(ctx, limit, m, program, "-test.run=^TestFaults$/"+m.caughtBy)
	if caught != "" || err != nil {
		return outcome{caught: caught}, err
	}
	caught, err = firstFailure(ctx, limit, m, program)
	return outcome{caught: caught, unexpected: true}, err
}

// firstFailure runs the suite with a mutant in force until a case fails, and returns its name, or
// an empty one.
func firstFailure(ctx context.Context, limit time.Duration, m mutant, program string, flags ...string) (string, error) {
	ctx, end := context.WithTimeout(ctx, limit)
	defer end()
	run := exec.CommandContext(ctx, program, append([]string{"-stop-at-first"}, flags...)...) // #nosec G204 -- built by the caller
	run.Dir, run.Env = suite, append(os.Environ(), environmentVariable+"="+m.name)
	output, err := run.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := run.Start(); err != nil {
		return "", err
	}
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	last := ""
	for lines.Scan() {
		last = strings.TrimSpace(lines.Text())
		if failed, isFailure := strings.CutPrefix(last, "--- FAIL: "); isFailure {
			_ = run.Wait() // It failed, which is the news.
			name, _, _ := strings.Cut(failed, " ")
			return name, nil
		}
	}
	switch err := run.Wait(); {
	case err == nil:
		return "", nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "", fmt.Errorf("the suite did not end within %s", limit)
	case ctx.Err() != nil:
		return "", ctx.Err()
	}
	return "the end of the program: " + last, nil
}
