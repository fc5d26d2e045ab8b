// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package child

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
)

// IndexTicketRef finds the objects that name a Ticket.
const IndexTicketRef = "spec.ticketRef.name"

// NewKind returns the kind of an adapter: one that waits for the Tickets that its objects name.
func NewKind[O Object, R any](adapter interface {
	remote.Adapter[O, R]
	indexes() []remote.Index
}) remote.Kind {
	byTicket := remote.NewIndex(IndexTicketRef, func(object O) []string {
		if ref := object.ParentReference().TicketRef; ref != nil {
			return []string{ref.Name}
		}
		return nil
	})
	watchTickets := func(mgr ctrl.Manager, _ remote.Options, controller *builder.Builder, _ *remote.Reconciler[O, R]) error {
		controller.Watches(&v1alpha1.Ticket{}, enqueueChildren(mgr.GetClient(), adapter))
		return nil
	}
	return remote.NewKind(adapter, append(adapter.indexes(), byTicket), watchTickets)
}

// enqueueChildren reconciles, when a Ticket changes, the objects that name it and are not Ready.
func enqueueChildren(reader client.Reader, kind remote.Lister) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, ticket client.Object) []ctrl.Request {
		return remote.NotReady(ctx, reader, kind, client.InNamespace(ticket.GetNamespace()), client.MatchingFields{IndexTicketRef: ticket.GetName()})
	})
}
