// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

// step is the next thing to do for an object.
type step int

const (
	// inSync: nothing.
	inSync step = iota
	// adopt: take the remote object that the spec names.
	adopt
	// settle: find out what became of a create attempt.
	settle
	// search: see whether an attempt that nothing is known of any more has made it.
	search
	// create: create the remote object.
	create
	// ensureFinalizer: add the finalizer.
	ensureFinalizer
	// refresh: fetch the remote object.
	refresh
	// update: write the fields that differ.
	update
	// removeReplaced: remove what a replacement has left behind.
	removeReplaced
	// expire: remove the object, and leave the remote object alone.
	expire
	// removal: remove the remote object of an object that is being deleted. decide is not asked
	// about that.
	removal
)

// situation is all that the decision rests on.
type situation struct {
	policy Policy
	// hasID: the remote object is known.
	hasID bool
	// attemptOpen: a create attempt is recorded whose outcome is not.
	attemptOpen bool
	// historyUnknown: whether there has been a create attempt is not known.
	historyUnknown bool
	// replacedLeft: replaced remote objects are still there.
	replacedLeft bool
	// finalizerMissing: the finalizer that the deletionPolicy needs is not there.
	finalizerMissing bool
	// refreshAsked: somebody asks to look at the remote object now, it was missing when it was last
	// looked at, or a list did not show it.
	refreshAsked bool
	// refreshed: that has been done in this reconcile.
	refreshed bool
	// gone: the remote object was not there then, and the object has expired.
	gone bool
	// differs: managed fields have to be written.
	differs bool
	// drifted: managed fields were changed remotely.
	drifted bool
	// expired: the time of the object has come.
	expired bool
}

// decide chooses the next step. A step that was done changes the situation, so a reconcile decides
// again until nothing is left to do.
func decide(s situation) step {
	switch {
	case !s.hasID && s.policy.AdoptID != "":
		return adopt
	case s.finalizerMissing && (s.hasID || s.attemptOpen):
		return ensureFinalizer
	case s.attemptOpen:
		return settle
	case !s.hasID && s.policy.Observe:
		return inSync
	case !s.hasID && s.historyUnknown:
		return search
	case !s.hasID:
		return create
	case (s.refreshAsked || s.expired) && !s.refreshed:
		return refresh
	case s.expired && s.gone: // What differs cannot be written any more.
		return expire
	case s.replacedLeft && !s.policy.Observe:
		return removeReplaced
	case (s.differs || s.policy.Enforce && s.drifted) && !s.policy.Observe:
		return update
	case s.expired:
		return expire
	}
	return inSync
}
