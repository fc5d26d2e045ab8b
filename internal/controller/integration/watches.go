// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"

	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
)

// lastUse lets pass what may end the use of an Integration: an object that is gone, or that has
// nothing to remove any more.
func lastUse(kind remote.Kind) predicate.Predicate {
	removes := func(object client.Object) bool {
		used, isRemote := object.(remote.Object)
		return isRemote && kind.Removes(used)
	}
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(update event.UpdateEvent) bool {
			return removes(update.ObjectOld) && !removes(update.ObjectNew)
		},
		DeleteFunc: func(event.DeleteEvent) bool { return true },
	}
}

// interruptChanged gives up what is under way for an Integration when its spec changes or it goes.
// It enqueues nothing: its controller may be the one that waits for an answer, and sees the change
// only when it has stopped waiting.
func interruptChanged(connections *connection.Connections) handler.EventHandler {
	return handler.Funcs{
		UpdateFunc: func(_ context.Context, update event.UpdateEvent, _ workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			// A deletion that waits for finalizers is a new generation as well.
			if update.ObjectOld.GetGeneration() != update.ObjectNew.GetGeneration() {
				connections.Interrupt(client.ObjectKeyFromObject(update.ObjectNew))
			}
		},
		DeleteFunc: func(_ context.Context, deletion event.DeleteEvent, _ workqueue.TypedRateLimitingInterface[ctrl.Request]) {
			connections.Interrupt(client.ObjectKeyFromObject(deletion.Object))
		},
	}
}

// enqueueDeleting reconciles the Integrations of the namespace that are being deleted, and the
// ClusterIntegrations that are, where those are served.
func enqueueDeleting(reader client.Reader, cluster bool) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, object client.Object) []ctrl.Request {
		var integrations v1alpha1.IntegrationList
		if err := reader.List(ctx, &integrations, client.InNamespace(object.GetNamespace()), client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency); err != nil {
			log.FromContext(ctx).Error(err, "listing the Integrations to reconcile")
			return nil
		}
		var requests []ctrl.Request
		enqueue := func(integration client.Object) {
			if !integration.GetDeletionTimestamp().IsZero() {
				requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(integration)})
			}
		}
		for i := range integrations.Items {
			enqueue(&integrations.Items[i])
		}
		if cluster {
			eachClusterIntegration(ctx, reader, enqueue)
		}
		return requests
	})
}
