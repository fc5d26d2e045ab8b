// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alertreceiver

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/incident"
)

// maxCollecting is how many collecting tickets a receiver can have had. Each but the last was
// closed.
const maxCollecting = 1000

// tellOfWaiting makes the one ticket that says that incidents wait for room. It stays open when
// none waits any more, for people to close. There is another one only when all that wait have begun
// to after that: who closes it while some wait wants no other.
func (r *Reconciler) tellOfWaiting(ctx context.Context, receiver *v1alpha1.AlertReceiver, counted counts) error {
	waiting := counted.phases[v1alpha1.IncidentWaiting]
	if waiting == 0 {
		return nil
	}
	for number := 1; number <= maxCollecting; number++ {
		existing := &v1alpha1.Ticket{}
		err := r.Client.Get(ctx, types.NamespacedName{Namespace: receiver.Namespace, Name: collectingName(receiver, number)}, existing)
		switch {
		case apierrors.IsNotFound(err):
			return r.createCollecting(ctx, receiver, number, waiting)
		case err != nil:
			return fmt.Errorf("reading the collecting Ticket: %w", err)
		case incident.IsOpen(existing, receiver), !closedBefore(existing, counted.waitingSince):
			return nil
		}
	}
	return nil
}

// closedBefore reports whether a ticket was closed before a time.
func closedBefore(ticket *v1alpha1.Ticket, moment time.Time) bool {
	return ticket.Status.ClosedAt != nil && ticket.Status.ClosedAt.Time.Before(moment)
}

func collectingName(receiver *v1alpha1.AlertReceiver, number int) string {
	return fmt.Sprintf("%s-waiting-%d", receiver.Name, number)
}

func (r *Reconciler) createCollecting(ctx context.Context, receiver *v1alpha1.AlertReceiver, number, waiting int) error {
	owner := metav1.NewControllerRef(receiver, v1alpha1.GroupVersion.WithKind("AlertReceiver"))
	owner.BlockOwnerDeletion = nil // It would need a permission on the finalizers of AlertReceivers.
	ticket := &v1alpha1.Ticket{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: receiver.Namespace, Name: collectingName(receiver, number),
			Labels: r.Shard.Inherit(map[string]string{v1alpha1.ReceiverLabel: receiver.Name}, receiver), OwnerReferences: []metav1.OwnerReference{*owner},
		},
		Spec: v1alpha1.TicketSpec{
			IntegrationRef: receiver.Spec.IntegrationRef,
			Summary:        fmt.Sprintf("Alerts of %s/%s wait: %d tickets are open", receiver.Namespace, receiver.Name, receiver.Spec.MaxOpenTickets),
			Description: fmt.Sprintf("The AlertReceiver `%s` in the namespace `%s` has %d open tickets, and its `maxOpenTickets` allows no more. "+
				"When this ticket was created, %d incident(s) had no ticket because of that. They get one as soon as others are closed, or when `maxOpenTickets` is raised.\n\n"+
				"To see them: `kubectl get incidents -n %s -l %s=%s`", receiver.Name, receiver.Namespace, receiver.Spec.MaxOpenTickets, waiting, receiver.Namespace, v1alpha1.ReceiverLabel, receiver.Name),
		},
	}
	if err := r.Client.Create(ctx, ticket, client.FieldOwner(v1alpha1.AlertsFieldManager)); err != nil {
		return fmt.Errorf("creating the collecting Ticket: %w", err)
	}
	return nil
}
