// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// childPlace says which remote ticket a comment or a note belongs to. What the
// status has recorded comes first, so that a deletion needs no Ticket.
func childPlace(ctx context.Context, reader client.Reader, namespace string, parent *v1alpha1.ParentReference, status *v1alpha1.RemoteChildStatus) (remote.Place, error) {
	switch {
	case status.TicketID != "" && status.Integration != "":
		return remote.Place{Integration: status.Integration, TicketID: status.TicketID}, nil
	case parent.TicketRef == nil:
		place := remote.Place{Integration: v1alpha1.DefaultIntegrationName, TicketID: parent.TicketID}
		if parent.IntegrationRef != nil {
			place.Integration = parent.IntegrationRef.Name
		}
		return place, nil
	}
	var ticket v1alpha1.Ticket
	err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: parent.TicketRef.Name}, &ticket)
	switch {
	case apierrors.IsNotFound(err):
		return remote.Place{}, waitingForTicket("Ticket %q does not exist in this namespace: create it, or create another object for another Ticket", parent.TicketRef.Name)
	case err != nil:
		return remote.Place{}, fmt.Errorf("reading Ticket %q: %w", parent.TicketRef.Name, err)
	case ticket.Status.ID == "":
		return remote.Place{}, waitingForTicket("Ticket %q has no remote ticket yet; its conditions say why", ticket.Name)
	}
	return remote.Place{Integration: ticket.Status.Integration, TicketID: ticket.Status.ID}, nil
}

func waitingForTicket(format, name string) error {
	return &remote.WaitingError{Reason: v1alpha1.ReasonWaitingForTicket, Message: fmt.Sprintf(format, name)}
}

func recordChildPlace(status *v1alpha1.RemoteChildStatus, place remote.Place) {
	status.Integration, status.TicketID = place.Integration, place.TicketID
}

// recordChild shows a remote comment or note in the status, cut to what the schema
// takes.
func recordChild(status *v1alpha1.RemoteChildStatus, creator string, createdAt, updatedAt synqly.Timestamp) {
	const word, timestamp = 255, 64
	status.Creator = remote.Truncate(creator, word)
	status.CreatedAt = remote.Truncate(createdAt.Raw, timestamp)
	status.UpdatedAt = remote.Truncate(updatedAt.Raw, timestamp)
}

// textFields are the managed fields of a comment or a note, which all are texts;
// those that are empty are not set.
func textFields(values map[string]string) map[string]string {
	fields := map[string]string{}
	for name, value := range values {
		if value != "" {
			fields[name] = remote.Hash(value)
		}
	}
	return fields
}

// shownTextFields are the named fields with what the provider shows.
func shownTextFields(managed, shown map[string]string) map[string]string {
	fields := map[string]string{}
	for name := range managed {
		fields[name] = remote.Hash(shown[name])
	}
	return fields
}

// creators are those that a remote object can have which was created for an object.
type creators struct {
	// wanted is the creator in the spec, which some providers do not take.
	wanted string
	// known are the only possible ones, as far as objects that were created before
	// show; empty where they show nothing.
	known []string
}

// sibling is what an object that was created before shows of creators.
type sibling struct{ wanted, shown string }

// creatorsAmong says which creators are possible, given what the provider made of
// those of siblings: it takes the ones that it is sent, or puts its own user there.
func creatorsAmong(siblings []sibling, wanted string) creators {
	possible := creators{wanted: wanted}
	for _, other := range siblings {
		switch {
		case other.shown == "" || (other.wanted == "") != (wanted == ""):
		case wanted != "" && strings.EqualFold(other.wanted, other.shown):
			return creators{wanted: wanted, known: []string{wanted}}
		default:
			possible.known = append(possible.known, other.shown)
		}
	}
	return possible
}

// among are the remote objects with a possible creator. Where nothing is known, the
// wanted one decides between several, if any of them has it.
func (c creators) among(creatorsOf []string) []int {
	var possible, preferred []int
	for i, creator := range creatorsOf {
		matches := func(other string) bool { return strings.EqualFold(other, creator) }
		if len(c.known) > 0 && creator != "" && !slices.ContainsFunc(c.known, matches) {
			continue
		}
		possible = append(possible, i)
		if matches(c.wanted) {
			preferred = append(preferred, i)
		}
	}
	if len(preferred) > 0 {
		return preferred
	}
	return possible
}

// createdSince are the remote objects that a create attempt may have made, as far as
// their text, their time and their creator tell. started is by the provider's clock.
func createdSince[R any](remotes []R, started time.Time, possible creators, matches func(*R) bool, createdAt func(*R) synqly.Timestamp, creatorOf func(*R) string) []R {
	candidates := slices.DeleteFunc(remotes, func(r R) bool { return !matches(&r) || !notBefore(createdAt(&r), started) })
	names := make([]string, len(candidates))
	for i := range candidates {
		names[i] = creatorOf(&candidates[i])
	}
	var chosen []R
	for _, i := range possible.among(names) {
		chosen = append(chosen, candidates[i])
	}
	return chosen
}

// pick is the remote object with an ID on a list. A ticket that is not there has none
// of them. What else is on the list may be odd: only where the object is not found, it
// could be among what cannot be read.
func pick[R any](pages iter.Seq2[synqly.Page[R], error], noun, id string, idOf func(*R) string) (*R, error) {
	var unclear error
	for page, err := range pages {
		if err != nil && !synqly.IsNotFound(err) {
			return nil, err
		}
		for i := range page.Items {
			if idOf(&page.Items[i]) == id {
				return &page.Items[i], nil
			}
		}
		unclear = cmp.Or(unclear, page.CheckComplete())
	}
	if unclear != nil {
		return nil, unclear
	}
	return nil, &remote.MissingError{Noun: noun, ID: id}
}
