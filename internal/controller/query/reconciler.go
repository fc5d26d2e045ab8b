// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package query is the controller of TicketQueries: it counts and lists the remote tickets that
// match their filters. It writes nothing remotely.
package query

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/priority"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/shard"
)

// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=ticketqueries,verbs=get;list;watch
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=ticketqueries/status,verbs=patch
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=integrations;clusterintegrations,verbs=get;list;watch

const (
	// defaultInterval is the interval of a query that does not say.
	defaultInterval = 5 * time.Minute
	// longestFirstDelay spreads the queries of a process that has just started, as far as their
	// status is up to date.
	longestFirstDelay = 10 * time.Second
	// conflictDelay is the pause after a write that met a newer object, which the cache takes a
	// moment to show.
	conflictDelay = time.Second
)

// Options are what the reconciler needs.
type Options struct {
	// Client reads from a cache, and writes to the API server.
	Client client.Client
	// Connections are shared with the other controllers.
	Connections *connection.Connections
	Recorder    events.EventRecorder
	Clock       clock.Clock
	// Shard is what this process sees of the objects.
	Shard shard.Shard
}

// Reconciler keeps the statuses of TicketQueries up to date.
type Reconciler struct {
	Options
	looks *remote.Looks
	first *firstLooks
}

// NewReconciler returns the reconciler of TicketQueries.
func NewReconciler(options Options) *Reconciler {
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	return &Reconciler{Options: options, looks: remote.NewLooks(options.Clock), first: newFirstLooks()}
}

// Reconcile asks for the tickets of one TicketQuery, if that is due, and comes back when it is due
// again.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	ctx = connection.Background(ctx)
	query := &v1alpha1.TicketQuery{}
	if err := r.Client.Get(ctx, request.NamespacedName, query); err != nil {
		if apierrors.IsNotFound(err) {
			r.looks.Forget(request.NamespacedName)
			r.first.forget(request.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading the TicketQuery: %w", err)
	}
	if !query.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	if status.IsPaused(query) {
		r.looks.Forget(request.NamespacedName)
		return r.finish(ctx, query, paused())
	}
	integration, err := r.integrationOf(ctx, query)
	var waits *remote.WaitingError
	switch {
	case errors.As(err, &waits):
		r.looks.Forget(request.NamespacedName)
		return r.finish(ctx, query, r.failed(query, "", err, nil))
	case err != nil:
		return ctrl.Result{}, err
	}
	return r.look(ctx, query, integration)
}

// look asks the provider, unless it is too early.
func (r *Reconciler) look(ctx context.Context, query *v1alpha1.TicketQuery, integration connection.Integration) (ctrl.Result, error) {
	name, inputs := client.ObjectKeyFromObject(query), remote.InputsOf(query, integration)
	if r.first.isFirst(name) && isUpToDate(query) {
		r.looks.Pause(name, inputs, randomPart(min(intervalOf(query), longestFirstDelay)))
	}
	if remaining := r.looks.Remaining(name, inputs); remaining > 0 {
		return ctrl.Result{RequeueAfter: remaining}, nil
	}
	open, err := r.Connections.For(ctx, integration)
	var notReady *connection.NotReadyError
	switch {
	case errors.As(err, &notReady):
		return r.finish(ctx, query, r.failed(query, inputs, err, nil))
	case err != nil:
		return ctrl.Result{}, fmt.Errorf("opening the connection: %w", err)
	}
	// One place for all queries of a namespace: however many they are, a Ticket that looks at a
	// remote change is not behind them.
	turn, err := open.ReserveFor(ctx, connection.Waiter{Class: priority.Poll, Namespace: query.Namespace, Name: "TicketQueries"})
	if err != nil {
		return r.finish(ctx, query, r.failed(query, inputs, err, open))
	}
	limited, cancel := context.WithTimeout(turn, open.WorkTimeout())
	defer cancel()
	found, err := r.ask(limited, &query.Spec, open)
	switch {
	case errors.Is(err, connection.ErrInterrupted):
		return ctrl.Result{RequeueAfter: connection.AfterInterruption}, nil
	case err != nil:
		return r.finish(ctx, query, r.failed(query, inputs, err, open))
	}
	again := connection.WithJitter(intervalOf(query))
	r.looks.Pause(name, inputs, again)
	return r.finish(ctx, query, succeeded(found, inputs, again))
}

// isUpToDate reports whether a status says what a query has found for the present spec, so that the
// next one can wait a moment.
func isUpToDate(query *v1alpha1.TicketQuery) bool {
	return query.Status.Count != nil && query.Status.ObservedGeneration == query.Generation &&
		query.Status.LastSyncRequest == syncRequest(query) &&
		meta.IsStatusConditionTrue(query.Status.Conditions, v1alpha1.ConditionReady)
}

func syncRequest(query *v1alpha1.TicketQuery) string {
	return status.Truncate(query.Annotations[v1alpha1.SyncRequestedAnnotation], longestSyncRequest)
}

func intervalOf(query *v1alpha1.TicketQuery) time.Duration {
	if query.Spec.Interval == nil {
		return defaultInterval
	}
	return query.Spec.Interval.Duration
}

// randomPart is a random part of a time.
func randomPart(longest time.Duration) time.Duration {
	return time.Duration(rand.Float64() * float64(longest)) // #nosec G404 -- spreads load, guards nothing
}
