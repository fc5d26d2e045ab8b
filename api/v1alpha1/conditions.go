// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types. They follow kstatus, so that kubectl wait, Flux and Argo CD understand them
// without configuration.
const (
	// ConditionReady is the summary. True: the remote object exists and matches the spec. On an
	// Integration: the provider accepts the token.
	ConditionReady = "Ready"
	// ConditionSynced says whether the latest generation of the spec has been applied remotely.
	// Tickets and TicketNotes have it.
	ConditionSynced = "Synced"
	// ConditionStalled is present, and then True, only while a retry cannot help until somebody
	// changes something.
	ConditionStalled = "Stalled"
	// ConditionUnverified is present, and then True, only while nothing proves that the operator
	// created the remote object: it was found by its text and its time after a lost response. The
	// operator never deletes or closes it.
	ConditionUnverified = "Unverified"
	// ConditionValid is present, and then False, only while the spec of a Ticket does not fit the
	// projects and fields that the provider lists. It is a warning: the request is sent all the
	// same, and Ready says what became of it.
	ConditionValid = "Valid"
)

// Reasons of the conditions of Ticket, TicketComment, TicketNote and TicketAttachment. A reason
// says what to do about it; the message says what happened.
const (
	// ReasonSynced: nothing to do.
	ReasonSynced = "Synced"
	// ReasonCreating: wait; the first request will be sent soon.
	ReasonCreating = "Creating"
	// ReasonCreateUnconfirmed: wait; a create request was sent and its outcome is not known yet.
	// The operator searches for the result, and does not send the request again before the
	// Integration's settlePeriod has passed.
	ReasonCreateUnconfirmed = "CreateUnconfirmed"
	// ReasonWaitingForTicket: create the Ticket that ticketRef names, or look at its conditions.
	ReasonWaitingForTicket = "WaitingForTicket"
	// ReasonWaitingForIntegration: create the Integration, or look at its conditions.
	ReasonWaitingForIntegration = "WaitingForIntegration"
	// ReasonRejected: change the spec, or the Integration; the provider rejected the request and
	// would reject it again.
	ReasonRejected = "Rejected"
	// ReasonUnauthorized: renew the token, or grant it the missing permissions.
	ReasonUnauthorized = "Unauthorized"
	// ReasonThrottled: wait; the provider asked for a pause.
	ReasonThrottled = "Throttled"
	// ReasonRemoteUnavailable: wait; the provider does not respond correctly.
	ReasonRemoteUnavailable = "RemoteUnavailable"
	// ReasonRemoteMissing: the remote object no longer exists. Delete this object, request a new
	// remote object with the annotation ticketing.synqly.com/create-again, or, for a Ticket, set
	// onRemoteMissing to Recreate.
	ReasonRemoteMissing = "RemoteMissing"
	// ReasonConflict: another object manages the same remote object, or the spec names a different
	// remote object from the one that this object manages.
	ReasonConflict = "Conflict"
	// ReasonDrifted: wait; the values of the spec are being restored after a remote change. Only
	// with managementPolicy Enforce, and only until that is done.
	ReasonDrifted = "Drifted"
	// ReasonDeleting: wait; the remote object is being removed or closed.
	ReasonDeleting = "Deleting"
	// ReasonDeleteBlocked: restore what the deletion needs (the Integration or its Secret), or set
	// the orphan annotation to keep the remote object.
	ReasonDeleteBlocked = "DeleteBlocked"
	// ReasonFoundByText: nothing to do. When the object is deleted, its remote object stays; delete
	// it in the ticketing system if it is not needed. A reason of Unverified.
	ReasonFoundByText = "FoundByText"
	// ReasonWriteRefused: change what refuses the operator's write to this object: an admission
	// policy, a role, or the size of the object.
	ReasonWriteRefused = "WriteRefused"
	// ReasonSourceNotFound: create the ConfigMap or the Secret that a TicketAttachment names, or
	// the key in it.
	ReasonSourceNotFound = "SourceNotFound"
	// ReasonInvalidSource: correct the content of a TicketAttachment; nothing was sent.
	ReasonInvalidSource = "InvalidSource"
	// ReasonPaused: remove the paused annotation to continue.
	ReasonPaused = "Paused"
)

// Reasons of a Ticket's Valid condition.
const (
	// ReasonUnknownProject: correct the project, which the provider does not list.
	ReasonUnknownProject = "UnknownProject"
	// ReasonUnknownField: correct the name of the custom field, which the provider does not list
	// for the project of the ticket.
	ReasonUnknownField = "UnknownField"
	// ReasonInvalidValue: correct the value of the custom field, which has another type, or is none
	// of the values that the provider lists.
	ReasonInvalidValue = "InvalidValue"
)

// Reasons of an Integration's Ready condition.
const (
	// ReasonConnected: nothing to do.
	ReasonConnected = "Connected"
	// ReasonSecretNotFound: create the Secret, or correct tokenSecretRef.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonInvalidToken: put a valid integration token into the Secret.
	ReasonInvalidToken = "InvalidToken"
	// ReasonOrganizationDisabled: contact the vendor; every request is refused (402).
	ReasonOrganizationDisabled = "OrganizationDisabled"
	// ReasonUnreachable: check baseURL and the network.
	ReasonUnreachable = "Unreachable"
	// ReasonInvalidConfiguration: correct the spec.
	ReasonInvalidConfiguration = "InvalidConfiguration"
)

// Reasons of an AlertReceiver's Ready condition, besides SecretNotFound, InvalidToken,
// WaitingForIntegration and Paused.
const (
	// ReasonReceiving: nothing to do.
	ReasonReceiving = "Receiving"
	// ReasonInvalidTemplate: correct the template that the message names. Tickets are created all
	// the same, with the default text of that field.
	ReasonInvalidTemplate = "InvalidTemplate"
	// ReasonEndpointDisabled: have the manager receive alerts, with another --alerts-bind-address
	// than 0, or alerts.enabled in the values of the Helm chart; or delete the AlertReceiver.
	ReasonEndpointDisabled = "EndpointDisabled"
)

// Reasons of a TicketQuery's Ready condition, besides those of objects that stand for remote ones.
const (
	// ReasonCounted: nothing to do.
	ReasonCounted = "Counted"
	// ReasonCountNotExact: the query succeeded, and its count may be wrong. Change the filters, as
	// the message says.
	ReasonCountNotExact = "CountNotExact"
)

// Reasons of an Incident's Ready condition, besides WaitingForTicket and Paused.
const (
	// ReasonTracked: nothing to do; the ticket is as the alerts and the receiver ask.
	ReasonTracked = "Tracked"
	// ReasonWaitingForReceiver: create the AlertReceiver again, or delete the Incident.
	ReasonWaitingForReceiver = "WaitingForReceiver"
	// ReasonHeldBack: close tickets, or raise maxOpenTickets of the AlertReceiver.
	ReasonHeldBack = "HeldBack"
	// ReasonSuppressed: nothing to do; people have decided that they want no ticket.
	ReasonSuppressed = "Suppressed"
)
