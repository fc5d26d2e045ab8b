// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

// link shows the address of the remote object as the connection's Integration says it, and returns
// it.
func (r *Reconciler[O, R]) link(s *state[O, R]) string {
	if r.linker == nil || s.connection == nil {
		return ""
	}
	return r.linker.ShowLink(s.object, s.connection.Integration)
}

// refreshLink shows the address as the Integration says it now, which may have changed since the
// remote object was last seen. The address stays where the Integration is gone.
func (r *Reconciler[O, R]) refreshLink(ctx context.Context, s *state[O, R]) error {
	if r.linker == nil || s.status.ID == "" {
		return nil
	}
	name := connection.NameOf(s.name.Namespace, s.status.Integration)
	// The cache's own object does, whatever this process has written meanwhile: a change of the
	// Integration brings this object here again.
	integration, err := r.readIntegration(ctx, name, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return &kubernetesError{fmt.Errorf("reading %s: %w", connection.Describe(name), err)}
	}
	r.linker.ShowLink(s.object, integration)
	return nil
}
