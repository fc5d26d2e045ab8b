// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// jsonNames are the JSON names of the fields of a struct.
func jsonNames(of any) []string {
	var names []string
	for _, member := range reflect.VisibleFields(reflect.TypeOf(of)) {
		name, _, _ := strings.Cut(member.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// A field that the API server takes and that has no row would never be sent.
func TestEveryFieldOfTheSpecHasARow(t *testing.T) {
	managedElsewhere := []string{
		"tags", "customFields", // element by element
		"integrationRef", "ticketID", "managementPolicy", "deletionPolicy", "close", "onRemoteMissing", "ttlAfterClosed", // for the operator
	}
	for _, name := range jsonNames(v1alpha1.TicketSpec{}) {
		hasRow := slices.ContainsFunc(fields, func(f field) bool { return f.Name == name })
		if hasRow == slices.Contains(managedElsewhere, name) {
			t.Errorf("spec.%s: it needs a row in fields, or a reason to have none here", name)
		}
	}
}

// A field of the status that no row fills would always be empty.
func TestEveryFieldOfTheStatusIsFilled(t *testing.T) {
	shown := decodeTicket(t, []byte(wholeTicket))
	seen := remoteTicket(shown)
	filledOtherwise := []string{"comments", "url", "remarks"} // where the provider sends a number, or an address; where something is odd
	value := reflect.ValueOf(*seen)
	for _, member := range reflect.VisibleFields(value.Type()) {
		name, _, _ := strings.Cut(member.Tag.Get("json"), ",")
		if value.FieldByIndex(member.Index).IsZero() && !slices.Contains(filledOtherwise, name) {
			t.Errorf("status.remote.%s is empty for a ticket that has everything", name)
		}
	}
}

// Every row is written, and written into the request under its own member.
func TestEveryRowIsSent(t *testing.T) {
	request := createRequest(&v1alpha1.Ticket{Spec: *wholeSpec()}, &v1alpha1.TicketDefaults{})
	for _, field := range fields {
		if got, want := *field.request(&request), field.Wanted(wholeSpec()); got != want || want == "" {
			t.Errorf("%s: sent %q, want %q", field.Name, got, want)
		}
	}
	members := jsonNames(synqly.CreateTicketRequest{})
	for _, field := range fields {
		if !slices.Contains(members, field.Member) {
			t.Errorf("%s: the request has no member %s", field.Name, field.Member)
		}
	}
}
