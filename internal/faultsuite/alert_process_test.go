// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/alertreceiver"
	"github.com/synqly/ticketing-operator/internal/controller/incident"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/faultsuite/memoryapi"
	"github.com/synqly/ticketing-operator/internal/source/alerts"
)

// countDelay is how long the controller of AlertReceivers collects changes before it counts.
const countDelay = 2 * time.Second

// followAlerts adds the controllers and the endpoint of what alerts become.
func (p *process) followAlerts(options remote.Options) {
	templates := alertreceiver.NewTemplateErrors()
	p.reconcilers["AlertReceiver"] = alertreceiver.NewReconciler(alertreceiver.Options{
		Client: options.Client, Secrets: options.APIReader, Recorder: options.Recorder, Clock: options.Clock, Templates: templates,
	})
	p.reconcilers["Incident"] = incident.NewReconciler(incident.Options{
		Client: options.Client, Recorder: options.Recorder, Clock: options.Clock, Templates: templates,
	})
	p.serveAlerts(options.Client, options.APIReader)
}

func (p *process) serveAlerts(cached client.Client, live client.Reader) {
	server, err := alerts.New(alerts.Options{Client: cached, APIReader: live})
	p.world.must(err)
	p.endpoint = server.Handler()
}

// newStandby starts a process that does not lead. It serves the endpoint as every replica does.
func newStandby(w *world) *process {
	p := &process{world: w, standby: true, timers: map[reference]time.Time{}, written: map[string]int64{}}
	p.logger = w.logger()
	p.serveAlerts(w.api.NewClient(memoryapi.Hooks{Read: p.readCached, Write: p.write}), w.api.NewClient(memoryapi.Hooks{Read: p.readLive}))
	return p
}

// notifyOfAlerts is what the watches of the controllers of Incidents and AlertReceivers do.
func (p *process) notifyOfAlerts(change memoryapi.Change) {
	object := change.Object()
	count := func(receiver string) {
		if receiver != "" {
			p.enqueueAt(reference{"AlertReceiver", receiver}, time.Now().Add(countDelay))
		}
	}
	switch o := object.(type) {
	case *v1alpha1.Incident:
		p.enqueue(referenceTo(o))
		count(o.Spec.ReceiverRef.Name)
	case *v1alpha1.AlertReceiver:
		p.enqueue(referenceTo(o))
		if change.Before == nil || change.After == nil || change.Before.GetGeneration() != change.After.GetGeneration() {
			p.world.each(&v1alpha1.IncidentList{}, func(incident client.Object) { p.enqueue(referenceTo(incident)) })
		}
	case *v1alpha1.Ticket:
		if owner := metav1.GetControllerOf(o); owner != nil && owner.Kind == "Incident" {
			p.enqueue(reference{"Incident", owner.Name})
		}
		count(o.Labels[v1alpha1.ReceiverLabel])
	case *v1alpha1.Integration:
		p.world.each(&v1alpha1.AlertReceiverList{}, func(receiver client.Object) { p.enqueue(referenceTo(receiver)) })
	}
}

// ownerUID is the UID of the Incident that an object belongs to; empty without one.
func ownerUID(object client.Object) types.UID {
	if owner := metav1.GetControllerOf(object); owner != nil && owner.Kind == "Incident" {
		return owner.UID
	}
	return ""
}
