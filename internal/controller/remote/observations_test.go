// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

func observationOf(name, remote string) Observation[string] {
	return Observation[string]{Object: types.NamespacedName{Namespace: "shop", Name: name}, UID: types.UID("uid of " + name), ID: "10023", Remote: ptr.To(remote)}
}

func plainQueue(t *testing.T) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	t.Cleanup(queue.ShutDown)
	return queue
}

// taken are the names of the objects in the queue, sorted.
func taken(queue workqueue.TypedRateLimitingInterface[reconcile.Request]) []string {
	var names []string
	for queue.Len() > 0 {
		request, _ := queue.Get()
		queue.Done(request)
		names = append(names, request.Name)
	}
	slices.Sort(names)
	return names
}

func TestObservationsEnqueueTheirObjects(t *testing.T) {
	observations, queue := newObservations[string](), plainQueue(t)
	observations.Report(observationOf("early", "a"))
	observations.Report(observationOf("early", "b"))
	observations.Report(observationOf("served early", "c"))
	observations.done(observations.Open(observationOf("served early", "").Object))
	if err := observations.Start(t.Context(), queue); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"early"}, taken(queue)); diff != "" {
		t.Errorf("woken at the start (-want +got):\n%s", diff)
	}
	observations.Report(observationOf("late", "d"))
	observations.Report(observationOf("early", "e"))
	if diff := cmp.Diff([]string{"early", "late"}, taken(queue)); diff != "" {
		t.Errorf("woken later (-want +got):\n%s", diff)
	}
}

func TestASightingStaysUntilItIsServed(t *testing.T) {
	observations := newObservations[string]()
	first := observationOf("ticket", "first")
	name := first.Object
	if observations.Open(name) != nil {
		t.Fatal("there is an observation before any was reported")
	}
	observations.Report(first)
	observations.Report(observationOf("other", "of another object"))
	opened := observations.Open(name)
	if diff := cmp.Diff(&first, opened); diff != "" {
		t.Fatalf("the open observation (-want +got):\n%s", diff)
	}
	if observations.Open(name) != opened {
		t.Error("to look at an observation must not end it")
	}

	observations.Report(observationOf("ticket", "second"))
	observations.done(opened)
	newer := observations.Open(name)
	if newer == nil || *newer.Remote != "second" {
		t.Fatalf("the newer observation was lost with the older one: %v", newer)
	}
	observations.done(newer)
	if observations.Open(name) != nil {
		t.Error("an observation that was served is still open")
	}
	observations.done(newer) // a second time is no harm
	if observations.Open(observationOf("other", "").Object) == nil {
		t.Error("the observation of another object is gone")
	}
	observations.forget(observationOf("other", "").Object)
	if observations.Open(observationOf("other", "").Object) != nil {
		t.Error("an observation that was forgotten is still open")
	}
}

// The reporter may go on to use its own copy.
func TestASightingIsCopiedWhenItIsReported(t *testing.T) {
	observations := newObservations[string]()
	mine := observationOf("ticket", "first")
	observations.Report(mine)
	mine.ID = "changed"
	if got := observations.Open(mine.Object).ID; got != "10023" {
		t.Errorf("the ID of the observation is %q", got)
	}
}

func TestSightingsComeAfterWhatPeopleAskFor(t *testing.T) {
	queue := priorityqueue.New[reconcile.Request]("observations")
	defer queue.ShutDown()
	observations := newObservations[string]()
	if err := observations.Start(t.Context(), queue); err != nil {
		t.Fatal(err)
	}
	observations.Report(observationOf("seen", "a"))
	queue.Add(reconcile.Request{NamespacedName: observationOf("edited", "").Object})
	var got []string
	for range 2 {
		request, priority, _ := queue.GetWithPriority()
		queue.Done(request)
		got = append(got, fmt.Sprint(request.Name, " ", priority))
	}
	if diff := cmp.Diff([]string{"edited 0", fmt.Sprint("seen ", handler.LowPriority)}, got); diff != "" {
		t.Errorf("the order (-want +got):\n%s", diff)
	}
}

// Reporter and reconciler go on at the same time: the latest observation is never lost.
func TestSightingsAtTheSameTime(t *testing.T) {
	const reports = 500
	observations, queue := newObservations[string](), plainQueue(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range reports {
			observations.Report(observationOf("ticket", fmt.Sprint(i)))
		}
	})
	wg.Go(func() {
		if err := observations.Start(t.Context(), queue); err != nil {
			t.Error(err)
		}
	})
	latest := ""
	for latest != fmt.Sprint(reports-1) {
		request, _ := queue.Get()
		if observation := observations.Open(request.NamespacedName); observation != nil {
			latest = *observation.Remote
			observations.done(observation)
		}
		queue.Done(request)
	}
	wg.Wait()
}
