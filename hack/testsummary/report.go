// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// event is one line of `go test -json`, see `go doc test2json` and `go help buildjson`.
type event struct {
	Action     string
	Package    string
	ImportPath string // in place of Package, of the events of a build
	Test       string
	Elapsed    float64 // in seconds
	Output     string
	// FailedBuild names the package whose failure to build kept this one's tests from running.
	FailedBuild string
}

type testID struct{ pkg, name string }

// testRun is what is known of a test while it runs.
type testRun struct {
	output    strings.Builder
	hasParts  bool // it has subtests, which are counted in its place
	partFails bool // one of its subtests failed
}

type counts struct{ passed, failed, skipped int }

func (c counts) total() int { return c.passed + c.failed + c.skipped }

// report prints the events of a test run as they come and counts them.
type report struct {
	out    io.Writer
	counts counts
	// failures names what failed, for the end, in the order in which it did.
	failures []string
	running  map[testID]*testRun
	// packageOutput is what a package printed outside of its tests: a panic, a timeout.
	packageOutput map[string]*strings.Builder
	packageFails  map[string]bool
}

func newReport(out io.Writer) *report {
	return &report{
		out:           out,
		running:       map[testID]*testRun{},
		packageOutput: map[string]*strings.Builder{},
		packageFails:  map[string]bool{},
	}
}

// read takes in the output of `go test -json` up to its end. Lines that are no events are
// printed as they are.
func (r *report) read(stdout io.Reader) error {
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) == nil && e.Action != "" {
				r.add(e)
			} else {
				r.print(line)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) add(e event) {
	switch {
	case e.Action == "build-output":
		r.print(e.Output)
	case e.Action == "build-fail":
		r.counts.failed++
		r.failures = append(r.failures, e.ImportPath+" (does not build)")
	case e.Test != "":
		r.addTestEvent(e)
	case e.Package != "":
		r.addPackageEvent(e)
	}
}

func (r *report) addTestEvent(e event) {
	id := testID{e.Package, e.Test}
	test, known := r.running[id]
	if !known {
		test = &testRun{}
		r.running[id] = test
	}
	switch e.Action {
	case "run":
		if parent := r.parent(id); parent != nil {
			parent.hasParts = true
		}
	case "output":
		test.output.WriteString(e.Output)
	case "pass", "fail", "skip":
		delete(r.running, id)
		r.endTest(id, e.Action, test)
	}
}

// parent is the test of which the given one is a subtest, nil when there is none.
func (r *report) parent(id testID) *testRun {
	slash := strings.LastIndex(id.name, "/")
	for slash > 0 {
		if parent, known := r.running[testID{id.pkg, id.name[:slash]}]; known {
			return parent
		}
		// The name of a subtest may contain slashes of its own.
		slash = strings.LastIndex(id.name[:slash], "/")
	}
	return nil
}

func (r *report) endTest(id testID, result string, test *testRun) {
	output := test.output.String()
	specs, isSuite := countSpecs(output)
	switch {
	case isSuite:
		r.counts.passed += specs.passed
		r.counts.failed += specs.failed
		r.counts.skipped += specs.skipped
	case test.hasParts:
	case result == "pass":
		r.counts.passed++
	case result == "skip":
		r.counts.skipped++
	}
	if result != "fail" {
		return
	}

	r.packageFails[id.pkg] = true
	if parent := r.parent(id); parent != nil {
		parent.partFails = true
	}
	// A failed part is counted already: a spec above, a subtest when it ended. What fails in
	// a suite outside of its specs, in BeforeSuite say, counts as one.
	if !test.partFails && specs.failed == 0 {
		r.counts.failed++
	}
	if !test.partFails {
		r.failures = append(r.failures, id.pkg+" "+id.name)
	}
	r.print(output)
}

func (r *report) addPackageEvent(e event) {
	switch e.Action {
	case "output":
		if r.packageOutput[e.Package] == nil {
			r.packageOutput[e.Package] = &strings.Builder{}
		}
		r.packageOutput[e.Package].WriteString(e.Output)
	case "pass":
		r.print(fmt.Sprintf("ok    %s %.1fs\n", e.Package, e.Elapsed))
	case "fail":
		r.endFailedPackage(e)
	}
}

func (r *report) endFailedPackage(e event) {
	for id, test := range r.running {
		if id.pkg == e.Package {
			r.print(test.output.String())
			delete(r.running, id)
		}
	}
	if output := r.packageOutput[e.Package]; output != nil {
		r.print(output.String())
	}
	r.print(fmt.Sprintf("FAIL  %s %.1fs\n", e.Package, e.Elapsed))
	// A build that failed has been counted already, once for all packages that need it.
	if !r.packageFails[e.Package] && e.FailedBuild == "" {
		// No test is to blame: TestMain failed, or the program ended early.
		r.counts.failed++
		r.failures = append(r.failures, e.Package)
	}
}

// close prints what failed and the counts.
func (r *report) close(took time.Duration) {
	for _, failure := range r.failures {
		r.print("failed: " + failure + "\n")
	}
	skipped := ""
	if r.counts.skipped > 0 {
		skipped = fmt.Sprintf(", %d skipped", r.counts.skipped)
	}
	r.print(fmt.Sprintf("%d passed, %d failed%s (%s)\n",
		r.counts.passed, r.counts.failed, skipped, took.Round(time.Second)))
}

// print ignores errors of standard output: there is nowhere else to report them.
func (r *report) print(text string) {
	_, _ = io.WriteString(r.out, text)
}

var (
	colour = regexp.MustCompile("\x1b\\[[0-9;]*m")
	// The closing line of a Ginkgo suite; "Flaked" stands there only when there are some.
	suiteResult = regexp.MustCompile(`(\d+) Passed \| (\d+) Failed \| (?:\d+ Flaked \| )?(\d+) Pending \| (\d+) Skipped`)
)

// countSpecs finds the counts of a Ginkgo suite in the output of the test that runs it.
func countSpecs(output string) (counts, bool) {
	if !strings.Contains(output, "Pending") {
		return counts{}, false
	}
	match := suiteResult.FindStringSubmatch(colour.ReplaceAllString(output, ""))
	if match == nil {
		return counts{}, false
	}
	number := func(group int) int {
		n, err := strconv.Atoi(match[group])
		if err != nil {
			return 0 // More digits than an int holds: nobody has so many specs.
		}
		return n
	}
	return counts{passed: number(1), failed: number(2), skipped: number(3) + number(4)}, true
}
