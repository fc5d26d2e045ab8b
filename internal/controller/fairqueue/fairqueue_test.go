// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package fairqueue

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/synqly/ticketing-operator/internal/controller/priority"
)

// request is made of namespace/integration/object.
func request(path string) reconcile.Request {
	namespace, name, _ := strings.Cut(path, "/")
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}}
}

// byPath takes an Integration whose name begins with "cluster" for a ClusterIntegration.
func byPath(_ context.Context, r reconcile.Request) types.NamespacedName {
	integration, _, _ := strings.Cut(r.Name, "/")
	if strings.HasPrefix(integration, "cluster") {
		return types.NamespacedName{Name: integration}
	}
	return types.NamespacedName{Namespace: r.Namespace, Name: integration}
}

// opened is the queue of a controller with so many workers, without a name, and so without metrics.
func opened(t *testing.T, workers int) *queue {
	t.Helper()
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](time.Millisecond, time.Second)
	q := Options(workers, byPath).NewQueue("", limiter).(*queue)
	t.Cleanup(q.ShutDown)
	return q
}

// take gets requests until no more may run, or there are so many, and returns their paths.
func take(q *queue, most int) []string {
	var taken []string
	for len(taken) < most && q.Len() > 0 {
		got, _, _ := q.GetWithPriority()
		taken = append(taken, got.Namespace+"/"+got.Name)
	}
	return taken
}

func addEach(q *queue, count int, path string) {
	for i := range count {
		q.Add(request(fmt.Sprintf("%s/%02d", path, i)))
	}
}

func TestSharesAreAQuarterAndAnEighthAndOneAtLeast(t *testing.T) {
	for workers, want := range map[int]shares{
		1: {1, 1}, 4: {1, 1}, 5: {2, 1}, 8: {2, 1}, 16: {4, 2}, 32: {8, 4}, 33: {9, 5},
	} {
		if got := sharesOf(workers); got != want {
			t.Errorf("of %d workers %+v, want %+v", workers, got, want)
		}
	}
}

func TestAnIntegrationHoldsNoMoreThanItsShare(t *testing.T) {
	q := opened(t, 16)
	addEach(q, 50, "hostile/hanging")
	if got := take(q, 16); len(got) != 2 {
		t.Fatalf("%d of 16 workers are held, want 2: %v", len(got), got)
	}
	q.Add(request("hostile/answering/01"))
	q.Add(request("good/default/01"))
	if diff := cmp.Diff([]string{"good/default/01", "hostile/answering/01"}, take(q, 16)); diff != "" {
		t.Errorf("what comes later (-want +got):\n%s", diff)
	}
}

func TestANamespaceHoldsNoMoreThanItsShareHoweverManyIntegrationsItHas(t *testing.T) {
	q := opened(t, 16)
	for i := range 16 {
		addEach(q, 8, fmt.Sprintf("hostile/integration-%02d", i))
	}
	if got := take(q, 16); len(got) != 4 {
		t.Fatalf("%d of 16 workers are held, want 4: %v", len(got), got)
	}
	addEach(q, 2, "good/default")
	if diff := cmp.Diff([]string{"good/default/00", "good/default/01"}, take(q, 16)); diff != "" {
		t.Errorf("what comes later (-want +got):\n%s", diff)
	}
}

func TestWhatWaitsForItsShareGoesOnWhenAWorkerIsGivenBack(t *testing.T) {
	q := opened(t, 8)
	addEach(q, 3, "team/default")
	for _, want := range []string{"team/default/00", "team/default/01", "team/default/02"} {
		if diff := cmp.Diff([]string{want}, take(q, 8)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		q.Done(request(want))
	}
	if len(q.order.namespaces)+len(q.order.queued)+len(q.order.running)+len(q.order.priorities) != 0 {
		t.Errorf("something is remembered of requests that are done: %+v", q.order)
	}
}

// All workers are held by four tenants. When one of them gives a worker back, and still holds
// another, it is for the newcomer, although the others have waited longer.
func TestTheNextWorkerIsForTheNamespaceThatHoldsTheFewest(t *testing.T) {
	q := opened(t, 8)
	for _, tenant := range []string{"a", "b", "c", "d"} {
		addEach(q, 5, tenant+"/one")
		addEach(q, 5, tenant+"/two")
	}
	if got := take(q, 8); len(got) != 8 {
		t.Fatalf("%v, want two of each", got)
	}
	q.Add(request("newcomer/default/00"))
	q.Done(request("a/one/00"))
	if diff := cmp.Diff([]string{"newcomer/default/00"}, take(q, 1)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPrioritiesCountWithinAnIntegration(t *testing.T) {
	q := opened(t, 64)
	low := priorityqueue.AddOpts{Priority: ptr.To(-100)}
	q.AddWithOpts(low, request("team/default/low"), request("team/default/raised"))
	q.Add(request("team/default/usual"))
	q.Add(request("team/default/raised"))
	q.AddWithOpts(low, request("team/default/usual"))
	if diff := cmp.Diff([]string{"team/default/raised", "team/default/usual", "team/default/low"}, take(q, 64)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := q.order.priorityOf(request("team/default/low")); got != -100 {
		t.Errorf("the priority of a request that was added with -100 is %d", got)
	}
}

func TestARequestRunsOnceAtATime(t *testing.T) {
	q := opened(t, 64)
	q.Add(request("team/default/one"))
	taken := take(q, 64)
	q.Add(request("team/default/one"))
	q.Add(request("team/default/one"))
	if again := take(q, 64); len(taken) != 1 || len(again) != 0 {
		t.Fatalf("taken %v, and while it ran %v", taken, again)
	}
	q.Done(request("team/default/one"))
	if again := take(q, 64); len(again) != 1 {
		t.Errorf("what was added while it ran: %v, want it once more", again)
	}
}

func TestARequestComesAfterItsDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := opened(t, 8)
		q.AddWithOpts(priorityqueue.AddOpts{After: time.Minute}, request("team/default/later"))
		begun := time.Now()
		got, _, _ := q.GetWithPriority()
		if waited := time.Since(begun); waited != time.Minute || got != request("team/default/later") {
			t.Errorf("%v came after %s", got, waited)
		}
		q.Done(got)
		q.ShutDown()
	})
}

// Workers of one controller: those of a tenant whose provider hangs, and another tenant who comes
// later and is served as if he were alone.
func TestAHangingTenantDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const workers = 8
		q := opened(t, workers)
		begun, served := time.Now(), make(chan time.Duration, 10)
		var group sync.WaitGroup
		work := func() {
			for {
				got, _, shutdown := q.GetWithPriority()
				switch {
				case shutdown:
					return
				case got.Namespace == "hostile":
					<-time.After(5 * time.Minute)
				default:
					<-time.After(time.Second)
					served <- time.Since(begun)
				}
				q.Done(got)
			}
		}
		for range workers {
			group.Go(work)
		}
		for i := range 16 {
			addEach(q, 8, fmt.Sprintf("hostile/integration-%02d", i))
		}
		synctest.Wait()
		addEach(q, 1, "good/default")
		for i := range 3 {
			if i > 0 {
				q.Add(request(fmt.Sprintf("good/default/0%d", i)))
			}
			if took, alone := <-served, time.Duration(i+1)*time.Second; took != alone {
				t.Errorf("object %d was served after %s, want %s as without the others", i, took, alone)
			}
		}
		q.ShutDown()
		group.Wait()
	})
}

func TestNothingRunsAfterShutDown(t *testing.T) {
	q := opened(t, 8)
	addEach(q, 3, "team/default")
	q.ShutDown()
	if got, _, shutdown := q.GetWithPriority(); !shutdown {
		t.Errorf("%v is handed out after the end", got)
	}
}

func TestAClusterIntegrationHoldsNoMoreThanAShareInAllNamespaces(t *testing.T) {
	q := opened(t, 16)
	for _, namespace := range []string{"first", "second", "third"} {
		addEach(q, 10, namespace+"/cluster-hanging")
	}
	taken := take(q, 16)
	if len(taken) != 2 {
		t.Fatalf("%d of 16 workers are held, want 2: %v", len(taken), taken)
	}
	q.Add(request("third/answering/01"))
	if got := take(q, 16); len(got) != 1 || got[0] != "third/answering/01" {
		t.Errorf("beside it %v runs, want what uses another Integration", got)
	}
	q.Done(request(taken[0]))
	if got := take(q, 16); len(got) != 1 {
		t.Errorf("after one is done %v runs, want one", got)
	}
}

// byName takes the class of a request from the last part of its path.
func byName(_ context.Context, r reconcile.Request) priority.Class {
	for name, class := range map[string]priority.Class{"new": priority.NewTicket, "deleted": priority.Deletion} {
		if strings.Contains(r.Name, name) {
			return class
		}
	}
	return priority.Change
}

// openedByClass is a queue with one worker, whose requests have classes.
func openedByClass(t *testing.T) *queue {
	t.Helper()
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](time.Millisecond, time.Second)
	q := ByClass(1, byPath, byName).NewQueue("", limiter).(*queue)
	t.Cleanup(q.ShutDown)
	return q
}

// work takes so many requests one after the other, and counts those of each class.
func work(q *queue, count int) map[priority.Class]int {
	worked := map[priority.Class]int{}
	for range count {
		got, _, _ := q.GetWithPriority()
		worked[byName(context.Background(), got)]++
		q.Done(got)
	}
	return worked
}

func TestANewTicketComesBeforeTenThousandRequestsOfAnyPriority(t *testing.T) {
	q := openedByClass(t)
	addEach(q, 10_000, "team/default/changed")
	q.AddWithOpts(priorityqueue.AddOpts{Priority: ptr.To(-100)}, request("team/default/new"))
	if diff := cmp.Diff([]string{"team/default/new"}, take(q, 1)); diff != "" {
		t.Errorf("what comes first (-want +got):\n%s", diff)
	}
}

// A map keeps the room that it has needed once.
func TestTheRoomOfABurstIsGivenBackWhenItIsDone(t *testing.T) {
	q := openedByClass(t)
	addEach(q, 2*manyRequests, "team/default/changed")
	burst := reflect.ValueOf(q.order.queued).Pointer()
	work(q, 2*manyRequests)
	if reflect.ValueOf(q.order.queued).Pointer() == burst {
		t.Error("the map of the burst is kept")
	}
	addEach(q, 3, "team/default/later")
	if got := work(q, 3); got[priority.Change] != 3 || q.Len() != 0 {
		t.Errorf("of what came later %v ran and %d wait, want 3 and none", got, q.Len())
	}
}

func TestEachClassOfAnIntegrationHasItsShareOfTheWorkers(t *testing.T) {
	q := openedByClass(t)
	addEach(q, 1000, "team/default/deleted")
	addEach(q, 1000, "team/default/changed")
	addEach(q, 1000, "team/default/new")
	got := work(q, 320)
	if got[priority.NewTicket] < 216 || got[priority.Change] < 76 || got[priority.Deletion] < 18 {
		t.Errorf("of 320 requests %v, want eleven new tickets, four changes and a deletion of each sixteen", got)
	}
	work(q, 3000-320)
	if len(q.order.namespaces)+len(q.order.queued)+len(q.order.running) != 0 {
		t.Errorf("something is remembered of requests that are done: %+v", q.order)
	}
}
