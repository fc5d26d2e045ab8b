// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package query

import (
	"context"
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/fairqueue"
	"github.com/synqly/ticketing-operator/internal/controller/shutdown"
)

// concurrency is how many queries are under way at the same time. The queue gives an Integration an
// eighth of them, so its queries come one after the other, and a provider that hangs holds up none
// of another one.
const concurrency = 8

// indexIntegration finds the TicketQueries that use an Integration, as connection.RecordedOf names
// it.
const indexIntegration = "integration"

// IndexFields adds the indexes that the controller uses to the cache.
func IndexFields(ctx context.Context, indexer client.FieldIndexer) error {
	err := indexer.IndexField(ctx, &v1alpha1.TicketQuery{}, indexIntegration, func(object client.Object) []string {
		return []string{connection.RecordedOf(object.(*v1alpha1.TicketQuery).Spec.IntegrationRef)}
	})
	if err != nil {
		return fmt.Errorf("indexing TicketQuery by %s: %w", indexIntegration, err)
	}
	return nil
}

// Setup adds the controller of TicketQueries to the manager.
func Setup(mgr ctrl.Manager, options Options) error {
	return ctrl.NewControllerManagedBy(mgr).
		// What this controller writes into a status brings nothing new.
		For(&v1alpha1.TicketQuery{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		WithOptions(fairqueue.Options(concurrency, integrationInCache(mgr.GetClient()))).
		Watches(&v1alpha1.Integration{}, enqueueUsers(mgr.GetClient()), builder.WithPredicates(forgetting)).
		Complete(shutdown.Quietly(NewReconciler(options)))
}

// forgetting lets everything pass, and forgets the metrics of Integrations that are gone.
var forgetting = predicate.Funcs{
	DeleteFunc: func(deletion event.DeleteEvent) bool {
		forgetPages(client.ObjectKeyFromObject(deletion.Object))
		return true
	},
}

// integrationInCache tells the work queue which Integration a query uses.
func integrationInCache(reader client.Reader) fairqueue.IntegrationOf {
	return func(ctx context.Context, request ctrl.Request) client.ObjectKey {
		query := &v1alpha1.TicketQuery{}
		err := reader.Get(ctx, request.NamespacedName, query, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)
		if err != nil {
			return client.ObjectKey{Namespace: request.Namespace} // It is gone, and there is nothing to do for it.
		}
		return connection.NameOf(request.Namespace, connection.RecordedOf(query.Spec.IntegrationRef))
	}
}

// enqueueUsers reconciles the queries that use an Integration.
func enqueueUsers(reader client.Reader) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, integration client.Object) []ctrl.Request {
		recorded := connection.Recorded(client.ObjectKeyFromObject(integration))
		return list(ctx, reader, client.InNamespace(integration.GetNamespace()), client.MatchingFields{indexIntegration: recorded})
	})
}

func list(ctx context.Context, reader client.Reader, options ...client.ListOption) []ctrl.Request {
	var queries v1alpha1.TicketQueryList
	options = append(options, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)
	if err := reader.List(ctx, &queries, options...); err != nil {
		log.FromContext(ctx).Error(err, "listing the TicketQueries to reconcile")
		return nil
	}
	requests := make([]ctrl.Request, len(queries.Items))
	for i := range queries.Items {
		requests[i].NamespacedName = client.ObjectKeyFromObject(&queries.Items[i])
	}
	return requests
}
