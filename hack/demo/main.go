// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command demo shows the operator at work on a machine that has no cluster: it starts etcd,
// kube-apiserver, the Synqly simulator and the operator as processes of this machine, on free ports
// of the loopback interface, applies config/samples, waits until every object is Ready, shows both
// sides, fires an alert and resolves it, and keeps running until it is interrupted. `make demo`
// builds what it needs and starts it.
//
// Whatever way it ends, it ends what it started and removes what it wrote.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

func main() {
	var settings settings
	flag.StringVar(&settings.programs, "programs", os.Getenv("KUBEBUILDER_ASSETS"),
		"the folder of etcd and kube-apiserver, as printed by `make -s control-plane`")
	flag.BoolVar(&settings.once, "once", false, "end after everything has been shown")
	flag.Parse()

	interrupted, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer release()
	// envtest's log would tell nothing that the demo does not say itself.
	log.SetLogger(logr.Discard())
	if err := run(interrupted, settings); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type settings struct {
	programs string // the folder of the control plane's programs
	once     bool
}

// How long things may take on a small machine before the demo gives up.
const (
	startTimeout = 60 * time.Second
	readyTimeout = 2 * time.Minute
)

func run(ctx context.Context, settings settings) (err error) {
	if settings.programs == "" {
		return errors.New("where etcd and kube-apiserver are is unknown: start the demo by `make demo`, or give --programs")
	}
	d := &demo{settings: settings, started: time.Now()}
	defer func() {
		if ctx.Err() != nil {
			err = nil // A step that the interrupt broke off is no failure.
		}
		if err != nil {
			d.say("That failed. What there is to see:")
			d.showWhatWentWrong()
		}
		err = errors.Join(err, d.stop())
	}()
	for _, step := range []func(context.Context) error{
		d.makeFolder,
		d.startControlPlane,
		d.installDefinitions,
		d.startSimulator,
		d.startOperator,
		d.applySamples,
		d.waitUntilReady,
		d.showObjects,
		d.showRemoteTickets,
		d.fireAlert,
		d.resolveAlert,
		d.keepRunning,
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}
