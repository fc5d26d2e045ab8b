// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// What IsUnchanged says is what a patch would change.
func TestAnObjectIsUnchangedWhereAPatchWouldBeEmpty(t *testing.T) {
	closed := time.Date(2026, 11, 28, 9, 30, 0, 0, time.UTC)
	stored := func() *v1alpha1.Ticket {
		ticket := &v1alpha1.Ticket{ObjectMeta: metav1.ObjectMeta{Name: "latency"}, Spec: v1alpha1.TicketSpec{Summary: "p99 above 2s"}}
		ticket.Status.ClosedAt = ptr.To(metav1.NewTime(closed))
		ticket.Status.Remote = &v1alpha1.RemoteTicket{Status: "Done"}
		SetCondition(&ticket.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, "Synced", "", 1, closed)
		return ticket
	}
	for name, test := range map[string]struct {
		change    func(*v1alpha1.Ticket)
		unchanged bool
	}{
		"nothing": {func(*v1alpha1.Ticket) {}, true},
		"a part of a second": {func(t *v1alpha1.Ticket) {
			t.Status.ClosedAt = ptr.To(metav1.NewTime(closed.Add(999 * time.Millisecond)))
		}, true},
		"the time zone": {func(t *v1alpha1.Ticket) {
			t.Status.ClosedAt = ptr.To(metav1.NewTime(closed.In(time.FixedZone("", 3600))))
		}, true},
		"a second":                      {func(t *v1alpha1.Ticket) { t.Status.ClosedAt = ptr.To(metav1.NewTime(closed.Add(time.Second))) }, false},
		"no time":                       {func(t *v1alpha1.Ticket) { t.Status.ClosedAt = nil }, false},
		"an empty map and list":         {func(t *v1alpha1.Ticket) { t.Status.Applied, t.Status.Drift = map[string]string{}, []string{} }, true},
		"a value of a map":              {func(t *v1alpha1.Ticket) { t.Status.Applied = map[string]string{"summary": "1f0c"} }, false},
		"what people see of the remote": {func(t *v1alpha1.Ticket) { t.Status.Remote.Status = "To Do" }, false},
		"a remote that is empty":        {func(t *v1alpha1.Ticket) { t.Status.Remote = nil }, false},
		"a message of a condition":      {func(t *v1alpha1.Ticket) { t.Status.Conditions[0].Message = "the remote ticket matches" }, false},
		"an annotation":                 {func(t *v1alpha1.Ticket) { t.Annotations = map[string]string{"a": "b"} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			object := stored()
			test.change(object)
			if got := IsUnchanged(stored(), object); got != test.unchanged {
				t.Errorf("unchanged = %t, want %t", got, test.unchanged)
			}
			patch, err := client.MergeFrom(stored()).Data(object)
			if err != nil {
				t.Fatal(err)
			}
			if isEmpty := string(patch) == "{}"; isEmpty != test.unchanged {
				t.Errorf("the patch is %s: the test expects otherwise", patch)
			}
		})
	}
}
