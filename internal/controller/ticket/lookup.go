// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// found is a ticket that a create attempt may have made, and search what a look-up has found.
type (
	found  = remote.Found[synqly.Ticket]
	search = remote.Search[synqly.Ticket]
)

// Find looks for the ticket that a create attempt may have made: by its marker tag, and, where an
// empty answer to that proves nothing, among all tickets.
//
// An empty answer proves something only with a provider that keeps tags and filters by them. Which
// one does is not documented, so it is tried: with the tag of another ticket that is known to
// exist.
func (a adapter) Find(ctx context.Context, call call) (search, error) {
	marker := markerTag(call.Key)
	marked, err := ticketsWithTag(ctx, call, marker)
	if len(marked) > 0 {
		return search{Found: marked}, nil
	}
	if err != nil && !synqly.IsRefused(err) {
		return search{}, fmt.Errorf("searching by tag: %w", err)
	}
	kept, err := keptMarker(ctx, call)
	if err != nil {
		return search{}, err
	}
	if kept != "" && !call.Unmarked {
		control, err := ticketsWithTag(ctx, call, kept)
		switch {
		case err != nil && !synqly.IsRefused(err):
			return search{}, fmt.Errorf("testing the search by tag with an existing ticket: %w", err)
		case len(control) > 0:
			return search{}, nil
		}
	}
	names := recognition{adapter: a, call: call}
	all, err := allTickets(ctx, call, func(ticket *synqly.Ticket) *found {
		if synqly.HasTag(ticket.Tags, marker) {
			return &found{Remote: *ticket, Proven: true, Marked: true}
		}
		if kept != "" && !call.Unmarked {
			return nil
		}
		return names.recognise(ctx, ticket)
	})
	if err := cmp.Or(names.failure, err); err != nil {
		return search{}, err
	}
	return search{Found: all, Doubt: names.doubt()}, nil
}

// recognition recognises tickets by their name and time, which is all there is to go by without
// markers.
type recognition struct {
	adapter adapter
	call    call
	// recognised are the tickets of other objects that the provider shows with the name that was
	// sent, and unrecognised the ID of one that it does not.
	recognised   int
	unrecognised string
	// failure is that of a search among the other objects.
	failure error
}

func (r *recognition) recognise(ctx context.Context, ticket *synqly.Ticket) *found {
	if name, isOther := r.nameGiven(ctx, ticket.ID); isOther {
		r.control(ticket, name)
		return nil
	}
	if isMarked(ticket) || !ticket.Readable("tags", "created_at") {
		return nil
	}
	name, time := remote.MatchText(r.call.Text, ticket.Name), r.call.Window.Holds(ticket.CreatedAt)
	candidate := &found{Remote: *ticket, Proven: ticket.Creator != "" && strings.EqualFold(ticket.Creator, r.call.Connection.OwnUser())}
	switch {
	case name == remote.No || time == remote.No:
		return nil
	case name != remote.Yes || time != remote.Yes:
		candidate.Doubt = fmt.Sprintf("the ticket %q may be the one that was created, or somebody else's: its name and its creation time do not tell; if it is, set spec.ticketID", ticket.ID)
	}
	return candidate
}

// nameGiven is a fingerprint of the name that a remote ticket was given by the other Ticket of the
// Integration that stands for it; empty where it was given none.
func (r *recognition) nameGiven(ctx context.Context, id string) (name string, isOther bool) {
	var tickets v1alpha1.TicketList
	err := r.call.Reader.List(ctx, &tickets, client.InNamespace(r.call.Place.Namespaces(r.call.Object.Namespace)),
		client.MatchingFields{remote.IndexRemoteID: remote.Bucket(remote.RemoteID{Place: r.call.Place, ID: id}.IndexValue())}, client.UnsafeDisableDeepCopy)
	if err != nil {
		r.failure = fmt.Errorf("looking for the Ticket that stands for the remote ticket %q: %w", id, err)
		return "", false
	}
	for i := range tickets.Items {
		other := &tickets.Items[i]
		if other.UID == r.call.Object.UID || other.Status.ID != id || other.Status.Integration != r.call.Place.Integration || other.Status.Remote == nil {
			continue
		}
		isOther = true
		if other.Spec.TicketID == "" && !slices.Contains(r.adapter.Diff(other), "name") {
			name = r.adapter.Fingerprint(other)
		}
	}
	return name, isOther
}

// control sees whether a ticket that is known has the name that it was given.
func (r *recognition) control(ticket *synqly.Ticket, name string) {
	switch {
	case name == "":
	case remote.MatchText(name, ticket.Name) == remote.Yes:
		r.recognised++
	default:
		r.unrecognised = ticket.ID
	}
}

// doubt says why nothing is recognised by its name. People rename a ticket, but hardly all of them.
func (r *recognition) doubt() string {
	if r.recognised > 0 || r.unrecognised == "" {
		return ""
	}
	return fmt.Sprintf("the provider shows the ticket %q with another name than was sent, so this one cannot be recognised either", r.unrecognised)
}

// indexKeptMarker finds the Tickets with whose marker tag the remote ticket has come back, by their
// Integration.
const indexKeptMarker = "keptMarker"

var byKeptMarker = remote.NewIndex(indexKeptMarker, func(ticket *v1alpha1.Ticket) []string {
	if ticket.Status.ID == "" || !(adapter{}).ShowsKey(ticket, ticket.Annotations[v1alpha1.CreateKeyAnnotation]) {
		return nil
	}
	return []string{ticket.Status.Integration}
})

// keptMarker is the marker tag of another Ticket of the Integration with which its remote ticket
// has come back; empty where there is none.
func keptMarker(ctx context.Context, call call) (string, error) {
	var tickets v1alpha1.TicketList
	// One that is not the Ticket itself will do.
	err := call.Reader.List(ctx, &tickets, client.InNamespace(call.Place.Namespaces(call.Object.Namespace)),
		client.MatchingFields{indexKeptMarker: call.Place.Integration}, client.Limit(2), client.UnsafeDisableDeepCopy)
	if err != nil {
		return "", fmt.Errorf("looking for a Ticket whose marker tag is known to be kept: %w", err)
	}
	for i := range tickets.Items {
		if other := &tickets.Items[i]; other.UID != call.Object.UID {
			return markerTag(other.Annotations[v1alpha1.CreateKeyAnnotation]), nil
		}
	}
	return "", nil
}

// ticketsWithTag asks for the tickets with a tag. A provider that ignores the filter answers with
// other tickets as well, so the tag is checked here again.
func ticketsWithTag(ctx context.Context, call call, tag string) ([]found, error) {
	matches := func(ticket *synqly.Ticket) *found {
		if !synqly.HasTag(ticket.Tags, tag) {
			return nil
		}
		return &found{Remote: *ticket, Proven: true, Marked: true}
	}
	collected := matching{matches: matches, by: []string{"tags"}}
	for page, err := range call.Connection.QueryTickets(ctx, synqly.TicketQuery{Filters: []string{"tags[in]" + tag}}) {
		if err != nil {
			return nil, err
		}
		collected.take(&page)
	}
	return collected.result()
}

// ConfirmMissing searches for a ticket that a GET does not show by its marker tag, where that is
// known to come back. A provider may answer 404 for a while for other reasons.
func (adapter) ConfirmMissing(ctx context.Context, call call) error {
	marker := markerTag(call.Key)
	shown := call.Object.Status.Remote
	if shown == nil || !synqly.HasTag(shown.Tags, marker) {
		return nil
	}
	shownByTag, err := ticketsWithTag(ctx, call, marker)
	switch {
	case synqly.IsRefused(err):
		return nil // The provider cannot search.
	case err != nil:
		return fmt.Errorf("searching by tag: %w", err)
	case slices.ContainsFunc(shownByTag, func(each found) bool { return each.Remote.ID == call.ID }):
		return errors.New("the request for it was answered with 404, but the search by its tag shows it")
	}
	return nil
}

// matching collects the tickets of a list that match. Where none does, but something on the list
// cannot be read, it proves nothing, and the result is an error.
type matching struct {
	matches func(*synqly.Ticket) *found
	// by are the fields that matching goes by, in the API's names.
	by      []string
	tickets []found
	unclear error
}

func (m *matching) take(page *synqly.Page[synqly.Ticket]) {
	m.unclear = cmp.Or(m.unclear, page.CheckComplete())
	for i := range page.Items {
		ticket := &page.Items[i]
		if match := m.matches(ticket); match != nil {
			m.tickets = append(m.tickets, *match)
		} else if !ticket.Readable(m.by...) {
			m.unclear = cmp.Or(m.unclear, fmt.Errorf("the ticket %q may be the one that was created, but it cannot be read: %s", ticket.ID, strings.Join(ticket.Unreadable, ", ")))
		}
	}
}

func (m *matching) result() ([]found, error) {
	if len(m.tickets) == 0 {
		return nil, m.unclear
	}
	return m.tickets, nil
}
