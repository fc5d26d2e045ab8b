// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// wrongSelector says what is wrong with the namespaceSelector of a ClusterIntegration, whose parts
// the schema takes as they are. An Integration has none.
func wrongSelector(integration connection.Integration) error {
	cluster, isCluster := integration.(*v1alpha1.ClusterIntegration)
	if !isCluster {
		return nil
	}
	if _, err := connection.NamespaceSelector(cluster); err != nil {
		return &synqly.ConfigurationError{Option: "namespaceSelector", Reason: err.Error()}
	}
	return nil
}

// remarkAdmission says in the condition of a ClusterIntegration that works where nobody may use it:
// that is a mistake more often than it is meant.
func (r *Reconciler) remarkAdmission(ctx context.Context, integration connection.Integration, found *health) error {
	cluster, isCluster := integration.(*v1alpha1.ClusterIntegration)
	if !isCluster || found.status != metav1.ConditionTrue {
		return nil
	}
	selector, err := connection.NamespaceSelector(cluster)
	if err != nil {
		return err
	}
	if selector.Empty() {
		found.message += "; namespaceSelector is empty, so no namespace may use it"
		return nil
	}
	var namespaces metav1.PartialObjectMetadataList
	namespaces.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("NamespaceList"))
	if err := r.namespaces.List(ctx, &namespaces, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing the namespaces: %w", err)
	}
	for i := range namespaces.Items {
		if selector.Matches(labels.Set(namespaces.Items[i].Labels)) {
			return nil
		}
	}
	found.message += "; namespaceSelector matches no namespace, so none may use it"
	return nil
}

// enqueueCluster reconciles all ClusterIntegrations.
func enqueueCluster(reader client.Reader) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, _ client.Object) []ctrl.Request {
		var requests []ctrl.Request
		eachClusterIntegration(ctx, reader, func(integration client.Object) {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(integration)})
		})
		return requests
	})
}

// eachClusterIntegration calls a function for each ClusterIntegration, which must not be changed. A
// list that fails is logged: what maps an event to requests cannot fail.
func eachClusterIntegration(ctx context.Context, reader client.Reader, do func(client.Object)) {
	var integrations v1alpha1.ClusterIntegrationList
	if err := reader.List(ctx, &integrations, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency); err != nil {
		log.FromContext(ctx).Error(err, "listing the ClusterIntegrations to reconcile")
		return
	}
	for i := range integrations.Items {
		do(&integrations.Items[i])
	}
}
