// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// MaxAttachmentSize is the size of the largest file that a TicketAttachment uploads, in bytes. It
// is what fits into a ConfigMap or a Secret.
const MaxAttachmentSize = 1 << 20

// KeyReference names a key of a ConfigMap or a Secret in the same namespace.
type KeyReference struct {
	// name of the ConfigMap or the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// key whose value is the content of the file.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[-._a-zA-Z0-9]+$')`,message="key must consist of letters, digits, '-', '_' and '.'"
	Key string `json:"key"`
}

// TicketAttachmentSpec is the desired state of the remote attachment.
//
// +kubebuilder:validation:XValidation:rule="has(self.ticketRef) != has(self.ticketID)",message="exactly one of ticketRef and ticketID must be set: use ticketRef for a Ticket in this namespace, ticketID for a remote ticket"
// +kubebuilder:validation:XValidation:rule="!has(self.ticketRef) || !has(self.integrationRef)",message="integrationRef can only be set together with ticketID: with ticketRef the Integration of the Ticket is used, so remove integrationRef",fieldPath=".integrationRef"
// +kubebuilder:validation:XValidation:rule="[has(self.content), has(self.contentBase64), has(self.configMapKeyRef), has(self.secretKeyRef)].filter(isSet, isSet).size() == 1",message="exactly one of content, contentBase64, configMapKeyRef and secretKeyRef must be set"
type TicketAttachmentSpec struct {
	ParentReference `json:",inline"`

	// fileName of the attachment, without a path: no slash or backslash, no control characters, no
	// spaces at its beginning or end. Immutable.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self != '.' && self != '..' && self.trim() == self && !self.matches('[/\\\\\\x00-\\x1f\\x7f\\x{85}\\x{2028}\\x{2029}]')`,message="fileName must be the name of a file without a path: no / and no \\, no control characters, no spaces at its beginning or end"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="fileName is immutable: for another name, create a new TicketAttachment"
	FileName string `json:"fileName"`

	// content of the file, as text of at most 262,144 characters. The API cannot change an
	// attachment, so when the content changes, the new file is uploaded and then the old one is
	// deleted. Exactly one of content, contentBase64, configMapKeyRef and secretKeyRef must be set.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=262144
	Content string `json:"content,omitempty"`

	// contentBase64 is the content of the file in base64, at most 256 KiB of it before it was
	// encoded; line breaks in it are ignored.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=350208
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9+/=\s]+$`
	ContentBase64 string `json:"contentBase64,omitempty"`

	// configMapKeyRef names a key of data or binaryData of a ConfigMap in the same namespace. Its
	// value is read when the file is uploaded. A change is uploaded when the annotation
	// ticketing.synqly.com/sync-requested gets a new value.
	// +optional
	ConfigMapKeyRef *KeyReference `json:"configMapKeyRef,omitempty"`

	// secretKeyRef names a key of a Secret in the same namespace. It is read as the key of a
	// ConfigMap is.
	// +optional
	SecretKeyRef *KeyReference `json:"secretKeyRef,omitempty"`

	// deletionPolicy defines what happens when this object is deleted. Delete (the default) deletes
	// the remote attachment. Retain keeps it.
	// +optional
	// +kubebuilder:default=Delete
	DeletionPolicy ChildDeletionPolicy `json:"deletionPolicy,omitempty"`
}

// TicketAttachmentStatus is what the operator knows about the remote attachment.
type TicketAttachmentStatus struct {
	RemoteChildStatus `json:",inline"`

	// fileName of the remote attachment, as the provider shows it.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	FileName string `json:"fileName,omitempty"`

	// fileType is the media type of the remote attachment, as the provider shows it.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	FileType string `json:"fileType,omitempty"`

	// fileSize is the size of the remote attachment in bytes, as the provider shows it; absent
	// where it does not.
	// +optional
	// +kubebuilder:validation:Minimum=0
	FileSize int64 `json:"fileSize,omitempty"`

	// sha256 is the SHA-256 of the content that was uploaded, in hexadecimal digits.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	SHA256 string `json:"sha256,omitempty"`

	// replacedIDs are the IDs of remote attachments that were replaced by a new one and that are
	// still to be deleted, at most 100.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=1024
	ReplacedIDs []string `json:"replacedIDs,omitempty"`
}

// TicketAttachment represents a file that is attached to a remote ticket.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=tattach,categories=ticketing
// +kubebuilder:validation:XValidation:rule="(has(self.spec.ticketRef) == has(oldSelf.spec.ticketRef) && (!has(self.spec.ticketRef) || self.spec.ticketRef == oldSelf.spec.ticketRef)) || !has(oldSelf.status) || !(has(oldSelf.status.id) || has(oldSelf.status.openAttempt) || has(oldSelf.status.replacedIDs))",message="ticketRef is immutable once the remote attachment exists or may exist: for another ticket, create a new TicketAttachment",fieldPath=".spec.ticketRef"
// +kubebuilder:validation:XValidation:rule="(has(self.spec.ticketID) == has(oldSelf.spec.ticketID) && (!has(self.spec.ticketID) || self.spec.ticketID == oldSelf.spec.ticketID)) || !has(oldSelf.status) || !(has(oldSelf.status.id) || has(oldSelf.status.openAttempt) || has(oldSelf.status.replacedIDs))",message="ticketID is immutable once the remote attachment exists or may exist: for another ticket, create a new TicketAttachment",fieldPath=".spec.ticketID"
// +kubebuilder:validation:XValidation:rule="(has(self.spec.integrationRef) == has(oldSelf.spec.integrationRef) && (!has(self.spec.integrationRef) || self.spec.integrationRef == oldSelf.spec.integrationRef)) || !has(oldSelf.status) || !(has(oldSelf.status.id) || has(oldSelf.status.openAttempt) || has(oldSelf.status.replacedIDs))",message="integrationRef is immutable once the remote attachment exists or may exist: to use another Integration, create a new TicketAttachment",fieldPath=".spec.integrationRef"
// +kubebuilder:printcolumn:name="Ticket",type=string,JSONPath=`.status.ticketID`
// +kubebuilder:printcolumn:name="ID",type=string,JSONPath=`.status.id`
// +kubebuilder:printcolumn:name="File",type=string,JSONPath=`.spec.fileName`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Size",type=integer,priority=1,JSONPath=`.status.fileSize`
// +kubebuilder:printcolumn:name="Creator",type=string,priority=1,JSONPath=`.status.creator`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type TicketAttachment struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the desired state of the remote attachment.
	// +required
	Spec TicketAttachmentSpec `json:"spec"`

	// status is what the operator knows about the remote attachment.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status TicketAttachmentStatus `json:"status,omitempty"`
}

// TicketAttachmentList is a list of TicketAttachments.
//
// +kubebuilder:object:root=true
type TicketAttachmentList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items of the list.
	Items []TicketAttachment `json:"items"`
}

// RemoteStatus is the part of the status that every kind with a remote object has.
func (in *TicketAttachment) RemoteStatus() *RemoteObjectStatus { return &in.Status.RemoteObjectStatus }

// ParentReference is the part of the spec that says to which remote ticket the object belongs.
func (in *TicketAttachment) ParentReference() *ParentReference { return &in.Spec.ParentReference }

// RemoteChildStatus is the part of the status that comments, notes and attachments share.
func (in *TicketAttachment) RemoteChildStatus() *RemoteChildStatus {
	return &in.Status.RemoteChildStatus
}

// RemovesRemote reports whether the deletion of the object deletes the remote one.
func (in *TicketAttachment) RemovesRemote() bool { return in.Spec.DeletionPolicy != ChildRetain }
