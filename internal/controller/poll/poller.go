// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package poll looks for remote changes of tickets, without asking for each of them:
// what a poll costs depends on what has changed, as far as the provider's query
// allows. What it allows is found out by trying.
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
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// concurrency is how many Integrations are polled at the same time. A poll waits for
// the provider, so one that hangs must not hold up the others.
const concurrency = 16

// Sightings take what has been seen of tickets; remote.Observations are such.
type Sightings interface {
	// Report hands over a sighting, in place of an earlier one of the same object.
	Report(sighting remote.Observation[synqly.Ticket])
	// Open returns the sighting of an object that has not been written down yet, or nil.
	Open(object types.NamespacedName) *remote.Observation[synqly.Ticket]
}

// Options are what a Poller needs.
type Options struct {
	// Client reads from a cache.
	Client client.Reader
	// Connections are shared with the other controllers.
	Connections *connection.Connections
	// Clock is the real one when nil.
	Clock clock.Clock
	// Installation tells this cluster's tickets from those of others: the UID of the
	// kube-system namespace.
	Installation string
	// Sightings take the changes, and wake the Tickets.
	Sightings Sightings
	// Changed tells whether a remote ticket shows something that the Ticket has not
	// recorded yet. It changes nothing.
	Changed func(ticket *v1alpha1.Ticket, shown *synqly.Ticket, integration *v1alpha1.Integration) bool
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
	return ctrl.NewControllerManagedBy(mgr).
		Named("poller").
		For(&v1alpha1.Integration{}, builder.WithPredicates(predicate.Funcs{UpdateFunc: matters})).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).
		Complete(p)
}

// matters tells whether an update of an Integration is one that polling depends on. The
// status is written for other reasons as well.
func matters(update event.UpdateEvent) bool {
	before, isIntegration := update.ObjectOld.(*v1alpha1.Integration)
	after, isStill := update.ObjectNew.(*v1alpha1.Integration)
	return isIntegration && isStill && causeOf(before) != causeOf(after)
}

// cause is what of an Integration decides whether, and on what basis, it is polled.
type cause struct {
	basis  basis
	paused bool
	ready  metav1.ConditionStatus
	// observed is the generation that ready speaks of: with an older one, objects do
	// not use the Integration yet.
	observed int64
}

func causeOf(integration *v1alpha1.Integration) cause {
	found := cause{basis: basisOf(integration), paused: status.IsPaused(integration)}
	if ready := meta.FindStatusCondition(integration.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		found.ready, found.observed = ready.Status, ready.ObservedGeneration
	}
	return found
}

// Reconcile looks for remote changes of one Integration's Tickets, if that is due, and
// comes back when it is due again. An Integration that cannot be used is woken by its
// own watch.
func (p *Poller) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	ctx = connection.Background(ctx)
	var integration v1alpha1.Integration
	if err := p.Client.Get(ctx, request.NamespacedName, &integration); err != nil {
		if apierrors.IsNotFound(err) {
			p.forget(request.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading the Integration: %w", err)
	}
	if status.IsPaused(&integration) || !integration.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	open, err := p.Connections.For(ctx, &integration)
	var notReady *connection.NotReadyError
	switch {
	case errors.As(err, &notReady):
		return ctrl.Result{}, nil
	case err != nil:
		return ctrl.Result{}, fmt.Errorf("opening the connection: %w", err)
	}
	state := p.stateOf(request.NamespacedName, &integration)
	if wait := state.untilDue(p.Clock.Now()); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	if wait := held(open); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	r := &run{Poller: p, name: request.NamespacedName, state: state, integration: &integration, open: open}
	if err := r.readTickets(ctx); err != nil {
		return ctrl.Result{}, err
	}
	r.work(ctx)
	// Never zero, which would mean never: something can have become due meanwhile.
	return ctrl.Result{RequeueAfter: max(state.untilDue(p.Clock.Now()), time.Millisecond)}, nil
}

// untilDue is how long there is nothing to do.
func (s *state) untilDue(now time.Time) time.Duration {
	next := s.nextPoll
	if !s.nextDue.IsZero() && s.nextDue.Before(next) {
		next = s.nextDue
	}
	return next.Sub(now)
}

// held is how long the provider has asked to wait; 0 where it has not.
func held(open *connection.Connection) time.Duration {
	var wait *connection.WaitError
	if errors.As(open.Held(), &wait) {
		return wait.After
	}
	return 0
}
