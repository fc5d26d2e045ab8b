// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alertreceiver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/alerttemplate"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/incident"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// health is how a receiver is, in the words of conditions.
type health struct {
	status.Summary
	paused bool
	// expected: nobody has to do anything about it, or not yet.
	expected bool
	// again is when to look again.
	again time.Duration
}

// endpointDisabledMessage is for people who may not see how the manager was started.
const endpointDisabledMessage = "no alert arrives, because the manager was started with --alerts-bind-address=0: " +
	"set alerts.enabled to true in the values of the Helm chart, or start the manager without that flag; the tickets of incidents that exist are handled as before"

// check looks at all that a receiver needs, first at what it cannot do without.
func (r *Reconciler) check(ctx context.Context, receiver *v1alpha1.AlertReceiver) (health, error) {
	is := func(ready metav1.ConditionStatus, reason, message string, again time.Duration) health {
		return health{Summary: status.Summary{Ready: ready, Reason: reason, Message: message}, again: again}
	}
	if status.IsPaused(receiver) {
		found := is(metav1.ConditionUnknown, v1alpha1.ReasonPaused, status.PausedMessage, 0)
		found.paused = true
		return found, nil
	}
	reference := receiver.Spec.TokenSecretRef
	key := cmp.Or(reference.Key, v1alpha1.DefaultTokenKey)
	secret, err := r.secret(ctx, receiver)
	if err != nil {
		return health{}, err
	}
	if secret == nil {
		return is(metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound, fmt.Sprintf("the Secret %q does not exist: create it with the token of the senders in the key %q; until then no sender is let in", reference.Name, key), secretInterval), nil
	}
	if strings.TrimSpace(string(secret.Data[key])) == "" {
		return is(metav1.ConditionFalse, v1alpha1.ReasonInvalidToken, fmt.Sprintf("the Secret %q has no token under the key %q: add it, or correct tokenSecretRef; until then no sender is let in", reference.Name, key), secretInterval), nil
	}
	if wrong := alerttemplate.Check(&receiver.Spec.Ticket); len(wrong) > 0 {
		found := is(metav1.ConditionFalse, v1alpha1.ReasonInvalidTemplate, errors.Join(wrong...).Error(), checkInterval)
		found.Stalled = true
		return found, nil
	}
	// After the errors of the receiver itself, which its author can correct, and before the
	// Integration, whose message promises tickets for alerts that cannot arrive here.
	if r.EndpointDisabled {
		found := is(metav1.ConditionFalse, v1alpha1.ReasonEndpointDisabled, endpointDisabledMessage, checkInterval)
		found.Stalled = true
		return found, nil
	}
	obstacle, err := r.integrationObstacle(ctx, receiver)
	if err != nil {
		return health{}, err
	}
	if obstacle != "" {
		return is(metav1.ConditionFalse, v1alpha1.ReasonWaitingForIntegration, obstacle+": alerts are kept, and get their tickets when that has changed", checkInterval), nil
	}
	return is(metav1.ConditionTrue, v1alpha1.ReasonReceiving, "alerts are received", checkInterval), nil
}

// judgeWait tells a wait for an object that is applied together with the receiver, and is there
// within seconds, from one that lasts.
func (h *health) judgeWait(receiver *v1alpha1.AlertReceiver, now time.Time) {
	h.expected = h.Ready == metav1.ConditionTrue || h.paused
	if h.Reason != v1alpha1.ReasonSecretNotFound && h.Reason != v1alpha1.ReasonWaitingForIntegration {
		return
	}
	var remaining time.Duration
	h.Message, h.expected, remaining = status.Wait(meta.FindStatusCondition(receiver.Status.Conditions, v1alpha1.ConditionReady), h.Reason, h.Message, now)
	if remaining > 0 {
		h.again = min(h.again, remaining)
	}
}

// integrationObstacle says why the tickets of a receiver cannot use its Integration; empty where
// they can.
func (r *Reconciler) integrationObstacle(ctx context.Context, receiver *v1alpha1.AlertReceiver) (string, error) {
	name := connection.NameOf(receiver.Namespace, connection.RecordedOf(receiver.Spec.IntegrationRef))
	if connection.IsCluster(name) && !r.ServesClusterIntegrations {
		return connection.Describe(name) + " cannot be used, because the manager was started without --cluster-resource-namespace", nil
	}
	integration, err := connection.Read(ctx, r.Client, name)
	if apierrors.IsNotFound(err) {
		return connection.Describe(name) + " does not exist" + r.Shard.Hint(), nil
	}
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", connection.Describe(name), err)
	}
	admitted, err := connection.Admits(ctx, r.Namespaces, integration, receiver.Namespace)
	if err != nil || admitted {
		return "", err
	}
	return fmt.Sprintf("%s does not admit the namespace %q", connection.Describe(name), receiver.Namespace), nil
}

// counts are the incidents and tickets of a receiver.
type counts struct {
	incidents, openTickets int
	phases                 map[v1alpha1.IncidentPhase]int
	// withoutTicket is since when the oldest of the incidents waits that fire and have no remote
	// ticket.
	withoutTicket time.Time
	// waitingSince is since when the oldest of those that wait for room does.
	waitingSince time.Time
	// notified is the latest time at which a notification said something new.
	notified time.Time
}

func (r *Reconciler) count(ctx context.Context, receiver *v1alpha1.AlertReceiver) (counts, error) {
	counted := counts{phases: map[v1alpha1.IncidentPhase]int{}}
	var incidents v1alpha1.IncidentList
	err := r.Client.List(ctx, &incidents, client.InNamespace(receiver.Namespace), client.MatchingFields{incident.IndexReceiver: receiver.Name}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return counted, fmt.Errorf("counting the Incidents: %w", err)
	}
	for i := range incidents.Items {
		counted.add(&incidents.Items[i])
	}
	tickets, err := incident.TicketsOf(ctx, r.Client, receiver)
	if err != nil {
		return counted, err
	}
	for i := range tickets {
		if incident.IsOpen(&tickets[i], receiver) {
			counted.openTickets++
		}
	}
	return counted, nil
}

func (c *counts) add(each *v1alpha1.Incident) {
	c.incidents++
	c.phases[each.Status.Phase]++
	for _, alert := range each.Spec.Alerts {
		if alert.ReceivedAt != nil && alert.ReceivedAt.After(c.notified) {
			c.notified = alert.ReceivedAt.Time
		}
	}
	if since := each.Status.Since; each.Status.Phase == v1alpha1.IncidentWaiting && since != nil && (c.waitingSince.IsZero() || since.Time.Before(c.waitingSince)) {
		c.waitingSince = since.Time
	}
	if each.Status.TicketID != "" || each.Status.Phase == v1alpha1.IncidentResolved || each.Status.Phase == v1alpha1.IncidentSuppressed {
		return
	}
	if since := awaitsTicketSince(each); c.withoutTicket.IsZero() || since.Before(c.withoutTicket) {
		c.withoutTicket = since
	}
}

// awaitsTicketSince is since when an incident without a remote ticket waits for one: its first
// since it fires, and a later one since it has none.
func awaitsTicketSince(each *v1alpha1.Incident) time.Time {
	latest := each.CreationTimestamp.Time
	if since := each.Status.Since; since != nil && since.After(latest) {
		latest = since.Time
	}
	ready := meta.FindStatusCondition(each.Status.Conditions, v1alpha1.ConditionReady)
	if each.Status.Generation > 1 && ready != nil && ready.Status == metav1.ConditionFalse && ready.LastTransitionTime.After(latest) {
		latest = ready.LastTransitionTime.Time
	}
	return latest
}

// writeStatus writes the status if it has changed, and tells of a change of the Ready condition in
// an Event.
func (r *Reconciler) writeStatus(ctx context.Context, receiver *v1alpha1.AlertReceiver, found health, counted counts) error {
	changed := receiver.DeepCopy()
	to := &changed.Status
	status.SetReady(&to.Conditions, found.Summary, changed.Generation, r.Clock.Now())
	status.SetStalled(&to.Conditions, found.Summary, changed.Generation, r.Clock.Now())
	to.ObservedGeneration = changed.Generation
	to.URL = receiver.EndpointPath()
	to.Incidents, to.OpenTickets = int32(counted.incidents), int32(counted.openTickets) // #nosec G115 -- counts of objects
	// By the minute, so that it does not tick.
	if notified := metav1.NewTime(counted.notified.Truncate(time.Minute)); !counted.notified.IsZero() && (to.LastNotification == nil || to.LastNotification.Before(&notified)) {
		to.LastNotification = &notified
	}
	if latest, known := r.Templates.latest(client.ObjectKeyFromObject(receiver)); known {
		to.LastError = status.Truncate(latest, 1024)
	}
	if status.IsUnchanged(receiver, changed) {
		return nil
	}
	patch := client.MergeFromWithOptions(receiver, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Status().Patch(ctx, changed, patch); err != nil {
		return fmt.Errorf("writing the status of the AlertReceiver: %w", err)
	}
	r.tellOfChange(receiver, changed, found)
	return nil
}

// tellOfChange emits an Event where Ready has another reason than before, or a wait has begun to
// last.
func (r *Reconciler) tellOfChange(before, after *v1alpha1.AlertReceiver, found health) {
	ready := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionReady)
	if ready != nil && ready.Reason == found.Reason && status.HasLasted(ready.Message) == status.HasLasted(found.Message) {
		return
	}
	kind := corev1.EventTypeNormal
	if !found.expected {
		kind = corev1.EventTypeWarning
	}
	r.Recorder.Eventf(after, nil, kind, found.Reason, "Check", "%s", status.Truncate(found.Message, 900))
}
