// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/child"
	"github.com/synqly/ticketing-operator/internal/controller/comment"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
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
	return strings.EqualFold(ticket.Status, call.Object.Spec.Close.Status) || isClosed(ticket, call.Connection.Integration), nil
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
