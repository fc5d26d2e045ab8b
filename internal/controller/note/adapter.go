// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package note is the adapter of TicketNotes.
package note

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/child"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=ticketnotes,verbs=get;list;watch;patch;delete
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=ticketnotes/status,verbs=patch

// Kind is TicketNote.
var Kind = child.NewKind[*v1alpha1.TicketNote, synqly.Note](newAdapter())

// call is what the lifecycle passes to the adapter.
type call = remote.Call[*v1alpha1.TicketNote, synqly.Note]

// adapter is what is particular about notes: they are changed in place, and can only be listed, not
// fetched.
type adapter struct {
	child.Adapter[*v1alpha1.TicketNote, synqly.Note]
}

var _ remote.Patcher[*v1alpha1.TicketNote, synqly.Note] = adapter{}

func newAdapter() adapter {
	return adapter{child.Adapter[*v1alpha1.TicketNote, synqly.Note]{
		KindName: "TicketNote", NounText: "note",
		NewObject:  func() *v1alpha1.TicketNote { return &v1alpha1.TicketNote{} },
		NewObjects: func() client.ObjectList { return &v1alpha1.TicketNoteList{} },
		Texts:      texts,
		Words:      func(note *v1alpha1.TicketNote) []string { return []string{note.Spec.Title, note.Spec.Content} },
		ShownWords: func(note *synqly.Note) []string { return []string{note.Title, note.Content} },
		Entry:      func(note *synqly.Note) *synqly.Entry { return &note.Entry },
		Creator:    func(*v1alpha1.TicketNote) string { return "" },
		List:       (*synqly.Client).ListNotes,
		Delete:     (*synqly.Client).DeleteNote,
	}}
}

// texts are the managed fields of a note: all that the API changes of one (Patch Note). What a note
// with an odd member shows counts as not known, so that it is written.
var texts = remote.TextFields[*v1alpha1.TicketNote, synqly.Note]{
	List: []remote.TextField[*v1alpha1.TicketNote, synqly.Note]{
		{
			Name: "title", Member: "title",
			Wanted: func(n *v1alpha1.TicketNote) string { return n.Spec.Title }, Shown: func(n *synqly.Note) string { return n.Title },
		},
		{
			Name: "content", Member: "content",
			Wanted: func(n *v1alpha1.TicketNote) string { return n.Spec.Content }, Shown: func(n *synqly.Note) string { return n.Content },
		},
	},
	Readable: func(note *synqly.Note, _ ...string) bool { return len(note.Unreadable) == 0 },
}

// Create posts the note.
func (adapter) Create(ctx context.Context, call call) (*synqly.Note, error) {
	spec := &call.Object.Spec
	note, err := call.Connection.CreateNote(ctx, call.Place.TicketID, synqly.CreateNoteRequest{Title: spec.Title, Content: spec.Content})
	if err == nil {
		call.Connection.SawOwnUser(note.Creator)
	}
	return note, child.ExplainRefusal(ctx, call, err)
}

// Patch replaces the title, the content, or both.
func (a adapter) Patch(ctx context.Context, call call, fields []string) (*synqly.Note, error) {
	patch, err := texts.Patch(call.Object, fields, call.Seen)
	if err != nil {
		return nil, fmt.Errorf("making the patch: %w", err)
	}
	if len(patch) == 0 && call.Seen != nil {
		return call.Seen, nil
	}
	note, err := call.Connection.PatchNote(ctx, call.Place.TicketID, call.ID, patch)
	switch {
	case synqly.IsNotFound(err):
		return nil, &remote.MissingError{Noun: "note", ID: call.ID}
	case synqly.SucceededWithoutContent(err):
		return a.Get(ctx, call)
	}
	return note, child.ExplainRefusal(ctx, call, err)
}
