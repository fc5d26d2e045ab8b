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

func sightingOf(name, remote string) Sighting[string] {
	return Sighting[string]{Object: types.NamespacedName{Namespace: "shop", Name: name}, UID: types.UID("uid of " + name), ID: "10023", Remote: ptr.To(remote)}
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

func TestSightingsWakeTheirObjects(t *testing.T) {
	sightings, queue := newSightings[string](), plainQueue(t)
	sightings.Report(sightingOf("early", "a"))
	sightings.Report(sightingOf("early", "b"))
	sightings.Report(sightingOf("served early", "c"))
	sightings.served(sightings.Open(sightingOf("served early", "").Object))
	if err := sightings.Start(t.Context(), queue); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"early"}, taken(queue)); diff != "" {
		t.Errorf("woken at the start (-want +got):\n%s", diff)
	}
	sightings.Report(sightingOf("late", "d"))
	sightings.Report(sightingOf("early", "e"))
	if diff := cmp.Diff([]string{"early", "late"}, taken(queue)); diff != "" {
		t.Errorf("woken later (-want +got):\n%s", diff)
	}
}

func TestASightingStaysUntilItIsServed(t *testing.T) {
	sightings := newSightings[string]()
	first := sightingOf("ticket", "first")
	name := first.Object
	if sightings.Open(name) != nil {
		t.Fatal("there is a sighting before any was reported")
	}
	sightings.Report(first)
	sightings.Report(sightingOf("other", "of another object"))
	opened := sightings.Open(name)
	if diff := cmp.Diff(&first, opened); diff != "" {
		t.Fatalf("the open sighting (-want +got):\n%s", diff)
	}
	if sightings.Open(name) != opened {
		t.Error("to look at a sighting must not end it")
	}

	sightings.Report(sightingOf("ticket", "second"))
	sightings.served(opened)
	newer := sightings.Open(name)
	if newer == nil || *newer.Remote != "second" {
		t.Fatalf("the newer sighting was lost with the older one: %v", newer)
	}
	sightings.served(newer)
	if sightings.Open(name) != nil {
		t.Error("a sighting that was served is still open")
	}
	sightings.served(newer) // a second time is no harm
	if sightings.Open(sightingOf("other", "").Object) == nil {
		t.Error("the sighting of another object is gone")
	}
	sightings.forget(sightingOf("other", "").Object)
	if sightings.Open(sightingOf("other", "").Object) != nil {
		t.Error("a sighting that was forgotten is still open")
	}
}

// The reporter may go on to use its own copy.
func TestASightingIsCopiedWhenItIsReported(t *testing.T) {
	sightings := newSightings[string]()
	mine := sightingOf("ticket", "first")
	sightings.Report(mine)
	mine.ID = "changed"
	if got := sightings.Open(mine.Object).ID; got != "10023" {
		t.Errorf("the ID of the sighting is %q", got)
	}
}

func TestSightingsComeAfterWhatPeopleAskFor(t *testing.T) {
	queue := priorityqueue.New[reconcile.Request]("sightings")
	defer queue.ShutDown()
	sightings := newSightings[string]()
	if err := sightings.Start(t.Context(), queue); err != nil {
		t.Fatal(err)
	}
	sightings.Report(sightingOf("seen", "a"))
	queue.Add(reconcile.Request{NamespacedName: sightingOf("edited", "").Object})
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

// Reporter and reconciler go on at the same time: the latest sighting is never lost.
func TestSightingsAtTheSameTime(t *testing.T) {
	const reports = 500
	sightings, queue := newSightings[string](), plainQueue(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range reports {
			sightings.Report(sightingOf("ticket", fmt.Sprint(i)))
		}
	})
	wg.Go(func() {
		if err := sightings.Start(t.Context(), queue); err != nil {
			t.Error(err)
		}
	})
	latest := ""
	for latest != fmt.Sprint(reports-1) {
		request, _ := queue.Get()
		if sighting := sightings.Open(request.NamespacedName); sighting != nil {
			latest = *sighting.Remote
			sightings.served(sighting)
		}
		queue.Done(request)
	}
	wg.Wait()
}
