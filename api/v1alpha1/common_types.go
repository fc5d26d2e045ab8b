// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// DefaultIntegrationName is the name of the Integration that is used by default.
const DefaultIntegrationName = "default"

// IntegrationKind is a kind of connection.
//
// +kubebuilder:validation:Enum=Integration;ClusterIntegration
type IntegrationKind string

const (
	// IntegrationKindNamespaced is an Integration in the same namespace.
	IntegrationKindNamespaced IntegrationKind = "Integration"
	// IntegrationKindCluster is a ClusterIntegration.
	IntegrationKindCluster IntegrationKind = "ClusterIntegration"
)

// IntegrationReference names an Integration in the same namespace, or a ClusterIntegration.
type IntegrationReference struct {
	// kind is Integration (the default), for one in the same namespace, or ClusterIntegration.
	// +optional
	// +kubebuilder:default=Integration
	Kind IntegrationKind `json:"kind,omitempty"`

	// name of the Integration or ClusterIntegration.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!self.contains('/')",message="name must be that of an object, without /: set kind for a ClusterIntegration"
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

// RemoteObjectStatus holds the status fields of every kind that represents a remote object. Only
// the operator writes it.
type RemoteObjectStatus struct {
	// observedGeneration is the generation of the spec that the conditions describe. It is -1 until
	// there are conditions.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// id is the identifier that the provider gave to the remote object.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	ID string `json:"id,omitempty"`

	// integration is the name of the Integration that was used to create or adopt the remote
	// object; of a ClusterIntegration with the kind before it, as in ClusterIntegration/jira.
	// +optional
	// +kubebuilder:validation:MaxLength=272
	Integration string `json:"integration,omitempty"`

	// integrationGeneration is the generation of the Integration with which the latest write was
	// sent. A rejected write is sent again when it changes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	IntegrationGeneration int64 `json:"integrationGeneration,omitempty"`

	// integrationUID is the UID of that Integration. A rejected write is sent again through another
	// Integration of the same name.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	IntegrationUID string `json:"integrationUID,omitempty"`

	// settledAttempt is the number of the latest create attempt whose outcome is known. It is lower
	// than the annotation ticketing.synqly.com/create-attempt while a create request is being sent
	// or its outcome is not known.
	// +optional
	// +kubebuilder:validation:Minimum=0
	SettledAttempt int64 `json:"settledAttempt,omitempty"`

	// openAttempt is the number of the create attempt that was open when the status was written
	// last; absent where there was none. It stays when somebody replaces the object and with it the
	// annotations of the operator.
	// +optional
	// +kubebuilder:validation:Minimum=0
	OpenAttempt int64 `json:"openAttempt,omitempty"`

	// createKey is the key that the remote object was created with, where that is not the object's
	// own: the object was restored from a backup.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	CreateKey string `json:"createKey,omitempty"`

	// applied holds, for each managed field, a short hash of the value of the spec that was last
	// applied. Elements of lists and maps have their own entries, such as "tags/team:checkout" and
	// "customFields/severity".
	// +optional
	// +kubebuilder:validation:MaxProperties=512
	Applied map[string]string `json:"applied,omitempty"`

	// returned holds, for each managed field, a short hash of the value that the provider returned
	// right after the field was last applied. Drift is detected by comparison with it, because
	// providers may convert the values they receive.
	// +optional
	// +kubebuilder:validation:MaxProperties=512
	Returned map[string]string `json:"returned,omitempty"`

	// missing is true if the last response of the provider said that the remote object no longer
	// exists.
	// +optional
	Missing bool `json:"missing,omitempty"`

	// lastSyncRequest is the latest value of the annotation ticketing.synqly.com/sync-requested
	// that the operator has handled.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	LastSyncRequest string `json:"lastSyncRequest,omitempty"`

	// lastCreateAgain is the latest value of the annotation ticketing.synqly.com/create-again that
	// the operator has handled.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	LastCreateAgain string `json:"lastCreateAgain,omitempty"`

	// conditions of the object. Ready is the summary. Synced exists for kinds that are updated in
	// place. Stalled exists only while a retry cannot help. Unverified exists only while nothing
	// proves that the operator created the remote object. Valid exists, on Tickets, only while the
	// spec does not fit what the provider has.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// ChildDeletionPolicy defines what happens to the remote comment, note or attachment when its
// object is deleted.
//
// +kubebuilder:validation:Enum=Delete;Retain
type ChildDeletionPolicy string

const (
	// ChildDelete deletes the remote object.
	ChildDelete ChildDeletionPolicy = "Delete"
	// ChildRetain leaves the remote object unchanged.
	ChildRetain ChildDeletionPolicy = "Retain"
)

// ParentReference names the remote ticket that a comment, a note or an attachment belongs to:
// through a Ticket of the same namespace, or by the ID of the remote ticket. The validation rules
// for its fields are on the specs that embed it, because only there they also apply when a field is
// removed.
type ParentReference struct {
	// ticketRef names the Ticket that the object belongs to. The object waits for it and uses its
	// Integration. Exactly one of ticketRef and ticketID must be set. Immutable as soon as the
	// remote object exists, or may exist.
	// +optional
	TicketRef *TicketReference `json:"ticketRef,omitempty"`

	// ticketID is the ID of the remote ticket that the object belongs to. Use it for a remote
	// ticket that has no Ticket in this namespace. Exactly one of ticketRef and ticketID must be
	// set. Immutable as soon as the remote object exists, or may exist.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule=`self.matches('^\\S(.*\\S)?$')`,message="ticketID must be one line of text without a space or a line break at its beginning or end"
	TicketID string `json:"ticketID,omitempty"`

	// integrationRef names the Integration to use with ticketID; with ticketRef, the one of the
	// Ticket is used. Defaults to the Integration named "default". Immutable as soon as the remote
	// object exists, or may exist.
	// +optional
	IntegrationRef *IntegrationReference `json:"integrationRef,omitempty"`
}

// RemoteChildStatus holds the status fields that comments, notes and attachments share.
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

	// createdAt is the time at which the remote object was created, as returned by the provider.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	CreatedAt string `json:"createdAt,omitempty"`

	// updatedAt is the time at which the remote object was last changed, as returned by the
	// provider. Not set for attachments, for which the API has none.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	UpdatedAt string `json:"updatedAt,omitempty"`
}
