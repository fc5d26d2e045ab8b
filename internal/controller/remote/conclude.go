// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"math"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

// conclude turns the end of a reconcile into conditions, one status write, Events,
// and the time of the next attempt.
func (r *Reconciler[O, R]) conclude(ctx context.Context, p *pass[O, R], err error) (ctrl.Result, error) {
	var pause *pauseError
	var kubernetes *kubernetesError
	var expiring *expiringError
	longest := time.Duration(math.MaxInt64)
	if errors.As(err, &expiring) {
		longest = expiring.remaining
	}
	switch {
	case p.released:
		r.forget(ctrl.Request{NamespacedName: p.name})
		p.publish(r.Recorder)
		return ctrl.Result{RequeueAfter: p.returnAfter}, nil
	case errors.Is(err, errNothingNew):
		return requeue(0, longest), nil
	case errors.As(err, &pause):
		return requeue(pause.remaining, longest), nil
	case apierrors.IsConflict(err):
		// The cache was stale. The watch brings the newer object; this is for the
		// case that it brought it before the write failed.
		return ctrl.Result{RequeueAfter: time.Second}, nil
	case errors.As(err, &kubernetes):
		return ctrl.Result{}, err
	}

	result := outcomeOf(err, !p.object.GetDeletionTimestamp().IsZero(), r.adapter.Noun())
	if !result.silent || r.firstNews(p, &result) {
		r.setConditions(p, result)
	}
	switch err := r.writeStatus(ctx, p); {
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
		return ctrl.Result{RequeueAfter: time.Second}, nil
	case err != nil:
		return ctrl.Result{}, err
	}
	p.publish(r.Recorder)
	if result.doubtConnection && p.connection != nil {
		r.Connections.Doubt(p.connection)
	}
	if err == nil {
		r.retries.succeeded(p.name)
		return ctrl.Result{RequeueAfter: r.nextLook(ctx, p)}, nil
	}
	return requeue(r.retries.failed(p.name, p.basis, result), longest), nil
}

// firstNews tells the owner of an object once that its turn will come: when it waits
// for the request budget and nothing has been said about it yet.
func (r *Reconciler[O, R]) firstNews(p *pass[O, R], result *outcome) bool {
	ready := meta.FindStatusCondition(p.status.Conditions, v1alpha1.ConditionReady)
	switch {
	case !p.object.GetDeletionTimestamp().IsZero() && (ready == nil || ready.Reason != v1alpha1.ReasonDeleting):
		result.reason, result.message = v1alpha1.ReasonDeleting, "the remote "+r.adapter.Noun()+" is about to be removed; requests of the Integration wait for its rateLimit"
	case ready == nil:
		result.reason, result.message = v1alpha1.ReasonCreating, "the remote "+r.adapter.Noun()+" is about to be created; requests of the Integration wait for its rateLimit"
	default:
		return false
	}
	result.status = metav1.ConditionFalse
	return true
}

// requeue comes back after a pause, or never where it is zero, but not later than
// after longest.
func requeue(pause, longest time.Duration) ctrl.Result {
	if pause == 0 && longest == math.MaxInt64 {
		return ctrl.Result{}
	}
	if pause == 0 {
		pause = longest
	}
	return ctrl.Result{RequeueAfter: min(pause, longest)}
}

// nextLook is when an object that is only observed is looked at again.
func (r *Reconciler[O, R]) nextLook(ctx context.Context, p *pass[O, R]) time.Duration {
	if !p.policy.Observe || p.status.ID == "" {
		return 0
	}
	integration, err := r.integration(ctx, p, p.status.Integration)
	if err != nil {
		// Its return wakes only what is not Ready, so the defaults have to do.
		integration = &v1alpha1.Integration{}
	}
	return r.looks.schedule(p.name, connection.PollInterval(integration))
}
