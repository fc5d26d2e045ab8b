// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package child

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
)

// Place says which remote ticket the object belongs to. What the status has recorded comes first,
// so that a deletion needs no Ticket.
func (a Adapter[O, R]) Place(ctx context.Context, reader client.Reader, object O) (remote.Place, error) {
	return placeOf(ctx, reader, object.GetNamespace(), object.ParentReference(), object.RemoteChildStatus())
}

// Locate asks the provider for the ID of a ticket that the spec names, which may be a key.
func (a Adapter[O, R]) Locate(ctx context.Context, call remote.Call[O, R]) (remote.Place, error) {
	if call.Object.ParentReference().TicketRef != nil || call.Object.RemoteChildStatus().TicketID != "" {
		return call.Place, nil
	}
	ticket, err := call.Connection.GetTicket(ctx, call.Place.TicketID)
	if err != nil {
		return remote.Place{}, fmt.Errorf("reading the remote ticket %q: %w", call.Place.TicketID, err)
	}
	return remote.Place{Integration: call.Place.Integration, TicketID: ticket.ID}, nil
}

// Integration is the one that the spec names beside a ticketID.
func (a Adapter[O, R]) Integration(object O) string {
	if parent := object.ParentReference(); parent.TicketRef == nil {
		return integrationOf(parent)
	}
	return "" // that of the Ticket
}

// Parent is the Ticket, or the remote ticket, that the spec names.
func (a Adapter[O, R]) Parent(object O) string {
	spec := object.ParentReference()
	if spec.TicketRef != nil {
		return fmt.Sprintf("Ticket %q", spec.TicketRef.Name)
	}
	return fmt.Sprintf("the remote ticket %q", spec.TicketID)
}

// Misplaced looks at the names alone: the Ticket that an object names may have got another remote
// ticket since, which is no mistake of the spec, and the provider may know a ticket by another ID
// than the one in the spec.
func (a Adapter[O, R]) Misplaced(object O, parent string) (reference, recorded string) {
	spec, status := object.ParentReference(), object.RemoteChildStatus()
	switch {
	case parent != "" && parent != a.Parent(object) && spec.TicketRef != nil:
		return "ticketRef", parent
	case parent != "" && parent != a.Parent(object):
		return "ticketID", parent
	case spec.TicketRef == nil && integrationOf(spec) != status.Integration:
		return "integrationRef", connection.Describe(connection.NameOf(object.GetNamespace(), status.Integration))
	}
	return "", ""
}

func integrationOf(parent *v1alpha1.ParentReference) string {
	if parent.IntegrationRef != nil {
		return connection.RecordedOf(*parent.IntegrationRef)
	}
	return v1alpha1.DefaultIntegrationName
}

func placeOf(ctx context.Context, reader client.Reader, namespace string, parent *v1alpha1.ParentReference, status *v1alpha1.RemoteChildStatus) (remote.Place, error) {
	switch {
	case status.TicketID != "" && status.Integration != "":
		return remote.Place{Integration: status.Integration, TicketID: status.TicketID}, nil
	case parent.TicketRef == nil:
		return remote.Place{Integration: integrationOf(parent), TicketID: parent.TicketID}, nil
	}
	var ticket v1alpha1.Ticket
	err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: parent.TicketRef.Name}, &ticket)
	switch {
	case apierrors.IsNotFound(err):
		waiting := waitingForTicket("Ticket %q does not exist in this namespace: create it, or correct ticketRef", parent.TicketRef.Name)
		waiting.Missing = true
		return remote.Place{}, waiting
	case err != nil:
		return remote.Place{}, fmt.Errorf("reading Ticket %q: %w", parent.TicketRef.Name, err)
	case ticket.Status.ID == "":
		return remote.Place{}, waitingForTicket("Ticket %q has no remote ticket yet: see its conditions", ticket.Name)
	}
	return remote.Place{Integration: ticket.Status.Integration, TicketID: ticket.Status.ID}, nil
}

func waitingForTicket(format, name string) *remote.WaitingError {
	return &remote.WaitingError{Reason: v1alpha1.ReasonWaitingForTicket, Message: fmt.Sprintf(format, name)}
}
