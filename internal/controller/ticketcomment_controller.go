// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=ticketcomments,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=ticketcomments/status,verbs=patch

// commentCall is what the lifecycle passes to the adapter.
type commentCall = remote.Call[*v1alpha1.TicketComment, synqly.Comment]

// commentAdapter is what is particular about comments: they cannot be changed, so
// a new one replaces the old one, and they can only be listed, not fetched.
type commentAdapter struct{}

var _ remote.Replacer[*v1alpha1.TicketComment] = commentAdapter{}

// NewTicketCommentReconciler returns the reconciler of TicketComments.
func NewTicketCommentReconciler(options remote.Options) (*remote.Reconciler[*v1alpha1.TicketComment, synqly.Comment], error) {
	return remote.New(options, commentAdapter{})
}

// SetupTicketComments adds the controller of TicketComments to the manager.
func SetupTicketComments(mgr ctrl.Manager, options remote.Options) error {
	reconciler, err := NewTicketCommentReconciler(options)
	if err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.TicketComment{}).
		Watches(&v1alpha1.Integration{}, wakeWaiting(mgr.GetClient(), commentAdapter{})).
		Watches(&v1alpha1.Ticket{}, wakeChildren(mgr.GetClient(), commentAdapter{})).
		Complete(reconciler)
}

func (commentAdapter) New() *v1alpha1.TicketComment { return &v1alpha1.TicketComment{} }
func (commentAdapter) NewList() client.ObjectList   { return &v1alpha1.TicketCommentList{} }
func (commentAdapter) Kind() string                 { return "TicketComment" }
func (commentAdapter) Noun() string                 { return "comment" }

func (commentAdapter) Policy(comment *v1alpha1.TicketComment) remote.Policy {
	return remote.Policy{RemoveOnDelete: comment.Spec.DeletionPolicy != v1alpha1.ChildRetain}
}

func (commentAdapter) RemoteIDs(comment *v1alpha1.TicketComment) []remote.RemoteID {
	return remote.RemoteIDs(comment, remote.Place{Integration: comment.Status.Integration, TicketID: comment.Status.TicketID})
}

func (commentAdapter) Place(ctx context.Context, reader client.Reader, comment *v1alpha1.TicketComment) (remote.Place, error) {
	return childPlace(ctx, reader, comment.Namespace, &comment.Spec.ParentReference, &comment.Status.RemoteChildStatus)
}

func (commentAdapter) RecordPlace(comment *v1alpha1.TicketComment, place remote.Place) {
	recordChildPlace(&comment.Status.RemoteChildStatus, place)
}

func (commentAdapter) Fields(comment *v1alpha1.TicketComment) map[string]string {
	return textFields(map[string]string{"content": comment.Spec.Content, "creator": comment.Spec.Creator})
}

func (a commentAdapter) Diff(comment *v1alpha1.TicketComment) []string {
	return remote.Changed(a.Fields(comment), comment.Status.Applied)
}

func (a commentAdapter) RemoteFields(comment *v1alpha1.TicketComment, shown *synqly.Comment) map[string]string {
	return shownTextFields(a.Fields(comment), map[string]string{"content": shown.Content, "creator": shown.Creator})
}

func (commentAdapter) Record(comment *v1alpha1.TicketComment, shown *synqly.Comment, _ *v1alpha1.Integration, _ time.Time) {
	recordChild(&comment.Status.RemoteChildStatus, shown.Creator, shown.CreatedAt, shown.UpdatedAt)
}

func (commentAdapter) Replaced(comment *v1alpha1.TicketComment) *[]string {
	return &comment.Status.ReplacedIDs
}

func (commentAdapter) ID(shown *synqly.Comment) string           { return shown.ID }
func (commentAdapter) CreatedAt(shown *synqly.Comment) time.Time { return shown.CreatedAt.Time }

func (commentAdapter) Fingerprint(comment *v1alpha1.TicketComment) string {
	return fingerprint(comment.Spec.Content)
}

func (commentAdapter) Create(ctx context.Context, call commentCall) (*synqly.Comment, error) {
	spec := &call.Object.Spec
	return call.Connection.CreateComment(ctx, call.Place.TicketID, synqly.CreateCommentRequest{Content: spec.Content, Creator: spec.Creator})
}

func (commentAdapter) Find(ctx context.Context, call commentCall) ([]synqly.Comment, error) {
	comments, err := synqly.All(call.Connection.ListComments(ctx, call.Place.TicketID))
	if err != nil {
		return nil, err
	}
	siblings, err := commentSiblings(ctx, call)
	if err != nil {
		return nil, err
	}
	return createdSince(comments, call.Connection.RemoteTime(call.Started), creatorsAmong(siblings, call.Object.Spec.Creator),
		func(comment *synqly.Comment) bool { return fingerprint(comment.Content) == call.Text },
		func(comment *synqly.Comment) synqly.Timestamp { return comment.CreatedAt },
		func(comment *synqly.Comment) string { return comment.Creator },
	), nil
}

// commentSiblings are the comments that were created through the same Integration.
func commentSiblings(ctx context.Context, call commentCall) ([]sibling, error) {
	var list v1alpha1.TicketCommentList
	if err := call.Reader.List(ctx, &list, client.InNamespace(call.Object.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the other TicketComments: %w", err)
	}
	var siblings []sibling
	for i := range list.Items {
		if other := &list.Items[i]; other.Status.ID != "" && other.Status.Integration == call.Place.Integration && other.UID != call.Object.UID {
			siblings = append(siblings, sibling{wanted: other.Spec.Creator, shown: other.Status.Creator})
		}
	}
	return siblings, nil
}

func (commentAdapter) Get(ctx context.Context, call commentCall) (*synqly.Comment, error) {
	return pick(call.Connection.ListComments(ctx, call.Place.TicketID), "comment", call.ID, func(comment *synqly.Comment) string { return comment.ID })
}

func (commentAdapter) Remove(ctx context.Context, call commentCall) error {
	err := call.Connection.DeleteComment(ctx, call.Place.TicketID, call.ID)
	if synqly.IsNotFound(err) {
		return nil
	}
	return err
}
