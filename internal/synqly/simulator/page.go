// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"moment": showMoment, "value": compact, "size": showSize, "statusClass": statusClass, "priorityClass": strings.ToLower,
}).Parse(pageSource))

const (
	// pageTickets bounds the page: a browser does not show ten thousand tickets well.
	pageTickets  = 100
	pageRequests = 15
	// refreshSeconds is how often a page that refreshes itself does.
	refreshSeconds = 3
)

// pageData is what the page shows.
type pageData struct {
	Tickets        []ticketView
	Total          int
	Only           string    // The ID of the ticket that is shown alone.
	Requests       []Request // Newest first.
	Faults         []Fault
	Behaviour      string // Empty for a well-behaved provider.
	Refresh        bool
	RefreshSeconds int
}

func (s *Server) servePage(writer http.ResponseWriter, request *http.Request) {
	tickets, total := s.views(pageTickets)
	requests := s.Requests()
	requests = requests[max(0, len(requests)-pageRequests):]
	slices.Reverse(requests)
	writePage(writer, pageData{
		Tickets: tickets, Total: total, Requests: requests, Faults: s.Faults(), Behaviour: showBehaviour(s.Behaviour()),
		Refresh: request.URL.Query().Has("refresh"), RefreshSeconds: refreshSeconds,
	})
}

// serveTicketPage shows one ticket.
func (s *Server) serveTicketPage(writer http.ResponseWriter, request *http.Request) {
	ticket, found := s.viewOf(request.PathValue("id"))
	if !found {
		http.Error(writer, "There is no ticket with this ID.", http.StatusNotFound)
		return
	}
	writePage(writer, pageData{
		Tickets: []ticketView{ticket}, Only: ticket.ID, Refresh: request.URL.Query().Has("refresh"), RefreshSeconds: refreshSeconds,
	})
}

func writePage(writer http.ResponseWriter, data pageData) {
	var page bytes.Buffer
	if err := pageTemplate.Execute(&page, data); err != nil {
		http.Error(writer, err.Error(), http.StatusInternalServerError)
		return
	}
	writer.Header().Set("Content-Type", "text/html; charset=utf-8")
	// What tickets say was written by others: should the escaping ever fail, no script of theirs
	// runs and nothing is loaded.
	writer.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'")
	writer.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = page.WriteTo(writer) // An error means that the client has gone away.
}

// showMoment takes a time.Time or a *time.Time.
func showMoment(moment any) string {
	const layout = "2006-01-02 15:04:05"
	switch typed := moment.(type) {
	case time.Time:
		return typed.UTC().Format(layout)
	case *time.Time:
		if typed != nil {
			return typed.UTC().Format(layout)
		}
	}
	return ""
}

func showSize(bytes int) string {
	if bytes < 1024 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f KiB", float64(bytes)/1024)
}

// statusClass groups the statuses of all providers into three colours.
func statusClass(status string) string {
	switch strings.ToLower(status) {
	case "done", "closed", "resolved":
		return "closed"
	case "to do", "open", "new", "triggered":
		return "open"
	default:
		return "active"
	}
}

// showBehaviour lists the habits that differ from a well-behaved provider's.
func showBehaviour(behaviour Behaviour) string {
	var habits, standard map[string]any
	encoded, err := json.Marshal(behaviour)
	encodedStandard, errStandard := json.Marshal(Behaviour{})
	if err != nil || errStandard != nil || json.Unmarshal(encoded, &habits) != nil ||
		json.Unmarshal(encodedStandard, &standard) != nil {
		return ""
	}
	var shown []string
	for name, value := range habits {
		if compact(value) != compact(standard[name]) {
			shown = append(shown, name+": "+compact(value))
		}
	}
	slices.Sort(shown)
	return strings.Join(shown, ", ")
}
