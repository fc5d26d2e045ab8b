// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// updateConditions writes what a reconcile came to into the conditions, and emits an Event where
// that is new.
func (r *Reconciler[O, R]) updateConditions(s *state[O, R], result outcome) {
	r.judge(s)
	unsynced := s.status.ID == "" || len(r.adapter.Diff(s.object)) > 0
	before := meta.FindStatusCondition(s.stored.RemoteStatus().Conditions, v1alpha1.ConditionReady)
	drifted := r.drifted(s)
	switch {
	case result.reason != v1alpha1.ReasonSynced:
	case s.policy.Observe:
		result.message = "the remote " + r.adapter.Noun() + " is only observed; nothing is written to it"
		unsynced = false
	case len(drifted) > 0:
		result.message = "the spec has been applied to the remote " + r.adapter.Noun() + "; fields that were changed remotely since then: " + strings.Join(drifted, ", ")
	}
	if result.stalled {
		s.status.LastSyncRequest = s.syncRequest()
	}
	writeConditions(s.status, result, s.object.GetGeneration(), r.Clock.Now(), r.synced(s, result, unsynced))
	if before == nil || before.Reason != result.reason || before.Message != status.Truncate(result.message, status.MaxMessage) {
		s.emitConditionEvent(result)
	}
}

// writeConditions writes an outcome into the conditions Ready and Stalled, and another one, unless
// it is nil, into Synced.
func writeConditions(into *v1alpha1.RemoteObjectStatus, result outcome, generation int64, now time.Time, synced *outcome) {
	status.SetReady(&into.Conditions, result.summary(), generation, now)
	if synced != nil {
		status.SetCondition(&into.Conditions, v1alpha1.ConditionSynced, synced.status, synced.reason, synced.message, generation, now)
	}
	status.SetStalled(&into.Conditions, result.summary(), generation, now)
	into.ObservedGeneration = max(into.ObservedGeneration, generation)
}

// synced is the Synced condition, or nil for a kind that has none.
func (r *Reconciler[O, R]) synced(s *state[O, R], result outcome, unsynced bool) *outcome {
	switch {
	case r.patcher == nil:
		return nil
	case unsynced:
		return &outcome{status: metav1.ConditionFalse, reason: result.reason, message: result.message}
	case s.policy.Enforce && len(r.drifted(s)) > 0:
		return &outcome{status: metav1.ConditionFalse, reason: v1alpha1.ReasonDrifted, message: r.writingBack(s)}
	}
	return &outcome{status: metav1.ConditionTrue, reason: v1alpha1.ReasonSynced, message: "the latest generation of the spec has been applied"}
}

// writingBack says what Enforce is about to do.
func (r *Reconciler[O, R]) writingBack(s *state[O, R]) string {
	return fmt.Sprintf("the remote %s was changed; managementPolicy Enforce restores the values of the spec for: %s", r.adapter.Noun(), strings.Join(r.drifted(s), ", "))
}
