// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"cmp"
	"context"
	"errors"
	"math"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// finish turns the end of a reconcile into conditions, one status write, Events, and the time of
// the next attempt.
func (r *Reconciler[O, R]) finish(ctx context.Context, s *state[O, R], err error) (ctrl.Result, error) {
	var pause *pauseError
	var kubernetes *kubernetesError
	var metadata *metadataError
	var expiring *expiringError
	var unconfirmed *UnconfirmedError
	longest := time.Duration(math.MaxInt64)
	if errors.As(err, &expiring) {
		longest = expiring.remaining
	}
	switch {
	case s.finalizerRemoved:
		r.forget(ctrl.Request{NamespacedName: s.name})
		s.publish(r.Recorder)
		return ctrl.Result{RequeueAfter: s.requeueAfter}, nil
	case errors.Is(err, errNothingNew):
		return r.finishEarly(ctx, s, requeue(0, longest))
	case errors.As(err, &pause):
		return r.finishEarly(ctx, s, requeue(pause.remaining, longest))
	case errors.Is(err, connection.ErrInterrupted) && !errors.As(err, &unconfirmed):
		return r.finishEarly(ctx, s, requeue(connection.AfterInterruption, longest))
	case apierrors.IsConflict(err), errors.Is(err, errCacheBehind):
		// The cache was stale. The watch brings the newer object; this is for the case that it
		// brought it before the write failed.
		return ctrl.Result{RequeueAfter: time.Second}, nil
	case errors.As(err, &metadata) && status.IsRefusedWrite(err):
		// The status can be written, perhaps, and says it.
	case errors.As(err, &kubernetes):
		return r.failedWrite(ctx, s, err)
	}

	s.recordMissing(err)
	s.recordOpenAttempt()
	result := outcomeOf(err, !s.object.GetDeletionTimestamp().IsZero(), r.adapter.Noun())
	r.explainRefusal(s, &result)
	r.judgeWait(s, &result)
	if result.retry == retryHold {
		result.retry, result.after = retryAfter, s.hold()
	}
	result.silent = result.silent || s.alreadyWaits(err, result.message)
	if !result.silent || r.announceWait(s, &result) {
		r.updateConditions(s, result)
	}
	becameNotReady := s.becameNotReady()
	if err := r.writeStatusAndEvents(ctx, s); err != nil {
		return r.failedWrite(ctx, s, err)
	}
	if becameNotReady {
		logNotReady(ctx, s, result.reason)
	}
	if result.recheckConnection && s.connection != nil {
		r.Connections.RequestRecheck(s.connection)
	}
	if err == nil {
		r.retries.succeeded(s.name)
		return ctrl.Result{RequeueAfter: r.untilExpiry(s)}, nil
	}
	if result.lookAgain > 0 {
		longest = min(longest, result.lookAgain)
	}
	return requeue(r.retries.failed(s.name, s.inputs, result), longest), nil
}

// recordMissing keeps that the provider does not have the remote object.
func (s *state[O, R]) recordMissing(err error) {
	var missing *MissingError
	if !errors.As(err, &missing) {
		return
	}
	missing.Named, missing.Adopted = missing.ID == s.policy.AdoptID, s.status.ID != ""
	if missing.ID == s.status.ID {
		s.status.Missing, s.answered = true, true
	}
}

// hold is how long the connection takes no requests: one of them was answered with 429.
func (s *state[O, R]) hold() time.Duration {
	if s.connection == nil {
		return time.Second
	}
	return max(s.connection.HeldFor(), time.Second)
}

// alreadyWaits reports whether the object says already that it waits, and nothing is gained by
// saying it in other words: while its Integration is checked anew, and while the provider does not
// answer, of which each failure has another text. So an outage is one write of each object when it
// begins, and one when it ends. That a wait has become a long one is worth another write.
func (s *state[O, R]) alreadyWaits(err error, message string) bool {
	var notReady *connection.NotReadyError
	ready := meta.FindStatusCondition(s.status.Conditions, v1alpha1.ConditionReady)
	switch {
	case !errors.As(err, &notReady) || !s.object.GetDeletionTimestamp().IsZero() || ready == nil || ready.Status != metav1.ConditionFalse || ready.ObservedGeneration != s.object.GetGeneration():
		return false
	case status.HasLasted(message) != status.HasLasted(ready.Message):
		return false
	case notReady.Reason == "":
		return true
	case notReady.Reason != v1alpha1.ReasonUnreachable:
		return false
	}
	switch ready.Reason {
	case v1alpha1.ReasonRemoteUnavailable, v1alpha1.ReasonCreateUnconfirmed:
		return true
	case v1alpha1.ReasonWaitingForIntegration:
		return strings.HasPrefix(ready.Message, notReady.Cause())
	}
	return false
}

// announceWait tells the owner of an object once that its turn will come: when it waits for the
// request budget and nothing has been said about that yet.
func (r *Reconciler[O, R]) announceWait(s *state[O, R], result *outcome) bool {
	ready := meta.FindStatusCondition(s.status.Conditions, v1alpha1.ConditionReady)
	switch {
	case result.reason != "" && result.reason != v1alpha1.ReasonDeleting:
		return false // It does not wait for the budget.
	case !s.object.GetDeletionTimestamp().IsZero() && (ready == nil || ready.Reason != v1alpha1.ReasonDeleting):
		result.reason = v1alpha1.ReasonDeleting
		result.message = cmp.Or(result.message, "the remote "+r.adapter.Noun()+" will be "+r.adapter.Removed()+"; the request waits for the rateLimit of the Integration")
	case ready == nil:
		result.reason, result.message = v1alpha1.ReasonCreating, "the remote "+r.adapter.Noun()+" will be created; the request waits for the rateLimit of the Integration"
	case s.policy.Enforce && ready.Reason != v1alpha1.ReasonDrifted && len(r.drifted(s)) > 0:
		result.reason, result.message = v1alpha1.ReasonDrifted, r.writingBack(s)+"; the request waits for the rateLimit of the Integration"
	default:
		return false
	}
	result.status = metav1.ConditionFalse
	return true
}

// requeue comes back after a pause, or never where it is zero, but not later than after longest.
func requeue(pause, longest time.Duration) ctrl.Result {
	if pause == 0 && longest == math.MaxInt64 {
		return ctrl.Result{}
	}
	if pause == 0 {
		pause = longest
	}
	return ctrl.Result{RequeueAfter: min(pause, longest)}
}

// finishEarly ends a reconcile that may not send anything now. What it has learned without sending
// is written down all the same; the conditions stay.
func (r *Reconciler[O, R]) finishEarly(ctx context.Context, s *state[O, R], result ctrl.Result) (ctrl.Result, error) {
	if err := r.writeStatusAndEvents(ctx, s); err != nil {
		return r.failedWrite(ctx, s, err)
	}
	return result, nil
}

// writeStatusAndEvents writes the status and then tells of what has changed.
func (r *Reconciler[O, R]) writeStatusAndEvents(ctx context.Context, s *state[O, R]) error {
	if err := r.writeStatus(ctx, s); err != nil {
		return err
	}
	s.publish(r.Recorder)
	if s.updateSettled {
		r.updates.settled(s.name, s.object.GetUID())
	}
	if s.observation != nil && (!s.needsRefresh || s.answered) {
		r.doneWithObservation(s)
	}
	return nil
}

// failedWrite ends a reconcile whose write has failed. Where the cache was stale it is repeated
// without a word. A status that the API server refuses cannot say so itself, so an Event does, and
// no further request is sent before the pause is over.
func (r *Reconciler[O, R]) failedWrite(ctx context.Context, s *state[O, R], err error) (ctrl.Result, error) {
	var refused *statusError
	switch {
	case apierrors.IsConflict(err), errors.As(err, &refused) && apierrors.IsNotFound(err):
		return ctrl.Result{RequeueAfter: time.Second}, nil
	case !errors.As(err, &refused) || !status.IsRefusedWrite(err):
		return ctrl.Result{}, err
	}
	if told, known := r.refusedStatus.Swap(s.name, err.Error()); !known || told != err.Error() {
		log.FromContext(ctx).Error(err, "the API server refuses the status")
		s.events = []event{statusRefusedEvent(err)}
		s.publish(r.Recorder)
	}
	return requeue(r.retries.failed(s.name, s.inputs, outcome{retry: retryBackoff}), math.MaxInt64), nil
}

// untilExpiry is how long it is until the object is removed; zero for never.
func (r *Reconciler[O, R]) untilExpiry(s *state[O, R]) time.Duration {
	expires := r.expiresAt(s)
	if expires.IsZero() {
		return 0
	}
	return max(expires.Sub(r.Clock.Now()), time.Millisecond)
}
