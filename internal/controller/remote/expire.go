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

// expired tells whether the time of the object has come.
func (r *Reconciler[O, R]) expired(p *pass[O, R]) bool {
	expires := r.expiresAt(p)
	return !expires.IsZero() && !r.Clock.Now().Before(expires)
}

func (r *Reconciler[O, R]) expiresAt(p *pass[O, R]) time.Time {
	if r.expirer == nil || p.status.ID == "" {
		return time.Time{}
	}
	return r.expirer.ExpiresAt(p.object)
}

// expire removes the object. The finalizer goes first, so that the remote object is
// left alone whatever the deletion policy says. A crash in between is no harm: the
// finalizer is put on again, and the object removed after all.
func (r *Reconciler[O, R]) expire(ctx context.Context, p *pass[O, R]) error {
	if controllerutil.ContainsFinalizer(p.object, v1alpha1.RemoteFinalizer) {
		if err := r.updateMetadata(ctx, p, "letting the finalizer go", withoutFinalizer[O]); err != nil {
			return err
		}
	}
	// An object that somebody has edited since is not the one that was to be removed.
	preconditions := client.Preconditions{UID: ptr.To(p.object.GetUID()), ResourceVersion: ptr.To(p.object.GetResourceVersion())}
	if err := r.Client.Delete(ctx, p.object.DeepCopyObject().(O), preconditions); client.IgnoreNotFound(err) != nil {
		return &kubernetesError{fmt.Errorf("removing the %s: %w", r.adapter.Kind(), err)}
	}
	p.announce(expired(r.adapter.Noun(), p.status.ID))
	p.released = true
	return nil
}
