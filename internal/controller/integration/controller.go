// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package integration is the controller of Integrations: it opens their connections and checks
// them.
package integration

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/fairqueue"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/controller/shutdown"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=integrations,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=integrations/status,verbs=patch
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=clusterintegrations,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=clusterintegrations/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

const (
	// secretInterval is how often a Secret that is missing, or whose token was refused, is read
	// again. Secrets may only be got, so no watch tells.
	secretInterval = 5 * time.Second
	// refusedInterval is how often a token that was refused is tried again as it is.
	refusedInterval = 5 * time.Minute
	// recheckInterval is the shortest time between two checks that objects ask for because they
	// were refused.
	recheckInterval = 10 * time.Second
	// doubtInterval is the shortest time between two checks because requests of objects had no
	// answer.
	doubtInterval = time.Second
	// shortestOutageProbe is the time between two checks while the provider does not answer, so
	// that the objects go on within two seconds of its recovery. When that has lasted for
	// longOutage, the time grows by outageFraction of what is beyond, up to longestOutageProbe.
	shortestOutageProbe = 1700 * time.Millisecond
	longOutage          = 10 * time.Minute
	outageFraction      = 40
	longestOutageProbe  = time.Minute
	// fieldsInterval is how often the fields of the provider are read again. They change rarely,
	// and take many pages.
	fieldsInterval = 15 * time.Minute
	// maxProjects is how many projects the status lists.
	maxProjects = 100
)

// Reconciler keeps the connection of each Integration open and says in its status how it is.
type Reconciler struct {
	Client      client.Client
	Connections *connection.Connections
	Recorder    events.EventRecorder
	Clock       clock.Clock

	// namespaces reads the metadata of namespaces; nil where ClusterIntegrations are not served.
	namespaces client.Reader
	kinds      []remote.Kind
	mu         sync.Mutex
	probes     map[types.NamespacedName]probe
	// refusedStatus has, by name, why the API server refuses the status.
	refusedStatus sync.Map
}

// NewReconciler returns the reconciler of Integrations. kinds are those whose objects use them.
func NewReconciler(options remote.Options, kinds []remote.Kind) *Reconciler {
	clk := options.Clock
	if clk == nil {
		clk = clock.RealClock{}
	}
	return &Reconciler{
		Client: options.Client, Connections: options.Connections, Recorder: options.Recorder, Clock: clk, kinds: kinds, namespaces: options.Namespaces,
		probes: map[types.NamespacedName]probe{},
	}
}

// Setup adds the controller of Integrations to the manager. kinds are those whose objects use
// Integrations.
func Setup(mgr ctrl.Manager, options remote.Options, kinds []remote.Kind) error {
	rechecks := source.Channel(options.Connections.Rechecks(), &handler.EnqueueRequestForObject{})
	controller := ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.Integration{}).
		WithOptions(fairqueue.Options(mgr.GetControllerOptions().MaxConcurrentReconciles, fairqueue.ByName)).
		Watches(&v1alpha1.Integration{}, interruptChanged(options.Connections)).
		WatchesRawSource(rechecks)
	if options.Connections.ServesClusterIntegrations() {
		controller.
			Watches(&v1alpha1.ClusterIntegration{}, &handler.EnqueueRequestForObject{}).
			Watches(&v1alpha1.ClusterIntegration{}, interruptChanged(options.Connections)).
			WatchesMetadata(&corev1.Namespace{}, enqueueCluster(mgr.GetClient()), builder.WithPredicates(predicate.LabelChangedPredicate{}))
	}
	for _, kind := range kinds {
		controller.Watches(kind.New(), enqueueDeleting(mgr.GetClient(), options.Connections.ServesClusterIntegrations()), builder.WithPredicates(lastUse(kind)))
	}
	return controller.Complete(shutdown.Quietly(NewReconciler(options, kinds)))
}

// Reconcile opens the connection of one Integration, checks it when that is due, and writes down
// what came of it.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	integration, err := connection.Read(ctx, r.Client, request.NamespacedName)
	if err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(request.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading the Integration: %w", err)
	}
	stored := integration.DeepCopyObject().(connection.Integration)
	if status.IsPaused(integration) {
		paused := health{status: metav1.ConditionUnknown, reason: v1alpha1.ReasonPaused, message: "the connection is " + status.PausedMessage}
		return ctrl.Result{}, r.writeStatus(ctx, stored, integration, paused)
	}
	if !integration.GetDeletionTimestamp().IsZero() {
		return r.finalize(ctx, stored, integration)
	}
	found, again, err := r.check(ctx, integration)
	switch {
	case errors.Is(err, connection.ErrInterrupted):
		return ctrl.Result{RequeueAfter: connection.AfterInterruption}, nil // The change has enqueued it as well.
	case err != nil:
		return ctrl.Result{}, err
	}
	if err := r.remarkAdmission(ctx, integration, &found); err != nil {
		return ctrl.Result{}, err
	}
	if found.status == metav1.ConditionTrue {
		// Before anything can use it.
		err := r.ensureFinalizer(ctx, stored, integration)
		switch {
		case status.IsRefusedWrite(err):
			found = health{status: metav1.ConditionFalse, reason: v1alpha1.ReasonWriteRefused, message: "the API server refuses to change this object: " + err.Error()}
			again = refusedInterval
		case err != nil:
			return conflictLater(err)
		}
	}
	if err := r.writeStatus(ctx, stored, integration, found); err != nil {
		return conflictLater(err)
	}
	return ctrl.Result{RequeueAfter: again}, nil
}

func (r *Reconciler) forget(name types.NamespacedName) {
	r.Connections.Close(name)
	r.refusedStatus.Delete(name)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.probes, name)
}
