// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// judgeWait decides whether a wait for another object is worth a Warning already, and if not, when
// to look at it again.
func (r *Reconciler[O, R]) judgeWait(s *state[O, R], result *outcome) {
	if result.reason != v1alpha1.ReasonWaitingForIntegration && result.reason != v1alpha1.ReasonWaitingForTicket {
		return
	}
	before := meta.FindStatusCondition(s.stored.RemoteStatus().Conditions, v1alpha1.ConditionReady)
	result.message, result.expected, result.lookAgain = status.Wait(before, result.reason, result.message, r.Clock.Now())
}
