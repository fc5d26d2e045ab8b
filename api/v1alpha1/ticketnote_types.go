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
// +kubebuilder:validation:XValidation:rule="has(self.ticketRef) == has(oldSelf.ticketRef) && (!has(self.ticketRef) || self.ticketRef == oldSelf.ticketRef)",message="ticketRef is immutable: for another ticket, create a new TicketNote",fieldPath=".ticketRef"
// +kubebuilder:validation:XValidation:rule="has(self.ticketID) == has(oldSelf.ticketID) && (!has(self.ticketID) || self.ticketID == oldSelf.ticketID)",message="ticketID is immutable: for another ticket, create a new TicketNote",fieldPath=".ticketID"
// +kubebuilder:validation:XValidation:rule="has(self.integrationRef) == has(oldSelf.integrationRef) && (!has(self.integrationRef) || self.integrationRef == oldSelf.integrationRef)",message="integrationRef is immutable: to use another Integration, create a new TicketNote",fieldPath=".integrationRef"
type TicketNoteSpec struct {
	ParentReference `json:",inline"`

	// title of the note, one line.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Title string `json:"title"`

	// content of the note, in markdown.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
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
// +kubebuilder:printcolumn:name="Ticket",type=string,JSONPath=`.status.ticketID`
// +kubebuilder:printcolumn:name="ID",type=string,JSONPath=`.status.id`
// +kubebuilder:printcolumn:name="Title",type=string,JSONPath=`.spec.title`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
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

// RemoteChildStatus is the part of the status that comments and notes share.
func (in *TicketNote) RemoteChildStatus() *RemoteChildStatus { return &in.Status.RemoteChildStatus }

// RemovesRemote reports whether the deletion of the object deletes the remote one.
func (in *TicketNote) RemovesRemote() bool { return in.Spec.DeletionPolicy != ChildRetain }
