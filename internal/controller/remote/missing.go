// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

// requiredNotFounds is how many times the provider must say that a remote object does not exist,
// the last of them after the settle period, before another one is created. Providers answer 404 for
// a while for other reasons as well: a permission that was taken away, a search node that is
// behind.
const requiredNotFounds = 2

// handleMissing decides what becomes of an object whose remote object is not there, where the spec
// asks for another one.
func (r *Reconciler[O, R]) handleMissing(ctx context.Context, s *state[O, R], missing *MissingError) error {
	observed := r.missingObjects.observe(s.name, s.object.GetUID(), s.status.ID)
	remaining := observed.since.Add(connection.SettlePeriod(s.connection.Integration)).Sub(r.Clock.Now())
	if remaining > 0 || observed.count < requiredNotFounds {
		missing.LookAgain = max(remaining, time.Second)
		return missing
	}
	if err := r.adapter.ConfirmMissing(ctx, s.call(s.status.ID)); err != nil {
		return fmt.Errorf("confirming that the remote %s %q is missing: %w", r.adapter.Noun(), s.status.ID, err)
	}
	r.missingObjects.forget(s.name)
	return r.forgetRemote(ctx, s, "onRemoteMissing Recreate")
}

// forgetRemote forgets a remote object that is missing, so that another one is created. That is
// written down first: after a crash, an attempt to create the new one must not be taken for
// something that belongs to the old one.
func (r *Reconciler[O, R]) forgetRemote(ctx context.Context, s *state[O, R], asks string) error {
	s.emit(recreatingEvent(r.adapter.Noun(), s.status.ID, asks))
	r.clearRemote(s)
	r.updateConditions(s, outcome{
		status: metav1.ConditionFalse, reason: v1alpha1.ReasonCreating, silent: true,
		message: "the remote " + r.adapter.Noun() + " is missing; a new one will be created",
	})
	return r.persist(ctx, s)
}

// missingObjects is what this process knows of remote objects that are missing. It is lost with the
// process, and then the settle period starts anew.
type missingObjects struct {
	clock clock.Clock
	mu    sync.Mutex
	open  map[types.NamespacedName]missingObject
}

type missingObject struct {
	uid types.UID
	id  string
	// since is when it was first missed, and count how often it was.
	since time.Time
	count int
}

func newMissingObjects(clk clock.Clock) *missingObjects {
	return &missingObjects{clock: clk, open: map[types.NamespacedName]missingObject{}}
}

// observe counts that a remote object was missing once more.
func (a *missingObjects) observe(name types.NamespacedName, uid types.UID, id string) missingObject {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.open[name]
	if known.uid != uid || known.id != id {
		known = missingObject{uid: uid, id: id, since: a.clock.Now()}
	}
	known.count++
	a.open[name] = known
	return known
}

func (a *missingObjects) forget(name types.NamespacedName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, name)
}

// serveCreateAgain serves a person's decision to create again: an attempt that cannot be confirmed
// counts as failed, and a remote object that is missing is forgotten. That it was served is written
// down before anything follows from it: a decision that stands in a manifest for ever must not be
// served once more after a crash, to an attempt that it was not about.
func (r *Reconciler[O, R]) serveCreateAgain(ctx context.Context, s *state[O, R]) error {
	decision := s.annotation(v1alpha1.CreateAgainAnnotation)
	if decision == "" || decision == s.status.LastCreateAgain {
		return nil
	}
	s.status.LastCreateAgain = decision
	switch {
	case s.attemptOpen():
		s.settleAttempt()
		r.attempts.forget(s.name)
	case s.isMissing() && s.policy.AdoptID == "" && s.object.GetDeletionTimestamp().IsZero():
		return r.forgetRemote(ctx, s, "the annotation "+v1alpha1.CreateAgainAnnotation)
	}
	return r.writeServedDecision(ctx, s)
}

// writeServedDecision writes down that a decision was served. Where the cache was stale it fails,
// and nothing follows from a decision that may have been served already.
func (r *Reconciler[O, R]) writeServedDecision(ctx context.Context, s *state[O, R]) error {
	return r.writeStatus(ctx, s)
}
