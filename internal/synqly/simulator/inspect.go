// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"maps"
	"slices"
)

// This file is the Go API for tests: what they look at, and what a person does in the ticketing
// system.

// Tickets returns all tickets in the order of their creation.
func (s *Server) Tickets() []Ticket {
	defer s.lock()()
	tickets := make([]Ticket, len(s.store.inOrder))
	for i, record := range s.store.inOrder {
		tickets[i] = record.clone()
	}
	return tickets
}

// Ticket returns the ticket with that ID.
func (s *Server) Ticket(id string) (Ticket, bool) {
	defer s.lock()()
	record := s.store.byID[id]
	if record == nil {
		return Ticket{}, false
	}
	return record.clone(), true
}

// Comments returns the comments on the ticket, oldest first; none when there is no such ticket.
func (s *Server) Comments(ticketID string) []Comment {
	defer s.lock()()
	record := s.store.byID[ticketID]
	if record == nil {
		return nil
	}
	return values(record.comments)
}

// Notes returns the notes on the ticket, oldest first; none when there is no such ticket.
func (s *Server) Notes(ticketID string) []Note {
	defer s.lock()()
	record := s.store.byID[ticketID]
	if record == nil {
		return nil
	}
	return values(record.notes)
}

// Attachments returns the files on the ticket, oldest first; none when there is no such ticket.
func (s *Server) Attachments(ticketID string) []Attachment {
	defer s.lock()()
	record := s.store.byID[ticketID]
	if record == nil {
		return nil
	}
	return values(record.attachments)
}

// Requests returns the requests to the API that have been answered, oldest first. Only the newest
// are kept, as many as Options.RequestLog says.
func (s *Server) Requests() []Request {
	defer s.lock()()
	return slices.Clone(s.requests[max(0, len(s.requests)-s.logLimit):])
}

// ForgetRequests empties the log and the counters of requests.
func (s *Server) ForgetRequests() {
	defer s.lock()()
	s.requests = nil
	clear(s.requestCounts)
	s.maxInFlight = s.inFlight
}

// RequestCounts returns how many requests each operation has been sent, since the start or
// ForgetRequests. Requests that match no operation are counted under "".
func (s *Server) RequestCounts() map[string]int {
	defer s.lock()()
	return maps.Clone(s.requestCounts)
}

// MaxConcurrentRequests returns how many requests there were at once at most, since the start or
// ForgetRequests.
func (s *Server) MaxConcurrentRequests() int {
	defer s.lock()()
	return s.maxInFlight
}

// PendingCommits returns how many operations a fault's CommitLate has put off.
func (s *Server) PendingCommits() int {
	defer s.lock()()
	return len(s.pending)
}

// AddTicket creates a ticket as a person does, without the checks of the API and without the habits
// of the provider. What is left empty gets its default; an ID that is taken is replaced.
func (s *Server) AddTicket(ticket Ticket) Ticket {
	defer s.lock()()
	ticket = ticket.clone()
	s.complete(&ticket, defaultPerson)
	if s.store.byID[ticket.ID] != nil {
		ticket.ID = ""
	}
	return s.keepTicket(ticket, s.now()).clone()
}

// EditTicket changes a ticket as a person does. ID and times are not for people to change. The
// function must not call the Server. EditTicket returns false when there is no such ticket.
func (s *Server) EditTicket(id string, edit func(*Ticket)) bool {
	defer s.lock()()
	record := s.store.byID[id]
	if record == nil {
		return false
	}
	changed := record.clone()
	edit(&changed)
	s.changeTicket(record, changed.clone(), s.now())
	return true
}

// DeleteTicket deletes a ticket and all that hangs on it. It returns false when there is no such
// ticket.
func (s *Server) DeleteTicket(id string) bool {
	defer s.lock()()
	return s.store.deleteTicket(id)
}

// AddComment comments on a ticket as a person does.
func (s *Server) AddComment(ticketID, creator, content string) (Comment, bool) {
	defer s.lock()()
	record := s.store.byID[ticketID]
	if record == nil {
		return Comment{}, false
	}
	added := s.store.addComment(record, Comment{Creator: creator, Content: content}, s.now())
	s.commentsChanged(record, s.now())
	return *added, true
}

// EditComment changes the content of a comment as a person does.
func (s *Server) EditComment(id, content string) bool {
	defer s.lock()()
	for _, record := range s.store.inOrder {
		if comment := record.comment(id); comment != nil {
			moment := s.store.stamp(s.now())
			comment.Content, comment.UpdatedAt = content, &moment
			return true
		}
	}
	return false
}

// DeleteComment deletes a comment as a person does.
func (s *Server) DeleteComment(id string) bool {
	defer s.lock()()
	return slices.ContainsFunc(s.store.inOrder, func(record *ticketRecord) bool {
		if !record.deleteComment(id) {
			return false
		}
		s.commentsChanged(record, s.now())
		return true
	})
}

// AddNote adds a note to a ticket as a person does.
func (s *Server) AddNote(ticketID, creator, title, content string) (Note, bool) {
	defer s.lock()()
	record := s.store.byID[ticketID]
	if record == nil {
		return Note{}, false
	}
	return *s.store.addNote(record, Note{Creator: creator, Title: title, Content: content}, s.now()), true
}

// EditNote changes a note as a person does. ID, ticket and times are not for people to change. The
// function must not call the Server.
func (s *Server) EditNote(id string, edit func(*Note)) bool {
	defer s.lock()()
	for _, record := range s.store.inOrder {
		if note := record.note(id); note != nil {
			changed := *note
			edit(&changed)
			moment := s.store.stamp(s.now())
			note.Title, note.Content, note.Creator, note.UpdatedAt = changed.Title, changed.Content, changed.Creator, &moment
			return true
		}
	}
	return false
}

// DeleteNote deletes a note as a person does.
func (s *Server) DeleteNote(id string) bool {
	defer s.lock()()
	return slices.ContainsFunc(s.store.inOrder, func(record *ticketRecord) bool { return record.deleteNote(id) })
}

// AddAttachment attaches a file to a ticket as a person does.
func (s *Server) AddAttachment(ticketID, fileName string, content []byte) (Attachment, bool) {
	defer s.lock()()
	record := s.store.byID[ticketID]
	if record == nil {
		return Attachment{}, false
	}
	attachment := newAttachment(fileName, defaultPerson, slices.Clone(content))
	return *s.store.addAttachment(record, attachment, s.now()), true
}

// DeleteAttachment deletes a file as a person does.
func (s *Server) DeleteAttachment(id string) bool {
	defer s.lock()()
	return slices.ContainsFunc(s.store.inOrder, func(record *ticketRecord) bool { return s.store.deleteAttachment(record, id, s.now()) })
}
