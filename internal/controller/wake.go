// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

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

// wakeRivals reconciles, when a Ticket claims a remote ticket or lets it go, the other
// Tickets that name the same one: which of them may have it has to be decided again.
func wakeRivals(reader client.Reader) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, object client.Object) []ctrl.Request {
		ticket, isTicket := object.(*v1alpha1.Ticket)
		if !isTicket {
			return nil
		}
		var requests []ctrl.Request
		for _, value := range remote.RemoteIDIndex(append(ticketAdapter{}.RemoteIDs(ticket), adoptedIDs(ticket)...)) {
			var rivals v1alpha1.TicketList
			err := reader.List(ctx, &rivals, client.InNamespace(ticket.Namespace), client.MatchingFields{remote.IndexAdoptID: value},
				client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)
			if err != nil {
				log.FromContext(ctx).Error(err, "listing the Tickets that name the same remote ticket")
				continue
			}
			for i := range rivals.Items {
				if rivals.Items[i].UID != ticket.UID {
					requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(&rivals.Items[i])})
				}
			}
		}
		return requests
	})
}

// claims lets pass what changes which Tickets claim a remote ticket.
var claims = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, isTicket := e.ObjectOld.(*v1alpha1.Ticket)
		after, isStill := e.ObjectNew.(*v1alpha1.Ticket)
		return isTicket && isStill && (before.Status.ID != after.Status.ID || before.Spec.TicketID != after.Spec.TicketID)
	},
	GenericFunc: func(event.GenericEvent) bool { return false },
}

// adoptedIDs are the remote tickets that the spec of a Ticket names.
func adoptedIDs(ticket *v1alpha1.Ticket) []remote.RemoteID {
	if ticket.Spec.TicketID == "" {
		return nil
	}
	return []remote.RemoteID{{Place: ticketPlace(ticket), ID: ticket.Spec.TicketID}}
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
		{&v1alpha1.Ticket{}, remote.IndexAdoptID, func(o client.Object) []string {
			return remote.RemoteIDIndex(adoptedIDs(o.(*v1alpha1.Ticket)))
		}},
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
