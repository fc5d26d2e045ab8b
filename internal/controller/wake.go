// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
)

// indexTicketRef finds the comments and notes of a Ticket.
const indexTicketRef = "spec.ticketRef.name"

// lister is the part of an adapter that waking needs.
type lister interface{ NewList() client.ObjectList }

// wakeWaiting reconciles, when an Integration changes, the objects of its namespace
// that are not Ready. Objects that are need nothing of their Integration. Which
// Integration an object uses is not looked at: reconciling one too many costs
// nothing, and for a comment it may not be known yet.
func wakeWaiting(reader client.Reader, kind lister) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, integration client.Object) []ctrl.Request {
		return notReady(ctx, reader, kind, client.InNamespace(integration.GetNamespace()))
	})
}

// wakeChildren reconciles, when a Ticket changes, its comments or notes that are not
// Ready.
func wakeChildren(reader client.Reader, kind lister) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, ticket client.Object) []ctrl.Request {
		return notReady(ctx, reader, kind, client.InNamespace(ticket.GetNamespace()), client.MatchingFields{indexTicketRef: ticket.GetName()})
	})
}

// notReady lists the objects that wait for something. One that becomes so at this
// very moment is not missed: its own status write brings it back into the queue.
func notReady(ctx context.Context, reader client.Reader, kind lister, options ...client.ListOption) []ctrl.Request {
	list := kind.NewList()
	// The objects are only read, and there may be many of them. This process's own
	// writes need not be waited for, as said above.
	options = append(options, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)
	if err := reader.List(ctx, list, options...); err != nil {
		log.FromContext(ctx).Error(err, "listing the objects to wake")
		return nil
	}
	var requests []ctrl.Request
	err := meta.EachListItem(list, func(item runtime.Object) error {
		object, isRemote := item.(remote.Object)
		if isRemote && !(meta.IsStatusConditionTrue(object.RemoteStatus().Conditions, v1alpha1.ConditionReady) && object.GetDeletionTimestamp().IsZero()) {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(object)})
		}
		return nil
	})
	if err != nil {
		log.FromContext(ctx).Error(err, "reading the list of objects to wake")
	}
	return requests
}

// IndexFields adds the indexes that the controllers use to the cache.
func IndexFields(ctx context.Context, indexer client.FieldIndexer) error {
	ticketRef := func(parent *v1alpha1.ParentReference) []string {
		if parent.TicketRef == nil {
			return nil
		}
		return []string{parent.TicketRef.Name}
	}
	for _, index := range []struct {
		object  client.Object
		field   string
		extract client.IndexerFunc
	}{
		{&v1alpha1.Ticket{}, remote.IndexCreateKey, remote.CreateKeyIndex},
		{&v1alpha1.TicketComment{}, remote.IndexCreateKey, remote.CreateKeyIndex},
		{&v1alpha1.TicketNote{}, remote.IndexCreateKey, remote.CreateKeyIndex},
		{&v1alpha1.Ticket{}, remote.IndexRemoteID, func(o client.Object) []string {
			return remote.RemoteIDIndex(ticketAdapter{}.RemoteIDs(o.(*v1alpha1.Ticket)))
		}},
		{&v1alpha1.TicketComment{}, remote.IndexRemoteID, func(o client.Object) []string {
			return remote.RemoteIDIndex(commentAdapter{}.RemoteIDs(o.(*v1alpha1.TicketComment)))
		}},
		{&v1alpha1.TicketNote{}, remote.IndexRemoteID, func(o client.Object) []string {
			return remote.RemoteIDIndex(noteAdapter{}.RemoteIDs(o.(*v1alpha1.TicketNote)))
		}},
		{&v1alpha1.TicketComment{}, indexTicketRef, func(o client.Object) []string {
			return ticketRef(&o.(*v1alpha1.TicketComment).Spec.ParentReference)
		}},
		{&v1alpha1.TicketNote{}, indexTicketRef, func(o client.Object) []string {
			return ticketRef(&o.(*v1alpha1.TicketNote).Spec.ParentReference)
		}},
	} {
		if err := indexer.IndexField(ctx, index.object, index.field, index.extract); err != nil {
			return err
		}
	}
	return nil
}
