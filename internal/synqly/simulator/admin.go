// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"

	"github.com/synqly/ticketing-operator/internal/synqly/contract"
)

// maxAdminBody bounds the body of a request to an admin path.
const maxAdminBody = 1 << 20

// newAdminHandler serves the page and the admin paths. They ask for no token, so a body must be
// application/json, which a form on another site cannot send, and requests that a browser makes for
// another site are refused.
func newAdminHandler(server *Server) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", server.servePage)
	mux.HandleFunc("GET /tickets/{id}", server.serveTicketPage)
	mux.HandleFunc("GET /simulator/tickets", server.adminTickets)
	mux.HandleFunc("PATCH /simulator/tickets/{id}", server.adminEditTicket)
	mux.HandleFunc("DELETE /simulator/tickets/{id}", server.adminDeleteTicket)
	mux.HandleFunc("GET /simulator/faults", server.adminFaults)
	mux.HandleFunc("POST /simulator/faults", server.adminInject)
	mux.HandleFunc("DELETE /simulator/faults", server.adminClearFaults)
	mux.HandleFunc("GET /simulator/behaviour", server.adminBehaviour)
	mux.HandleFunc("PUT /simulator/behaviour", server.adminSetBehaviour)
	mux.HandleFunc("GET /simulator/requests", server.adminRequests)
	mux.HandleFunc("GET /simulator/request-counts", server.adminRequestCounts)
	return http.NewCrossOriginProtection().Handler(mux)
}

// ticketView is a ticket with all that hangs on it.
type ticketView struct {
	ticketAnswer

	Comments []Comment `json:"comments"`
	Notes    []Note    `json:"notes"`
}

// viewOf returns the ticket with that ID.
func (s *Server) viewOf(id string) (ticketView, bool) {
	defer s.lock()()
	record := s.store.byID[id]
	if record == nil {
		return ticketView{}, false
	}
	return record.view(), true
}

func (r *ticketRecord) view() ticketView {
	return ticketView{
		ticketAnswer: r.clone().answer(values(r.attachments)),
		Comments:     values(r.comments), Notes: values(r.notes),
	}
}

// views returns the newest tickets, newest first, and how many there are. A limit of 0 means all.
func (s *Server) views(limit int) ([]ticketView, int) {
	defer s.lock()()
	all := s.store.inOrder
	total := len(all)
	if limit > 0 {
		all = all[max(0, total-limit):]
	}
	views := make([]ticketView, len(all))
	for i, record := range all {
		views[len(all)-1-i] = record.view()
	}
	return views, total
}

func (s *Server) adminTickets(writer http.ResponseWriter, _ *http.Request) {
	views, _ := s.views(0)
	slices.Reverse(views)
	writeJSON(writer, http.StatusOK, views)
}

// adminEditTicket changes a ticket as a person does. The body is a JSON Merge Patch (RFC 7396),
// such as {"status": "Done"}.
func (s *Server) adminEditTicket(writer http.ResponseWriter, request *http.Request) {
	var patch json.RawMessage
	if !readJSON(writer, request, &patch) {
		return
	}
	var failed error
	found := s.EditTicket(request.PathValue("id"), func(ticket *Ticket) { failed = mergeInto(ticket, patch) })
	switch {
	case !found:
		writeError(writer, http.StatusNotFound, errors.New("there is no ticket with this ID"))
	case failed != nil:
		writeError(writer, http.StatusBadRequest, failed)
	default:
		ticket, _ := s.Ticket(request.PathValue("id"))
		writeJSON(writer, http.StatusOK, ticket)
	}
}

// mergeInto changes the ticket by a JSON Merge Patch, or leaves it as it is and returns an error.
func mergeInto(ticket *Ticket, patch json.RawMessage) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(patch, &members); err != nil {
		return fmt.Errorf("reading the change: %w", err)
	}
	if err := contract.CheckJSON(patch); err != nil {
		return err
	}
	for name := range members {
		if !slices.Contains(ticketFields(), name) {
			return fmt.Errorf("%s is no field of a ticket that can be changed; use %s", name, strings.Join(ticketFields(), ", "))
		}
	}
	before, err := json.Marshal(ticket.document(nil))
	if err != nil {
		return fmt.Errorf("reading the ticket: %w", err)
	}
	merged, err := jsonpatch.MergePatch(before, patch)
	if err != nil {
		return fmt.Errorf("merging the change: %w", err)
	}
	var after Ticket
	if err := json.Unmarshal(merged, &after); err != nil {
		return fmt.Errorf("reading the changed ticket: %w", err)
	}
	*ticket = after
	return nil
}

func (s *Server) adminDeleteTicket(writer http.ResponseWriter, request *http.Request) {
	if !s.DeleteTicket(request.PathValue("id")) {
		writeError(writer, http.StatusNotFound, errors.New("there is no ticket with this ID"))
		return
	}
	writer.WriteHeader(http.StatusNoContent)
}

func (s *Server) adminFaults(writer http.ResponseWriter, _ *http.Request) {
	writeJSON(writer, http.StatusOK, s.Faults())
}

func (s *Server) adminInject(writer http.ResponseWriter, request *http.Request) {
	var fault Fault
	if !readJSON(writer, request, &fault) {
		return
	}
	if err := fault.Validate(); err != nil {
		writeError(writer, http.StatusBadRequest, err)
		return
	}
	s.Inject(fault)
	writeJSON(writer, http.StatusCreated, fault)
}

func (s *Server) adminClearFaults(writer http.ResponseWriter, _ *http.Request) {
	s.ClearFaults()
	writer.WriteHeader(http.StatusNoContent)
}

func (s *Server) adminBehaviour(writer http.ResponseWriter, _ *http.Request) {
	writeJSON(writer, http.StatusOK, s.Behaviour())
}

func (s *Server) adminSetBehaviour(writer http.ResponseWriter, request *http.Request) {
	var behaviour Behaviour
	if !readJSON(writer, request, &behaviour) {
		return
	}
	if err := behaviour.Validate(); err != nil {
		writeError(writer, http.StatusBadRequest, err)
		return
	}
	s.SetBehaviour(behaviour)
	writeJSON(writer, http.StatusOK, behaviour)
}

// loggedRequest shows the body of a request as text.
type loggedRequest struct {
	Request

	Body string `json:"body,omitempty"`
}

func (s *Server) adminRequests(writer http.ResponseWriter, _ *http.Request) {
	requests := s.Requests()
	logged := make([]loggedRequest, len(requests))
	for i, request := range requests {
		logged[i] = loggedRequest{Request: request, Body: string(request.Body)}
	}
	writeJSON(writer, http.StatusOK, logged)
}

func (s *Server) adminRequestCounts(writer http.ResponseWriter, _ *http.Request) {
	writeJSON(writer, http.StatusOK, s.RequestCounts())
}

// readJSON reads a body into target, or answers what is wrong with it and returns false.
func readJSON(writer http.ResponseWriter, request *http.Request, target any) bool {
	if mediaType, _, err := mime.ParseMediaType(request.Header.Get("Content-Type")); err != nil || mediaType != jsonMediaType {
		writeError(writer, http.StatusUnsupportedMediaType, errors.New("the Content-Type must be application/json"))
		return false
	}
	body, err := io.ReadAll(http.MaxBytesReader(writer, request.Body, maxAdminBody))
	if err != nil {
		writeError(writer, http.StatusBadRequest, fmt.Errorf("reading the body: %w", err))
		return false
	}
	if err := json.Unmarshal(body, target); err != nil {
		writeError(writer, http.StatusBadRequest, fmt.Errorf("reading the body: %w", err))
		return false
	}
	return true
}

func writeError(writer http.ResponseWriter, status int, err error) {
	writeJSON(writer, status, map[string]string{"message": err.Error()})
}

func writeJSON(writer http.ResponseWriter, status int, document any) {
	body, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		http.Error(writer, err.Error(), http.StatusInternalServerError)
		return
	}
	writer.Header().Set("Content-Type", jsonMediaType)
	writer.Header().Set("X-Content-Type-Options", "nosniff")
	writer.WriteHeader(status)
	_, _ = writer.Write(append(body, '\n')) // An error means that the client has gone away.
}
