// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

const (
	// RemoteFinalizer keeps an object until its remote object has been removed from, or closed in,
	// the ticketing system.
	RemoteFinalizer = "ticketing.synqly.com/remote"

	// InUseFinalizer keeps an Integration that is being deleted while objects still need it to
	// remove their remote objects.
	InUseFinalizer = "ticketing.synqly.com/in-use"

	// CreateKeyAnnotation holds the key by which the remote object can be found again. The operator
	// writes it before the first create request.
	CreateKeyAnnotation = "ticketing.synqly.com/create-key"
	// CreateAttemptAnnotation holds the number of the latest create attempt. It is written before
	// the request is sent, so a number higher than status.settledAttempt is an attempt whose
	// outcome is not known.
	CreateAttemptAnnotation = "ticketing.synqly.com/create-attempt"
	// CreateRecordAnnotation holds, as one JSON object, what else is known of the latest create
	// attempt: the values of the annotations below, each under the end of its name. They are read
	// as annotations of their own too, as earlier versions of the operator wrote them.
	CreateRecordAnnotation = "ticketing.synqly.com/create-record"

	// CreateStartedAnnotation holds the time (RFC 3339, UTC) at which the latest create attempt was
	// recorded, by the clock of the manager's node.
	CreateStartedAnnotation = "ticketing.synqly.com/create-started"
	// CreateWindowAnnotation holds the time in which the latest create attempt can have created
	// something, by the clock of the remote API, as an interval of ISO 8601. "~" after a time says
	// that the clock of the remote API was not known, and ".." that the end is not.
	CreateWindowAnnotation = "ticketing.synqly.com/create-window"
	// CreateHashAnnotation holds a short hash of the spec that the latest create attempt sent. When
	// the remote object is found again later, it shows whether the spec has changed since then.
	CreateHashAnnotation = "ticketing.synqly.com/create-hash"
	// CreateInstallationAnnotation holds the installation that recorded the create attempt: the UID
	// of its cluster's kube-system namespace.
	CreateInstallationAnnotation = "ticketing.synqly.com/create-installation"

	// CreateTextAnnotation holds a fingerprint of the text that the latest create attempt sent. The
	// remote object that it created is identified by this text, even if the spec has changed since
	// then.
	CreateTextAnnotation = "ticketing.synqly.com/create-text"
	// CreateUnmarkedAnnotation is "true" if the latest create attempt sent no tags of the operator,
	// so that what it created is identified by its text and its time.
	CreateUnmarkedAnnotation = "ticketing.synqly.com/create-unmarked"
	// CreatePlaceAnnotation holds, as JSON, the place of the latest create attempt: the name of the
	// Integration, and for a comment, a note or an attachment the ID of the remote ticket. It is
	// needed when the status was lost or never written.
	CreatePlaceAnnotation = "ticketing.synqly.com/create-place"
	// CreateClaimAnnotation is an annotation of its own. It holds the ID of the remote object that
	// an object is about to adopt as the result of its unconfirmed attempt.
	CreateClaimAnnotation = "ticketing.synqly.com/create-claim"
	// CreateAgainAnnotation is the decision of a user, with any new value, that an unconfirmed
	// attempt created nothing, or that a missing remote object is to be created again.
	// status.lastCreateAgain is the last value that was handled.
	CreateAgainAnnotation = "ticketing.synqly.com/create-again"

	// PausedAnnotation, set to "true", stops reconciliation, deletion included.
	PausedAnnotation = "ticketing.synqly.com/paused"
	// OrphanAnnotation, set to "true", removes the finalizer without changing the remote object.
	OrphanAnnotation = "ticketing.synqly.com/orphan"
	// SyncRequestedAnnotation requests, with any new value, a check of the remote object now.
	// status.lastSyncRequest is the last value that was handled.
	SyncRequestedAnnotation = "ticketing.synqly.com/sync-requested"

	// ToldAnnotation is on the Tickets and TicketComments of an Incident: short hashes, separated
	// by commas, of the alerts that fire as far as they say.
	ToldAnnotation = "ticketing.synqly.com/alerts-told"
	// StatusSetForAnnotation is on a Ticket of an Incident: what its status was last set for. It is
	// written together with the status, so that nothing sets the status twice.
	StatusSetForAnnotation = "ticketing.synqly.com/status-set-for"
	// RefreshedForAnnotation is on a Ticket of an Incident whose receiver has refresh: the
	// generations of the Incident and of the receiver that its fields follow.
	RefreshedForAnnotation = "ticketing.synqly.com/refreshed-for"

	// CreateKeyTagPrefix is the prefix of the tag that marks a remote ticket as created by the
	// operator. The create key follows it.
	CreateKeyTagPrefix = "k8s-"
)
