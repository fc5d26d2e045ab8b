// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// connect finds the place of the remote object and the connection to it, and takes the first
// request from the connection's budget. Only what has something to do gets here, so an object in
// sync needs neither its Integration nor its Ticket.
//
// What was refused before is not sent again, but the remote object may be looked at.
func (r *Reconciler[O, R]) connect(ctx context.Context, s *state[O, R], next step) (context.Context, error) {
	if s.connection != nil && r.isBound(s) {
		if s.refused && next != refresh {
			return ctx, errNothingNew
		}
		return ctx, nil
	}
	place, err := r.place(ctx, s)
	if s.connection != nil && place == s.place {
		return ctx, nil
	}
	var waiting *WaitingError
	if err != nil && !errors.As(err, &waiting) {
		return ctx, &kubernetesError{err}
	}
	if err != nil {
		return ctx, err
	}
	integration, err := r.integration(ctx, s, place.Integration)
	if err != nil {
		return ctx, err
	}
	if status.IsPaused(integration) {
		return ctx, integrationPaused(integration.Name)
	}
	s.place, s.inputs = place, s.inputsWith(integration)
	s.refused = s.refusedBefore(integration)
	if s.refused && next != refresh {
		return ctx, errNothingNew
	}
	if remaining := r.retries.remaining(s.name, s.inputs); remaining > 0 {
		return ctx, &pauseError{remaining}
	}
	connection, err := r.connection(ctx, s, integration)
	if err != nil {
		return ctx, err
	}
	ctx, err = connection.ReserveFor(ctx, r.adapter.Kind()+" "+s.name.Name)
	if err != nil {
		return ctx, err
	}
	ctx, end := context.WithTimeout(ctx, connection.WorkTimeout())
	// An object that has left its place connects twice, and the second context is made from the
	// first.
	endBefore := s.endWork
	s.endWork = func() { end(); endBefore() }
	s.connection, s.group = connection, GroupKey(r.Installation, client.ObjectKeyFromObject(connection.Integration))
	s.status.IntegrationGeneration, s.status.IntegrationUID = connection.Integration.Generation, string(connection.Integration.UID)
	return ctx, nil
}

// integrationPaused says that nothing is sent through an Integration, deletions included.
func integrationPaused(name string) error {
	return &WaitingError{Reason: v1alpha1.ReasonWaitingForIntegration, Paused: true,
		Message: fmt.Sprintf("Integration %q is paused by the annotation %s: remove it to continue", name, v1alpha1.PausedAnnotation)}
}

// connection is the one that the Integration allows. An object that is being deleted may use the
// open one whatever has become of the Integration and its Secret: in a namespace that is being
// deleted they often go first.
func (r *Reconciler[O, R]) connection(ctx context.Context, s *state[O, R], integration *v1alpha1.Integration) (*connection.Connection, error) {
	deleting := !s.object.GetDeletionTimestamp().IsZero()
	if !deleting && !integration.DeletionTimestamp.IsZero() {
		return nil, &WaitingError{Reason: v1alpha1.ReasonWaitingForIntegration, Message: fmt.Sprintf("Integration %q is being deleted: create it again, or recreate this object with another Integration", integration.Name)}
	}
	usable, err := r.Connections.For(ctx, integration)
	if err != nil && deleting {
		if last := r.Connections.Last(client.ObjectKeyFromObject(integration)); last != nil {
			return last, nil
		}
	}
	return usable, err
}

func (r *Reconciler[O, R]) integration(ctx context.Context, s *state[O, R], name string) (*v1alpha1.Integration, error) {
	var integration v1alpha1.Integration
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: s.object.GetNamespace(), Name: name}, &integration)
	if apierrors.IsNotFound(err) {
		if last := r.Connections.Last(client.ObjectKey{Namespace: s.object.GetNamespace(), Name: name}); last != nil && !s.object.GetDeletionTimestamp().IsZero() {
			return last.Integration, nil
		}
		hint := "create it"
		if !r.isBound(s) && r.adapter.Integration(s.object) != "" {
			hint += ", or correct integrationRef"
		}
		return nil, &WaitingError{Reason: v1alpha1.ReasonWaitingForIntegration, Message: fmt.Sprintf("Integration %q does not exist in this namespace: %s", name, hint)}
	}
	if err != nil {
		return nil, &kubernetesError{fmt.Errorf("reading Integration %q: %w", name, err)}
	}
	return &integration, nil
}
