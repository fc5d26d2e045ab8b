// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// incidentTopic is about an Incident.
type incidentTopic struct {
	*subject

	incident *v1alpha1.Incident
	// receiver is nil where it could not be read.
	receiver *v1alpha1.AlertReceiver
}

func newIncidentTopic(ctx context.Context, cluster client.Reader, s *subject, incident *v1alpha1.Incident) *incidentTopic {
	topic := &incidentTopic{subject: s, incident: incident}
	var receiver v1alpha1.AlertReceiver
	if cluster.Get(ctx, types.NamespacedName{Namespace: incident.Namespace, Name: incident.Spec.ReceiverRef.Name}, &receiver) == nil {
		topic.receiver = &receiver
	}
	return topic
}

func (t *incidentTopic) ordinaryReason() string { return v1alpha1.ReasonTracked }

func (t *incidentTopic) readyState() string { return t.phase() + t.ticket() }

// phase is where the incident stands.
func (t *incidentTopic) phase() string {
	seen := &t.incident.Status
	since := seen.Since
	if seen.Phase == v1alpha1.IncidentResolved {
		since = seen.ResolvedAt
	}
	text := orDash(string(seen.Phase))
	if since != nil {
		text += ", for " + age(t.now, since.Time)
	}
	return fmt.Sprintf("%s. Alerts that fire: %d.", text, seen.Firing)
}

func (t *incidentTopic) ticket() string {
	seen := &t.incident.Status
	switch {
	case seen.TicketID != "" && seen.TicketURL != "":
		return fmt.Sprintf(" Its ticket is %s (%s).", seen.TicketID, seen.TicketURL)
	case seen.TicketID != "":
		return fmt.Sprintf(" Its ticket is %s.", seen.TicketID)
	}
	return " It has no ticket."
}

func (t *incidentTopic) whenReady() advice {
	if t.receiver == nil {
		return advice{}
	}
	switch t.incident.Status.Phase {
	case v1alpha1.IncidentFiring:
		return advice{next: append(t.nextComment(), t.nextResolution())}
	case v1alpha1.IncidentResolved:
		return advice{next: t.afterResolution()}
	case v1alpha1.IncidentSuppressed:
		return advice{
			next:    []string{"Nothing, until what the message names has happened."},
			actions: []string{fmt.Sprintf("What happens to tickets that are closed while alerts fire is closedWhileFiring of the AlertReceiver %q: Keep, Reopen or NewTicket.", t.receiver.Name)},
		}
	}
	return advice{}
}

// nextComment says when the ticket is told of further changes.
func (t *incidentTopic) nextComment() []string {
	interval := t.receiver.Spec.CommentInterval
	switch {
	case t.receiver.Spec.Comments == v1alpha1.AlertCommentsNone:
		return []string{"Alerts that join or resolve are not told as comments (comments None)."}
	case interval == nil:
		return nil
	}
	text := "Alerts that join or resolve are told as a comment, at most one every " + interval.Duration.String() + " (commentInterval)"
	if last := t.incident.Status.CommentedAt; last != nil && last.Add(interval.Duration).After(t.now) {
		text += ": the next one at " + timeText(last.Add(interval.Duration)) + " at the earliest"
	}
	return []string{text + "."}
}

// nextResolution says what happens when no alert fires.
func (t *incidentTopic) nextResolution() string {
	resolve := t.receiver.Spec.Resolve
	then := "the incident is resolved, and its ticket stays open (no resolve.status)."
	if resolve.Status != "" {
		then = fmt.Sprintf("the ticket gets the status %q (resolve.status), unless it is closed already.", resolve.Status)
	}
	switch resolvedAt := t.incident.Status.ResolvedAt; {
	case resolve.After == nil:
		return "When the last alert has resolved, " + then
	case resolvedAt == nil:
		return "When the last alert has resolved, and none fires again within " + resolve.After.Duration.String() + " (resolve.after), " + then
	default:
		return "Where no alert fires again until " + timeText(resolvedAt.Add(resolve.After.Duration)) + " (resolve.after), " + then
	}
}

// afterResolution says what happens to a resolved incident.
func (t *incidentTopic) afterResolution() []string {
	var next []string
	spec, resolvedAt := &t.receiver.Spec, t.incident.Status.ResolvedAt
	if resolvedAt == nil {
		return nil
	}
	if within := spec.Refire.Within; within != nil && t.incident.Status.TicketRef != nil {
		reopened := "a new ticket is created where this one is closed (no refire.status)"
		if spec.Refire.Status != "" {
			reopened = fmt.Sprintf("the ticket gets the status %q (refire.status) where it is closed", spec.Refire.Status)
		}
		next = append(next, fmt.Sprintf("Where an alert fires again until %s (refire.within), %s. Later, there is a new ticket.", timeText(resolvedAt.Add(within.Duration)), reopened))
	}
	if retention := spec.Retention; retention != nil {
		next = append(next, fmt.Sprintf("At %s this Incident is deleted, with its Ticket and TicketComment objects (retention). What is in the ticketing system stays.",
			timeText(resolvedAt.Add(retention.Duration))))
	}
	return next
}

func (t *incidentTopic) whenNotReady() (advice, bool) {
	receiver := t.incident.Spec.ReceiverRef.Name
	found, known := map[string]advice{
		v1alpha1.ReasonWaitingForTicket: t.adviceOnTicket(),
		v1alpha1.ReasonHeldBack: {
			next: []string{"The operator looks every 30 seconds whether there is room for another ticket."},
			actions: []string{
				fmt.Sprintf("Close tickets of the AlertReceiver %q: kubectl get tickets -l %s=%s -n %s", receiver, v1alpha1.ReceiverLabel, receiver, t.incident.Namespace),
				"Raise maxOpenTickets of the AlertReceiver.",
			},
		},
		v1alpha1.ReasonWaitingForReceiver: {
			next: []string{"It goes on as soon as the AlertReceiver exists."},
			actions: []string{
				fmt.Sprintf("Create the AlertReceiver %q again.", receiver),
				"Delete this Incident; its tickets stay: kubectl delete " + t.argument(),
			},
		},
		v1alpha1.ReasonPaused: {
			next:    []string{"Nothing is done for the incident, while it is paused. Its alerts are kept."},
			actions: []string{"Go on: " + annotateCommand(t.pausedBy(), v1alpha1.PausedAnnotation, "")},
		},
	}[t.ready.Reason]
	return found, known
}

// adviceOnTicket is about the Ticket where the incident waits for that. It may as well be kept from
// its next Ticket, or from a change of this one, of which no Ticket knows anything.
func (t *incidentTopic) adviceOnTicket() advice {
	if !t.waitsForItsTicket() {
		return advice{
			next:    []string{"The operator tries again every 30 seconds. The alerts are kept."},
			actions: []string{"Where the message names an obstacle, remove it."},
		}
	}
	return advice{
		next:    []string{"The incident goes on as soon as the Ticket is Ready. Its alerts are kept."},
		actions: []string{"See what the Ticket waits for: kubectl ticketing explain " + t.incident.Status.TicketRef.Name + " -n " + t.incident.Namespace},
	}
}

// waitsForItsTicket reports whether the message is about the Ticket that the incident has. One that
// is about the next Ticket has that one's name, and a refusal of the API server begins with
// something else.
func (t *incidentTopic) waitsForItsTicket() bool {
	ticket := t.incident.Status.TicketRef
	return ticket != nil && strings.HasPrefix(t.ready.Message, fmt.Sprintf("the Ticket %q ", ticket.Name))
}

// pausedBy names the object with the annotation.
func (t *incidentTopic) pausedBy() string {
	if !status.IsPaused(t.incident) && t.receiver != nil && status.IsPaused(t.receiver) {
		return argumentOf("alertreceiver", t.receiver)
	}
	return t.argument()
}

func (t *incidentTopic) remarks() []string {
	var remarks []string
	if !t.isAwaited() && t.ready.Status != metav1.ConditionTrue && t.incident.Status.Phase != "" {
		remarks = append(remarks, "The incident is "+t.phase()+t.ticket())
	}
	if more := t.incident.Spec.TruncatedAlerts; more > 0 {
		remarks = append(remarks, fmt.Sprintf("It has %d more alerts than it lists (truncatedAlerts).", more))
	}
	switch {
	case t.receiver == nil:
		remarks = append(remarks, fmt.Sprintf("The AlertReceiver %q, which says what happens when, does not exist, or you may not read it.", t.incident.Spec.ReceiverRef.Name))
	case t.receiver.Status.LastError != "":
		remarks = append(remarks, "A template of the AlertReceiver did not work, so the default of its field is used: "+oneLine(t.receiver.Status.LastError))
	}
	return remarks
}
