// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"strings"
	"testing"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// changes are what may have changed since a request was refused.
type changes struct {
	ticket      *v1alpha1.Ticket
	integration *v1alpha1.Integration
}

// refused is a Ticket that was refused in generation 3, under generation 2 of its Integration.
func refused() changes {
	ticket := &v1alpha1.Ticket{ObjectMeta: metav1.ObjectMeta{UID: "uid-1", Generation: 3}}
	ticket.Status.IntegrationGeneration, ticket.Status.IntegrationUID = 2, "uid-2"
	ticket.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, ObservedGeneration: 3}}
	integration := &v1alpha1.Integration{ObjectMeta: metav1.ObjectMeta{UID: "uid-2", Generation: 2}}
	integration.Status.TokenVersion = "7"
	return changes{ticket, integration}
}

func (c changes) state() *state[*v1alpha1.Ticket, synqly.Ticket] {
	return &state[*v1alpha1.Ticket, synqly.Ticket]{object: c.ticket, status: c.ticket.RemoteStatus()}
}

func TestWhatARefusalRestsOn(t *testing.T) {
	now := metav1.NewTime(start)
	before := refused()
	inputs := before.state().inputsWith(before.integration)
	for name, test := range map[string]struct {
		change func(changes)
		// newInputs: the pause after a failure ends.
		newInputs bool
		// again: a refusal is tried again.
		again bool
	}{
		"nothing":         {func(changes) {}, false, false},
		"labels":          {func(c changes) { c.ticket.Labels = map[string]string{"a": "b"} }, false, false},
		"resourceVersion": {func(c changes) { c.ticket.ResourceVersion = "99" }, false, false},
		"spec":            {func(c changes) { c.ticket.Generation = 4 }, true, true},
		"Integration":     {func(c changes) { c.integration.Generation = 3 }, true, true},
		"sync-requested": {func(c changes) {
			c.ticket.Annotations = map[string]string{v1alpha1.SyncRequestedAnnotation: "now"}
		}, true, true},
		"create-again": {func(c changes) {
			c.ticket.Annotations = map[string]string{v1alpha1.CreateAgainAnnotation: "now"}
		}, true, false},
		"deleted":                  {func(c changes) { c.ticket.DeletionTimestamp = &now }, true, false},
		"token":                    {func(c changes) { c.integration.Status.TokenVersion = "8" }, true, false},
		"another object":           {func(c changes) { c.ticket.UID = "uid-9" }, true, false},
		"another Integration":      {func(c changes) { c.integration.UID = "uid-9" }, true, true},
		"Integration's conditions": {func(c changes) { c.integration.Status.Conditions = []metav1.Condition{{Type: "Ready"}} }, false, false},
		"Integration that is Ready again": {func(c changes) {
			c.integration.Status.Conditions = []metav1.Condition{{Type: "Ready", Status: metav1.ConditionTrue, LastTransitionTime: now}}
		}, true, false},
		"stalled no more":                {func(c changes) { c.ticket.Status.Conditions = nil }, false, true},
		"stalled in a generation before": {func(c changes) { c.ticket.Status.Conditions[0].ObservedGeneration = 2 }, false, true},
	} {
		c := refused()
		test.change(c)
		if got := c.state().inputsWith(c.integration) != inputs; got != test.newInputs {
			t.Errorf("%s: new inputs: %t, want %t", name, got, test.newInputs)
		}
		if got := !c.state().refusedBefore(c.integration); got != test.again {
			t.Errorf("%s: tried again: %t, want %t", name, got, test.again)
		}
	}
	if before.state().inputsWith(nil) == inputs {
		t.Error("the Integration is not among the inputs")
	}
}

func TestOpenAttempt(t *testing.T) {
	for name, test := range map[string]struct {
		recorded, settled int64
		want              bool
	}{
		"never tried": {0, 0, false}, "in flight": {1, 0, true}, "settled": {1, 1, false}, "second in flight": {2, 1, true},
		"annotations removed": {0, 4, false}, "annotations of a backup": {2, 4, false},
	} {
		ticket := &v1alpha1.Ticket{}
		ticket.Status.SettledAttempt = test.settled
		s := changes{ticket: ticket}.state()
		s.intent.attempt = test.recorded
		if got := s.attemptOpen(); got != test.want {
			t.Errorf("%s: open = %t", name, got)
		}
	}
}

func TestSyncRequestFitsTheStatus(t *testing.T) {
	c := refused()
	c.ticket.Annotations = map[string]string{v1alpha1.SyncRequestedAnnotation: strings.Repeat("ü", 5000)}
	if got := utf8.RuneCountInString(c.state().syncRequest()); got != 1024 {
		t.Errorf("%d characters, want 1024", got)
	}
}
