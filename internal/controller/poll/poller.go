// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package poll looks for remote changes of tickets without asking for each of them: what a poll
// costs depends on what has changed, as far as the provider's query allows. What it allows is found
// out by trying.
//
// A reconcile of an Integration that has something to do is a run (run.go), which calls downward
// alone: its steps send requests (scan.go, fetch.go) and hand over what they see (report.go); what
// they ask for, what an answer means and when the next thing is due is decided without any of that
// (scope.go, query.go, answer.go, capabilities.go, schedule.go, status.go), on what is remembered
// of the Integration (state.go).
package poll

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/fairqueue"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/controller/shutdown"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

const (
	// concurrency is how many Integrations are polled at the same time. A poll waits for the
	// provider, so one that hangs must not hold up the others. Those of one namespace have a share.
	concurrency = 16
	// longestBackoff is that of any Integration; its pollInterval bounds it further.
	longestBackoff = 24 * time.Hour
)

// Options are what a Poller needs.
type Options struct {
	// Client reads from a cache.
	Client client.Reader
	// Namespaces reads the metadata of namespaces, from a cache. ClusterIntegrations need it.
	Namespaces client.Reader
	// Connections are shared with the other controllers.
	Connections *connection.Connections
	// Clock is the real one when nil.
	Clock clock.Clock
	// Installation tells this cluster's tickets from those of others: the UID of the kube-system
	// namespace.
	Installation string
	// Observations take the changes, and enqueue the Tickets.
	Observations Observations
	// Changed reports whether a remote ticket shows something that the Ticket has not recorded yet.
	// It changes nothing.
	Changed func(ticket *v1alpha1.Ticket, shown *synqly.Ticket, integration connection.Integration, now time.Time) bool
}

// Poller looks for remote changes of the Tickets of each Integration.
type Poller struct {
	Options
	backoff *flowcontrol.Backoff

	mu     sync.Mutex
	states map[types.NamespacedName]*state
}

// New returns a Poller that knows nothing yet.
func New(options Options) *Poller {
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	backoff := flowcontrol.NewBackOffWithJitter(5*time.Second, longestBackoff, 0.2)
	backoff.Clock = options.Clock
	return &Poller{Options: options, backoff: backoff, states: map[types.NamespacedName]*state{}}
}

// SetupWithManager adds the Poller to the manager, as a controller of Integrations.
func (p *Poller) SetupWithManager(mgr ctrl.Manager) error {
	changed := builder.WithPredicates(predicate.Funcs{UpdateFunc: inputsChanged})
	controller := ctrl.NewControllerManagedBy(mgr).
		Named("poller").
		For(&v1alpha1.Integration{}, changed).
		WithOptions(fairqueue.Options(concurrency, fairqueue.ByName))
	if p.Connections.ServesClusterIntegrations() {
		controller.Watches(&v1alpha1.ClusterIntegration{}, &handler.EnqueueRequestForObject{}, changed)
	}
	return controller.Complete(shutdown.Quietly(p))
}

// inputsChanged reports whether an update of an Integration is one that polling depends on. The
// status is written for other reasons as well.
func inputsChanged(update event.UpdateEvent) bool {
	before, isIntegration := update.ObjectOld.(connection.Integration)
	after, isStill := update.ObjectNew.(connection.Integration)
	return isIntegration && isStill && inputsOf(before) != inputsOf(after)
}

// inputs are what of an Integration decides whether, and with what configuration, it is polled.
type inputs struct {
	fingerprint fingerprint
	paused      bool
	ready       metav1.ConditionStatus
	// readyFor is the generation that ready speaks of: with an older one, objects do not use the
	// Integration yet.
	readyFor int64
}

func inputsOf(integration connection.Integration) inputs {
	found := inputs{fingerprint: fingerprintOf(integration), paused: status.IsPaused(integration)}
	if ready := meta.FindStatusCondition(integration.ConnectionStatus().Conditions, v1alpha1.ConditionReady); ready != nil {
		found.ready, found.readyFor = ready.Status, ready.ObservedGeneration
	}
	return found
}

// Reconcile looks for remote changes of one Integration's Tickets, if that is due, and comes back
// when it is due again. An Integration that cannot be used is enqueued by its own watch.
func (p *Poller) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	ctx = connection.Background(ctx)
	integration, err := connection.Read(ctx, p.Client, request.NamespacedName)
	if err != nil {
		if apierrors.IsNotFound(err) {
			p.forget(request.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading the Integration: %w", err)
	}
	if status.IsPaused(integration) || !integration.GetDeletionTimestamp().IsZero() {
		return ctrl.Result{}, nil
	}
	open, err := p.Connections.For(ctx, integration)
	var notReady *connection.NotReadyError
	switch {
	case errors.As(err, &notReady):
		return ctrl.Result{}, nil
	case err != nil:
		return ctrl.Result{}, fmt.Errorf("opening the connection: %w", err)
	}
	state := p.stateOf(request.NamespacedName, integration)
	if wait := state.untilDue(p.Clock.Now()); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	if wait := throttledFor(open.Held()); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	r := &run{
		Poller: p, name: request.NamespacedName, integration: integration, connection: open, state: state,
		interval: connection.PollInterval(integration),
	}
	limited, cancel := context.WithTimeout(ctx, open.WorkTimeout())
	defer cancel()
	if err := r.do(limited); err != nil {
		return ctrl.Result{}, err
	}
	// Never zero, which would mean never: something can have become due meanwhile.
	return ctrl.Result{RequeueAfter: max(state.untilDue(p.Clock.Now()), time.Millisecond)}, nil
}

// stateOf returns what is remembered of an Integration. A new one is polled after a random delay,
// unless a person asks for it.
func (p *Poller) stateOf(name types.NamespacedName, integration connection.Integration) *state {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, current := p.Clock.Now(), fingerprintOf(integration)
	known := p.states[name]
	if known != nil && known.fingerprint == current {
		return known
	}
	firstPoll := now.Add(randomPart(min(connection.PollInterval(integration), longestFirstDelay)))
	if known != nil && known.fingerprint.syncRequested != current.syncRequested {
		firstPoll = now
	}
	groupTag := v1alpha1.CreateKeyTagPrefix + remote.GroupKey(p.Installation, name)
	p.states[name] = newState(current, groupTag, firstPoll)
	return p.states[name]
}

func (p *Poller) forget(name types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.states, name)
	forgetPolls(name)
	for _, kind := range []work{polling, fetching} {
		p.backoff.DeleteEntry(backoffKey(name, kind))
	}
}
