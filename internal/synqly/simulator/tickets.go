// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/synqly/ticketing-operator/internal/synqly/contract"
)

const (
	defaultStatus    = "To Do"
	defaultIssueType = "Task"
	// defaultCreator is who an object is from when the request does not say.
	defaultCreator = "integration@example.com"
	// defaultPerson is who acts in the ticketing system itself.
	defaultPerson = "person@example.com"
)

// ticketFields are the members of a ticket that a client may set.
func ticketFields() []string {
	create, _ := contract.Lookup(contract.CreateTicket)
	return create.BodyFields()
}

// serverFields are the members of a ticket that only the ticketing system sets.
var serverFields = []string{"id", "created_at", "updated_at", "attachments"}

// closedStatuses complete a ticket.
var closedStatuses = []string{"Done", "Closed", "Resolved"}

// createTicketBody is the body of Create Ticket. Two texts that a ticket always has may be null in
// it.
type createTicketBody struct {
	ticketDocument

	Project   *string `json:"project"`
	IssueType *string `json:"issue_type"`
}

func (b createTicketBody) asTicket() Ticket {
	ticket := b.ticket()
	ticket.Project, ticket.IssueType = text(b.Project), text(b.IssueType)
	return ticket
}

func (s *Server) createTicket(r *operationRequest) (*envelope, *problem) {
	var body createTicketBody
	if invalid := decodeInto(r.body, &body); invalid != nil {
		return nil, invalid
	}
	if blank := refuseBlank(namedText{"summary", body.Summary}, namedText{"name", body.Name}); blank != nil {
		return nil, blank
	}
	ticket := body.asTicket()
	if s.behaviour.RequireCreator && ticket.Creator == "" {
		return nil, refuse(inBody("/creator", "creator is required by this ticketing provider").
			remedy("Set creator to the e-mail address of a user."))
	}
	if invalid := s.refuseReadOnly(r.body); invalid != nil {
		return nil, invalid
	}
	s.complete(&ticket, defaultCreator)
	if invalid := s.checkProject(ticket.Project); invalid != nil {
		return nil, invalid
	}
	s.behaviour.rewriteTicket(&ticket, Ticket{})
	record := s.keepTicket(ticket, r.at)
	return object(s.answer(record)), nil
}

// complete fills in what a new ticket always has.
func (s *Server) complete(ticket *Ticket, creator string) {
	if ticket.Status == "" {
		ticket.Status = defaultStatus
	}
	if ticket.IssueType == "" {
		ticket.IssueType = defaultIssueType
	}
	if ticket.Creator == "" {
		ticket.Creator = creator
	}
	if ticket.Project == "" && len(s.projects) > 0 {
		ticket.Project = s.projects[0].ID
	}
}

// keepTicket stores a new ticket with the times of its creation, where it has none.
func (s *Server) keepTicket(ticket Ticket, now time.Time) *ticketRecord {
	moment := s.store.stamp(now)
	if ticket.CreatedAt.IsZero() {
		ticket.CreatedAt = moment
	}
	if ticket.UpdatedAt.IsZero() {
		ticket.UpdatedAt = moment
	}
	setCompletionDate(&ticket, "", moment)
	return s.store.addTicket(ticket)
}

// setCompletionDate dates the completion of a ticket that has just been closed.
func setCompletionDate(ticket *Ticket, statusBefore string, moment time.Time) {
	if isClosedStatus(ticket.Status) && ticket.Status != statusBefore && ticket.CompletionDate == nil {
		ticket.CompletionDate = &moment
	}
}

func isClosedStatus(status string) bool {
	return slices.ContainsFunc(closedStatuses, func(closed string) bool { return strings.EqualFold(closed, status) })
}

// refuseReadOnly refuses the members of a body that the provider does not let anybody write.
func (s *Server) refuseReadOnly(body []byte) *problem {
	var members map[string]any
	if invalid := decodeInto(body, &members); invalid != nil {
		return invalid
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if members[name] != nil && slices.Contains(s.behaviour.ReadOnlyFields, name) {
			return refuse(readOnlyHere("/"+name, name))
		}
	}
	return nil
}

func readOnlyHere(pointer, name string) violation {
	return inBody(pointer, "%s cannot be written in this ticketing system", name).
		remedy("Leave %s out, or let an administrator allow the change.", name)
}

func (s *Server) checkProject(id string) *problem {
	known := make([]string, len(s.projects))
	for i, project := range s.projects {
		known[i] = project.ID
	}
	if slices.Contains(known, id) {
		return nil
	}
	return refuse(inBody("/project", "project is %q, and there is no such project", shorten(id)).sent(quote(id)).
		remedy("Use one of %s.", strings.Join(known, ", ")))
}

func (s *Server) getTicket(r *operationRequest) (*envelope, *problem) {
	record, missing := s.ticket(r)
	if missing != nil {
		return nil, missing
	}
	return object(s.answer(record)), nil
}

// ticket returns the ticket that the path names.
func (s *Server) ticket(r *operationRequest) (*ticketRecord, *problem) {
	id := r.parameters["ticketId"]
	record := s.store.byID[id]
	if record == nil && s.behaviour.TicketKeys {
		record = s.store.byKey(id)
	}
	if record == nil {
		return nil, notFound("ticket", "ticketId", id)
	}
	return record, nil
}

// byKey returns the ticket with a key such as OPS-10009, or nil.
func (s *store) byKey(key string) *ticketRecord {
	project, id, _ := strings.Cut(key, "-")
	if record := s.byID[id]; record != nil && record.Project == project {
		return record
	}
	return nil
}

// openTicket returns the ticket that the path names, for a change of its comments or notes.
func (s *Server) openTicket(r *operationRequest) (*ticketRecord, *problem) {
	record, missing := s.ticket(r)
	if missing != nil {
		return nil, missing
	}
	if s.behaviour.ClosedTicketsRefuse && isClosedStatus(record.Status) {
		closed := violation{
			parameter: problemParameter{ID: "ticketId", Location: "path", Value: quote(record.ID)},
			message:   fmt.Sprintf("the ticket is %s, and its comments and notes cannot be changed", shorten(record.Status)),
		}
		return nil, refuse(closed.remedy("Open the ticket again."))
	}
	return record, nil
}

func (s *Server) patchTicket(r *operationRequest) (*envelope, *problem) {
	record, missing := s.ticket(r)
	if missing != nil {
		return nil, missing
	}
	patch, invalid := decodePatch(r.body)
	if invalid != nil {
		return nil, invalid
	}
	if invalid := s.checkTicketPatch(patch); invalid != nil {
		return nil, invalid
	}
	before, err := json.Marshal(record.document(values(record.attachments)))
	if err != nil {
		return nil, refuse(inBody("", "the ticket holds what JSON cannot say: %v", err))
	}
	after, invalid := applyPatch(before, patch)
	if invalid != nil {
		return nil, invalid
	}
	ticket, invalid := s.readPatchedTicket(after, record.Ticket)
	if invalid != nil {
		return nil, invalid
	}
	s.behaviour.rewriteTicket(&ticket, record.Ticket)
	s.changeTicket(record, ticket, r.at)
	return object(s.answer(record)), nil
}

// checkTicketPatch refuses writes to members that no client may write.
func (s *Server) checkTicketPatch(patch []patchOperation) *problem {
	for i, operation := range patch {
		for _, name := range operation.writes() {
			pointer := patchMember(i)
			switch {
			case slices.Contains(serverFields, name):
				return refuse(inBody(pointer, "%s is read-only", name).sent(quote(operation.Path)))
			case slices.Contains(s.behaviour.ReadOnlyFields, name):
				return refuse(readOnlyHere(pointer, name))
			case !slices.Contains(ticketFields(), name):
				return refuse(inBody(pointer, "a ticket has no field %s", shorten(name)).sent(quote(operation.Path)).
					remedy("Use one of these: %s.", strings.Join(ticketFields(), ", ")))
			}
		}
	}
	return nil
}

// readPatchedTicket checks the document that a patch has made. A member that was removed counts as
// null. A value that was there before is not checked again: a provider may hold what a client could
// not set.
func (s *Server) readPatchedTicket(document []byte, before Ticket) (Ticket, *problem) {
	var members map[string]any
	if invalid := decodeInto(document, &members); invalid != nil {
		return Ticket{}, invalid
	}
	maps.DeleteFunc(members, func(name string, value any) bool {
		return slices.Contains(serverFields, name) || name == "priority" && (value == nil || value == before.Priority)
	})
	create, _ := contract.Lookup(contract.CreateTicket)
	if err := contract.CheckBody(create, members); err != nil {
		return Ticket{}, violates(err)
	}
	var patched createTicketBody
	if invalid := decodeInto(document, &patched); invalid != nil {
		return Ticket{}, invalid
	}
	ticket := patched.asTicket()
	blank := refuseBlank(
		namedText{"summary", ticket.Summary}, namedText{"name", ticket.Name}, namedText{"status", ticket.Status},
		namedText{"project", ticket.Project}, namedText{"issue_type", ticket.IssueType},
	)
	if blank != nil {
		return Ticket{}, blank
	}
	if ticket.Project != before.Project {
		if invalid := s.checkProject(ticket.Project); invalid != nil {
			return Ticket{}, invalid
		}
	}
	return ticket, nil
}

// changeTicket stores the changed ticket. A change that changes nothing leaves updated_at alone.
func (s *Server) changeTicket(record *ticketRecord, changed Ticket, now time.Time) {
	changed.ID, changed.CreatedAt, changed.UpdatedAt = record.ID, record.CreatedAt, record.UpdatedAt
	if sameTicket(changed, record.Ticket) {
		return
	}
	moment := s.store.stamp(now)
	changed.UpdatedAt = moment
	setCompletionDate(&changed, record.Status, moment)
	record.Ticket = changed
}

// sameTicket compares tickets as a client sees them.
func sameTicket(a, b Ticket) bool {
	first, errFirst := json.Marshal(a.document(nil))
	second, errSecond := json.Marshal(b.document(nil))
	return errFirst == nil && errSecond == nil && string(first) == string(second)
}
