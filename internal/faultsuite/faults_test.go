// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/faultsuite/memoryapi"
)

// class of an operation.
type class string

const (
	classRemote   class = "remote"
	classWrite    class = "write"
	classRead     class = "read"
	classLiveRead class = "live-read"
)

// operation is one thing that a manager does: a remote call, a write to the cluster, a read of the
// cache, or a read of the API server.
type operation struct {
	class class
	name  string
	// by is the kind of what is reconciled; of alerts that are taken it says which process takes
	// them.
	by string
	// stale: a cache that shows no more than this process's own writes shows another state than the
	// present one.
	stale bool
	// remoteExists, ticketExists: the remote object of the scenario's primary object, and the
	// remote ticket that it is or belongs to, are there.
	remoteExists, ticketExists bool
	// objectExists, secretExists, integrationExists: people have not deleted them.
	objectExists, secretExists, integrationExists bool
}

func (o operation) writesRemotely() bool {
	return o.class == classRemote && !strings.HasPrefix(o.name, "get ") && !strings.HasPrefix(o.name, "list ")
}

func (o operation) is(verb string) bool {
	return o.class == classRemote && strings.HasPrefix(o.name, verb+" ")
}

// fault is one thing that goes wrong, at one operation.
type fault struct {
	kind, name string
	applies    func(operation) bool
	// before and after are done around the operation; the others take its place.
	before, after func(*world)
	answer        answerer
	write         func(p *process, o memoryapi.Operation, commit func() error) error
	read          func(p *process, o memoryapi.Operation) (revision int64, err error)
	liveRead      func(o memoryapi.Operation) error
	// refusal: the operator may take it for final, and then says so and waits for a person.
	refusal bool
	// doubtful: the operator may ask a person whether something was created.
	doubtful bool
	// losesCredentials: a manager may be left without the token.
	losesCredentials bool
}

// strike is where and what.
type strike struct {
	number int // of the operation, from 1
	at     operation
	fault  fault
	done   bool
}

// begin numbers an operation and returns the fault that strikes at it.
func (w *world) begin(o operation) *fault {
	if !w.counting || (w.strike != nil && w.strike.done) || w.acting == nil {
		return nil
	}
	if w.alerts != nil && w.acting.of.kind == "Integration" {
		return nil // Alerts take so long that periodic checks come in between, at random times.
	}
	o.by = w.acting.of.kind
	o.remoteExists = w.remoteIDOf(w.primary) != ""
	_, o.ticketExists = w.remoteTicketOf(w.primary)
	o.objectExists, o.secretExists = w.exists(w.primary), w.token() != ""
	o.integrationExists = w.exists(w.connectedBy)
	w.operations = append(w.operations, o)
	if w.strike == nil || len(w.operations) != w.strike.number {
		return nil
	}
	w.strike.done = true
	if w.strike.at != o {
		w.violate("the simulation: operation %d is %v, and was %v in the run without faults", w.strike.number, o, w.strike.at)
		return nil
	}
	w.logf("--- %s: %s, at %s %s", w.strike.fault.kind, w.strike.fault.name, o.class, o.name)
	if w.strike.fault.before != nil {
		w.strike.fault.before(w)
	}
	return &w.strike.fault
}

func (w *world) end(struck *fault) {
	if struck != nil && struck.after != nil {
		struck.after(w)
	}
}

// exists reports whether an object is there and is not being deleted.
func (w *world) exists(of reference) bool {
	object := w.get(of)
	return object != nil && object.GetDeletionTimestamp() == nil
}

func anyWrite(o operation) bool { return o.class == classWrite || o.writesRemotely() }

// anyEffect is for what matters before and after what others can see: between two reads of the
// cache nothing has changed, so that a crash there is the same as one before the operation that
// follows.
func anyEffect(o operation) bool { return o.class == classWrite || o.class == classRemote }

// objectDeleted is the fault that an invariant makes an exception for.
const objectDeleted = "object deleted"

// anyMoment is for what others do meanwhile. Lists of the cache come next to a get.
func anyMoment(o operation) bool { return o.class != classRead || strings.HasPrefix(o.name, "get ") }

// allFaults are all faults, of every kind.
func allFaults() []fault {
	var all []fault
	for _, kind := range [][]fault{remoteFaults(), foreignAnswerFaults(), writeFaults(), crashFaults(), frozenFaults(), readFaults(), interferenceFaults(), peopleSpeakFaults(), clockFaults(), updateFaults()} {
		all = append(all, kind...)
	}
	return all
}

// longestLag is how long a cache is behind.
const longestLag = 10 * time.Second

// Writes to the cluster.

var errDenied = apierrors.NewForbidden(schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: "objects"}, "object", fmt.Errorf("denied by an admission policy"))

func writeFaults() []fault {
	resource := schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: "objects"}
	answer := func(name string, err error) fault {
		return fault{name: name, write: func(*process, memoryapi.Operation, func() error) error { return err }}
	}
	terminating := apierrors.NewForbidden(resource, "object", fmt.Errorf("unable to create new content in namespace %s because it is being terminated", namespace))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	timeout := apierrors.NewTimeoutError("the request timed out", 0)
	faults := []fault{
		answer("conflict", apierrors.NewConflict(resource, "object", fmt.Errorf("the object has been modified"))),
		answer("timeout before commit", timeout),
		answer("500", apierrors.NewInternalError(fmt.Errorf("etcd has no leader"))),
		answer("denied", apierrors.NewForbidden(resource, "object", fmt.Errorf("no RBAC policy matched"))),
		{name: "denied for a minute", write: func(p *process, _ memoryapi.Operation, _ func() error) error {
			p.world.deniedUntil = time.Now().Add(time.Minute)
			return errDenied
		}},
		answer("not found", apierrors.NewNotFound(resource, "object")),
		answer("namespace terminating", terminating),
		answer("too many requests", apierrors.NewTooManyRequests("slow down", 1)),
		answer("connection refused", fmt.Errorf("dial tcp 10.0.0.1:443: %w", syscall.ECONNREFUSED)),
		{name: "timeout after commit", write: func(_ *process, _ memoryapi.Operation, commit func() error) error {
			_ = commit() // The caller is not told either way.
			return timeout
		}},
		{name: "timeout after commit and a cache that is behind", write: func(p *process, _ memoryapi.Operation, commit func() error) error {
			p.lag = &lag{revision: p.world.api.Revision(), until: time.Now().Add(longestLag)}
			_ = commit() // The caller is not told either way.
			return timeout
		}},
	}
	for i := range faults {
		faults[i].kind = "write to the cluster"
		faults[i].applies = func(o operation) bool { return o.class == classWrite }
	}
	return faults
}

// Crashes.

// recoveries are who takes over after a crash.
var recoveries = []struct {
	name string
	next func(*world, *action)
}{
	{"restart", func(w *world, _ *action) {
		w.inTime(5*time.Second, func() { w.managers = append(w.managers, newProcess(w)) })
	}},
	{"new leader", func(w *world, _ *action) { w.managers = append(w.managers, newProcess(w)) }},
	{"new leader with a stale cache", func(w *world, crashed *action) {
		successor := newProcess(w)
		successor.lag = &lag{revision: crashed.started, until: time.Now().Add(longestLag)}
		w.managers = append(w.managers, successor)
	}},
}

func crashFaults() []fault {
	var faults []fault
	for _, recovery := range recoveries {
		name, crash := recovery.name, func(w *world) { w.crash(recovery.next) }
		faults = append(faults,
			fault{name: "crash before, " + name, applies: anyEffect, before: crash},
			fault{name: "crash after, " + name, applies: anyWrite, after: crash},
			fault{name: "crash while a request is on its way, " + name, applies: func(o operation) bool { return o.writesRemotely() },
				answer: requestThat(func(call *exchange) {
					call.sendLate(lateCommit)
					crash(call.network.world)
				})},
		)
	}
	for i := range faults {
		faults[i].kind, faults[i].losesCredentials = "crash", true
	}
	return faults
}

// A process that is stopped in the middle of a reconcile while another one takes over, and then
// goes on. Both lead then.

func frozenFaults() []fault {
	freeze := func(duration time.Duration) func(*world) {
		return func(w *world) {
			frozen := w.acting.by
			frozen.frozen = true
			if !frozen.standby {
				w.managers = append(w.managers, newProcess(w))
			}
			w.run(time.Now().Add(duration), true)
			frozen.frozen = false
			// A request that had passed the budget before goes out now, beside those of the budget
			// that has filled up since.
			frozen.paced.grace = 1
		}
	}
	var faults []fault
	for _, duration := range []time.Duration{0, 10 * time.Second, 10 * time.Minute} {
		faults = append(faults,
			fault{name: fmt.Sprintf("frozen before for %s", duration), applies: anyEffect, before: freeze(duration)},
			fault{name: fmt.Sprintf("frozen after for %s", duration), applies: anyWrite, after: freeze(duration)},
		)
	}
	for i := range faults {
		faults[i].kind, faults[i].losesCredentials = "two leaders", true
	}
	return faults
}

// Reads.

func readFaults() []fault {
	return []fault{
		{kind: "stale read", name: "stale read", applies: func(o operation) bool { return o.class == classRead && o.stale },
			read: func(p *process, o memoryapi.Operation) (int64, error) {
				revision := p.floor(o)
				missed := p.world.api.Changes(revision)
				p.world.inTime(time.Second, func() {
					for _, change := range missed {
						p.notify(change)
					}
				})
				return revision, nil
			}},
		{kind: "stale read", name: "cache behind for 10 seconds", applies: func(o operation) bool { return o.class == classRead },
			read: func(p *process, o memoryapi.Operation) (int64, error) {
				p.lag = &lag{revision: p.world.actStarted, until: time.Now().Add(longestLag)}
				return max(p.lag.revision, p.floor(o)), nil
			}},
		{kind: "failed read", name: "500", applies: func(o operation) bool { return o.class == classLiveRead },
			liveRead: func(memoryapi.Operation) error { return apierrors.NewInternalError(fmt.Errorf("etcd has no leader")) }},
		{kind: "failed read", name: "timeout", applies: func(o operation) bool { return o.class == classLiveRead },
			liveRead: func(memoryapi.Operation) error { return context.DeadlineExceeded }},
	}
}

// Interference by people.

func interferenceFaults() []fault {
	withRemote := func(o operation) bool { return o.remoteExists && anyMoment(o) }
	withTicket := func(o operation) bool { return o.ticketExists && anyMoment(o) }
	withObject := func(o operation) bool { return o.objectExists && anyMoment(o) }
	withSecret := func(o operation) bool { return o.secretExists && anyMoment(o) }
	withIntegration := func(o operation) bool { return o.integrationExists && anyMoment(o) }
	faults := []fault{
		{name: "spec edited", applies: withObject, before: func(w *world) { w.edit(w.primary, editSpec("edited in between")) }},
		{name: "object replaced by its manifest", applies: withObject, before: func(w *world) { w.replaceUnlessRestored(w.primary) }},
		{name: objectDeleted, applies: withObject, before: func(w *world) { w.delete(w.primary) }},
		{name: "remote edited by a person", applies: withTicket, before: func(w *world) { w.personEditsTicket(w.primary) }},
		{name: "remote deleted by a person", applies: withRemote, refusal: true, before: func(w *world) { w.personDeletes(w.primary) }},
		{name: "token revoked", applies: anyMoment, losesCredentials: true, refusal: true, before: func(w *world) {
			w.remote.SetToken(rotatedToken)
			w.inTime(20*time.Minute, func() {
				if w.token() != "" {
					w.applySecret(rotatedToken)
				}
			})
		}},
		{name: "Secret rotated", applies: withSecret, losesCredentials: true, before: func(w *world) {
			w.remote.SetToken(rotatedToken)
			w.applySecret(rotatedToken)
		}},
		{name: "Secret rotated a minute after the token", applies: withSecret, losesCredentials: true, before: func(w *world) {
			w.remote.SetToken(rotatedToken)
			w.inTime(time.Minute, func() { w.applySecret(rotatedToken) })
		}},
		{name: "Secret deleted for 10 minutes", applies: withSecret, losesCredentials: true, before: func(w *world) {
			token := w.token()
			w.deleteSecret()
			w.inTime(10*time.Minute, func() { w.applySecret(token) })
		}},
		{name: "Integration deleted for 10 minutes", applies: withIntegration, losesCredentials: true, before: func(w *world) {
			w.delete(w.connectedBy)
			w.inTime(10*time.Minute, func() { w.restoreIntegration(30) })
		}},
	}
	for i := range faults {
		faults[i].kind = "interference"
	}
	return faults
}

// restoreIntegration creates the Integration again, once it is gone. A person who has waited for it
// in vain so many minutes takes its finalizers off.
func (w *world) restoreIntegration(minutes int) {
	of := w.connectedBy
	if w.get(of) == nil {
		w.apply(w.theConnection())
		return
	}
	if minutes == 0 {
		w.edit(of, func(object client.Object) { object.SetFinalizers(nil) })
	}
	w.inTime(time.Minute, func() { w.restoreIntegration(minutes - 1) })
}
