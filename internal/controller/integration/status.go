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
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// writeStatus writes the status if it has changed, and tells of a change of the Ready condition in
// an Event.
func (r *Reconciler) writeStatus(ctx context.Context, stored, integration connection.Integration, found health) error {
	now := metav1.NewTime(r.Clock.Now()).Rfc3339Copy()
	before := meta.FindStatusCondition(stored.ConnectionStatus().Conditions, v1alpha1.ConditionReady)
	expected := found.status == metav1.ConditionTrue || found.reason == v1alpha1.ReasonPaused
	if found.reason == v1alpha1.ReasonSecretNotFound {
		// A Secret that is applied together with the Integration is there within seconds.
		found.message, expected, _ = status.Wait(before, found.reason, found.message, now.Time)
	}
	summary := status.Summary{Ready: found.status, Reason: found.reason, Message: found.message, Stalled: found.stalled}
	status.SetReady(&integration.ConnectionStatus().Conditions, summary, integration.GetGeneration(), now.Time)
	status.SetStalled(&integration.ConnectionStatus().Conditions, summary, integration.GetGeneration(), now.Time)
	integration.ConnectionStatus().ObservedGeneration = integration.GetGeneration()
	if status.IsUnchanged(stored, integration) {
		r.wrote(integration, found)
		return nil
	}
	integration.ConnectionStatus().LastProbeTime = &now
	patch := client.MergeFromWithOptions(stored, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Status().Patch(ctx, integration.DeepCopyObject().(client.Object), patch); err != nil {
		r.tellOfRefusal(integration, err)
		return fmt.Errorf("writing the status of the Integration: %w", err)
	}
	r.refusedStatus.Delete(client.ObjectKeyFromObject(integration))
	r.wrote(integration, found)
	r.tellOfTags(stored, integration)
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

// withoutTags says how tickets are searched for that the operator's tags do not lead to.
const withoutTags = "a ticket whose creation is not confirmed is searched for by name and creation time"

// tellOfTags tells in an Event what the provider makes of the operator's tags, where that is news
// and makes a difference.
func (r *Reconciler) tellOfTags(stored, integration connection.Integration) {
	found := integration.ConnectionStatus().MarkerTags
	switch {
	case found == stored.ConnectionStatus().MarkerTags:
	case found == v1alpha1.MarkerTagsRefused:
		r.Recorder.Eventf(integration, nil, corev1.EventTypeWarning, "TagsRefused", "Create", "%s",
			"the provider refuses tickets with the tags by which the operator finds them, so they are created without: "+withoutTags)
	case found == v1alpha1.MarkerTagsDropped:
		r.Recorder.Eventf(integration, nil, corev1.EventTypeWarning, "TagsDropped", "Create", "%s",
			"the provider does not keep the tags by which the operator finds its tickets: "+withoutTags)
	}
}

// tellOfRefusal tells in an Event, once, what a status cannot say that the API server refuses.
func (r *Reconciler) tellOfRefusal(integration connection.Integration, err error) {
	if !status.IsRefusedWrite(err) {
		return
	}
	if told, known := r.refusedStatus.Swap(client.ObjectKeyFromObject(integration), err.Error()); known && told == err.Error() {
		return
	}
	r.Recorder.Eventf(integration, nil, corev1.EventTypeWarning, v1alpha1.ReasonWriteRefused, "Check", "%s",
		status.Truncate("the API server refuses the status of this object, so what the status says may be out of date: "+err.Error(), 900))
}
