// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

	retries  *retries
	attempts *attempts[R]
	looks    *looks
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
		Options:  options,
		adapter:  adapter,
		retries:  newRetries(options.Clock),
		attempts: newAttempts[R](options.Clock),
		looks:    newLooks(options.Clock),
	}
	reconciler.patcher, _ = adapter.(Patcher[O, R])
	reconciler.replacer, _ = adapter.(Replacer[O])
	reconciler.commenter, _ = adapter.(Commenter[O, R])
	if (reconciler.patcher == nil) == (reconciler.replacer == nil) {
		return nil, fmt.Errorf("the adapter of %s must be either a Patcher or a Replacer", adapter.Kind())
	}
	return reconciler, nil
}

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

// lifecycle is what happens to an object, from top to bottom. An error ends it;
// outcomeOf says what follows from each.
func (r *Reconciler[O, R]) lifecycle(ctx context.Context, p *pass[O, R]) error {
	if p.object.GetAnnotations()[v1alpha1.PausedAnnotation] == "true" {
		return errPaused
	}
	if !p.object.GetDeletionTimestamp().IsZero() {
		return r.finalize(ctx, p)
	}
	if err := r.recognise(ctx, p); err != nil {
		return err
	}
	r.decided(p)
	for range maxSteps {
		next := decide(r.situation(p))
		if next == inSync {
			r.disown(p)
			return nil
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
	p.connection = connection
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

// adopt takes the remote object that the spec names. Nothing has been applied to
// it yet, so what the spec sets and it does not show is written next.
func (r *Reconciler[O, R]) adopt(ctx context.Context, p *pass[O, R]) error {
	id := p.policy.AdoptID
	if owner, err := r.ownerOf(ctx, p, id); err != nil {
		return err
	} else if owner != "" {
		return &ConflictError{fmt.Sprintf("the remote %s %q belongs to the %s %q already: delete one of the two objects", r.adapter.Noun(), id, r.adapter.Kind(), owner)}
	}
	remote, err := r.adapter.Get(ctx, p.call(id))
	if err != nil {
		return fmt.Errorf("adopting the remote %s %q: %w", r.adapter.Noun(), id, err)
	}
	p.status.ID = id
	p.status.SettledAttempt = max(p.status.SettledAttempt, p.intent.attempt)
	r.saw(p, remote)
	p.announce(adopted(r.adapter.Noun(), id))
	return nil
}

// protect puts the finalizer on an object that has a remote object already: one
// that was adopted, or whose deletionPolicy was changed.
func (r *Reconciler[O, R]) protect(ctx context.Context, p *pass[O, R]) error {
	return r.updateMetadata(ctx, p, "adding the finalizer", func(object O) {
		object.SetFinalizers(append(object.GetFinalizers(), v1alpha1.RemoteFinalizer))
	})
}

// look fetches the remote object and records what it shows.
func (r *Reconciler[O, R]) look(ctx context.Context, p *pass[O, R]) error {
	p.looked = true
	remote, err := r.adapter.Get(ctx, p.call(p.status.ID))
	if err != nil {
		return fmt.Errorf("looking at the remote %s %q: %w", r.adapter.Noun(), p.status.ID, err)
	}
	// Not before: a request to look that could not be served stays open.
	p.status.LastSyncRequest = p.syncRequest()
	r.looks.done(p.name)
	r.saw(p, remote)
	return nil
}

// update writes the fields that differ: in place, or by a replacement.
func (r *Reconciler[O, R]) update(ctx context.Context, p *pass[O, R]) error {
	fields := r.adapter.Diff(p.object)
	if p.policy.Enforce {
		fields = union(fields, r.drifted(p))
	}
	if r.patcher == nil {
		return r.create(ctx, p)
	}
	remote, err := r.patcher.Patch(ctx, p.call(p.status.ID), fields)
	if err != nil {
		return fmt.Errorf("updating the remote %s %q: %w", r.adapter.Noun(), p.status.ID, err)
	}
	if remote != p.seen {
		p.announce(updated(r.adapter.Noun(), p.status.ID, fields))
	}
	r.applied(p, remote, fields)
	return nil
}

// drifted are the fields that were changed remotely and that the spec still sets.
func (r *Reconciler[O, R]) drifted(p *pass[O, R]) []string {
	drift := r.adapter.Drift(p.object)
	if drift == nil {
		return nil
	}
	fields := r.adapter.Fields(p.object)
	return slices.DeleteFunc(slices.Clone(*drift), func(name string) bool { _, managed := fields[name]; return !managed })
}

// removeReplaced deletes what a replacement has left behind.
func (r *Reconciler[O, R]) removeReplaced(ctx context.Context, p *pass[O, R]) error {
	replaced := r.replacer.Replaced(p.object)
	for len(*replaced) > 0 {
		id := (*replaced)[0]
		if err := r.adapter.Remove(ctx, p.call(id)); err != nil {
			return fmt.Errorf("deleting the replaced remote %s %q: %w", r.adapter.Noun(), id, err)
		}
		*replaced = slices.Clone((*replaced)[1:])
	}
	*replaced = nil
	return nil
}

// saw records a remote object that was fetched.
func (r *Reconciler[O, R]) saw(p *pass[O, R], remote *R) {
	p.seen = remote
	r.adapter.RecordPlace(p.object, p.place)
	r.adapter.Record(p.object, remote)
	if drift := r.adapter.Drift(p.object); drift != nil {
		*drift = Drifted(p.status.Returned, r.adapter.RemoteFields(p.object, remote))
	}
}

// applied records a remote object to which the named fields have just been written.
func (r *Reconciler[O, R]) applied(p *pass[O, R], remote *R, written []string) {
	p.status.Applied = r.adapter.Fields(p.object)
	p.status.Returned = afterWrite(p.status.Returned, r.adapter.RemoteFields(p.object, remote), written)
	r.saw(p, remote)
}

// disown drops the record of fields that were taken out of the spec: they are not
// managed any more, and are written again should they come back.
func (r *Reconciler[O, R]) disown(p *pass[O, R]) {
	fields := r.adapter.Fields(p.object)
	managed := func(record map[string]string) map[string]string {
		kept := map[string]string{}
		for name, hash := range record {
			if _, still := fields[name]; still {
				kept[name] = hash
			}
		}
		return kept
	}
	if len(p.status.Applied) > len(fields) {
		p.status.Applied, p.status.Returned = managed(p.status.Applied), managed(p.status.Returned)
		if drift := r.adapter.Drift(p.object); drift != nil {
			*drift = slices.DeleteFunc(*drift, func(name string) bool { _, still := fields[name]; return !still })
		}
	}
}

func (r *Reconciler[O, R]) forget(request ctrl.Request) {
	r.retries.succeeded(request.NamespacedName)
	r.attempts.forget(request.NamespacedName)
	r.looks.forget(request.NamespacedName)
	r.written.Delete(request.NamespacedName)
}

// conclude turns the end of a reconcile into conditions, one status write, Events,
// and the time of the next attempt.
func (r *Reconciler[O, R]) conclude(ctx context.Context, p *pass[O, R], err error) (ctrl.Result, error) {
	var pause *pauseError
	var kubernetes *kubernetesError
	var expiring *expiringError
	longest := time.Duration(math.MaxInt64)
	if errors.As(err, &expiring) {
		longest = expiring.remaining
	}
	switch {
	case p.released:
		r.forget(ctrl.Request{NamespacedName: p.name})
		p.publish(r.Recorder)
		return ctrl.Result{RequeueAfter: p.returnAfter}, nil
	case errors.Is(err, errNothingNew):
		return requeue(0, longest), nil
	case errors.As(err, &pause):
		return requeue(pause.remaining, longest), nil
	case apierrors.IsConflict(err):
		// The cache was stale. The watch brings the newer object; this is for the
		// case that it brought it before the write failed.
		return ctrl.Result{RequeueAfter: time.Second}, nil
	case errors.As(err, &kubernetes):
		return ctrl.Result{}, err
	}

	result := outcomeOf(err, !p.object.GetDeletionTimestamp().IsZero(), r.adapter.Noun())
	if !result.silent || r.firstNews(p, &result) {
		r.setConditions(p, result)
	}
	switch err := r.writeStatus(ctx, p); {
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return ctrl.Result{RequeueAfter: time.Second}, nil
	case err != nil:
		return ctrl.Result{}, err
	}
	p.publish(r.Recorder)
	if result.doubtConnection && p.connection != nil {
		r.Connections.Doubt(p.connection)
	}
	if err == nil {
		r.retries.succeeded(p.name)
		return ctrl.Result{RequeueAfter: r.nextLook(ctx, p)}, nil
	}
	return requeue(r.retries.failed(p.name, p.basis, result), longest), nil
}

// firstNews tells the owner of an object once that its turn will come: when it waits
// for the request budget and nothing has been said about it yet.
func (r *Reconciler[O, R]) firstNews(p *pass[O, R], result *outcome) bool {
	ready := meta.FindStatusCondition(p.status.Conditions, v1alpha1.ConditionReady)
	switch {
	case !p.object.GetDeletionTimestamp().IsZero() && (ready == nil || ready.Reason != v1alpha1.ReasonDeleting):
		result.reason, result.message = v1alpha1.ReasonDeleting, "the remote "+r.adapter.Noun()+" is about to be removed; requests of the Integration wait for its rateLimit"
	case ready == nil:
		result.reason, result.message = v1alpha1.ReasonCreating, "the remote "+r.adapter.Noun()+" is about to be created; requests of the Integration wait for its rateLimit"
	default:
		return false
	}
	result.status = metav1.ConditionFalse
	return true
}

// requeue comes back after a pause, or never where it is zero, but not later than
// after longest.
func requeue(pause, longest time.Duration) ctrl.Result {
	if pause == 0 && longest == math.MaxInt64 {
		return ctrl.Result{}
	}
	if pause == 0 {
		pause = longest
	}
	return ctrl.Result{RequeueAfter: min(pause, longest)}
}

// nextLook is when an object that is only observed is looked at again.
func (r *Reconciler[O, R]) nextLook(ctx context.Context, p *pass[O, R]) time.Duration {
	if !p.policy.Observe || p.status.ID == "" {
		return 0
	}
	integration, err := r.integration(ctx, p, p.status.Integration)
	if err != nil {
		// Its return wakes only what is not Ready, so the defaults have to do.
		integration = &v1alpha1.Integration{}
	}
	return r.looks.schedule(p.name, connection.PollInterval(integration))
}
