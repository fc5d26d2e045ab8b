// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bench measures the operator from outside: it starts etcd, kube-apiserver, the Synqly
// simulator and the manager as processes of this machine, on free ports of the loopback interface,
// and has the manager create many tickets. `make bench` builds what it needs and starts it.
//
// Whatever way it ends, it ends what it started.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// settings are what the flags say.
type settings struct {
	programs string
	folder   string
	tickets  int
	// inSync is how many of them are there, and in sync, before anything is measured.
	inSync  int
	backlog int
	latency time.Duration
	atRest  time.Duration
	profile bool
	// controlPlaneCores are for etcd and kube-apiserver alone; with 0, all share all.
	controlPlaneCores int
	// managerFlags are given to the manager besides those that it needs to run here.
	managerFlags []string
}

func main() {
	var s settings
	flag.StringVar(&s.programs, "programs", os.Getenv("KUBEBUILDER_ASSETS"), "the folder of etcd and kube-apiserver, as printed by `make -s control-plane`")
	flag.StringVar(&s.folder, "output", "dist/bench", "the folder for the results, the logs and the profile")
	flag.IntVar(&s.tickets, "tickets", 2000, "how many tickets there are in the end")
	flag.IntVar(&s.inSync, "in-sync", 0, "how many of them are in sync before the others are created: they are written straight into etcd and the simulator, which takes seconds")
	flag.IntVar(&s.backlog, "backlog", 10_000, "how many tickets are edited at once at most, to create new ones behind them")
	flag.DurationVar(&s.latency, "latency", 20*time.Millisecond, "how long the simulator takes for each request")
	flag.DurationVar(&s.atRest, "at-rest", time.Minute, "how long the manager is left alone before its memory at rest is read")
	flag.BoolVar(&s.profile, "profile", false, "record a CPU profile of the manager while it creates the tickets")
	flag.IntVar(&s.controlPlaneCores, "control-plane-cores", 0, "how many cores etcd and kube-apiserver have for themselves, as they do in a cluster; all programs share all cores if it is 0")
	flag.Func("manager-flag", "a flag for the manager, such as --max-concurrent-reconciles=64; repeatable", func(value string) error {
		s.managerFlags = append(s.managerFlags, value)
		return nil
	})
	flag.Parse()

	interrupted, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer release()
	ctx, cancel := context.WithTimeout(interrupted, timeLimit(s.tickets))
	defer cancel()
	log.SetLogger(logr.Discard()) // envtest's log tells nothing of use here.
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // there is nothing left to release
	}
}

// timeLimit bounds a run on a machine that creates ten tickets a second.
func timeLimit(tickets int) time.Duration {
	return 15*time.Minute + time.Duration(tickets)*200*time.Millisecond
}

func run(ctx context.Context, s settings) (err error) {
	switch {
	case s.programs == "":
		return errors.New("where etcd and kube-apiserver are is unknown: start it by `make bench`, or give --programs")
	case s.inSync < 0 || s.tickets-s.inSync < 100 || s.backlog < 100:
		return fmt.Errorf("--tickets is %d, --in-sync is %d and --backlog is %d: the first must be 100 more than the second at least, and the third at least 100", s.tickets, s.inSync, s.backlog)
	case s.controlPlaneCores < 0 || s.controlPlaneCores >= runtime.NumCPU():
		return fmt.Errorf("--control-plane-cores is %d: with the %d cores that there are, it must be between 0 and %d", s.controlPlaneCores, runtime.NumCPU(), runtime.NumCPU()-1)
	}
	s.backlog = min(s.backlog, s.tickets-s.inSync)
	if err := os.MkdirAll(s.folder, 0o750); err != nil {
		return fmt.Errorf("making the folder for the results: %w", err)
	}
	b := &bench{settings: s, started: time.Now(), result: result{Machine: describeMachine(), Tickets: s.tickets, InSync: s.inSync, RemoteLatency: s.latency.String(), RateLimit: rateLimit, ManagerFlags: s.managerFlags, ControlPlaneCores: s.controlPlaneCores}}
	defer func() { err = errors.Join(err, b.stop()) }()
	for _, phase := range []func(context.Context) error{
		b.startEnvironment,
		b.takeTemplate,
		b.fill, // before the API server is measured, which is slower with many objects
		b.measureAPIServer,
		b.measureCreation,
		b.measureRest,
		b.measureBacklog,
		b.measureRestart,
	} {
		if err := phase(ctx); err != nil {
			return err
		}
	}
	return b.report(os.Stdout)
}
