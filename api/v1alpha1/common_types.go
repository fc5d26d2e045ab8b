// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// DefaultIntegrationName is the Integration used where none is named.
const DefaultIntegrationName = "default"

// IntegrationReference names an Integration in the same namespace.
type IntegrationReference struct {
	// name of the Integration.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// TicketReference names a Ticket in the same namespace.
type TicketReference struct {
	// name of the Ticket.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// RemoteObjectStatus is what the status of every kind that stands for a remote
// object has. It is written by the operator alone.
type RemoteObjectStatus struct {
	// observedGeneration is the generation of the spec that the conditions speak
	// of; -1 until there are any.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// id is the identifier of the remote object, as the provider gave it.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	ID string `json:"id,omitempty"`

	// integration is the name of the Integration through which the remote object
	// was created or adopted.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Integration string `json:"integration,omitempty"`

	// integrationGeneration is the generation of the Integration under which the
	// latest write was sent. A refused write is sent again when it changes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	IntegrationGeneration int64 `json:"integrationGeneration,omitempty"`

	// settledAttempt is the number of the latest create attempt whose outcome is
	// known. It is lower than the annotation ticketing.synqly.com/create-attempt
	// while an attempt is in flight or unconfirmed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	SettledAttempt int64 `json:"settledAttempt,omitempty"`

	// applied holds, per managed field, a short hash of the value of the spec
	// that was last applied. Elements of lists and maps have entries of their
	// own, such as "tags/team:checkout" and "customFields/severity".
	// +optional
	// +kubebuilder:validation:MaxProperties=512
	Applied map[string]string `json:"applied,omitempty"`

	// returned holds, per managed field, a short hash of what the provider showed
	// for it right after it was last applied. Drift is measured against it,
	// because providers rewrite the values that they are sent.
	// +optional
	// +kubebuilder:validation:MaxProperties=512
	Returned map[string]string `json:"returned,omitempty"`

	// missing is true where the provider said, when it was asked last, that the remote
	// object does not exist any more.
	// +optional
	Missing bool `json:"missing,omitempty"`

	// lastSyncRequest is the latest value of the annotation
	// ticketing.synqly.com/sync-requested that has been served.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	LastSyncRequest string `json:"lastSyncRequest,omitempty"`

	// lastCreateAgain is the latest value of the annotation
	// ticketing.synqly.com/create-again that has been served.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	LastCreateAgain string `json:"lastCreateAgain,omitempty"`

	// conditions: Ready, the summary; Synced, where the kind is updated in place;
	// and Stalled, only while no retry helps.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// ChildDeletionPolicy says what becomes of the remote comment or note when its
// object is deleted.
//
// +kubebuilder:validation:Enum=Delete;Retain
type ChildDeletionPolicy string

const (
	// ChildDelete deletes the remote object.
	ChildDelete ChildDeletionPolicy = "Delete"
	// ChildRetain leaves the remote object as it is.
	ChildRetain ChildDeletionPolicy = "Retain"
)

// ParentReference says to which remote ticket a comment or a note belongs:
// through a Ticket of the same namespace, or by the remote ticket's ID. The
// rules that tie its fields together stand on the specs that embed it, where
// removing a field is seen too.
type ParentReference struct {
	// ticketRef names the Ticket that the object belongs to. The object waits for
	// it and uses its Integration. Exactly one of ticketRef and ticketID is set.
	// Immutable.
	// +optional
	TicketRef *TicketReference `json:"ticketRef,omitempty"`

	// ticketID is the ID of the remote ticket that the object belongs to, for
	// tickets that no Ticket of this namespace stands for. Exactly one of
	// ticketRef and ticketID is set. Immutable.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^\S(.*\S)?$`
	TicketID string `json:"ticketID,omitempty"`

	// integrationRef names the Integration to use with ticketID. Defaults to the
	// one named "default". Immutable.
	// +optional
	IntegrationRef *IntegrationReference `json:"integrationRef,omitempty"`
}

// RemoteChildStatus is what the statuses of comments and notes share.
type RemoteChildStatus struct {
	RemoteObjectStatus `json:",inline"`

	// ticketID is the ID of the remote ticket that the object belongs to.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	TicketID string `json:"ticketID,omitempty"`

	// creator of the remote object, as the provider shows it.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	Creator string `json:"creator,omitempty"`

	// createdAt is when the remote object was created, as the provider wrote it.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	CreatedAt string `json:"createdAt,omitempty"`

	// updatedAt is when the remote object was last changed, as the provider wrote
	// it.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	UpdatedAt string `json:"updatedAt,omitempty"`
}
