// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

func TestTextFields(t *testing.T) {
	texts := TextFields[*v1alpha1.TicketSpec, synqly.Ticket]{
		List: []TextField[*v1alpha1.TicketSpec, synqly.Ticket]{
			{
				Name: "title", Member: "name",
				Wanted: func(s *v1alpha1.TicketSpec) string { return s.Name }, Shown: func(t *synqly.Ticket) string { return t.Name },
			},
			{
				Name: "content", Member: "description",
				Wanted: func(s *v1alpha1.TicketSpec) string { return s.Description }, Shown: func(t *synqly.Ticket) string { return t.Description },
			},
			{
				Name: "creator", Member: "creator",
				Wanted: func(s *v1alpha1.TicketSpec) string { return s.Creator }, Shown: func(t *synqly.Ticket) string { return t.Creator },
			},
		},
		Readable: (*synqly.Ticket).Readable,
	}
	spec := &v1alpha1.TicketSpec{Name: "Cause", Description: "DNS"}
	want := map[string]string{"title": Hash("Cause"), "content": Hash("DNS")}
	if diff := cmp.Diff(want, texts.Wanted(spec)); diff != "" {
		t.Errorf("wanted (-want +got):\n%s", diff)
	}
	want = map[string]string{"title": Hash("Cause"), "content": Hash("")}
	if diff := cmp.Diff(want, texts.Shown(spec, &synqly.Ticket{Name: "Cause", Creator: "jane@example.com"})); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
	unreadable := &synqly.Ticket{Name: "Cause", Unreadable: []string{"description cannot be read: its JSON type is object"}}
	want = map[string]string{"title": Hash("Cause")}
	if diff := cmp.Diff(want, texts.Shown(spec, unreadable)); diff != "" {
		t.Errorf("shown, with a text that cannot be read (-want +got):\n%s", diff)
	}
}
