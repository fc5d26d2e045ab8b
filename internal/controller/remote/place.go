// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"
)

// References can be corrected for as long as nothing exists remotely, and nothing may: the schema
// refuses it from then on. It cannot see an attempt before the status tells of it, because a rule
// of the schema cannot read annotations, so an edit may come while the first request is on its way.
// Then the annotations say where the attempt was to create, the remote object stays there, and the
// object says that its spec speaks of another place.

// place is where the remote object lives, or will. An attempt that is open has recorded where it
// was to create, which is where to look for what it made. While nothing can exist, the spec alone
// decides.
func (r *Reconciler[O, R]) place(ctx context.Context, s *state[O, R]) (Place, error) {
	if s.attemptOpen() && s.intent.place.Integration != "" {
		return s.intent.place, nil
	}
	if !r.isBound(s) {
		r.adapter.RecordPlace(s.object, Place{})
	}
	return r.adapter.Place(ctx, r.Client, s.object)
}

// isBound reports whether the object has a remote object, or may have, so that its place is fixed.
func (r *Reconciler[O, R]) isBound(s *state[O, R]) bool {
	return s.status.ID != "" || s.attemptOpen() || s.status.OpenAttempt > s.status.SettledAttempt || len(r.remainingIDs(s)) > 0
}

// checkReferences fails with a *ConflictError where the spec speaks of another place than the one
// at which the remote object was created.
func (r *Reconciler[O, R]) checkReferences(s *state[O, R]) error {
	if s.status.ID == "" || s.attemptOpen() {
		return nil
	}
	reference, recorded := r.adapter.Misplaced(s.object, s.intent.parent)
	if reference == "" {
		return nil
	}
	return &ConflictError{Message: fmt.Sprintf("%s was changed while the remote %s %q was being created, which belongs to %s: change %s back, or delete this object and create a new one",
		reference, r.adapter.Noun(), s.status.ID, recorded, reference)}
}
