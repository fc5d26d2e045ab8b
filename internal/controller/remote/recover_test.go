// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// markingAdapter is of a kind whose remote objects carry their key.
type markingAdapter struct {
	Adapter[*v1alpha1.Ticket, synqly.Ticket]
	Patcher[*v1alpha1.Ticket, synqly.Ticket]
}

func (markingAdapter) New() *v1alpha1.Ticket { return &v1alpha1.Ticket{} }
func (markingAdapter) MarksRemote() bool     { return true }

// While a process stands by, another one makes attempts, of which somebody may take the record away
// before the first one leads.
func TestAProcessThatStoodByHasNotSeenWhatTheLeaderDid(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for name, lead := range map[string]func(*Reconciler[*v1alpha1.Ticket, synqly.Ticket]){
		"when it wins the leader election": func(r *Reconciler[*v1alpha1.Ticket, synqly.Ticket]) { r.lead() },
		"with the first reconcile": func(r *Reconciler[*v1alpha1.Ticket, synqly.Ticket]) {
			if _, err := r.Reconcile(t.Context(), ctrl.Request{}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		clock := clocktesting.NewFakeClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
		reconciler, err := New(Options{Clock: clock, Client: fake.NewClientBuilder().WithScheme(scheme).Build()}, markingAdapter{})
		if err != nil {
			t.Fatal(err)
		}
		unknown := func(created time.Time) bool {
			ticket := &v1alpha1.Ticket{ObjectMeta: metav1.ObjectMeta{Name: "any", UID: "uid-1", CreationTimestamp: metav1.NewTime(created)}}
			return reconciler.historyUnknown(&state[*v1alpha1.Ticket, synqly.Ticket]{object: ticket, status: ticket.RemoteStatus()})
		}
		clock.Step(time.Hour)
		underTheOther := clock.Now()
		clock.Step(time.Hour)
		lead(reconciler)
		began := clock.Now()
		clock.Step(time.Hour)
		lead(reconciler)
		if !unknown(underTheOther) {
			t.Errorf("%s: of an object that was made while the process stood by it counts as having seen all", name)
		}
		if unknown(began.Add(time.Second)) {
			t.Errorf("%s: a new object counts as one of unknown history", name)
		}
	}
}
