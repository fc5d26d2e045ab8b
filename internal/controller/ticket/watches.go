// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/poll"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// byAdoptedID finds Tickets by the remote ticket that their spec names.
var byAdoptedID = remote.NewIndex(remote.IndexAdoptID, func(ticket *v1alpha1.Ticket) []string {
	return remote.RemoteIDIndex(adoptedIDs(ticket))
})

// watch adds the poller to the manager, which looks for remote changes, and has the controller
// follow what the poller observes and which Tickets name the same remote ticket.
func watch(mgr ctrl.Manager, options remote.Options, controller *builder.Builder, reconciler *remote.Reconciler[*v1alpha1.Ticket, synqly.Ticket]) error {
	if err := NewPoller(options, reconciler.Observations()).SetupWithManager(mgr); err != nil {
		return err
	}
	controller.
		Watches(&v1alpha1.Integration{}, enqueueLinked(mgr.GetClient()), builder.WithPredicates(changesOfLinks)).
		Watches(&v1alpha1.Ticket{}, enqueueRivals(mgr.GetClient()), builder.WithPredicates(changesOfClaims)).
		WatchesRawSource(reconciler.Observations()).
		WatchesRawSource(source.Channel(options.Connections.MetadataChanges(), enqueueMisjudged(mgr.GetClient(), options.Connections)))
	if options.Connections.ServesClusterIntegrations() {
		controller.Watches(&v1alpha1.ClusterIntegration{}, enqueueLinked(mgr.GetClient()), builder.WithPredicates(changesOfLinks))
	}
	return nil
}

// NewPoller returns the poller that looks for remote changes of Tickets and hands them to the
// reconciler that takes the observations.
func NewPoller(options remote.Options, observations *remote.Observations[synqly.Ticket]) *poll.Poller {
	return poll.New(poll.Options{
		Client: options.Client, Namespaces: options.Namespaces, Connections: options.Connections, Clock: options.Clock, Installation: options.Installation,
		Observations: observations, Changed: adapter{}.Newer,
	})
}

// enqueueRivals reconciles, when a Ticket claims a remote ticket or lets it go, the other Tickets
// that name the same one: which of them may have it has to be decided again.
func enqueueRivals(reader client.Reader) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, object client.Object) []ctrl.Request {
		ticket, isTicket := object.(*v1alpha1.Ticket)
		if !isTicket {
			return nil
		}
		var requests []ctrl.Request
		for _, id := range append(adapter{}.RemoteIDs(ticket), adoptedIDs(ticket)...) {
			var rivals v1alpha1.TicketList
			err := reader.List(ctx, &rivals, client.InNamespace(id.Namespaces(ticket.Namespace)), client.MatchingFields{remote.IndexAdoptID: id.IndexValue()},
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

// changesOfClaims lets pass what changes which Tickets claim a remote ticket.
var changesOfClaims = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, isTicket := e.ObjectOld.(*v1alpha1.Ticket)
		after, isStill := e.ObjectNew.(*v1alpha1.Ticket)
		return isTicket && isStill && (before.Status.ID != after.Status.ID || before.Spec.TicketID != after.Spec.TicketID)
	},
	GenericFunc: func(event.GenericEvent) bool { return false },
}

// enqueueLinked reconciles the Tickets of an Integration. Nothing else brings those back that are
// in sync.
func enqueueLinked(reader client.Reader) handler.EventHandler {
	requests := func(ctx context.Context, integration client.Object) []ctrl.Request {
		var tickets v1alpha1.TicketList
		recorded := connection.Recorded(client.ObjectKeyFromObject(integration))
		err := reader.List(ctx, &tickets, client.InNamespace(integration.GetNamespace()), client.MatchingFields{remote.IndexIntegration: recorded},
			client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)
		if err != nil {
			log.FromContext(ctx).Error(err, "listing the Tickets whose address has changed")
			return nil
		}
		var linked []ctrl.Request
		for i := range tickets.Items {
			if ticket := &tickets.Items[i]; ticket.Status.ID != "" && ticket.Status.Integration == recorded {
				linked = append(linked, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(ticket)})
			}
		}
		return linked
	}
	return handler.EnqueueRequestsFromMapFunc(requests)
}

// enqueueMisjudged reconciles, when a provider has other projects or fields than before, the
// Tickets that do not fit them, and those that say so. All the others are left alone.
func enqueueMisjudged(reader client.Reader, connections *connection.Connections) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, integration client.Object) []ctrl.Request {
		name := client.ObjectKeyFromObject(integration)
		open := connections.Last(name)
		if open == nil {
			return nil
		}
		var tickets v1alpha1.TicketList
		err := reader.List(ctx, &tickets, client.InNamespace(integration.GetNamespace()), client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)
		if err != nil {
			log.FromContext(ctx).Error(err, "listing the Tickets to compare with the projects and fields of the provider")
			return nil
		}
		recorded, defaults, metadata := connection.Recorded(name), open.Defaults(), open.Metadata()
		var requests []ctrl.Request
		for i := range tickets.Items {
			ticket := &tickets.Items[i]
			if placeOf(ticket).Integration != recorded {
				continue
			}
			said := meta.FindStatusCondition(ticket.Status.Conditions, v1alpha1.ConditionValid) != nil
			if said || !metadata.Fits(wanted(ticket, &defaults)) {
				requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(ticket)})
			}
		}
		return requests
	})
}

// changesOfLinks lets pass an Integration that gives tickets another address than before.
var changesOfLinks = predicate.Funcs{
	CreateFunc: func(e event.CreateEvent) bool {
		integration, is := e.Object.(connection.Integration)
		return is && integration.ConnectionSpec().TicketURLTemplate != ""
	},
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, was := e.ObjectOld.(connection.Integration)
		after, is := e.ObjectNew.(connection.Integration)
		return was && is && before.ConnectionSpec().TicketURLTemplate != after.ConnectionSpec().TicketURLTemplate
	},
	DeleteFunc:  func(event.DeleteEvent) bool { return false },
	GenericFunc: func(event.GenericEvent) bool { return false },
}

// adoptedIDs are the remote tickets that the spec of a Ticket names: as it does, and as the
// provider does.
func adoptedIDs(ticket *v1alpha1.Ticket) []remote.RemoteID {
	if ticket.Spec.TicketID == "" {
		return nil
	}
	ids := []remote.RemoteID{{Place: placeOf(ticket), ID: ticket.Spec.TicketID}}
	if ticket.Status.AdoptedID != "" {
		ids = append(ids, remote.RemoteID{Place: placeOf(ticket), ID: ticket.Status.ID})
	}
	return ids
}
