// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// expired reports whether the time of the object has come.
func (r *Reconciler[O, R]) expired(s *state[O, R]) bool {
	expires := r.expiresAt(s)
	return !expires.IsZero() && !r.Clock.Now().Before(expires)
}

func (r *Reconciler[O, R]) expiresAt(s *state[O, R]) time.Time {
	if s.status.ID == "" {
		return time.Time{}
	}
	return r.adapter.ExpiresAt(s.object)
}

// expire removes the object, after those that belong to it. The finalizer goes first, so that the
// remote object is left alone whatever the deletion policy says. A crash in between is no harm: the
// finalizer is put on again, and the object removed after all.
func (r *Reconciler[O, R]) expire(ctx context.Context, s *state[O, R]) error {
	released, err := r.releaseHeld(ctx, s)
	if err != nil {
		return err
	}
	if controllerutil.ContainsFinalizer(s.object, v1alpha1.RemoteFinalizer) {
		if err := r.updateMetadata(ctx, s, "removing the finalizer", withoutFinalizer[O]); err != nil {
			return err
		}
	}
	// An object that somebody has edited since is not the one that was to be removed.
	preconditions := client.Preconditions{UID: ptr.To(s.object.GetUID()), ResourceVersion: ptr.To(s.object.GetResourceVersion())}
	err = r.Client.Delete(ctx, s.object.DeepCopyObject().(O), preconditions)
	switch {
	case apierrors.IsNotFound(err):
		s.requeueAfter = time.Second // As in removeFinalizer.
	case err != nil:
		return &kubernetesError{fmt.Errorf("deleting the %s: %w", r.adapter.Kind(), err)}
	}
	s.emit(expiredEvent(r.adapter.Noun(), s.status.ID, released))
	s.finalizerRemoved = true
	return nil
}

// errCacheBehind ends a reconcile that met something which the cache does not show yet.
var errCacheBehind = errors.New("the cache is behind")

// releaseHeld removes the objects that belong to the object, and leaves their remote objects alone.
// One that a person has stopped, or is deleting, is left to him. It returns how many it removed.
func (r *Reconciler[O, R]) releaseHeld(ctx context.Context, s *state[O, R]) (int, error) {
	if r.holder == nil {
		return 0, nil
	}
	held, err := r.holder.Held(ctx, r.Client, s.object)
	if err != nil {
		return 0, &kubernetesError{err}
	}
	released := 0
	for _, object := range held {
		if status.IsPaused(object) || !object.GetDeletionTimestamp().IsZero() {
			continue
		}
		err := r.release(ctx, object)
		if apierrors.IsNotFound(err) {
			return 0, errCacheBehind // It is looked whether it is gone.
		}
		if err != nil {
			return 0, &kubernetesError{fmt.Errorf("deleting %q, which belongs to the %s: %w", object.GetName(), r.adapter.Kind(), err)}
		}
		released++
	}
	return released, nil
}

// release deletes an object without its finalizer, unless somebody has edited it since the cache
// saw it: its own controller may be at work.
func (r *Reconciler[O, R]) release(ctx context.Context, held Object) error {
	object := held.DeepCopyObject().(Object)
	if controllerutil.ContainsFinalizer(object, v1alpha1.RemoteFinalizer) {
		patch := client.MergeFromWithOptions(held.DeepCopyObject().(Object), client.MergeFromWithOptimisticLock{})
		withoutFinalizer(object)
		if err := r.Client.Patch(ctx, object, patch); err != nil {
			return err
		}
	}
	return r.Client.Delete(ctx, object, client.Preconditions{UID: ptr.To(object.GetUID()), ResourceVersion: ptr.To(object.GetResourceVersion())})
}
