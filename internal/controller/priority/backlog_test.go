// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package priority_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/fairqueue"
	"github.com/synqly/ticketing-operator/internal/controller/priority"
)

// controllers are those of tickets and of comments, with the queues and the budget that they have
// in the manager, in virtual time. The objects of all namespaces use one ClusterIntegration.
type controllers struct {
	budget            *connection.Budget
	tickets, comments priorityqueue.PriorityQueue[reconcile.Request]
	group             sync.WaitGroup

	mu sync.Mutex
	// sent is when the first request for an object was sent.
	sent map[reconcile.Request]time.Time
}

const (
	workers = 32
	// looking is how long a worker needs for an object, and latency how long the provider does for
	// a request.
	looking = time.Millisecond
	latency = 50 * time.Millisecond
)

func started(ctx context.Context) *controllers {
	c := &controllers{budget: connection.NewCautiousBudget(clock.RealClock{}, 10, 20), sent: map[reconcile.Request]time.Time{}}
	c.tickets, c.comments = c.controller(ctx), c.controller(ctx)
	return c
}

// end stops the workers.
func (c *controllers) end() {
	c.tickets.ShutDown()
	c.comments.ShutDown()
	c.group.Wait()
}

// controller starts the workers of a kind.
func (c *controllers) controller(ctx context.Context) priorityqueue.PriorityQueue[reconcile.Request] {
	options := fairqueue.ByClass(workers,
		func(context.Context, reconcile.Request) types.NamespacedName {
			return types.NamespacedName{Name: "shared"}
		},
		func(_ context.Context, request reconcile.Request) priority.Class { return classOf(request) })
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](time.Millisecond, time.Second)
	queue := options.NewQueue("", limiter).(priorityqueue.PriorityQueue[reconcile.Request])
	for range workers {
		c.group.Go(func() {
			for {
				request, _, shutdown := queue.GetWithPriority()
				if shutdown {
					return
				}
				if wait := c.reconcile(ctx, request); wait > 0 {
					queue.AddWithOpts(priorityqueue.AddOpts{After: wait}, request)
				}
				queue.Done(request)
			}
		})
	}
	return queue
}

// reconcile sends the requests for an object, or returns when to come again. A change takes two:
// the ticket is fetched first.
func (c *controllers) reconcile(ctx context.Context, request reconcile.Request) time.Duration {
	<-time.After(looking)
	class, requests := classOf(request), 1
	if class == priority.Change {
		requests = 2
	}
	ctx, err := c.budget.ReserveFor(ctx, connection.Waiter{Class: class, Namespace: request.Namespace, Name: request.String()})
	for range requests {
		if err == nil {
			err = c.budget.Admit(ctx)
		}
		if err == nil {
			c.note(request)
			<-time.After(latency)
			c.budget.Answered()
		}
	}
	var wait *connection.WaitError
	if errors.As(err, &wait) {
		return wait.After
	}
	return 0
}

func (c *controllers) note(request reconcile.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, before := c.sent[request]; !before {
		c.sent[request] = time.Now()
	}
}

// sentAt is when the first request for an object was sent; zero for not yet.
func (c *controllers) sentAt(request reconcile.Request) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent[request]
}

func named(namespace string, class priority.Class, number int) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: fmt.Sprintf("%d-%05d", class, number)}}
}

func classOf(request reconcile.Request) priority.Class {
	class, _, _ := strings.Cut(request.Name, "-")
	return priority.Class(class[0] - '0')
}

func TestANewTicketIsSentWithinASecondWhateverElseWaits(t *testing.T) {
	for name, backlog := range map[string]struct {
		namespace string
		class     priority.Class
	}{
		"changes":                          {"team", priority.Change},
		"comments":                         {"team", priority.Addition},
		"deletions":                        {"team", priority.Deletion},
		"changes of another namespace":     {"other", priority.Change},
		"new tickets of another namespace": {"other", priority.NewTicket},
		"comments of another namespace":    {"other", priority.Addition},
		"what polls found to be looked at": {"team", priority.Poll},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := started(t.Context())
				defer c.end()
				queue := c.tickets
				if backlog.class == priority.Addition {
					queue = c.comments
				}
				for i := range 10_000 {
					queue.Add(named(backlog.namespace, backlog.class, i))
				}
				var longest time.Duration
				for i := range 20 {
					if i > 0 { // The first one comes when nothing of the backlog was looked at.
						<-time.After(time.Duration(2000+37*i) * time.Millisecond)
					}
					begun, created := time.Now(), named("team", priority.NewTicket, 90_000+i)
					c.tickets.Add(created)
					<-time.After(time.Second)
					sent := c.sentAt(created)
					if sent.IsZero() {
						t.Fatalf("nothing is sent within a second for new ticket %d", i)
					}
					longest = max(longest, sent.Sub(begun))
				}
				t.Logf("the longest wait of 20: %s", longest)
			})
		})
	}
}
