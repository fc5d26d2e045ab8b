// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/child"
	"github.com/synqly/ticketing-operator/internal/controller/comment"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/lister"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// The API cannot delete a ticket, so its removal is to close it, and to say so in a comment first.

// getUnlessGone fetches the ticket; nil where it is certainly gone.
func (a adapter) getUnlessGone(ctx context.Context, call call) (*synqly.Ticket, error) {
	ticket, err := call.Connection.GetTicket(ctx, call.ID)
	if synqly.IsNotFound(err) {
		return nil, a.ConfirmMissing(ctx, call)
	}
	return ticket, err
}

// hasClosed reports whether the ticket has the closing status, or is closed in another way.
func hasClosed(call call, ticket *synqly.Ticket) bool {
	return strings.EqualFold(ticket.Status, call.Object.Spec.Close.Status) || connection.IsClosed(ticket, call.Connection.Integration, call.Now)
}

// ClosingComment is where the status has the ID of the comment.
func (adapter) ClosingComment(ticket *v1alpha1.Ticket) *string {
	return &ticket.Status.ClosingCommentID
}

// ClosingText is the fingerprint of the comment.
func (adapter) ClosingText(ticket *v1alpha1.Ticket) string {
	if ticket.Spec.Close == nil || ticket.Spec.Close.Comment == "" {
		return ""
	}
	return remote.Fingerprint(ticket.Spec.Close.Comment)
}

// Closed reports whether there is nothing to close any more: the ticket has the closing status, is
// closed in another way, or is gone.
func (a adapter) Closed(ctx context.Context, call call) (bool, error) {
	if call.Object.Spec.Close == nil {
		return true, nil
	}
	ticket, err := a.getUnlessGone(ctx, call)
	if err != nil || ticket == nil {
		return err == nil, err
	}
	return hasClosed(call, ticket), nil
}

// PostClosing posts the comment.
func (adapter) PostClosing(ctx context.Context, call call) (string, error) {
	closing := call.Object.Spec.Close
	posted, err := call.Connection.CreateComment(ctx, call.ID, synqly.CreateCommentRequest{Content: closing.Comment, Creator: closing.Creator})
	if err != nil {
		return "", err
	}
	return posted.ID, nil
}

// FindClosing looks for the comment among those of the ticket.
func (a adapter) FindClosing(ctx context.Context, call call) ([]string, error) {
	comments, err := a.commentsUnlessGone(ctx, call)
	if err != nil {
		return nil, err
	}
	known, err := comment.Known(ctx, call.Reader, call.Object, remote.Place{Integration: call.Place.Integration, TicketID: call.ID})
	if err != nil {
		return nil, err
	}
	attempt := child.Attempt{
		Noun: "comment", Text: call.Text, Window: call.Window, Creators: child.Creators{Wanted: call.Object.Spec.Close.Creator},
	}
	candidates := child.CreatedBy(attempt, comments, comment.Entry, child.ByWords(comment.Words))
	slices.SortStableFunc(candidates, func(a, b remote.Found[synqly.Comment]) int {
		return a.Remote.CreatedAt.Compare(b.Remote.CreatedAt.Time)
	})
	doubt := child.Unrecognised("comment", known, comments, comment.Entry, child.ByWords(comment.Words))
	var ids []string
	for i := range candidates {
		isKnown := slices.ContainsFunc(known, func(k child.Known) bool { return k.ID == candidates[i].Remote.ID })
		switch {
		case isKnown:
		case candidates[i].Doubt != "":
			doubt = candidates[i].Doubt
		default:
			ids = append(ids, candidates[i].Remote.ID)
		}
	}
	if len(ids) == 0 && doubt != "" {
		return nil, &remote.InconclusiveError{Doubt: doubt}
	}
	return ids, nil
}

// commentsUnlessGone are the comments of the ticket. One that is certainly gone has none.
func (a adapter) commentsUnlessGone(ctx context.Context, call call) ([]synqly.Comment, error) {
	comments, err := synqly.All(call.Connection.ListComments(ctx, call.ID))
	if !synqly.IsNotFound(err) {
		return comments, err
	}
	ticket, failure := a.getUnlessGone(ctx, call)
	switch {
	case failure != nil:
		return nil, fmt.Errorf("looking whether the ticket is gone, because its list of comments was answered with 404: %w", failure)
	case ticket != nil:
		return nil, err
	}
	return nil, nil
}

// Leaving names the comments, notes and attachments that are being deleted together with the
// Ticket.
func (adapter) Leaving(ctx context.Context, reader client.Reader, ticket *v1alpha1.Ticket) ([]string, error) {
	var names []string
	err := eachChild(ctx, reader, ticket, func(kind string, object remote.Object) {
		leaving := !object.GetDeletionTimestamp().IsZero() && controllerutil.ContainsFinalizer(object, v1alpha1.RemoteFinalizer)
		if leaving && !status.IsPaused(object) {
			names = append(names, fmt.Sprintf("%s %q", kind, object.GetName()))
		}
	})
	slices.Sort(names)
	return names, err
}

// Held are the comments, notes and attachments that name the Ticket.
func (adapter) Held(ctx context.Context, reader client.Reader, ticket *v1alpha1.Ticket) ([]remote.Object, error) {
	var held []remote.Object
	err := eachChild(ctx, reader, ticket, func(_ string, object remote.Object) { held = append(held, object) })
	return held, err
}

// eachChild calls a function for each object that names a Ticket, which must not change it.
func eachChild(ctx context.Context, reader client.Reader, ticket *v1alpha1.Ticket, do func(kind string, object remote.Object)) error {
	kinds := []struct {
		name string
		list client.ObjectList
	}{{"TicketComment", &v1alpha1.TicketCommentList{}}, {"TicketNote", &v1alpha1.TicketNoteList{}}, {"TicketAttachment", &v1alpha1.TicketAttachmentList{}}}
	for _, kind := range kinds {
		err := reader.List(ctx, kind.list, client.InNamespace(ticket.Namespace), client.MatchingFields{child.IndexTicketRef: ticket.Name}, client.UnsafeDisableDeepCopy)
		if err != nil {
			return fmt.Errorf("looking for the %ss of the Ticket: %w", kind.name, err)
		}
		if err := lister.EachItem(kind.list, func(object remote.Object) { do(kind.name, object) }); err != nil {
			return err
		}
	}
	return nil
}

// Remove closes the ticket. One that is closed already is left alone.
func (a adapter) Remove(ctx context.Context, call call) error {
	if call.Object.Spec.Close == nil {
		return nil
	}
	before, err := a.getUnlessGone(ctx, call)
	if err != nil || before == nil || hasClosed(call, before) {
		return err
	}
	patch, err := synqly.Replace("/status", call.Object.Spec.Close.Status)
	if err != nil {
		return fmt.Errorf("making the patch: %w", err)
	}
	_, err = call.Connection.PatchTicket(ctx, call.ID, []synqly.PatchOperation{patch})
	if !synqly.IsNotFound(err) && !synqly.SucceededWithoutContent(err) {
		return err
	}
	after, failure := a.getUnlessGone(ctx, call)
	switch {
	case failure != nil:
		return fmt.Errorf("looking whether the ticket is closed: %w", failure)
	case after == nil, hasClosed(call, after), after.Status != before.Status:
		return nil
	}
	return fmt.Errorf("the ticket still has the status %q after the request to close it", after.Status)
}
