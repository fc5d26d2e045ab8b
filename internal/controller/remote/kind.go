// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/fairqueue"
	"github.com/synqly/ticketing-operator/internal/controller/shutdown"
)

// Kind is a kind of remote object without its types, for all that treats the kinds alike.
type Kind struct {
	// Name of the kind in the API group.
	Name string
	// New returns an empty object, and NewList an empty list of them.
	New     func() Object
	NewList func() client.ObjectList
	// Integration is the name of the Integration that an object uses, or will: empty where only
	// another object tells.
	Integration func(Object) string
	// Removes reports whether the deletion of an object has something to remove remotely, as far as
	// the object tells.
	Removes func(Object) bool
	// Indexes that the kind needs in the cache.
	Indexes []Index
	// NewReconciler returns the kind's reconciler, in a process that leads already.
	NewReconciler func(Options) (reconcile.Reconciler, error)
	// Setup adds the kind's controller to the manager.
	Setup func(ctrl.Manager, Options) error
}

// Watch adds to the controller of a kind what it watches besides its own objects and the
// Integrations.
type Watch[O Object, R any] func(ctrl.Manager, Options, *builder.Builder, *Reconciler[O, R]) error

// NewKind returns the kind of an adapter, with the indexes that are its own besides those that
// every kind has. watch is nil for a kind that watches nothing more.
func NewKind[O Object, R any](adapter Adapter[O, R], indexes []Index, watch Watch[O, R]) Kind {
	kind := Kind{
		Name:        adapter.Kind(),
		New:         func() Object { return adapter.New() },
		NewList:     adapter.NewList,
		Integration: func(object Object) string { return integrationUsedBy(adapter, object.(O)) },
		Removes:     func(object Object) bool { return removesRemote(adapter, object.(O)) },
		Indexes:     append(commonIndexes(adapter), indexes...),
	}
	kind.NewReconciler = func(options Options) (reconcile.Reconciler, error) {
		reconciler, err := New(options, adapter)
		if err != nil {
			return nil, err
		}
		reconciler.lead()
		return reconciler, nil
	}
	kind.Setup = func(mgr ctrl.Manager, options Options) error {
		reconciler, err := New(options, adapter)
		if err != nil {
			return err
		}
		// A RunnableFunc is run when the leader election is won.
		leads := manager.RunnableFunc(func(context.Context) error { reconciler.lead(); return nil })
		if err := mgr.Add(leads); err != nil {
			return fmt.Errorf("adding what notes the begin of leadership: %w", err)
		}
		controller := ctrl.NewControllerManagedBy(mgr).
			For(adapter.New()).
			WithOptions(fairqueue.ByClass(mgr.GetControllerOptions().MaxConcurrentReconciles, integrationOf(mgr.GetClient(), adapter), classInCache(mgr.GetClient(), adapter))).
			Watches(&v1alpha1.Integration{}, enqueueWaiting(mgr.GetClient(), adapter))
		if options.Connections.ServesClusterIntegrations() {
			controller.
				Watches(&v1alpha1.ClusterIntegration{}, enqueueWaiting(mgr.GetClient(), adapter)).
				WatchesMetadata(&corev1.Namespace{}, enqueueAdmitted(mgr.GetClient(), adapter), builder.WithPredicates(predicate.LabelChangedPredicate{}))
		}
		if watch != nil {
			if err := watch(mgr, options, controller, reconciler); err != nil {
				return fmt.Errorf("watching for the %s controller: %w", adapter.Kind(), err)
			}
		}
		return controller.Complete(shutdown.Quietly(reconciler))
	}
	return kind
}

// removesRemote reports whether the deletion of an object removes, or closes, a remote object: the
// finalizer stays on one whose deletionPolicy was changed, or that was orphaned.
func removesRemote[O Object, R any](adapter Adapter[O, R], object O) bool {
	return controllerutil.ContainsFinalizer(object, v1alpha1.RemoteFinalizer) && !isRetained(object, adapter.Policy(object))
}

// integrationOf tells the work queue which Integration an object uses: the one that is recorded, or
// the one of its place, which another object may tell. An object that waits for that other one uses
// none yet.
func integrationOf[O Object, R any](cached client.Reader, adapter Adapter[O, R]) fairqueue.IntegrationOf {
	reader := atOnce{cached}
	return func(ctx context.Context, request ctrl.Request) client.ObjectKey {
		object := adapter.New()
		if err := reader.Get(ctx, request.NamespacedName, object); err != nil {
			return client.ObjectKey{Namespace: request.Namespace} // It is gone, and there is nothing to do for it.
		}
		if recorded := object.RemoteStatus().Integration; recorded != "" {
			return connection.NameOf(request.Namespace, recorded)
		}
		place, err := adapter.Place(ctx, reader, object)
		if err != nil {
			return client.ObjectKey{Namespace: request.Namespace}
		}
		return connection.NameOf(request.Namespace, place.Integration)
	}
}

// atOnce reads what the cache has, and never waits for this process's own writes to show there. The
// objects are the cache's own and must not be changed.
type atOnce struct{ client.Reader }

func (r atOnce) Get(ctx context.Context, name client.ObjectKey, object client.Object, options ...client.GetOption) error {
	return r.Reader.Get(ctx, name, object, append(options, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)...)
}

// IndexFields adds the indexes of the kind to the cache.
func (k Kind) IndexFields(ctx context.Context, indexer client.FieldIndexer) error {
	for _, index := range k.Indexes {
		extract := func(object client.Object) []string { return index.Extract(object) }
		if err := indexer.IndexField(ctx, k.New(), index.Name, extract); err != nil {
			return fmt.Errorf("indexing %s by %s: %w", k.Name, index.Name, err)
		}
	}
	return nil
}
