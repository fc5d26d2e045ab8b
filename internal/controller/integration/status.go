// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// writeStatus writes the status if it has changed, and tells of a change of the Ready condition in
// an Event.
func (r *Reconciler) writeStatus(ctx context.Context, stored, integration *v1alpha1.Integration, found health) error {
	now := metav1.NewTime(r.Clock.Now()).Rfc3339Copy()
	before := meta.FindStatusCondition(stored.Status.Conditions, v1alpha1.ConditionReady)
	expected := found.status == metav1.ConditionTrue || found.reason == v1alpha1.ReasonPaused
	if found.reason == v1alpha1.ReasonSecretNotFound {
		// A Secret that is applied together with the Integration is there within seconds.
		found.message, expected, _ = status.Wait(before, found.reason, found.message, now.Time)
	}
	summary := status.Summary{Ready: found.status, Reason: found.reason, Message: found.message, Stalled: found.stalled}
	status.SetReady(&integration.Status.Conditions, summary, integration.Generation, now.Time)
	status.SetStalled(&integration.Status.Conditions, summary, integration.Generation, now.Time)
	integration.Status.ObservedGeneration = integration.Generation
	if status.IsUnchanged(stored, integration) {
		r.wrote(client.ObjectKeyFromObject(integration), found)
		return nil
	}
	integration.Status.LastProbeTime = &now
	patch := client.MergeFromWithOptions(stored, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Status().Patch(ctx, integration.DeepCopy(), patch); err != nil {
		return fmt.Errorf("writing the status of the Integration: %w", err)
	}
	r.wrote(client.ObjectKeyFromObject(integration), found)
	if stored.Status.MarkerTags != integration.Status.MarkerTags && integration.Status.MarkerTags == v1alpha1.MarkerTagsDropped {
		r.Recorder.Eventf(integration, nil, corev1.EventTypeWarning, "TagsDropped", "Create", "the provider does not keep the tags by which the operator finds its tickets: a ticket whose creation is not confirmed is searched for by name and creation time")
	}
	if found.status != metav1.ConditionTrue && (before == nil || before.Reason != found.reason) {
		log.FromContext(ctx).Info("not ready", "reason", found.reason)
	}
	if before == nil || before.Reason != found.reason || found.reason == v1alpha1.ReasonSecretNotFound && before.Message != found.message {
		kind := corev1.EventTypeNormal
		if !expected {
			kind = corev1.EventTypeWarning
		}
		r.Recorder.Eventf(integration, nil, kind, found.reason, "Check", "%s", status.Truncate(found.message, 900))
	}
	return nil
}
