// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"cmp"
	"context"
	"fmt"
)

// Whoever replaces an object as a whole (kubectl replace, Argo CD's Replace=true, helm --force)
// removes the operator's annotations. What they said is kept a second time, in the status and in
// the memory of the process, or can be computed, and is written back.

// recoverIntent finds out what annotations said that are not there any more, and writes them back.
// An object that never had any is left as it is.
func (r *Reconciler[O, R]) recoverIntent(ctx context.Context, s *state[O, R]) error {
	isCopy, err := r.isCopyOfOwner(ctx, s)
	if err != nil {
		return err
	}
	if isCopy {
		return r.forgetCopied(ctx, s)
	}
	recovered := r.lostIntent(s)
	if recovered.attempt == 0 {
		return nil
	}
	return r.takeRecovered(ctx, s, recovered)
}

// recoverAttempt finds out what annotations said that are those of an earlier attempt again, as
// after a restore over an object that is there. The status never knows of an attempt that was not
// written into the annotations before.
func (r *Reconciler[O, R]) recoverAttempt(ctx context.Context, s *state[O, R]) error {
	if s.status.OpenAttempt <= max(s.intent.attempt, s.status.SettledAttempt) {
		return nil
	}
	return r.takeRecovered(ctx, s, r.lostIntent(s))
}

func (r *Reconciler[O, R]) takeRecovered(ctx context.Context, s *state[O, R], recovered intent) error {
	s.intent = recovered
	if !s.object.GetDeletionTimestamp().IsZero() {
		return nil
	}
	return r.writeIntentBack(ctx, s)
}

func (r *Reconciler[O, R]) writeIntentBack(ctx context.Context, s *state[O, R]) error {
	return r.updateMetadata(ctx, s, "writing the create annotations back", func(object O) {
		s.intent.write(object)
		r.addFinalizer(s, object)
	})
}

// isCopyOfOwner reports whether an object without annotations has the status of another one, which
// created the remote object. Another one that has this one's annotations did not: it is the copy.
// Whoever merely claims it finds out itself that it is taken.
func (r *Reconciler[O, R]) isCopyOfOwner(ctx context.Context, s *state[O, R]) (bool, error) {
	if s.policy.AdoptID != "" {
		return false, nil // what the spec names is sorted out by checkOwnership
	}
	if r.adapter.ShowsKey(s.object, s.ownKey) {
		return false, nil // the remote object was made for this one
	}
	for _, id := range r.adapter.RemoteIDs(s.object) {
		others, err := r.others(ctx, s, id.Namespaces(s.name.Namespace), IndexRemoteID, id.IndexValue())
		if err != nil {
			return false, err
		}
		for _, other := range others {
			recorded := readIntent(other)
			other, isObject := other.(O)
			if isObject && other.RemoteStatus().ID == id.ID && recorded.attempt > 0 && !hasBetterClaim(s.object, other, recorded) {
				return true, nil
			}
		}
	}
	return false, nil
}

// lostIntent is what the annotations said, or an empty one where they are not known to have said
// anything. The words that an attempt sent are those of the present spec, unless this process sent
// them: where somebody has changed them as well, what it made is not found.
func (r *Reconciler[O, R]) lostIntent(s *state[O, R]) intent {
	if remembered := r.attempts.intentOf(s.name, s.object.GetUID()); remembered.attempt > s.status.SettledAttempt {
		return remembered
	}
	if s.status.ID == "" && s.status.OpenAttempt <= s.status.SettledAttempt {
		return intent{} // what was tried has failed, for all that is known
	}
	return r.computedIntent(s)
}

// computedIntent is what can be computed of the annotations of the latest attempt.
func (r *Reconciler[O, R]) computedIntent(s *state[O, R]) intent {
	computed := intent{
		key:          cmp.Or(s.status.CreateKey, s.ownKey),
		attempt:      max(s.status.SettledAttempt, s.status.OpenAttempt),
		started:      s.object.GetCreationTimestamp().Time, // no attempt is older
		window:       Window{From: s.object.GetCreationTimestamp().Time, Approximate: true},
		installation: r.Installation,
		text:         r.adapter.Fingerprint(s.object),
	}
	if r.commenter != nil && s.status.ID != "" && !s.object.GetDeletionTimestamp().IsZero() {
		computed.text = r.commenter.ClosingText(s.object) // no other attempt can be open, as in closingOpen
	}
	// What is recognised by the words of the present spec was sent with them. What carries the key
	// may have been sent with others.
	if !r.adapter.MarksRemote() || len(r.adapter.Diff(s.object)) == 0 {
		computed.hash = fieldsHash(r.adapter.Fields(s.object))
	}
	return computed
}

// historyUnknown reports whether an object without annotations may have had some: it was there when
// this process began to lead, and the process has not looked into it. Of a younger object it has
// seen all. Only what carries the key is looked for: by words alone, what another object or a
// person made would be found.
func (r *Reconciler[O, R]) historyUnknown(s *state[O, R]) bool {
	if s.status.ID != "" || s.intent.key != "" || !r.adapter.MarksRemote() {
		return false
	}
	searched, known := r.searched.Load(s.name)
	created := s.object.GetCreationTimestamp().Time // in whole seconds
	return !(known && searched == s.object.GetUID()) && !created.After(r.started)
}

// search looks once, by the key and the words that an attempt would have used, for what an attempt
// of an earlier process may have made. What it finds is settled like any other attempt.
func (r *Reconciler[O, R]) search(ctx context.Context, s *state[O, R]) error {
	s.intent = r.computedIntent(s)
	search, err := r.find(ctx, s)
	if err != nil {
		return fmt.Errorf("searching for the remote %s before it is created: %w", r.adapter.Noun(), err)
	}
	if len(search.Found) == 0 {
		r.searched.Store(s.name, s.object.GetUID())
		s.intent = intent{}
		return nil
	}
	s.intent.attempt = s.status.SettledAttempt + 1
	return r.writeIntentBack(ctx, s)
}

// recordOpenAttempt keeps in the status what the annotations say of an open attempt.
func (s *state[O, R]) recordOpenAttempt() {
	s.status.OpenAttempt = 0
	if s.attemptOpen() {
		s.status.OpenAttempt = s.intent.attempt
	}
}

// recordCreateKey keeps a key in the status that cannot be computed from the object.
func (s *state[O, R]) recordCreateKey() {
	s.status.CreateKey = ""
	if s.intent.key != s.ownKey {
		s.status.CreateKey = s.intent.key
	}
}
