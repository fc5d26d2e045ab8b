// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestWait(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	waitingSince := func(ago time.Duration, reason string) *metav1.Condition {
		return &metav1.Condition{Type: "Ready", Status: metav1.ConditionFalse, Reason: reason, LastTransitionTime: metav1.NewTime(now.Add(-ago))}
	}
	for name, test := range map[string]struct {
		before    *metav1.Condition
		message   string
		want      string
		expected  bool
		remaining time.Duration
	}{
		"the first word of an object":   {nil, "no Ticket", "no Ticket", true, time.Minute},
		"after something else":          {waitingSince(time.Hour, "Rejected"), "no Ticket", "no Ticket", true, time.Minute},
		"for a part of the minute":      {waitingSince(59*time.Second, "Waiting"), "no Ticket", "no Ticket", true, time.Second},
		"for a minute":                  {waitingSince(time.Minute, "Waiting"), "no Ticket", "no Ticket (for more than a minute)", false, 0},
		"for what itself waits so long": {waitingSince(time.Hour, "Waiting"), "no Secret (for more than a minute)", "no Secret (for more than a minute)", false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, expected, remaining := Wait(test.before, "Waiting", test.message, now)
			if got != test.want || expected != test.expected || remaining != test.remaining {
				t.Errorf("got %q, %t, %s; want %q, %t, %s", got, expected, remaining, test.want, test.expected, test.remaining)
			}
		})
	}
}
