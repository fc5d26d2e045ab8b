// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package query

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// longestSyncRequest is the longest value of lastSyncRequest, in characters.
const longestSyncRequest = 1024

// outcome is what a reconcile came to.
type outcome struct {
	status.Summary
	// found is what the query has found; nil where there was none, or it failed.
	found *result
	// answered: the provider has answered the latest request of a person.
	answered bool
	// silent: nothing is worth telling, and expected: it is, and nothing is wrong.
	silent, expected bool
	// again is when to look again; zero for never.
	again time.Duration
	// inputs are what the answer of the provider rests on; empty where it was not asked.
	inputs string
}

// rewriteDelay is the pause after a status could not be written. What was found is lost then, and
// to ask for it again at once would be to ask as often as the write fails.
const rewriteDelay = 30 * time.Second

func succeeded(found result, inputs string, again time.Duration) outcome {
	reason := v1alpha1.ReasonCounted
	if !found.isExact {
		reason = v1alpha1.ReasonCountNotExact
	}
	return outcome{
		Summary: status.Summary{Ready: metav1.ConditionTrue, Reason: reason, Message: found.message},
		found:   &found, answered: true, expected: true, again: again, inputs: inputs,
	}
}

func paused() outcome {
	return outcome{expected: true, Summary: status.Summary{
		Ready: metav1.ConditionUnknown, Reason: v1alpha1.ReasonPaused, Message: status.PausedMessage,
	}}
}

// failed says what a failure means for a query, and has its connection checked where that may be to
// blame.
func (r *Reconciler) failed(query *v1alpha1.TicketQuery, inputs string, err error, open *connection.Connection) outcome {
	failure := r.looks.Failed(client.ObjectKeyFromObject(query), inputs, err, open)
	if failure.Recheck && open != nil {
		r.Connections.RequestRecheck(open)
	}
	// A refusal is an answer: nobody has to wait for another one.
	ended := outcome{Summary: failure.Summary, silent: failure.Silent, answered: failure.Stalled, again: failure.Again, inputs: inputs}
	if failure.Reason != v1alpha1.ReasonWaitingForIntegration {
		return ended
	}
	before := meta.FindStatusCondition(query.Status.Conditions, v1alpha1.ConditionReady)
	var remaining time.Duration
	ended.Message, ended.expected, remaining = status.Wait(before, failure.Reason, failure.Message, r.Clock.Now())
	if remaining > 0 {
		ended.again = remaining
	}
	return ended
}

// finish writes the status, where something in it has changed, and tells of that.
func (r *Reconciler) finish(ctx context.Context, query *v1alpha1.TicketQuery, ended outcome) (ctrl.Result, error) {
	changed := query.DeepCopy()
	if !ended.silent {
		r.record(changed, ended)
	}
	again := ctrl.Result{RequeueAfter: ended.again}
	if status.IsUnchanged(query, changed) {
		return again, nil
	}
	err := r.Client.Status().Patch(ctx, changed, client.MergeFromWithOptions(query, client.MergeFromWithOptimisticLock{}))
	switch {
	case apierrors.IsNotFound(err):
		return ctrl.Result{}, nil
	case apierrors.IsConflict(err):
		r.looks.Forget(client.ObjectKeyFromObject(query))
		return ctrl.Result{RequeueAfter: conflictDelay}, nil
	case err != nil && ended.inputs != "":
		log.FromContext(ctx).Error(err, "writing the status of the TicketQuery")
		r.looks.Pause(client.ObjectKeyFromObject(query), ended.inputs, rewriteDelay)
		return ctrl.Result{RequeueAfter: rewriteDelay}, nil
	case err != nil:
		return ctrl.Result{}, fmt.Errorf("writing the status of the TicketQuery: %w", err)
	}
	r.tell(query, changed, ended)
	return again, nil
}

// record puts an outcome into the status. What was found for another spec, or is refused now, is
// not shown any more.
func (r *Reconciler) record(query *v1alpha1.TicketQuery, ended outcome) {
	to := &query.Status
	now := r.Clock.Now()
	switch {
	case ended.found != nil:
		if ended.found.record(to) {
			to.LastChange = &metav1.Time{Time: now.Truncate(time.Second)}
		}
	case to.ObservedGeneration != query.Generation || ended.Stalled:
		to.Count, to.CountIsExact, to.Tickets, to.LastChange = nil, nil, nil, nil
	}
	if ended.answered {
		to.LastSyncRequest = syncRequest(query)
	}
	status.SetReady(&to.Conditions, ended.Summary, query.Generation, now)
	status.SetStalled(&to.Conditions, ended.Summary, query.Generation, now)
	to.ObservedGeneration = query.Generation
}

// tell emits an Event where Ready has another reason than before, or a wait has begun to last. The
// first count, and a change of it, is none: the status shows it.
func (r *Reconciler) tell(before, after *v1alpha1.TicketQuery, ended outcome) {
	ready := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionReady)
	if ended.silent || ready == nil && ended.found != nil || ready != nil && ready.Reason == ended.Reason && status.HasLasted(ready.Message) == status.HasLasted(ended.Message) {
		return
	}
	kind := corev1.EventTypeNormal
	if !ended.expected {
		kind = corev1.EventTypeWarning
	}
	r.Recorder.Eventf(after, nil, kind, ended.Reason, "Query", "%s", status.Truncate(ended.Message, 900))
}
