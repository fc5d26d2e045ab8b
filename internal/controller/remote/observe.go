// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// receive records what was seen of the remote object outside of reconciles. It makes
// no remote call, so it needs no connection.
func (r *Reconciler[O, R]) receive(ctx context.Context, p *pass[O, R]) error {
	sighting := r.sightings.Open(p.name)
	switch {
	case sighting == nil:
		return nil
	case r.watched == nil, sighting.UID != p.object.GetUID(), sighting.ID != p.status.ID:
		r.sightings.served(sighting) // it is of another object of that name, or of what this one has let go
		return nil
	}
	p.sighting = sighting
	if sighting.Remote == nil {
		p.inDoubt = true
		return nil
	}
	integration, err := r.usedIntegration(ctx, p)
	if err != nil {
		return err
	}
	// A list may be behind: what this object's own requests have shown since is newer.
	switch {
	case !r.watched.Changed(p.object, sighting.Remote, integration):
	case !r.watched.Complete(p.object, sighting.Remote):
		p.inDoubt = true
	default:
		r.observe(p, sighting.Remote, integration)
	}
	return nil
}

// usedIntegration is the Integration that the status names, or an empty one, whose
// defaults have to do, where it is gone.
func (r *Reconciler[O, R]) usedIntegration(ctx context.Context, p *pass[O, R]) (*v1alpha1.Integration, error) {
	var integration v1alpha1.Integration
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: p.name.Namespace, Name: p.status.Integration}, &integration)
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, &kubernetesError{fmt.Errorf("reading Integration %q: %w", p.status.Integration, err)}
	}
	return &integration, nil
}

// observe records what the remote object shows, and tells of managed fields that
// somebody has changed.
func (r *Reconciler[O, R]) observe(p *pass[O, R], remote *R, integration *v1alpha1.Integration) {
	if r.drifter == nil {
		r.adapter.Record(p.object, remote, integration, r.Clock.Now())
		return
	}
	drift := r.drifter.Drift(p.object)
	before := *drift
	*drift = Drifted(p.status.Returned, r.adapter.RemoteFields(p.object, remote))
	var changes []string
	for _, field := range *drift {
		description, changed := r.drifter.Change(p.object, remote, field)
		if changed || !slices.Contains(before, field) {
			changes = append(changes, description)
		}
	}
	if len(changes) > 0 {
		p.announce(changedRemotely(r.adapter.Noun(), r.adapter.ID(remote), changes, p.policy.Enforce))
	}
	r.adapter.Record(p.object, remote, integration, r.Clock.Now())
}
