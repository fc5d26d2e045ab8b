// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// updateMetadata writes annotations and finalizers under the object's resourceVersion: where the
// cache was stale it fails, and nothing is lost.
func (r *Reconciler[O, R]) updateMetadata(ctx context.Context, s *state[O, R], doing string, change func(O)) error {
	changed := s.stored.DeepCopyObject().(O)
	change(changed)
	patch := client.MergeFromWithOptions(s.stored, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, changed, patch); err != nil {
		return &kubernetesError{&metadataError{fmt.Errorf("%s: %w", doing, err)}}
	}
	r.wrote(s, changed)
	s.stored.SetResourceVersion(changed.GetResourceVersion())
	for _, object := range []O{s.stored, s.object} {
		object.SetAnnotations(changed.GetAnnotations())
		object.SetFinalizers(changed.GetFinalizers())
		object.SetResourceVersion(changed.GetResourceVersion())
	}
	return nil
}

// writeStatus writes the status if it has changed, under the resourceVersion that it was computed
// from.
func (r *Reconciler[O, R]) writeStatus(ctx context.Context, s *state[O, R]) error {
	if s.statusUnchanged() {
		return nil
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	return r.patchStatus(ctx, s, client.MergeFromWithOptions(s.stored, client.MergeFromWithOptimisticLock{}))
}

// detached is a context for writing down what has happened, even when the process is about to end.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
}

// persist writes the status that holds the ID of a remote object that was just created or found.
// The spec may have been edited while the request was on its way, so a conflict is resolved, as
// long as the recorded attempt is still this one.
//
// The labels may have been edited as well. The cache does not see an object that has left the
// shard, so nothing may wait until the cache shows what is written into it.
func (r *Reconciler[O, R]) persist(ctx context.Context, s *state[O, R]) error {
	if s.statusUnchanged() {
		return nil
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	var failure error
	var options []client.SubResourcePatchOption
	err := wait.ExponentialBackoffWithContext(ctx, wait.Backoff{Duration: 50 * time.Millisecond, Factor: 2, Steps: 4}, func(ctx context.Context) (bool, error) {
		failure = r.patchStatus(ctx, s, client.MergeFromWithOptions(s.stored, client.MergeFromWithOptimisticLock{}), options...)
		if apierrors.IsConflict(failure) {
			if err := r.rebase(ctx, s); err != nil {
				return false, err
			}
			if !r.Shard.Has(s.stored) {
				options = []client.SubResourcePatchOption{client.DisableReadYourWritesConsistency}
			}
		}
		return failure == nil || apierrors.IsNotFound(failure), nil
	})
	if failure != nil {
		return failure
	}
	return err
}

// rebase moves the status write to the newest resourceVersion, unless another process has gone on
// with the object.
func (r *Reconciler[O, R]) rebase(ctx context.Context, s *state[O, R]) error {
	latest := r.adapter.New()
	if err := r.APIReader.Get(ctx, s.name, latest); err != nil {
		return &kubernetesError{fmt.Errorf("reading the %s again: %w", r.adapter.Kind(), err)}
	}
	before := s.stored.RemoteStatus()
	if latest.GetUID() != s.stored.GetUID() || readIntent(latest).attempt != s.intent.attempt || latest.RemoteStatus().ID != before.ID {
		return &kubernetesError{fmt.Errorf("writing the ID of the remote %s: another process has changed this object", r.adapter.Noun())}
	}
	if newer := latest.RemoteStatus(); newer.ObservedGeneration > s.status.ObservedGeneration {
		s.status.ObservedGeneration, s.status.Conditions = newer.ObservedGeneration, newer.Conditions
	}
	for _, object := range []O{s.stored, s.object} {
		object.SetResourceVersion(latest.GetResourceVersion())
		object.SetLabels(latest.GetLabels())
	}
	return nil
}

func (r *Reconciler[O, R]) patchStatus(ctx context.Context, s *state[O, R], patch client.Patch, options ...client.SubResourcePatchOption) error {
	if err := r.patchStatusOf(ctx, s, s.object, patch, options...); err != nil {
		return err
	}
	s.stored = s.object.DeepCopyObject().(O)
	return nil
}

// patchStatusOf writes the status of a copy of the object.
func (r *Reconciler[O, R]) patchStatusOf(ctx context.Context, s *state[O, R], object O, patch client.Patch, options ...client.SubResourcePatchOption) error {
	written := object.DeepCopyObject().(O)
	err := r.Client.Status().Patch(ctx, written, patch, options...)
	if err != nil {
		return &kubernetesError{&statusError{fmt.Errorf("writing the status: %w", err)}}
	}
	r.refusedStatus.Delete(s.name)
	r.wrote(s, written)
	s.object.SetResourceVersion(written.GetResourceVersion())
	return nil
}

// wrote notes the version of the object that this process has just written.
func (r *Reconciler[O, R]) wrote(s *state[O, R], object O) {
	r.written.Store(s.name, version{uid: object.GetUID(), resourceVersion: object.GetResourceVersion()})
}

func (s *state[O, R]) statusUnchanged() bool { return status.IsUnchanged(s.stored, s.object) }

// version is a version of one object.
type version struct {
	uid             types.UID
	resourceVersion string
}

// cacheIsStale reports whether the cache shows an object as it was before this process's own latest
// write. The client waits for that to pass, but its cache of several namespaces does not know of
// each namespace how far it is. Acting on it would send requests a second time.
func (r *Reconciler[O, R]) cacheIsStale(object O) bool {
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

// staleDelay is when to look again at an object of which the cache is behind.
const staleDelay = 100 * time.Millisecond
