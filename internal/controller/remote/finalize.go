// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// finalize removes, or closes, the remote object of an object that is being
// deleted, and then lets the finalizer go. It needs the stored IDs and the
// Integration, and nothing else.
func (r *Reconciler[O, R]) finalize(ctx context.Context, p *pass[O, R]) error {
	if uid, done := r.finalized.Load(p.name); done && uid == p.object.GetUID() {
		// The cache has not seen yet that the object is gone.
		p.released = true
		return nil
	}
	switch {
	case !controllerutil.ContainsFinalizer(p.object, v1alpha1.RemoteFinalizer):
		p.released = true
		return nil
	case p.object.GetAnnotations()[v1alpha1.OrphanAnnotation] == "true", !p.policy.RemoveOnDelete:
		if p.status.ID != "" {
			p.announce(retained(r.adapter.Noun(), p.status.ID))
		}
		return r.release(ctx, p)
	}
	for p.attemptOpen() {
		var err error
		if ctx, err = r.connect(ctx, p); err != nil {
			return err
		}
		if err := r.settle(ctx, p); err != nil {
			return err
		}
	}
	for _, id := range r.remainingIDs(p) {
		var err error
		if ctx, err = r.connect(ctx, p); err != nil {
			return err
		}
		if err := r.adapter.Remove(ctx, p.call(id)); err != nil {
			return fmt.Errorf("removing the remote %s %q: %w", r.adapter.Noun(), id, err)
		}
		p.announce(removed(r.adapter.Noun(), id))
	}
	return r.release(ctx, p)
}

// remainingIDs are all remote objects that the object stands for.
func (r *Reconciler[O, R]) remainingIDs(p *pass[O, R]) []string {
	var ids []string
	if p.status.ID != "" {
		ids = append(ids, p.status.ID)
	}
	if r.replacer != nil {
		ids = append(ids, *r.replacer.Replaced(p.object)...)
	}
	return ids
}

// release lets the finalizer go.
func (r *Reconciler[O, R]) release(ctx context.Context, p *pass[O, R]) error {
	err := r.updateMetadata(ctx, p, "letting the finalizer go", func(object O) {
		object.SetFinalizers(slices.DeleteFunc(slices.Clone(object.GetFinalizers()), func(name string) bool { return name == v1alpha1.RemoteFinalizer }))
	})
	if client.IgnoreNotFound(err) != nil {
		return err
	}
	r.finalized.Store(p.name, p.object.GetUID())
	p.released = true
	return nil
}
