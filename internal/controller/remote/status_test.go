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
			status := &v1alpha1.RemoteObjectStatus{Conditions: test.before}
			setConditions(status, test.result, 3, start, test.synced)
			if diff := cmp.Diff(test.want, status.Conditions); diff != "" || status.ObservedGeneration != 3 {
				t.Errorf("observedGeneration %d, conditions (-want +got):\n%s", status.ObservedGeneration, diff)
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
	status := &v1alpha1.RemoteObjectStatus{}
	unavailable := outcome{status: metav1.ConditionFalse, reason: v1alpha1.ReasonRemoteUnavailable, message: "503"}
	since := func() time.Time {
		return meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady).LastTransitionTime.Time
	}
	setConditions(status, unavailable, 1, start.Add(123*time.Millisecond), nil)
	if !since().Equal(start) {
		t.Errorf("since %s, want whole seconds, as the API server keeps them", since())
	}
	before := status.DeepCopy()
	setConditions(status, unavailable, 1, start.Add(time.Hour), nil)
	if diff := cmp.Diff(before, status); diff != "" {
		t.Errorf("the same outcome an hour later changed the status (-before +after):\n%s", diff)
	}
	setConditions(status, outcome{status: metav1.ConditionTrue, reason: v1alpha1.ReasonSynced}, 1, start.Add(time.Hour), nil)
	if want := start.Add(time.Hour); !since().Equal(want) {
		t.Errorf("since %s, want %s", since(), want)
	}
}

func TestObservedGenerationNeverGoesBack(t *testing.T) {
	status := &v1alpha1.RemoteObjectStatus{}
	for _, step := range []struct{ generation, want int64 }{{2, 2}, {1, 2}, {5, 5}, {0, 5}} {
		setConditions(status, outcome{status: metav1.ConditionTrue, reason: v1alpha1.ReasonSynced}, step.generation, start, nil)
		if status.ObservedGeneration != step.want {
			t.Errorf("after generation %d: observedGeneration %d, want %d", step.generation, status.ObservedGeneration, step.want)
		}
	}
}

func TestConditionMessagesFitTheSchema(t *testing.T) {
	status := &v1alpha1.RemoteObjectStatus{}
	long := strings.Repeat("ü", maxMessage+1) + "\xff"
	refused := outcome{status: metav1.ConditionFalse, reason: v1alpha1.ReasonRejected, message: long, stalled: true}
	setConditions(status, refused, 1, start, &refused)
	if len(status.Conditions) != 3 {
		t.Fatalf("%d conditions", len(status.Conditions))
	}
	for _, condition := range status.Conditions {
		if count := utf8.RuneCountInString(condition.Message); count != maxMessage || !utf8.ValidString(condition.Message) {
			t.Errorf("%s: a message of %d characters, valid UTF-8 %t", condition.Type, count, utf8.ValidString(condition.Message))
		}
	}
}

func TestTruncate(t *testing.T) {
	for name, test := range map[string]struct {
		text       string
		characters int
		want       string
	}{
		"empty":               {"", 3, ""},
		"shorter":             {"ab", 3, "ab"},
		"exact":               {"abc", 3, "abc"},
		"longer":              {"abcd", 3, "ab…"},
		"one character":       {"abcd", 1, "…"},
		"multi-byte, exact":   {"äöü", 3, "äöü"},
		"multi-byte, longer":  {"äöüß", 3, "äö…"},
		"four bytes":          {"😀😀😀😀", 3, "😀😀…"},
		"invalid":             {"a\xffb", 3, "a\uFFFDb"},
		"invalid, longer":     {"\xff\xfe\xfd\xfc", 3, "\uFFFD\uFFFD…"},
		"character cut short": {"ab\xc3", 3, "ab\uFFFD"},
		"nothing but invalid": {"\xc3", 1, "\uFFFD"},
		"a NUL stays":         {"a\x00b", 3, "a\x00b"},
		"not cut twice":       {Truncate("abcdef", 4), 3, "ab…"},
	} {
		if got := Truncate(test.text, test.characters); got != test.want {
			t.Errorf("%s: Truncate(%q, %d) = %q, want %q", name, test.text, test.characters, got, test.want)
		}
	}
}

func FuzzTruncate(f *testing.F) {
	f.Add("abcdef", uint16(3))
	f.Add("a\xff😀\xc3", uint16(2))
	f.Fuzz(func(t *testing.T, text string, limit uint16) {
		characters := int(limit) + 1 // the schema's limits are positive
		got := Truncate(text, characters)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > characters {
			t.Errorf("Truncate(%q, %d) = %q", text, characters, got)
		}
		if again := Truncate(got, characters); again != got {
			t.Errorf("cutting %q again makes it %q", got, again)
		}
	})
}
