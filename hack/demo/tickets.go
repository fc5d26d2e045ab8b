// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
)

// remoteTicket is what the demo shows of a ticket that the simulator holds.
type remoteTicket struct {
	ID       string          `json:"id"`
	Summary  string          `json:"summary"`
	Status   string          `json:"status"`
	Priority string          `json:"priority"`
	Project  string          `json:"project"`
	Assignee string          `json:"assignee"`
	Tags     []string        `json:"tags"`
	Comments []remoteComment `json:"comments"`
	Notes    []remoteNote    `json:"notes"`
	Files    []remoteFile    `json:"attachments"`
}

type remoteComment struct {
	ID      string `json:"id"`
	Creator string `json:"creator"`
	Content string `json:"content"`
}

type remoteNote struct {
	ID      string `json:"id"`
	Creator string `json:"creator"`
	Title   string `json:"title"`
	Content string `json:"content"`
}

type remoteFile struct {
	ID       string `json:"id"`
	Creator  string `json:"creator"`
	FileName string `json:"file_name"`
	FileSize int64  `json:"file_size"`
}

// curlOfRemoteChange is a command that changes the status of a ticket of the samples in the
// simulator.
func curlOfRemoteChange(simulatorURL string) string {
	return `  curl -X PATCH -H 'Content-Type: application/json' -d '{"status": "In Progress"}' ` + simulatorURL +
		"/simulator/tickets/$(kubectl get ticket checkout-latency -o jsonpath='{.status.id}')"
}

// fetchTickets asks the simulator for everything that it holds.
func fetchTickets(ctx context.Context, simulatorURL string) ([]remoteTicket, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, simulatorURL+"/simulator/tickets", http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking the simulator for its tickets: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the simulator for its tickets: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking the simulator for its tickets: it answered %s", response.Status)
	}
	var tickets []remoteTicket
	if err := json.NewDecoder(response.Body).Decode(&tickets); err != nil {
		return nil, fmt.Errorf("reading the simulator's tickets: %w", err)
	}
	return tickets, nil
}

// printTickets prints a table of the tickets and, if there are any, one of their comments, notes
// and attachments.
func printTickets(out io.Writer, tickets []remoteTicket) error {
	// A tabwriter keeps the first error and returns it from Flush.
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprintln(table, "TICKET\tSTATUS\tPRIORITY\tPROJECT\tASSIGNEE\tTAGS\tSUMMARY")
	for _, ticket := range tickets {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", ticket.ID, ticket.Status, dash(ticket.Priority),
			ticket.Project, dash(ticket.Assignee), strings.Join(ticket.Tags, ","), shorten(ticket.Summary))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if !slices.ContainsFunc(tickets, func(ticket remoteTicket) bool { return len(ticket.Comments)+len(ticket.Notes)+len(ticket.Files) > 0 }) {
		return nil
	}
	_, _ = fmt.Fprintln(table, "\nTICKET\tKIND\tID\tCREATOR\tCONTENT")
	for _, ticket := range tickets {
		for _, comment := range ticket.Comments {
			_, _ = fmt.Fprintf(table, "%s\tcomment\t%s\t%s\t%s\n", ticket.ID, comment.ID, dash(comment.Creator), shorten(comment.Content))
		}
		for _, note := range ticket.Notes {
			_, _ = fmt.Fprintf(table, "%s\tnote\t%s\t%s\t%s\n", ticket.ID, note.ID, dash(note.Creator), shorten(note.Title+": "+note.Content))
		}
		for _, file := range ticket.Files {
			_, _ = fmt.Fprintf(table, "%s\tattachment\t%s\t%s\t%s\n", ticket.ID, file.ID, dash(file.Creator), shorten(fmt.Sprintf("%s, %d bytes", file.FileName, file.FileSize)))
		}
	}
	return table.Flush()
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// shorten makes one line of 60 characters at most.
func shorten(text string) string {
	line := []rune(strings.Join(strings.Fields(text), " "))
	if len(line) <= 60 {
		return string(line)
	}
	return string(line[:59]) + "…"
}
