// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// maxMessage is the longest message that metav1.Condition allows, in characters.
const maxMessage = 32768

// setConditions writes an outcome into the conditions Ready and Stalled, and another
// one, unless it is nil, into Synced.
func setConditions(status *v1alpha1.RemoteObjectStatus, result outcome, generation int64, now time.Time, synced *outcome) {
	set := func(kind string, value metav1.ConditionStatus, reason, message string) {
		meta.SetStatusCondition(&status.Conditions, metav1.Condition{
			Type: kind, Status: value, Reason: reason, Message: Truncate(message, maxMessage),
			ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(now).Rfc3339Copy(),
		})
	}
	set(v1alpha1.ConditionReady, result.status, result.reason, result.message)
	if synced != nil {
		set(v1alpha1.ConditionSynced, synced.status, synced.reason, synced.message)
	}
	if result.stalled {
		set(v1alpha1.ConditionStalled, metav1.ConditionTrue, result.reason, result.message)
	} else {
		meta.RemoveStatusCondition(&status.Conditions, v1alpha1.ConditionStalled)
	}
	status.ObservedGeneration = max(status.ObservedGeneration, generation)
}

// Truncate cuts a text to so many characters; a text that was cut ends in an
// ellipsis. Bytes that are not UTF-8 become the replacement character, because the
// API server takes no others.
func Truncate(text string, characters int) string {
	if !utf8.ValidString(text) {
		text = string([]rune(text))
	}
	if utf8.RuneCountInString(text) <= characters {
		return text
	}
	return string([]rune(text)[:characters-1]) + "…"
}
