// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// store holds the objects of the ticketing system. It is guarded by the server's lock.
type store struct {
	byID map[string]*ticketRecord
	// inOrder has the tickets as they were created.
	inOrder      []*ticketRecord
	sequence     int
	lastTicket   int
	lastComment  int
	lastNote     int
	lastFile     int
	latestChange time.Time
}

// ticketRecord is a ticket with what hangs on it.
type ticketRecord struct {
	Ticket

	sequence    int
	comments    []*Comment
	notes       []*Note
	attachments []*Attachment
	// raw replaces fields in answers (SetRaw). Its values are not changed in place.
	raw map[string]json.RawMessage
}

// Each kind of object has its own range of IDs, so that two that are mixed up are seen at once.
const (
	ticketIDBase     = 10000
	commentIDBase    = 20000
	noteIDBase       = 30000
	attachmentIDBase = 40000
)

func newStore() store {
	return store{
		byID:       map[string]*ticketRecord{},
		lastTicket: ticketIDBase, lastComment: commentIDBase, lastNote: noteIDBase, lastFile: attachmentIDBase,
	}
}

// stamp returns the time of a change: now in UTC, or a microsecond after the change before where
// the clock has not moved. So every change has a time of its own, and no later change an earlier
// one.
func (s *store) stamp(now time.Time) time.Time {
	moment := now.UTC().Truncate(time.Microsecond)
	if !moment.After(s.latestChange) {
		moment = s.latestChange.Add(time.Microsecond)
	}
	s.latestChange = moment
	return moment
}

// addTicket keeps the ticket. It gets an ID where it has none.
func (s *store) addTicket(ticket Ticket) *ticketRecord {
	if ticket.ID == "" {
		for ticket.ID == "" || s.byID[ticket.ID] != nil {
			s.lastTicket++
			ticket.ID = strconv.Itoa(s.lastTicket)
		}
	}
	s.sequence++
	record := &ticketRecord{Ticket: ticket, sequence: s.sequence}
	s.byID[ticket.ID] = record
	s.inOrder = append(s.inOrder, record)
	return record
}

func (s *store) deleteTicket(id string) bool {
	record := s.byID[id]
	if record == nil {
		return false
	}
	delete(s.byID, id)
	s.inOrder = slices.DeleteFunc(s.inOrder, func(other *ticketRecord) bool { return other == record })
	return true
}

func (s *store) addComment(record *ticketRecord, comment Comment, now time.Time) *Comment {
	s.lastComment++
	comment.ID, comment.TicketID, comment.CreatedAt = strconv.Itoa(s.lastComment), record.ID, s.stamp(now)
	record.comments = append(record.comments, &comment)
	return &comment
}

func (s *store) addNote(record *ticketRecord, note Note, now time.Time) *Note {
	s.lastNote++
	note.ID, note.TicketID, note.CreatedAt = strconv.Itoa(s.lastNote), record.ID, s.stamp(now)
	record.notes = append(record.notes, &note)
	return &note
}

// addAttachment keeps the attachment. Tickets are answered with their attachments, so it changes
// the ticket: its updated_at moves.
func (s *store) addAttachment(record *ticketRecord, attachment Attachment, now time.Time) *Attachment {
	s.lastFile++
	attachment.ID, attachment.TicketID, attachment.CreatedDate = strconv.Itoa(s.lastFile), record.ID, s.stamp(now)
	record.attachments = append(record.attachments, &attachment)
	record.UpdatedAt = attachment.CreatedDate
	return &attachment
}

func (r *ticketRecord) comment(id string) *Comment {
	return find(r.comments, func(comment *Comment) bool { return comment.ID == id })
}

func (r *ticketRecord) note(id string) *Note {
	return find(r.notes, func(note *Note) bool { return note.ID == id })
}

func (r *ticketRecord) attachment(id string) *Attachment {
	return find(r.attachments, func(attachment *Attachment) bool { return attachment.ID == id })
}

func (r *ticketRecord) deleteComment(id string) bool {
	before := len(r.comments)
	r.comments = slices.DeleteFunc(r.comments, func(comment *Comment) bool { return comment.ID == id })
	return len(r.comments) < before
}

func (r *ticketRecord) deleteNote(id string) bool {
	before := len(r.notes)
	r.notes = slices.DeleteFunc(r.notes, func(note *Note) bool { return note.ID == id })
	return len(r.notes) < before
}

// deleteAttachment deletes an attachment, which changes the ticket too.
func (s *store) deleteAttachment(record *ticketRecord, id string, now time.Time) bool {
	before := len(record.attachments)
	record.attachments = slices.DeleteFunc(record.attachments, func(attachment *Attachment) bool { return attachment.ID == id })
	if len(record.attachments) == before {
		return false
	}
	record.UpdatedAt = s.stamp(now)
	return true
}

func find[T any](items []*T, matches func(*T) bool) *T {
	index := slices.IndexFunc(items, matches)
	if index < 0 {
		return nil
	}
	return items[index]
}

// values copies the items, so that what is handed out does not change with the store.
func values[T any](items []*T) []T {
	copies := make([]T, len(items))
	for i, item := range items {
		copies[i] = *item
	}
	return copies
}
