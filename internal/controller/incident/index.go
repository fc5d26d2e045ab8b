// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// IndexReceiver finds the Incidents of an AlertReceiver, and the Tickets that were made for them,
// by its name.
const IndexReceiver = "receiver"

// IndexFields adds the indexes that the controllers of Incidents and AlertReceivers use to the
// cache.
func IndexFields(ctx context.Context, indexer client.FieldIndexer) error {
	err := indexer.IndexField(ctx, &v1alpha1.Incident{}, IndexReceiver, func(object client.Object) []string {
		return []string{object.(*v1alpha1.Incident).Spec.ReceiverRef.Name}
	})
	if err != nil {
		return fmt.Errorf("indexing Incident by %s: %w", IndexReceiver, err)
	}
	err = indexer.IndexField(ctx, &v1alpha1.Ticket{}, IndexReceiver, func(object client.Object) []string {
		labels := object.GetLabels()
		receiver, isMade := labels[v1alpha1.ReceiverLabel]
		if _, isOfIncident := labels[v1alpha1.IncidentLabel]; !isMade || !isOfIncident {
			return nil
		}
		return []string{receiver}
	})
	if err != nil {
		return fmt.Errorf("indexing Ticket by %s: %w", IndexReceiver, err)
	}
	return nil
}

// TicketsOf are the Tickets that were made for the Incidents of a receiver. They are the cache's
// own and must not be changed.
func TicketsOf(ctx context.Context, reader client.Reader, receiver *v1alpha1.AlertReceiver) ([]v1alpha1.Ticket, error) {
	var tickets v1alpha1.TicketList
	err := reader.List(ctx, &tickets, client.InNamespace(receiver.Namespace), client.MatchingFields{IndexReceiver: receiver.Name}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("listing the Tickets of the receiver: %w", err)
	}
	return tickets.Items, nil
}
