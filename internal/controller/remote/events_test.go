// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

func TestNoteFitsAnEvent(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		cut  bool
	}{
		"empty":                   {"", false},
		"short":                   {"created the remote ticket", false},
		"exact":                   {strings.Repeat("a", maxNote), false},
		"one byte too long":       {strings.Repeat("a", maxNote+1), true},
		"two bytes a character":   {strings.Repeat("ü", maxNote/2+1), true},
		"three":                   {strings.Repeat("…", maxNote), true},
		"four":                    {strings.Repeat("😀", maxNote), true},
		"longest message":         {strings.Repeat("😀", status.MaxMessage), true},
		"long and not UTF-8":      {strings.Repeat("\xff", 2*maxNote), true},
		"a long start, then wide": {strings.Repeat("a", 1000) + strings.Repeat("😀", 100), true},
	} {
		got := note("%s", test.text)
		if len(got) > maxNote || !utf8.ValidString(got) {
			t.Errorf("%s: %d bytes, valid UTF-8 %t", name, len(got), utf8.ValidString(got))
		}
		if !test.cut && got != test.text {
			t.Errorf("%s: %q was changed to %q", name, test.text, got)
		}
		if test.cut && (!strings.HasSuffix(got, "…") || len(got) < maxNote/2) {
			t.Errorf("%s: %d bytes are left, ending in %q", name, len(got), got[max(0, len(got)-8):])
		}
	}
}

func TestAnnouncements(t *testing.T) {
	for name, test := range map[string]struct {
		got, want event
	}{
		"created":  {createdEvent("ticket", "1"), event{kind: "Normal", reason: "Created", action: "Create", note: `created the remote ticket "1"`}},
		"adopted":  {adoptedEvent("ticket", "1"), event{kind: "Normal", reason: "Adopted", action: "Adopt", note: `adopted the remote ticket "1"`}},
		"updated":  {updatedEvent("ticket", "1", []string{"name", "status"}), event{kind: "Normal", reason: "Updated", action: "Update", note: `updated the remote ticket "1": name, status`}},
		"removed":  {removedEvent("note", "removed", "1"), event{kind: "Normal", reason: "Removed", action: "Remove", note: `removed the remote note "1" according to deletionPolicy`}},
		"closed":   {removedEvent("ticket", "closed", "1"), event{kind: "Normal", reason: "Closed", action: "Remove", note: `closed the remote ticket "1" according to deletionPolicy`}},
		"retained": {retainedEvent("note", "1"), event{kind: "Normal", reason: "Retained", action: "Retain", note: `left the remote note "1" unchanged`}},
		"found one": {
			foundEvent("note", "1", 1),
			event{kind: "Normal", reason: "Found", action: "Adopt", note: `found the remote note "1": the unconfirmed create request had succeeded`},
		},
		"found three": {
			foundEvent("note", "1", 3),
			event{kind: "Warning", reason: "FoundSeveral", action: "Adopt", note: `3 remote notes may be the result of the unconfirmed create request: adopted the oldest, "1", and left the others unchanged`},
		},
		"an ID with control characters": {createdEvent("ticket", "1\n\xff"), event{kind: "Normal", reason: "Created", action: "Create", note: `created the remote ticket "1\n\xff"`}},
	} {
		if diff := cmp.Diff(test.want, test.got, cmp.AllowUnexported(event{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAnnounceCondition(t *testing.T) {
	synced := outcome{status: metav1.ConditionTrue, reason: v1alpha1.ReasonSynced, message: "matches"}
	rejected := outcome{status: metav1.ConditionFalse, reason: v1alpha1.ReasonRejected, message: "no such project"}
	news := createdEvent("ticket", "1")
	for name, test := range map[string]struct {
		before []event
		result outcome
		want   []event
	}{
		"back in sync":       {nil, synced, []event{{kind: "Normal", reason: "Synced", action: "Reconcile", note: "matches"}}},
		"in sync, by a step": {[]event{news}, synced, []event{news}},
		"worse":              {nil, rejected, []event{{kind: "Warning", reason: "Rejected", action: "Reconcile", note: "no such project"}}},
		"worse after a step": {[]event{news}, rejected, []event{news, {kind: "Warning", reason: "Rejected", action: "Reconcile", note: "no such project"}}},
		"paused": {
			nil, outcome{status: metav1.ConditionUnknown, reason: v1alpha1.ReasonPaused, message: "100 % stopped", expected: true},
			[]event{{kind: "Normal", reason: "Paused", action: "Reconcile", note: "100 % stopped"}},
		},
	} {
		s := &state[*v1alpha1.Ticket, synqly.Ticket]{events: test.before}
		s.emitConditionEvent(test.result)
		if diff := cmp.Diff(test.want, s.events, cmp.AllowUnexported(event{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
