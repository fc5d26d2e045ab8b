// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// The steps that decide chooses from; create and settle are in create.go.

// adopt takes the remote object that the spec names, on which no other object has a
// better claim. Nothing has been applied to it yet, so what the spec sets and it does
// not show is written next.
func (r *Reconciler[O, R]) adopt(ctx context.Context, p *pass[O, R]) error {
	id := p.policy.AdoptID
	remote, err := r.adapter.Get(ctx, p.call(id))
	if err != nil {
		return fmt.Errorf("adopting the remote %s %q: %w", r.adapter.Noun(), id, err)
	}
	p.status.ID = id
	p.status.SettledAttempt = max(p.status.SettledAttempt, p.intent.attempt)
	r.saw(p, remote)
	p.announce(adopted(r.adapter.Noun(), id))
	return nil
}

// protect puts the finalizer on an object that has a remote object already: one
// that was adopted, or whose deletionPolicy was changed.
func (r *Reconciler[O, R]) protect(ctx context.Context, p *pass[O, R]) error {
	return r.updateMetadata(ctx, p, "adding the finalizer", func(object O) {
		object.SetFinalizers(append(object.GetFinalizers(), v1alpha1.RemoteFinalizer))
	})
}

// look fetches the remote object and records what it shows.
func (r *Reconciler[O, R]) look(ctx context.Context, p *pass[O, R]) error {
	p.looked = true
	remote, err := r.adapter.Get(ctx, p.call(p.status.ID))
	var missing *MissingError
	switch isMissing := errors.As(err, &missing); {
	case isMissing && r.expired(p):
		return nil // the object has nothing left to wait for
	case isMissing && p.policy.Recreate:
		return r.absent(ctx, p, missing)
	case err != nil:
		return fmt.Errorf("looking at the remote %s %q: %w", r.adapter.Noun(), p.status.ID, err)
	}
	// Not before: a request to look that could not be served stays open.
	p.status.LastSyncRequest = p.syncRequest()
	r.absences.forget(p.name)
	r.saw(p, remote)
	return nil
}

// update writes the fields that differ: in place, or by a replacement.
func (r *Reconciler[O, R]) update(ctx context.Context, p *pass[O, R]) error {
	fields, drifted := r.adapter.Diff(p.object), []string(nil)
	if p.policy.Enforce {
		drifted = r.drifted(p)
		fields = union(fields, drifted)
	}
	if r.patcher == nil {
		return r.create(ctx, p)
	}
	remote, err := r.patcher.Patch(ctx, p.call(p.status.ID), fields)
	var missing *MissingError
	if errors.As(err, &missing) && p.policy.Recreate {
		missing.LookAgain = time.Second
	}
	if err != nil {
		return fmt.Errorf("updating the remote %s %q: %w", r.adapter.Noun(), p.status.ID, err)
	}
	if remote != p.seen {
		p.announce(updated(r.adapter.Noun(), p.status.ID, fields))
	}
	if len(drifted) > 0 {
		remote = r.afterWriteBack(ctx, p, remote)
	}
	r.applied(p, remote, fields)
	return nil
}

// afterWriteBack fetches what was written back, because some providers answer a write
// with what they were sent and show something else later. Taken for a change by a
// person, that would be written back again and again. Where it cannot be fetched now,
// the answer has to do.
func (r *Reconciler[O, R]) afterWriteBack(ctx context.Context, p *pass[O, R], answer *R) *R {
	ctx, err := p.connection.Reserve(ctx)
	if err != nil {
		return answer
	}
	shown, err := r.adapter.Get(ctx, p.call(p.status.ID))
	if err != nil {
		return answer
	}
	return shown
}

// drifted are the fields that were changed remotely and that the spec still sets.
func (r *Reconciler[O, R]) drifted(p *pass[O, R]) []string {
	if r.drifter == nil {
		return nil
	}
	fields := r.adapter.Fields(p.object)
	return slices.DeleteFunc(slices.Clone(*r.drifter.Drift(p.object)), func(name string) bool { _, managed := fields[name]; return !managed })
}

// removeReplaced deletes what a replacement has left behind.
func (r *Reconciler[O, R]) removeReplaced(ctx context.Context, p *pass[O, R]) error {
	replaced := r.replacer.Replaced(p.object)
	for len(*replaced) > 0 {
		id := (*replaced)[0]
		if err := r.adapter.Remove(ctx, p.call(id)); err != nil {
			return fmt.Errorf("deleting the replaced remote %s %q: %w", r.adapter.Noun(), id, err)
		}
		*replaced = slices.Clone((*replaced)[1:])
	}
	*replaced = nil
	return nil
}

// saw records a remote object that was fetched.
func (r *Reconciler[O, R]) saw(p *pass[O, R], remote *R) {
	p.seen, p.answered, p.status.Missing = remote, true, false
	r.adapter.RecordPlace(p.object, p.place)
	r.observe(p, remote, p.connection.Integration)
}

// applied records a remote object to which the named fields have just been written.
func (r *Reconciler[O, R]) applied(p *pass[O, R], remote *R, written []string) {
	p.status.Applied = r.adapter.Fields(p.object)
	p.status.Returned = afterWrite(p.status.Returned, r.adapter.RemoteFields(p.object, remote), p.status.Applied, written)
	r.saw(p, remote)
}

// disown drops the record of fields that were taken out of the spec: they are not
// managed any more, and are written again should they come back.
func (r *Reconciler[O, R]) disown(p *pass[O, R]) {
	if p.policy.Observe {
		return // nothing is managed for now, and what was applied is needed when it is again
	}
	fields := r.adapter.Fields(p.object)
	managed := func(record map[string]string) map[string]string {
		kept := map[string]string{}
		for name, hash := range record {
			if _, still := fields[name]; still {
				kept[name] = hash
			}
		}
		return kept
	}
	if len(p.status.Applied) > len(fields) {
		p.status.Applied, p.status.Returned = managed(p.status.Applied), managed(p.status.Returned)
		if r.drifter != nil {
			drift := r.drifter.Drift(p.object)
			*drift = slices.DeleteFunc(*drift, func(name string) bool { _, still := fields[name]; return !still })
		}
	}
}
