// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package child is what the kinds share whose remote objects belong to a remote ticket: comments,
// notes and attachments.
package child

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/lister"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// Object is a custom resource whose remote object belongs to a remote ticket.
type Object interface {
	remote.Object
	ParentReference() *v1alpha1.ParentReference
	RemoteChildStatus() *v1alpha1.RemoteChildStatus
	RemovesRemote() bool
}

// Adapter is the part of an adapter that the kinds share. A kind adds Create and, as it can be
// changed in place or not, Patch or Replaced.
type Adapter[O Object, R any] struct {
	remote.Defaults[O, R]

	// KindName is the name of the kind, and NounText what people call the remote object.
	KindName, NounText string
	// NewObject returns an empty object, and NewObjects an empty list of them.
	NewObject  func() O
	NewObjects func() client.ObjectList
	// Texts are the managed fields.
	Texts remote.TextFields[O, R]
	// Words are the texts by which the remote object is recognised: as the spec has them, and as
	// the provider shows them, in the same order.
	Words      func(O) []string
	ShownWords func(*R) []string
	// Sent is what Create sends, in the form in which an attempt records it, and Matches compares
	// that with what the provider shows; nil for a kind that is recognised by its Words.
	Sent    func(O) string
	Matches func(sent string, shown *R) remote.Verdict
	// Entry is what the provider shows of the remote object.
	Entry func(*R) *synqly.Entry
	// Creator is the creator in the spec; empty for kinds that have none.
	Creator func(O) string
	// List lists the remote objects of a ticket, and Delete deletes one.
	List   func(c *synqly.Client, ctx context.Context, ticketID string) iter.Seq2[synqly.Page[R], error]
	Delete func(c *synqly.Client, ctx context.Context, ticketID, id string) error
}

// New returns an empty object.
func (a Adapter[O, R]) New() O { return a.NewObject() }

// NewList returns an empty list.
func (a Adapter[O, R]) NewList() client.ObjectList { return a.NewObjects() }

// Kind is the kind's name.
func (a Adapter[O, R]) Kind() string { return a.KindName }

// Noun is what people call the remote object.
func (a Adapter[O, R]) Noun() string { return a.NounText }

// Removed says that what belongs to a ticket is deleted.
func (a Adapter[O, R]) Removed() string { return "removed" }

// Policy asks for the removal of the remote object, unless the spec says Retain.
func (a Adapter[O, R]) Policy(object O) remote.Policy {
	return remote.Policy{RemoveOnDelete: object.RemovesRemote()}
}

// RemoteIDs are at the ticket that the status has recorded.
func (a Adapter[O, R]) RemoteIDs(object O) []remote.RemoteID {
	recorded := object.RemoteChildStatus()
	return remote.RemoteIDs(object, remote.Place{Integration: recorded.Integration, TicketID: recorded.TicketID})
}

// RecordPlace puts the Integration and the ticket into the status.
func (a Adapter[O, R]) RecordPlace(object O, place remote.Place) {
	recorded := object.RemoteChildStatus()
	recorded.Integration, recorded.TicketID = place.Integration, place.TicketID
}

// Record shows the remote object in the status, cut to what the schema takes.
func (a Adapter[O, R]) Record(object O, shown *R, _ connection.Integration, _ time.Time) {
	const word, timestamp = 255, 64
	recorded, entry := object.RemoteChildStatus(), a.Entry(shown)
	recorded.Creator = status.Truncate(entry.Creator, word)
	recorded.CreatedAt = status.Truncate(entry.CreatedAt.Raw, timestamp)
	recorded.UpdatedAt = status.Truncate(entry.UpdatedAt.Raw, timestamp)
}

// Fields are the texts of the spec.
func (a Adapter[O, R]) Fields(object O) map[string]string { return a.Texts.Wanted(object) }

// Diff names the texts whose value in the spec has changed since it was last applied.
func (a Adapter[O, R]) Diff(object O) []string {
	return remote.Changed(a.Fields(object), object.RemoteStatus().Applied)
}

// RemoteFields are the same texts as the provider shows them. Those that could not be read are left
// out.
func (a Adapter[O, R]) RemoteFields(object O, shown *R) map[string]string {
	return a.Texts.Shown(object, shown)
}

// Shows reports whether the provider shows a text with the words of the spec.
func (a Adapter[O, R]) Shows(object O, shown *R, field string) bool {
	return a.Texts.Shows(object, shown, field)
}

// ID of the remote object.
func (a Adapter[O, R]) ID(shown *R) string { return a.Entry(shown).ID }

// CreatedAt is when the remote object was created.
func (a Adapter[O, R]) CreatedAt(shown *R) time.Time { return a.Entry(shown).CreatedAt.Time }

// UpdatedAt is when the remote object was changed last.
func (a Adapter[O, R]) UpdatedAt(shown *R) time.Time { return a.Entry(shown).UpdatedAt.Time }

// Fingerprint is that of the words of the spec, or what the kind is recognised by instead.
func (a Adapter[O, R]) Fingerprint(object O) string {
	if a.Sent != nil {
		return a.Sent(object)
	}
	return remote.Fingerprint(a.Words(object)...)
}

// matches compares what an attempt has sent with what the provider shows.
func (a Adapter[O, R]) matches() Match[R] {
	if a.Matches != nil {
		return a.Matches
	}
	return ByWords(a.ShownWords)
}

// Find looks among the remote objects of the ticket for those that the attempt may have made.
func (a Adapter[O, R]) Find(ctx context.Context, call remote.Call[O, R]) (remote.Search[R], error) {
	shown, err := a.listedUnlessGone(ctx, call)
	if err != nil {
		return remote.Search[R]{}, err
	}
	known, err := a.Known(ctx, call.Reader, call.Object, call.Place)
	if err != nil {
		return remote.Search[R]{}, err
	}
	attempt := Attempt{Noun: a.NounText, Text: call.Text, Window: call.Window}
	siblings, err := a.siblings(ctx, call, creatorsOf(attempt, shown, a.Entry, a.matches()))
	if err != nil {
		return remote.Search[R]{}, err
	}
	attempt.Creators = creatorsAmong(siblings, a.Creator(call.Object))
	if user := call.Connection.OwnUser(); user != "" {
		attempt.Creators.own = append(attempt.Creators.own, user)
	}
	return remote.Search[R]{
		Found: CreatedBy(attempt, shown, a.Entry, a.matches()),
		Doubt: Unrecognised(a.NounText, known, shown, a.Entry, a.matches()),
	}, nil
}

// listedUnlessGone are the remote objects of the ticket. One that is gone, as its list and a
// request for the ticket itself both say, has none that the deletion of the object could leave
// behind. Of an object that stays it proves nothing: the ticket may come back, with what the
// attempt has made.
func (a Adapter[O, R]) listedUnlessGone(ctx context.Context, call remote.Call[O, R]) ([]R, error) {
	shown, err := synqly.All(a.List(call.Connection.Client, ctx, call.Place.TicketID))
	if !synqly.IsNotFound(err) || call.Object.GetDeletionTimestamp().IsZero() {
		return shown, err
	}
	switch _, failure := call.Connection.GetTicket(ctx, call.Place.TicketID); {
	case synqly.IsNotFound(failure):
		return nil, nil
	case failure != nil:
		return nil, fmt.Errorf("looking whether the ticket is gone, because its list was answered with 404: %w", failure)
	}
	return nil, err
}

// Known are the remote objects of a ticket of which other objects say what was sent, for an object
// that works at the place.
func (a Adapter[O, R]) Known(ctx context.Context, reader client.Reader, of client.Object, place remote.Place) ([]Known, error) {
	list := a.NewObjects()
	err := reader.List(ctx, list, client.InNamespace(place.Namespaces(of.GetNamespace())), client.MatchingFields{indexPlace: placeValue(place)}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil, fmt.Errorf("listing the %ss of the ticket: %w", a.KindName, err)
	}
	var known []Known
	err = lister.EachItem(list, func(object O) {
		if object.GetUID() != of.GetUID() && len(a.Diff(object)) == 0 {
			known = append(known, a.known(of, object))
		}
	})
	return known, err
}

func (a Adapter[O, R]) known(of client.Object, object O) Known {
	return Known{ID: object.RemoteStatus().ID, Text: a.Fingerprint(object), Owner: remote.DescribeOther(of, object, a.KindName)}
}

// Get picks the remote object from the list, since it cannot be fetched by itself. A ticket that is
// not there has none of them. What else is on the list may be odd: only where the object is not
// found, it could be among what cannot be read.
func (a Adapter[O, R]) Get(ctx context.Context, call remote.Call[O, R]) (*R, error) {
	var unclear error
	for page, err := range a.List(call.Connection.Client, ctx, call.Place.TicketID) {
		if err != nil && !synqly.IsNotFound(err) {
			return nil, err
		}
		for i := range page.Items {
			if a.ID(&page.Items[i]) == call.ID {
				return &page.Items[i], nil
			}
		}
		unclear = cmp.Or(unclear, page.CheckComplete())
	}
	if unclear != nil {
		return nil, unclear
	}
	return nil, &remote.MissingError{Noun: a.NounText, ID: call.ID}
}

// Remove deletes the remote object. What is told that it does not exist, or gets an answer that
// proves nothing, is removed when the list of the ticket does not show it: nobody looks for it any
// more once its finalizer is gone.
func (a Adapter[O, R]) Remove(ctx context.Context, call remote.Call[O, R]) error {
	err := a.Delete(call.Connection.Client, ctx, call.Place.TicketID, call.ID)
	if !synqly.IsNotFound(err) && !synqly.IsForeign(err) {
		return explainRemoval(ctx, call, err)
	}
	_, unseen := a.Get(ctx, call)
	var missing *remote.MissingError
	switch {
	case errors.As(unseen, &missing):
		return nil
	case synqly.IsForeign(err):
		return err
	case unseen != nil:
		return fmt.Errorf("looking for it in the list, because the delete was answered with 404: %w", unseen)
	}
	return fmt.Errorf("the delete was answered with 404, but the list of the ticket still shows the %s", a.NounText)
}
