// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// noteFields are the members of a note that a client may set (Create Note, Patch Note).
var noteFields = []field{
	{name: "title", kind: textField, required: true},
	{name: "content", kind: textField, required: true},
}

// noteBody is what a client says of a note.
type noteBody struct {
	Title   string `json:"title"`
	Content string `json:"content"`
}

// The documentation shows the answers of the note operations without "meta", those of the others with it.
func bare(result any) *envelope { return &envelope{Result: result} }

func (s *Server) createNote(r *operationRequest) (*envelope, *problem) {
	record, missing := s.ticket(r)
	if missing != nil {
		return nil, missing
	}
	var body noteBody
	if invalid := decodeRequest(r.body, noteFields, &body); invalid != nil {
		return nil, invalid
	}
	note := Note{
		Title: s.behaviour.rewriteTitle(body.Title), Content: s.behaviour.rewriteText(body.Content), Creator: defaultCreator,
	}
	return bare(s.behaviour.coarseNote(*s.store.addNote(record, note, r.at))), nil
}

// listNotes answers without a cursor where there is no next page: it is the only list whose documentation has none.
func (s *Server) listNotes(r *operationRequest) (*envelope, *problem) {
	record, missing := s.ticket(r)
	if missing != nil {
		return nil, missing
	}
	page, invalid := listNumbered(s, r, s.behaviour.coarsenNotes(values(record.notes)), func(note Note) string { return note.ID })
	if invalid != nil {
		return nil, invalid
	}
	page.Meta = nil
	if *page.Cursor == "" {
		page.Cursor = nil
	}
	return page, nil
}

func (s *Server) deleteNote(r *operationRequest) (*envelope, *problem) {
	record, missing := s.ticket(r)
	if missing != nil {
		return nil, missing
	}
	if id := r.parameters["noteId"]; !record.deleteNote(id) {
		return nil, notFound("note on this ticket", "noteId", id)
	}
	return nil, nil
}

func (s *Server) patchNote(r *operationRequest) (*envelope, *problem) {
	record, missing := s.ticket(r)
	if missing != nil {
		return nil, missing
	}
	note := record.note(r.parameters["noteId"])
	if note == nil {
		return nil, notFound("note on this ticket", "noteId", r.parameters["noteId"])
	}
	patch, invalid := decodePatch(r.body)
	if invalid != nil {
		return nil, invalid
	}
	changed, invalid := patchedNote(*note, patch)
	if invalid != nil {
		return nil, invalid
	}
	if changed.Title != note.Title {
		changed.Title = s.behaviour.rewriteTitle(changed.Title)
	}
	if changed.Content != note.Content {
		changed.Content = s.behaviour.rewriteText(changed.Content)
	}
	if changed.Title != note.Title || changed.Content != note.Content {
		moment := s.store.stamp(r.at)
		note.Title, note.Content, note.UpdatedAt = changed.Title, changed.Content, &moment
	}
	return bare(s.behaviour.coarseNote(*note)), nil
}

// patchedNote returns what the patch makes of the note. Only title and content may be written.
func patchedNote(note Note, patch []patchOperation) (noteBody, *problem) {
	for i, operation := range patch {
		for _, name := range operation.writes() {
			if !slices.ContainsFunc(noteFields, func(known field) bool { return known.name == name }) {
				return noteBody{}, refuse(inBody(patchMember(i), "%s of a note cannot be patched", shorten(name)).
					sent(quote(operation.path)).remedy("Patch only title and content."))
			}
		}
	}
	before, err := json.Marshal(note)
	if err != nil {
		return noteBody{}, refuse(inBody("", "the note cannot be read: %v", err))
	}
	after, invalid := applyPatch(before, patch)
	if invalid != nil {
		return noteBody{}, invalid
	}
	members, invalid := decodeObject("", after)
	if invalid != nil {
		return noteBody{}, invalid
	}
	var violations []violation
	for _, expected := range noteFields {
		value, present := members[expected.name]
		if !present {
			violations = append(violations, inBody("/"+expected.name, "%s cannot be removed", expected.name))
			continue
		}
		violations = append(violations, checkValue(expected, value)...)
	}
	if len(violations) > 0 {
		return noteBody{}, refuse(violations...)
	}
	var body noteBody
	if invalid := decodeInto(after, &body); invalid != nil {
		return noteBody{}, invalid
	}
	return body, nil
}

// patchMember points at the path of an operation of a patch.
func patchMember(index int) string { return fmt.Sprintf("/%s/path", strconv.Itoa(index)) }
