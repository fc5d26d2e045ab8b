// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"cmp"
	"errors"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// health is how a connection is, in the words of conditions.
type health struct {
	status          metav1.ConditionStatus
	reason, message string
	// stalled: nothing helps but a change of the spec.
	stalled bool
	// refused: the token was.
	refused bool
	// again is when to check again; zero where the poll interval or backing off decides.
	again time.Duration
}

// isNotTheAPI reports whether something answers at baseURL that may not be the Synqly API: it knows
// none of the API's paths, or its answers are not the API's.
func isNotTheAPI(err error) bool {
	var unusable *synqly.DecodeError
	return synqly.IsNotFound(err) || errors.As(err, &unusable)
}

// healthOf translates what a check ended with. It is the only place that does.
func healthOf(err error) health {
	var (
		secret   *connection.SecretError
		settings *synqly.ConfigurationError
		wait     *connection.WaitError
	)
	down := func(reason string, again time.Duration) health {
		return health{status: metav1.ConditionFalse, reason: reason, message: err.Error(), again: again}
	}
	switch {
	case err == nil:
		return health{status: metav1.ConditionTrue, reason: v1alpha1.ReasonConnected, message: "the provider accepts the token"}
	case errors.As(err, &secret):
		return down(v1alpha1.ReasonSecretNotFound, secretInterval)
	case errors.As(err, &settings) && settings.Option == "token":
		return down(v1alpha1.ReasonInvalidToken, secretInterval)
	case errors.As(err, &settings):
		found := down(v1alpha1.ReasonInvalidConfiguration, 0)
		found.stalled, found.again = true, refusedInterval
		return found
	case errors.As(err, &wait):
		return down(v1alpha1.ReasonThrottled, wait.After)
	}
	switch synqly.ClassOf(err) {
	case synqly.Unauthorized:
		found := down(v1alpha1.ReasonInvalidToken, secretInterval)
		found.refused = true
		return found
	case synqly.PaymentRequired:
		found := down(v1alpha1.ReasonOrganizationDisabled, secretInterval)
		found.refused = true
		return found
	case synqly.Throttled:
		return down(v1alpha1.ReasonThrottled, cmp.Or(synqly.RetryAfterOf(err), time.Second))
	}
	found := down(v1alpha1.ReasonUnreachable, 0)
	if isNotTheAPI(err) {
		found.message += "; check the host and the path of baseURL: the operator adds /v1/ticketing to it"
	}
	return found
}
