// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

func TestWait(t *testing.T) {
	stale := newTicket("stale", "10001", ready())
	stale.Generation = 2
	stalled := newTicket("stalled", "10002", notReady(v1alpha1.ReasonRejected, "no such status"), condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, "Rejected", ""))
	closed := newTicket("closed", "10003", notReady(v1alpha1.ReasonRejected, "no such status"), condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, "Rejected", ""))
	closed.Status.ClosedAt = &metav1.Time{Time: now}
	terminal := newTerminal(t, stale, stalled, closed, newTicket("slow", "10004", ready()))

	expectParts(t, terminal.mustRun("wait", "slow"), "ticket/slow is ready (remote ID 10004)")
	expectParts(t, terminal.mustRun("wait", "stalled", "--for=created"), "remote ID 10002")
	expectParts(t, terminal.mustRun("wait", "closed", "--for=closed"), "is closed")
	// Without a timeout that passes: it must not be waited for.
	terminal.mustFail([]string{"no such status", "no retry helps"}, "wait", "stalled", "--timeout=1h")
	terminal.mustFail([]string{"after 1ms", "has not looked at it yet"}, "wait", "stale", "--timeout=1ms")
	terminal.mustFail([]string{"after 1ms", "does not exist"}, "wait", "nobody", "--timeout=1ms")
	terminal.mustFail([]string{"ready, created or closed"}, "wait", "slow", "--for=lunch")
	terminal.mustFail([]string{"is for Tickets"}, "wait", "tcomment/any", "--for=closed")
}

// TestWaitUntilItComes: what is not there at the first look is waited for.
func TestWaitUntilItComes(t *testing.T) {
	looks := 0
	terminal := newTerminalWith(t, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
			err := c.Get(ctx, key, object, options...)
			if looks++; looks == 1 {
				object.(*v1alpha1.Ticket).Status.Conditions = nil
			}
			return err
		},
	}, newTicket("slow", "10001", ready()))
	expectParts(t, terminal.mustRun("wait", "slow", "--timeout=1m"), "ticket/slow is ready")
	if looks != 2 {
		t.Errorf("the Ticket was looked at %d times, want 2", looks)
	}
}

func TestOpen(t *testing.T) {
	linked := newTicket("linked", "10001", ready())
	linked.Status.URL = "https://acme.example.com/browse/10001"
	terminal := newTerminal(t, linked, newTicket("unlinked", "10002", ready()), newTicket("new", ""))
	if got, want := terminal.mustRun("open", "linked"), linked.Status.URL+"\n"; got != want {
		t.Errorf("the output is %q, want %q", got, want)
	}
	terminal.mustFail([]string{"ticketURLTemplate"}, "open", "unlinked")
	terminal.mustFail([]string{"no remote ticket yet"}, "open", "new")
}
