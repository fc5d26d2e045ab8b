// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

func TestRetryAfter(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	w.add(ours(time.Hour))
	w.settle()
	w.remote.Inject(simulator.Fault{Status: http.StatusTooManyRequests, RetryAfter: "900", Times: 1})
	w.passUntilPoll()
	refusedAt := w.clock.Now()
	sent := len(w.transport.sentAt)
	w.pass(899 * time.Second)
	if more := len(w.transport.sentAt) - sent; more != 0 {
		t.Errorf("%d requests before Retry-After has passed", more)
	}
	w.edit(w.store.tickets[0].Status.ID)
	w.pass(2 * time.Second)
	if diff := cmp.Diff(once(w.store.tickets[0].Status.ID), w.timesReported()); diff != "" {
		t.Errorf("times reported %v after the refusal (-want +got):\n%s", w.clock.Since(refusedAt), diff)
	}
	if w.lines != 0 {
		t.Errorf("waiting is no failure, but the log says:\n%s", w.log)
	}
}

// doubted tells whether the connection is to be checked.
func (w *world) doubted() bool { return w.Connections.Last(integrationName).RecheckAsked() }

func TestRefusedToken(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			w := newWorld(t, simulator.Behaviour{})
			w.add(ours(time.Hour))
			w.add(others(time.Hour)).Status.Remote.Project = "" // is fetched by itself
			w.settle()
			if w.doubted() {
				t.Fatal("doubted from the start")
			}
			remove := w.remote.Inject(simulator.Fault{Status: status})
			w.clock.SetTime(w.clock.Now().Add(longestInterval)) // both are due
			w.reconcile()
			if !w.doubted() {
				t.Error("the connection is not doubted")
			}
			if diff := cmp.Diff([]int{1}, w.costs); diff != "" {
				t.Errorf("requests after a refusal (-want +got):\n%s", diff)
			}
			remove()
			w.edit(w.store.tickets[0].Status.ID)
			w.pass(2 * longestInterval)
			if diff := cmp.Diff(once(w.store.tickets[0].Status.ID), w.timesReported()); diff != "" {
				t.Errorf("times reported (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOutage lasts for two hours: the poller backs off, and says so once.
func TestOutage(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	w.add(ours(time.Hour))
	w.settle()
	remove := w.remote.Inject(simulator.Fault{Status: http.StatusInternalServerError})
	w.pass(2 * time.Hour)
	attempts := len(w.costs)
	// 5, 10, 20, 40, 80, 160 seconds, and then every 5 minutes.
	if attempts < 20 || attempts > 35 {
		t.Errorf("%d attempts in two hours", attempts)
	}
	if w.lines != 1 {
		t.Errorf("the log has %d lines of the outage, want 1:\n%s", w.lines, w.log)
	}
	w.edit(w.store.tickets[0].Status.ID)
	remove()
	w.pass(interval)
	if diff := cmp.Diff(once(w.store.tickets[0].Status.ID), w.timesReported()); diff != "" {
		t.Errorf("times reported (-want +got):\n%s", diff)
	}
	if w.lines != 2 {
		t.Errorf("the log has %d lines, want one more at the end of the outage:\n%s", w.lines, w.log)
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

// TestNewBasis lists everything again: at once where a person asks for it, else after
// a moment.
func TestNewBasis(t *testing.T) {
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
	if !w.doubted() {
		t.Fatal("the old token is not doubted")
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

// TestFetchingIsPaced takes a tenth of the rateLimit.
func TestFetchingIsPaced(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{RefuseFilters: []string{"*"}})
	w.integration().Spec.RateLimit = &v1alpha1.RateLimit{RequestsPerSecond: 10, Burst: 200}
	for i := range 600 {
		w.add(ours(time.Hour + time.Duration(i)*time.Minute))
	}
	w.pass(time.Minute)
	w.remote.ForgetRequests()
	w.costs = nil
	w.pass(time.Minute)
	gets := w.remote.RequestCounts()["GetTicket"]
	if gets < 55 || gets > 65 {
		t.Errorf("%d GETs a minute, want a tenth of 10 a second", gets)
	}
	if slices.Max(w.costs) > 5 {
		t.Errorf("batches of %v", w.costs)
	}
	// A pass over all of them takes ten minutes, and none is left out.
	w.edit(w.store.tickets[0].Status.ID)
	w.edit(w.store.tickets[599].Status.ID)
	w.pass(11 * time.Minute)
	if diff := cmp.Diff(once(w.store.tickets[0].Status.ID, w.store.tickets[599].Status.ID), w.timesReported()); diff != "" {
		t.Errorf("times reported (-want +got):\n%s", diff)
	}
}

// TestFetchingThatFails goes on with other tickets.
func TestFetchingThatFails(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{RefuseFilters: []string{"*"}})
	for i := range 10 {
		w.add(ours(time.Hour + time.Duration(i)*time.Minute))
	}
	w.settle()
	broken, strange := w.store.tickets[3].Status.ID, w.store.tickets[5].Status.ID
	tries := 0
	working := w.transport.RoundTripper
	w.transport.RoundTripper = roundTripper(func(request *http.Request) (*http.Response, error) {
		var status int
		switch {
		case strings.HasSuffix(request.URL.Path, broken):
			status = http.StatusInternalServerError
			tries++
		case strings.HasSuffix(request.URL.Path, strange):
			status = http.StatusGone
		default:
			return working.RoundTrip(request)
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: request}, nil
	})
	var ids []string
	for _, ticket := range w.store.tickets {
		w.edit(ticket.Status.ID)
		if id := ticket.Status.ID; id != broken && id != strange {
			ids = append(ids, id)
		}
	}
	w.pass(3 * longestInterval)
	if diff := cmp.Diff(once(ids...), w.timesReported()); diff != "" {
		t.Errorf("times reported (-want +got):\n%s", diff)
	}
	if said := strings.Count(w.log.String(), strange); said != 1 {
		t.Errorf("the log names the ticket that cannot be read %d times:\n%s", said, w.log)
	}
	if tries < 3 || tries > 4 {
		t.Errorf("the ticket that cannot be fetched was tried %d times in three polls", tries)
	}
}

func TestWhatMatters(t *testing.T) {
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
			if got := matters(event.UpdateEvent{ObjectOld: integration(), ObjectNew: after}); got != test.want {
				t.Errorf("matters: %v, want %v", got, test.want)
			}
		})
	}
}
