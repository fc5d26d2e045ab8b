// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/event"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

func TestSetupWithManager(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	mgr, err := ctrl.NewManager(&rest.Config{Host: "https://127.0.0.1:1"}, ctrl.Options{
		Scheme: scheme, Metrics: metricsserver.Options{BindAddress: "0"},
		// A test can run more than once in a process.
		Controller: config.Controller{SkipNameValidation: ptr.To(true)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := New(Options{Connections: connection.New(connection.Options{ClusterNamespace: "operator"})}).SetupWithManager(mgr); err != nil {
		t.Error(err)
	}
}

func TestInputsChanged(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*v1alpha1.Integration)
		want   bool
	}{
		"nothing":          {func(*v1alpha1.Integration) {}, false},
		"other status":     {func(i *v1alpha1.Integration) { i.Status.ProjectCount = 7 }, false},
		"other message":    {func(i *v1alpha1.Integration) { i.Status.Conditions[0].Message = "x" }, false},
		"other annotation": {func(i *v1alpha1.Integration) { i.Annotations = map[string]string{"a": "b"} }, false},
		"generation":       {func(i *v1alpha1.Integration) { i.Generation = 2 }, true},
		// Ready stays True while its observedGeneration follows the generation.
		"generation seen": {func(i *v1alpha1.Integration) { i.Status.Conditions[0].ObservedGeneration = 2 }, true},
		"ready":           {func(i *v1alpha1.Integration) { i.Status.Conditions[0].Status = metav1.ConditionFalse }, true},
		"sync requested": {func(i *v1alpha1.Integration) {
			i.Annotations = map[string]string{v1alpha1.SyncRequestedAnnotation: "1"}
		}, true},
		"paused": {func(i *v1alpha1.Integration) {
			i.Annotations = map[string]string{v1alpha1.PausedAnnotation: "true"}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			after := integration()
			test.change(after)
			if got := inputsChanged(event.UpdateEvent{ObjectOld: integration(), ObjectNew: after}); got != test.want {
				t.Errorf("inputsChanged: %v, want %v", got, test.want)
			}
		})
	}
}

func TestIntegrationThatCannotBeUsed(t *testing.T) {
	for name, change := range map[string]func(*v1alpha1.Integration){
		"paused": func(i *v1alpha1.Integration) { i.Annotations = map[string]string{v1alpha1.PausedAnnotation: "true"} },
		"being deleted": func(i *v1alpha1.Integration) {
			now := metav1.NewTime(start)
			i.DeletionTimestamp = &now
		},
		"not ready":        func(i *v1alpha1.Integration) { i.Status.Conditions[0].Status = metav1.ConditionFalse },
		"never checked":    func(i *v1alpha1.Integration) { i.Status.Conditions = nil },
		"not this version": func(i *v1alpha1.Integration) { i.Generation = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, simulator.Behaviour{})
			w.add(ours(time.Hour))
			w.settle()
			change(w.integration())
			w.edit(w.store.tickets[0].Status.ID)
			w.pass(time.Hour)
			if len(w.costs) > 0 {
				t.Errorf("requests were sent: %v", w.costs)
			}
			if result := w.reconcile(); result != (ctrl.Result{}) {
				t.Errorf("the result is %v, want to be woken by the watch alone", result)
			}
			w.store.integrations[integrationName] = integration()
			w.reconcile()
			w.pass(longestInterval)
			if diff := cmp.Diff(once(w.store.tickets[0].Status.ID), w.timesReported()); diff != "" {
				t.Errorf("times reported afterwards (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNothingToPoll costs nothing, and says nothing.
func TestNothingToPoll(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	w.remote.AddTicket(ours(time.Hour))
	w.pass(time.Hour)
	if len(w.costs) > 0 {
		t.Errorf("requests were sent: %v", w.costs)
	}
	if status := w.Connections.Last(integrationName).Polling(); status != nil {
		t.Errorf("shown: %+v", status)
	}
}

func TestIntegrationThatIsGone(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	w.add(ours(time.Hour))
	w.settle()
	delete(w.store.integrations, integrationName)
	if result := w.reconcile(); result != (ctrl.Result{}) || w.state() != nil {
		t.Errorf("result %v and state %v, want nothing", result, w.state())
	}
}

// TestNewFingerprint lists everything again: at once where a person asks for it, else after a
// moment.
func TestNewFingerprint(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*v1alpha1.Integration)
		atOnce bool
	}{
		"sync requested": {func(i *v1alpha1.Integration) {
			i.Annotations = map[string]string{v1alpha1.SyncRequestedAnnotation: "now"}
		}, true},
		"new spec": {func(i *v1alpha1.Integration) {
			i.Generation, i.Status.Conditions[0].ObservedGeneration = 2, 2
		}, false},
		"made anew": {func(i *v1alpha1.Integration) { i.UID = "uid-2" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, simulator.Behaviour{})
			for i := range 300 {
				w.add(ours(time.Hour + time.Duration(i)*time.Minute))
			}
			w.settle()
			w.edit(w.store.tickets[0].Status.ID)
			test.change(w.integration())
			w.reconcile()
			if atOnce := len(w.costs) > 0; atOnce != test.atOnce {
				t.Errorf("polled at once: %v", atOnce)
			}
			w.pass(longestFirstDelay)
			if diff := cmp.Diff([]int{4}, w.costs); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(once(w.store.tickets[0].Status.ID), w.timesReported()); diff != "" {
				t.Errorf("times reported (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNewToken is used without listing everything again.
func TestNewToken(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	w.add(ours(time.Hour))
	w.settle()
	before := w.polling()
	w.remote.SetToken(canary + "-2")
	w.store.secret.Data["token"], w.store.secret.ResourceVersion = []byte(canary+"-2"), "2"
	w.edit(w.store.tickets[0].Status.ID)
	w.passUntilPoll()
	if !w.recheckAsked() {
		t.Fatal("no recheck of the old token is asked for")
	}
	// As the Integration's controller does then.
	if _, err := w.Connections.Open(w.ctx, w.integration()); err != nil {
		t.Fatal(err)
	}
	w.pass(interval)
	if diff := cmp.Diff(once(w.store.tickets[0].Status.ID), w.timesReported()); diff != "" {
		t.Errorf("times reported (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, w.polling()); diff != "" {
		t.Errorf("what the new connection shows (-want +got):\n%s", diff)
	}
}

// TestJitter has fifty Integrations that were made at the same time.
func TestJitter(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	first, second := map[time.Duration]bool{}, map[time.Duration]bool{}
	for i := range 50 {
		made := integration()
		made.Name = "integration-" + string(rune('A'+i))
		made.UID = types.UID(made.Name)
		name := types.NamespacedName{Namespace: made.Namespace, Name: made.Name}
		w.store.integrations[name] = made
		w.clock.SetTime(start)
		result, err := w.Reconcile(w.ctx, ctrl.Request{NamespacedName: name})
		if err != nil || result.RequeueAfter <= 0 || result.RequeueAfter > longestFirstDelay {
			t.Fatalf("first poll after %v, error %v", result.RequeueAfter, err)
		}
		first[result.RequeueAfter] = true
		w.clock.SetTime(start.Add(longestFirstDelay))
		result, err = w.Reconcile(w.ctx, ctrl.Request{NamespacedName: name})
		if err != nil || result.RequeueAfter < interval || result.RequeueAfter > longestInterval {
			t.Fatalf("later poll after %v, error %v", result.RequeueAfter, err)
		}
		second[result.RequeueAfter] = true
	}
	if len(first) < 45 || len(second) < 45 {
		t.Errorf("%d and %d different delays of 50 Integrations", len(first), len(second))
	}
}
