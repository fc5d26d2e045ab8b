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
	// known has, for remote objects that lists show differently from what they are, and without a
	// time, a hash of what the list showed when that was looked into.
	known map[types.NamespacedName]string
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
	return &Observations[R]{open: map[types.NamespacedName]*Observation[R]{}, known: map[types.NamespacedName]string{}}
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
// object, unless it shows what was looked into before.
func (s *Observations[R]) Report(observation Observation[R]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if observation.Remote != nil && s.known[observation.Object] == observation.hash() {
		return
	}
	delete(s.known, observation.Object)
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

// explained forgets an observation, and the next ones that show the same.
func (s *Observations[R]) explained(observation *Observation[R]) {
	s.done(observation)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[observation.Object] == nil {
		s.known[observation.Object] = observation.hash()
	}
}

// hash is one for the same sight of the same remote object by the same object.
func (o *Observation[R]) hash() string { return Hash([]any{o.UID, o.ID, o.Remote}) }

func (s *Observations[R]) forget(object types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, object)
	delete(s.known, object)
}
