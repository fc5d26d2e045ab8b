// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TicketCommentSpec is the desired state of the remote comment.
//
// +kubebuilder:validation:XValidation:rule="has(self.ticketRef) != has(self.ticketID)",message="exactly one of ticketRef and ticketID must be set: use ticketRef for a Ticket in this namespace, ticketID for a remote ticket"
// +kubebuilder:validation:XValidation:rule="!has(self.ticketRef) || !has(self.integrationRef)",message="integrationRef can only be set together with ticketID: with ticketRef the Integration of the Ticket is used, so remove integrationRef",fieldPath=".integrationRef"
type TicketCommentSpec struct {
	ParentReference `json:",inline"`

	// content of the comment, in markdown. The API cannot change a comment, so when the content
	// changes, a new comment is posted and then the old one is deleted.
	// +required
	// +kubebuilder:validation:MaxLength=65536
	// +kubebuilder:validation:XValidation:rule=`self.trim() != ''`,message="content must not be blank"
	Content string `json:"content"`

	// creator of the comment, usually an e-mail address. PagerDuty needs it; Jira, ServiceNow and
	// Torq do not accept it. defaults.creator of the Integration is not used for comments. Removing
	// it changes nothing.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.trim() != '' && !self.matches('[\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]')`,message="creator must be one line of text, not blank, and without a line break at its end: in YAML, write the text without | or >"
	Creator string `json:"creator,omitempty"`

	// deletionPolicy defines what happens when this object is deleted. Delete (the default) deletes
	// the remote comment. Retain keeps it.
	// +optional
	// +kubebuilder:default=Delete
	DeletionPolicy ChildDeletionPolicy `json:"deletionPolicy,omitempty"`
}

// TicketCommentStatus is what the operator knows about the remote comment.
type TicketCommentStatus struct {
	RemoteChildStatus `json:",inline"`

	// replacedIDs are the IDs of remote comments that were replaced by a new comment and that are
	// still to be deleted, at most 100.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=1024
	ReplacedIDs []string `json:"replacedIDs,omitempty"`
}

// TicketComment represents a comment on a remote ticket.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=tcomment,categories=ticketing
// +kubebuilder:validation:XValidation:rule="(has(self.spec.ticketRef) == has(oldSelf.spec.ticketRef) && (!has(self.spec.ticketRef) || self.spec.ticketRef == oldSelf.spec.ticketRef)) || !has(oldSelf.status) || !(has(oldSelf.status.id) || has(oldSelf.status.openAttempt) || has(oldSelf.status.replacedIDs))",message="ticketRef is immutable once the remote comment exists or may exist: for another ticket, create a new TicketComment",fieldPath=".spec.ticketRef"
// +kubebuilder:validation:XValidation:rule="(has(self.spec.ticketID) == has(oldSelf.spec.ticketID) && (!has(self.spec.ticketID) || self.spec.ticketID == oldSelf.spec.ticketID)) || !has(oldSelf.status) || !(has(oldSelf.status.id) || has(oldSelf.status.openAttempt) || has(oldSelf.status.replacedIDs))",message="ticketID is immutable once the remote comment exists or may exist: for another ticket, create a new TicketComment",fieldPath=".spec.ticketID"
// +kubebuilder:validation:XValidation:rule="(has(self.spec.integrationRef) == has(oldSelf.spec.integrationRef) && (!has(self.spec.integrationRef) || self.spec.integrationRef == oldSelf.spec.integrationRef)) || !has(oldSelf.status) || !(has(oldSelf.status.id) || has(oldSelf.status.openAttempt) || has(oldSelf.status.replacedIDs))",message="integrationRef is immutable once the remote comment exists or may exist: to use another Integration, create a new TicketComment",fieldPath=".spec.integrationRef"
// +kubebuilder:printcolumn:name="Ticket",type=string,JSONPath=`.status.ticketID`
// +kubebuilder:printcolumn:name="ID",type=string,JSONPath=`.status.id`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Creator",type=string,priority=1,JSONPath=`.status.creator`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type TicketComment struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the desired state of the remote comment.
	// +required
	Spec TicketCommentSpec `json:"spec"`

	// status is what the operator knows about the remote comment.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status TicketCommentStatus `json:"status,omitempty"`
}

// TicketCommentList is a list of TicketComments.
//
// +kubebuilder:object:root=true
type TicketCommentList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items of the list.
	Items []TicketComment `json:"items"`
}

// RemoteStatus is the part of the status that every kind with a remote object has.
func (in *TicketComment) RemoteStatus() *RemoteObjectStatus { return &in.Status.RemoteObjectStatus }

// ParentReference is the part of the spec that says to which remote ticket the object belongs.
func (in *TicketComment) ParentReference() *ParentReference { return &in.Spec.ParentReference }

// RemoteChildStatus is the part of the status that comments, notes and attachments share.
func (in *TicketComment) RemoteChildStatus() *RemoteChildStatus { return &in.Status.RemoteChildStatus }

// RemovesRemote reports whether the deletion of the object deletes the remote one.
func (in *TicketComment) RemovesRemote() bool { return in.Spec.DeletionPolicy != ChildRetain }
