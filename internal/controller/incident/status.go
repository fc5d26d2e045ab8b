// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// record writes down a step.
func (r *Reconciler) record(s *state, done step, to *v1alpha1.IncidentStatus) {
	now := metav1.NewTime(s.now).Rfc3339Copy()
	enter := func(phase v1alpha1.IncidentPhase) {
		if to.Since == nil || to.Phase == v1alpha1.IncidentResolved {
			to.Since = &now
		}
		to.Phase = phase
	}
	switch done {
	case recordTicket:
		enter(v1alpha1.IncidentFiring)
		to.Generation++
		to.TicketRef, to.TicketID = &v1alpha1.TicketReference{Name: s.next.Name}, ""
		to.TicketURL = ""
		to.Told, to.Comments, to.CommentedAt, to.ResolvedAt = toldBy(s.next), 0, nil, nil
	case recordComment:
		to.Comments++
		to.Told, to.CommentedAt = toldBy(s.nextComment), &now
	case holdBack:
		enter(v1alpha1.IncidentWaiting)
	case noteResolution:
		if to.Phase == "" {
			enter(v1alpha1.IncidentFiring)
		}
		to.ResolvedAt = &now
	case dropResolution:
		to.ResolvedAt = nil
	case recordFiring:
		enter(v1alpha1.IncidentFiring)
		to.ResolvedAt = nil
	case recordSuppressed:
		enter(v1alpha1.IncidentSuppressed)
		to.ResolvedAt = nil
	case recordResolved:
		to.Phase = v1alpha1.IncidentResolved
	case markTold:
		to.Told = s.firingNow
	}
}

// toldBy are the alerts that fire as far as a Ticket or a TicketComment says.
func toldBy(object client.Object) []string {
	list := object.GetAnnotations()[v1alpha1.ToldAnnotation]
	if list == "" {
		return nil
	}
	told := strings.Split(list, ",")
	return told[:min(len(told), v1alpha1.MaxIncidentAlerts)]
}

// writeRecord writes what a step has changed in the status.
func (r *Reconciler) writeRecord(ctx context.Context, s *state, done step) error {
	changed := s.incident.DeepCopy()
	r.record(s, done, &changed.Status)
	return r.patchStatus(ctx, s, changed)
}

// writeSummary writes what the status says of the alerts and of the ticket as they are.
func (r *Reconciler) writeSummary(ctx context.Context, s *state) error {
	changed := s.incident.DeepCopy()
	to := &changed.Status
	to.Firing = int32(len(s.firingNow)) // #nosec G115 -- at most 100
	if s.latest != nil && s.latest.Status.ID != "" {
		to.TicketID = s.latest.Status.ID
	}
	if s.latest != nil {
		to.TicketURL = s.latest.Status.URL
	}
	summary := s.summary(to)
	status.SetReady(&to.Conditions, summary, changed.Generation, s.now)
	status.SetStalled(&to.Conditions, summary, changed.Generation, s.now)
	to.ObservedGeneration = changed.Generation
	if err := r.patchStatus(ctx, s, changed); err != nil {
		return err
	}
	if s.incident.Status.TicketID == "" && to.TicketID != "" {
		r.emit(s, "TicketCreated", "Open", "the remote ticket is %s", nameOf(to))
		if to.Generation == 1 {
			observeTimeToTicket(s.now.Sub(s.incident.CreationTimestamp.Time))
		}
	}
	return nil
}

// nameOf is what people find the remote ticket by: its ID, with its address where that is known.
func nameOf(seen *v1alpha1.IncidentStatus) string {
	if seen.TicketURL == "" {
		return fmt.Sprintf("%q", seen.TicketID)
	}
	return fmt.Sprintf("%q (%s)", seen.TicketID, seen.TicketURL)
}

func (r *Reconciler) patchStatus(ctx context.Context, s *state, changed *v1alpha1.Incident) error {
	if status.IsUnchanged(s.incident, changed) {
		return nil
	}
	patch := client.MergeFromWithOptions(s.incident, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Status().Patch(ctx, changed, patch); err != nil {
		return fmt.Errorf("writing the status of the Incident: %w", err)
	}
	return nil
}

// summary is what the condition Ready says beside what else the status does.
func (s *state) summary(seen *v1alpha1.IncidentStatus) status.Summary {
	is := func(ready metav1.ConditionStatus, reason, message string, arguments ...any) status.Summary {
		return status.Summary{Ready: ready, Reason: reason, Message: fmt.Sprintf(message, arguments...)}
	}
	receiver := s.incident.Spec.ReceiverRef.Name
	switch {
	case s.isPaused():
		return is(metav1.ConditionUnknown, v1alpha1.ReasonPaused, "the incident is paused by the annotation %s, on it or on its AlertReceiver: remove it to continue", v1alpha1.PausedAnnotation)
	case s.receiver == nil:
		return is(metav1.ConditionFalse, v1alpha1.ReasonWaitingForReceiver, "the AlertReceiver %q does not exist: create it again, or delete this Incident%s", receiver, s.shard.Hint())
	case s.blocked != "":
		return is(metav1.ConditionFalse, v1alpha1.ReasonWaitingForTicket, "%s", s.blocked)
	case s.phase == v1alpha1.IncidentWaiting:
		return is(metav1.ConditionFalse, v1alpha1.ReasonHeldBack, "the AlertReceiver %q has maxOpenTickets (%d) open tickets: close some, or raise maxOpenTickets", receiver, s.receiver.Spec.MaxOpenTickets)
	case s.phase == v1alpha1.IncidentSuppressed:
		return is(metav1.ConditionTrue, v1alpha1.ReasonSuppressed, "%s", s.suppression(seen))
	case s.latest == nil && s.firing > 0:
		return is(metav1.ConditionFalse, v1alpha1.ReasonWaitingForTicket, "the Ticket is not created yet")
	case s.latest == nil:
		return is(metav1.ConditionTrue, v1alpha1.ReasonTracked, "no alert fires, and there is no Ticket")
	}
	ready := meta.FindStatusCondition(s.latest.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return is(metav1.ConditionFalse, v1alpha1.ReasonWaitingForTicket, "the Ticket %q was not looked at yet", s.latest.Name)
	}
	if ready.Status != metav1.ConditionTrue {
		return is(metav1.ConditionFalse, v1alpha1.ReasonWaitingForTicket, "the Ticket %q is not ready (%s): %s", s.latest.Name, ready.Reason, ready.Message)
	}
	return is(metav1.ConditionTrue, v1alpha1.ReasonTracked, "the ticket %s is as the alerts and the AlertReceiver ask", nameOf(seen))
}

// suppression says why people want no ticket, and what makes the incident go on.
func (s *state) suppression(seen *v1alpha1.IncidentStatus) string {
	switch {
	case !s.ticket.exists:
		return fmt.Sprintf("somebody has deleted the Ticket %q: there is a new one when all alerts have resolved and fire again, or with closedWhileFiring NewTicket", ticketName(s.incident, seen.Generation))
	case s.ticket.missing:
		return fmt.Sprintf("somebody has deleted the remote ticket %s: nothing is done until it is there again; there is a new one when all alerts have resolved and fire again", nameOf(seen))
	case s.ticket.unwanted:
		return fmt.Sprintf("somebody has given the ticket %s a status of suppressStatuses: nothing is done until it is reopened; there is a new one when all alerts have resolved and fire again later than refire.within", nameOf(seen))
	}
	return fmt.Sprintf("somebody has closed the ticket %s while alerts fire: nothing is done until it is reopened, or all alerts have resolved and fire again", nameOf(seen))
}
