// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// noteFields are the managed fields of a note: all that the API changes of one (Patch
// Note).
var noteFields = []textField[v1alpha1.TicketNoteSpec, synqly.Note]{
	{"title", "title", func(s *v1alpha1.TicketNoteSpec) string { return s.Title }, func(n *synqly.Note) string { return n.Title }},
	{"content", "content", func(s *v1alpha1.TicketNoteSpec) string { return s.Content }, func(n *synqly.Note) string { return n.Content }},
}

var noteTexts = texts[v1alpha1.TicketNoteSpec, synqly.Note]{fields: noteFields, readable: noteReadable}

// noteReadable tells whether all of a note could be read. What a note with an odd
// member shows counts as not known, so that it is written.
func noteReadable(note *synqly.Note, _ ...string) bool { return len(note.Unreadable) == 0 }

// noteSpecFields are the managed fields with a hash of the spec's value.
func noteSpecFields(spec *v1alpha1.TicketNoteSpec) map[string]string {
	return noteTexts.wanted(spec)
}

// noteShownFields are the same fields with a hash of what the provider shows. Those
// that could not be read are left out.
func noteShownFields(spec *v1alpha1.TicketNoteSpec, note *synqly.Note) map[string]string {
	return noteTexts.shown(spec, note)
}

// noteDiff names the fields to write: those whose value in the spec has changed since
// it was last applied.
func noteDiff(spec *v1alpha1.TicketNoteSpec, applied map[string]string) []string {
	return remote.Changed(noteSpecFields(spec), applied)
}

// notePatch is the JSON Patch that writes the named fields. seen is the note as just
// fetched, or nil; fields that it shows as wanted already are left out.
func notePatch(spec *v1alpha1.TicketNoteSpec, names []string, seen *synqly.Note) ([]synqly.PatchOperation, error) {
	return noteTexts.patch(spec, names, seen)
}
