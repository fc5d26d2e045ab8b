// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

func TestTicketsOfTheSimulatorAreShown(t *testing.T) {
	remote := simulator.New(simulator.Options{Token: "a-token", Admin: true})
	server := httptest.NewServer(remote)
	t.Cleanup(server.Close)
	ticket := remote.AddTicket(simulator.Ticket{
		Name: "checkout", Summary: "p99 above 2s\nsince 10:05", Status: "To Do", Priority: "HIGH", Project: "OPS", Tags: []string{"team:checkout", "eu"},
	})
	comment, found := remote.AddComment(ticket.ID, "jane@example.com", strings.Repeat("long ", 20))
	if !found {
		t.Fatalf("the simulator does not have ticket %s, which was just added", ticket.ID)
	}
	file, _ := remote.AddAttachment(ticket.ID, "heap.txt", []byte("goroutine 1"))

	tickets, err := fetchTickets(t.Context(), server.URL)
	if err != nil {
		t.Fatalf("fetching the tickets: %v", err)
	}
	var out strings.Builder
	if err := printTickets(&out, tickets); err != nil {
		t.Fatalf("printing the tickets: %v", err)
	}
	want := []string{
		"TICKET STATUS PRIORITY PROJECT ASSIGNEE TAGS SUMMARY",
		ticket.ID + " To Do HIGH OPS - team:checkout,eu p99 above 2s since 10:05",
		"",
		"TICKET KIND ID CREATOR CONTENT",
		ticket.ID + " comment " + comment.ID + " jane@example.com " + strings.Repeat("long ", 11) + "long…",
		ticket.ID + " attachment " + file.ID + " " + file.Creator + " heap.txt, 11 bytes",
		"",
	}
	if diff := cmp.Diff(want, withoutPadding(out.String())); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestTicketsWithoutCommentsAndNotesAreOneTable(t *testing.T) {
	var out strings.Builder
	if err := printTickets(&out, []remoteTicket{{ID: "10001", Status: "To Do", Project: "OPS", Summary: "p99 above 2s"}}); err != nil {
		t.Fatal(err)
	}
	want := []string{"TICKET STATUS PRIORITY PROJECT ASSIGNEE TAGS SUMMARY", "10001 To Do - OPS - p99 above 2s", ""}
	if diff := cmp.Diff(want, withoutPadding(out.String())); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestAnAnswerThatIsNoListOfTicketsIsAnError(t *testing.T) {
	cases := map[string]http.HandlerFunc{
		"an error status": http.NotFound,
		"no JSON":         func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
	}
	for name, handler := range cases {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(handler)
			t.Cleanup(server.Close)
			if tickets, err := fetchTickets(t.Context(), server.URL); err == nil {
				t.Errorf("fetchTickets returned %v, want an error", tickets)
			}
		})
	}
}

// The test sends what the shell hands to curl.
func TestTheCommandThatChangesATicketInTheSimulatorChangesIt(t *testing.T) {
	remote := simulator.New(simulator.Options{Token: "a-token", Admin: true})
	server := httptest.NewServer(remote)
	t.Cleanup(server.Close)
	ticket := remote.AddTicket(simulator.Ticket{Name: "checkout", Summary: "p99 above 2s", Status: "To Do", Project: "OPS"})
	command := exec.CommandContext(t.Context(), "sh", "-c", "kubectl() { echo "+ticket.ID+"; }; curl() { printf '%s\n' \"$@\"; }\n"+curlOfRemoteChange(server.URL))
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, output)
	}
	arguments := strings.Split(strings.TrimSuffix(string(output), "\n"), "\n")
	if len(arguments) != 7 || arguments[0] != "-X" || arguments[2] != "-H" || arguments[4] != "-d" {
		t.Fatalf("curl gets %q", arguments)
	}

	request, err := http.NewRequestWithContext(t.Context(), arguments[1], arguments[6], strings.NewReader(arguments[5]))
	if err != nil {
		t.Fatal(err)
	}
	name, value, _ := strings.Cut(arguments[3], ": ")
	request.Header.Set(name, value)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if got := remote.Tickets()[0].Status; response.StatusCode != http.StatusOK || got != "In Progress" {
		t.Errorf("the simulator answers %s, and the ticket is %q", response.Status, got)
	}
}

// withoutPadding returns the lines of a table with single spaces between the words.
func withoutPadding(table string) []string {
	lines := strings.Split(table, "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	return lines
}
