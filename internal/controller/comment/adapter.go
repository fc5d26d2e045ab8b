// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package comment is the adapter of TicketComments.
package comment

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/child"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=ticketcomments,verbs=get;list;watch;patch;delete
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=ticketcomments/status,verbs=patch

// Kind is TicketComment.
var Kind = child.NewKind[*v1alpha1.TicketComment, synqly.Comment](newAdapter())

// adapter is what is particular about comments: they cannot be changed, so a new one replaces the
// old one, and they can only be listed, not fetched.
type adapter struct {
	child.Adapter[*v1alpha1.TicketComment, synqly.Comment]
}

var _ remote.Replacer[*v1alpha1.TicketComment] = adapter{}

func newAdapter() adapter {
	return adapter{child.Adapter[*v1alpha1.TicketComment, synqly.Comment]{
		KindName: "TicketComment", NounText: "comment",
		NewObject:  func() *v1alpha1.TicketComment { return &v1alpha1.TicketComment{} },
		NewObjects: func() client.ObjectList { return &v1alpha1.TicketCommentList{} },
		Texts:      remote.TextFields[*v1alpha1.TicketComment, synqly.Comment]{List: fields, Readable: readable},
		Words:      func(comment *v1alpha1.TicketComment) []string { return []string{comment.Spec.Content} },
		ShownWords: Words,
		Entry:      Entry,
		Creator:    func(comment *v1alpha1.TicketComment) string { return comment.Spec.Creator },
		List:       (*synqly.Client).ListComments,
		Delete:     (*synqly.Client).DeleteComment,
	}}
}

// fields are all that is sent of a comment.
var fields = []remote.TextField[*v1alpha1.TicketComment, synqly.Comment]{
	{
		Name: "content", Member: "content",
		Wanted: func(c *v1alpha1.TicketComment) string { return c.Spec.Content }, Shown: func(c *synqly.Comment) string { return c.Content },
	},
	{
		Name: "creator", Member: "creator",
		Wanted: func(c *v1alpha1.TicketComment) string { return c.Spec.Creator }, Shown: func(c *synqly.Comment) string { return c.Creator },
	},
}

// readable is true of every comment: what could not be read of one is compared as empty, because a
// comment shows no drift.
func readable(*synqly.Comment, ...string) bool { return true }

// Entry is what a remote comment shows, and Words are the texts by which it is recognised.
func Entry(comment *synqly.Comment) *synqly.Entry { return &comment.Entry }

// Words are the texts by which a remote comment is recognised.
func Words(comment *synqly.Comment) []string { return []string{comment.Content} }

// Known are the remote comments of a ticket of which TicketComments say what was sent.
func Known(ctx context.Context, reader client.Reader, of client.Object, place remote.Place) ([]child.Known, error) {
	return newAdapter().Known(ctx, reader, of, place)
}

// Create posts the comment.
func (adapter) Create(ctx context.Context, call remote.Call[*v1alpha1.TicketComment, synqly.Comment]) (*synqly.Comment, error) {
	spec := &call.Object.Spec
	comment, err := call.Connection.CreateComment(ctx, call.Place.TicketID, synqly.CreateCommentRequest{Content: spec.Content, Creator: spec.Creator})
	if err == nil && spec.Creator == "" {
		call.Connection.SawOwnUser(comment.Creator)
	}
	return comment, child.ExplainRefusal(ctx, call, err)
}

// Replaced are the comments that newer ones have replaced.
func (adapter) Replaced(comment *v1alpha1.TicketComment) *[]string {
	return &comment.Status.ReplacedIDs
}
