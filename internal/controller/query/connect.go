// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package query

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// integrationOf reads the Integration of a query. The error is a *remote.WaitingError where the
// query has to wait for it, and a failure of the API server otherwise.
func (r *Reconciler) integrationOf(ctx context.Context, query *v1alpha1.TicketQuery) (connection.Integration, error) {
	name := connection.NameOf(query.Namespace, connection.RecordedOf(query.Spec.IntegrationRef))
	if connection.IsCluster(name) && !r.Connections.ServesClusterIntegrations() {
		return nil, waiting("%s cannot be used: the manager was started without --cluster-resource-namespace", connection.Describe(name))
	}
	integration, err := connection.Read(ctx, r.Client, name)
	if apierrors.IsNotFound(err) {
		where := " in this namespace"
		if connection.IsCluster(name) {
			where = ""
		}
		return nil, waiting("%s does not exist%s: create it, or correct integrationRef%s", connection.Describe(name), where, r.Shard.Hint())
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", connection.Describe(name), err)
	}
	admitted, err := connection.Admits(ctx, r.Namespaces, integration, query.Namespace)
	switch {
	case err != nil:
		return nil, err
	case !admitted:
		return nil, waiting("%s does not admit the namespace %q: its namespaceSelector does not match the labels of the namespace", connection.Describe(name), query.Namespace)
	case status.IsPaused(integration):
		return nil, waiting("%s is paused by the annotation %s: remove it to continue", connection.Describe(name), v1alpha1.PausedAnnotation)
	case !integration.GetDeletionTimestamp().IsZero():
		return nil, waiting("%s is being deleted: create it again, or correct integrationRef", connection.Describe(name))
	}
	return integration, nil
}

func waiting(format string, args ...any) error {
	return &remote.WaitingError{Reason: v1alpha1.ReasonWaitingForIntegration, Message: fmt.Sprintf(format, args...)}
}
