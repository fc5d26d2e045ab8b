// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package faultsuite shows by enumeration that a remote object is created exactly once and that a
// deletion never hangs: every fault at every operation of every scenario, followed by a run without
// faults to the end. Nothing of it is written by hand: a scenario is run once to number its
// operations, and each fault says at which kinds of operation it can strike.
//
// A case lives in a bubble of the package testing/synctest, so that its time is virtual for the
// operator, the ticketing system and the cluster alike, deadlines of contexts included. It repeats
// but for the jitter of pauses, and runs alone with
//
//	go test ./internal/faultsuite -run 'TestFaults/<scenario>/<operation>/<fault>'
package faultsuite

import (
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
)

// tally counts the cases per kind of fault.
type tally struct {
	mu     sync.Mutex
	cases  map[string]int
	failed map[string]int
}

var counted = tally{cases: map[string]int{}, failed: map[string]int{}}

func (t *tally) add(kind string, failed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cases[kind]++
	if failed {
		t.failed[kind]++
	}
}

func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines []string
	total, failed := 0, 0
	for kind, count := range t.cases {
		lines = append(lines, fmt.Sprintf("  %-22s %6d cases, %d failed", kind, count, t.failed[kind]))
		total, failed = total+count, failed+t.failed[kind]
	}
	slices.Sort(lines)
	part := ""
	if oneIn > 1 {
		part = fmt.Sprintf(" (one case in %d, for the race detector)", oneIn)
	}
	return fmt.Sprintf("fault suite%s: %d cases, %d failed\n%s", part, total, failed, strings.Join(lines, "\n"))
}

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	// The cases leave much garbage and need little memory.
	debug.SetGCPercent(400)
	code := m.Run()
	fmt.Println(counted.String())
	os.Exit(code)
}

// TestFaults runs every scenario without faults, and then with every fault at every operation.
func TestFaults(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(named(s.name), func(t *testing.T) {
			t.Parallel()
			faults, operations := s.faults(), operationsOf(t, s)
			for i, at := range operations {
				t.Run(named(fmt.Sprintf("%03d-%s-%s", i+1, at.class, at.name)), func(t *testing.T) {
					for _, f := range faults {
						if !f.applies(at) || !sampled(s, i, f) {
							continue
						}
						t.Run(named(f.name), func(t *testing.T) {
							t.Parallel()
							runCase(t, s, &strike{number: i + 1, at: at, fault: f})
						})
					}
				})
			}
		})
	}
}

// sampled reports whether a case belongs to the part that is run, which is all of them without the
// race detector.
func sampled(s scenario, operation int, f fault) bool {
	hash := fnv.New32a()
	_, _ = fmt.Fprint(hash, s.name, operation, f.name) // A hash takes everything.
	return hash.Sum32()%oneIn == 0
}

// TestEveryFaultStrikes keeps the enumeration from going empty: each fault must have an operation
// that it can strike at.
func TestEveryFaultStrikes(t *testing.T) {
	strikes := map[string]bool{}
	for _, s := range scenarios() {
		for _, at := range operationsOf(t, s) {
			for _, f := range s.faults() {
				strikes[f.name] = strikes[f.name] || f.applies(at)
			}
		}
	}
	for name, strikesAnywhere := range strikes {
		if !strikesAnywhere {
			t.Errorf("the fault %q strikes at no operation of any scenario", name)
		}
	}
}

// named makes a name of a subtest that needs no quoting.
func named(text string) string {
	return strings.NewReplacer(" ", "_", ",", "", "/", ".").Replace(text)
}

// surveyed has the operations of the scenarios that have been run without faults, by name.
var surveyed sync.Map

// operationsOf returns the operations of a scenario, which is run once for all tests.
func operationsOf(t *testing.T, s scenario) []operation {
	t.Helper()
	if known, found := surveyed.Load(s.name); found {
		return known.([]operation)
	}
	operations := baseline(t, s)
	surveyed.Store(s.name, operations)
	return operations
}

// baseline runs a scenario without faults and returns its operations.
func baseline(t *testing.T, s scenario) []operation {
	t.Helper()
	defer func() { counted.add("no fault", t.Failed()) }()
	var operations []operation
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		defer w.remote.Close()
		w.play(s)
		w.checkInSync(100)
		report(t, w, w.unmet())
		operations = w.operations
	})
	return operations
}

// runCase runs a scenario with one fault.
func runCase(t *testing.T, s scenario, what *strike) {
	t.Helper()
	defer func() { counted.add(what.fault.kind, t.Failed()) }()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		defer w.remote.Close()
		w.strike = what
		w.play(s)
		if !what.done {
			w.violate("the simulation: operation %d did not happen", what.number)
		}
		if len(w.unmet()) > 0 && w.mayNeedAPerson(s) {
			w.mend(s)
		}
		unmet := w.unmet()
		w.checkInSync(20)
		report(t, w, unmet)
	})
}

// play does what people do in a scenario, and lets the world come to rest.
func (w *world) play(s scenario) {
	w.polled = s.polled
	if s.receiver != nil {
		w.alerts = newAlertWorld(w)
	}
	if s.polled || s.receiver != nil {
		w.managers = []*process{newProcess(w)}
	}
	// What is applied from here on is younger than the manager, to the second that Kubernetes
	// keeps.
	elapse(2 * time.Second)
	if !s.cold {
		w.applySecret(firstToken)
		w.apply(theIntegration())
		w.rest()
	}
	if s.receiver != nil {
		w.alerts.receive(s.receiver())
		w.rest()
	}
	if s.setup != nil {
		s.setup(w)
		w.rest()
	}
	w.primary, w.counting, w.actStarted = s.primary, true, w.api.Revision()
	for _, act := range s.acts {
		act(w)
		w.rest()
	}
	w.counting = false
	// What would still come, late commits and periodic checks, comes within this time.
	w.pass(10 * time.Minute)
}

// mayNeedAPerson reports whether the operator may leave it to a person to go on: the ticketing
// system refused a request, a person removed the remote object, or the credentials are gone for
// good. It must say so on the objects that it leaves.
func (w *world) mayNeedAPerson(s scenario) bool {
	if !w.strike.fault.refusal && !w.strike.fault.doubtful && !(s.withoutCredentials && w.strike.fault.losesCredentials) {
		return false
	}
	for _, of := range w.declared {
		object, exists := w.get(of).(remote.Object)
		if !exists || w.settled(of) {
			continue
		}
		honest := []string{v1alpha1.ReasonRejected, v1alpha1.ReasonUnauthorized, v1alpha1.ReasonRemoteMissing, v1alpha1.ReasonDeleteBlocked, v1alpha1.ReasonConflict, v1alpha1.ReasonWaitingForTicket, v1alpha1.ReasonWaitingForIntegration}
		if w.strike.fault.doubtful {
			honest = append(honest, v1alpha1.ReasonCreateUnconfirmed)
		}
		if reason := readyReason(object.RemoteStatus()); !slices.Contains(honest, reason) {
			w.violate("%s waits for a person without saying so: %s", of, conditionText(object.RemoteStatus().Conditions))
		}
	}
	return true
}

// mend is what a person does then: give back the credentials that are missing, and ask to look
// again.
func (w *world) mend(s scenario) {
	if s.withoutCredentials && w.token() == "" {
		w.applySecret(currentToken(w))
		if w.get(w.connectedBy) == nil {
			w.apply(w.theConnection())
		}
	}
	if w.strike.fault.doubtful {
		w.decide()
	}
	w.touch()
	w.rest()
	if w.alerts != nil {
		w.pass(10 * time.Minute) // An incident that waits for room looks now and then.
	}
}

// currentToken is the one that the ticketing system accepts.
func currentToken(w *world) string {
	if strings.HasPrefix(w.strike.fault.name, "Secret rotated") || w.strike.fault.name == "token revoked" {
		return rotatedToken
	}
	return firstToken
}

// stopAtFirst is for those who only want to know whether any case fails. Parallel tests go on after
// -failfast, and say so only when all are done.
var stopAtFirst = flag.Bool("stop-at-first", false, "end the program with the first case that fails")

func report(t *testing.T, w *world, unmet []string) {
	t.Helper()
	defer func() {
		if t.Failed() && *stopAtFirst {
			fmt.Printf("--- FAIL: %s\n", t.Name())
			os.Exit(1)
		}
	}()
	for _, violation := range w.violations {
		t.Error(violation)
	}
	for _, u := range unmet {
		t.Errorf("in the end: %s", u)
	}
	if t.Failed() {
		t.Logf("what happened:\n  %s", w.story())
	}
}
