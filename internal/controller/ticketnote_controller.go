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

// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=ticketnotes,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=ticketing.synqly.com,resources=ticketnotes/status,verbs=patch

// noteCall is what the lifecycle passes to the adapter.
type noteCall = remote.Call[*v1alpha1.TicketNote, synqly.Note]

// noteAdapter is what is particular about notes: they are patched in place, and can
// only be listed, not fetched.
type noteAdapter struct{}

var _ remote.Patcher[*v1alpha1.TicketNote, synqly.Note] = noteAdapter{}

// NewTicketNoteReconciler returns the reconciler of TicketNotes.
func NewTicketNoteReconciler(options remote.Options) (*remote.Reconciler[*v1alpha1.TicketNote, synqly.Note], error) {
	return remote.New(options, noteAdapter{})
}

// SetupTicketNotes adds the controller of TicketNotes to the manager.
func SetupTicketNotes(mgr ctrl.Manager, options remote.Options) error {
	reconciler, err := NewTicketNoteReconciler(options)
	if err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.TicketNote{}).
		Watches(&v1alpha1.Integration{}, wakeWaiting(mgr.GetClient(), noteAdapter{})).
		Watches(&v1alpha1.Ticket{}, wakeChildren(mgr.GetClient(), noteAdapter{})).
		Complete(reconciler)
}

func (noteAdapter) New() *v1alpha1.TicketNote  { return &v1alpha1.TicketNote{} }
func (noteAdapter) NewList() client.ObjectList { return &v1alpha1.TicketNoteList{} }
func (noteAdapter) Kind() string               { return "TicketNote" }
func (noteAdapter) Noun() string               { return "note" }

func (noteAdapter) Policy(note *v1alpha1.TicketNote) remote.Policy {
	return remote.Policy{RemoveOnDelete: note.Spec.DeletionPolicy != v1alpha1.ChildRetain}
}

func (noteAdapter) RemoteIDs(note *v1alpha1.TicketNote) []remote.RemoteID {
	return remote.RemoteIDs(note, remote.Place{Integration: note.Status.Integration, TicketID: note.Status.TicketID})
}

func (noteAdapter) Place(ctx context.Context, reader client.Reader, note *v1alpha1.TicketNote) (remote.Place, error) {
	return childPlace(ctx, reader, note.Namespace, &note.Spec.ParentReference, &note.Status.RemoteChildStatus)
}

func (noteAdapter) RecordPlace(note *v1alpha1.TicketNote, place remote.Place) {
	recordChildPlace(&note.Status.RemoteChildStatus, place)
}

func (noteAdapter) Fields(note *v1alpha1.TicketNote) map[string]string {
	return noteSpecFields(&note.Spec)
}

func (noteAdapter) Diff(note *v1alpha1.TicketNote) []string {
	return noteDiff(&note.Spec, note.Status.Applied)
}

func (noteAdapter) RemoteFields(note *v1alpha1.TicketNote, shown *synqly.Note) map[string]string {
	return noteShownFields(&note.Spec, shown)
}

func (noteAdapter) Record(note *v1alpha1.TicketNote, shown *synqly.Note, _ *v1alpha1.Integration, _ time.Time) {
	recordChild(&note.Status.RemoteChildStatus, shown.Creator, shown.CreatedAt, shown.UpdatedAt)
}

func (noteAdapter) ID(shown *synqly.Note) string           { return shown.ID }
func (noteAdapter) CreatedAt(shown *synqly.Note) time.Time { return shown.CreatedAt.Time }

func (noteAdapter) Fingerprint(note *v1alpha1.TicketNote) string {
	return fingerprint(note.Spec.Title, note.Spec.Content)
}

func (noteAdapter) Create(ctx context.Context, call noteCall) (*synqly.Note, error) {
	spec := &call.Object.Spec
	return call.Connection.CreateNote(ctx, call.Place.TicketID, synqly.CreateNoteRequest{Title: spec.Title, Content: spec.Content})
}

func (noteAdapter) Find(ctx context.Context, call noteCall) ([]synqly.Note, error) {
	notes, err := synqly.All(call.Connection.ListNotes(ctx, call.Place.TicketID))
	if err != nil {
		return nil, err
	}
	siblings, err := noteSiblings(ctx, call)
	if err != nil {
		return nil, err
	}
	return createdSince(notes, call.Connection.RemoteTime(call.Started), creatorsAmong(siblings, ""),
		func(note *synqly.Note) bool {
			return fingerprint(note.Title, note.Content) == call.Text
		},
		func(note *synqly.Note) synqly.Timestamp { return note.CreatedAt },
		func(note *synqly.Note) string { return note.Creator },
	), nil
}

// noteSiblings are the notes that were created through the same Integration.
func noteSiblings(ctx context.Context, call noteCall) ([]sibling, error) {
	var list v1alpha1.TicketNoteList
	if err := call.Reader.List(ctx, &list, client.InNamespace(call.Object.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the other TicketNotes: %w", err)
	}
	var siblings []sibling
	for i := range list.Items {
		if other := &list.Items[i]; other.Status.ID != "" && other.Status.Integration == call.Place.Integration && other.UID != call.Object.UID {
			siblings = append(siblings, sibling{shown: other.Status.Creator})
		}
	}
	return siblings, nil
}

func (noteAdapter) Get(ctx context.Context, call noteCall) (*synqly.Note, error) {
	return pick(call.Connection.ListNotes(ctx, call.Place.TicketID), "note", call.ID, func(note *synqly.Note) string { return note.ID })
}

// Patch replaces the title, the content, or both: all that the API changes of a
// note.
func (noteAdapter) Patch(ctx context.Context, call noteCall, fields []string) (*synqly.Note, error) {
	patch, err := notePatch(&call.Object.Spec, fields, call.Seen)
	if err != nil {
		return nil, fmt.Errorf("making the patch: %w", err)
	}
	if len(patch) == 0 && call.Seen != nil {
		return call.Seen, nil
	}
	note, err := call.Connection.PatchNote(ctx, call.Place.TicketID, call.ID, patch)
	if synqly.IsNotFound(err) {
		return nil, &remote.MissingError{Noun: "note", ID: call.ID}
	}
	return note, err
}

func (noteAdapter) Remove(ctx context.Context, call noteCall) error {
	err := call.Connection.DeleteNote(ctx, call.Place.TicketID, call.ID)
	if synqly.IsNotFound(err) {
		return nil
	}
	return err
}
