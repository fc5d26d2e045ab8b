// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// patience is how long an object may wait for another one before that is worth a Warning. What is
// applied together becomes ready within seconds.
const patience = time.Minute

// lasting ends the message of a wait that has outlasted patience. The message is what keeps that
// the Warning was given: a restart does not repeat it.
const lasting = " (for more than a minute)"

// Wait judges a wait for another object, for the given reason, by the condition that was written
// before. It returns the message to write, whether the wait is still to be expected, and then how
// long it is until it is not.
func Wait(before *metav1.Condition, reason, message string, now time.Time) (written string, expected bool, remaining time.Duration) {
	waited := time.Duration(0)
	if before != nil && before.Reason == reason {
		waited = now.Sub(before.LastTransitionTime.Time)
	}
	if waited < patience {
		return message, true, patience - waited
	}
	return strings.TrimSuffix(message, lasting) + lasting, false, 0
}
