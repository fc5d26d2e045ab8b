// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

const (
	// credentialsGrace is how long an object in a terminating namespace waits for credentials that
	// are gone; they cannot be created there any more.
	credentialsGrace = 30 * time.Second
	// remoteGrace is how long it waits for a provider that does not remove what it is asked to.
	remoteGrace = 10 * time.Minute
)

// expiringError is why an object in a terminating namespace is not gone yet, and when the finalizer
// goes all the same.
type expiringError struct {
	err       error
	remaining time.Duration
}

func (e *expiringError) Error() string { return e.err.Error() }
func (e *expiringError) Unwrap() error { return e.err }

// finalize removes the remote object of an object that is being deleted, and removes the finalizer.
// A namespace that is being deleted does not wait forever.
func (r *Reconciler[O, R]) finalize(ctx context.Context, s *state[O, R]) error {
	err := r.removeRemote(ctx, s)
	if err == nil || s.finalizerRemoved {
		return err
	}
	var kubernetes *kubernetesError
	var waiting *WaitingError
	switch {
	case errors.As(err, &kubernetes):
		return err
	case errors.As(err, &waiting) && waiting.NotAdmitted:
		// The namespace has no part in the connection any more, so nothing is removed for it, and
		// nothing is there to wait for.
		s.emit(notAdmittedEvent(r.adapter.Noun(), r.remainingIDs(s), waiting))
		return r.removeFinalizer(ctx, s)
	}
	var namespace corev1.Namespace
	if failure := r.APIReader.Get(ctx, client.ObjectKey{Name: s.name.Namespace}, &namespace); failure != nil || namespace.DeletionTimestamp.IsZero() {
		return err
	}
	cause, grace := r.obstacle(s, err)
	if remaining := s.object.GetDeletionTimestamp().Add(grace).Sub(r.Clock.Now()); remaining > 0 {
		return &expiringError{err: err, remaining: remaining}
	}
	s.emit(abandonedEvent(&namespace, r.adapter.Kind(), s.name.Name, r.adapter.Noun(), r.remainingIDs(s), cause))
	return r.removeFinalizer(ctx, s)
}

// obstacle is why the remote object is not removed, and how long an object in a terminating
// namespace waits for it. Where nothing was sent this time, the conditions say what came of it
// before.
func (r *Reconciler[O, R]) obstacle(s *state[O, R], err error) (cause string, grace time.Duration) {
	var pause *pauseError
	var waiting *WaitingError
	reason, cause := outcomeOf(err, true, r.adapter.Noun()).reason, err.Error()
	ready := meta.FindStatusCondition(s.status.Conditions, v1alpha1.ConditionReady)
	if (errors.Is(err, errNothingNew) || errors.As(err, &pause)) && ready != nil {
		reason, cause = ready.Reason, withoutRemovalAdvice(ready.Message, r.adapter.Noun())
	}
	switch {
	case errors.As(err, &waiting) && waiting.Paused:
	case reason == v1alpha1.ReasonDeleteBlocked, reason == v1alpha1.ReasonUnauthorized:
		return cause, credentialsGrace
	}
	return cause, remoteGrace
}

// removeRemote removes, or closes, the remote object, and removes the finalizer. It needs the
// stored IDs and a connection, and nothing else.
func (r *Reconciler[O, R]) removeRemote(ctx context.Context, s *state[O, R]) error {
	if uid, done := r.finalized.Load(s.name); done && uid == s.object.GetUID() {
		// The cache has not seen yet that the object is gone.
		s.finalizerRemoved = true
		return nil
	}
	switch {
	case !controllerutil.ContainsFinalizer(s.object, v1alpha1.RemoteFinalizer):
		s.finalizerRemoved = true
		return nil
	case isRetained(s.object, s.policy):
		if s.status.ID != "" {
			s.emit(retainedEvent(r.adapter.Noun(), s.status.ID))
		}
		return r.removeFinalizer(ctx, s)
	}
	others, isOthers, err := r.othersRemote(ctx, s)
	if err != nil {
		return err
	}
	if isOthers {
		s.emit(retainedEvent(r.adapter.Noun(), others))
		return r.removeFinalizer(ctx, s)
	}
	if ctx, err = r.settleBeforeRemoval(ctx, s); err != nil {
		return err
	}
	left := r.remainingIDs(s)
	if len(left) > 0 {
		if err := r.waitForLeaving(ctx, s); err != nil {
			return err
		}
	}
	for _, id := range left {
		if ctx, err = r.removeOne(ctx, s, id); err != nil {
			return err
		}
	}
	return r.removeFinalizer(ctx, s) // mutant: release-early
}

// isRetained reports whether the remote object stays when the object is deleted.
func isRetained(object Object, policy Policy) bool {
	return object.GetAnnotations()[v1alpha1.OrphanAnnotation] == "true" || !policy.RemoveOnDelete
}

// othersRemote is the remote object that the object names although another object has it, which is
// the one to remove it.
func (r *Reconciler[O, R]) othersRemote(ctx context.Context, s *state[O, R]) (id string, isOthers bool, err error) {
	var conflict *ConflictError
	switch err := r.resolveIntent(ctx, s); {
	case errors.As(err, &conflict) && conflict.Foreign && s.status.ID != "":
		// The object was copied with its status: the remote object is the original's.
		return s.status.ID, true, nil
	case errors.As(err, &conflict):
		// What the annotations speak of is not this object's, so it is not removed.
		s.intent = intent{}
	case err != nil:
		return "", false, err
	}
	switch err := r.checkOwnership(ctx, s); {
	case errors.As(err, &conflict):
		return s.policy.AdoptID, true, nil
	case err != nil:
		return "", false, err
	}
	return "", false, nil
}

// settleBeforeRemoval finds out what came of the requests that may have made a remote object, so
// that none is left behind.
func (r *Reconciler[O, R]) settleBeforeRemoval(ctx context.Context, s *state[O, R]) (context.Context, error) {
	if err := r.serveCreateAgain(ctx, s); err != nil {
		return ctx, err
	}
	for s.attemptOpen() && !r.closingOpen(s) {
		var err error
		if ctx, err = r.connect(ctx, s, removal); err != nil {
			return ctx, err
		}
		if err := r.settle(ctx, s); err != nil {
			return ctx, err
		}
	}
	return ctx, nil
}

// removeOne removes, or closes, one remote object.
func (r *Reconciler[O, R]) removeOne(ctx context.Context, s *state[O, R], id string) (context.Context, error) {
	noun := r.adapter.Noun()
	if id == s.status.ID && IsUnverified(s.status) {
		s.emit(unverifiedEvent(noun, id))
		return ctx, nil
	}
	ctx, err := r.connect(ctx, s, removal)
	if err != nil {
		return ctx, err
	}
	closed, err := r.comment(ctx, s)
	if err != nil {
		return ctx, fmt.Errorf("posting the closing comment: %w", err)
	}
	if !closed {
		err = r.logged(ctx, s, "remove the "+noun, func() (string, error) { return id, r.adapter.Remove(ctx, s.call(id)) })
	}
	var refusal *ClosedError
	switch {
	case errors.As(err, &refusal):
		// Nothing that could be waited for: it ends like one whose ticket is gone.
		s.emit(keptByClosedEvent(noun, id, refusal))
	case err != nil:
		return ctx, fmt.Errorf("removing the remote %s %q: %w", noun, id, err)
	default:
		s.emit(removedEvent(noun, r.adapter.Removed(), id))
	}
	return ctx, nil
}

// remainingIDs are all remote objects that the object stands for.
func (r *Reconciler[O, R]) remainingIDs(s *state[O, R]) []string {
	var ids []string
	if s.status.ID != "" {
		ids = append(ids, s.status.ID)
	}
	if r.replacer != nil {
		ids = append(ids, *r.replacer.Replaced(s.object)...)
	}
	return ids
}

func withoutFinalizer[O Object](object O) {
	object.SetFinalizers(slices.DeleteFunc(slices.Clone(object.GetFinalizers()), func(name string) bool { return name == v1alpha1.RemoteFinalizer }))
}

// removeFinalizer removes the finalizer.
func (r *Reconciler[O, R]) removeFinalizer(ctx context.Context, s *state[O, R]) error {
	err := r.updateMetadata(ctx, s, "removing the finalizer", withoutFinalizer[O])
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	if err == nil {
		r.finalized.Store(s.name, s.object.GetUID())
	} else {
		// The object is gone, and only the cache has not seen it. Should it still be there after
		// all, it must not wait for a change that never comes.
		s.requeueAfter = time.Second
	}
	s.finalizerRemoved = true
	return nil
}
