// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/lister"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// checkOwnership fails with a *ConflictError where another object has a better claim on the remote
// object that the spec names. Each remote object has one object that may write to it, and which one
// that is depends on the objects alone, so both come to the same result.
func (r *Reconciler[O, R]) checkOwnership(ctx context.Context, s *state[O, R]) error {
	if s.policy.AdoptID == "" {
		return nil
	}
	ids := []string{s.policy.AdoptID}
	if r.adoptedID(s.object) != "" {
		ids = append(ids, s.status.ID)
	}
	for _, id := range ids {
		if err := r.checkRivals(ctx, s, id); err != nil {
			return err
		}
	}
	return nil
}

// checkRivals is checkOwnership for one ID of the remote object.
func (r *Reconciler[O, R]) checkRivals(ctx context.Context, s *state[O, R], id string) error {
	place, err := r.place(ctx, s)
	if err != nil {
		return nil //nolint:nilerr // what the object waits for comes first, and connect says so
	}
	// A namespace without a part in a ClusterIntegration is told nothing of what others have there.
	if admitted, err := r.admits(ctx, place, s.name.Namespace); err != nil || !admitted {
		return err
	}
	value := RemoteID{Place: place, ID: id}.IndexValue()
	for _, index := range []string{IndexRemoteID, IndexAdoptID} {
		rivals, err := r.others(ctx, s, place.Namespaces(s.name.Namespace), index, value)
		if err != nil {
			return err
		}
		for _, rival := range rivals {
			rival, isObject := rival.(O)
			if !isObject || !r.precedes(rival, s.object, RemoteID{Place: place, ID: id}) {
				continue
			}
			// Nor does it have a claim.
			admitted, err := r.admits(ctx, place, rival.GetNamespace())
			if err != nil {
				return err
			}
			if admitted {
				return &ConflictError{Message: fmt.Sprintf("the remote %s %q already belongs to %s: %s", r.adapter.Noun(), id, DescribeOther(s.object, rival, r.adapter.Kind()), endOfConflict(s.status.ID))}
			}
		}
	}
	return nil
}

// endOfConflict says what a person can do about two objects that name one remote object. The API
// server lets ticketID be corrected until the object that shows this has adopted something.
func endOfConflict(adopted string) string {
	if adopted != "" {
		return "delete one of the two objects"
	}
	return "delete one of the two objects, or correct ticketID of this one"
}

// identify records a remote object that the spec names under the ID that the provider returns for
// it, unless another object has a better claim on that.
func (r *Reconciler[O, R]) identify(ctx context.Context, s *state[O, R], remote *R) error {
	id := r.adapter.ID(remote)
	if id != s.policy.AdoptID && r.adopter != nil {
		if err := r.checkRivals(ctx, s, id); err != nil {
			return err
		}
		*r.adopter.AdoptedID(s.object) = s.policy.AdoptID
	}
	s.status.ID = id
	return nil
}

// adoptedID is the other name that the remote object was adopted by; empty without one.
func (r *Reconciler[O, R]) adoptedID(object O) string {
	if r.adopter == nil || object.RemoteStatus().ID == "" {
		return ""
	}
	return *r.adopter.AdoptedID(object)
}

// precedes reports whether one object has a better claim on a remote object than another: the one
// that created it; among those that adopt it the older one; and of two that were made within the
// same second, which is all that their age tells, the one that has it already.
func (r *Reconciler[O, R]) precedes(one, other O, id RemoteID) bool {
	const has, created = 1, 2
	claim := func(object O) int {
		switch {
		case !slices.Contains(r.adapter.RemoteIDs(object), id) && r.adoptedID(object) != id.ID:
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

// resolveIntent sorts out annotations that some other object wrote: those of a copied manifest are
// ignored, those of a restored backup are settled with their own key, and those of another
// installation are a conflict.
func (r *Reconciler[O, R]) resolveIntent(ctx context.Context, s *state[O, R]) error {
	switch {
	case s.status.ID != "" && s.policy.AdoptID != "" && s.status.ID != s.policy.AdoptID && r.adoptedID(s.object) != s.policy.AdoptID:
		return &ConflictError{Message: fmt.Sprintf("spec.ticketID is %q, but this object manages the remote %s %q: delete this object and create a new one", s.policy.AdoptID, r.adapter.Noun(), s.status.ID)}
	case s.intent.key == "":
		return r.recoverIntent(ctx, s)
	case s.intent.key == s.ownKey:
		if err := r.returnBorrowed(ctx, s); err != nil {
			return err
		}
		return r.recoverAttempt(ctx, s)
	case s.policy.AdoptID != "":
		if s.status.ID != "" {
			s.intent = intent{}
		}
		return nil
	case s.intent.installation != r.Installation && !slices.Contains(r.FormerInstallations, s.intent.installation):
		return &ConflictError{Foreign: true, Message: fmt.Sprintf("the annotation %s names another installation (%s), which may have created a remote %s for this object: to take that one over, start the manager with --former-installations=%s; to create a new one, remove the annotation %s",
			v1alpha1.CreateRecordAnnotation, status.Truncate(s.intent.installation, 64), r.adapter.Noun(), status.Truncate(s.intent.installation, 64), v1alpha1.CreateKeyAnnotation)}
	}
	isCopy, err := r.isCopy(ctx, s)
	if err != nil || !isCopy {
		return err
	}
	return r.forgetCopied(ctx, s)
}

// isCopy reports whether another object has a better claim on the create key in the annotations:
// the one that the key was made for; or else, of several that were restored from one backup, one
// that has found its remote object, the older one, or, where that does not decide, either of them
// but always the same. The other one may have lost its own annotations meanwhile.
func (r *Reconciler[O, R]) isCopy(ctx context.Context, s *state[O, R]) (bool, error) {
	for _, indexed := range []string{s.intent.key, KeyLost} {
		others, err := r.others(ctx, s, "", IndexCreateKey, indexed)
		if err != nil {
			return false, err
		}
		for _, cached := range others {
			other, isObject := cached.(O)
			if !isObject || !hasBetterClaim(other, s.object, s.intent) {
				continue
			}
			if exists, err := r.stillExists(ctx, cached); err != nil || exists {
				return exists, err
			}
		}
	}
	return false, nil
}

// hasBetterClaim reports whether an object has a better claim than another on the key of an
// attempt, which that other one's annotations record.
func hasBetterClaim[O Object](one, other O, recorded intent) bool {
	own := CreateKey(recorded.installation, one.GetUID())
	return keyOf(one, own) == recorded.key && (own == recorded.key || restoredBefore(one, other))
}

// keyOf is the create key of an object, whether or not it has made an attempt: another one than its
// own where it was restored.
func keyOf[O Object](object O, own string) string {
	return cmp.Or(object.GetAnnotations()[v1alpha1.CreateKeyAnnotation], object.RemoteStatus().CreateKey, own)
}

// restoredBefore reports whether, of two objects with the annotations of a third one, the first has
// the better claim on its remote object.
func restoredBefore[O Object](one, other O) bool {
	found := func(object O) int {
		if object.RemoteStatus().ID != "" {
			return 0
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(found(one), found(other)),
		one.GetCreationTimestamp().Compare(other.GetCreationTimestamp().Time),
		cmp.Compare(one.GetUID(), other.GetUID()),
	) < 0
}

// forgetCopied takes from a copy all that it has of its original, the status included, which backup
// tools restore. It is written down before anything else: with the object's own key in the
// annotations, the status would be believed.
func (r *Reconciler[O, R]) forgetCopied(ctx context.Context, s *state[O, R]) error {
	s.intent = intent{}
	if s.status.ID == "" && s.status.SettledAttempt == 0 {
		return nil
	}
	s.emit(copiedEvent(r.adapter.Noun(), s.status.ID))
	r.clearRecorded(s)
	return r.writeForgotten(ctx, s)
}

// clearRecorded takes a remote object out of the status that is another object's, with all that
// goes with it.
func (r *Reconciler[O, R]) clearRecorded(s *state[O, R]) {
	r.clearRemote(s)
	s.status.SettledAttempt, s.status.OpenAttempt, s.status.CreateKey = 0, 0, ""
	if r.replacer != nil {
		*r.replacer.Replaced(s.object) = nil
	}
	if r.commenter != nil {
		*r.commenter.ClosingComment(s.object) = ""
	}
	if r.adopter != nil {
		*r.adopter.AdoptedID(s.object) = ""
	}
}

func (r *Reconciler[O, R]) writeForgotten(ctx context.Context, s *state[O, R]) error {
	if !s.object.GetDeletionTimestamp().IsZero() {
		return nil // nothing follows from it but that nothing is removed
	}
	return r.writeStatus(ctx, s)
}

// stillExists asks the API server for an object that the cache shows. A cache that is behind shows
// the object that a restored one has taken the place of, and would make the restored one a copy of
// it.
func (r *Reconciler[O, R]) stillExists(ctx context.Context, cached client.Object) (bool, error) {
	latest := r.adapter.New()
	err := r.APIReader.Get(ctx, client.ObjectKeyFromObject(cached), latest)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, &kubernetesError{fmt.Errorf("reading the %s %q: %w", r.adapter.Kind(), cached.GetName(), err)}
	}
	return latest.GetUID() == cached.GetUID(), nil
}

// ownerOf describes another live object of this kind that stands for a remote object that a search
// has found; empty where there is none.
func (r *Reconciler[O, R]) ownerOf(ctx context.Context, s *state[O, R], found Found[R]) (string, error) {
	taken := RemoteID{Place: s.place, ID: r.adapter.ID(&found.Remote)}
	others, err := r.others(ctx, s, s.place.Namespaces(s.name.Namespace), IndexRemoteID, taken.IndexValue())
	if err != nil {
		return "", err
	}
	for _, other := range others {
		other, isObject := other.(O)
		if !isObject {
			continue
		}
		if counts, err := r.counts(ctx, s, other, taken, found.Marked); err != nil || counts {
			return DescribeOther(s.object, other, r.adapter.Kind()), err
		}
	}
	return "", nil
}

// counts reports whether another object, which stands for a remote object or claims it, keeps this
// one from taking it. What a status says the operator has written. A claim stands in annotations,
// which everybody writes who may edit the object, so one of another namespace counts only where
// that is admitted. And a provider that was reset gives an ID again that an older object has: what
// carries the key of this one's attempt is not what that object had.
func (r *Reconciler[O, R]) counts(ctx context.Context, s *state[O, R], other O, id RemoteID, marked bool) (bool, error) {
	if marked && keyOf(other, CreateKey(r.Installation, other.GetUID())) != s.intent.key && !r.adapter.ShowsKey(other, s.intent.key) {
		return false, nil
	}
	isRecorded := other.RemoteStatus().ID != "" && r.adapter.RemoteIDs(other)[0] == id
	if isRecorded || other.GetNamespace() == s.name.Namespace {
		return true, nil
	}
	return r.admits(ctx, id.Place, other.GetNamespace())
}

// Namespaces is where objects are that may stand for the same remote objects as those of a
// namespace: the namespace, or, empty, all of them where they share a ClusterIntegration.
func (p Place) Namespaces(namespace string) string {
	return connection.NameOf(namespace, p.Integration).Namespace
}

// DescribeOther names another object of a kind in a message of an object. One of another namespace
// is not named: nothing of it is shown there.
func DescribeOther(object, other client.Object, kind string) string {
	if other.GetNamespace() != object.GetNamespace() {
		return fmt.Sprintf("a %s of another namespace", kind)
	}
	return fmt.Sprintf("the %s %q", kind, other.GetName())
}

// others are the other objects of the kind with a value of an index, in the namespace, or in all
// that the manager watches where it is empty. They are the cache's own and must not be changed.
func (r *Reconciler[O, R]) others(ctx context.Context, s *state[O, R], namespace, index, value string) ([]client.Object, error) {
	list, indexed := r.adapter.NewList(), value
	has := func(client.Object) bool { return true }
	switch index {
	case IndexCreateKey:
		indexed, has = Bucket(value), func(other client.Object) bool {
			object, is := other.(O)
			return is && slices.Contains(createKeyIndex(object), value)
		}
	case IndexRemoteID:
		indexed, has = Bucket(value), func(other client.Object) bool {
			object, is := other.(O)
			return is && slices.Contains(RemoteIDIndex(r.adapter.RemoteIDs(object)), value)
		}
	}
	var others []client.Object
	// Nearly every reconcile asks.
	err := lister.EachMatching(ctx, r.Client, list, namespace, index, indexed, func(other client.Object) {
		if other.GetUID() != s.object.GetUID() && has(other) {
			others = append(others, other)
		}
	})
	if err != nil {
		return nil, &kubernetesError{fmt.Errorf("looking for other objects of the kind %s: %w", r.adapter.Kind(), err)}
	}
	return others, nil
}
