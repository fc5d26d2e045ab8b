// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	goruntime "runtime"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller"
	"github.com/synqly/ticketing-operator/internal/controller/child"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/integration"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	ticketcontroller "github.com/synqly/ticketing-operator/internal/controller/ticket"
	"github.com/synqly/ticketing-operator/internal/faultsuite/memoryapi"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// process is a manager: reconcilers with their memory, a cache, and a work queue. One object is
// reconciled at a time, in the order in which they were queued.
type process struct {
	world       *world
	reconcilers map[string]reconcile.Reconciler
	connections *connection.Connections

	queue    []reference
	timers   map[reference]time.Time
	failures map[reference]int

	// written has the revision of this process's latest write, which its cache shows: of an object,
	// and of a kind.
	written map[string]int64
	lag     *lag
	// frozen: the process is stopped in the middle of a reconcile.
	frozen bool
	// crashed: it has ended, and nothing that it has begun goes on.
	crashed bool
	// endpoint takes alerts, in scenarios with any. A process on standby does nothing else: it does
	// not lead.
	endpoint http.Handler
	standby  bool
	paced    pacing
	logger   logr.Logger
}

// lag is a cache that is behind.
type lag struct {
	revision int64
	until    time.Time
}

// newProcess starts a manager, which finds every object in its first list.
func newProcess(w *world) *process { return newProcessOn(w, nodeClock{}) }

// newProcessOn starts a manager on a node with a clock of its own.
func newProcessOn(w *world, on nodeClock) *process {
	p := &process{
		world: w, timers: map[reference]time.Time{}, failures: map[reference]int{}, written: map[string]int64{},
	}
	p.logger = w.logger()
	cached := w.api.NewClient(memoryapi.Hooks{Read: p.readCached, Write: p.write})
	live := w.api.NewClient(memoryapi.Hooks{Read: p.readLive})
	w.must(controller.IndexFields(context.Background(), cached))
	p.connections = connection.New(connection.Options{ClusterNamespace: namespace, Secrets: live, Transport: w.network, Clock: on})
	options := remote.Options{
		Client: cached, APIReader: live, Namespaces: namespaceMetadata{live}, Connections: p.connections, Recorder: recorder{w}, Installation: installation, Clock: on,
	}
	integrations := integration.NewReconciler(options, controller.RemoteKinds)
	p.reconcilers = map[string]reconcile.Reconciler{theDefault.kind: integrations, theClusterIntegration.kind: integrations}
	for _, kind := range controller.RemoteKinds {
		reconciler, err := kind.NewReconciler(options)
		w.must(err)
		p.reconcilers[kind.Name] = reconciler
	}
	if w.alerts != nil {
		p.followAlerts(options)
	}
	if w.polled {
		observations := p.reconcilers["Ticket"].(interface {
			Observations() *remote.Observations[synqly.Ticket]
		}).Observations()
		p.reconcilers[thePoller.kind] = ticketcontroller.NewPoller(options, observations)
		w.must(observations.Start(context.Background(), observationQueue{by: p}))
	}
	p.enqueueAll()
	return p
}

// logger checks what a process logs.
func (w *world) logger() logr.Logger {
	return funcr.New(func(prefix, args string) { w.checkText("a log line", prefix+args) }, funcr.Options{Verbosity: 4})
}

// observationQueue is how observations enqueue their Tickets.
type observationQueue struct {
	workqueue.TypedRateLimitingInterface[reconcile.Request] // nil: nothing but Add may be called
	by                                                      *process
}

func (q observationQueue) Add(request reconcile.Request) {
	q.by.enqueue(reference{"Ticket", request.Name})
}

// enqueueAll queues every object, comments, notes and attachments before what they wait for.
func (p *process) enqueueAll() {
	for _, kind := range slices.Backward(controller.RemoteKinds) {
		p.world.each(kind.NewList(), func(object client.Object) { p.enqueue(referenceTo(object)) })
	}
	p.world.eachIntegration(func(object client.Object) { p.enqueue(referenceTo(object)) })
	if p.world.polled {
		p.enqueue(thePoller)
	}
	if p.world.alerts != nil {
		p.world.each(&v1alpha1.IncidentList{}, func(object client.Object) { p.enqueue(referenceTo(object)) })
		p.world.each(&v1alpha1.AlertReceiverList{}, func(object client.Object) { p.enqueue(referenceTo(object)) })
	}
}

// each calls a function for every object of a kind.
func (w *world) each(list client.ObjectList, do func(client.Object)) {
	w.must(w.people.List(context.Background(), list))
	w.must(meta.EachListItem(list, func(item runtime.Object) error {
		do(item.(client.Object))
		return nil
	}))
}

// enqueue queues an object now. As in the priority queue of controller-runtime an object is queued
// once, so this takes the place of a later time.
func (p *process) enqueue(of reference) {
	delete(p.timers, of)
	if !slices.Contains(p.queue, of) {
		p.queue = append(p.queue, of)
	}
}

func (p *process) enqueueAt(of reference, at time.Time) {
	if due, queued := p.timers[of]; slices.Contains(p.queue, of) || (queued && due.Before(at)) {
		return
	}
	p.timers[of] = at
}

// notify is what the watches of the controllers do with a change, once the cache shows it.
func (p *process) notify(change memoryapi.Change) {
	if p.lag != nil {
		return // Made up for when the cache has caught up.
	}
	object := change.Object()
	of := referenceTo(object)
	if p.world.alerts != nil {
		p.notifyOfAlerts(change)
	}
	switch of.kind {
	case theDefault.kind, theClusterIntegration.kind:
		if change.Before != nil && (change.After == nil || change.Before.GetGeneration() != change.After.GetGeneration()) {
			p.connections.Interrupt(of.key())
		}
		p.enqueue(of)
		if p.world.polled {
			p.enqueue(thePoller)
		}
		p.enqueueAllWaiting()
	case "Namespace":
		p.enqueueAllWaiting()
	case "Ticket":
		p.enqueue(of)
		for _, kind := range controller.RemoteKinds {
			p.world.each(kind.NewList(), func(child client.Object) {
				if parentOf(child) == of.name {
					p.enqueueWaiting(child)
				}
			})
		}
	default:
		if kindNamed(of.kind) == nil {
			return
		}
		p.enqueue(of)
	}
	if kindNamed(of.kind) != nil && endsUse(change) {
		p.world.eachIntegration(func(integration client.Object) {
			if !integration.GetDeletionTimestamp().IsZero() {
				p.enqueue(referenceTo(integration))
			}
		})
	}
}

// eachIntegration calls a function for every Integration and ClusterIntegration.
func (w *world) eachIntegration(do func(client.Object)) {
	w.each(&v1alpha1.IntegrationList{}, do)
	w.each(&v1alpha1.ClusterIntegrationList{}, do)
}

// enqueueAllWaiting queues every object that is not Ready.
func (p *process) enqueueAllWaiting() {
	for _, kind := range controller.RemoteKinds {
		p.world.each(kind.NewList(), func(object client.Object) { p.enqueueWaiting(object) })
	}
}

// endsUse reports whether a change may end the use of an Integration.
func endsUse(change memoryapi.Change) bool {
	return change.After == nil || (change.Before != nil && controllerutil.ContainsFinalizer(change.Before, v1alpha1.RemoteFinalizer) &&
		!controllerutil.ContainsFinalizer(change.After, v1alpha1.RemoteFinalizer))
}

// enqueueWaiting queues an object that is not Ready.
func (p *process) enqueueWaiting(object client.Object) {
	status := object.(remote.Object).RemoteStatus()
	if !meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady) || !object.GetDeletionTimestamp().IsZero() {
		p.enqueue(referenceTo(object))
	}
}

// parentOf is the Ticket that an object names; empty for one that names none.
func parentOf(object client.Object) string {
	belongs, isChild := object.(child.Object)
	if !isChild || belongs.ParentReference().TicketRef == nil {
		return ""
	}
	return belongs.ParentReference().TicketRef.Name
}

// drainRechecks queues the Integrations that are to be checked again.
func (p *process) drainRechecks() {
	for {
		select {
		case recheck := <-p.connections.Rechecks():
			p.enqueue(referenceTo(recheck.Object))
		default:
			return
		}
	}
}

// catchUp ends a lag whose time has come.
func (p *process) catchUp() {
	if p.lag == nil || time.Now().Before(p.lag.until) {
		return
	}
	missed := p.world.api.Changes(p.lag.revision)
	p.lag = nil
	for _, change := range missed {
		p.notify(change)
	}
}

// floor is the oldest revision that the cache of this process may show: one with its own writes to
// the object, or in a list to any object of the kind.
func (p *process) floor(o memoryapi.Operation) int64 {
	if o.Verb == "list" {
		return p.written[o.Kind]
	}
	return p.written[o.Kind+"/"+o.Name.Name]
}

// changedSince reports whether a read as of a revision shows another state than the present one.
func (p *process) changedSince(revision int64, o memoryapi.Operation) bool {
	return slices.ContainsFunc(p.world.api.Changes(revision), func(c memoryapi.Change) bool {
		return c.Kind == o.Kind && (o.Verb == "list" || c.Object().GetName() == o.Name.Name)
	})
}

func (p *process) readCached(o memoryapi.Operation) (int64, error) {
	p.endIfCrashed()
	if o.Verb == "list" && o.Fields == "" && o.Kind != "Integration" {
		p.world.violate("a reconcile lists every %s", o.Kind)
	}
	struck := p.world.begin(operation{class: classRead, name: o.String(), stale: p.changedSince(p.floor(o), o)})
	if struck != nil && struck.read != nil {
		return struck.read(p, o)
	}
	if p.lag != nil {
		return max(p.lag.revision, p.floor(o)), nil
	}
	return memoryapi.Latest, nil
}

func (p *process) readLive(o memoryapi.Operation) (int64, error) {
	p.endIfCrashed()
	if struck := p.world.begin(operation{class: classLiveRead, name: o.String()}); struck != nil && struck.liveRead != nil {
		return memoryapi.Latest, struck.liveRead(o)
	}
	return memoryapi.Latest, nil
}

func (p *process) write(o memoryapi.Operation, commit func() error) error {
	w := p.world
	p.endIfCrashed()
	w.checkText("a write to the cluster", string(o.Data))
	struck := w.begin(operation{class: classWrite, name: o.String()})
	var err error
	if time.Now().Before(w.deniedUntil) {
		err = errDenied
	} else if struck != nil && struck.write != nil {
		err = struck.write(p, o, commit)
	} else {
		err = commit()
	}
	if err == nil {
		p.written[o.Kind], p.written[o.Kind+"/"+o.Name.Name] = w.api.Revision(), w.api.Revision()
	}
	w.logf("%s: %v", o, err)
	w.end(struck)
	return err
}

// reconcile calls the reconciler of an object once, in a goroutine of its own so that a crash can
// end it. It returns false for a process that has crashed.
func (p *process) reconcile(of reference) (alive bool) {
	w := p.world
	acting := &action{by: p, of: of, started: w.api.Revision()}
	if object := w.get(of); object != nil {
		acting.uid = object.GetUID()
	}
	before := w.acting
	w.acting = acting
	type end struct {
		result ctrl.Result
		err    error
	}
	var ended *end
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx := ctrl.LoggerInto(context.Background(), p.logger)
		result, err := p.reconcilers[of.kind].Reconcile(ctx, ctrl.Request{NamespacedName: of.key()})
		ended = &end{result, err}
	}()
	begun := time.Now()
	<-done
	w.longestWork[of.kind] = max(w.longestWork[of.kind], time.Since(begun))
	w.acting = before
	if ended == nil {
		return false
	}
	p.requeue(of, ended.result, ended.err)
	return true
}

// requeue does what the work queue of controller-runtime does with the end of a reconcile.
func (p *process) requeue(of reference, result ctrl.Result, err error) {
	switch {
	case err != nil:
		p.world.checkText("an error", err.Error())
		p.world.logf("reconcile of %s failed: %v", of, err)
		if !errors.Is(err, reconcile.TerminalError(nil)) {
			p.enqueueAt(of, time.Now().Add(min(5*time.Millisecond<<min(p.failures[of], 20), 1000*time.Second)))
			p.failures[of]++
		}
	case result.RequeueAfter > 0:
		delete(p.failures, of)
		p.enqueueAt(of, time.Now().Add(result.RequeueAfter))
	default:
		delete(p.failures, of)
	}
}

// crash ends the reconcile that is on its way, and with it the process. It does not return.
func (w *world) crash(next func(*world, *action)) {
	crashed := w.acting
	crashed.by.crashed = true
	if crashed.by.standby {
		w.alerts.standby = newStandby(w)
		goruntime.Goexit()
	}
	w.managers = slices.DeleteFunc(w.managers, func(p *process) bool { return p == crashed.by })
	next(w, crashed)
	goruntime.Goexit()
}

// endIfCrashed ends what goes on in another goroutine than the one in which the process crashed.
func (p *process) endIfCrashed() {
	if p.crashed {
		goruntime.Goexit()
	}
}

// recorder keeps Events.
type recorder struct{ world *world }

func (r recorder) Eventf(regarding, _ runtime.Object, kind, reason, _, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.world.checkText("an Event", text)
	name := "?"
	if object, isObject := regarding.(client.Object); isObject && !reflect.ValueOf(regarding).IsNil() {
		name = strings.TrimPrefix(fmt.Sprintf("%T", object), "*v1alpha1.") + "/" + object.GetName()
	}
	r.world.news = append(r.world.news, fmt.Sprintf("%s %s %s %s: %s", time.Now().Format(time.TimeOnly), kind, reason, name, text))
}

func (w *world) logf(format string, args ...any) {
	who := "?"
	if w.acting != nil {
		who = w.acting.of.String()
	}
	w.network.log = append(w.network.log, time.Now().Format("15:04:05.000")+" "+who+": "+fmt.Sprintf(format, args...))
}
