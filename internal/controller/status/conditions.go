// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package status has what the controllers of all kinds write into the statuses of their objects in
// the same way.
package status

import (
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/conversion"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// MaxMessage is the longest message that metav1.Condition allows, in characters.
const MaxMessage = 32768

// Summary is what the conditions Ready and Stalled say.
type Summary struct {
	Ready   metav1.ConditionStatus
	Reason  string
	Message string
	// Stalled: no retry helps until somebody changes something.
	Stalled bool
}

// SetReady writes the condition Ready.
func SetReady(conditions *[]metav1.Condition, summary Summary, generation int64, now time.Time) {
	SetCondition(conditions, v1alpha1.ConditionReady, summary.Ready, summary.Reason, summary.Message, generation, now)
}

// SetStalled writes the condition Stalled, which is there only where it is true.
func SetStalled(conditions *[]metav1.Condition, summary Summary, generation int64, now time.Time) {
	if !summary.Stalled {
		meta.RemoveStatusCondition(conditions, v1alpha1.ConditionStalled)
		return
	}
	SetCondition(conditions, v1alpha1.ConditionStalled, metav1.ConditionTrue, summary.Reason, summary.Message, generation, now)
}

// SetCondition writes one condition, with the message cut to what the schema takes.
func SetCondition(conditions *[]metav1.Condition, kind string, value metav1.ConditionStatus, reason, message string, generation int64, now time.Time) {
	meta.SetStatusCondition(conditions, metav1.Condition{
		Type: kind, Status: value, Reason: reason, Message: Truncate(message, MaxMessage),
		ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(now).Rfc3339Copy(),
	})
}

// asStored compares as the API server stores: times to the second, and what is empty like what is
// not there.
var asStored = func() conversion.Equalities {
	equalities := equality.Semantic.Copy()
	if err := equalities.AddFunc(func(a, b metav1.Time) bool { return a.Unix() == b.Unix() }); err != nil {
		panic(err) // Of the function's type, which is known here.
	}
	return equalities
}()

// IsUnchanged reports whether an object is as it is stored, so that there is nothing to write. It
// takes a fraction of what it takes to make a patch.
func IsUnchanged(stored, object client.Object) bool { return asStored.DeepEqual(stored, object) }

// PausedMessage says of what is paused how it goes on.
const PausedMessage = "paused by the annotation " + v1alpha1.PausedAnnotation + ": remove it to continue"

// IsPaused reports whether a person has stopped the reconciliation of an object.
func IsPaused(object client.Object) bool {
	return object.GetAnnotations()[v1alpha1.PausedAnnotation] == "true"
}
