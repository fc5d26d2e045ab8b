// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Priority of a ticket, as defined by the Synqly API. Providers map it to their own priorities.
//
// +kubebuilder:validation:Enum=URGENT;CRITICAL;HIGH;MEDIUM;MODERATE;LOW;PLANNING
type Priority string

// ManagementPolicy defines what the operator writes to the remote ticket.
//
// +kubebuilder:validation:Enum=Apply;Enforce;Observe
type ManagementPolicy string

const (
	// ManagementApply patches a field when its own value in the spec has changed since it was last
	// applied. Remote changes by people are kept.
	ManagementApply ManagementPolicy = "Apply"
	// ManagementEnforce also restores the values of the spec when people have changed managed
	// fields.
	ManagementEnforce ManagementPolicy = "Enforce"
	// ManagementObserve writes nothing.
	ManagementObserve ManagementPolicy = "Observe"
)

// TicketDeletionPolicy defines what happens to the remote ticket when the Ticket is deleted. The
// API cannot delete a ticket.
//
// +kubebuilder:validation:Enum=Retain;Close
type TicketDeletionPolicy string

const (
	// TicketRetain leaves the remote ticket unchanged.
	TicketRetain TicketDeletionPolicy = "Retain"
	// TicketClose first sets the status of the remote ticket to spec.close.status.
	TicketClose TicketDeletionPolicy = "Close"
)

// RemoteMissingPolicy defines what happens when the remote ticket no longer exists.
//
// +kubebuilder:validation:Enum=Report;Recreate
type RemoteMissingPolicy string

const (
	// RemoteMissingReport reports it in the conditions and creates nothing.
	RemoteMissingReport RemoteMissingPolicy = "Report"
	// RemoteMissingRecreate creates a new remote ticket after the old one has been missing for the
	// Integration's settlePeriod.
	RemoteMissingRecreate RemoteMissingPolicy = "Recreate"
)

// TicketSpec is the desired state of the remote ticket. The operator never changes a field that is
// not set. Removing a field leaves the remote value unchanged.
//
// +kubebuilder:validation:XValidation:rule="self.deletionPolicy != 'Close' || has(self.close)",message="deletionPolicy Close needs close: set close.status to the status of a closed ticket, for example Done",fieldPath=".close",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule="self.managementPolicy != 'Observe' || has(self.ticketID)",message="managementPolicy Observe needs ticketID: set it to the ID of the remote ticket to observe",fieldPath=".ticketID",reason=FieldValueRequired
// +kubebuilder:validation:XValidation:rule="self.managementPolicy != 'Observe' || self.deletionPolicy != 'Close'",message="managementPolicy Observe never writes, so deletionPolicy cannot be Close: use deletionPolicy Retain or another managementPolicy",fieldPath=".deletionPolicy"
// +kubebuilder:validation:XValidation:rule="self.onRemoteMissing != 'Recreate' || !has(self.ticketID)",message="onRemoteMissing Recreate cannot be used with ticketID: use onRemoteMissing Report, or remove ticketID",fieldPath=".onRemoteMissing"
type TicketSpec struct {
	// integrationRef names the Integration to use. Defaults to the Integration named "default".
	// Immutable as soon as the remote ticket exists, or may exist.
	// +optional
	// +kubebuilder:default={name: default}
	IntegrationRef IntegrationReference `json:"integrationRef,omitzero"`

	// name of the remote ticket. Defaults to the name of this object when the ticket is created.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule=`self.trim() != '' && !self.matches('[\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]')`,message="name must be one line of text, not blank, and without a line break at its end: in YAML, write the text without | or >"
	Name string `json:"name,omitempty"`

	// summary of the ticket, one line.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule=`self.trim() != '' && !self.matches('[\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]')`,message="summary must be one line of text, not blank, and without a line break at its end: in YAML, write the text without | or >"
	Summary string `json:"summary"`

	// description of the ticket, in markdown.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	// +kubebuilder:validation:XValidation:rule=`self.trim() != ''`,message="description must not be blank"
	Description string `json:"description,omitempty"`

	// priority: URGENT, CRITICAL, HIGH, MEDIUM, MODERATE, LOW or PLANNING. Providers map it to
	// their own priorities.
	// +optional
	Priority Priority `json:"priority,omitempty"`

	// status of the ticket. Free text: each provider has its own workflow. One that the workflow
	// does not allow is refused.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.trim() != '' && !self.matches('[\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]')`,message="status must be one line of text, not blank, and without a line break at its end: in YAML, write the text without | or >"
	Status string `json:"status,omitempty"`

	// project that the ticket belongs to: an id in status.projects of the Integration. Defaults to
	// the Integration's defaults.project when the ticket is created. One that the provider does not
	// have is reported by the condition Valid.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.trim() != '' && !self.matches('[\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]')`,message="project must be one line of text, not blank, and without a line break at its end: in YAML, write the text without | or >"
	Project string `json:"project,omitempty"`

	// issueType of the ticket. Defaults to the Integration's defaults.issueType when the ticket is
	// created.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.trim() != '' && !self.matches('[\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]')`,message="issueType must be one line of text, not blank, and without a line break at its end: in YAML, write the text without | or >"
	IssueType string `json:"issueType,omitempty"`

	// assignee of the ticket, usually an e-mail address.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.trim() != '' && !self.matches('[\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]')`,message="assignee must be one line of text, not blank, and without a line break at its end: in YAML, write the text without | or >"
	Assignee string `json:"assignee,omitempty"`

	// contact of the ticket, usually an e-mail address.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.trim() != '' && !self.matches('[\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]')`,message="contact must be one line of text, not blank, and without a line break at its end: in YAML, write the text without | or >"
	Contact string `json:"contact,omitempty"`

	// creator of the ticket, usually an e-mail address. Defaults to the Integration's
	// defaults.creator when the ticket is created.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.trim() != '' && !self.matches('[\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]')`,message="creator must be one line of text, not blank, and without a line break at its end: in YAML, write the text without | or >"
	Creator string `json:"creator,omitempty"`

	// dueDate of the ticket: an RFC 3339 time in the years 1000 to 2999, with uppercase T and Z,
	// such as 2026-12-01T00:00:00Z. Fractions of a second are dropped.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([12][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([12][0-9](0[48]|[2468][048]|[13579][26])|(12|16|20|24|28)00)-02-29)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$')`,message="dueDate must be a date with a time and a time zone, such as 2026-12-01T00:00:00Z or 2026-12-01T09:00:00+01:00"
	DueDate *metav1.Time `json:"dueDate,omitempty"`

	// completionDate of the ticket: an RFC 3339 time in the years 1000 to 2999, with uppercase T
	// and Z, such as 2026-12-01T00:00:00Z. Fractions of a second are dropped.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([12][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([12][0-9](0[48]|[2468][048]|[13579][26])|(12|16|20|24|28)00)-02-29)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$')`,message="completionDate must be a date with a time and a time zone, such as 2026-12-01T00:00:00Z or 2026-12-01T09:00:00+01:00"
	CompletionDate *metav1.Time `json:"completionDate,omitempty"`

	// tags of the ticket: at most 100, each of 1 to 255 characters without comma or line break.
	// Tags that people add remotely are kept. A tag that is removed from this list is removed from
	// the remote ticket. An empty list is the same as no list, which removes no tag. Tags that
	// consist of k8s- and 32 hexadecimal digits are reserved for the operator.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.all(tag, !tag.matches('[,]|[\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]'))`,message="tags must not contain commas or line breaks: write each tag as an item of its own"
	// +kubebuilder:validation:XValidation:rule=`self.all(tag, tag.trim() != '')`,message="tags must not be blank"
	// +kubebuilder:validation:XValidation:rule="self.all(tag, !tag.matches('^(?i:k8s-[0-9a-f]{32})$'))",message="tags must not consist of k8s- and 32 hexadecimal digits: such tags are reserved for the operator"
	Tags []string `json:"tags,omitempty"`

	// The schema of customFields is written out, because the values of the generated one are not
	// nullable, and from such a map the API server drops the nulls.

	// customFields of the ticket: at most 100 names, each with any JSON value. They are managed one
	// by one: those that are not named here are left unchanged. Names that the provider does not
	// have, and values that do not fit, are reported by the condition Valid. A null clears the
	// remote field; kubectl apply sends it only with --server-side. 64-bit integers are exact; all
	// other numbers are rounded to double precision.
	// +optional
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:validation:Type=object
	// +kubebuilder:pruning:PreserveUnknownFields
	// +kubebuilder:validation:MaxProperties=100
	CustomFields map[string]apiextensionsv1.JSON `json:"customFields,omitempty"`

	// ticketID is the ID of an existing remote ticket to adopt instead of creating one. It can also
	// be set later, to name the result of a create request whose outcome is not known. Once the
	// remote ticket has been adopted, it cannot be changed or removed. If the provider knows the
	// ticket by several names, such as a key and a number, status.id has the one that it returns.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule=`self.matches('^\\S(.*\\S)?$')`,message="ticketID must be one line of text without a space or a line break at its beginning or end"
	TicketID string `json:"ticketID,omitempty"`

	// managementPolicy defines what the operator writes. Apply (the default) writes the fields that
	// changed in the spec and keeps remote changes by people. Enforce also restores the values of
	// the spec when people have changed managed fields. Observe writes nothing and needs ticketID.
	// +optional
	// +kubebuilder:default=Apply
	ManagementPolicy ManagementPolicy `json:"managementPolicy,omitempty"`

	// deletionPolicy defines what happens when this object is deleted. Retain (the default) leaves
	// the remote ticket unchanged. Close closes it first and needs close.
	// +optional
	// +kubebuilder:default=Retain
	DeletionPolicy TicketDeletionPolicy `json:"deletionPolicy,omitempty"`

	// close defines how deletionPolicy Close closes the remote ticket.
	// +optional
	Close *TicketCloseSpec `json:"close,omitempty"`

	// onRemoteMissing defines what happens when somebody has deleted the remote ticket. Report (the
	// default) reports it in the conditions. Recreate creates a new one after it has been missing
	// for the Integration's settlePeriod, and cannot be combined with ticketID.
	// +optional
	// +kubebuilder:default=Report
	OnRemoteMissing RemoteMissingPolicy `json:"onRemoteMissing,omitempty"`

	// ttlAfterClosed is the time after which this object is deleted once the remote ticket is
	// closed, as a duration such as 90s, 30m or 24h. The remote ticket is not changed.
	// closedStatuses of the Integration defines what closed means. Without ttlAfterClosed the
	// object is kept. 0s to 8760h.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$')`,message="ttlAfterClosed must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"
	// +kubebuilder:validation:XValidation:rule=`!self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$') || duration(self) <= duration('8760h')`,message="ttlAfterClosed must be between 0s and 8760h"
	TTLAfterClosed *metav1.Duration `json:"ttlAfterClosed,omitempty"`
}

// TicketCloseSpec defines how a remote ticket is closed.
type TicketCloseSpec struct {
	// status that the remote ticket gets, as the provider names it, for example Done.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.trim() != '' && !self.matches('[\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]')`,message="status must be one line of text, not blank, and without a line break at its end: in YAML, write the text without | or >"
	Status string `json:"status"`

	// comment to post before the ticket is closed, in markdown. Without it, nothing is posted.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	// +kubebuilder:validation:XValidation:rule=`self.trim() != ''`,message="comment must not be blank"
	Comment string `json:"comment,omitempty"`

	// creator of the comment, usually an e-mail address, for providers that need a creator
	// (PagerDuty) or accept one.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.trim() != '' && !self.matches('[\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]')`,message="creator must be one line of text, not blank, and without a line break at its end: in YAML, write the text without | or >"
	Creator string `json:"creator,omitempty"`
}

// TicketStatus is what the operator knows about the remote ticket.
type TicketStatus struct {
	RemoteObjectStatus `json:",inline"`

	// url is the address of the remote ticket in a browser: what ticketURLTemplate of the
	// Integration makes of its ID, or without a template the one that the provider returned. Not
	// set where neither is known, or where it would have more than 2048 characters.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	URL string `json:"url,omitempty"`

	// remote is the remote ticket as last seen, with the values of the provider. Values that are
	// too long are cut and end in an ellipsis.
	// +optional
	Remote *RemoteTicket `json:"remote,omitempty"`

	// closedAt is the time at which the remote ticket was closed: its completion date, or without
	// one the time of the change after which it was first seen closed. Not set while the remote
	// ticket is open.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	ClosedAt *metav1.Time `json:"closedAt,omitempty"`

	// adoptedID is the value of spec.ticketID that the remote ticket was adopted by, if the
	// provider returned the ticket with another ID. id is then the returned one.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	AdoptedID string `json:"adoptedID,omitempty"`

	// closingCommentID is the ID of the comment that was posted before closing the remote ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	ClosingCommentID string `json:"closingCommentID,omitempty"`

	// drift lists the managed fields that somebody changed remotely, such as summary,
	// tags/team:checkout or customFields/severity.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=512
	Drift []string `json:"drift,omitempty"`
}

// RemoteTicket is a remote ticket as last seen, with the values of the provider. Values that are
// too long are cut and end in an ellipsis. Times are shown as the provider returned them.
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
	// priority of the remote ticket. Providers may use their own values.
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
	// createdAt is the time at which the remote ticket was created.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	CreatedAt string `json:"createdAt,omitempty"`
	// updatedAt is the time at which the remote ticket was last changed.
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
	// url is the address of the remote ticket in a browser, if the provider returns it with the
	// ticket. It is read from html_url or web_url, which the API does not define.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	URL string `json:"url,omitempty"`
	// comments is the number of comments on the remote ticket, by any author, if the provider
	// returns it with the ticket.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Comments *int32 `json:"comments,omitempty"`
	// attachments are the files on the remote ticket, by any author and the newest first, if the
	// provider returns them with the ticket: at most 50, and fewer if they are more than 32 KiB of
	// text. Their content is not shown: kubectl ticketing attachments downloads it. Control
	// characters are shown as spaces.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	Attachments []RemoteAttachment `json:"attachments,omitempty"`
	// remarks say, at most 16, which values of the remote ticket are shown here in a changed form,
	// or cannot be read: for example a text that is too long, a date that is not valid, or a
	// priority that spec.priority does not allow.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=512
	Remarks []string `json:"remarks,omitempty"`
}

// RemoteAttachment is a file on a remote ticket, with the values of the provider. Values that are
// too long are cut and end in an ellipsis.
type RemoteAttachment struct {
	// id of the remote attachment.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	ID string `json:"id"`
	// fileName is the name of the file.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	FileName string `json:"fileName,omitempty"`
	// fileType is the media type of the file.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	FileType string `json:"fileType,omitempty"`
	// fileSize is the size of the file in bytes. Not set if the provider does not return it.
	// +optional
	// +kubebuilder:validation:Minimum=0
	FileSize int64 `json:"fileSize,omitempty"`
	// creator of the remote attachment.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	Creator string `json:"creator,omitempty"`
	// createdAt is the time at which the file was attached, as the provider returned it.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	CreatedAt string `json:"createdAt,omitempty"`
}

// Ticket represents a ticket of a ticketing provider. Applying it creates the remote ticket, or
// adopts the one that ticketID names. Changing a field changes that field of the remote ticket.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=tkt,categories=ticketing
// +kubebuilder:validation:XValidation:rule="self.spec.integrationRef == oldSelf.spec.integrationRef || !has(oldSelf.status) || !(has(oldSelf.status.id) || has(oldSelf.status.openAttempt)) || (has(oldSelf.status.integration) && self.spec.integrationRef.name == oldSelf.status.integration)",message="integrationRef is immutable once the remote ticket exists or may exist: to use another Integration, create a new Ticket",fieldPath=".spec.integrationRef"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.spec.ticketID) || (has(self.spec.ticketID) && self.spec.ticketID == oldSelf.spec.ticketID) || !has(oldSelf.status) || !has(oldSelf.status.id)",message="ticketID cannot be changed or removed once the remote ticket is adopted: to adopt another one, create a new Ticket",fieldPath=".spec.ticketID"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.ticketID) || has(oldSelf.spec.ticketID) || !has(oldSelf.status) || !has(oldSelf.status.id) || self.spec.ticketID == oldSelf.status.id",message="ticketID must be the same as status.id: to adopt another remote ticket, create a new Ticket",fieldPath=".spec.ticketID"
// +kubebuilder:printcolumn:name="ID",type=string,JSONPath=`.status.id`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.remote.status`
// +kubebuilder:printcolumn:name="Priority",type=string,JSONPath=`.status.remote.priority`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Assignee",type=string,priority=1,JSONPath=`.status.remote.assignee`
// +kubebuilder:printcolumn:name="Summary",type=string,priority=1,JSONPath=`.spec.summary`
// +kubebuilder:printcolumn:name="URL",type=string,priority=1,JSONPath=`.status.url`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type Ticket struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the desired state of the remote ticket. The operator never changes a field that is
	// not set. Removing a field leaves the remote value unchanged.
	// +required
	Spec TicketSpec `json:"spec"`

	// status is what the operator knows about the remote ticket.
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

// RemoteStatus is the part of the status that every kind with a remote object has.
func (in *Ticket) RemoteStatus() *RemoteObjectStatus { return &in.Status.RemoteObjectStatus }
