// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

const (
	// latency and errorRate are groups of alerts.
	latency, errorRate = "HighLatency", "HighErrorRate"
	// wontDo is the status by which people say that they want no ticket.
	wontDo = "Won't Do"
)

// theAlertTicket is the first Ticket of the Incident of latency.
var theAlertTicket = reference{"Ticket", "platform-c4fa0335661adb45-1"}

// anAlertReceiver makes the AlertReceiver of a scenario.
func anAlertReceiver(change ...func(*v1alpha1.AlertReceiverSpec)) func() *v1alpha1.AlertReceiver {
	return func() *v1alpha1.AlertReceiver {
		receiver := &v1alpha1.AlertReceiver{ObjectMeta: metav1.ObjectMeta{Name: receiverName}, Spec: v1alpha1.AlertReceiverSpec{
			IntegrationRef:   v1alpha1.IntegrationReference{Name: integrationName},
			TokenSecretRef:   v1alpha1.SecretKeyReference{Name: alertSecretName, Key: "token"},
			Resolve:          v1alpha1.ResolveSpec{Status: "Done"},
			Refire:           v1alpha1.RefireSpec{Status: "To Do"},
			SuppressStatuses: []string{wontDo},
		}}
		for _, c := range change {
			c(&receiver.Spec)
		}
		return receiver
	}
}

func whenClosed(policy v1alpha1.ClosedWhileFiring) func(*v1alpha1.AlertReceiverSpec) {
	return func(spec *v1alpha1.AlertReceiverSpec) { spec.ClosedWhileFiring = policy }
}

// What happens to alerts.

func firing(group string, names ...string) func(*world) {
	return func(w *world) {
		w.alerts.fire(group, names...)
		w.alerts.tell(group)
	}
}

func resolving(group string) func(*world) {
	return func(w *world) {
		w.alerts.resolve(group)
		w.alerts.tell(group)
	}
}

// repeating is what an Alertmanager does when nothing has changed for long.
func repeating(group string) func(*world) {
	return func(w *world) { w.alerts.tell(group) }
}

// passing lets time pass and everything be done that is due meanwhile.
func passing(duration time.Duration) func(*world) {
	return func(w *world) { w.pass(duration) }
}

// lasting lets a long time pass in which nothing is to be done. What was due by then is done after
// it.
func lasting(duration time.Duration) func(*world) {
	return func(*world) { elapse(duration) }
}

func inTurn(acts ...func(*world)) func(*world) {
	return func(w *world) {
		for i, act := range acts {
			if i > 0 {
				w.rest()
			}
			act(w)
		}
	}
}

// What people do about it.

// setting has a person give the remote ticket a status, and the operator see it some time later.
func setting(status string) func(*world) {
	return func(w *world) { w.alerts.personSets(theAlertTicket, status) }
}

func (a *alertWorld) personSets(of reference, status string) {
	w := a.world
	id := w.remoteIDOf(of)
	if !w.remote.EditTicket(id, func(t *simulator.Ticket) { t.Status = status }) {
		return
	}
	a.decided[id] = true
	w.keptStatuses[id] = status
	w.inTime(soon, func() {
		if w.get(of) != nil {
			w.annotate(of, v1alpha1.SyncRequestedAnnotation, time.Now().String())
		}
	})
}

func (a *alertWorld) personDeletesTicket(of reference) {
	if ticket := a.world.get(of); ticket != nil {
		a.deleted[ticket.GetUID()] = true
		a.world.delete(of)
	}
}

func (a *alertWorld) personDeletesIncident(group string) {
	if incident := a.incidentOf(group); incident != nil {
		a.world.delete(referenceTo(incident))
	}
}

func (a *alertWorld) personDeletesReceiver() {
	a.receiverDeleted = true
	a.world.delete(reference{"AlertReceiver", receiverName})
}

func scenariosOfAlerts() []scenario {
	scenarios := []scenario{
		{name: "alerts join and resolve", acts: []func(*world){firing(latency, "a"), firing(latency, "b"), resolving(latency)}},
		{name: "an Alertmanager is late", acts: []func(*world){func(w *world) {
			// The second one of the pair gets rid of its notification when all is over, and does
			// not repeat what the first one has said since.
			w.alerts.fire(latency, "a")
			fires := w.alerts.notification(latency)
			w.inTime(time.Minute, func() {
				w.alerts.resolve(latency)
				w.alerts.send(w.alerts.pair[0], w.alerts.notification(latency))
			})
			w.inTime(time.Minute+peerTimeout, func() { w.alerts.send(w.alerts.pair[1], fires) })
			w.alerts.send(w.alerts.pair[0], fires)
		}}},
		{name: "alerts fire again", setup: inTurn(firing(latency, "a"), resolving(latency)), acts: []func(*world){firing(latency, "a")}},
		{name: "alerts fire again while their ticket is closed", setup: firing(latency, "a"), acts: []func(*world){func(w *world) {
			resolving(latency)(w)
			w.inTime(2*time.Minute, func() { firing(latency, "a")(w) })
		}}},
		{name: "alerts fire again much later", setup: inTurn(firing(latency, "a"), resolving(latency), lasting(25*time.Hour)),
			acts: []func(*world){firing(latency, "a"), resolving(latency)}},
		{name: "alert ticket set to a suppressed status", setup: firing(latency, "a"), acts: []func(*world){setting(wontDo), resolving(latency), firing(latency, "a")}},
		{name: "alert Ticket deleted", setup: firing(latency, "a"), acts: []func(*world){
			func(w *world) { w.alerts.personDeletesTicket(theAlertTicket) }, firing(latency, "b"),
		}},
		{name: "remote ticket of alerts deleted", setup: firing(latency, "a"), acts: []func(*world){
			func(w *world) {
				w.personDeletes(theAlertTicket)
				w.annotate(theAlertTicket, v1alpha1.SyncRequestedAnnotation, "now")
			}, resolving(latency),
		}},
		{name: "Incident deleted", setup: firing(latency, "a"), acts: []func(*world){
			func(w *world) { w.alerts.personDeletesIncident(latency) }, repeating(latency),
		}},
		{name: "AlertReceiver deleted", setup: firing(latency, "a"), acts: []func(*world){
			func(w *world) { w.alerts.personDeletesReceiver() }, firing(latency, "b"),
		}},
		{name: "Incident retained until its time has come", setup: inTurn(firing(latency, "a"), resolving(latency), lasting(7*24*time.Hour-30*time.Minute)),
			acts: []func(*world){lasting(time.Hour), firing(latency, "a")}},
		{name: "too many open tickets", receiver: anAlertReceiver(func(spec *v1alpha1.AlertReceiverSpec) { spec.MaxOpenTickets = 1 }),
			setup: firing(latency, "a"), acts: []func(*world){inTurn(firing(errorRate, "a"), passing(time.Minute)), resolving(latency), passing(2 * time.Minute)}},
	}
	for _, policy := range []v1alpha1.ClosedWhileFiring{v1alpha1.ClosedWhileFiringKeep, v1alpha1.ClosedWhileFiringReopen, v1alpha1.ClosedWhileFiringNewTicket} {
		scenarios = append(scenarios, scenario{
			name: fmt.Sprintf("alert ticket closed, %s", policy), receiver: anAlertReceiver(whenClosed(policy)), setup: firing(latency, "a"),
			acts: []func(*world){setting("Closed"), firing(latency, "b")},
		})
	}
	for i := range scenarios {
		scenarios[i].primary = theAlertTicket
		if scenarios[i].receiver == nil {
			scenarios[i].receiver = anAlertReceiver()
		}
	}
	return scenarios
}
