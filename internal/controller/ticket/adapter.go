// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ticket is the adapter of Tickets.
package ticket

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/priority"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=tickets,verbs=get;list;watch;patch;delete
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=tickets/status,verbs=patch

// Kind is Ticket.
var Kind = remote.NewKind[*v1alpha1.Ticket, synqly.Ticket](adapter{}, []remote.Index{byAdoptedID, byKeptMarker}, watch)

// call is what the lifecycle passes to the adapter.
type call = remote.Call[*v1alpha1.Ticket, synqly.Ticket]

// adapter is what is particular about tickets: their fields, the tag that marks them, and that they
// can be closed but not deleted.
type adapter struct{}

var (
	_ remote.Patcher[*v1alpha1.Ticket, synqly.Ticket]   = adapter{}
	_ remote.Commenter[*v1alpha1.Ticket, synqly.Ticket] = adapter{}
	_ remote.Linker[*v1alpha1.Ticket]                   = adapter{}
	_ remote.Adopter[*v1alpha1.Ticket]                  = adapter{}
	_ remote.Holder[*v1alpha1.Ticket]                   = adapter{}
	_ remote.Validator[*v1alpha1.Ticket]                = adapter{}
)

func (adapter) New() *v1alpha1.Ticket      { return &v1alpha1.Ticket{} }
func (adapter) NewList() client.ObjectList { return &v1alpha1.TicketList{} }
func (adapter) Kind() string               { return "Ticket" }
func (adapter) Noun() string               { return "ticket" }
func (adapter) Removed() string            { return "closed" }

// MarksRemote is true: the key is a tag.
func (adapter) MarksRemote() bool { return true }

// Class is that of new tickets, which go before everything else.
func (adapter) Class() priority.Class { return priority.NewTicket }

func (adapter) Policy(ticket *v1alpha1.Ticket) remote.Policy {
	return remote.Policy{
		AdoptID:        ticket.Spec.TicketID,
		Observe:        ticket.Spec.ManagementPolicy == v1alpha1.ManagementObserve,
		Enforce:        ticket.Spec.ManagementPolicy == v1alpha1.ManagementEnforce,
		Recreate:       recreates(ticket),
		RemoveOnDelete: ticket.Spec.DeletionPolicy == v1alpha1.TicketClose,
	}
}

// AdoptedID is where the status has the ticketID of the spec, where that is not the ID.
func (adapter) AdoptedID(ticket *v1alpha1.Ticket) *string { return &ticket.Status.AdoptedID }

// recreates reports whether another remote ticket is created should this one be deleted. One that
// was closed is not: what it was about has come to its end.
func recreates(ticket *v1alpha1.Ticket) bool {
	return ticket.Spec.OnRemoteMissing == v1alpha1.RemoteMissingRecreate && ticket.Spec.TicketID == "" && ticket.Status.ClosedAt == nil
}

func (adapter) RemoteIDs(ticket *v1alpha1.Ticket) []remote.RemoteID {
	return remote.RemoteIDs(ticket, remote.Place{Integration: ticket.Status.Integration})
}

func (adapter) Place(_ context.Context, _ client.Reader, ticket *v1alpha1.Ticket) (remote.Place, error) {
	return placeOf(ticket), nil
}

// Parent is none: the spec names the Integration itself.
func (adapter) Parent(*v1alpha1.Ticket) string { return "" }

func (adapter) Misplaced(ticket *v1alpha1.Ticket, _ string) (reference, recorded string) {
	if placeOf(ticket).Integration == integrationOf(ticket) {
		return "", ""
	}
	return "integrationRef", connection.Describe(connection.NameOf(ticket.Namespace, ticket.Status.Integration))
}

func (adapter) Integration(ticket *v1alpha1.Ticket) string {
	return integrationOf(ticket)
}

func placeOf(ticket *v1alpha1.Ticket) remote.Place {
	return remote.Place{Integration: cmp.Or(ticket.Status.Integration, integrationOf(ticket))}
}

// integrationOf is the Integration that the spec names, as it is recorded.
func integrationOf(ticket *v1alpha1.Ticket) string {
	return connection.RecordedOf(ticket.Spec.IntegrationRef)
}

func (adapter) RecordPlace(ticket *v1alpha1.Ticket, place remote.Place) {
	ticket.Status.Integration = place.Integration
}

// Fields of a ticket that is only observed are none: nothing of it is managed.
func (a adapter) Fields(ticket *v1alpha1.Ticket) map[string]string {
	if a.Policy(ticket).Observe {
		return nil
	}
	return specFields(&ticket.Spec)
}

func (a adapter) Diff(ticket *v1alpha1.Ticket) []string {
	if a.Policy(ticket).Observe {
		return nil
	}
	return diff(&ticket.Spec, ticket.Status.Applied)
}

func (a adapter) RemoteFields(ticket *v1alpha1.Ticket, shown *synqly.Ticket) map[string]string {
	if a.Policy(ticket).Observe {
		return nil
	}
	return shownFields(&ticket.Spec, shown)
}

func (adapter) ID(shown *synqly.Ticket) string           { return shown.ID }
func (adapter) CreatedAt(shown *synqly.Ticket) time.Time { return shown.CreatedAt.Time }
func (adapter) UpdatedAt(shown *synqly.Ticket) time.Time { return shown.UpdatedAt.Time }

// Shows reports whether the remote ticket shows a managed field with the words of the spec, or has
// a tag in any case.
func (adapter) Shows(ticket *v1alpha1.Ticket, shown *synqly.Ticket, field string) bool {
	if tag, isTag := strings.CutPrefix(field, tagPrefix); isTag {
		return slices.Contains(ticket.Spec.Tags, tag) && synqly.HasTag(shown.Tags, tag)
	}
	return texts.Shows(&ticket.Spec, shown, field)
}

// Fingerprint is that of the name, which is what a ticket is recognised by where the provider drops
// its marker tag.
func (adapter) Fingerprint(ticket *v1alpha1.Ticket) string {
	return remote.Fingerprint(cmp.Or(ticket.Spec.Name, ticket.Name))
}

// aboutTags matches what a provider says that refuses tags.
var aboutTags = regexp.MustCompile(`(?i)\b(tags?|labels?)\b`)

// Create sends every field of the spec, the Integration's defaults for what it leaves out, the tag
// by which the ticket can be found again, and the one that all tickets of the Integration have,
// unless the provider refuses tags.
func (adapter) Create(ctx context.Context, call call) (*synqly.Ticket, error) {
	if err := checkCustomFieldNames("CreateTicket", call.Object.Spec.CustomFields); err != nil {
		return nil, err
	}
	defaults := call.Connection.Defaults()
	request := createRequest(call.Object, &defaults)
	request.Tags = slices.Clone(call.Object.Spec.Tags)
	if !call.Unmarked {
		request.Tags = append(request.Tags, markerTag(call.Key), groupTag(call.Group))
	}
	ticket, err := call.Connection.CreateTicket(ctx, request)
	if err == nil && request.Creator == "" {
		call.Connection.SawOwnUser(ticket.Creator)
	}
	switch {
	case err == nil && !call.Unmarked:
		call.Connection.SawMarker(synqly.HasTag(ticket.Tags, markerTag(call.Key)))
	case err == nil && call.Connection.Marks():
		call.Connection.SawMarkersRefused()
	case !call.Unmarked && synqly.ClassOf(err) == synqly.Refused && aboutTags.MatchString(err.Error()):
		return nil, &remote.MarkRefusedError{Err: err}
	}
	return ticket, err
}

// Get fetches the ticket.
func (adapter) Get(ctx context.Context, call call) (*synqly.Ticket, error) {
	ticket, err := call.Connection.GetTicket(ctx, call.ID)
	if synqly.IsNotFound(err) {
		return nil, &remote.MissingError{Noun: "ticket", ID: call.ID}
	}
	return ticket, err
}

// Patch changes the named fields. Tags need the ticket as it is now, because the list can only be
// written as a whole and has other people's tags in it. So does the first custom field: a ticket
// without any has nothing that it could be added to.
func (a adapter) Patch(ctx context.Context, call call, fields []string) (*synqly.Ticket, error) {
	if err := checkCustomFieldNames("PatchTicket", call.Object.Spec.CustomFields); err != nil {
		return nil, err
	}
	seen := call.Seen
	if seen == nil && (namesTags(fields) || namesFirstCustomField(fields, call.Object.Status.Applied)) {
		var err error
		if seen, err = a.Get(ctx, call); err != nil {
			return nil, err
		}
	}
	patch, err := patchOf(&call.Object.Spec, fields, seen)
	if err != nil {
		return nil, fmt.Errorf("making the patch: %w", err)
	}
	if len(patch) == 0 && seen != nil {
		return seen, nil
	}
	ticket, err := call.Connection.PatchTicket(ctx, call.ID, patch)
	switch {
	case synqly.IsNotFound(err):
		return nil, &remote.MissingError{Noun: "ticket", ID: call.ID}
	case synqly.SucceededWithoutContent(err):
		return a.Get(ctx, call)
	}
	return ticket, err
}
