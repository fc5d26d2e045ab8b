// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TicketNoteSpec is the desired state of the remote note.
//
// +kubebuilder:validation:XValidation:rule="has(self.ticketRef) != has(self.ticketID)",message="exactly one of ticketRef and ticketID must be set: use ticketRef for a Ticket in this namespace, ticketID for a remote ticket"
// +kubebuilder:validation:XValidation:rule="!has(self.ticketRef) || !has(self.integrationRef)",message="integrationRef can only be set together with ticketID: with ticketRef the Integration of the Ticket is used, so remove integrationRef",fieldPath=".integrationRef"
type TicketNoteSpec struct {
	ParentReference `json:",inline"`

	// title of the note, one line.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule=`self.trim() != '' && !self.matches('[\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]')`,message="title must be one line of text, not blank, and without a line break at its end: in YAML, write the text without | or >"
	Title string `json:"title"`

	// content of the note, in markdown.
	// +required
	// +kubebuilder:validation:MaxLength=65536
	// +kubebuilder:validation:XValidation:rule=`self.trim() != ''`,message="content must not be blank"
	Content string `json:"content"`

	// deletionPolicy defines what happens when this object is deleted. Delete (the default) deletes
	// the remote note. Retain keeps it.
	// +optional
	// +kubebuilder:default=Delete
	DeletionPolicy ChildDeletionPolicy `json:"deletionPolicy,omitempty"`
}

// TicketNoteStatus is what the operator knows about the remote note.
type TicketNoteStatus struct {
	RemoteChildStatus `json:",inline"`
}

// TicketNote represents a note on a remote ticket: a text with a title that can be changed in
// place. Not every provider supports notes.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=tnote,categories=ticketing
// +kubebuilder:validation:XValidation:rule="(has(self.spec.ticketRef) == has(oldSelf.spec.ticketRef) && (!has(self.spec.ticketRef) || self.spec.ticketRef == oldSelf.spec.ticketRef)) || !has(oldSelf.status) || !(has(oldSelf.status.id) || has(oldSelf.status.openAttempt))",message="ticketRef is immutable once the remote note exists or may exist: for another ticket, create a new TicketNote",fieldPath=".spec.ticketRef"
// +kubebuilder:validation:XValidation:rule="(has(self.spec.ticketID) == has(oldSelf.spec.ticketID) && (!has(self.spec.ticketID) || self.spec.ticketID == oldSelf.spec.ticketID)) || !has(oldSelf.status) || !(has(oldSelf.status.id) || has(oldSelf.status.openAttempt))",message="ticketID is immutable once the remote note exists or may exist: for another ticket, create a new TicketNote",fieldPath=".spec.ticketID"
// +kubebuilder:validation:XValidation:rule="(has(self.spec.integrationRef) == has(oldSelf.spec.integrationRef) && (!has(self.spec.integrationRef) || self.spec.integrationRef == oldSelf.spec.integrationRef)) || !has(oldSelf.status) || !(has(oldSelf.status.id) || has(oldSelf.status.openAttempt))",message="integrationRef is immutable once the remote note exists or may exist: to use another Integration, create a new TicketNote",fieldPath=".spec.integrationRef"
// +kubebuilder:printcolumn:name="Ticket",type=string,JSONPath=`.status.ticketID`
// +kubebuilder:printcolumn:name="ID",type=string,JSONPath=`.status.id`
// +kubebuilder:printcolumn:name="Title",type=string,JSONPath=`.spec.title`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Creator",type=string,priority=1,JSONPath=`.status.creator`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type TicketNote struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the desired state of the remote note.
	// +required
	Spec TicketNoteSpec `json:"spec"`

	// status is what the operator knows about the remote note.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status TicketNoteStatus `json:"status,omitempty"`
}

// TicketNoteList is a list of TicketNotes.
//
// +kubebuilder:object:root=true
type TicketNoteList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items of the list.
	Items []TicketNote `json:"items"`
}

// RemoteStatus is the part of the status that every kind with a remote object has.
func (in *TicketNote) RemoteStatus() *RemoteObjectStatus { return &in.Status.RemoteObjectStatus }

// ParentReference is the part of the spec that says to which remote ticket the object belongs.
func (in *TicketNote) ParentReference() *ParentReference { return &in.Spec.ParentReference }

// RemoteChildStatus is the part of the status that comments, notes and attachments share.
func (in *TicketNote) RemoteChildStatus() *RemoteChildStatus { return &in.Status.RemoteChildStatus }

// RemovesRemote reports whether the deletion of the object deletes the remote one.
func (in *TicketNote) RemovesRemote() bool { return in.Spec.DeletionPolicy != ChildRetain }
