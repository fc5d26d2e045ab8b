// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

// maxSteps bounds what one reconcile does for one object. The longest honest road
// (adopt, protect, update; or settle, create, remove what was replaced) is shorter.
const maxSteps = 8

// Options are what every reconciler of this package needs.
type Options struct {
	// Client reads from a cache that shows this process's own writes, has the
	// indexes of IndexFields, and writes to the API server.
	Client client.Client
	// APIReader reads from the API server itself.
	APIReader client.Reader
	// Connections are shared with the Integrations' controller.
	Connections *connection.Connections
	// Recorder of Events on the objects.
	Recorder events.EventRecorder
	// Clock is the real one when nil.
	Clock clock.Clock
	// Installation tells this cluster's objects from those of others: the UID of
	// the kube-system namespace.
	Installation string
	// FormerInstallations are clusters from which this one takes over.
	FormerInstallations []string
}

// Reconciler keeps one kind of custom resource and its remote objects in step.
type Reconciler[O Object, R any] struct {
	Options
	adapter  Adapter[O, R]
	patcher  Patcher[O, R] // nil where remote objects are replaced
	replacer Replacer[O]   // nil where they are patched
	// commenter is nil where nothing is said before the removal.
	commenter Commenter[O, R]
	drifter   Drifter[O, R] // nil where drift is not shown
	watched   Watched[O, R] // nil where remote objects are seen in reconciles alone
	expirer   Expirer[O]    // nil where objects stay

	retries   *retries
	attempts  *attempts[R]
	absences  *absences
	sightings *Sightings[R]
	// finalized has the UIDs of objects whose finalizer was let go, by name, until
	// the cache has seen them go.
	finalized sync.Map
	// written has the latest version that this process wrote of each object, by name.
	written sync.Map
}

// version is a version of one object.
type version struct {
	uid             types.UID
	resourceVersion string
}

// New returns a reconciler for the kind of the adapter, which must be a Patcher or
// a Replacer as well.
func New[O Object, R any](options Options, adapter Adapter[O, R]) (*Reconciler[O, R], error) {
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	reconciler := &Reconciler[O, R]{
		Options:   options,
		adapter:   adapter,
		retries:   newRetries(options.Clock),
		attempts:  newAttempts[R](options.Clock),
		absences:  newAbsences(options.Clock),
		sightings: newSightings[R](),
	}
	reconciler.patcher, _ = adapter.(Patcher[O, R])
	reconciler.replacer, _ = adapter.(Replacer[O])
	reconciler.commenter, _ = adapter.(Commenter[O, R])
	reconciler.drifter, _ = adapter.(Drifter[O, R])
	reconciler.watched, _ = adapter.(Watched[O, R])
	reconciler.expirer, _ = adapter.(Expirer[O])
	if (reconciler.patcher == nil) == (reconciler.replacer == nil) {
		return nil, fmt.Errorf("the adapter of %s must be either a Patcher or a Replacer", adapter.Kind())
	}
	return reconciler, nil
}

// Sightings take what is seen of the remote objects outside of reconciles.
func (r *Reconciler[O, R]) Sightings() *Sightings[R] { return r.sightings }

// Reconcile brings one object and its remote object into step.
func (r *Reconciler[O, R]) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	object := r.adapter.New()
	if err := r.Client.Get(ctx, request.NamespacedName, object); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(request)
			r.finalized.Delete(request.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading the %s: %w", r.adapter.Kind(), err)
	}
	if r.behind(object) {
		return ctrl.Result{RequeueAfter: staleDelay}, nil
	}
	p := r.begin(object)
	err := r.lifecycle(ctx, p)
	return r.conclude(ctx, p, err)
}

// staleDelay is when to look again at an object of which the cache is behind.
const staleDelay = 100 * time.Millisecond

// behind tells whether the cache shows an object as it was before this process's own
// latest write. The client waits for that to pass, but its cache of several namespaces
// does not know of each namespace how far it is. Acting on it would send requests a
// second time.
func (r *Reconciler[O, R]) behind(object O) bool {
	name := client.ObjectKeyFromObject(object)
	latest, known := r.written.Load(name)
	if !known {
		return false
	}
	if wrote := latest.(version); wrote.uid == object.GetUID() {
		order, err := resourceversion.CompareResourceVersion(object.GetResourceVersion(), wrote.resourceVersion)
		if err == nil && order < 0 {
			return true
		}
	}
	r.written.CompareAndDelete(name, latest)
	return false
}

// IsPaused tells whether a person has stopped the reconciliation of an object.
func IsPaused(object client.Object) bool {
	return object.GetAnnotations()[v1alpha1.PausedAnnotation] == "true"
}

// lifecycle is what happens to an object, from top to bottom. An error ends it;
// outcomeOf says what follows from each.
func (r *Reconciler[O, R]) lifecycle(ctx context.Context, p *pass[O, R]) error {
	if IsPaused(p.object) {
		return errPaused
	}
	if !p.object.GetDeletionTimestamp().IsZero() {
		return r.finalize(ctx, p)
	}
	if err := r.recognise(ctx, p); err != nil {
		return err
	}
	if err := r.yields(ctx, p); err != nil {
		return err
	}
	if err := r.decided(ctx, p); err != nil {
		return err
	}
	if err := r.receive(ctx, p); err != nil {
		return err
	}
	for range maxSteps {
		next := decide(r.situation(p))
		switch next {
		case inSync:
			r.disown(p)
			return nil
		case expire:
			return r.expire(ctx, p)
		}
		var err error
		if ctx, err = r.connect(ctx, p); err != nil {
			return err
		}
		if err := r.perform(ctx, p, next); err != nil {
			return err
		}
	}
	return fmt.Errorf("the %s is not in step after %d steps", r.adapter.Kind(), maxSteps)
}

func (r *Reconciler[O, R]) perform(ctx context.Context, p *pass[O, R], next step) error {
	switch next {
	case adopt:
		return r.adopt(ctx, p)
	case settle:
		return r.settle(ctx, p)
	case create:
		return r.create(ctx, p)
	case protect:
		return r.protect(ctx, p)
	case look:
		return r.look(ctx, p)
	case update:
		return r.update(ctx, p)
	case removeReplaced:
		return r.removeReplaced(ctx, p)
	}
	return nil
}

// connect finds the place of the remote object and the connection to it, and takes
// the first request from the connection's budget. Only what has something to do
// gets here, so an object in sync needs neither its Integration nor its Ticket.
func (r *Reconciler[O, R]) connect(ctx context.Context, p *pass[O, R]) (context.Context, error) {
	if p.connection != nil {
		return ctx, nil
	}
	place, err := r.place(ctx, p)
	var waiting *WaitingError
	if err != nil && !errors.As(err, &waiting) {
		return ctx, &kubernetesError{err}
	}
	if err != nil {
		return ctx, err
	}
	integration, err := r.integration(ctx, p, place.Integration)
	if err != nil {
		return ctx, err
	}
	p.place, p.basis = place, p.basisWith(integration)
	if p.refusedBefore(integration) {
		return ctx, errNothingNew
	}
	if remaining := r.retries.remaining(p.name, p.basis); remaining > 0 {
		return ctx, &pauseError{remaining}
	}
	connection, err := r.connection(ctx, p, integration)
	if err != nil {
		return ctx, err
	}
	ctx, err = connection.Reserve(ctx)
	if err != nil {
		return ctx, err
	}
	p.connection, p.group = connection, GroupKey(r.Installation, client.ObjectKeyFromObject(connection.Integration))
	p.status.IntegrationGeneration = connection.Integration.Generation
	return ctx, nil
}

// connection is the one that the Integration allows. An object that is being deleted
// may use the open one whatever has become of the Integration and its Secret: in a
// namespace that is being deleted they often go first.
func (r *Reconciler[O, R]) connection(ctx context.Context, p *pass[O, R], integration *v1alpha1.Integration) (*connection.Connection, error) {
	deleting := !p.object.GetDeletionTimestamp().IsZero()
	if !deleting && !integration.DeletionTimestamp.IsZero() {
		return nil, &WaitingError{Reason: v1alpha1.ReasonWaitingForIntegration, Message: fmt.Sprintf("Integration %q is being deleted: create it again, or use another one", integration.Name)}
	}
	usable, err := r.Connections.For(ctx, integration)
	if err != nil && deleting {
		if last := r.Connections.Last(client.ObjectKeyFromObject(integration)); last != nil {
			return last, nil
		}
	}
	return usable, err
}

// place is where the remote object lives. An attempt that is open has recorded where
// it was to create, which is where to look for what it made.
func (r *Reconciler[O, R]) place(ctx context.Context, p *pass[O, R]) (Place, error) {
	if p.attemptOpen() && p.intent.place.Integration != "" {
		return p.intent.place, nil
	}
	return r.adapter.Place(ctx, r.Client, p.object)
}

func (r *Reconciler[O, R]) integration(ctx context.Context, p *pass[O, R], name string) (*v1alpha1.Integration, error) {
	var integration v1alpha1.Integration
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: p.object.GetNamespace(), Name: name}, &integration)
	if apierrors.IsNotFound(err) {
		if last := r.Connections.Last(client.ObjectKey{Namespace: p.object.GetNamespace(), Name: name}); last != nil && !p.object.GetDeletionTimestamp().IsZero() {
			return last.Integration, nil
		}
		return nil, &WaitingError{Reason: v1alpha1.ReasonWaitingForIntegration, Message: fmt.Sprintf("Integration %q does not exist in this namespace: create it, or name another one", name)}
	}
	if err != nil {
		return nil, &kubernetesError{fmt.Errorf("reading Integration %q: %w", name, err)}
	}
	return &integration, nil
}

func (r *Reconciler[O, R]) forget(request ctrl.Request) {
	r.retries.succeeded(request.NamespacedName)
	r.attempts.forget(request.NamespacedName)
	r.absences.forget(request.NamespacedName)
	r.sightings.forget(request.NamespacedName)
	r.written.Delete(request.NamespacedName)
}
