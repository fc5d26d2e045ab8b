// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/internal/controller/alertreceiver"
	"github.com/synqly/ticketing-operator/internal/controller/incident"
	"github.com/synqly/ticketing-operator/internal/controller/integration"
	"github.com/synqly/ticketing-operator/internal/controller/query"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
)

// Options are what the controllers of all kinds need.
type Options struct {
	remote.Options

	// AlertEndpointDisabled says that the manager serves no endpoint for alerts.
	AlertEndpointDisabled bool
}

// Setup adds all controllers to the manager, whose cache must have the indexes of IndexFields.
func Setup(mgr ctrl.Manager, options Options) error {
	if err := integration.Setup(mgr, options.Options, RemoteKinds); err != nil {
		return err
	}
	for _, kind := range RemoteKinds {
		if err := kind.Setup(mgr, options.Options); err != nil {
			return err
		}
	}
	queries := query.Options{
		Client: options.Client, Connections: options.Connections, Recorder: options.Recorder, Clock: options.Clock, Shard: options.Shard,
	}
	if err := query.Setup(mgr, queries); err != nil {
		return err
	}
	return setupAlerts(mgr, options)
}

// setupAlerts adds the controllers of what alerts make.
func setupAlerts(mgr ctrl.Manager, options Options) error {
	templates := alertreceiver.NewTemplateErrors()
	receivers := alertreceiver.Options{
		Client: options.Client, Secrets: options.APIReader, Namespaces: options.Namespaces, Recorder: options.Recorder, Clock: options.Clock, Templates: templates,
		ServesClusterIntegrations: options.Connections.ServesClusterIntegrations(), EndpointDisabled: options.AlertEndpointDisabled, Shard: options.Shard,
	}
	if err := alertreceiver.Setup(mgr, receivers); err != nil {
		return err
	}
	return incident.Setup(mgr, incident.Options{Client: options.Client, APIReader: options.APIReader, Shard: options.Shard, Recorder: options.Recorder, Clock: options.Clock, Templates: templates})
}

// IndexFields adds the indexes that the controllers use to the cache.
func IndexFields(ctx context.Context, indexer client.FieldIndexer) error {
	for _, kind := range RemoteKinds {
		if err := kind.IndexFields(ctx, indexer); err != nil {
			return err
		}
	}
	if err := query.IndexFields(ctx, indexer); err != nil {
		return err
	}
	return incident.IndexFields(ctx, indexer)
}

// Installation is what tells this cluster's objects from those of others: the UID of the namespace
// kube-system, which lives as long as the cluster.
func Installation(ctx context.Context, reader client.Reader) (string, error) {
	var namespace corev1.Namespace
	if err := reader.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, &namespace); err != nil {
		return "", fmt.Errorf("reading the namespace %s, whose UID identifies the cluster: %w", metav1.NamespaceSystem, err)
	}
	return string(namespace.UID), nil
}
