// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/fairqueue"
	"github.com/synqly/ticketing-operator/internal/controller/priority"
)

// waiter is how an object asks for the first request of a step. To look at what others may have
// changed is as urgent as the poll that has found it, unless somebody waits for it.
func (r *Reconciler[O, R]) waiter(s *state[O, R], next step) connection.Waiter {
	class := classOf(r.adapter, s.object)
	found := r.situation(s)
	isAwaited := found.differs || s.policy.Enforce && found.drifted || s.syncRequest() != s.status.LastSyncRequest
	if next == refresh && s.needsRefresh && !isAwaited {
		class = priority.Poll
	}
	return connection.Waiter{Class: class, Namespace: s.name.Namespace, Name: r.adapter.Kind() + " " + s.name.String()}
}

// classOf is the class of what there may be to do for an object. To adopt a remote ticket is to
// change it: it exists.
func classOf[O Object, R any](adapter Adapter[O, R], object O) priority.Class {
	switch {
	case !object.GetDeletionTimestamp().IsZero():
		return priority.Deletion
	case object.RemoteStatus().ID != "", adapter.Policy(object).AdoptID != "":
		return priority.Change
	}
	return adapter.Class()
}

// classInCache tells the work queue the class of a request. An object that is gone is done with at
// once.
func classInCache[O Object, R any](cached client.Reader, adapter Adapter[O, R]) fairqueue.ClassOf {
	reader := atOnce{cached}
	return func(ctx context.Context, request ctrl.Request) priority.Class {
		object := adapter.New()
		if err := reader.Get(ctx, request.NamespacedName, object); err != nil {
			return priority.Deletion
		}
		return classOf(adapter, object)
	}
}
