// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// notificationInterval is how often the time of the latest notification is written at most.
const notificationInterval = time.Minute

// statuses writes the time of the latest notification into the status of receivers.
type statuses struct {
	client client.Client
	now    func() time.Time

	mu      sync.Mutex
	written map[types.NamespacedName]time.Time
}

func newStatuses(writer client.Client, now func() time.Time) *statuses {
	return &statuses{client: writer, now: now, written: map[types.NamespacedName]time.Time{}}
}

// notified writes that a notification was stored, unless that was written a moment ago. A failure
// costs the sender nothing.
func (s *statuses) notified(ctx context.Context, receiver *v1alpha1.AlertReceiver) {
	now := s.now()
	if last := receiver.Status.LastNotification; last != nil && now.Sub(last.Time) < notificationInterval {
		return
	}
	if !s.isDue(client.ObjectKeyFromObject(receiver), now) {
		return
	}
	changed := receiver.DeepCopy()
	at := metav1.NewTime(now).Rfc3339Copy()
	changed.Status.LastNotification = &at
	if err := s.client.Status().Patch(ctx, changed, client.MergeFrom(receiver)); err != nil {
		log.FromContext(ctx).WithName("alerts").V(1).Info("the time of the latest notification was not written", "error", err.Error())
	}
}

// isDue reports whether this process has not written it within the interval, and notes that it does
// now.
func (s *statuses) isDue(receiver types.NamespacedName, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, exists := s.written[receiver]; exists && now.Sub(last) < notificationInterval {
		return false
	}
	s.written[receiver] = now
	return true
}

func (s *statuses) forget(receiver types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.written, receiver)
}

// deletions calls the function for each receiver that is deleted.
func deletions(deleted func(types.NamespacedName)) toolscache.ResourceEventHandler {
	return toolscache.ResourceEventHandlerFuncs{DeleteFunc: func(object any) {
		if last, isUnknown := object.(toolscache.DeletedFinalStateUnknown); isUnknown {
			object = last.Obj
		}
		if receiver, isReceiver := object.(*v1alpha1.AlertReceiver); isReceiver {
			deleted(client.ObjectKeyFromObject(receiver))
		}
	}}
}
