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
	switch {
	case errors.As(err, &waiting) && waiting.Missing:
		waiting.Message += r.Shard.Hint()
		return ctx, err
	case waiting != nil:
		return ctx, err
	case err != nil:
		return ctx, &kubernetesError{err}
	}
	integration, err := r.integration(ctx, s, place.Integration)
	if err != nil {
		return ctx, err
	}
	if status.IsPaused(integration) {
		return ctx, IntegrationPaused(client.ObjectKeyFromObject(integration))
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
	ctx, err = connection.ReserveFor(ctx, r.waiter(s, next))
	if err != nil {
		return ctx, err
	}
	ctx, end := context.WithTimeout(ctx, connection.WorkTimeout())
	// An object that has left its place connects twice, and the second context is made from the
	// first.
	endBefore := s.endWork
	s.endWork = func() { end(); endBefore() }
	s.connection, s.group = connection, GroupKey(r.Installation, client.ObjectKeyFromObject(connection.Integration))
	s.status.IntegrationGeneration, s.status.IntegrationUID = connection.Integration.GetGeneration(), string(connection.Integration.GetUID())
	return ctx, nil
}

// IntegrationPaused says that nothing is sent through an Integration, deletions included.
func IntegrationPaused(name client.ObjectKey) error {
	return &WaitingError{Reason: v1alpha1.ReasonWaitingForIntegration, Paused: true, Message: connection.Describe(name) + " is " + status.PausedMessage}
}

// IntegrationDeleted says that an Integration takes nothing new, because it is being deleted, and
// what can be done beside creating it again.
func IntegrationDeleted(name client.ObjectKey, otherwise string) error {
	return &WaitingError{Reason: v1alpha1.ReasonWaitingForIntegration, Message: fmt.Sprintf("%s is being deleted: create it again, or %s", connection.Describe(name), otherwise)}
}

// connection is the one that the Integration allows. An object that is being deleted may use the
// open one whatever has become of the Integration and its Secret: in a namespace that is being
// deleted they often go first.
func (r *Reconciler[O, R]) connection(ctx context.Context, s *state[O, R], integration connection.Integration) (*connection.Connection, error) {
	deleting := !s.object.GetDeletionTimestamp().IsZero()
	if !deleting && !integration.GetDeletionTimestamp().IsZero() {
		return nil, IntegrationDeleted(client.ObjectKeyFromObject(integration), "recreate this object with another Integration")
	}
	usable, err := r.Connections.For(ctx, integration)
	if err != nil && deleting {
		if last := r.Connections.Last(client.ObjectKeyFromObject(integration)); last != nil {
			return last, nil
		}
	}
	return usable, err
}

// integration reads the Integration of a place. An object that is being deleted may use one that is
// gone, as far as its connection is still there.
func (r *Reconciler[O, R]) integration(ctx context.Context, s *state[O, R], recorded string) (connection.Integration, error) {
	name := connection.NameOf(s.name.Namespace, recorded)
	if connection.IsCluster(name) && !r.Connections.ServesClusterIntegrations() {
		return nil, &WaitingError{Reason: v1alpha1.ReasonWaitingForIntegration, Message: connection.Describe(name) + " cannot be used: the manager was started without --cluster-resource-namespace"}
	}
	integration, err := r.readIntegration(ctx, name)
	if apierrors.IsNotFound(err) {
		if last := r.Connections.Last(name); last != nil && !s.object.GetDeletionTimestamp().IsZero() {
			return last.Integration, r.checkAdmission(ctx, s, last.Integration)
		}
		return nil, r.integrationMissing(ctx, s, name)
	}
	if err != nil {
		return nil, &kubernetesError{fmt.Errorf("reading %s: %w", connection.Describe(name), err)}
	}
	return integration, r.checkAdmission(ctx, s, integration)
}

// readIntegration reads an Integration. A ClusterIntegration that this process does not serve is as
// one that does not exist: it may not have the right to read it.
func (r *Reconciler[O, R]) readIntegration(ctx context.Context, name client.ObjectKey, options ...client.GetOption) (connection.Integration, error) {
	if connection.IsCluster(name) && !r.Connections.ServesClusterIntegrations() {
		return nil, apierrors.NewNotFound(v1alpha1.GroupVersion.WithResource("clusterintegrations").GroupResource(), name.Name)
	}
	return connection.Read(ctx, r.Client, name, options...)
}

// integrationMissing says that an object waits for an Integration that does not exist.
func (r *Reconciler[O, R]) integrationMissing(ctx context.Context, s *state[O, R], name client.ObjectKey) error {
	hint := "create it"
	if !r.isBound(s) && r.adapter.Integration(s.object) != "" {
		hint += ", or correct integrationRef"
	}
	shared := client.ObjectKey{Name: name.Name}
	if integration, err := r.readIntegration(ctx, shared); err == nil && !connection.IsCluster(name) {
		// Only a namespace that may use it is told that it exists.
		if admitted, err := connection.Admits(ctx, r.Namespaces, integration, s.name.Namespace); err == nil && admitted {
			hint += fmt.Sprintf("; for %s add to integrationRef kind: ClusterIntegration", connection.Describe(shared))
		}
	}
	where := " in this namespace"
	if connection.IsCluster(name) {
		where = ""
	}
	return &WaitingError{Reason: v1alpha1.ReasonWaitingForIntegration, Message: fmt.Sprintf("%s does not exist%s: %s", connection.Describe(name), where, hint) + r.Shard.Hint()}
}

// admits reports whether a namespace may use the Integration of a place. One that is gone admits as
// it did: what is done about it is decided elsewhere.
func (r *Reconciler[O, R]) admits(ctx context.Context, place Place, namespace string) (bool, error) {
	name := connection.NameOf(namespace, place.Integration)
	if !connection.IsCluster(name) {
		return true, nil
	}
	integration, err := r.readIntegration(ctx, name)
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	if err != nil {
		return false, &kubernetesError{fmt.Errorf("reading %s: %w", connection.Describe(name), err)}
	}
	admitted, err := connection.Admits(ctx, r.Namespaces, integration, namespace)
	if err != nil {
		return false, &kubernetesError{err}
	}
	return admitted, nil
}

// checkAdmission fails with a *WaitingError where a ClusterIntegration does not admit the object's
// namespace.
func (r *Reconciler[O, R]) checkAdmission(ctx context.Context, s *state[O, R], integration connection.Integration) error {
	admitted, err := connection.Admits(ctx, r.Namespaces, integration, s.name.Namespace)
	if err != nil {
		return &kubernetesError{err}
	}
	if !admitted {
		return &WaitingError{Reason: v1alpha1.ReasonWaitingForIntegration, NotAdmitted: true,
			Message: fmt.Sprintf("%s does not admit the namespace %q: its namespaceSelector does not match the labels of the namespace", connection.Describe(client.ObjectKeyFromObject(integration)), s.name.Namespace)}
	}
	return nil
}
