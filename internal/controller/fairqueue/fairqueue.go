// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fairqueue is the work queue of the controllers. It keeps what one tenant does, or what
// its provider does not do, from holding up the others: a namespace, and within it an Integration,
// has a share of the workers of each controller, and what is beyond that waits in the queue.
//
// It is a workqueue of client-go with another order (workqueue.Queue), and as such deduplicates
// requests, delays them and has the usual metrics.
package fairqueue

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/synqly/ticketing-operator/internal/controller/priority"
)

const (
	// namespaceFraction and integrationFraction are the parts of the workers of a controller that
	// the objects of one namespace, and those of one Integration, can hold: a quarter and an
	// eighth. That of a ClusterIntegration is all that its namespaces have together. A share is one
	// worker at least.
	namespaceFraction   = 4
	integrationFraction = 8
)

// IntegrationOf names the Integration that an object uses, as far as that is known; without a name
// where it is not. A ClusterIntegration has no namespace. It is called under the lock of the queue,
// so it must read from a cache and never wait.
type IntegrationOf func(context.Context, reconcile.Request) types.NamespacedName

// ByName is for requests that name Integrations themselves.
func ByName(_ context.Context, request reconcile.Request) types.NamespacedName {
	return request.NamespacedName
}

// ClassOf is the class of what there is to do for a request. It is called as IntegrationOf is.
type ClassOf func(context.Context, reconcile.Request) priority.Class

// Options make a controller with so many workers use the queue.
func Options(workers int, integrationOf IntegrationOf) controller.Options {
	return ByClass(workers, integrationOf, func(context.Context, reconcile.Request) priority.Class { return priority.Change })
}

// ByClass are Options for a controller whose requests have classes.
func ByClass(workers int, integrationOf IntegrationOf, classOf ClassOf) controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: workers,
		NewQueue: func(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request] {
			return newQueue(name, limiter, sharesOf(workers), integrationOf, classOf)
		},
	}
}

// shares are how many workers a namespace and an Integration can hold.
type shares struct{ namespace, integration int }

func sharesOf(workers int) shares {
	part := func(fraction int) int { return max(1, (workers+fraction-1)/fraction) }
	return shares{namespace: part(namespaceFraction), integration: part(integrationFraction)}
}

// queue is a work queue with an order that is fair.
type queue struct {
	workqueue.TypedRateLimitingInterface[reconcile.Request]
	order *order
}

var _ priorityqueue.PriorityQueue[reconcile.Request] = &queue{}

func newQueue(name string, limiter workqueue.TypedRateLimiter[reconcile.Request], limits shares, integrationOf IntegrationOf, classOf ClassOf) *queue {
	fair := newOrder(limits, func(request reconcile.Request) types.NamespacedName {
		return integrationOf(context.Background(), request)
	}, func(request reconcile.Request) priority.Class {
		return classOf(context.Background(), request)
	})
	return &queue{
		order: fair,
		TypedRateLimitingInterface: workqueue.NewTypedRateLimitingQueueWithConfig(limiter, workqueue.TypedRateLimitingQueueConfig[reconcile.Request]{
			DelayingQueue: workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[reconcile.Request]{
				Name:  name,
				Queue: workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[reconcile.Request]{Name: name, Queue: fair}),
			}),
		}),
	}
}

// Add implements workqueue.TypedInterface.
func (q *queue) Add(request reconcile.Request) { q.AddWithOpts(priorityqueue.AddOpts{}, request) }

// AddWithOpts implements priorityqueue.PriorityQueue.
func (q *queue) AddWithOpts(options priorityqueue.AddOpts, requests ...reconcile.Request) {
	for _, request := range requests {
		priority := 0
		if options.Priority != nil {
			priority = *options.Priority
		}
		q.order.prioritise(request, priority)
		switch {
		case options.RateLimited:
			q.AddRateLimited(request)
		case options.After > 0:
			q.AddAfter(request, options.After)
		default:
			q.TypedRateLimitingInterface.Add(request)
		}
	}
}

// GetWithPriority implements priorityqueue.PriorityQueue.
func (q *queue) GetWithPriority() (request reconcile.Request, priority int, shutdown bool) {
	request, shutdown = q.Get()
	if shutdown {
		return request, 0, true
	}
	return request, q.order.priorityOf(request), false
}

// Done gives the worker back. Whoever waits for it is not woken: the worker that is done asks for
// its next request itself, and one place that becomes free lets one request more go.
func (q *queue) Done(request reconcile.Request) {
	q.order.release(request)
	q.TypedRateLimitingInterface.Done(request)
}

// ShutDown implements workqueue.TypedInterface. What waits is left: there is nobody to work on it.
func (q *queue) ShutDown() {
	q.order.close()
	q.TypedRateLimitingInterface.ShutDown()
}

// ShutDownWithDrain is ShutDown, as controller-runtime does not drain its queues.
func (q *queue) ShutDownWithDrain() { q.ShutDown() }
