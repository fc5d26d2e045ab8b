// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Defaults of an Integration, for code that must not rely on the API server's defaulting.
const (
	// DefaultBaseURL is the vendor's North American endpoint.
	DefaultBaseURL = "https://api.synqly.com"
	// DefaultTokenKey is the key of a Secret that holds the token.
	DefaultTokenKey = "token"
)

// IntegrationSpec defines how to connect to one ticketing provider through Synqly.
type IntegrationSpec struct {
	// baseURL of the Synqly API. Defaults to https://api.synqly.com. The address for Europe is
	// https://api-eu.synqly.com. An http:// address is refused unless the manager runs with
	// --allow-insecure-http, and one that is not public unless it runs with --allowed-api-cidrs or
	// --allowed-api-hosts. A path is allowed, without the /v1 that all paths of the API begin with;
	// user information, a query and a fragment are not.
	// +optional
	// +kubebuilder:default="https://api.synqly.com"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self) && (url(self).getScheme() == 'https' || url(self).getScheme() == 'http') && size(url(self).getHostname()) > 0",message="baseURL must be an absolute URL such as https://api.synqly.com",reason=FieldValueForbidden
	// +kubebuilder:validation:XValidation:rule="!self.contains('@') && !self.contains('?') && !self.contains('#')",message="baseURL must not have user information, a query or a fragment: put the token into the Secret that tokenSecretRef names",reason=FieldValueForbidden
	// +kubebuilder:validation:XValidation:rule="!self.matches('/v1/*$')",message="baseURL must not end in /v1, because the operator adds that itself: write it without, for example https://api.synqly.com",reason=FieldValueForbidden
	BaseURL string `json:"baseURL,omitempty"`

	// tokenSecretRef names the Secret that holds the integration token. It is in the namespace of
	// the Integration; that of a ClusterIntegration is in the namespace that the manager's flag
	// --cluster-resource-namespace names: by default that of the manager.
	// +required
	TokenSecretRef SecretKeyReference `json:"tokenSecretRef"`

	// defaults are used for fields that a Ticket does not set when its remote ticket is created;
	// not for adopted tickets, and not for comments. A later change of defaults does not affect
	// existing tickets.
	// +optional
	Defaults *TicketDefaults `json:"defaults,omitempty"`

	// rateLimit is the request budget of the whole connection, shared by all objects that use this
	// Integration. Defaults to 10 requests per second with a burst of 20.
	// +optional
	// +kubebuilder:default={requestsPerSecond: 10, burst: 20}
	RateLimit *RateLimit `json:"rateLimit,omitempty"`

	// requestTimeout is the time limit for one HTTP request, including the response body, as a
	// duration such as 45s or 1m30s. Defaults to 30s; 1s to 5m.
	// +optional
	// +kubebuilder:default="30s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$')`,message="requestTimeout must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"
	// +kubebuilder:validation:XValidation:rule=`!self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$') || duration(self) >= duration('1s') && duration(self) <= duration('5m')`,message="requestTimeout must be between 1s and 5m"
	RequestTimeout *metav1.Duration `json:"requestTimeout,omitempty"`

	// pollInterval is how often the operator checks for remote changes of all its tickets, checks
	// the connection, and reads the token again. Defaults to 5m; 5s to 24h.
	// +optional
	// +kubebuilder:default="5m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$')`,message="pollInterval must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"
	// +kubebuilder:validation:XValidation:rule=`!self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$') || duration(self) >= duration('5s') && duration(self) <= duration('24h')`,message="pollInterval must be between 5s and 24h"
	PollInterval *metav1.Duration `json:"pollInterval,omitempty"`

	// settlePeriod is how long the operator waits for the result of a create request whose outcome
	// is not known before it sends the request again, as a duration such as 90s or 1m30s. It is
	// also the overlap of two polls, and how long a ticket must be missing before onRemoteMissing
	// Recreate creates another one. Increase it if the search of the provider shows new tickets
	// late. Defaults to 2m; 1s to 1h.
	// +optional
	// +kubebuilder:default="2m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$')`,message="settlePeriod must be a duration such as 90s, 30m or 24h: the units are ms, s, m and h, and a day is 24h"
	// +kubebuilder:validation:XValidation:rule=`!self.matches('^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$') || duration(self) >= duration('1s') && duration(self) <= duration('1h')`,message="settlePeriod must be between 1s and 1h"
	SettlePeriod *metav1.Duration `json:"settlePeriod,omitempty"`

	// closedStatuses are the names that the provider uses for the statuses of closed tickets. They
	// are not case-sensitive. Defaults to Closed, Done, Resolved, Solved, Complete, Completed,
	// Canceled, Cancelled, Won't Do and Won't Fix; a list replaces all of them. A ticket with a
	// completion date in the past is closed as well, regardless of its status. What closed means
	// decides about status.closedAt of a Ticket, its ttlAfterClosed, and deletionPolicy Close,
	// which leaves a closed ticket unchanged.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.all(status, status.trim() != '' && !status.matches('[\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]'))`,message="closedStatuses must be single lines of text that are not blank"
	ClosedStatuses []string `json:"closedStatuses,omitempty"`

	// tagging says whether the operator adds its own tags to the tickets that it creates, by which
	// it finds them again. Auto (the default) adds them; if the provider refuses a ticket because
	// of its tags, it is sent again without them, and once that succeeds none are sent any more,
	// until tagging is set to Never and back to Auto. Never adds none: a ticket whose creation was
	// not confirmed is then searched for by its name and creation time, and tickets are polled by
	// project.
	// +optional
	// +kubebuilder:default=Auto
	Tagging Tagging `json:"tagging,omitempty"`

	// ticketURLTemplate is the address at which people open a ticket of this provider in a browser,
	// with {id} in place of its ID, such as https://acme.example.com/browse/{id}. The address of
	// each Ticket is shown in its status.url. The ID is percent-encoded. A changed template is
	// shown without a request. http:// or https://, without user information.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="isURL(self) && (url(self).getScheme() == 'https' || url(self).getScheme() == 'http') && size(url(self).getHostname()) > 0 && !self.matches('\\\\s')",message="ticketURLTemplate must be an absolute URL such as https://acme.example.com/browse/{id}",reason=FieldValueForbidden
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[^:]*://[^/?#]*@')",message="ticketURLTemplate must not have user information: everyone who may view the Tickets can read it",reason=FieldValueForbidden
	// +kubebuilder:validation:XValidation:rule="self.contains('{id}')",message="ticketURLTemplate must contain {id}, which the ID of the ticket takes the place of: for example https://acme.example.com/browse/{id}",reason=FieldValueForbidden
	TicketURLTemplate string `json:"ticketURLTemplate,omitempty"`
}

// Tagging says whether the operator adds its own tags to tickets.
//
// +kubebuilder:validation:Enum=Auto;Never
type Tagging string

const (
	// TaggingAuto adds them where the provider takes them.
	TaggingAuto Tagging = "Auto"
	// TaggingNever adds none.
	TaggingNever Tagging = "Never"
)

// SecretKeyReference names a key of a Secret.
type SecretKeyReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// key of the Secret's data. Defaults to "token". White space around the value is removed.
	// +optional
	// +kubebuilder:default=token
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[-._a-zA-Z0-9]+$')`,message="key must consist of letters, digits, '-', '_' and '.'"
	Key string `json:"key,omitempty"`
}

// TicketDefaults are values for fields that a Ticket does not set.
type TicketDefaults struct {
	// project in which tickets are created.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.trim() != '' && !self.matches('[\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]')`,message="project must be one line of text, not blank, and without a line break at its end: in YAML, write the text without | or >"
	Project string `json:"project,omitempty"`

	// issueType of created tickets.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.trim() != '' && !self.matches('[\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]')`,message="issueType must be one line of text, not blank, and without a line break at its end: in YAML, write the text without | or >"
	IssueType string `json:"issueType,omitempty"`

	// creator of created tickets, usually an e-mail address. PagerDuty and others refuse a ticket
	// without a creator. It is not used for comments, because other providers refuse a comment with
	// a creator.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule=`self.trim() != '' && !self.matches('[\\r\\n\\x0b\\x0c\\x{85}\\x{2028}\\x{2029}]')`,message="creator must be one line of text, not blank, and without a line break at its end: in YAML, write the text without | or >"
	Creator string `json:"creator,omitempty"`
}

// RateLimit is a token bucket.
type RateLimit struct {
	// requestsPerSecond is the highest average rate. The operator starts with half of it, becomes
	// faster with each response, and halves its rate after a 429. Defaults to 10; 1 to 10,000.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	RequestsPerSecond int32 `json:"requestsPerSecond,omitempty"`

	// burst is how many requests may be sent at once. The operator starts with a quarter of it, and
	// with a twentieth after a 429. Defaults to 20; 1 to 10,000.
	// +optional
	// +kubebuilder:default=20
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	Burst int32 `json:"burst,omitempty"`
}

// MarkerTags says whether the provider keeps the tags that the operator adds to tickets.
//
// +kubebuilder:validation:Enum=Kept;Dropped;Refused
type MarkerTags string

const (
	// MarkerTagsKept means that the provider returned a created ticket with its marker tag.
	MarkerTagsKept MarkerTags = "Kept"
	// MarkerTagsDropped means that the provider returned it without the tag.
	MarkerTagsDropped MarkerTags = "Dropped"
	// MarkerTagsRefused means that the provider refused to create a ticket with the tags, and
	// created it without them. They are not sent any more.
	MarkerTagsRefused MarkerTags = "Refused"
)

// PollingMethod is a way to find remote changes, from the cheapest to the most expensive.
//
// +kubebuilder:validation:Enum=ChangedSince;Ours;Projects;Tickets
type PollingMethod string

const (
	// PollingChangedSince requests the tickets with the operator's tag that have changed since the
	// previous poll. It costs the pages of the changed tickets.
	PollingChangedSince PollingMethod = "ChangedSince"
	// PollingOurs requests the tickets with the operator's tag. It costs the pages of the changed
	// tickets if the provider sorts by time of change, otherwise all pages.
	PollingOurs PollingMethod = "Ours"
	// PollingProjects requests all tickets of the projects that contain our tickets. It costs the
	// pages of the changed tickets if the provider filters or sorts by time of change, otherwise
	// all pages.
	PollingProjects PollingMethod = "Projects"
	// PollingTickets requests each ticket separately, with a tenth of the rateLimit.
	PollingTickets PollingMethod = "Tickets"
)

// QueryFeature says how the provider handles one part of a query.
//
// +kubebuilder:validation:Enum=Works;Ignored;Refused;Incomplete
type QueryFeature string

const (
	// QueryWorks means that the results are as requested.
	QueryWorks QueryFeature = "Works"
	// QueryIgnored means that this part has no effect.
	QueryIgnored QueryFeature = "Ignored"
	// QueryRefused means that the provider answers a query with this part with an error.
	QueryRefused QueryFeature = "Refused"
	// QueryIncomplete means that the result lacks tickets that should be in it.
	QueryIncomplete QueryFeature = "Incomplete"
)

// PollingStatus says how the operator finds remote changes, and which parts of a query work at the
// provider. Parts that have not been tried yet are not set.
type PollingStatus struct {
	// method is how the operator finds changes of the tickets that it created.
	// +optional
	Method PollingMethod `json:"method,omitempty"`

	// otherMethod is how the operator finds changes of other tickets: those that were adopted, are
	// observed, or have lost the operator's tag. Not set if there are none.
	// +optional
	OtherMethod PollingMethod `json:"otherMethod,omitempty"`

	// tagFilter is the filter by tags.
	// +optional
	TagFilter QueryFeature `json:"tagFilter,omitempty"`

	// projectFilter is the filter by project.
	// +optional
	ProjectFilter QueryFeature `json:"projectFilter,omitempty"`

	// updatedAtFilter is the filter by time of the last change.
	// +optional
	UpdatedAtFilter QueryFeature `json:"updatedAtFilter,omitempty"`

	// order is the sort order by time of the last change, newest first.
	// +optional
	Order QueryFeature `json:"order,omitempty"`
}

// IntegrationStatus is what the operator knows about the connection.
type IntegrationStatus struct {
	// observedGeneration is the generation of the spec that the conditions describe. It is -1 until
	// there are conditions.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions of the connection. Ready has the reasons Connected, SecretNotFound, InvalidToken,
	// Unreachable, OrganizationDisabled, Throttled, InvalidConfiguration, WriteRefused and Paused.
	// Stalled exists only while a retry cannot help.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// projects of the provider, at most 100, in the provider's order.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	Projects []Project `json:"projects,omitempty"`

	// projectCount is how many projects the provider has.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ProjectCount int32 `json:"projectCount,omitempty"`

	// remoteFieldCount is how many fields the provider has in all projects.
	// +optional
	// +kubebuilder:validation:Minimum=0
	RemoteFieldCount int32 `json:"remoteFieldCount,omitempty"`

	// tokenVersion is the resourceVersion of the Secret from which the current token was read. When
	// it changes, objects whose requests were refused because of the token try again.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	TokenVersion string `json:"tokenVersion,omitempty"`

	// markerTags says whether the provider keeps the tags by which the operator finds its tickets.
	// If they are Dropped or Refused, a ticket whose creation was not confirmed is searched for by
	// its name and creation time.
	// +optional
	MarkerTags MarkerTags `json:"markerTags,omitempty"`

	// polling says how the operator finds remote changes.
	// +optional
	Polling *PollingStatus `json:"polling,omitempty"`

	// lastProbeTime is the time of the last check that changed another field of this status. A
	// check that changes nothing does not update it.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	LastProbeTime *metav1.Time `json:"lastProbeTime,omitempty"`
}

// Project is a project of the provider. Tickets belong to projects.
type Project struct {
	// id is the value to use in spec.project of a Ticket.
	// +required
	// +kubebuilder:validation:MaxLength=255
	ID string `json:"id"`

	// name of the project for display.
	// +optional
	// +kubebuilder:validation:MaxLength=255
	Name string `json:"name,omitempty"`
}

// Integration is the connection to one ticketing provider: one Synqly integration token. Tickets
// without an integrationRef use the Integration named "default" in their namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=integ,categories=ticketing
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.spec.baseURL`
// +kubebuilder:printcolumn:name="Projects",type=integer,JSONPath=`.status.projectCount`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Polling",type=string,priority=1,JSONPath=`.status.polling.method`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type Integration struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec defines how to connect to the provider.
	// +required
	Spec IntegrationSpec `json:"spec"`

	// status is what the operator knows about the connection.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status IntegrationStatus `json:"status,omitempty"`
}

// IntegrationList is a list of Integrations.
//
// +kubebuilder:object:root=true
type IntegrationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items of the list.
	Items []Integration `json:"items"`
}

// ConnectionSpec is what the connection is described by.
func (i *Integration) ConnectionSpec() *IntegrationSpec { return &i.Spec }

// ConnectionStatus is what the operator knows about the connection.
func (i *Integration) ConnectionStatus() *IntegrationStatus { return &i.Status }
