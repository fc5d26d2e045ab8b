// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/lister"
)

// Lister is the part of an adapter that finding objects needs.
type Lister interface{ NewList() client.ObjectList }

// enqueueWaiting reconciles, when an Integration changes, the objects of its namespace that are not
// Ready, and when a ClusterIntegration does, those of all namespaces. Objects that are need nothing
// of their Integration, but for those that admission decides about. Which Integration an object
// uses is not looked at: reconciling one too many costs nothing, and for a comment it may not be
// known yet.
func enqueueWaiting(reader client.Reader, kind Lister) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, integration client.Object) []ctrl.Request {
		waiting := NotReady(ctx, reader, kind, client.InNamespace(integration.GetNamespace()), client.MatchingFields{IndexWaiting: Waiting})
		if connection.IsCluster(client.ObjectKeyFromObject(integration)) {
			waiting = append(waiting, sharing(ctx, reader, kind)...)
		}
		return waiting
	})
}

// enqueueAdmitted reconciles, when the labels of a namespace change, its objects that are not
// Ready: a ClusterIntegration may admit them now, or no longer.
func enqueueAdmitted(reader client.Reader, kind Lister) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, namespace client.Object) []ctrl.Request {
		waiting := NotReady(ctx, reader, kind, client.InNamespace(namespace.GetName()), client.MatchingFields{IndexWaiting: Waiting})
		return append(waiting, sharing(ctx, reader, kind)...)
	})
}

// sharing lists the objects, of all namespaces, that name a remote object of a ClusterIntegration:
// the object with a better claim on it may be of a namespace that is admitted now, or no longer.
func sharing(ctx context.Context, reader client.Reader, kind Lister) []ctrl.Request {
	return requestsFor(ctx, reader, kind, func(Object) bool { return true }, client.MatchingFields{IndexSharing: Sharing})
}

// NotReady lists the objects of a kind that wait for something. One that becomes so at this very
// moment is not missed: its own status write brings it back into the queue.
func NotReady(ctx context.Context, reader client.Reader, kind Lister, options ...client.ListOption) []ctrl.Request {
	return requestsFor(ctx, reader, kind, isWaiting, options...)
}

func requestsFor(ctx context.Context, reader client.Reader, kind Lister, isMeant func(Object) bool, options ...client.ListOption) []ctrl.Request {
	list := kind.NewList()
	// The objects are only read, and there may be many of them. This process's own writes need not
	// be waited for, as said above.
	options = append(options, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)
	if err := reader.List(ctx, list, options...); err != nil {
		log.FromContext(ctx).Error(err, "listing the objects to reconcile")
		return nil
	}
	var requests []ctrl.Request
	err := lister.EachItem(list, func(object Object) {
		if isMeant(object) {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(object)})
		}
	})
	if err != nil {
		log.FromContext(ctx).Error(err, "reading the list of objects to reconcile")
	}
	return requests
}

// isWaiting reports whether an object waits for something.
func isWaiting(object Object) bool {
	status := object.RemoteStatus()
	return !meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady) || !object.GetDeletionTimestamp().IsZero() ||
		status.ObservedGeneration != object.GetGeneration() // It may wait for the rateLimit with an edit.
}
