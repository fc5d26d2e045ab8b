// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/shard"
)

const (
	// writeAttempts is how often an Incident is written at most for one notification: others may
	// write it at the same time.
	writeAttempts = 6
	// writesAtOnce is how many Incidents of one notification are written at the same time.
	writesAtOnce = 8
	// firstPause is the longest pause before the second attempt. It doubles with each attempt.
	firstPause = 20 * time.Millisecond
)

// errBeingDeleted means that the Incident goes away, and what is written now would go with it.
var errBeingDeleted = errors.New("the Incident is being deleted")

// store keeps what senders say in Incidents.
type store struct {
	// client reads from the cache, and live from the API server.
	client client.Client
	live   client.Reader
	// shard is that of the receivers, in which their Incidents are as well.
	shard shard.Shard
}

// keep records a notification in the Incidents that it is about. It fails unless all that is new is
// stored.
func (s store) keep(ctx context.Context, receiver *v1alpha1.AlertReceiver, message notification) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writesAtOnce)
	for name, part := range message.byIncident(receiver) {
		group.Go(func() error { return s.keepIncident(ctx, receiver, name, part) })
	}
	return group.Wait()
}

// keepIncident records a notification in one Incident. The cache is enough to see that nothing is
// new. What is written is written under the resourceVersion, so that no replica undoes what another
// one has written.
func (s store) keepIncident(ctx context.Context, receiver *v1alpha1.AlertReceiver, name string, message notification) error {
	reader := client.Reader(s.client)
	for attempt := 1; ; attempt++ {
		err := s.tryToKeep(ctx, reader, receiver, name, message)
		overtaken := apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err)
		if err == nil || !overtaken {
			return err
		}
		if attempt == writeAttempts {
			return fmt.Errorf("writing the Incident %d times: %w", attempt, err)
		}
		if err := pause(ctx, firstPause<<(attempt-1)); err != nil {
			return err
		}
		reader = s.live
	}
}

func (s store) tryToKeep(ctx context.Context, reader client.Reader, receiver *v1alpha1.AlertReceiver, name string, message notification) error {
	var incident v1alpha1.Incident
	err := reader.Get(ctx, types.NamespacedName{Namespace: receiver.Namespace, Name: name}, &incident)
	if apierrors.IsNotFound(err) {
		return s.create(ctx, receiver, name, message)
	}
	if err != nil {
		return fmt.Errorf("reading the Incident: %w", err)
	}
	if !incident.DeletionTimestamp.IsZero() {
		return errBeingDeleted
	}
	stored := incident.DeepCopy()
	incident.Spec = record(stored.Spec, message)
	setOwner(&incident, receiver)
	incident.Labels = s.shard.Inherit(incident.Labels, receiver)
	if equality.Semantic.DeepEqual(stored, &incident) {
		return nil
	}
	patch := client.MergeFromWithOptions(stored, client.MergeFromWithOptimisticLock{})
	if err := s.client.Patch(ctx, &incident, patch); err != nil {
		return fmt.Errorf("writing the Incident: %w", err)
	}
	return nil
}

// create makes an Incident, unless nothing of it fires: there is nothing to resolve then.
func (s store) create(ctx context.Context, receiver *v1alpha1.AlertReceiver, name string, message notification) error {
	if !slices.ContainsFunc(message.alerts, func(alert receivedAlert) bool { return alert.Status == v1alpha1.AlertFiring }) {
		return nil
	}
	incident := &v1alpha1.Incident{
		ObjectMeta: metav1.ObjectMeta{Namespace: receiver.Namespace, Name: name, Labels: s.shard.Inherit(map[string]string{v1alpha1.ReceiverLabel: receiver.Name}, receiver)},
		Spec:       record(v1alpha1.IncidentSpec{ReceiverRef: v1alpha1.AlertReceiverReference{Name: receiver.Name}}, message),
	}
	setOwner(incident, receiver)
	if err := s.client.Create(ctx, incident); err != nil {
		return fmt.Errorf("creating the Incident: %w", err)
	}
	return nil
}

// setOwner makes the receiver the owner, and the only one of its kind: an Incident whose receiver
// was deleted and created again would otherwise be removed together with the former one.
func setOwner(incident *v1alpha1.Incident, receiver *v1alpha1.AlertReceiver) {
	owner := metav1.OwnerReference{
		APIVersion: v1alpha1.GroupVersion.String(), Kind: "AlertReceiver", Name: receiver.Name, UID: receiver.UID,
	}
	position := slices.IndexFunc(incident.OwnerReferences, func(present metav1.OwnerReference) bool {
		return present.Kind == owner.Kind && present.APIVersion == owner.APIVersion
	})
	if position < 0 {
		incident.OwnerReferences = append(incident.OwnerReferences, owner)
		return
	}
	incident.OwnerReferences[position] = owner
}

// pause waits for a random time of at most so long.
func pause(ctx context.Context, longest time.Duration) error {
	timer := time.NewTimer(rand.N(longest))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
