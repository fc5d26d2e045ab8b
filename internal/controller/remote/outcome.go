// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"errors"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// slowRetry is the pause before trying what a person will probably have to mend: a refused token, a
// remote object that is missing, an ID that is taken.
const slowRetry = 5 * time.Minute

// retry says when an object is reconciled again without anything having changed.
type retry int

const (
	// retryNever: a watch enqueues the object, or somebody changes something.
	retryNever retry = iota
	// retryAfter: after a given time, exactly.
	retryAfter
	// retryHold: when the connection takes requests again.
	retryHold
	// retryBackoff: after a pause that grows, with jitter.
	retryBackoff
	// retrySlowly: after slowRetry, with jitter.
	retrySlowly
)

// outcome is what a reconcile came to, in the words of conditions.
type outcome struct {
	status  metav1.ConditionStatus // of Ready
	reason  string
	message string
	// stalled: no retry helps until somebody changes something.
	stalled bool
	// silent: nothing is worth telling the object's owner.
	silent bool
	// expected: it is worth telling, and nothing is wrong.
	expected bool
	// lookAgain is when to judge a wait again that a watch has not ended by then; zero for never.
	// It is no pause: the watch may end the wait at any time.
	lookAgain time.Duration
	// outage: the provider counts as down, which the Integration is about to find out.
	outage bool

	retry retry
	after time.Duration

	// recheckConnection: the Integration must check its token.
	recheckConnection bool
}

// summary is what the conditions Ready and Stalled say of it.
func (o outcome) summary() status.Summary {
	return status.Summary{Ready: o.status, Reason: o.reason, Message: o.message, Stalled: o.stalled}
}

// outcomeOf translates what a reconcile ended with into conditions and the next attempt. It is the
// only place that does. deleting says that the object is being deleted, noun is what people call
// the remote object.
func outcomeOf(err error, deleting bool, noun string) outcome {
	result := translate(err, noun)
	if !deleting || err == nil {
		return result
	}
	switch result.reason {
	case v1alpha1.ReasonWaitingForIntegration, v1alpha1.ReasonWaitingForTicket:
		result.reason = v1alpha1.ReasonDeleteBlocked
	}
	if result.outage {
		result.silent = false // It does not wait for its Integration, so nothing else tells its owner.
	}
	if result.status == metav1.ConditionFalse {
		result.message = cannotRemove(noun) + result.message + removalAdvice(noun)
	}
	return result
}

// cannotRemove and removalAdvice stand before and after the reason for which a remote object cannot
// be removed.
func cannotRemove(noun string) string {
	return fmt.Sprintf("the remote %s cannot be removed now: ", noun)
}

func removalAdvice(noun string) string {
	return fmt.Sprintf("; set the annotation %s=true to delete only this object and leave the remote %s unchanged", v1alpha1.OrphanAnnotation, noun)
}

// withoutRemovalAdvice is the reason alone.
func withoutRemovalAdvice(message, noun string) string {
	return strings.TrimSuffix(strings.TrimPrefix(message, cannotRemove(noun)), removalAdvice(noun))
}

func translate(err error, noun string) outcome {
	var (
		waiting     *WaitingError
		leaving     *leavingError
		metadata    *metadataError
		notReady    *connection.NotReadyError
		budget      *connection.WaitError
		missing     *MissingError
		conflict    *ConflictError
		unconfirmed *UnconfirmedError
		source      *SourceError
	)
	switch {
	case err == nil:
		return outcome{status: metav1.ConditionTrue, reason: v1alpha1.ReasonSynced, message: "the remote " + noun + " matches the spec"}
	case errors.Is(err, errPaused):
		return outcome{status: metav1.ConditionUnknown, reason: v1alpha1.ReasonPaused, message: err.Error(), expected: true}
	case errors.As(err, &metadata):
		return failed(v1alpha1.ReasonWriteRefused, "the API server refuses to change this object: "+metadata.Error(), retryBackoff)
	case errors.As(err, &leaving):
		return outcome{silent: true, reason: v1alpha1.ReasonDeleting, message: leaving.Error(), retry: retryAfter, after: leaving.lookAgain}
	case errors.As(err, &waiting):
		return failed(waiting.Reason, waiting.Message, retryNever)
	case errors.As(err, &source):
		return source.outcome()
	case errors.As(err, &notReady):
		return outcomeOfNotReady(notReady)
	case errors.As(err, &unconfirmed):
		return outcomeOfUnconfirmed(unconfirmed)
	case errors.As(err, &budget) && budget.Outage:
		result := failed(v1alpha1.ReasonRemoteUnavailable, budget.Error(), retryAfter)
		result.silent, result.outage, result.after = true, true, budget.After
		return result
	case errors.As(err, &budget) && !budget.Asked:
		return outcome{silent: true, retry: retryAfter, after: budget.After}
	case errors.As(err, &budget):
		result := failed(v1alpha1.ReasonThrottled, budget.Error(), retryAfter)
		result.after = budget.After
		return result
	case errors.As(err, &missing) && missing.LookAgain > 0:
		result := failed(v1alpha1.ReasonRemoteMissing, missing.Error(), retryAfter)
		result.after = missing.LookAgain
		return result
	case errors.As(err, &missing):
		return failed(v1alpha1.ReasonRemoteMissing, missing.Error(), retrySlowly)
	case errors.As(err, &conflict):
		return failed(v1alpha1.ReasonConflict, conflict.Error(), retrySlowly)
	}
	return outcomeOfFailure(err)
}

// outcomeOfFailure translates the failure of a remote call, by its class alone.
func outcomeOfFailure(err error) outcome {
	switch synqly.ClassOf(err) {
	case synqly.Unauthorized, synqly.PaymentRequired:
		result := failed(v1alpha1.ReasonUnauthorized, err.Error(), retrySlowly)
		result.recheckConnection = true
		return result
	case synqly.Foreign:
		// One check of the connection says more than the tries of all objects.
		result := failed(v1alpha1.ReasonRemoteUnavailable, err.Error(), retryBackoff)
		result.recheckConnection = true
		return result
	case synqly.Blocked:
		result := failed(v1alpha1.ReasonRemoteUnavailable, err.Error(), retrySlowly)
		result.recheckConnection = true
		return result
	case synqly.NotFound:
		return failed(v1alpha1.ReasonRemoteMissing, err.Error(), retrySlowly)
	case synqly.Throttled:
		return failed(v1alpha1.ReasonThrottled, err.Error(), retryHold)
	case synqly.Refused, synqly.Conflict, synqly.Unsupported, synqly.Invalid:
		return rejected(err)
	}
	return failed(v1alpha1.ReasonRemoteUnavailable, err.Error(), retryBackoff)
}

func outcomeOfUnconfirmed(unconfirmed *UnconfirmedError) outcome {
	result := failed(v1alpha1.ReasonCreateUnconfirmed, unconfirmed.Error(), retryBackoff)
	if unconfirmed.LookAgain > 0 {
		result.retry, result.after = retryAfter, unconfirmed.LookAgain
	}
	var budget *connection.WaitError
	if errors.As(unconfirmed.Err, &budget) {
		result.retry, result.after = retryAfter, budget.After
		result.message = (&UnconfirmedError{Noun: unconfirmed.Noun}).Error()
	}
	// A look-up that was refused for its token, like any other request.
	result.recheckConnection = synqly.IsAccessDenied(unconfirmed.Err) || synqly.IsBlocked(unconfirmed.Err)
	return result
}

// outcomeOfNotReady repeats on the object what its Integration says, with the reason that tells the
// object's owner what to do.
func outcomeOfNotReady(notReady *connection.NotReadyError) outcome {
	reason := v1alpha1.ReasonWaitingForIntegration
	switch notReady.Reason {
	case v1alpha1.ReasonInvalidToken, v1alpha1.ReasonOrganizationDisabled:
		reason = v1alpha1.ReasonUnauthorized
	}
	return failed(reason, notReady.Error(), retryNever)
}

func failed(reason, message string, when retry) outcome {
	return outcome{status: metav1.ConditionFalse, reason: reason, message: message, retry: when}
}

func rejected(err error) outcome {
	result := failed(v1alpha1.ReasonRejected, err.Error(), retryNever)
	result.stalled = true
	return result
}
