// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// MaxIncidentAlerts is how many alerts an Incident lists at most.
const MaxIncidentAlerts = 100

// AlertReceiverReference names an AlertReceiver in the same namespace.
type AlertReceiverReference struct {
	// name of the AlertReceiver.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// AlertStatus says whether an alert fires.
//
// +kubebuilder:validation:Enum=firing;resolved
type AlertStatus string

const (
	// AlertFiring means that the alert fires.
	AlertFiring AlertStatus = "firing"
	// AlertResolved means that it does not any more.
	AlertResolved AlertStatus = "resolved"
)

// Alert is an alert as its sender described it. Texts that are too long are cut and end in an
// ellipsis.
type Alert struct {
	// fingerprint identifies the alert by its labels.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Fingerprint string `json:"fingerprint"`

	// status of the alert: firing or resolved.
	// +required
	Status AlertStatus `json:"status"`

	// startsAt is the time at which the alert started to fire, in UTC with 6 digits of the second.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:Pattern=`^[12][0-9]{3}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z$`
	StartsAt metav1.MicroTime `json:"startsAt"`

	// endsAt is the time at which the alert resolved, in UTC with 6 digits of the second. Not set
	// while it fires.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:Pattern=`^[12][0-9]{3}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z$`
	EndsAt *metav1.MicroTime `json:"endsAt,omitempty"`

	// receivedAt is the time, by the clock of the operator, at which the notification arrived that
	// first said this of the alert, in UTC with 6 digits of the second.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:Pattern=`^[12][0-9]{3}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z$`
	ReceivedAt *metav1.MicroTime `json:"receivedAt,omitempty"`

	// labels of the alert.
	// +optional
	// +kubebuilder:validation:MaxProperties=64
	Labels map[string]string `json:"labels,omitempty"`

	// annotations of the alert.
	// +optional
	// +kubebuilder:validation:MaxProperties=64
	Annotations map[string]string `json:"annotations,omitempty"`

	// generatorURL is the address of what made the alert, such as a rule of Prometheus.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	GeneratorURL string `json:"generatorURL,omitempty"`
}

// IncidentSpec is what the alerts of an incident say. The endpoint for alerts writes it.
//
// +kubebuilder:validation:XValidation:rule="self.receiverRef == oldSelf.receiverRef",message="receiverRef is immutable: an Incident belongs to the AlertReceiver that got its alerts",fieldPath=".receiverRef"
type IncidentSpec struct {
	// receiverRef names the AlertReceiver that got the alerts. Immutable.
	// +required
	ReceiverRef AlertReceiverReference `json:"receiverRef"`

	// groupLabels are the labels by which the sender grouped the alerts.
	// +optional
	// +mapType=atomic
	// +kubebuilder:validation:MaxProperties=64
	GroupLabels map[string]string `json:"groupLabels,omitempty"`

	// commonLabels are the labels that the firing alerts have in common, or all alerts while none
	// fires.
	// +optional
	// +mapType=atomic
	// +kubebuilder:validation:MaxProperties=64
	CommonLabels map[string]string `json:"commonLabels,omitempty"`

	// commonAnnotations are the annotations that the firing alerts have in common, or all alerts
	// while none fires.
	// +optional
	// +mapType=atomic
	// +kubebuilder:validation:MaxProperties=64
	CommonAnnotations map[string]string `json:"commonAnnotations,omitempty"`

	// externalURL is the address of the sender.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	ExternalURL string `json:"externalURL,omitempty"`

	// The list and the maps are atomic, because managedFields would otherwise name each label of
	// each alert, and be as large as the object.

	// alerts of the incident, at most 100, each fingerprint once: firing ones before resolved ones.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	Alerts []Alert `json:"alerts,omitempty"`

	// truncatedAlerts is how many alerts the latest notification had that are not listed in alerts.
	// +optional
	// +kubebuilder:validation:Minimum=0
	TruncatedAlerts int32 `json:"truncatedAlerts,omitempty"`
}

// IncidentPhase is a summary of an incident.
//
// +kubebuilder:validation:Enum=Firing;Resolved;Suppressed;Waiting
type IncidentPhase string

const (
	// IncidentFiring means that an alert fires, or that the resolution has not held long enough.
	IncidentFiring IncidentPhase = "Firing"
	// IncidentResolved means that no alert fires.
	IncidentResolved IncidentPhase = "Resolved"
	// IncidentSuppressed means that people want no ticket while the alerts fire.
	IncidentSuppressed IncidentPhase = "Suppressed"
	// IncidentWaiting means that there is no ticket yet, because too many others are open.
	IncidentWaiting IncidentPhase = "Waiting"
)

// IncidentStatus says how far the tickets follow the alerts.
type IncidentStatus struct {
	// observedGeneration is the generation of the spec that the conditions describe. It is -1 until
	// there are conditions.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// phase is Firing, Resolved, Suppressed or Waiting.
	// +optional
	Phase IncidentPhase `json:"phase,omitempty"`

	// firing is how many of the listed alerts fire.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Firing int32 `json:"firing,omitempty"`

	// since is the time since when the incident fires, or of the latest time that it did.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	Since *metav1.Time `json:"since,omitempty"`

	// resolvedAt is the time at which the last alert was seen to have resolved. Not set while an
	// alert fires.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	ResolvedAt *metav1.Time `json:"resolvedAt,omitempty"`

	// ticketRef names the latest Ticket of the incident.
	// +optional
	TicketRef *TicketReference `json:"ticketRef,omitempty"`

	// ticketID is the ID of the remote ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	TicketID string `json:"ticketID,omitempty"`

	// ticketURL is the address of the remote ticket, where it is known.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	TicketURL string `json:"ticketURL,omitempty"`

	// generation is how many tickets the incident has had.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Generation int32 `json:"generation,omitempty"`

	// told holds, as short hashes of their fingerprints, the alerts that fire as far as the latest
	// ticket and its comments say.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=16
	Told []string `json:"told,omitempty"`

	// comments is how many comments the incident has made on its latest ticket.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Comments int32 `json:"comments,omitempty"`

	// commentedAt is the time of the latest of these comments.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	CommentedAt *metav1.Time `json:"commentedAt,omitempty"`

	// conditions of the incident. Ready is True while its ticket is as the alerts and the receiver
	// ask. Stalled exists only while a retry cannot help.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Incident is what the alerts of a group say, and which ticket stands for it. The operator writes
// it. It may be deleted: the next notification about a firing alert creates it again.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=inc,categories=ticketing
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Firing",type=integer,JSONPath=`.status.firing`
// +kubebuilder:printcolumn:name="Ticket",type=string,JSONPath=`.status.ticketRef.name`
// +kubebuilder:printcolumn:name="ID",type=string,JSONPath=`.status.ticketID`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.since`
// +kubebuilder:printcolumn:name="URL",type=string,priority=1,JSONPath=`.status.ticketURL`
// +kubebuilder:printcolumn:name="Truncated",type=integer,priority=1,JSONPath=`.spec.truncatedAlerts`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type Incident struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the alerts say.
	// +required
	Spec IncidentSpec `json:"spec"`

	// status says how far the tickets follow the alerts.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status IncidentStatus `json:"status,omitempty"`
}

// IncidentList is a list of Incidents.
//
// +kubebuilder:object:root=true
type IncidentList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items of the list.
	Items []Incident `json:"items"`
}
