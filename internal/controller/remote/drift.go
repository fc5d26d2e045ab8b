// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

// applyObservation records what was seen of the remote object outside of reconciles. It makes no
// remote call, so it needs no connection.
func (r *Reconciler[O, R]) applyObservation(ctx context.Context, s *state[O, R]) error {
	observation := r.observations.Open(s.name)
	switch {
	case observation == nil:
		return nil
	case observation.UID != s.object.GetUID(), observation.ID != s.status.ID:
		r.observations.done(observation) // it is of another object of that name, or of a remote object that this one stands for no longer
		return nil
	}
	s.observation = observation
	if observation.Remote == nil {
		s.needsRefresh = true
		return nil
	}
	integration, err := r.integrationOfStatus(ctx, s)
	if err != nil {
		return err
	}
	// A list may be behind: what this object's own requests have shown since is newer.
	switch {
	case !r.adapter.Newer(s.object, observation.Remote, integration, r.Clock.Now()):
	case r.contradicts(s, observation.Remote), r.updateOpen(s):
		s.needsRefresh = true
	default:
		r.observe(s, observation.Remote, integration)
	}
	return nil
}

// contradicts reports whether a list shows another value of a managed field than is known. Lists
// may shorten texts, or leave them out, so that only a look tells whether anybody has changed it.
func (r *Reconciler[O, R]) contradicts(s *state[O, R], listed *R) bool {
	drift := r.adapter.Drift(s.object)
	if drift == nil {
		return false
	}
	drifted := Drifted(s.status.Returned, r.adapter.RemoteFields(s.object, listed))
	return !slices.Equal(drifted, *drift) || slices.ContainsFunc(drifted, func(field string) bool {
		_, changed := r.adapter.Change(s.object, listed, field)
		return changed
	})
}

// doneWithObservation ends an observation that was recorded, or looked into. Where the list tells
// no time, nothing but its own words tells whether it shows something new the next time.
func (r *Reconciler[O, R]) doneWithObservation(s *state[O, R]) {
	listed := s.observation.Remote
	if s.needsRefresh && listed != nil && r.adapter.UpdatedAt(listed).IsZero() {
		r.observations.explained(s.observation)
		return
	}
	r.observations.done(s.observation)
}

// integrationOfStatus is the Integration that the status names, or an empty one, whose defaults
// have to do, where it is gone.
func (r *Reconciler[O, R]) integrationOfStatus(ctx context.Context, s *state[O, R]) (connection.Integration, error) {
	name := connection.NameOf(s.name.Namespace, s.status.Integration)
	integration, err := r.readIntegration(ctx, name)
	if apierrors.IsNotFound(err) {
		return &v1alpha1.Integration{}, nil
	}
	if err != nil {
		return nil, &kubernetesError{fmt.Errorf("reading %s: %w", connection.Describe(name), err)}
	}
	return integration, nil
}

// observe records what the remote object shows, and tells of managed fields that somebody has
// changed.
func (r *Reconciler[O, R]) observe(s *state[O, R], remote *R, integration connection.Integration) {
	drift := r.adapter.Drift(s.object)
	if drift == nil {
		r.adapter.Record(s.object, remote, integration, r.Clock.Now())
		return
	}
	before := *drift
	*drift = Drifted(s.status.Returned, r.adapter.RemoteFields(s.object, remote))
	var changes []string
	for _, field := range *drift {
		description, changed := r.adapter.Change(s.object, remote, field)
		if changed || !slices.Contains(before, field) {
			changes = append(changes, description)
		}
	}
	if len(changes) > 0 {
		s.emit(changedRemotelyEvent(r.adapter.Noun(), r.adapter.ID(remote), changes, s.policy.Enforce))
	}
	r.adapter.Record(s.object, remote, integration, r.Clock.Now())
}

// drifted are the fields that were changed remotely and that the spec still sets.
func (r *Reconciler[O, R]) drifted(s *state[O, R]) []string {
	drift := r.adapter.Drift(s.object)
	if drift == nil {
		return nil
	}
	fields := r.adapter.Fields(s.object)
	return slices.DeleteFunc(slices.Clone(*drift), func(name string) bool { _, managed := fields[name]; return !managed })
}

// writtenBack records drift that was just written back. It is looked at once more, because some
// providers answer a write with what they were sent and show something else later. Taken for a
// change by a person, that would be written back again and again. Where it cannot be fetched now,
// the answer has to do.
func (r *Reconciler[O, R]) writtenBack(ctx context.Context, s *state[O, R], answer *R, fields []string) {
	before := r.adapter.RemoteFields(s.object, s.seen)
	s.writtenBack++
	r.applied(s, answer, fields)
	ctx, err := s.connection.Reserve(ctx)
	if err != nil {
		return // There is no request left for it.
	}
	shown, err := r.adapter.Get(ctx, s.call(s.status.ID))
	if err != nil {
		return // What was written is known all the same.
	}
	now := r.adapter.RemoteFields(s.object, shown)
	for _, field := range fields {
		// What the provider makes of the value says the same, or it has made the same of it before.
		// Anything else is by a person; but a provider that makes something else of it each time is
		// not corrected for ever.
		value, readable := now[field]
		ownForm := value == before[field] || r.adapter.Shows(s.object, shown, field) || s.writtenBack > maxWriteBacks
		if readable && ownForm {
			s.status.Returned[field] = value
		}
	}
	r.recordSeen(s, shown)
}

// maxWriteBacks is how many times a reconcile writes back what was changed meanwhile.
const maxWriteBacks = 1
