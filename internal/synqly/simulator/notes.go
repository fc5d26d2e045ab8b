// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/synqly/ticketing-operator/internal/synqly/contract"
)

// noteBody is what a client says of a note.
type noteBody struct {
	Title   string `json:"title"`
	Content string `json:"content"`
}

func (b noteBody) refuseBlank() *problem {
	return refuseBlank(namedText{"title", b.Title}, namedText{"content", b.Content})
}

// The documentation shows the answers of the note operations without "meta", those of the others
// with it.
func bare(result any) *envelope { return &envelope{Result: result} }

func (s *Server) createNote(r *operationRequest) (*envelope, *problem) {
	record, missing := s.openTicket(r)
	if missing != nil {
		return nil, missing
	}
	var body noteBody
	if invalid := decodeInto(r.body, &body); invalid != nil {
		return nil, invalid
	}
	if blank := body.refuseBlank(); blank != nil {
		return nil, blank
	}
	note := Note{
		Title: s.behaviour.rewriteTitle(body.Title), Content: s.behaviour.rewriteText(body.Content), Creator: defaultCreator,
	}
	return bare(s.behaviour.shownNote(*s.store.addNote(record, note, r.at))), nil
}

// listNotes answers without a cursor where there is no next page: it is the only list whose
// documentation has none.
func (s *Server) listNotes(r *operationRequest) (*envelope, *problem) {
	record, missing := s.ticket(r)
	if missing != nil {
		return nil, missing
	}
	page, invalid := listNumbered(s, r, s.behaviour.shownNotes(values(record.notes)), func(note Note) string { return note.ID })
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
	record, missing := s.openTicket(r)
	if missing != nil {
		return nil, missing
	}
	if id := r.parameters["noteId"]; !record.deleteNote(id) {
		return nil, notFound("note on this ticket", "noteId", id)
	}
	return nil, nil
}

func (s *Server) patchNote(r *operationRequest) (*envelope, *problem) {
	record, missing := s.openTicket(r)
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
	return bare(s.behaviour.shownNote(*note)), nil
}

// patchedNote returns what the patch makes of the note. Only title and content may be written.
func patchedNote(note Note, patch []patchOperation) (noteBody, *problem) {
	writable, _ := contract.Lookup(contract.CreateNote)
	for i, operation := range patch {
		for _, name := range operation.writes() {
			if !slices.Contains(writable.BodyFields(), name) {
				return noteBody{}, refuse(inBody(patchMember(i), "%s of a note cannot be patched", shorten(name)).
					sent(quote(operation.Path)).remedy("Patch only title and content."))
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
	var members map[string]any
	if invalid := decodeInto(after, &members); invalid != nil {
		return noteBody{}, invalid
	}
	maps.DeleteFunc(members, func(name string, _ any) bool { return !slices.Contains(writable.BodyFields(), name) })
	if err := contract.CheckBody(writable, members); err != nil {
		return noteBody{}, violates(err)
	}
	var body noteBody
	if invalid := decodeInto(after, &body); invalid != nil {
		return noteBody{}, invalid
	}
	return body, body.refuseBlank()
}

// patchMember points at the path of an operation of a patch.
func patchMember(index int) string { return fmt.Sprintf("/%s/path", strconv.Itoa(index)) }
