// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// The log has a line for each remote write and for each change to not Ready, and none for an object
// in sync. It names IDs, durations and reasons; what a ticket or an answer says is in the
// conditions, for those who may read the object.

// logged makes a remote write, which returns the ID of the remote object, and logs what came of it.
func (r *Reconciler[O, R]) logged(ctx context.Context, s *state[O, R], operation string, write func() (string, error)) error {
	begin := r.Clock.Now()
	id, err := write()
	r.logWrite(ctx, s, operation, id, r.Clock.Since(begin), err)
	return err
}

// loggedPatch writes fields of the remote object in place. Where it has their values already,
// nothing is sent, and nothing is logged.
func (r *Reconciler[O, R]) loggedPatch(ctx context.Context, s *state[O, R], fields []string) (*R, error) {
	begin, seen := r.Clock.Now(), s.seen
	remote, err := r.patcher.Patch(ctx, s.call(s.status.ID), fields)
	if err != nil || remote != seen {
		r.logWrite(ctx, s, "update the "+r.adapter.Noun(), s.status.ID, r.Clock.Since(begin), err)
	}
	return remote, err
}

func (r *Reconciler[O, R]) logWrite(ctx context.Context, s *state[O, R], operation, id string, duration time.Duration, err error) {
	outcome := "done"
	if err != nil {
		outcome = "failed"
	}
	values := []any{"integration", s.place.Integration, "operation", operation, "remoteID", id, "outcome", outcome, "duration", duration.String()}
	if s.place.TicketID != "" {
		values = append(values, "ticketID", s.place.TicketID)
	}
	log.FromContext(ctx).Info("remote write", values...)
}

// logNotReady tells that the object is not Ready, for a reason that is not the one before.
func logNotReady[O Object, R any](ctx context.Context, s *state[O, R], reason string) {
	log.FromContext(ctx).Info("not ready", "integration", s.place.Integration, "remoteID", s.status.ID, "reason", reason)
}

// becameNotReady reports whether the object is not Ready for another reason than before.
func (s *state[O, R]) becameNotReady() bool {
	before := meta.FindStatusCondition(s.stored.RemoteStatus().Conditions, v1alpha1.ConditionReady)
	now := meta.FindStatusCondition(s.status.Conditions, v1alpha1.ConditionReady)
	return now != nil && now.Status != metav1.ConditionTrue && (before == nil || before.Reason != now.Reason)
}
