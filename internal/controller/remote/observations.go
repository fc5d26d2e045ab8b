// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// Observations hand to a Reconciler what has been seen of its remote objects elsewhere, in a list
// for example, and enqueue it. An observation stays until a reconcile has written down what it
// shows, so that nothing is lost when that fails. It is a source of the Reconciler's controller.
type Observations[R any] struct {
	mu    sync.Mutex
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]
	open  map[types.NamespacedName]*Observation[R]
}

// Observation is what was seen of one remote object.
type Observation[R any] struct {
	// Object is the name, and UID the UID, of the object that stands for it.
	Object types.NamespacedName
	UID    types.UID
	// ID of the remote object.
	ID string
	// Remote is what it shows; nil where it has to be fetched, because it may be gone.
	Remote *R
}

var _ source.TypedSource[reconcile.Request] = &Observations[int]{}

func newObservations[R any]() *Observations[R] {
	return &Observations[R]{open: map[types.NamespacedName]*Observation[R]{}}
}

// Start implements source.TypedSource. It never blocks.
func (s *Observations[R]) Start(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = queue
	for name := range s.open {
		s.enqueue(name)
	}
	return nil
}

// Report hands over an observation, in place of an earlier one of the same object, and enqueues the
// object.
func (s *Observations[R]) Report(observation Observation[R]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[observation.Object] = &observation
	s.enqueue(observation.Object)
}

// enqueue lets what people ask for go first: a remote change has waited for a poll already.
func (s *Observations[R]) enqueue(name types.NamespacedName) {
	request := reconcile.Request{NamespacedName: name}
	switch queue := s.queue.(type) {
	case nil:
	case priorityqueue.PriorityQueue[reconcile.Request]:
		queue.AddWithOpts(priorityqueue.AddOpts{Priority: ptr.To(handler.LowPriority)}, request)
	default:
		queue.Add(request)
	}
}

// Open returns the observation of an object that no reconcile has written down yet, or nil.
func (s *Observations[R]) Open(object types.NamespacedName) *Observation[R] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[object]
}

// done forgets an observation, unless there is a newer one.
func (s *Observations[R]) done(observation *Observation[R]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[observation.Object] == observation {
		delete(s.open, observation.Object)
	}
}

func (s *Observations[R]) forget(object types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, object)
}
