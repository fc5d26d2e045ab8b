// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

const (
	// RemoteFinalizer keeps an object until what it stands for has been removed
	// from, or closed in, the ticketing system.
	RemoteFinalizer = "ticketing.synqly.com/remote"

	// InUseFinalizer keeps an Integration that is being deleted while objects
	// still need it for removing what they stand for.
	InUseFinalizer = "ticketing.synqly.com/in-use"

	// CreateKeyAnnotation holds the key under which the remote object can be
	// found again. The operator writes it before the first create request.
	CreateKeyAnnotation = "ticketing.synqly.com/create-key"
	// CreateAttemptAnnotation holds the number of the latest create attempt.
	// It is written before the request goes out, so a number higher than
	// status.settledAttempt is an attempt whose outcome is not known.
	CreateAttemptAnnotation = "ticketing.synqly.com/create-attempt"
	// CreateStartedAnnotation holds the time (RFC 3339, UTC) at which the latest
	// create attempt was recorded.
	CreateStartedAnnotation = "ticketing.synqly.com/create-started"
	// CreateHashAnnotation holds a short hash of the spec that the latest create
	// attempt sent. It tells, when the remote object is found again later,
	// whether the spec has changed in between.
	CreateHashAnnotation = "ticketing.synqly.com/create-hash"
	// CreateInstallationAnnotation holds the installation that recorded the
	// create attempt: the UID of its cluster's kube-system namespace.
	CreateInstallationAnnotation = "ticketing.synqly.com/create-installation"

	// CreateTextAnnotation holds a fingerprint of the words that the latest create
	// attempt sent. What it made is recognised by them, whatever the spec says by
	// then.
	CreateTextAnnotation = "ticketing.synqly.com/create-text"
	// CreatePlaceAnnotation holds, as JSON, where the latest create attempt was to
	// create: the name of the Integration, and the ID of the remote ticket of a
	// comment or a note. It is needed where the status was lost or never written.
	CreatePlaceAnnotation = "ticketing.synqly.com/create-place"
	// CreateClaimAnnotation holds the ID of the remote object that an object is
	// about to adopt as the one that its unconfirmed attempt made.
	CreateClaimAnnotation = "ticketing.synqly.com/create-claim"
	// CreateAgainAnnotation is a person's decision, with any new value, that an
	// unconfirmed attempt made nothing, or that a remote object which is missing
	// is to be created again. The last value served is status.lastCreateAgain.
	CreateAgainAnnotation = "ticketing.synqly.com/create-again"

	// PausedAnnotation, set to "true", stops reconciliation, deletion included.
	PausedAnnotation = "ticketing.synqly.com/paused"
	// OrphanAnnotation, set to "true", lets the finalizer go without touching
	// the remote object.
	OrphanAnnotation = "ticketing.synqly.com/orphan"
	// SyncRequestedAnnotation asks, with any new value, to look at the remote
	// object now. The last value served is status.lastSyncRequest.
	SyncRequestedAnnotation = "ticketing.synqly.com/sync-requested"

	// CreateKeyTagPrefix begins the tag that marks a remote ticket as created by
	// the operator; the create key follows it.
	CreateKeyTagPrefix = "k8s-"
)
