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
	if connection.IsCluster(name) {
		// The schema refuses it, too. A query would show each namespace the tickets of all others.
		return nil, waiting("%s cannot be used by a TicketQuery, because it would show the tickets of other namespaces: use an Integration of this namespace", connection.Describe(name))
	}
	integration, err := connection.Read(ctx, r.Client, name)
	if apierrors.IsNotFound(err) {
		return nil, waiting("%s does not exist in this namespace: create it, or correct integrationRef%s", connection.Describe(name), r.Shard.Hint())
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", connection.Describe(name), err)
	}
	switch {
	case status.IsPaused(integration):
		return nil, remote.IntegrationPaused(name)
	case !integration.GetDeletionTimestamp().IsZero():
		return nil, remote.IntegrationDeleted(name, "correct integrationRef")
	}
	return integration, nil
}

func waiting(format string, args ...any) error {
	return &remote.WaitingError{Reason: v1alpha1.ReasonWaitingForIntegration, Message: fmt.Sprintf(format, args...)}
}
