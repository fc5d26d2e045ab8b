// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TicketNoteSpec is what the remote note should be.
//
// +kubebuilder:validation:XValidation:rule="has(self.ticketRef) != has(self.ticketID)",message="exactly one of ticketRef and ticketID must be set: ticketRef for a Ticket of this namespace, ticketID for a remote ticket"
// +kubebuilder:validation:XValidation:rule="!has(self.ticketRef) || !has(self.integrationRef)",message="integrationRef goes with ticketID only: with ticketRef the Ticket's Integration is used, so remove integrationRef",fieldPath=".integrationRef"
// +kubebuilder:validation:XValidation:rule="has(self.ticketRef) == has(oldSelf.ticketRef) && (!has(self.ticketRef) || self.ticketRef == oldSelf.ticketRef)",message="ticketRef is immutable: create another TicketNote for another ticket",fieldPath=".ticketRef"
// +kubebuilder:validation:XValidation:rule="has(self.ticketID) == has(oldSelf.ticketID) && (!has(self.ticketID) || self.ticketID == oldSelf.ticketID)",message="ticketID is immutable: create another TicketNote for another ticket",fieldPath=".ticketID"
// +kubebuilder:validation:XValidation:rule="has(self.integrationRef) == has(oldSelf.integrationRef) && (!has(self.integrationRef) || self.integrationRef == oldSelf.integrationRef)",message="integrationRef is immutable: create another TicketNote to use another Integration",fieldPath=".integrationRef"
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

	// deletionPolicy: Delete (the default) deletes the remote note with this
	// object; Retain leaves it.
	// +optional
	// +kubebuilder:default=Delete
	DeletionPolicy ChildDeletionPolicy `json:"deletionPolicy,omitempty"`
}

// TicketNoteStatus is what the operator knows of the remote note.
type TicketNoteStatus struct {
	RemoteChildStatus `json:",inline"`
}

// TicketNote is a note on a remote ticket: a comment with a title that can be
// changed in place, in the providers that have notes.
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

	// spec is what the remote note should be.
	// +required
	Spec TicketNoteSpec `json:"spec"`

	// status is what the operator knows of the remote note.
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

// RemoteStatus is the part of the status that every kind that stands for a
// remote object has.
func (in *TicketNote) RemoteStatus() *RemoteObjectStatus { return &in.Status.RemoteObjectStatus }

// ParentReference is the part of the spec that says to which remote ticket the object belongs.
func (in *TicketNote) ParentReference() *ParentReference { return &in.Spec.ParentReference }

// RemoteChildStatus is the part of the status that comments and notes share.
func (in *TicketNote) RemoteChildStatus() *RemoteChildStatus { return &in.Status.RemoteChildStatus }

// RemovesRemote reports whether the deletion of the object deletes the remote one.
func (in *TicketNote) RemovesRemote() bool { return in.Spec.DeletionPolicy != ChildRetain }
