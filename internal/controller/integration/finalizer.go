// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/lister"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
)

// maxNamedUsers is how many of the objects that an Integration waits for its message names.
const maxNamedUsers = 3

// ensureFinalizer puts the finalizer on an Integration that objects are about to use, so that it
// outlives them when everything is deleted at once.
func (r *Reconciler) ensureFinalizer(ctx context.Context, stored, integration connection.Integration) error {
	if controllerutil.ContainsFinalizer(integration, v1alpha1.InUseFinalizer) {
		return nil
	}
	return r.patchFinalizers(ctx, stored, integration, append(slices.Clone(integration.GetFinalizers()), v1alpha1.InUseFinalizer))
}

// finalize lets an Integration go once no object needs it for a removal. Until then the connection
// that is open stays in use, whatever has become of the Secret.
func (r *Reconciler) finalize(ctx context.Context, stored, integration connection.Integration) (ctrl.Result, error) {
	if !controllerutil.ContainsFinalizer(integration, v1alpha1.InUseFinalizer) {
		return ctrl.Result{}, nil
	}
	users, err := r.users(ctx, integration)
	if err != nil {
		return ctrl.Result{}, err
	}
	if len(users) == 0 {
		finalizers := slices.DeleteFunc(slices.Clone(integration.GetFinalizers()), func(name string) bool { return name == v1alpha1.InUseFinalizer })
		return conflictLater(client.IgnoreNotFound(r.patchFinalizers(ctx, stored, integration, finalizers)))
	}
	found, again := lastHealth(integration), time.Duration(0)
	if r.Connections.Last(client.ObjectKeyFromObject(integration)) == nil {
		if found, again, err = r.check(ctx, integration); err != nil {
			return ctrl.Result{}, err
		}
	}
	found.message += waiting + summary(users) + " to be removed"
	if err := r.writeStatus(ctx, stored, integration, found); err != nil {
		return conflictLater(client.IgnoreNotFound(err))
	}
	return ctrl.Result{RequeueAfter: again}, nil
}

// waiting begins what an Integration's message says of the objects that it waits for.
const waiting = "; the deletion waits for the remote objects of "

// lastHealth is what the status says of the connection. While the Integration is being deleted and
// a connection is open, that is not checked any more.
func lastHealth(integration connection.Integration) health {
	ready := meta.FindStatusCondition(integration.ConnectionStatus().Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return healthOf(nil)
	}
	message, _, _ := strings.Cut(ready.Message, waiting)
	return health{status: ready.Status, reason: ready.Reason, message: message}
}

func (r *Reconciler) patchFinalizers(ctx context.Context, stored, integration connection.Integration, finalizers []string) error {
	changed := stored.DeepCopyObject().(connection.Integration)
	changed.SetFinalizers(finalizers)
	if err := r.Client.Patch(ctx, changed, client.MergeFromWithOptions(stored, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("writing the finalizers of the Integration: %w", err)
	}
	for _, object := range []connection.Integration{stored, integration} {
		object.SetFinalizers(changed.GetFinalizers())
		object.SetResourceVersion(changed.GetResourceVersion())
	}
	return nil
}

// users are the objects that need the Integration to remove what they stand for. One of which that
// cannot be told counts as a user, in a namespace that may use the Integration: nothing is removed
// for any other, and nobody may hold up the Integration of others.
func (r *Reconciler) users(ctx context.Context, integration connection.Integration) ([]string, error) {
	var users []string
	recorded := connection.Recorded(client.ObjectKeyFromObject(integration))
	admission := connection.NewAdmission(r.namespaces, integration)
	for _, kind := range r.kinds {
		for _, used := range []string{recorded, ""} {
			list := kind.NewList()
			err := r.Client.List(ctx, list, client.InNamespace(integration.GetNamespace()), client.MatchingFields{remote.IndexIntegration: used}, client.UnsafeDisableDeepCopy)
			if err != nil {
				return nil, fmt.Errorf("looking for objects that use the Integration: %w", err)
			}
			var removing []remote.Object
			err = lister.EachItem(list, func(object remote.Object) {
				if kind.Removes(object) {
					removing = append(removing, object)
				}
			})
			if err != nil {
				return nil, err
			}
			for _, object := range removing {
				admitted, err := admission.Admits(ctx, object.GetNamespace())
				if err != nil {
					return nil, err
				}
				if admitted {
					users = append(users, fmt.Sprintf("%s %q", kind.Name, nameAsSeenFrom(integration, object)))
				}
			}
		}
	}
	slices.Sort(users)
	return users, nil
}

// nameAsSeenFrom is the name of an object in a message of an Integration: a ClusterIntegration's
// objects are of many namespaces.
func nameAsSeenFrom(integration, object client.Object) string {
	if integration.GetNamespace() == "" {
		return client.ObjectKeyFromObject(object).String()
	}
	return object.GetName()
}

func summary(users []string) string {
	if len(users) <= maxNamedUsers {
		return strings.Join(users, ", ")
	}
	return fmt.Sprintf("%s and %d others", strings.Join(users[:maxNamedUsers], ", "), len(users)-maxNamedUsers)
}

// conflictLater ends a reconcile whose write failed. A conflict means that the cache was stale,
// which passes.
func conflictLater(err error) (ctrl.Result, error) {
	if apierrors.IsConflict(err) {
		return ctrl.Result{RequeueAfter: time.Second}, nil
	}
	return ctrl.Result{}, err
}
