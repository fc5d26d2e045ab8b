// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestSetConditions(t *testing.T) {
	synced := outcome{status: metav1.ConditionTrue, reason: v1alpha1.ReasonSynced, message: "matches"}
	rejected := outcome{status: metav1.ConditionFalse, reason: v1alpha1.ReasonRejected, message: "no such project", stalled: true}
	unavailable := outcome{status: metav1.ConditionFalse, reason: v1alpha1.ReasonRemoteUnavailable, message: "503"}
	paused := outcome{status: metav1.ConditionUnknown, reason: v1alpha1.ReasonPaused, message: "paused"}
	applied := outcome{status: metav1.ConditionTrue, reason: v1alpha1.ReasonSynced, message: "applied"}
	unsynced := outcome{status: metav1.ConditionFalse, reason: v1alpha1.ReasonPaused, message: "paused"}
	drifted := outcome{status: metav1.ConditionFalse, reason: v1alpha1.ReasonDrifted, message: "status"}

	for name, test := range map[string]struct {
		result       outcome
		synced       *outcome
		before, want []metav1.Condition
	}{
		"in sync": {
			result: synced, synced: &applied,
			want: []metav1.Condition{condition("Ready", "True", "Synced", "matches"), condition("Synced", "True", "Synced", "applied")},
		},
		"in sync, of a kind without Synced": {
			result: synced, want: []metav1.Condition{condition("Ready", "True", "Synced", "matches")},
		},
		"rejected": {
			result: rejected, synced: &rejected,
			want: []metav1.Condition{
				condition("Ready", "False", "Rejected", "no such project"), condition("Synced", "False", "Rejected", "no such project"),
				condition("Stalled", "True", "Rejected", "no such project"),
			},
		},
		"unavailable with everything applied": {
			result: unavailable, synced: &applied,
			want: []metav1.Condition{condition("Ready", "False", "RemoteUnavailable", "503"), condition("Synced", "True", "Synced", "applied")},
		},
		"unavailable while a remote change is written back": {
			result: unavailable, synced: &drifted,
			want: []metav1.Condition{condition("Ready", "False", "RemoteUnavailable", "503"), condition("Synced", "False", "Drifted", "status")},
		},
		"paused": {
			result: paused, synced: &unsynced,
			want: []metav1.Condition{condition("Ready", "Unknown", "Paused", "paused"), condition("Synced", "False", "Paused", "paused")},
		},
		"not stalled any more": {
			result: synced, synced: &applied,
			before: []metav1.Condition{condition("Ready", "True", "Synced", "matches"), condition("Stalled", "True", "Rejected", "no such project")},
			want:   []metav1.Condition{condition("Ready", "True", "Synced", "matches"), condition("Synced", "True", "Synced", "applied")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			into := &v1alpha1.RemoteObjectStatus{Conditions: test.before}
			writeConditions(into, test.result, 3, start, test.synced)
			if diff := cmp.Diff(test.want, into.Conditions); diff != "" || into.ObservedGeneration != 3 {
				t.Errorf("observedGeneration %d, conditions (-want +got):\n%s", into.ObservedGeneration, diff)
			}
		})
	}
}

// condition is one of generation 3, since start.
func condition(kind string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: 3, LastTransitionTime: metav1.NewTime(start),
	}
}

func TestConditionsKeepTheTimeOfTheirTransition(t *testing.T) {
	into := &v1alpha1.RemoteObjectStatus{}
	unavailable := outcome{status: metav1.ConditionFalse, reason: v1alpha1.ReasonRemoteUnavailable, message: "503"}
	since := func() time.Time {
		return meta.FindStatusCondition(into.Conditions, v1alpha1.ConditionReady).LastTransitionTime.Time
	}
	writeConditions(into, unavailable, 1, start.Add(123*time.Millisecond), nil)
	if !since().Equal(start) {
		t.Errorf("since %s, want whole seconds, as the API server keeps them", since())
	}
	before := into.DeepCopy()
	writeConditions(into, unavailable, 1, start.Add(time.Hour), nil)
	if diff := cmp.Diff(before, into); diff != "" {
		t.Errorf("the same outcome an hour later changed the status (-before +after):\n%s", diff)
	}
	writeConditions(into, outcome{status: metav1.ConditionTrue, reason: v1alpha1.ReasonSynced}, 1, start.Add(time.Hour), nil)
	if want := start.Add(time.Hour); !since().Equal(want) {
		t.Errorf("since %s, want %s", since(), want)
	}
}

func TestObservedGenerationNeverGoesBack(t *testing.T) {
	into := &v1alpha1.RemoteObjectStatus{}
	for _, step := range []struct{ generation, want int64 }{{2, 2}, {1, 2}, {5, 5}, {0, 5}} {
		writeConditions(into, outcome{status: metav1.ConditionTrue, reason: v1alpha1.ReasonSynced}, step.generation, start, nil)
		if into.ObservedGeneration != step.want {
			t.Errorf("after generation %d: observedGeneration %d, want %d", step.generation, into.ObservedGeneration, step.want)
		}
	}
}

func TestConditionMessagesFitTheSchema(t *testing.T) {
	into := &v1alpha1.RemoteObjectStatus{}
	long := strings.Repeat("ü", status.MaxMessage+1) + "\xff"
	refused := outcome{status: metav1.ConditionFalse, reason: v1alpha1.ReasonRejected, message: long, stalled: true}
	writeConditions(into, refused, 1, start, &refused)
	if len(into.Conditions) != 3 {
		t.Fatalf("%d conditions", len(into.Conditions))
	}
	for _, condition := range into.Conditions {
		if count := utf8.RuneCountInString(condition.Message); count != status.MaxMessage || !utf8.ValidString(condition.Message) {
			t.Errorf("%s: a message of %d characters, valid UTF-8 %t", condition.Type, count, utf8.ValidString(condition.Message))
		}
	}
}
