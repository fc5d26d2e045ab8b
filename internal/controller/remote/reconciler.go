// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/shard"
)

// maxSteps bounds what one reconcile does for one object. The longest honest road (adopt,
// ensureFinalizer, update; or settle, create, remove what was replaced) is shorter.
const maxSteps = 8

// Options are what every reconciler of this package needs.
type Options struct {
	// Client reads from a cache that shows this process's own writes, has the indexes of
	// IndexFields, and writes to the API server.
	Client client.Client
	// APIReader reads from the API server itself.
	APIReader client.Reader
	// Namespaces reads the metadata of namespaces, from a cache. Objects that use a
	// ClusterIntegration need it.
	Namespaces client.Reader
	// Connections are shared with the Integrations' controller.
	Connections *connection.Connections
	// Recorder of Events on the objects.
	Recorder events.EventRecorder
	// Clock is the real one when nil.
	Clock clock.Clock
	// Installation tells this cluster's objects from those of others: the UID of the kube-system
	// namespace.
	Installation string
	// FormerInstallations are clusters from which this one takes over.
	FormerInstallations []string
	// Shard is what this process sees of the objects.
	Shard shard.Shard
}

// Reconciler keeps one kind of custom resource and its remote objects in sync.
type Reconciler[O Object, R any] struct {
	Options
	adapter  Adapter[O, R]
	patcher  Patcher[O, R] // nil where remote objects are replaced
	replacer Replacer[O]   // nil where they are patched
	// commenter is nil where nothing is said before the removal.
	commenter Commenter[O, R]
	// adopter is nil where the spec names no remote object.
	adopter Adopter[O]
	// locator is nil where a place has one name.
	locator Locator[O, R]
	// holder is nil where nothing belongs to the remote objects.
	holder Holder[O]
	// linker is nil where remote objects have no address.
	linker Linker[O]
	// validator is nil where the spec names nothing that the provider lists.
	validator Validator[O]
	// sourcer is nil where the spec has all that is sent.
	sourcer Sourcer[O]
	// reporter is nil where nothing is said of what the provider makes of fields.
	reporter Reporter[O, R]

	retries        *retries
	attempts       *attempts[R]
	missingObjects *missingObjects
	updates        *updates
	observations   *Observations[R]
	// finalized has the UIDs of objects whose finalizer was removed, by name, until the cache has
	// seen them go.
	finalized sync.Map
	// started is when this process began to lead, see lead, and searched has the UIDs of the
	// objects, by name, whose unknown history it has looked into since.
	started  time.Time
	leading  sync.Once
	searched sync.Map
	// written has the latest version that this process wrote of each object, by name.
	written sync.Map
	// refusedStatus has, by name, why the API server refuses the status of an object.
	refusedStatus sync.Map
}

// New returns a reconciler for the kind of the adapter, which must be a Patcher or a Replacer as
// well.
func New[O Object, R any](options Options, adapter Adapter[O, R]) (*Reconciler[O, R], error) {
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	reconciler := &Reconciler[O, R]{
		Options:        options,
		adapter:        adapter,
		retries:        newRetries(options.Clock),
		attempts:       newAttempts[R](options.Clock),
		missingObjects: newMissingObjects(options.Clock),
		updates:        newUpdates(),
		observations:   newObservations[R](),
	}
	reconciler.patcher, _ = adapter.(Patcher[O, R])
	reconciler.replacer, _ = adapter.(Replacer[O])
	reconciler.commenter, _ = adapter.(Commenter[O, R])
	reconciler.adopter, _ = adapter.(Adopter[O])
	reconciler.locator, _ = adapter.(Locator[O, R])
	reconciler.holder, _ = adapter.(Holder[O])
	reconciler.linker, _ = adapter.(Linker[O])
	reconciler.validator, _ = adapter.(Validator[O])
	reconciler.sourcer, _ = adapter.(Sourcer[O])
	reconciler.reporter, _ = adapter.(Reporter[O, R])
	if (reconciler.patcher == nil) == (reconciler.replacer == nil) {
		return nil, fmt.Errorf("the adapter of %s must be either a Patcher or a Replacer", adapter.Kind())
	}
	return reconciler, nil
}

// Observations take what is seen of the remote objects outside of reconciles.
func (r *Reconciler[O, R]) Observations() *Observations[R] { return r.observations }

// lead notes that from now on this process sees all that becomes of the objects. One that stands by
// does not: it is the leader that makes the attempts. It is called when the leader election is won
// and with the first reconcile, of which either may come first.
func (r *Reconciler[O, R]) lead() {
	r.leading.Do(func() { r.started = r.Clock.Now() })
}

// Reconcile brings one object and its remote object in sync.
func (r *Reconciler[O, R]) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	r.lead()
	object := r.adapter.New()
	if err := r.Client.Get(ctx, request.NamespacedName, object); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(request)
			r.finalized.Delete(request.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading the %s: %w", r.adapter.Kind(), err)
	}
	if r.cacheIsStale(object) {
		return ctrl.Result{RequeueAfter: staleDelay}, nil
	}
	s := r.begin(object)
	err := r.lifecycle(ctx, s)
	s.endWork()
	return r.finish(ctx, s, err)
}

func (r *Reconciler[O, R]) forget(request ctrl.Request) {
	r.retries.succeeded(request.NamespacedName)
	r.attempts.forget(request.NamespacedName)
	r.missingObjects.forget(request.NamespacedName)
	r.updates.forget(request.NamespacedName)
	r.observations.forget(request.NamespacedName)
	r.written.Delete(request.NamespacedName)
	r.searched.Delete(request.NamespacedName)
	r.refusedStatus.Delete(request.NamespacedName)
}
