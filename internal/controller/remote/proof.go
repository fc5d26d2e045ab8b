// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// A remote object that was found by its text and its time alone may be a person's, so it is never
// deleted or closed. The condition Unverified keeps that, for as long as the object stands for it.

// IsUnverified reports whether nothing proves that the operator made the remote object.
func IsUnverified(remote *v1alpha1.RemoteObjectStatus) bool {
	return meta.IsStatusConditionTrue(remote.Conditions, v1alpha1.ConditionUnverified)
}

// recordProof notes whether it is proven that the operator made the remote object.
func (r *Reconciler[O, R]) recordProof(s *state[O, R], proven bool) {
	if proven {
		meta.RemoveStatusCondition(&s.status.Conditions, v1alpha1.ConditionUnverified)
		return
	}
	message := fmt.Sprintf("the remote %s %q was found by its text and its time after a lost response, and nothing proves that the operator created it: it stays when this object is deleted", r.adapter.Noun(), s.status.ID)
	status.SetCondition(&s.status.Conditions, v1alpha1.ConditionUnverified, metav1.ConditionTrue, v1alpha1.ReasonFoundByText, message, s.object.GetGeneration(), r.Clock.Now())
}

// replace puts the present remote object on the list of those that are to be removed, unless it may
// be a person's.
func (r *Reconciler[O, R]) replace(s *state[O, R]) {
	switch {
	case r.replacer == nil || s.status.ID == "":
	case IsUnverified(s.status):
		s.emit(unverifiedEvent(r.adapter.Noun(), s.status.ID))
	default:
		replaced := r.replacer.Replaced(s.object)
		*replaced = append(slices.Clone(*replaced), s.status.ID)
	}
}
