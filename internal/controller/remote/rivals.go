// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// yields fails with a *ConflictError where another object has a better claim on the
// remote object that the spec names. Each remote object has one object that may write
// to it, and which one that is depends on the objects alone, so both come to the same
// result.
func (r *Reconciler[O, R]) yields(ctx context.Context, p *pass[O, R]) error {
	id := p.policy.AdoptID
	if id == "" {
		return nil
	}
	place, err := r.adapter.Place(ctx, r.Client, p.object)
	if err != nil {
		return nil //nolint:nilerr // what the object waits for comes first, and connect says so
	}
	value := RemoteID{Place: place, ID: id}.indexValue()
	for _, index := range []string{IndexRemoteID, IndexAdoptID} {
		rivals, err := r.others(ctx, p, p.name.Namespace, index, value)
		if err != nil {
			return err
		}
		for _, rival := range rivals {
			if rival, isObject := rival.(O); isObject && r.precedes(rival, p.object, RemoteID{Place: place, ID: id}) {
				return &ConflictError{fmt.Sprintf("the remote %s %q belongs to the %s %q already: delete one of the two objects", r.adapter.Noun(), id, r.adapter.Kind(), rival.GetName())}
			}
		}
	}
	return nil
}

// precedes tells whether one object has a better claim on a remote object than
// another: the one that created it; among those that adopt it the older one; and of two
// that were made within the same second, which is all that their age tells, the one
// that has it already.
func (r *Reconciler[O, R]) precedes(one, other O, id RemoteID) bool {
	const has, created = 1, 2
	claim := func(object O) int {
		switch {
		case !slices.Contains(r.adapter.RemoteIDs(object), id):
			return 0
		case readIntent(object).attempt == 0:
			return has
		}
		return created
	}
	return cmp.Or(
		-cmp.Compare(claim(one)/created, claim(other)/created),
		one.GetCreationTimestamp().Compare(other.GetCreationTimestamp().Time),
		-cmp.Compare(claim(one), claim(other)),
		cmp.Compare(one.GetUID(), other.GetUID()),
	) < 0
}
