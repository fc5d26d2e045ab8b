// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/shard"
)

// state is what one decision rests on, with the objects that it comes from.
type state struct {
	situation
	incident *v1alpha1.Incident
	// receiver is nil where there is none.
	receiver *v1alpha1.AlertReceiver
	// latest is the latest Ticket, unless it does not exist; next is the one after it, which is
	// there only until the status says so, and so is nextComment.
	latest, next *v1alpha1.Ticket
	nextComment  *v1alpha1.TicketComment
	// firingNow are the short hashes of the alerts that fire, sorted.
	firingNow []string
	shard     shard.Shard
	// blocked says, for people, why the next Ticket cannot be created, or what is refused.
	blocked string
}

func (s *state) isPaused() bool {
	return status.IsPaused(s.incident) || s.receiver != nil && status.IsPaused(s.receiver)
}

// observe reads an Incident, and all that the decision about it needs.
func (r *Reconciler) observe(ctx context.Context, name types.NamespacedName) (*state, error) {
	s := &state{incident: &v1alpha1.Incident{}, shard: r.Shard}
	if err := r.Client.Get(ctx, name, s.incident); err != nil {
		return nil, fmt.Errorf("reading the Incident: %w", err)
	}
	receiver := &v1alpha1.AlertReceiver{}
	switch err := r.Client.Get(ctx, types.NamespacedName{Namespace: name.Namespace, Name: s.incident.Spec.ReceiverRef.Name}, receiver); {
	case err == nil && receiver.DeletionTimestamp.IsZero():
		s.receiver = receiver
	case err != nil && !apierrors.IsNotFound(err):
		return nil, notNotFound(fmt.Errorf("reading the AlertReceiver: %w", err))
	}
	var err error
	if s.latest, err = r.ownTicket(ctx, s.incident, s.incident.Status.Generation); err != nil { // mutant: act-on-the-first-ticket
		return nil, err
	}
	if s.next, err = r.ownTicket(ctx, s.incident, s.incident.Status.Generation+1); err != nil {
		return nil, err
	}
	if s.nextComment, err = r.ownComment(ctx, s.incident); err != nil {
		return nil, err
	}
	s.firingNow = firing(s.incident)
	s.situation = r.situation(s)
	if s.receiver != nil && s.firing > 0 && (!s.ticket.exists || s.ticket.closed || s.phase != v1alpha1.IncidentFiring || s.closedInVain()) {
		s.room, err = r.hasRoom(ctx, s.receiver)
	}
	return s, err
}

// notNotFound hides of an error about another object that it is a 404, which would be taken for the
// Incident's.
func notNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("%s", err.Error())
	}
	return err
}

func (r *Reconciler) situation(s *state) situation {
	told := s.incident.Status.Told
	seen := situation{
		now: r.Clock.Now(), firing: len(s.firingNow), phase: s.incident.Status.Phase,
		generation: s.incident.Status.Generation, resolvedAt: timeOf(s.incident.Status.ResolvedAt), commentedAt: timeOf(s.incident.Status.CommentedAt),
		ticketUnrecorded: s.next != nil, commentUnrecorded: s.nextComment != nil,
		joined: len(without(s.firingNow, told)), left: len(without(told, s.firingNow)),
	}
	if s.receiver != nil {
		seen.policy = policyOf(&s.receiver.Spec)
	}
	if s.latest != nil {
		seen.ticket = s.ticketState()
	}
	return seen
}

func (s *state) ticketState() ticketState {
	ticket := s.latest
	seen := ticketState{
		exists: ticket.DeletionTimestamp.IsZero(), hasRemote: ticket.Status.ID != "", observed: ticket.Spec.ManagementPolicy == v1alpha1.ManagementObserve,
		missing: isMissing(ticket),
		settled: ticket.Status.ObservedGeneration == ticket.Generation && meta.IsStatusConditionTrue(ticket.Status.Conditions, v1alpha1.ConditionSynced),
		status:  ticket.Spec.Status, setFor: ticket.Annotations[v1alpha1.StatusSetForAnnotation],
	}
	_, seen.statusApplied = ticket.Status.Applied["status"]
	if s.receiver != nil {
		seen.unwanted = hasStatus(ticket, s.receiver.Spec.SuppressStatuses...)
		seen.closed = !IsOpen(ticket, s.receiver)
		seen.stale = len(s.receiver.Spec.Refresh) > 0 && ticket.Annotations[v1alpha1.RefreshedForAnnotation] != refreshedFor(s)
	}
	if ticket.Status.ClosedAt != nil {
		seen.closedAt = format(ticket.Status.ClosedAt.Time)
	}
	return seen
}

// policyOf is what a receiver says, with the defaults of the schema.
func policyOf(spec *v1alpha1.AlertReceiverSpec) policy {
	comments := spec.Comments != v1alpha1.AlertCommentsNone
	return policy{
		comments: comments, tellResolution: comments && ptr.Deref(spec.Resolve.Comment, true),
		commentInterval: durationOf(spec.CommentInterval, 5*time.Minute),
		resolveAfter:    durationOf(spec.Resolve.After, 2*time.Minute), resolveStatus: spec.Resolve.Status,
		refireWithin: durationOf(spec.Refire.Within, 24*time.Hour), refireStatus: spec.Refire.Status,
		closedWhileFiring: cmp.Or(spec.ClosedWhileFiring, v1alpha1.ClosedWhileFiringKeep),
		retention:         durationOf(spec.Retention, 168*time.Hour),
	}
}

func durationOf(set *metav1.Duration, otherwise time.Duration) time.Duration {
	if set == nil {
		return otherwise
	}
	return set.Duration
}

func timeOf(at *metav1.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.Time
}

// ownTicket is the Incident's Ticket with the number, or nil where there is none.
func (r *Reconciler) ownTicket(ctx context.Context, incident *v1alpha1.Incident, number int32) (*v1alpha1.Ticket, error) {
	if number == 0 {
		return nil, nil
	}
	ticket := &v1alpha1.Ticket{}
	err := r.get(ctx, incident, ticketName(incident, number), ticket)
	if apierrors.IsNotFound(err) || err == nil && !metav1.IsControlledBy(ticket, incident) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the Ticket: %w", err)
	}
	return ticket, nil
}

// ownComment is the Incident's TicketComment that comes after those in the status, or nil where
// there is none.
func (r *Reconciler) ownComment(ctx context.Context, incident *v1alpha1.Incident) (*v1alpha1.TicketComment, error) {
	if incident.Status.Generation == 0 {
		return nil, nil
	}
	comment := &v1alpha1.TicketComment{}
	err := r.get(ctx, incident, commentName(incident), comment)
	if apierrors.IsNotFound(err) || err == nil && !metav1.IsControlledBy(comment, incident) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the TicketComment: %w", err)
	}
	return comment, nil
}

// get reads what an Incident has made. Where that is in another shard, because the Incident has
// come here from there, it is brought along: it would be made a second time otherwise.
func (r *Reconciler) get(ctx context.Context, incident *v1alpha1.Incident, name string, object client.Object) error {
	key := types.NamespacedName{Namespace: incident.Namespace, Name: name}
	err := r.Client.Get(ctx, key, object)
	if !apierrors.IsNotFound(err) || r.Shard.IsWhole() {
		return err
	}
	if err := r.APIReader.Get(ctx, key, object); err != nil || r.Shard.Has(object) || !metav1.IsControlledBy(object, incident) {
		return err
	}
	stored := object.DeepCopyObject().(client.Object)
	object.SetLabels(r.Shard.Inherit(object.GetLabels(), incident))
	patch := client.MergeFromWithOptions(stored, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Patch(ctx, object, patch, client.FieldOwner(v1alpha1.AlertsFieldManager)); err != nil {
		return fmt.Errorf("giving %q the labels of its Incident: %w", name, err)
	}
	return nil
}

// hasRoom reports whether another ticket of the receiver may be open. A Ticket counts as open until
// its remote ticket is known to be closed.
func (r *Reconciler) hasRoom(ctx context.Context, receiver *v1alpha1.AlertReceiver) (bool, error) {
	tickets, err := TicketsOf(ctx, r.Client, receiver)
	if err != nil {
		return false, err
	}
	open := int32(0)
	for i := range tickets {
		if IsOpen(&tickets[i], receiver) {
			open++
		}
	}
	return open < cmp.Or(receiver.Spec.MaxOpenTickets, 100), nil
}

// IsOpen reports whether a Ticket of a receiver counts as open. One with the status that reopens
// tickets does, even where the provider has left its completion date.
func IsOpen(ticket *v1alpha1.Ticket, receiver *v1alpha1.AlertReceiver) bool {
	spec := &receiver.Spec
	switch {
	case !ticket.DeletionTimestamp.IsZero(), isMissing(ticket), hasStatus(ticket, spec.SuppressStatuses...), hasStatus(ticket, spec.Resolve.Status):
		return false
	}
	return ticket.Status.ClosedAt == nil || hasStatus(ticket, spec.Refire.Status)
}

// isMissing reports whether the remote ticket was there, and is not any more.
func isMissing(ticket *v1alpha1.Ticket) bool {
	ready := meta.FindStatusCondition(ticket.Status.Conditions, v1alpha1.ConditionReady)
	return ticket.Status.ID != "" && ready != nil && ready.Reason == v1alpha1.ReasonRemoteMissing
}

// hasStatus reports whether the remote ticket has one of these statuses.
func hasStatus(ticket *v1alpha1.Ticket, statuses ...string) bool {
	if ticket.Status.Remote == nil {
		return false
	}
	remote := strings.TrimSpace(ticket.Status.Remote.Status)
	return remote != "" && slices.ContainsFunc(statuses, func(status string) bool { return strings.EqualFold(status, remote) })
}

// firing are the short hashes of the alerts that fire, sorted.
func firing(incident *v1alpha1.Incident) []string {
	var hashes []string
	for i := range incident.Spec.Alerts {
		if alert := &incident.Spec.Alerts[i]; alert.Status == v1alpha1.AlertFiring {
			hashes = append(hashes, hashOf(alert.Fingerprint))
		}
	}
	slices.Sort(hashes)
	return slices.Compact(hashes)
}

// hashOf is a short hash of texts. A fingerprint is a text of the sender's.
func hashOf(texts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// without are the elements of a list that another one does not have.
func without(list, others []string) []string {
	var left []string
	for _, each := range list {
		if !slices.Contains(others, each) {
			left = append(left, each)
		}
	}
	return left
}

func ticketName(incident *v1alpha1.Incident, number int32) string {
	return fmt.Sprintf("%s-%d", incident.Name, number)
}

// commentName is the name of the next comment. Whoever starts from the same status makes the same
// name, so that only one of them can create it.
func commentName(incident *v1alpha1.Incident) string {
	generation := incident.Status.Generation
	return fmt.Sprintf("%s-%s", ticketName(incident, generation), hashOf(string(incident.UID), fmt.Sprint(generation), fmt.Sprint(incident.Status.Comments+1))[:10])
}
