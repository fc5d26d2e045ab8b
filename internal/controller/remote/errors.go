// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"errors"
	"fmt"
	"time"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// WaitingError says that something the object needs is not there yet. A watch enqueues the object
// when it is.
type WaitingError struct {
	// Reason is the reason of the Ready condition: WaitingForTicket or WaitingForIntegration.
	Reason  string
	Message string
	// Paused: a person has stopped what it waits for.
	Paused bool
	// Missing: what it waits for does not exist, as far as this process sees.
	Missing bool
	// NotAdmitted: the object's namespace may not use the connection.
	NotAdmitted bool
}

func (e *WaitingError) Error() string { return e.Message }

// MissingError says that the provider does not have the remote object.
type MissingError struct {
	// Noun and ID name the remote object.
	Noun, ID string
	// LookAgain is when to look whether it has come back, after which another one is created; zero
	// where it is not created again.
	LookAgain time.Duration
	// Named: the spec names the remote object, and Adopted: it was there before. finish sets both.
	Named, Adopted bool
}

func (e *MissingError) Error() string {
	switch {
	case e.Named && !e.Adopted:
		return fmt.Sprintf("the remote %s %q, which spec.ticketID names, does not exist: correct spec.ticketID, or remove it to create a new one", e.Noun, e.ID)
	case e.Named:
		return fmt.Sprintf("the remote %s %q no longer exists and is not created again, because spec.ticketID names it: delete this object, or replace it by one without ticketID to create a new one", e.Noun, e.ID)
	}
	if e.LookAgain > 0 {
		return fmt.Sprintf("the remote %s %q no longer exists; a new one is created after it has been missing for the settlePeriod of the Integration", e.Noun, e.ID)
	}
	return fmt.Sprintf("the remote %s %q no longer exists and is not created again: delete this object, or set the annotation %s to a new value to create a new one", e.Noun, e.ID, v1alpha1.CreateAgainAnnotation)
}

// ConflictError says that the object and another one, or its spec and its status, claim different
// things of a remote object.
type ConflictError struct {
	Message string
	// Foreign: what is claimed belongs to another installation.
	Foreign bool
}

func (e *ConflictError) Error() string { return e.Message }

// MarkRefusedError says that a create was refused because of what marks the remote object.
type MarkRefusedError struct{ Err error }

func (e *MarkRefusedError) Error() string { return e.Err.Error() }
func (e *MarkRefusedError) Unwrap() error { return e.Err }

// ClosedError says that the provider refuses a request because the remote ticket is closed.
type ClosedError struct {
	// TicketID and Status are those of the remote ticket.
	TicketID, Status string
	// Err is the refusal.
	Err error
}

func (e *ClosedError) Error() string {
	return fmt.Sprintf("the remote ticket %q is closed (status %q), and the provider refuses the request: %v", e.TicketID, e.Status, e.Err)
}

func (e *ClosedError) Unwrap() error { return e.Err }

// UnconfirmedError says that a create request went out, or may have, and that it is not known what
// became of it.
type UnconfirmedError struct {
	// Noun names what was to be created.
	Noun string
	// Err is why it is not known: the failure of the request, or of the look-up. Nil while nothing
	// failed and the remote object has just not appeared.
	Err error
	// LookupFailed: Err is the failure of the look-up, so time alone does not help.
	LookupFailed bool
	// LookAgain is when to look for it again; zero where backing off decides.
	LookAgain time.Duration
}

func (e *UnconfirmedError) Error() string {
	message := fmt.Sprintf("a request to create the remote %s was sent, but its outcome is not known; the operator searches for the %s, and repeats the request only after the settlePeriod of the Integration", e.Noun, e.Noun)
	if e.Err != nil {
		message += "; cause: " + e.Err.Error()
	}
	if e.LookupFailed {
		message += fmt.Sprintf("; if you know that the %s was not created, set the annotation %s to a new value", e.Noun, v1alpha1.CreateAgainAnnotation)
	}
	return message
}

func (e *UnconfirmedError) Unwrap() error { return e.Err }

// InconclusiveError says that a look-up has found nothing that is certainly the result of a create
// attempt, and something that may be.
type InconclusiveError struct{ Doubt string }

func (e *InconclusiveError) Error() string { return e.Doubt }

// errPaused says that the object is not reconciled because of its annotation.
var errPaused = errors.New("reconciliation is " + status.PausedMessage)

// errNothingNew ends a reconcile that would only repeat what was refused.
var errNothingNew = errors.New("nothing has changed since the request was refused")

// pauseError ends a reconcile that came before its time.
type pauseError struct{ remaining time.Duration }

// kubernetesError is a failure of the API server. It goes into the log and the work queue's own
// retries, because it cannot go into a status.
type kubernetesError struct{ err error }

// metadataError is a write of annotations or finalizers that failed, and statusError one of the
// status.
type (
	metadataError struct{ err error }
	statusError   struct{ err error }
)

func (e *metadataError) Error() string { return e.err.Error() }
func (e *metadataError) Unwrap() error { return e.err }
func (e *statusError) Error() string   { return e.err.Error() }
func (e *statusError) Unwrap() error   { return e.err }

func (e *kubernetesError) Error() string { return e.err.Error() }

func (e *kubernetesError) Unwrap() error { return e.err }

func (e *pauseError) Error() string { return fmt.Sprintf("waiting for another %s", e.remaining) }
