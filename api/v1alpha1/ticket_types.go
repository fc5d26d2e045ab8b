// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Priority of a ticket, in the Synqly API's words. Providers map it to theirs.
//
// +kubebuilder:validation:Enum=URGENT;CRITICAL;HIGH;MEDIUM;MODERATE;LOW;PLANNING
type Priority string

// ManagementPolicy says what the operator may write to the remote ticket.
//
// +kubebuilder:validation:Enum=Apply;Enforce;Observe
type ManagementPolicy string

const (
	// ManagementApply patches a field when its own value in the spec has changed
	// since it was last applied. What people change remotely stays.
	ManagementApply ManagementPolicy = "Apply"
	// ManagementEnforce also writes back what people changed in managed fields.
	ManagementEnforce ManagementPolicy = "Enforce"
	// ManagementObserve writes nothing.
	ManagementObserve ManagementPolicy = "Observe"
)

// TicketDeletionPolicy says what becomes of the remote ticket when the Ticket is
// deleted. The API cannot delete a ticket.
//
// +kubebuilder:validation:Enum=Retain;Close
type TicketDeletionPolicy string

const (
	// TicketRetain leaves the remote ticket as it is.
	TicketRetain TicketDeletionPolicy = "Retain"
	// TicketClose moves the remote ticket to spec.close.status first.
	TicketClose TicketDeletionPolicy = "Close"
)

// RemoteMissingPolicy says what becomes of a Ticket whose remote ticket is gone.
//
// +kubebuilder:validation:Enum=Report;Recreate
type RemoteMissingPolicy string

const (
	// RemoteMissingReport says so in the conditions and creates nothing.
	RemoteMissingReport RemoteMissingPolicy = "Report"
	// RemoteMissingRecreate creates another remote ticket once the old one has been
	// missing for the Integration's settlePeriod.
	RemoteMissingRecreate RemoteMissingPolicy = "Recreate"
)

// TicketSpec is what the remote ticket should be. A field that is not set is
// never touched; removing a field leaves the remote value as it is.
//
// +kubebuilder:validation:XValidation:rule="self.deletionPolicy != 'Close' || has(self.close)",message="deletionPolicy Close needs close: set close.status to the status that ends a ticket, for example Done",fieldPath=".close",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule="self.managementPolicy != 'Observe' || has(self.ticketID)",message="managementPolicy Observe needs ticketID: set it to the ID of the remote ticket to observe",fieldPath=".ticketID",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule="self.managementPolicy != 'Observe' || self.deletionPolicy != 'Close'",message="managementPolicy Observe never writes, so deletionPolicy cannot be Close: use Retain, or another managementPolicy",fieldPath=".deletionPolicy"
// +kubebuilder:validation:XValidation:rule="self.onRemoteMissing != 'Recreate' || !has(self.ticketID)",message="onRemoteMissing Recreate cannot create the remote ticket that ticketID names: use Report, or leave ticketID out",fieldPath=".onRemoteMissing"
// +kubebuilder:validation:XValidation:rule="self.integrationRef == oldSelf.integrationRef",message="integrationRef is immutable: create another Ticket to use another Integration",fieldPath=".integrationRef"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.ticketID) || (has(self.ticketID) && self.ticketID == oldSelf.ticketID)",message="ticketID can be set once, not changed or removed: create another Ticket to adopt another remote ticket",fieldPath=".ticketID"
type TicketSpec struct {
	// integrationRef names the Integration to use. Defaults to the one named
	// "default". Immutable.
	// +optional
	// +kubebuilder:default={name: default}
	IntegrationRef IntegrationReference `json:"integrationRef,omitzero"`

	// name of the remote ticket. Defaults to the name of this object when the
	// ticket is created.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Name string `json:"name,omitempty"`

	// summary of the ticket, one line.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Summary string `json:"summary"`

	// description of the ticket, in markdown.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	Description string `json:"description,omitempty"`

	// priority: URGENT, CRITICAL, HIGH, MEDIUM, MODERATE, LOW or PLANNING.
	// +optional
	Priority Priority `json:"priority,omitempty"`

	// status of the ticket. Free text: each provider has its own workflow.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Status string `json:"status,omitempty"`

	// project in which the ticket lives. Defaults to the Integration's
	// defaults.project when the ticket is created.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Project string `json:"project,omitempty"`

	// issueType of the ticket. Defaults to the Integration's defaults.issueType
	// when the ticket is created.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	IssueType string `json:"issueType,omitempty"`

	// assignee of the ticket, usually an e-mail address.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Assignee string `json:"assignee,omitempty"`

	// contact of the ticket, usually an e-mail address.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Contact string `json:"contact,omitempty"`

	// creator of the ticket, usually an e-mail address. Defaults to the
	// Integration's defaults.creator when the ticket is created.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Creator string `json:"creator,omitempty"`

	// dueDate of the ticket, RFC 3339 with capital letters, in the years
	// 1000 to 2999: 2026-12-01T00:00:00Z, for example. Fractions of a second
	// are dropped.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[12][0-9]{3}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	DueDate *metav1.Time `json:"dueDate,omitempty"`

	// completionDate of the ticket, RFC 3339 with capital letters, in the years
	// 1000 to 2999: 2026-12-01T00:00:00Z, for example. Fractions of a second
	// are dropped.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[12][0-9]{3}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	CompletionDate *metav1.Time `json:"completionDate,omitempty"`

	// tags of the ticket: at most 100, each of 1 to 255 characters without comma
	// or line break. Tags that people add remotely stay. A tag that is taken out
	// of this list is taken off the remote ticket; the empty list counts as not
	// set. Tags of k8s- and 32 hexadecimal digits are the operator's own.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:items:Pattern=`^[^\r\n,]+$`
	// +kubebuilder:validation:XValidation:rule="self.all(tag, !tag.matches('^(?i:k8s-[0-9a-f]{32})$'))",message="tags must not look like k8s- followed by 32 hexadecimal digits: the operator marks the tickets that it created with such tags"
	Tags []string `json:"tags,omitempty"`

	// The schema of customFields is written out, because the values of the generated
	// one are not nullable, and from such a map the API server drops the nulls.

	// customFields of the ticket: at most 100 names, each with any JSON value.
	// A null clears the remote field; kubectl apply sends it only with
	// --server-side. Numbers are exact as 64-bit integers; all others are rounded
	// to double precision.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	// +kubebuilder:validation:MaxProperties=100
	CustomFields map[string]apiextensionsv1.JSON `json:"customFields,omitempty"`

	// ticketID adopts an existing remote ticket instead of creating one. It can
	// also be set later: it then says which remote ticket came of a create whose
	// outcome is not known. Once set, it can be neither changed nor removed.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^\S(.*\S)?$`
	TicketID string `json:"ticketID,omitempty"`

	// managementPolicy: Apply (the default) writes what changed in the spec and
	// leaves what people changed; Enforce also writes back what people changed in
	// managed fields; Observe writes nothing and needs ticketID.
	// +optional
	// +kubebuilder:default=Apply
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// deletionPolicy: Retain (the default) leaves the remote ticket as it is when
	// this object is deleted; Close closes it first and needs close.
	// +optional
	// +kubebuilder:default=Retain
	DeletionPolicy TicketDeletionPolicy `json:"deletionPolicy,omitempty"`

	// close says how deletionPolicy Close ends the remote ticket.
	// +optional
	Close *TicketCloseSpec `json:"close,omitempty"`

	// onRemoteMissing says what to do when somebody has deleted the remote ticket:
	// Report (the default) says so in the conditions; Recreate creates another one
	// once it has been missing for the Integration's settlePeriod, and cannot be
	// combined with ticketID.
	// +optional
	// +kubebuilder:default=Report
	OnRemoteMissing RemoteMissingPolicy `json:"onRemoteMissing,omitempty"`

	// ttlAfterClosed removes this object, and never the remote ticket, that long
	// after the remote ticket was closed, as a duration such as 90s, 30m or 24h. What
	// counts as closed is the Integration's closedStatuses. Without it the object
	// stays. 0s to 8760h.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
	// +kubebuilder:validation:XValidation:rule="duration(self) <= duration('8760h')",message="ttlAfterClosed must be between 0s and 8760h"
	TTLAfterClosed *metav1.Duration `json:"ttlAfterClosed,omitempty"`
}

// TicketCloseSpec says how a remote ticket is closed.
type TicketCloseSpec struct {
	// status that the remote ticket gets, in the provider's words, for example
	// Done.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Status string `json:"status"`

	// comment to post before the ticket is closed, in markdown. Without it,
	// nothing is posted.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	Comment string `json:"comment,omitempty"`

	// creator of the comment, usually an e-mail address, for providers that need
	// one (PagerDuty) or take one.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Creator string `json:"creator,omitempty"`
}

// TicketStatus is what the operator knows of the remote ticket.
type TicketStatus struct {
	RemoteObjectStatus `json:",inline"`

	// remote is the remote ticket as last seen. Values are the provider's; those
	// that are too long are cut and end in an ellipsis.
	// +optional
	Remote *RemoteTicket `json:"remote,omitempty"`

	// closedAt is when the remote ticket was closed: its completion date, or, where the
	// provider shows none, the time of the change with which it was first seen closed.
	// Not set while it is open.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	ClosedAt *metav1.Time `json:"closedAt,omitempty"`

	// closingCommentID is the comment that was posted before closing the remote
	// ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	ClosingCommentID string `json:"closingCommentID,omitempty"`

	// drift lists the managed fields that somebody changed remotely.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=512
	Drift []string `json:"drift,omitempty"`
}

// RemoteTicket is a remote ticket as last seen. Values are the provider's; those
// that are too long are cut and end in an ellipsis. Times are as the provider
// wrote them.
type RemoteTicket struct {
	// summary of the remote ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Summary string `json:"summary,omitempty"`
	// name of the remote ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Name string `json:"name,omitempty"`
	// status of the remote ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	Status string `json:"status,omitempty"`
	// priority of the remote ticket; providers may use values of their own.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	Priority string `json:"priority,omitempty"`
	// project of the remote ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	Project string `json:"project,omitempty"`
	// issueType of the remote ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	IssueType string `json:"issueType,omitempty"`
	// assignee of the remote ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	Assignee string `json:"assignee,omitempty"`
	// creator of the remote ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	Creator string `json:"creator,omitempty"`
	// createdAt is when the remote ticket was created.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	CreatedAt string `json:"createdAt,omitempty"`
	// updatedAt is when the remote ticket was last changed.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	UpdatedAt string `json:"updatedAt,omitempty"`
	// dueDate of the remote ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	DueDate string `json:"dueDate,omitempty"`
	// completionDate of the remote ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	CompletionDate string `json:"completionDate,omitempty"`
	// tags of the remote ticket, at most 200. Control characters are shown as spaces.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=200
	// +kubebuilder:validation:items:MaxLength=255
	Tags []string `json:"tags,omitempty"`
	// comments is how many comments the remote ticket has, by anybody, where the
	// provider says so with the ticket.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Comments *int32 `json:"comments,omitempty"`
	// remarks say which values of the remote ticket are not shown here as they are, or
	// cannot be read: one that is too long, a date that is none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=512
	Remarks []string `json:"remarks,omitempty"`
}

// Ticket is a ticket of a ticketing provider. Applying it creates the remote
// ticket, or adopts the one that ticketID names; changing a field changes that
// field of the remote ticket.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=tkt,categories=ticketing
// +kubebuilder:validation:XValidation:rule="!has(self.spec.ticketID) || has(oldSelf.spec.ticketID) || !has(oldSelf.status) || !has(oldSelf.status.id) || self.spec.ticketID == oldSelf.status.id",message="ticketID cannot name another remote ticket than the one in status.id: create another Ticket to adopt it",fieldPath=".spec.ticketID"
// +kubebuilder:printcolumn:name="ID",type=string,JSONPath=`.status.id`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.remote.status`
// +kubebuilder:printcolumn:name="Priority",type=string,JSONPath=`.status.remote.priority`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Assignee",type=string,priority=1,JSONPath=`.status.remote.assignee`
// +kubebuilder:printcolumn:name="Summary",type=string,priority=1,JSONPath=`.spec.summary`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type Ticket struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the remote ticket should be. A field that is not set is never
	// touched; removing a field leaves the remote value as it is.
	// +required
	Spec TicketSpec `json:"spec"`

	// status is what the operator knows of the remote ticket.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status TicketStatus `json:"status,omitempty"`
}

// TicketList is a list of Tickets.
//
// +kubebuilder:object:root=true
type TicketList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items of the list.
	Items []Ticket `json:"items"`
}

// RemoteStatus is the part of the status that every kind that stands for a
// remote object has.
func (in *Ticket) RemoteStatus() *RemoteObjectStatus { return &in.Status.RemoteObjectStatus }
