// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// tracker follows which Tickets are Ready, in a watch of all of them.
type tracker struct {
	mu sync.Mutex
	// applied is when a generation of a Ticket was sent to the API server, and ready when it was
	// seen to be Ready.
	applied, ready map[ticketVersion]time.Time
	// counts are how many are Ready, by namespace and generation.
	counts map[ticketVersion]int
	// failure ends the watch.
	failure error
}

// ticketVersion is a generation of a Ticket.
type ticketVersion struct {
	name       client.ObjectKey
	generation int64
}

func newTracker() *tracker {
	return &tracker{applied: map[ticketVersion]time.Time{}, ready: map[ticketVersion]time.Time{}, counts: map[ticketVersion]int{}}
}

// track begins to follow the Tickets. A watch that ends is begun anew where it ended.
func track(ctx context.Context, api client.WithWatch) (*tracker, error) {
	t := newTracker()
	var list v1alpha1.TicketList
	if err := api.List(ctx, &list, client.Limit(1)); err != nil {
		return nil, fmt.Errorf("listing the Tickets: %w", err)
	}
	go func() {
		version := list.ResourceVersion
		for ctx.Err() == nil {
			var err error
			if version, err = t.follow(ctx, api, version); err != nil {
				t.fail(err)
				return
			}
		}
	}()
	return t, nil
}

// follow watches from a version until the watch ends, and returns the version to go on from.
func (t *tracker) follow(ctx context.Context, api client.WithWatch, version string) (string, error) {
	events, err := api.Watch(ctx, &v1alpha1.TicketList{}, &client.ListOptions{Raw: watchFrom(version)})
	if err != nil {
		return "", fmt.Errorf("watching the Tickets: %w", err)
	}
	defer events.Stop()
	for event := range events.ResultChan() {
		if event.Type == watch.Error {
			return "", fmt.Errorf("watching the Tickets: %v", event.Object)
		}
		ticket, is := event.Object.(*v1alpha1.Ticket)
		if !is {
			continue
		}
		version = ticket.ResourceVersion
		if event.Type != watch.Deleted && event.Type != watch.Bookmark {
			t.see(ticket)
		}
	}
	return version, nil
}

func (t *tracker) see(ticket *v1alpha1.Ticket) {
	ready := meta.FindStatusCondition(ticket.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Status != "True" || ticket.Status.ObservedGeneration != ticket.Generation {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	of := ticketVersion{client.ObjectKeyFromObject(ticket), ticket.Generation}
	if _, seen := t.ready[of]; !seen {
		t.ready[of] = time.Now()
		t.counts[ticketVersion{client.ObjectKey{Namespace: ticket.Namespace}, ticket.Generation}]++
	}
}

func (t *tracker) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failure = err
}

// apply notes that a generation of a Ticket is being sent.
func (t *tracker) apply(name client.ObjectKey, generation int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.applied[ticketVersion{name, generation}] = time.Now()
}

// countReady is how many Tickets of a namespace are Ready with a generation.
func (t *tracker) countReady(namespace string, generation int64) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts[ticketVersion{client.ObjectKey{Namespace: namespace}, generation}], t.failure
}

// awaitReady waits until so many Tickets of a namespace are Ready with a generation.
func (b *bench) awaitReady(ctx context.Context, namespace string, generation int64, want int) error {
	for shown := time.Now(); ; {
		count, err := b.tickets.countReady(namespace, generation)
		if err = errors.Join(err, b.checkPrograms()); err != nil {
			return err
		}
		if count >= want {
			return nil
		}
		if time.Since(shown) > 15*time.Second {
			shown = time.Now()
			b.say("%d of %d Tickets are Ready", count, want)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d Tickets to be Ready, of which %d are: %w", want, count, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// latencies are the times from apply to Ready of new Tickets, the shortest first, and when the last
// of them was Ready.
func (t *tracker) latencies(namespace string, included func(name string) bool) (sorted []time.Duration, last time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for of, ready := range t.ready {
		applied, isKnown := t.applied[of]
		if !isKnown || of.name.Namespace != namespace || of.generation != 1 || !included(of.name.Name) {
			continue
		}
		sorted = append(sorted, ready.Sub(applied))
		if ready.After(last) {
			last = ready
		}
	}
	slices.Sort(sorted)
	return sorted, last
}

// percentile of sorted durations, in seconds.
func percentile(sorted []time.Duration, percent int) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)].Seconds()
}
