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
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// The API cannot delete a ticket, so its removal is to close it, and to say so in a comment first.

// isGoneOrClosed reports whether the ticket has the closing status, is closed in another way, or is
// gone.
func isGoneOrClosed(ctx context.Context, call call) (bool, error) {
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
	return strings.EqualFold(ticket.Status, call.Object.Spec.Close.Status) || connection.IsClosed(ticket, call.Connection.Integration, call.Now), nil
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

// Closed reports whether there is nothing to close any more.
func (adapter) Closed(ctx context.Context, call call) (bool, error) {
	return isGoneOrClosed(ctx, call)
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
func (adapter) FindClosing(ctx context.Context, call call) ([]string, error) {
	comments, err := synqly.All(call.Connection.ListComments(ctx, call.ID))
	if err != nil {
		return nil, err
	}
	attempt := child.Attempt{
		Text: call.Text, Started: call.Connection.RemoteTime(call.Started), Creators: child.Creators{Wanted: call.Object.Spec.Close.Creator},
	}
	candidates := child.CreatedBy(attempt, comments, comment.Entry, comment.Words)
	slices.SortStableFunc(candidates, func(a, b synqly.Comment) int { return a.CreatedAt.Compare(b.CreatedAt.Time) })
	ids := make([]string, len(candidates))
	for i := range candidates {
		ids[i] = candidates[i].ID
	}
	return ids, nil
}

// Leaving names the comments and notes that are being deleted together with the Ticket.
func (adapter) Leaving(ctx context.Context, reader client.Reader, ticket *v1alpha1.Ticket) ([]string, error) {
	var names []string
	kinds := []struct {
		name string
		list client.ObjectList
	}{{"TicketComment", &v1alpha1.TicketCommentList{}}, {"TicketNote", &v1alpha1.TicketNoteList{}}}
	for _, kind := range kinds {
		err := reader.List(ctx, kind.list, client.InNamespace(ticket.Namespace), client.MatchingFields{child.IndexTicketRef: ticket.Name}, client.UnsafeDisableDeepCopy)
		if err != nil {
			return nil, fmt.Errorf("looking for objects that are deleted with the Ticket: %w", err)
		}
		err = remote.EachOf(kind.list, func(object client.Object) {
			leaving := !object.GetDeletionTimestamp().IsZero() && controllerutil.ContainsFinalizer(object, v1alpha1.RemoteFinalizer)
			if leaving && !status.IsPaused(object) {
				names = append(names, fmt.Sprintf("%s %q", kind.name, object.GetName()))
			}
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(names)
	return names, nil
}

// Remove closes the ticket. One that is closed already is left alone.
func (adapter) Remove(ctx context.Context, call call) error {
	closed, err := isGoneOrClosed(ctx, call)
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
