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

	"github.com/synqly/ticketing-operator/internal/controller/remote"
)

// Setup adds all controllers to the manager, whose cache must have the indexes of
// IndexFields.
func Setup(mgr ctrl.Manager, options remote.Options) error {
	for _, setup := range []func(ctrl.Manager, remote.Options) error{
		SetupIntegrations, SetupTickets, SetupTicketComments, SetupTicketNotes,
	} {
		if err := setup(mgr, options); err != nil {
			return err
		}
	}
	return nil
}

// Installation is what tells this cluster's objects from those of others: the UID of
// the namespace kube-system, which lives as long as the cluster.
func Installation(ctx context.Context, reader client.Reader) (string, error) {
	var namespace corev1.Namespace
	if err := reader.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, &namespace); err != nil {
		return "", fmt.Errorf("reading the namespace %s, whose UID identifies the cluster: %w", metav1.NamespaceSystem, err)
	}
	return string(namespace.UID), nil
}
