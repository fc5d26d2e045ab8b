// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"
	"time"

	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
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

// expire removes the object. The finalizer goes first, so that the remote object is left alone
// whatever the deletion policy says. A crash in between is no harm: the finalizer is put on again,
// and the object removed after all.
func (r *Reconciler[O, R]) expire(ctx context.Context, s *state[O, R]) error {
	if controllerutil.ContainsFinalizer(s.object, v1alpha1.RemoteFinalizer) {
		if err := r.updateMetadata(ctx, s, "removing the finalizer", withoutFinalizer[O]); err != nil {
			return err
		}
	}
	// An object that somebody has edited since is not the one that was to be removed.
	preconditions := client.Preconditions{UID: ptr.To(s.object.GetUID()), ResourceVersion: ptr.To(s.object.GetResourceVersion())}
	if err := r.Client.Delete(ctx, s.object.DeepCopyObject().(O), preconditions); client.IgnoreNotFound(err) != nil {
		return &kubernetesError{fmt.Errorf("deleting the %s: %w", r.adapter.Kind(), err)}
	}
	s.emit(expiredEvent(r.adapter.Noun(), s.status.ID))
	s.finalizerRemoved = true
	return nil
}
