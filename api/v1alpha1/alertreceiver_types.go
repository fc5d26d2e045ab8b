// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TicketPer defines which alerts share an incident.
//
// +kubebuilder:validation:Enum=Group;Alert
type TicketPer string

const (
	// TicketPerGroup makes a ticket for each group of alerts that the sender made.
	TicketPerGroup TicketPer = "Group"
	// TicketPerAlert makes a ticket for each alert.
	TicketPerAlert TicketPer = "Alert"
)

// AlertComments defines which changes of the alerts are told as comments.
//
// +kubebuilder:validation:Enum=Changes;None
type AlertComments string

const (
	// AlertCommentsChanges posts a comment when alerts join or resolve.
	AlertCommentsChanges AlertComments = "Changes"
	// AlertCommentsNone posts none.
	AlertCommentsNone AlertComments = "None"
)

// ClosedWhileFiring defines what happens when a person has closed the ticket of an incident whose
// alerts still fire.
//
// +kubebuilder:validation:Enum=Keep;Reopen;NewTicket
type ClosedWhileFiring string

const (
	// ClosedWhileFiringKeep leaves the ticket closed.
	ClosedWhileFiringKeep ClosedWhileFiring = "Keep"
	// ClosedWhileFiringReopen reopens the ticket.
	ClosedWhileFiringReopen ClosedWhileFiring = "Reopen"
	// ClosedWhileFiringNewTicket creates another ticket.
	ClosedWhileFiringNewTicket ClosedWhileFiring = "NewTicket"
)

// RefreshedField is a field of spec.ticket that can follow the alerts.
//
// +kubebuilder:validation:Enum=name;summary;description;priority;status;project;issueType;assignee;contact;creator;tags;customFields
type RefreshedField string

// AlertReceiverSpec defines who may send alerts, and what becomes of them.
//
// +kubebuilder:validation:XValidation:rule="self.closedWhileFiring != 'Reopen' || (has(self.refire) && has(self.refire.status))",message="closedWhileFiring Reopen needs refire.status: set it to the status of an open ticket, for example To Do",fieldPath=".refire",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule=`!has(self.retention) || !has(self.refire) || !has(self.refire.within) || !self.retention.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$') || !self.refire.within.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$') || duration(self.retention) >= duration(self.refire.within)`,message="retention must not be shorter than refire.within: an incident that is removed cannot reopen its ticket",fieldPath=".retention"
type AlertReceiverSpec struct {
	// integrationRef names the Integration that the tickets use. Defaults to the Integration named
	// "default". A change applies to new tickets.
	// +optional
	// +kubebuilder:default={name: default}
	IntegrationRef IntegrationReference `json:"integrationRef,omitzero"`

	// tokenSecretRef names the Secret, in the same namespace, that holds the bearer token that a
	// sender must present.
	// +required
	TokenSecretRef SecretKeyReference `json:"tokenSecretRef"`

	// ticketPer defines which alerts share a ticket. Group (the default) makes a ticket for each
	// group that the sender made. Alert makes a ticket for each alert.
	// +optional
	// +kubebuilder:default=Group
	TicketPer TicketPer `json:"ticketPer,omitempty"`

	// identityLabels are the names of the labels that make an incident the same one: at most 50,
	// each of 1 to 255 characters. Defaults to all group labels with ticketPer Group, and to all
	// labels with Alert. A label that is missing counts as empty.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.all(label, label != '')",message="identityLabels must not contain an empty name: write the name of a label, or leave the item out"
	IdentityLabels []string `json:"identityLabels,omitempty"`

	// ticket holds the templates of the tickets. Every field has a default.
	// +optional
	Ticket TicketTemplate `json:"ticket,omitzero"`

	// refresh names the fields of ticket that follow the alerts as these change. Defaults to none:
	// a ticket gets its values when it is created, and what people edit stays.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=12
	Refresh []RefreshedField `json:"refresh,omitempty"`

	// comments defines which changes are told as comments on the ticket. Changes (the default)
	// posts a comment when alerts join or resolve. None posts none, for example for PagerDuty,
	// which needs a creator that these comments do not have.
	// +optional
	// +kubebuilder:default=Changes
	Comments AlertComments `json:"comments,omitempty"`

	// commentInterval is the shortest time between two comments of an incident, as a duration such
	// as 90s or 1h30m. What happens in between is told together. Defaults to 5m; 0s to 24h.
	// +optional
	// +kubebuilder:default="5m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$')`,message="commentInterval must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"
	// +kubebuilder:validation:XValidation:rule=`!self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$') || duration(self) <= duration('24h')`,message="commentInterval must be between 0s and 24h"
	CommentInterval *metav1.Duration `json:"commentInterval,omitempty"`

	// resolve defines what happens when the last alert has resolved.
	// +optional
	// +kubebuilder:default={after: "2m", comment: true}
	Resolve ResolveSpec `json:"resolve,omitzero"`

	// refire defines what happens when an alert of a resolved incident fires again.
	// +optional
	// +kubebuilder:default={within: "24h"}
	Refire RefireSpec `json:"refire,omitzero"`

	// closedWhileFiring defines what happens when a person has closed the ticket while alerts fire.
	// Keep (the default) leaves it closed. Reopen reopens it, and needs refire.status. NewTicket
	// creates another ticket.
	// +optional
	// +kubebuilder:default=Keep
	ClosedWhileFiring ClosedWhileFiring `json:"closedWhileFiring,omitempty"`

	// suppressStatuses are statuses by which people say that they want no ticket: at most 50, not
	// case-sensitive. A ticket in one of them is never reopened or replaced while its incident goes
	// on.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	SuppressStatuses []string `json:"suppressStatuses,omitempty"`

	// maxOpenTickets is how many tickets of this receiver may be open at the same time. Further
	// incidents wait, and one collecting ticket says so, which does not count. Defaults to 100; 1
	// to 10,000.
	// +optional
	// +kubebuilder:default=100
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	MaxOpenTickets int32 `json:"maxOpenTickets,omitempty"`

	// retention is how long a resolved Incident is kept, as a duration such as 24h. Then it and its
	// Ticket objects are deleted; the remote tickets stay. Defaults to 168h; 1m to 8760h, and not
	// shorter than refire.within.
	// +optional
	// +kubebuilder:default="168h"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$')`,message="retention must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"
	// +kubebuilder:validation:XValidation:rule=`!self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$') || duration(self) >= duration('1m') && duration(self) <= duration('8760h')`,message="retention must be between 1m and 8760h"
	Retention *metav1.Duration `json:"retention,omitempty"`
}

// TicketTemplate holds a Go template for each field of a ticket. A template sees the data that
// Alertmanager gives to its own templates, and .Incident.
type TicketTemplate struct {
	// name of the remote ticket, as a template. Defaults to the name of the Ticket.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Name string `json:"name,omitempty"`

	// summary of the ticket, as a template. Defaults to the name of the alert and what
	// distinguishes it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Summary string `json:"summary,omitempty"`

	// description of the ticket, as a template that makes markdown. Defaults to the labels,
	// annotations and links of the alerts.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	Description string `json:"description,omitempty"`

	// priority of the ticket, as a template that makes one of the priorities of a Ticket, or
	// nothing. Defaults to what the label severity says, where it says one.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Priority string `json:"priority,omitempty"`

	// status of a new ticket, as a template.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Status string `json:"status,omitempty"`

	// project of the ticket, as a template. Defaults to the Integration's defaults.project.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Project string `json:"project,omitempty"`

	// issueType of the ticket, as a template. Defaults to the Integration's defaults.issueType.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	IssueType string `json:"issueType,omitempty"`

	// assignee of the ticket, as a template.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Assignee string `json:"assignee,omitempty"`

	// contact of the ticket, as a template.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Contact string `json:"contact,omitempty"`

	// creator of the ticket, as a template. Defaults to the Integration's defaults.creator.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Creator string `json:"creator,omitempty"`

	// tags of the ticket: at most 100 templates, each of 1 to 1024 characters. One that makes
	// nothing adds no tag.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=1024
	Tags []string `json:"tags,omitempty"`

	// The schema of customFields is written out for the same reason as that of a Ticket.

	// customFields of the ticket: at most 100 names, each with any JSON value. Texts are templates;
	// other values are sent as they are.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	// +kubebuilder:validation:MaxProperties=100
	CustomFields map[string]apiextensionsv1.JSON `json:"customFields,omitempty"`
}

// ResolveSpec defines what happens when the last alert of an incident has resolved.
type ResolveSpec struct {
	// after is how long a resolution must hold before anything is done, as a duration such as 90s.
	// Defaults to 2m; 0s to 24h.
	// +optional
	// +kubebuilder:default="2m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$')`,message="after must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"
	// +kubebuilder:validation:XValidation:rule=`!self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$') || duration(self) <= duration('24h')`,message="after must be between 0s and 24h"
	After *metav1.Duration `json:"after,omitempty"`

	// status that the ticket gets, as the provider names it, for example Done. Without it, the
	// ticket stays open.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Status string `json:"status,omitempty"`

	// comment says whether the resolution is told as a comment. Defaults to true.
	// +optional
	// +kubebuilder:default=true
	Comment *bool `json:"comment,omitempty"`
}

// RefireSpec defines what happens when an alert of a resolved incident fires again.
type RefireSpec struct {
	// within is how long after the resolution the same ticket is used again, as a duration such as
	// 12h. Later, a new ticket is created. Defaults to 24h; 0s to 8760h.
	// +optional
	// +kubebuilder:default="24h"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$')`,message="within must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"
	// +kubebuilder:validation:XValidation:rule=`!self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$') || duration(self) <= duration('8760h')`,message="within must be between 0s and 8760h"
	Within *metav1.Duration `json:"within,omitempty"`

	// status that reopens the ticket, as the provider names it, for example To Do. Without it, a
	// ticket that is closed stays closed, and a new one is created.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Status string `json:"status,omitempty"`
}

// AlertReceiverStatus is what the operator knows about the receiver.
type AlertReceiverStatus struct {
	// observedGeneration is the generation of the spec that the conditions describe. It is -1 until
	// there are conditions.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions of the receiver. Ready has the reasons Receiving, SecretNotFound, InvalidToken,
	// InvalidTemplate, EndpointDisabled, WaitingForIntegration and Paused. Stalled exists only
	// while a retry cannot help.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// url is the path to send alerts to, below the address of the operator's Service.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	URL string `json:"url,omitempty"`

	// incidents is how many Incidents of this receiver there are. Counted with a delay of 2
	// seconds.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Incidents int32 `json:"incidents,omitempty"`

	// openTickets is how many tickets of this receiver are open. Counted with a delay of 2 seconds.
	// +optional
	// +kubebuilder:validation:Minimum=0
	OpenTickets int32 `json:"openTickets,omitempty"`

	// lastNotification is the time of the latest notification that was accepted. It changes at most
	// once a minute.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	LastNotification *metav1.Time `json:"lastNotification,omitempty"`

	// lastError is what went wrong last with a template, with its field and position. Empty while
	// the templates work.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	LastError string `json:"lastError,omitempty"`
}

// AlertReceiver is an address for Alertmanager or Grafana Alerting to send alerts to. What they
// send becomes Incidents, which open, update, close and reopen tickets.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=alertrx,categories=ticketing
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 46",message="the name of an AlertReceiver must have at most 46 characters: the names of its Incidents begin with it"
// +kubebuilder:printcolumn:name="Incidents",type=integer,JSONPath=`.status.incidents`
// +kubebuilder:printcolumn:name="Open",type=integer,JSONPath=`.status.openTickets`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="URL",type=string,priority=1,JSONPath=`.status.url`
// +kubebuilder:printcolumn:name="Last Error",type=string,priority=1,JSONPath=`.status.lastError`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type AlertReceiver struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec defines who may send alerts, and what becomes of them.
	// +required
	Spec AlertReceiverSpec `json:"spec"`

	// status is what the operator knows about the receiver.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status AlertReceiverStatus `json:"status,omitempty"`
}

// AlertReceiverList is a list of AlertReceivers.
//
// +kubebuilder:object:root=true
type AlertReceiverList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items of the list.
	Items []AlertReceiver `json:"items"`
}

// EndpointPath is the path to send alerts to, below the address of the endpoint.
func (in *AlertReceiver) EndpointPath() string {
	return "/v1/alerts/" + in.Namespace + "/" + in.Name
}
