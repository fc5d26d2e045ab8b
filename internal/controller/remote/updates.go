// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

// An update is open from the moment at which its request is sent until its outcome is in the
// status: the answer may get lost, or the process may end before the status is written. Meanwhile
// somebody may change the same field, and an update that was sent again would undo that. So the
// remote object is looked at first, and settleUpdate tells from what it shows what the outcome was.

// updates is what this process knows of the updates of its objects. Of an object that it knows
// nothing about, an update of an earlier process may be open.
type updates struct {
	mu      sync.Mutex
	objects map[types.NamespacedName]*updatesOf
}

type updatesOf struct {
	uid  types.UID
	open bool
	// values are, per field, the hashes of what open updates have sent, each with the hash of what
	// the provider answered, which is empty where no answer came.
	values map[string]map[string]string
}

func newUpdates() *updates {
	return &updates{objects: map[types.NamespacedName]*updatesOf{}}
}

// of returns what is known of the updates of an object. known is false where an earlier process may
// have left one open.
func (u *updates) of(name types.NamespacedName, uid types.UID) (latest updatesOf, known bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	recorded := u.objects[name]
	if recorded == nil || recorded.uid != uid {
		return updatesOf{}, false
	}
	latest = *recorded
	latest.values = map[string]map[string]string{}
	for field, values := range recorded.values {
		latest.values[field] = maps.Clone(values)
	}
	return latest, true
}

// sent notes that an update is about to be sent, and answered what came back, both as hashes per
// field.
func (u *updates) sent(name types.NamespacedName, uid types.UID, fields map[string]string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	recorded := u.objects[name]
	if recorded == nil || recorded.uid != uid {
		recorded = &updatesOf{uid: uid}
		u.objects[name] = recorded
	}
	recorded.open = true
	for field, hash := range fields {
		recorded.add(field, hash, "")
	}
}

func (u *updates) answered(name types.NamespacedName, fields, shown map[string]string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if recorded := u.objects[name]; recorded != nil && recorded.open {
		for field, hash := range fields {
			recorded.add(field, hash, shown[field])
		}
	}
}

func (o *updatesOf) add(field, sent, answer string) {
	if o.values == nil {
		o.values = map[string]map[string]string{}
	}
	if o.values[field] == nil {
		o.values[field] = map[string]string{}
	}
	o.values[field][sent] = answer
}

// settled notes that no update is open: the outcome of the latest one is in the status.
func (u *updates) settled(name types.NamespacedName, uid types.UID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.objects[name] = &updatesOf{uid: uid}
}

func (u *updates) forget(name types.NamespacedName) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.objects, name)
}

// updateOpen reports whether an update may have been sent whose outcome is not in the status. Under
// Enforce that makes no difference: what people change in managed fields is written over anyway.
func (r *Reconciler[O, R]) updateOpen(s *state[O, R]) bool {
	if s.updateSettled || s.status.ID == "" || r.patcher == nil || s.policy.Observe || s.policy.Enforce {
		return false
	}
	latest, known := r.updates.of(s.name, s.object.GetUID())
	if !known {
		return len(r.adapter.Diff(s.object)) > 0
	}
	return latest.open
}

// settleUpdate tells from the remote object, as fetched just now, what became of an open update.
// Per field: what the update has sent, or its answer, is applied. What was there before, or was
// sent by an earlier update, is written once more. Anything else somebody has set since, and it
// stays.
func (r *Reconciler[O, R]) settleUpdate(s *state[O, R], remote *R) {
	if !r.updateOpen(s) {
		return
	}
	s.updateSettled = true
	latest, _ := r.updates.of(s.name, s.object.GetUID())
	wanted, shown := r.adapter.Fields(s.object), r.adapter.RemoteFields(s.object, remote)
	applied, returned := cloned(s.status.Applied), cloned(s.status.Returned)
	var kept []string
	for _, field := range union(r.adapter.Diff(s.object), slices.Collect(maps.Keys(latest.values))) {
		want, managed := wanted[field]
		now, readable := shown[field]
		switch {
		case !managed || !readable:
		case now == want || now == latest.values[field][want] || r.adapter.Shows(s.object, remote, field):
			applied[field], returned[field] = want, now
		case latest.ours(field, now):
			delete(applied, field)
		case applied[field] == want || !r.changedSince(s, remote, field, now):
		default:
			// As if the update had been answered literally, and the field been changed afterwards.
			applied[field], returned[field] = want, want
			kept = append(kept, field)
		}
	}
	s.status.Applied, s.status.Returned = applied, returned
	if len(kept) > 0 && r.adapter.Drift(s.object) == nil {
		s.emit(changedRemotelyEvent(r.adapter.Noun(), r.adapter.ID(remote), kept, false))
	}
}

// ours reports whether an open update has sent a value, or was answered with it.
func (o updatesOf) ours(field, hash string) bool {
	for sent, answer := range o.values[field] {
		if hash == sent || hash == answer {
			return true
		}
	}
	return false
}

// changedSince reports whether a field has another value than before the open update. Where that
// value is not known, it has not.
func (r *Reconciler[O, R]) changedSince(s *state[O, R], remote *R, field, now string) bool {
	before, known := s.status.Returned[field]
	drift := r.adapter.Drift(s.object)
	if drift == nil || (known && !slices.Contains(*drift, field)) {
		return known && before != now
	}
	_, changed := r.adapter.Change(s.object, remote, field)
	return changed && before != now
}

// patch sends an update and keeps in memory that it is open.
func (r *Reconciler[O, R]) patch(ctx context.Context, s *state[O, R], fields []string) (*R, error) {
	wanted := r.adapter.Fields(s.object)
	maps.DeleteFunc(wanted, func(field, _ string) bool { return !slices.Contains(fields, field) })
	latest, known := r.updates.of(s.name, s.object.GetUID())
	noneOpen := s.updateSettled || (known && !latest.open)
	r.updates.sent(s.name, s.object.GetUID(), wanted)
	s.updateSettled = false
	remote, err := r.loggedPatch(ctx, s, fields)
	switch {
	case err == nil:
		r.updates.answered(s.name, wanted, r.adapter.RemoteFields(s.object, remote))
		s.updateSettled = true
	case noneOpen && synqly.CommitmentOf(err) == synqly.NotCommitted:
		s.updateSettled = true
	}
	return remote, err
}

// rememberInSync notes that no update of an earlier process is open: of one the object would show a
// difference.
func (r *Reconciler[O, R]) rememberInSync(s *state[O, R]) {
	if _, known := r.updates.of(s.name, s.object.GetUID()); !known {
		s.updateSettled = true
	}
}

func cloned(hashes map[string]string) map[string]string {
	if hashes == nil {
		return map[string]string{}
	}
	return maps.Clone(hashes)
}
