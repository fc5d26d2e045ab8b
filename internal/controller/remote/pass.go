// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

// errNothingNew ends a reconcile that would only repeat what was refused.
var errNothingNew = errors.New("nothing has changed since the request was refused")

// pauseError ends a reconcile that came before its time.
type pauseError struct{ remaining time.Duration }

func (e *pauseError) Error() string { return fmt.Sprintf("waiting for another %s", e.remaining) }

// kubernetesError is a failure of the API server. It goes into the log and the work
// queue's own retries, because it cannot go into a status.
type kubernetesError struct{ err error }

func (e *kubernetesError) Error() string { return e.err.Error() }
func (e *kubernetesError) Unwrap() error { return e.err }

// pass is one reconcile of one object.
type pass[O Object, R any] struct {
	name types.NamespacedName
	// object is changed as the reconcile goes on; stored is what the API server has.
	object, stored O
	status         *v1alpha1.RemoteObjectStatus
	policy         Policy
	intent         intent
	// ownKey is the key that this object gives to what it creates.
	ownKey string
	// group is what all that is created through the Integration has in common; empty
	// without a connection.
	group string

	reader     client.Reader
	place      Place
	connection *connection.Connection
	// basis is all that a refused request rested on.
	basis string

	// seen is the remote object as fetched in this reconcile.
	seen   *R
	looked bool
	// answered: the provider has said whether it exists.
	answered bool
	// sighting is what was seen of the remote object outside of reconciles, and inDoubt
	// says that it takes a look to make sense of it.
	sighting *Sighting[R]
	inDoubt  bool
	// released: the finalizer has been let go.
	released bool
	// returnAfter is when to make sure of that; zero where it is certain.
	returnAfter time.Duration

	announcements []announcement
}

func (r *Reconciler[O, R]) begin(object O) *pass[O, R] {
	name := client.ObjectKeyFromObject(object)
	p := &pass[O, R]{
		name:   name,
		reader: r.Client,
		object: object,
		stored: object.DeepCopyObject().(O),
		status: object.RemoteStatus(),
		policy: r.adapter.Policy(object),
		intent: readIntent(object),
		ownKey: CreateKey(r.Installation, object.GetUID()),
	}
	p.basis = p.basisWith(nil)
	return p
}

func (r *Reconciler[O, R]) situation(p *pass[O, R]) situation {
	return situation{
		policy:       p.policy,
		hasID:        p.status.ID != "",
		attemptOpen:  p.attemptOpen(),
		replacedLeft: r.replacer != nil && len(*r.replacer.Replaced(p.object)) > 0,
		unprotected:  p.policy.RemoveOnDelete && !controllerutil.ContainsFinalizer(p.object, v1alpha1.RemoteFinalizer),
		lookAsked:    p.syncRequest() != p.status.LastSyncRequest || p.wasMissing() || p.inDoubt,
		looked:       p.looked,
		differs:      len(r.adapter.Diff(p.object)) > 0,
		drifted:      len(r.drifted(p)) > 0,
		expired:      r.expired(p),
	}
}

// attemptOpen tells whether a create attempt is recorded whose outcome is not.
func (p *pass[O, R]) attemptOpen() bool { return p.intent.attempt > p.status.SettledAttempt }

func (p *pass[O, R]) syncRequest() string { return p.annotation(v1alpha1.SyncRequestedAnnotation) }

// annotation is an annotation's value, cut to what the status takes of it.
func (p *pass[O, R]) annotation(name string) string {
	return Truncate(p.object.GetAnnotations()[name], 1024)
}

// wasMissing tells whether the remote object did not exist when the provider was asked
// last. The condition alone does not keep that: another failure, or a pause, takes its
// place.
func (p *pass[O, R]) wasMissing() bool {
	ready := meta.FindStatusCondition(p.status.Conditions, v1alpha1.ConditionReady)
	return p.status.Missing || (ready != nil && ready.Reason == v1alpha1.ReasonRemoteMissing)
}

// call is what adapters get; id is empty for a create.
func (p *pass[O, R]) call(id string) Call[O, R] {
	return Call[O, R]{
		Connection: p.connection, Reader: p.reader, Place: p.place, Object: p.object,
		ID: id, Key: p.intent.key, Group: p.group, Text: p.intent.text, Started: p.intent.started, Seen: p.seen,
	}
}

// basisWith names all that a refusal rested on: with any of it changed, the request
// is worth trying again.
func (p *pass[O, R]) basisWith(integration *v1alpha1.Integration) string {
	basis := fmt.Sprintf("%s/%d/%t/%s/%s", p.object.GetUID(), p.object.GetGeneration(), p.object.GetDeletionTimestamp().IsZero(), p.syncRequest(), p.annotation(v1alpha1.CreateAgainAnnotation))
	if integration != nil {
		basis += fmt.Sprintf("/%s/%d/%s", integration.UID, integration.Generation, integration.Status.TokenVersion)
	}
	return basis
}

// refusedBefore tells whether the provider refused this generation of the spec
// under this generation of the Integration. It rests on the status alone, so a
// refusal is not tried again after a restart either.
func (p *pass[O, R]) refusedBefore(integration *v1alpha1.Integration) bool {
	stalled := meta.FindStatusCondition(p.status.Conditions, v1alpha1.ConditionStalled)
	return stalled != nil && stalled.Status == metav1.ConditionTrue &&
		stalled.ObservedGeneration == p.object.GetGeneration() &&
		p.status.IntegrationGeneration == integration.Generation &&
		p.syncRequest() == p.status.LastSyncRequest
}

func (r *Reconciler[O, R]) setConditions(p *pass[O, R], result outcome) {
	unsynced := p.status.ID == "" || len(r.adapter.Diff(p.object)) > 0
	before := meta.FindStatusCondition(p.stored.RemoteStatus().Conditions, v1alpha1.ConditionReady)
	drifted := r.drifted(p)
	switch {
	case result.reason != v1alpha1.ReasonSynced:
	case p.policy.Observe:
		result.message = "the remote " + r.adapter.Noun() + " is observed; nothing is written to it"
		unsynced = false
	case len(drifted) > 0:
		result.message = "the spec has been applied to the remote " + r.adapter.Noun() + "; somebody has changed since: " + strings.Join(drifted, ", ")
	}
	if result.stalled {
		p.status.LastSyncRequest = p.syncRequest()
	}
	setConditions(p.status, result, p.object.GetGeneration(), r.Clock.Now(), r.synced(p, result, unsynced))
	if before == nil || before.Reason != result.reason || before.Message != Truncate(result.message, maxMessage) {
		p.announceCondition(result)
	}
}

// synced is the Synced condition, or nil for a kind that has none.
func (r *Reconciler[O, R]) synced(p *pass[O, R], result outcome, unsynced bool) *outcome {
	switch {
	case r.patcher == nil:
		return nil
	case unsynced:
		return &outcome{status: metav1.ConditionFalse, reason: result.reason, message: result.message}
	case p.policy.Enforce && len(r.drifted(p)) > 0:
		return &outcome{status: metav1.ConditionFalse, reason: v1alpha1.ReasonDrifted, message: r.writingBack(p)}
	}
	return &outcome{status: metav1.ConditionTrue, reason: v1alpha1.ReasonSynced, message: "the last generation of the spec has been applied"}
}

// writingBack says what Enforce is about to do.
func (r *Reconciler[O, R]) writingBack(p *pass[O, R]) string {
	return fmt.Sprintf("somebody changed the remote %s, and managementPolicy Enforce writes back: %s", r.adapter.Noun(), strings.Join(r.drifted(p), ", "))
}

// updateMetadata writes annotations and finalizers under the object's
// resourceVersion: where the cache was stale it fails, and nothing is lost.
func (r *Reconciler[O, R]) updateMetadata(ctx context.Context, p *pass[O, R], doing string, change func(O)) error {
	changed := p.stored.DeepCopyObject().(O)
	change(changed)
	patch := client.MergeFromWithOptions(p.stored, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, changed, patch); err != nil {
		return &kubernetesError{fmt.Errorf("%s: %w", doing, err)}
	}
	r.wrote(p, changed)
	p.stored.SetResourceVersion(changed.GetResourceVersion())
	for _, object := range []O{p.stored, p.object} {
		object.SetAnnotations(changed.GetAnnotations())
		object.SetFinalizers(changed.GetFinalizers())
		object.SetResourceVersion(changed.GetResourceVersion())
	}
	return nil
}

// writeStatus writes the status if it has changed, under the resourceVersion that
// it was computed from.
func (r *Reconciler[O, R]) writeStatus(ctx context.Context, p *pass[O, R]) error {
	if p.statusUnchanged() {
		return nil
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	return r.patchStatus(ctx, p, client.MergeFromWithOptions(p.stored, client.MergeFromWithOptimisticLock{}))
}

// detached is a context for writing down what has happened, even when the process is
// about to end.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
}

// persist writes the status that holds the ID of a remote object that was just
// created or found. The spec may have been edited while the request was on its way,
// so a conflict is resolved, as long as the recorded attempt is still this one.
func (r *Reconciler[O, R]) persist(ctx context.Context, p *pass[O, R]) error {
	if p.statusUnchanged() {
		return nil
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	var failure error
	err := wait.ExponentialBackoffWithContext(ctx, wait.Backoff{Duration: 50 * time.Millisecond, Factor: 2, Steps: 4}, func(ctx context.Context) (bool, error) {
		failure = r.patchStatus(ctx, p, client.MergeFromWithOptions(p.stored, client.MergeFromWithOptimisticLock{}))
		if apierrors.IsConflict(failure) {
			if err := r.rebase(ctx, p); err != nil {
				return false, err
			}
		}
		return failure == nil || apierrors.IsNotFound(failure), nil
	})
	if failure != nil {
		return failure
	}
	return err
}

// rebase moves the status write to the newest resourceVersion, unless another
// process has gone on with the object.
func (r *Reconciler[O, R]) rebase(ctx context.Context, p *pass[O, R]) error {
	latest := r.adapter.New()
	if err := r.APIReader.Get(ctx, p.name, latest); err != nil {
		return &kubernetesError{fmt.Errorf("reading the %s again: %w", r.adapter.Kind(), err)}
	}
	before := p.stored.RemoteStatus()
	if latest.GetUID() != p.stored.GetUID() || readIntent(latest).attempt != p.intent.attempt || latest.RemoteStatus().ID != before.ID {
		return &kubernetesError{fmt.Errorf("writing the ID of the remote %s: another process has gone on with this object", r.adapter.Noun())}
	}
	if newer := latest.RemoteStatus(); newer.ObservedGeneration > p.status.ObservedGeneration {
		p.status.ObservedGeneration, p.status.Conditions = newer.ObservedGeneration, newer.Conditions
	}
	p.stored.SetResourceVersion(latest.GetResourceVersion())
	p.object.SetResourceVersion(latest.GetResourceVersion())
	return nil
}

func (r *Reconciler[O, R]) patchStatus(ctx context.Context, p *pass[O, R], patch client.Patch) error {
	written := p.object.DeepCopyObject().(O)
	err := r.Client.Status().Patch(ctx, written, patch)
	if err != nil {
		return &kubernetesError{fmt.Errorf("writing the status: %w", err)}
	}
	r.wrote(p, written)
	p.object.SetResourceVersion(written.GetResourceVersion())
	p.stored = p.object.DeepCopyObject().(O)
	return nil
}

// wrote notes the version of the object that this process has just written.
func (r *Reconciler[O, R]) wrote(p *pass[O, R], object O) {
	r.written.Store(p.name, version{uid: object.GetUID(), resourceVersion: object.GetResourceVersion()})
}

func (p *pass[O, R]) statusUnchanged() bool {
	data, err := client.MergeFrom(p.stored).Data(p.object)
	return err == nil && string(data) == "{}"
}

// ownerOf names another live object of this kind that stands for the remote object,
// or returns an empty name.
func (r *Reconciler[O, R]) ownerOf(ctx context.Context, p *pass[O, R], id string) (string, error) {
	others, err := r.others(ctx, p, p.name.Namespace, IndexRemoteID, RemoteID{Place: p.place, ID: id}.indexValue())
	if err != nil || len(others) == 0 {
		return "", err
	}
	return others[0].GetName(), nil
}

// others are the other objects of the kind under an index value, in the namespace, or
// in all that the manager watches where it is empty.
func (r *Reconciler[O, R]) others(ctx context.Context, p *pass[O, R], namespace, index, value string) ([]client.Object, error) {
	list := r.adapter.NewList()
	if err := r.Client.List(ctx, list, client.InNamespace(namespace), client.MatchingFields{index: value}); err != nil {
		return nil, &kubernetesError{fmt.Errorf("looking for other objects of the kind %s: %w", r.adapter.Kind(), err)}
	}
	var others []client.Object
	err := meta.EachListItem(list, func(item runtime.Object) error {
		if other, ok := item.(client.Object); ok && other.GetUID() != p.object.GetUID() {
			others = append(others, other)
		}
		return nil
	})
	return others, err
}

func union(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

func (p *pass[O, R]) publish(recorder events.EventRecorder) {
	for _, a := range p.announcements {
		var regarding, related runtime.Object = p.object, nil
		if a.regarding != nil {
			// The recorder takes Events with the same reason about the same object for
			// one, and keeps the first note alone, unless they are related to different
			// objects.
			regarding, related = a.regarding, p.object
		}
		recorder.Eventf(regarding, related, a.kind, a.reason, a.action, "%s", a.note)
	}
	p.announcements = nil
}
