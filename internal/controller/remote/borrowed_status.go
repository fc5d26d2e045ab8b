// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

// A status is what the operator has written, as long as nobody restores the one of another object
// over it: a backup tool that writes the status after the object, when this object has a remote
// object of its own already. Its annotations are its own then, and the status speaks of the
// original's remote object, which would be changed and removed with this one.

// returnBorrowed takes out of the status what it says of another object's remote object. This
// object's own is looked for by what its annotations say.
func (r *Reconciler[O, R]) returnBorrowed(ctx context.Context, s *state[O, R]) error {
	if s.status.ID == "" || s.policy.AdoptID != "" {
		return nil // There is nothing, or checkOwnership sorts it out.
	}
	borrowed, err := r.isBorrowed(ctx, s)
	if err != nil || !borrowed {
		return err
	}
	s.emit(borrowedEvent(r.adapter.Noun(), s.status.ID))
	r.clearRecorded(s)
	s.status.OpenAttempt = s.intent.attempt // Whatever becomes of the annotations, it is looked for.
	return r.writeForgotten(ctx, s)
}

// isBorrowed reports whether the remote object in the status is another object's: one that was
// written through an Integration of another namespace, or one that another object here has the
// better claim on.
func (r *Reconciler[O, R]) isBorrowed(ctx context.Context, s *state[O, R]) (bool, error) {
	elsewhere, err := r.writtenElsewhere(ctx, s)
	if err != nil || elsewhere {
		return elsewhere, err
	}
	if r.adapter.ShowsKey(s.object, s.ownKey) {
		return false, nil // It is this one's own, whoever else has its ID.
	}
	id := r.adapter.RemoteIDs(s.object)[0] // That of the status.
	others, err := r.others(ctx, s, id.Namespaces(s.name.Namespace), IndexRemoteID, id.IndexValue())
	if err != nil {
		return false, err
	}
	for _, cached := range others {
		other, isObject := cached.(O)
		// Whoever merely claims it finds out itself that it is taken.
		if !isObject || other.RemoteStatus().ID != id.ID || !r.precedes(other, s.object, id) {
			continue
		}
		if exists, err := r.stillExists(ctx, cached); err != nil || exists {
			return exists, err
		}
	}
	return false, nil
}

// writtenElsewhere reports whether the status was written through an Integration of another
// namespace. One that was deleted and made again has another UID as well, so it has to be one that
// exists.
func (r *Reconciler[O, R]) writtenElsewhere(ctx context.Context, s *state[O, R]) (bool, error) {
	name := connection.NameOf(s.name.Namespace, s.status.Integration)
	if s.status.IntegrationUID == "" || connection.IsCluster(name) {
		return false, nil
	}
	own, err := r.readIntegration(ctx, name, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return false, &kubernetesError{fmt.Errorf("reading %s: %w", connection.Describe(name), err)}
	case err == nil && string(own.GetUID()) == s.status.IntegrationUID:
		return false, nil
	}
	var integrations v1alpha1.IntegrationList
	if err := r.Client.List(ctx, &integrations, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency); err != nil {
		return false, &kubernetesError{fmt.Errorf("looking for the Integration that the status was written through: %w", err)}
	}
	for i := range integrations.Items {
		if integration := &integrations.Items[i]; integration.Namespace != s.name.Namespace && integration.UID == types.UID(s.status.IntegrationUID) {
			return true, nil
		}
	}
	return false, nil
}
