// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/alerttemplate"
)

// A Ticket is created, and not applied: of two leaders that create the same one, or of a process
// that was stopped for an hour just before, only the first can. Later changes are patches of single
// fields under the resourceVersion, so what people edit stays.

// openTicket creates the next Ticket, and reports whether it did.
func (r *Reconciler) openTicket(ctx context.Context, s *state) (bool, error) {
	// Before the lock, which other receivers may wait for too: templates may take seconds.
	ticket := r.nextTicket(s)
	receiver := client.ObjectKeyFromObject(s.receiver).String()
	r.opening.LockKey(receiver)
	defer func() { _ = r.opening.UnlockKey(receiver) }()
	if room, err := r.hasRoom(ctx, s.receiver); err != nil || !room {
		return false, err
	}
	err := r.Client.Create(ctx, ticket, client.FieldOwner(v1alpha1.AlertsFieldManager))
	switch {
	case apierrors.IsAlreadyExists(err):
		return r.takeOver(ctx, s, ticket)
	case isRefused(err):
		// The schema, a quota or an admission policy: people have to see that.
		s.blocked = fmt.Sprintf("the Ticket %q cannot be created: %s", ticket.Name, err)
		return false, nil
	case err != nil:
		return false, fmt.Errorf("creating the Ticket: %w", err)
	}
	r.emit(s, "TicketOpened", "Open", "created the Ticket %q", ticket.Name)
	return true, nil
}

// nextTicket makes the Ticket that the Incident's next one is to be.
func (r *Reconciler) nextTicket(s *state) *v1alpha1.Ticket {
	number := s.incident.Status.Generation + 1
	spec := r.render(s, number)
	spec.IntegrationRef = s.receiver.Spec.IntegrationRef
	ticket := &v1alpha1.Ticket{ObjectMeta: r.metadataOf(s, ticketName(s.incident, number)), Spec: *spec}
	ticket.Annotations[v1alpha1.RefreshedForAnnotation] = refreshedFor(s)
	return ticket
}

// takeOver has an Incident that was deleted and has come again go on with the Ticket that was kept
// then. Any other one in its place has to go first.
func (r *Reconciler) takeOver(ctx context.Context, s *state, wanted *v1alpha1.Ticket) (bool, error) {
	existing := &v1alpha1.Ticket{}
	if err := r.existingTickets().Get(ctx, client.ObjectKeyFromObject(wanted), existing); err != nil {
		return false, fmt.Errorf("reading the Ticket that exists already: %w", err)
	}
	switch owner := metav1.GetControllerOf(existing); {
	case owner != nil && owner.UID == s.incident.UID:
		return true, nil
	case owner != nil:
		s.blocked = fmt.Sprintf("the Ticket %q still belongs to the %s %q (UID %s) and is deleted with it", existing.Name, owner.Kind, owner.Name, owner.UID)
		return false, nil
	case existing.Labels[v1alpha1.IncidentLabel] != s.incident.Name:
		s.blocked = fmt.Sprintf("the Ticket %q does not belong to the incident: rename or delete it", existing.Name)
		return false, nil
	}
	changed := existing.DeepCopy()
	changed.OwnerReferences = append(changed.OwnerReferences, wanted.OwnerReferences...)
	changed.Labels = r.Shard.Inherit(changed.Labels, s.incident)
	if err := r.patch(ctx, existing, changed); err != nil {
		return false, fmt.Errorf("taking over the Ticket: %w", err)
	}
	return true, nil
}

// existingTickets reads Tickets of which the API server says that they exist. The cache does not
// show those of other shards.
func (r *Reconciler) existingTickets() client.Reader {
	if r.Shard.IsWhole() {
		return r.Client
	}
	return r.APIReader
}

// metadataOf is what the Tickets and TicketComments of an Incident have in common.
func (r *Reconciler) metadataOf(s *state, name string) metav1.ObjectMeta {
	owner := metav1.NewControllerRef(s.incident, v1alpha1.GroupVersion.WithKind("Incident"))
	owner.BlockOwnerDeletion = nil // It would need a permission on the finalizers of Incidents.
	labels := map[string]string{v1alpha1.ReceiverLabel: s.receiver.Name, v1alpha1.IncidentLabel: s.incident.Name}
	if name := alertName(s.incident); name != "" {
		labels[v1alpha1.AlertNameLabel] = name
	}
	return metav1.ObjectMeta{
		Namespace: s.incident.Namespace, Name: name, Labels: r.Shard.Inherit(labels, s.incident), OwnerReferences: []metav1.OwnerReference{*owner},
		Annotations: map[string]string{v1alpha1.ToldAnnotation: strings.Join(s.firingNow, ",")},
	}
}

// noLabelValue is what the value of a Kubernetes label cannot have in it.
var noLabelValue = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// alertName is the name that the alerts have in common, as far as a label can hold it.
func alertName(incident *v1alpha1.Incident) string {
	if name := incident.Labels[v1alpha1.AlertNameLabel]; name != "" {
		return name
	}
	name := noLabelValue.ReplaceAllString(incident.Spec.CommonLabels["alertname"], "-")
	return strings.Trim(name[:min(len(name), 63)], "-_.")
}

// render makes the fields of a Ticket, and reports what came of the templates.
func (r *Reconciler) render(s *state, number int32) *v1alpha1.TicketSpec {
	spec, failed := alerttemplate.Render(&s.receiver.Spec.Ticket, alerttemplate.DataOf(s.incident, number), r.Clock.Now)
	receiver := client.ObjectKeyFromObject(s.receiver)
	countTemplateErrors(receiver, len(failed))
	if r.Templates != nil {
		r.Templates.Report(receiver, failed)
	}
	return spec
}

// setStatus puts a status into the Ticket's spec, with what it is set for, in one write.
func (r *Reconciler) setStatus(ctx context.Context, s *state, next decision) error {
	err := r.patchTicket(ctx, s, "setting the status", func(ticket *v1alpha1.Ticket) {
		ticket.Spec.Status = next.status
		ticket.Annotations[v1alpha1.StatusSetForAnnotation] = next.setFor
	})
	if err == nil {
		reason, _, _ := strings.Cut(next.setFor, "/")
		r.emit(s, "TicketStatusSet", "SetStatus", "set the status of the Ticket %q to %q: the incident is %s", s.latest.Name, next.status, reason)
	}
	return err
}

// refresh has the fields that the receiver names follow the alerts.
func (r *Reconciler) refresh(ctx context.Context, s *state) error {
	made := r.render(s, s.incident.Status.Generation)
	return r.patchTicket(ctx, s, "refreshing the fields", func(ticket *v1alpha1.Ticket) {
		for _, field := range s.receiver.Spec.Refresh {
			copyField(string(field), made, &ticket.Spec)
		}
		ticket.Annotations[v1alpha1.RefreshedForAnnotation] = refreshedFor(s)
	})
}

func copyField(name string, from, to *v1alpha1.TicketSpec) {
	switch name {
	case "name":
		to.Name = from.Name
	case "summary":
		to.Summary = from.Summary
	case "description":
		to.Description = from.Description
	case "priority":
		to.Priority = from.Priority
	case "status":
		to.Status = from.Status
	case "project":
		to.Project = from.Project
	case "issueType":
		to.IssueType = from.IssueType
	case "assignee":
		to.Assignee = from.Assignee
	case "contact":
		to.Contact = from.Contact
	case "creator":
		to.Creator = from.Creator
	case "tags":
		to.Tags = from.Tags
	case "customFields":
		to.CustomFields = from.CustomFields
	}
}

// refreshedFor names what the fields of a Ticket were made from.
func refreshedFor(s *state) string {
	return fmt.Sprintf("%d/%d", s.incident.Generation, s.receiver.Generation)
}

// patchTicket changes single fields of the latest Ticket.
func (r *Reconciler) patchTicket(ctx context.Context, s *state, doing string, change func(*v1alpha1.Ticket)) error {
	changed := s.latest.DeepCopy()
	if changed.Annotations == nil {
		changed.Annotations = map[string]string{}
	}
	change(changed)
	if err := r.patch(ctx, s.latest, changed); err != nil {
		return fmt.Errorf("%s of the Ticket: %w", doing, err)
	}
	return nil
}

// patch writes the difference under the resourceVersion, so that it meets no edit of a person that
// it does not know.
func (r *Reconciler) patch(ctx context.Context, stored, changed *v1alpha1.Ticket) error {
	return r.Client.Patch(ctx, changed, client.MergeFromWithOptions(stored, client.MergeFromWithOptimisticLock{}), client.FieldOwner(v1alpha1.AlertsFieldManager))
}
