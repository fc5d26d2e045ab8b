// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

const (
	// ReceiverLabel is on an Incident, and on the Tickets and TicketComments that it makes: the
	// name of its AlertReceiver.
	ReceiverLabel = "ticketing.synqly.com/receiver"
	// IncidentLabel is on the Tickets and TicketComments of an Incident: the name of the Incident.
	IncidentLabel = "ticketing.synqly.com/incident"
	// AlertNameLabel is on the Tickets and TicketComments of an Incident: the label alertname that
	// the alerts have in common, as far as it can be the value of a Kubernetes label.
	AlertNameLabel = "ticketing.synqly.com/alertname"
)

// AlertsFieldManager owns the fields of the Tickets and TicketComments that Incidents make.
const AlertsFieldManager = "synqly-alerts"
