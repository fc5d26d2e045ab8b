// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
)

const (
	// patience is how long, in virtual time, the world may take to come to rest.
	patience = 2 * time.Hour
	// maxSteps bounds the reconciles of one case. The longest honest one, with checks every few
	// seconds for a quarter of an hour, is far from it.
	maxSteps = 2000
)

// rest lets the world run until nothing but periodic checks is left to do, or patience ends.
func (w *world) rest() { w.run(time.Now().Add(patience), false) }

// pass lets the world run for a time, periodic checks included.
func (w *world) pass(duration time.Duration) { w.run(time.Now().Add(duration), true) }

// run reconciles what is queued, and moves the time on to what is due next. It ends at a time, or,
// unless all is wanted, before it when only periodic checks are left.
func (w *world) run(until time.Time, all bool) {
	for w.steps <= maxSteps {
		w.keepAppointments()
		if w.stepAny() {
			if w.steps++; w.steps > maxSteps {
				w.violate("the system does not come to rest after %d reconciles", maxSteps)
			}
			continue
		}
		next, urgent := w.next()
		if next.IsZero() || next.After(until) || (!urgent && !all) {
			if all {
				elapse(time.Until(until))
			}
			return
		}
		elapse(time.Until(next))
		w.fireTimers()
	}
}

// elapse moves the time on. In the bubble that a case lives in this takes none, and ends the
// waiting of everything else that is due meanwhile.
func elapse(duration time.Duration) {
	time.Sleep(duration) //nolint:forbidigo // The clock of a synctest bubble is moved on by sleeping.
}

// stepAny reconciles the next queued object of the first process that has one.
func (w *world) stepAny() bool {
	for i, p := range w.managers {
		p.catchUp()
		p.drainRechecks()
		if len(p.queue) == 0 || p.frozen {
			continue
		}
		of := p.queue[0]
		p.queue = p.queue[1:]
		if p.reconcile(of) && len(w.managers) > 1 {
			// The other processes come first the next time.
			w.managers = append(append([]*process{}, w.managers[i+1:]...), w.managers[:i+1]...)
		}
		w.checkStep()
		return true
	}
	return false
}

// next is when something is due, and whether it is more than a periodic check. It is the zero time
// when nothing is.
func (w *world) next() (earliest time.Time, urgent bool) {
	consider := func(at time.Time, isUrgent bool) {
		if earliest.IsZero() || at.Before(earliest) {
			earliest = at
		}
		urgent = urgent || isUrgent
	}
	for _, p := range w.managers {
		if p.frozen {
			continue
		}
		for of, at := range p.timers {
			counts := of.kind == "AlertReceiver" && time.Until(at) <= countDelay
			consider(at, counts || !w.settled(of))
		}
		if p.lag != nil {
			consider(p.lag.until, true)
		}
	}
	if len(w.appointments) > 0 {
		consider(w.appointments[0].at, true)
	}
	return earliest, urgent
}

func (w *world) fireTimers() {
	now := time.Now()
	for _, p := range w.managers {
		// In the order of kinds and names, because that of a map is chance.
		for _, of := range sortedKeys(p.timers) {
			if at := p.timers[of]; !p.frozen && !at.After(now) {
				p.enqueue(of)
			}
		}
	}
}

func (w *world) keepAppointments() {
	for len(w.appointments) > 0 && !w.appointments[0].at.After(time.Now()) {
		due := w.appointments[0]
		w.appointments = w.appointments[1:]
		due.what()
	}
}

// settled reports whether an object is as it should be, so that what is planned for it is a
// periodic check.
func (w *world) settled(of reference) bool {
	if of == thePoller {
		return true
	}
	switch object := w.get(of).(type) {
	case nil:
		return true
	case connection.Integration:
		return object.GetDeletionTimestamp().IsZero() && object.ConnectionStatus().ObservedGeneration == object.GetGeneration() &&
			meta.IsStatusConditionTrue(object.ConnectionStatus().Conditions, v1alpha1.ConditionReady)
	case *v1alpha1.Incident:
		return w.alerts.follows(object)
	case remote.Object:
		status := object.RemoteStatus()
		if w.alerts != nil && w.ledger.removedByPerson[status.ID] {
			return true // An Incident asks nobody to do anything about it.
		}
		return object.GetDeletionTimestamp().IsZero() && status.ObservedGeneration == object.GetGeneration() &&
			object.GetAnnotations()[v1alpha1.SyncRequestedAnnotation] == status.LastSyncRequest &&
			meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady)
	}
	return true
}
