// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// lifecycle is what happens to an object, from top to bottom. An error ends it; outcomeOf says what
// follows from each.
func (r *Reconciler[O, R]) lifecycle(ctx context.Context, s *state[O, R]) error {
	if status.IsPaused(s.object) {
		return errPaused
	}
	if !s.object.GetDeletionTimestamp().IsZero() {
		return r.finalize(ctx, s)
	}
	if err := r.resolveIntent(ctx, s); err != nil {
		return err
	}
	if err := r.checkOwnership(ctx, s); err != nil {
		return err
	}
	if err := r.serveCreateAgain(ctx, s); err != nil {
		return err
	}
	if err := r.applyObservation(ctx, s); err != nil {
		return err
	}
	if err := r.refreshLink(ctx, s); err != nil {
		return err
	}
	if err := r.validate(ctx, s); err != nil {
		return err
	}
	for range maxSteps {
		if err := r.checkReferences(s); err != nil {
			return err
		}
		next := decide(r.situation(s))
		switch next {
		case inSync:
			r.pruneFields(s)
			r.rememberInSync(s)
			return nil
		case expire:
			return r.expire(ctx, s)
		case ensureFinalizer: // needs no connection
			if err := r.ensureFinalizer(ctx, s); err != nil {
				return err
			}
			continue
		case create, update:
			if err := r.warnFirst(ctx, s); err != nil {
				return err
			}
		}
		var err error
		if ctx, err = r.connect(ctx, s, next); err != nil {
			return err
		}
		if err := r.perform(ctx, s, next); err != nil {
			return err
		}
	}
	return fmt.Errorf("the %s is not in sync after %d steps", r.adapter.Kind(), maxSteps)
}

func (r *Reconciler[O, R]) perform(ctx context.Context, s *state[O, R], next step) error {
	switch next {
	case adopt:
		return r.adopt(ctx, s)
	case settle:
		return r.settle(ctx, s)
	case search:
		return r.search(ctx, s)
	case create:
		return r.create(ctx, s)
	case refresh:
		return r.refresh(ctx, s)
	case update:
		return r.update(ctx, s)
	case removeReplaced:
		return r.removeReplaced(ctx, s)
	}
	return nil
}

// The steps that decide chooses from; create and settle are in create.go.

// adopt takes the remote object that the spec names, on which no other object has a better claim.
// Nothing has been applied to it yet, so what the spec sets and it does not show is written next.
func (r *Reconciler[O, R]) adopt(ctx context.Context, s *state[O, R]) error {
	id := s.policy.AdoptID
	remote, err := r.adapter.Get(ctx, s.call(id))
	if err != nil {
		return fmt.Errorf("adopting the remote %s %q: %w", r.adapter.Noun(), id, err)
	}
	if err := r.identify(ctx, s, remote); err != nil {
		return err
	}
	s.updateSettled = true
	s.status.SettledAttempt = max(s.status.SettledAttempt, s.intent.attempt)
	s.status.Returned = r.adapter.RemoteFields(s.object, remote)
	r.recordSeen(s, remote)
	s.emit(adoptedEvent(r.adapter.Noun(), s.status.ID).withLink(r.link(s)))
	return nil
}

// ensureFinalizer adds the finalizer to an object that has a remote object already: one that was
// adopted, or whose deletionPolicy was changed.
func (r *Reconciler[O, R]) ensureFinalizer(ctx context.Context, s *state[O, R]) error {
	return r.updateMetadata(ctx, s, "adding the finalizer", func(object O) { r.addFinalizer(s, object) })
}

// refresh fetches the remote object and records what it shows.
func (r *Reconciler[O, R]) refresh(ctx context.Context, s *state[O, R]) error {
	s.refreshed = true
	remote, err := r.adapter.Get(ctx, s.call(s.status.ID))
	var missing *MissingError
	switch isMissing := errors.As(err, &missing); {
	case isMissing && r.expired(s):
		s.gone = true
		return nil // the object has nothing left to wait for
	case isMissing && s.policy.Recreate: // mutant: recreate-the-missing
		return r.handleMissing(ctx, s, missing)
	case err != nil:
		return fmt.Errorf("reading the remote %s %q: %w", r.adapter.Noun(), s.status.ID, err)
	}
	if err := r.compareSource(ctx, s); err != nil {
		return err
	}
	// Not before: a request to look that could not be served stays open.
	s.status.LastSyncRequest = s.syncRequest()
	r.missingObjects.forget(s.name)
	r.settleUpdate(s, remote)
	r.recordSeen(s, remote)
	return nil
}

// update writes the fields that differ: in place, or by a replacement. What an update that is open
// may have written, and what a list alone has shown, is looked at first.
func (r *Reconciler[O, R]) update(ctx context.Context, s *state[O, R]) error {
	fields, drifted := r.adapter.Diff(s.object), []string(nil)
	if s.policy.Enforce {
		drifted = r.drifted(s)
		fields = union(fields, drifted)
	}
	switch {
	case r.sourcer != nil:
		return r.updateFromSource(ctx, s)
	case r.patcher == nil:
		return r.create(ctx, s)
	case !s.refreshed && (len(drifted) > 0 || r.updateOpen(s)): // mutant: patch-again-unseen
		return r.refresh(ctx, s)
	}
	remote, err := r.patch(ctx, s, fields)
	var missing *MissingError
	if errors.As(err, &missing) && s.policy.Recreate {
		missing.LookAgain = time.Second
	}
	if err != nil {
		return fmt.Errorf("updating the remote %s %q: %w", r.adapter.Noun(), s.status.ID, err)
	}
	if remote != s.seen {
		r.tellOfUpdate(s, remote, fields)
	}
	if len(drifted) > 0 {
		r.writtenBack(ctx, s, remote, fields)
	} else {
		r.applied(s, remote, fields)
	}
	return nil
}

// tellOfUpdate tells which fields were written, and what the provider made of them.
func (r *Reconciler[O, R]) tellOfUpdate(s *state[O, R], remote *R, fields []string) {
	if r.reporter != nil {
		without, remark := r.reporter.WithoutEffect(s.object, remote, fields)
		fields = slices.DeleteFunc(slices.Clone(fields), func(field string) bool { return slices.Contains(without, field) })
		s.emitRemark(remark)
	}
	if len(fields) > 0 {
		s.emit(updatedEvent(r.adapter.Noun(), s.status.ID, fields))
	}
}

// removeReplaced deletes what a replacement has left behind.
func (r *Reconciler[O, R]) removeReplaced(ctx context.Context, s *state[O, R]) error {
	replaced := r.replacer.Replaced(s.object)
	for len(*replaced) > 0 {
		id := (*replaced)[0]
		err := r.logged(ctx, s, "remove the replaced "+r.adapter.Noun(), func() (string, error) { return id, r.adapter.Remove(ctx, s.call(id)) })
		if err != nil {
			return fmt.Errorf("deleting the replaced remote %s %q: %w", r.adapter.Noun(), id, err)
		}
		*replaced = slices.Clone((*replaced)[1:])
	}
	*replaced = nil
	return nil
}

// recordSeen records a remote object that was fetched.
func (r *Reconciler[O, R]) recordSeen(s *state[O, R], remote *R) {
	s.seen, s.answered, s.status.Missing = remote, true, false
	r.adapter.RecordPlace(s.object, s.place)
	r.observe(s, remote, s.connection.Integration)
}

// applied records a remote object to which the named fields have just been written.
func (r *Reconciler[O, R]) applied(s *state[O, R], remote *R, written []string) {
	s.status.Applied = r.adapter.Fields(s.object)
	s.status.Returned = afterWrite(s.status.Returned, r.adapter.RemoteFields(s.object, remote), s.status.Applied, written)
	r.recordSeen(s, remote)
}

// pruneFields drops the record of fields that were taken out of the spec: they are not managed any
// more, and are written again should they come back.
func (r *Reconciler[O, R]) pruneFields(s *state[O, R]) {
	if s.policy.Observe {
		return // nothing is managed for now, and what was applied is needed when it is again
	}
	fields := r.adapter.Fields(s.object)
	managed := func(record map[string]string) map[string]string {
		kept := map[string]string{}
		for name, hash := range record {
			if _, still := fields[name]; still {
				kept[name] = hash
			}
		}
		return kept
	}
	if len(s.status.Applied) > len(fields) {
		s.status.Applied, s.status.Returned = managed(s.status.Applied), managed(s.status.Returned)
		if drift := r.adapter.Drift(s.object); drift != nil {
			*drift = slices.DeleteFunc(*drift, func(name string) bool { _, still := fields[name]; return !still })
		}
	}
}

func union(a, b []string) []string {
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}
