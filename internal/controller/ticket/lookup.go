// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// Find looks for the ticket that a create attempt may have made: by its marker tag, and, where an
// empty answer to that proves nothing, among all tickets.
//
// An empty answer proves something only with a provider that keeps tags and filters by them. Which
// one does is not documented, so it is tried: with the tag of another ticket that is known to
// exist.
func (a adapter) Find(ctx context.Context, call call) ([]synqly.Ticket, error) {
	marker := markerTag(call.Key)
	marked, err := ticketsWithTag(ctx, call, marker)
	if len(marked) > 0 {
		return marked, nil
	}
	if err != nil && !synqly.IsRefused(err) {
		return nil, fmt.Errorf("searching by tag: %w", err)
	}
	known, err := a.markers(ctx, call)
	if err != nil {
		return nil, err
	}
	if len(known.kept) > 0 && !call.Unmarked {
		control, err := ticketsWithTag(ctx, call, known.kept[0])
		switch {
		case err != nil && !synqly.IsRefused(err):
			return nil, fmt.Errorf("testing the search by tag with an existing ticket: %w", err)
		case len(control) > 0:
			return nil, nil
		}
	}
	started := call.Connection.RemoteTime(call.Started)
	return allTickets(ctx, call, func(ticket *synqly.Ticket) bool {
		if synqly.HasTag(ticket.Tags, marker) {
			return true
		}
		// Without markers, the name and the time are all there is to go by.
		return (len(known.kept) == 0 || call.Unmarked) && !isMarked(ticket) && !known.others[ticket.ID] && ticket.Readable("tags", "created_at") &&
			remote.Fingerprint(ticket.Name) == call.Text && remote.NotBefore(ticket.CreatedAt, started)
	})
}

// markers is what the Tickets of the Integration show of marker tags.
type markers struct {
	// kept are the markers with which remote tickets have come back, newest first.
	kept []string
	// others are the IDs of all remote tickets that Tickets stand for.
	others map[string]bool
}

func (adapter) markers(ctx context.Context, call call) (markers, error) {
	var tickets v1alpha1.TicketList
	if err := call.Reader.List(ctx, &tickets, client.InNamespace(call.Object.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return markers{}, fmt.Errorf("listing the other Tickets: %w", err)
	}
	known := markers{others: map[string]bool{}}
	for i := range tickets.Items {
		other := &tickets.Items[i]
		if other.UID == call.Object.UID || other.Status.ID == "" || other.Status.Integration != call.Place.Integration || other.Status.Remote == nil {
			continue
		}
		known.others[other.Status.ID] = true
		marker := markerTag(other.Annotations[v1alpha1.CreateKeyAnnotation])
		if synqly.HasTag(other.Status.Remote.Tags, marker) {
			known.kept = append(known.kept, marker)
		}
	}
	return known, nil
}

// ticketsWithTag asks for the tickets with a tag. A provider that ignores the filter answers with
// other tickets as well, so the tag is checked here again.
func ticketsWithTag(ctx context.Context, call call, tag string) ([]synqly.Ticket, error) {
	found := matching{matches: func(ticket *synqly.Ticket) bool { return synqly.HasTag(ticket.Tags, tag) }, by: []string{"tags"}}
	for page, err := range call.Connection.QueryTickets(ctx, synqly.TicketQuery{Filters: []string{"tags[in]" + tag}}) {
		if err != nil {
			return nil, err
		}
		found.take(&page)
	}
	return found.result()
}

// matching collects the tickets of a list that match. Where none does, but something on the list
// cannot be read, it proves nothing, and the result is an error.
type matching struct {
	matches func(*synqly.Ticket) bool
	// by are the fields that matching goes by, in the API's names.
	by      []string
	tickets []synqly.Ticket
	unclear error
}

func (m *matching) take(page *synqly.Page[synqly.Ticket]) {
	m.unclear = cmp.Or(m.unclear, page.CheckComplete())
	for i := range page.Items {
		ticket := &page.Items[i]
		switch {
		case m.matches(ticket):
			m.tickets = append(m.tickets, *ticket)
		case !ticket.Readable(m.by...):
			m.unclear = cmp.Or(m.unclear, fmt.Errorf("the ticket %q may be the one that was created, but it cannot be read: %s", ticket.ID, strings.Join(ticket.Unreadable, ", ")))
		}
	}
}

func (m *matching) result() ([]synqly.Ticket, error) {
	if len(m.tickets) == 0 {
		return nil, m.unclear
	}
	return m.tickets, nil
}

// allTickets reads all tickets, newest first where the provider can order them, and returns those
// that match. It ends early with a page that is in that order and reaches back to before the
// attempt.
func allTickets(ctx context.Context, call call, matches func(*synqly.Ticket) bool) ([]synqly.Ticket, error) {
	found, err := scan(ctx, call, []string{"created_at[desc]"}, matches)
	if synqly.IsRefused(err) {
		found, err = scan(ctx, call, nil, matches)
	}
	if err != nil {
		return nil, fmt.Errorf("searching all tickets: %w", err)
	}
	return found, nil
}

func scan(ctx context.Context, call call, order []string, matches func(*synqly.Ticket) bool) ([]synqly.Ticket, error) {
	found := matching{matches: matches, by: []string{"tags", "name", "created_at"}}
	for page, err := range call.Connection.QueryTickets(ctx, synqly.TicketQuery{Order: order}) {
		if err != nil {
			return nil, err
		}
		found.take(&page)
		if reachesBefore(page.Items, call.Connection.RemoteTime(call.Started)) {
			break
		}
	}
	return found.result()
}

// reachesBefore reports whether a page is ordered by creation time, newest first, and ends with
// tickets that are older than a time.
func reachesBefore(tickets []synqly.Ticket, started time.Time) bool {
	if len(tickets) < 2 || started.IsZero() {
		return false
	}
	for i := range tickets {
		if tickets[i].CreatedAt.Time.IsZero() || (i > 0 && tickets[i].CreatedAt.Time.After(tickets[i-1].CreatedAt.Time)) {
			return false
		}
	}
	return !remote.NotBefore(tickets[len(tickets)-1].CreatedAt, started)
}
