// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types. They follow kstatus, so that kubectl wait, Flux and Argo CD
// understand them without configuration.
const (
	// ConditionReady is the summary. True: the remote object exists and matches
	// what the spec asks. On an Integration: the provider answers with the token.
	ConditionReady = "Ready"
	// ConditionSynced says whether the last generation of the spec has been
	// applied remotely. Tickets and TicketNotes have it.
	ConditionSynced = "Synced"
	// ConditionStalled is present, and then True, only while no retry helps
	// until somebody changes something.
	ConditionStalled = "Stalled"
)

// Reasons of the conditions of Ticket, TicketComment and TicketNote. A reason
// says what to do about it; the message says what happened.
const (
	// ReasonSynced: nothing to do.
	ReasonSynced = "Synced"
	// ReasonCreating: wait; the first request is about to go out.
	ReasonCreating = "Creating"
	// ReasonCreateUnconfirmed: wait; a create request went out and its outcome
	// is not known yet. It is being looked for, and is not sent again before
	// the Integration's settlePeriod has passed.
	ReasonCreateUnconfirmed = "CreateUnconfirmed"
	// ReasonWaitingForTicket: create the Ticket that ticketRef names, or look at
	// its conditions.
	ReasonWaitingForTicket = "WaitingForTicket"
	// ReasonWaitingForIntegration: create the Integration, or look at its
	// conditions.
	ReasonWaitingForIntegration = "WaitingForIntegration"
	// ReasonRejected: change the spec, or the Integration; the provider refused
	// the request and would refuse it again.
	ReasonRejected = "Rejected"
	// ReasonUnauthorized: renew the token, or give it the rights it lacks.
	ReasonUnauthorized = "Unauthorized"
	// ReasonThrottled: wait; the provider asked to slow down.
	ReasonThrottled = "Throttled"
	// ReasonRemoteUnavailable: wait; the provider does not answer properly.
	ReasonRemoteUnavailable = "RemoteUnavailable"
	// ReasonRemoteMissing: the remote object is gone. Delete this object, ask for
	// another remote object with the annotation ticketing.synqly.com/create-again,
	// or, for a Ticket, let onRemoteMissing Recreate do so.
	ReasonRemoteMissing = "RemoteMissing"
	// ReasonConflict: another object stands for the same remote object, or the
	// spec names another remote object than the one this object stands for.
	ReasonConflict = "Conflict"
	// ReasonDrifted: wait; a remote change is being written back. With
	// managementPolicy Enforce alone, and only until that is done.
	ReasonDrifted = "Drifted"
	// ReasonDeleting: wait; the remote object is being removed or closed.
	ReasonDeleting = "Deleting"
	// ReasonDeleteBlocked: restore what the deletion needs (the Integration or
	// its Secret), or let the remote object be with the orphan annotation.
	ReasonDeleteBlocked = "DeleteBlocked"
	// ReasonPaused: remove the paused annotation to go on.
	ReasonPaused = "Paused"
)

// Reasons of an Integration's Ready condition.
const (
	// ReasonConnected: nothing to do.
	ReasonConnected = "Connected"
	// ReasonSecretNotFound: create the Secret, or correct tokenSecretRef.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonInvalidToken: put a valid integration token into the Secret.
	ReasonInvalidToken = "InvalidToken"
	// ReasonOrganizationDisabled: ask the vendor; every call is refused (402).
	ReasonOrganizationDisabled = "OrganizationDisabled"
	// ReasonUnreachable: check baseURL and the network.
	ReasonUnreachable = "Unreachable"
	// ReasonInvalidConfiguration: correct the spec.
	ReasonInvalidConfiguration = "InvalidConfiguration"
)
