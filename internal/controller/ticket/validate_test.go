// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/providermetadata"
)

// TestWhichProjectIsCompared: the defaults of the Integration are sent with a create request alone,
// and a ticket that exists has the fields of the project that it is in.
func TestWhichProjectIsCompared(t *testing.T) {
	in := func(project string, ticket *v1alpha1.Ticket) *v1alpha1.Ticket {
		ticket.Status.Remote = &v1alpha1.RemoteTicket{Project: project}
		return ticket
	}
	naming := func(project string, ticket *v1alpha1.Ticket) *v1alpha1.Ticket {
		ticket.Spec.Project = project
		return ticket
	}
	for name, c := range map[string]struct {
		ticket *v1alpha1.Ticket
		want   providermetadata.Wanted
	}{
		"to be created":                 {claimant("t", "", ""), providermetadata.Wanted{Project: "DEFAULT"}},
		"to be created in a project":    {naming("OPS", claimant("t", "", "")), providermetadata.Wanted{Project: "OPS"}},
		"created":                       {in("SEC", claimant("t", "1", "")), providermetadata.Wanted{FieldsOf: "SEC"}},
		"created, and then moved":       {naming("OPS", in("SEC", claimant("t", "1", ""))), providermetadata.Wanted{Project: "OPS"}},
		"to be adopted":                 {claimant("t", "", "1"), providermetadata.Wanted{}},
		"adopted":                       {in("SEC", claimant("t", "1", "1")), providermetadata.Wanted{FieldsOf: "SEC"}},
		"created where nothing is seen": {claimant("t", "1", ""), providermetadata.Wanted{}},
	} {
		if diff := cmp.Diff(c.want, wanted(c.ticket, &v1alpha1.TicketDefaults{Project: "DEFAULT"})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
