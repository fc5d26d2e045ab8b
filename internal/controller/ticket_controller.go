// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/poll"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=tickets,verbs=get;list;watch;patch;delete
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=tickets/status,verbs=patch

// ticketCall is what the lifecycle passes to the adapter.
type ticketCall = remote.Call[*v1alpha1.Ticket, synqly.Ticket]

// ticketAdapter is what is particular about tickets: their fields, the tag that
// marks them, and that they can be closed but not deleted.
type ticketAdapter struct{}

var _ remote.Patcher[*v1alpha1.Ticket, synqly.Ticket] = ticketAdapter{}

// NewTicketReconciler returns the reconciler of Tickets.
func NewTicketReconciler(options remote.Options) (*remote.Reconciler[*v1alpha1.Ticket, synqly.Ticket], error) {
	return remote.New(options, ticketAdapter{})
}

// NewPoller returns the poller that looks for remote changes of Tickets and hands them
// to the reconciler that takes the sightings.
func NewPoller(options remote.Options, sightings *remote.Sightings[synqly.Ticket]) *poll.Poller {
	return poll.New(poll.Options{
		Client: options.Client, Connections: options.Connections, Clock: options.Clock, Installation: options.Installation,
		Sightings: sightings, Changed: ticketAdapter{}.Changed,
	})
}

// SetupTickets adds the controller of Tickets and the poller to the manager.
func SetupTickets(mgr ctrl.Manager, options remote.Options) error {
	reconciler, err := NewTicketReconciler(options)
	if err != nil {
		return err
	}
	if err := NewPoller(options, reconciler.Sightings()).SetupWithManager(mgr); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.Ticket{}).
		Watches(&v1alpha1.Integration{}, wakeWaiting(mgr.GetClient(), ticketAdapter{})).
		Watches(&v1alpha1.Ticket{}, wakeRivals(mgr.GetClient()), builder.WithPredicates(claims)).
		WatchesRawSource(reconciler.Sightings()).
		Complete(reconciler)
}

func (ticketAdapter) New() *v1alpha1.Ticket      { return &v1alpha1.Ticket{} }
func (ticketAdapter) NewList() client.ObjectList { return &v1alpha1.TicketList{} }
func (ticketAdapter) Kind() string               { return "Ticket" }
func (ticketAdapter) Noun() string               { return "ticket" }

func (ticketAdapter) Policy(ticket *v1alpha1.Ticket) remote.Policy {
	return remote.Policy{
		AdoptID:        ticket.Spec.TicketID,
		Observe:        ticket.Spec.ManagementPolicy == v1alpha1.ManagementObserve,
		Enforce:        ticket.Spec.ManagementPolicy == v1alpha1.ManagementEnforce,
		Recreate:       recreates(ticket),
		RemoveOnDelete: ticket.Spec.DeletionPolicy == v1alpha1.TicketClose,
	}
}

// recreates tells whether another remote ticket is created should this one be deleted.
// One that was closed is not: what it was about has come to its end.
func recreates(ticket *v1alpha1.Ticket) bool {
	return ticket.Spec.OnRemoteMissing == v1alpha1.RemoteMissingRecreate && ticket.Spec.TicketID == "" && ticket.Status.ClosedAt == nil
}

func (ticketAdapter) RemoteIDs(ticket *v1alpha1.Ticket) []remote.RemoteID {
	return remote.RemoteIDs(ticket, remote.Place{Integration: ticket.Status.Integration})
}

func (ticketAdapter) Place(_ context.Context, _ client.Reader, ticket *v1alpha1.Ticket) (remote.Place, error) {
	return ticketPlace(ticket), nil
}

func ticketPlace(ticket *v1alpha1.Ticket) remote.Place {
	return remote.Place{Integration: cmp.Or(ticket.Status.Integration, ticket.Spec.IntegrationRef.Name, v1alpha1.DefaultIntegrationName)}
}

func (ticketAdapter) RecordPlace(ticket *v1alpha1.Ticket, place remote.Place) {
	ticket.Status.Integration = place.Integration
}

// Fields of a ticket that is only observed are none: nothing of it is managed.
func (a ticketAdapter) Fields(ticket *v1alpha1.Ticket) map[string]string {
	if a.Policy(ticket).Observe {
		return nil
	}
	return ticketSpecFields(&ticket.Spec)
}

func (a ticketAdapter) Diff(ticket *v1alpha1.Ticket) []string {
	if a.Policy(ticket).Observe {
		return nil
	}
	return ticketDiff(&ticket.Spec, ticket.Status.Applied)
}

func (a ticketAdapter) RemoteFields(ticket *v1alpha1.Ticket, shown *synqly.Ticket) map[string]string {
	if a.Policy(ticket).Observe {
		return nil
	}
	return ticketShownFields(&ticket.Spec, shown)
}

func (ticketAdapter) ID(shown *synqly.Ticket) string           { return shown.ID }
func (ticketAdapter) CreatedAt(shown *synqly.Ticket) time.Time { return shown.CreatedAt.Time }

// Fingerprint is that of the name, which is what a ticket is recognised by where the
// provider drops its marker tag.
func (ticketAdapter) Fingerprint(ticket *v1alpha1.Ticket) string {
	return fingerprint(orDefault(ticket.Spec.Name, ticket.Name))
}

// Create sends every field of the spec, the Integration's defaults for what it
// leaves out, the tag by which the ticket can be found again, and the one that all
// tickets of the Integration have.
func (ticketAdapter) Create(ctx context.Context, call ticketCall) (*synqly.Ticket, error) {
	spec, defaults := &call.Object.Spec, call.Connection.Defaults()
	ticket, err := call.Connection.CreateTicket(ctx, synqly.CreateTicketRequest{
		Name:           orDefault(spec.Name, call.Object.Name),
		Summary:        spec.Summary,
		Creator:        orDefault(spec.Creator, defaults.Creator),
		Assignee:       spec.Assignee,
		Contact:        spec.Contact,
		Description:    spec.Description,
		Priority:       string(spec.Priority),
		DueDate:        wireTime(spec.DueDate),
		CompletionDate: wireTime(spec.CompletionDate),
		Status:         spec.Status,
		Project:        orDefault(spec.Project, defaults.Project),
		IssueType:      orDefault(spec.IssueType, defaults.IssueType),
		Tags:           append(slices.Clone(spec.Tags), markerTag(call.Key), groupTag(call.Group)),
		CustomFields:   wireCustomFields(spec.CustomFields),
	})
	if err != nil {
		return nil, err
	}
	call.Connection.SawMarker(synqly.HasTag(ticket.Tags, markerTag(call.Key)))
	return ticket, nil
}

func (ticketAdapter) Get(ctx context.Context, call ticketCall) (*synqly.Ticket, error) {
	ticket, err := call.Connection.GetTicket(ctx, call.ID)
	if synqly.IsNotFound(err) {
		return nil, &remote.MissingError{Noun: "ticket", ID: call.ID}
	}
	return ticket, err
}

// Patch changes the named fields. Tags need the ticket as it is now, because the
// list can only be written as a whole and has other people's tags in it. So does the
// first custom field: a ticket without any has nothing that it could be added to.
func (a ticketAdapter) Patch(ctx context.Context, call ticketCall, fields []string) (*synqly.Ticket, error) {
	seen := call.Seen
	if seen == nil && (namesTags(fields) || namesFirstCustomField(fields, call.Object.Status.Applied)) {
		var err error
		if seen, err = a.Get(ctx, call); err != nil {
			return nil, err
		}
	}
	patch, err := ticketPatch(&call.Object.Spec, fields, seen)
	if err != nil {
		return nil, fmt.Errorf("making the patch: %w", err)
	}
	if len(patch) == 0 && seen != nil {
		return seen, nil
	}
	ticket, err := call.Connection.PatchTicket(ctx, call.ID, patch)
	if synqly.IsNotFound(err) {
		return nil, &remote.MissingError{Noun: "ticket", ID: call.ID}
	}
	return ticket, err
}

// namesFirstCustomField tells whether custom fields are to be written to a ticket that
// has been given none yet.
func namesFirstCustomField(fields []string, applied map[string]string) bool {
	isCustom := func(name string) bool { return strings.HasPrefix(name, customFieldPrefix) }
	for name := range applied {
		if isCustom(name) {
			return false
		}
	}
	return slices.ContainsFunc(fields, isCustom)
}

// Remove closes the ticket. One that is closed already is left alone.
func (ticketAdapter) Remove(ctx context.Context, call ticketCall) error {
	closed, err := closed(ctx, call)
	if err != nil || closed {
		return err
	}
	patch, err := synqly.Replace("/status", call.Object.Spec.Close.Status)
	if err != nil {
		return fmt.Errorf("making the patch: %w", err)
	}
	_, err = call.Connection.PatchTicket(ctx, call.ID, []synqly.PatchOperation{patch})
	if synqly.IsNotFound(err) {
		return nil
	}
	return err
}

// closed tells whether the ticket has the closing status, is closed in another way, or
// is gone.
func closed(ctx context.Context, call ticketCall) (bool, error) {
	if call.Object.Spec.Close == nil {
		return true, nil
	}
	ticket, err := call.Connection.GetTicket(ctx, call.ID)
	if synqly.IsNotFound(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return strings.EqualFold(ticket.Status, call.Object.Spec.Close.Status) || isClosed(ticket, call.Connection.Integration), nil
}

var _ remote.Commenter[*v1alpha1.Ticket, synqly.Ticket] = ticketAdapter{}

func (ticketAdapter) ClosingComment(ticket *v1alpha1.Ticket) *string {
	return &ticket.Status.ClosingCommentID
}

func (ticketAdapter) ClosingText(ticket *v1alpha1.Ticket) string {
	if ticket.Spec.Close == nil || ticket.Spec.Close.Comment == "" {
		return ""
	}
	return fingerprint(ticket.Spec.Close.Comment)
}

func (ticketAdapter) Closed(ctx context.Context, call ticketCall) (bool, error) {
	return closed(ctx, call)
}

func (ticketAdapter) PostClosing(ctx context.Context, call ticketCall) (string, error) {
	closing := call.Object.Spec.Close
	comment, err := call.Connection.CreateComment(ctx, call.ID, synqly.CreateCommentRequest{Content: closing.Comment, Creator: closing.Creator})
	if err != nil {
		return "", err
	}
	return comment.ID, nil
}

func (ticketAdapter) FindClosing(ctx context.Context, call ticketCall) ([]string, error) {
	comments, err := synqly.All(call.Connection.ListComments(ctx, call.ID))
	if err != nil {
		return nil, err
	}
	candidates := createdSince(comments, call.Connection.RemoteTime(call.Started), creators{wanted: call.Object.Spec.Close.Creator},
		func(comment *synqly.Comment) bool { return fingerprint(comment.Content) == call.Text },
		func(comment *synqly.Comment) synqly.Timestamp { return comment.CreatedAt },
		func(comment *synqly.Comment) string { return comment.Creator },
	)
	slices.SortStableFunc(candidates, func(a, b synqly.Comment) int { return a.CreatedAt.Compare(b.CreatedAt.Time) })
	ids := make([]string, len(candidates))
	for i := range candidates {
		ids[i] = candidates[i].ID
	}
	return ids, nil
}

func orDefault(value, otherwise string) string {
	if value != "" {
		return value
	}
	return otherwise
}
