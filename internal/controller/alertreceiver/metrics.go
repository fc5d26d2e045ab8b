// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alertreceiver

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

var (
	incidents = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "synqly_incidents",
		Help: "Incidents by AlertReceiver and phase. Those in phase Waiting are held back by maxOpenTickets.",
	}, []string{"namespace", "receiver", "phase"})

	withoutTicket = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "synqly_incident_without_ticket_since_seconds",
		Help: "Unix time since when an incident of an AlertReceiver waits for a remote ticket, the longest of them. No series while none waits.",
	}, []string{"namespace", "receiver"})
)

func init() {
	metrics.Registry.MustRegister(incidents, withoutTicket)
}

var phases = []v1alpha1.IncidentPhase{v1alpha1.IncidentFiring, v1alpha1.IncidentResolved, v1alpha1.IncidentSuppressed, v1alpha1.IncidentWaiting}

func setIncidents(receiver types.NamespacedName, counted counts) {
	for _, phase := range phases {
		incidents.WithLabelValues(receiver.Namespace, receiver.Name, string(phase)).Set(float64(counted.phases[phase]))
	}
	if counted.withoutTicket.IsZero() {
		withoutTicket.DeleteLabelValues(receiver.Namespace, receiver.Name)
		return
	}
	withoutTicket.WithLabelValues(receiver.Namespace, receiver.Name).Set(float64(counted.withoutTicket.Unix()))
}

func forgetIncidents(receiver types.NamespacedName) {
	of := prometheus.Labels{"namespace": receiver.Namespace, "receiver": receiver.Name}
	incidents.DeletePartialMatch(of)
	withoutTicket.DeletePartialMatch(of)
}
