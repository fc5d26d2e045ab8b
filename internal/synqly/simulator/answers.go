// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"time"
)

// shownTicket is a ticket in an answer, as the provider's habits and SetRaw make it look.
type shownTicket struct {
	ticketAnswer

	// Unmapped is what the provider has beyond the API's model (schema Ticket).
	Unmapped map[string]any `json:"unmapped,omitempty"`

	raw map[string]json.RawMessage
}

// answer is the ticket as every answer about it has it.
func (s *Server) answer(record *ticketRecord) shownTicket {
	ticket := record.Ticket
	s.behaviour.coarsenTicket(&ticket)
	shown := shownTicket{ticketAnswer: ticket.answer(values(record.attachments)), raw: record.raw}
	if s.behaviour.CommentCount {
		shown.Unmapped = map[string]any{"comment_count": len(record.comments)}
	}
	return shown
}

// MarshalJSON puts the raw values in place of the ticket's own.
func (t shownTicket) MarshalJSON() ([]byte, error) {
	type plain shownTicket // Without this method.
	encoded, err := json.Marshal(plain(t))
	if err != nil || len(t.raw) == 0 {
		return encoded, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(encoded, &members); err != nil {
		return nil, fmt.Errorf("reading the ticket again: %w", err)
	}
	maps.Copy(members, t.raw)
	return json.Marshal(members)
}

// SetRaw lets every answer about a ticket (query, get, patch) have a raw JSON value in place of a
// wire field, whatever the API documents there: {"due_date": 5}, say. The ticket that the simulator
// holds, what filters and patches work on, stays as it is; a nil value shows it again. Like any
// change it moves updated_at. SetRaw returns false when there is no such ticket, and panics on what
// is no JSON value: no answer could have it.
func (s *Server) SetRaw(ticketID, field string, raw json.RawMessage) bool {
	if raw != nil && !json.Valid(raw) {
		panic("simulator: the raw value of " + field + " is no JSON value")
	}
	defer s.lock()()
	record := s.store.byID[ticketID]
	if record == nil {
		return false
	}
	if record.raw == nil {
		record.raw = map[string]json.RawMessage{}
	}
	if raw == nil {
		delete(record.raw, field)
	} else {
		record.raw[field] = bytes.Clone(raw)
	}
	record.UpdatedAt = s.store.stamp(s.now())
	return true
}

// commentsChanged moves the ticket's time of change where the provider counts comments with the
// ticket.
func (s *Server) commentsChanged(record *ticketRecord, now time.Time) {
	if s.behaviour.CommentCount {
		record.UpdatedAt = s.store.stamp(now)
	}
}

// coarsenTicket makes the times of a ticket whole seconds, as far as the provider sets them.
func (b Behaviour) coarsenTicket(ticket *Ticket) {
	ticket.CreatedAt, ticket.UpdatedAt = b.coarse(ticket.CreatedAt), b.coarse(ticket.UpdatedAt)
}

func (b Behaviour) shownComments(comments []Comment) []Comment {
	for i := range comments {
		comments[i] = b.shownComment(comments[i])
	}
	return comments
}

func (b Behaviour) shownComment(comment Comment) Comment {
	comment.Content = b.Spelling.spell(comment.Content)
	comment.CreatedAt, comment.UpdatedAt = b.shownCreation(comment.CreatedAt), b.coarseOptional(comment.UpdatedAt)
	return comment
}

func (b Behaviour) shownNotes(notes []Note) []Note {
	for i := range notes {
		notes[i] = b.shownNote(notes[i])
	}
	return notes
}

func (b Behaviour) shownNote(note Note) Note {
	note.Content = b.Spelling.spell(note.Content)
	note.CreatedAt, note.UpdatedAt = b.shownCreation(note.CreatedAt), b.coarseOptional(note.UpdatedAt)
	return note
}

// shownCreation is when a comment or a note was created, as answers show it.
func (b Behaviour) shownCreation(moment time.Time) time.Time {
	if b.ZeroTimes {
		return time.Time{}
	}
	return b.coarse(moment)
}

func (b Behaviour) coarse(moment time.Time) time.Time {
	if !b.CoarseTimes {
		return moment
	}
	return moment.Truncate(time.Second)
}

func (b Behaviour) coarseOptional(moment *time.Time) *time.Time {
	if moment == nil {
		return nil
	}
	coarse := b.coarse(*moment)
	return &coarse
}
