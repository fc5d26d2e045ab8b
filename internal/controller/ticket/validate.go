// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/providermetadata"
)

// Validate compares the project and the custom fields with those of the provider.
func (adapter) Validate(ticket *v1alpha1.Ticket, defaults *v1alpha1.TicketDefaults, metadata *providermetadata.Metadata) []providermetadata.Finding {
	return metadata.Check(wanted(ticket, defaults))
}

// wanted is what the requests for a ticket ask of the provider. The defaults of the Integration are
// part of the create request alone.
func wanted(ticket *v1alpha1.Ticket, defaults *v1alpha1.TicketDefaults) providermetadata.Wanted {
	wants := providermetadata.Wanted{Project: ticket.Spec.Project, CustomFields: ticket.Spec.CustomFields}
	switch {
	case wants.Project != "":
	case ticket.Status.ID == "" && ticket.Spec.TicketID == "":
		wants.Project = defaults.Project
	case ticket.Status.Remote != nil:
		wants.FieldsOf = ticket.Status.Remote.Project
	}
	return wants
}
