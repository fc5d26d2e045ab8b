// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TicketQuerySpec defines which remote tickets are counted and listed.
type TicketQuerySpec struct {
	// integrationRef names the Integration whose tickets are queried. Defaults to the Integration
	// named "default". A ClusterIntegration cannot be named: a query would show each of its
	// namespaces the tickets of all others.
	// +kubebuilder:validation:XValidation:rule="!has(self.kind) || self.kind == 'Integration'",message="a TicketQuery needs an Integration of its own namespace: through a ClusterIntegration it would show the tickets of other namespaces"
	// +optional
	// +kubebuilder:default={name: default}
	IntegrationRef IntegrationReference `json:"integrationRef,omitzero"`

	// filters that a ticket must match, all of them: at most 20, each of 1 to 1024 characters, in
	// the form field[operator]value of the API, such as status[ne]Done or priority[in]URGENT,HIGH.
	// Without filters, all tickets are counted. Which filters work differs between providers.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule=`self.all(filter, filter.matches('^[^\\[\\]\\s]+\\[[A-Za-z_]+\\][^\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]+$'))`,message="filters must have the form field[operator]value, such as status[ne]Done or tags[in]a,b"
	Filters []string `json:"filters,omitempty"`

	// order of the tickets in the status: a field, and after it [asc] (the default) or [desc], such
	// as created_at[desc]. Without it, the provider decides.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[^\\[\\]\\s]+(\\[(asc|desc)\\])?$')`,message="order must be a field, and after it [asc] or [desc], such as created_at[desc]"
	Order string `json:"order,omitempty"`

	// interval is the time from one query to the next, as a duration such as 90s or 1h30m. Defaults
	// to 5m; 30s to 24h.
	// +optional
	// +kubebuilder:default="5m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$')`,message="interval must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"
	// +kubebuilder:validation:XValidation:rule=`!self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$') || duration(self) >= duration('30s') && duration(self) <= duration('24h')`,message="interval must be between 30s and 24h"
	Interval *metav1.Duration `json:"interval,omitempty"`

	// limit is how many of the tickets the status lists. All of them are counted. Defaults to 20; 0
	// to 100.
	// +optional
	// +kubebuilder:default=20
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Limit *int32 `json:"limit,omitempty"`
}

// TicketQueryStatus is what the latest query found. It changes only when something in it does.
type TicketQueryStatus struct {
	// observedGeneration is the generation of the spec that the conditions describe. It is -1 until
	// there are conditions.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// count is the number of tickets that match the filters, as the latest query that succeeded
	// found it. Not set until there was one for the present spec, and while the query is Rejected.
	// When a later query fails for another reason, the count stays, and Ready is False.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Count *int32 `json:"count,omitempty"`

	// countIsExact is false if the count may be wrong: the condition Ready says why. Set together
	// with count.
	// +optional
	CountIsExact *bool `json:"countIsExact,omitempty"`

	// tickets are the first of the tickets that match, at most as many as limit says, and 256 KiB.
	// One whose id has more than 1024 characters is only counted.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	Tickets []QueriedTicket `json:"tickets,omitempty"`

	// lastChange is the time at which count, countIsExact or tickets last changed.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	LastChange *metav1.Time `json:"lastChange,omitempty"`

	// lastSyncRequest is the latest value of the annotation ticketing.synqly.com/sync-requested
	// that a query has answered since, with a count or with a rejection.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	LastSyncRequest string `json:"lastSyncRequest,omitempty"`

	// conditions of the query. Ready has the reasons Counted, CountNotExact, Rejected,
	// WaitingForIntegration, Unauthorized, Throttled, RemoteUnavailable and Paused. Stalled exists
	// only while a retry cannot help.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// QueriedTicket is a remote ticket that a query found, with the values of the provider. Texts that
// are too long are cut and end in an ellipsis.
type QueriedTicket struct {
	// id of the remote ticket.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	ID string `json:"id"`
	// name of the remote ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	Name string `json:"name,omitempty"`
	// summary of the remote ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	Summary string `json:"summary,omitempty"`
	// status of the remote ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	Status string `json:"status,omitempty"`
	// priority of the remote ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	Priority string `json:"priority,omitempty"`
	// assignee of the remote ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	Assignee string `json:"assignee,omitempty"`
	// url is the address of the remote ticket in a browser, as in the status of a Ticket.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	URL string `json:"url,omitempty"`
	// createdAt is the time at which the remote ticket was created, as the provider returned it.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	CreatedAt string `json:"createdAt,omitempty"`
	// updatedAt is the time at which the remote ticket was last changed, as the provider returned
	// it.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	UpdatedAt string `json:"updatedAt,omitempty"`
}

// TicketQuery counts and lists the remote tickets that match its filters. It changes nothing
// remotely.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=ticketqueries,shortName=tquery,categories=ticketing
// +kubebuilder:printcolumn:name="Count",type=integer,JSONPath=`.status.count`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Exact",type=boolean,priority=1,JSONPath=`.status.countIsExact`
// +kubebuilder:printcolumn:name="Reason",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type TicketQuery struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec defines which remote tickets are counted and listed.
	// +required
	Spec TicketQuerySpec `json:"spec"`

	// status is what the latest query found.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status TicketQueryStatus `json:"status,omitempty"`
}

// TicketQueryList is a list of TicketQueries.
//
// +kubebuilder:object:root=true
type TicketQueryList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items of the list.
	Items []TicketQuery `json:"items"`
}
