// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/lister"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
)

const (
	// mostReasons bounds the series of a kind. The operator has fewer; but whoever may write a
	// status chooses the word.
	mostReasons = 64
	// otherReason takes the place of what is beyond that.
	otherReason = "Other"
	// collectTimeout bounds how long a scrape waits for a cache that is being filled.
	collectTimeout = 5 * time.Second
)

var (
	objectsDescription = prometheus.NewDesc("synqly_objects",
		"Objects by kind, and by status and reason of their Ready condition; both are Unknown where there is none yet.",
		[]string{"kind", "ready", "reason"}, nil)
	unconfirmedDescription = prometheus.NewDesc("synqly_creates_unconfirmed",
		"Objects of which it is not known yet whether their latest create request made a remote object, by kind.",
		[]string{"kind"}, nil)
	driftedDescription = prometheus.NewDesc("synqly_drifted_tickets",
		"Tickets of which people have changed managed fields in the ticketing system.",
		nil, nil)
	connectedDescription = prometheus.NewDesc("synqly_integration_ready",
		"1 for an Integration that is Ready, 0 for one that is not. No series while that is not known, and while it is paused.",
		[]string{"namespace", "integration"}, nil)
	intervalDescription = prometheus.NewDesc("synqly_poll_interval_seconds",
		"The pollInterval of an Integration, in seconds.",
		[]string{"namespace", "integration"}, nil)
)

// objectMetrics counts the objects in the cache when it is asked.
type objectMetrics struct {
	reader client.Reader
	// leads is closed once this process leads: every replica has a cache, and one of them counts.
	leads <-chan struct{}
	// clusterIntegrations says whether these are in the cache.
	clusterIntegrations bool
}

// NewObjectMetrics returns a collector of how many objects there are, and how they are. reader
// reads from a cache; clusterIntegrations says whether it has ClusterIntegrations.
func NewObjectMetrics(reader client.Reader, leads <-chan struct{}, clusterIntegrations bool) prometheus.Collector {
	return &objectMetrics{reader: reader, leads: leads, clusterIntegrations: clusterIntegrations}
}

// Describe implements prometheus.Collector.
func (m *objectMetrics) Describe(descriptions chan<- *prometheus.Desc) {
	for _, description := range []*prometheus.Desc{objectsDescription, unconfirmedDescription, driftedDescription, connectedDescription, intervalDescription} {
		descriptions <- description
	}
}

// Collect implements prometheus.Collector.
func (m *objectMetrics) Collect(metrics chan<- prometheus.Metric) {
	select {
	case <-m.leads:
	default:
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	for _, counted := range m.kinds() {
		if err := counted.count(ctx, m.reader, metrics); err != nil {
			log.Log.Error(err, "counting objects for the metrics", "kind", counted.name)
		}
	}
}

// countedKind is a kind whose objects are counted.
type countedKind struct {
	name string
	list client.ObjectList
	// look adds what is told of an object besides its readiness, and returns its conditions.
	look func(object client.Object) []metav1.Condition
	// tell sends what look has added.
	tell func(metrics chan<- prometheus.Metric)
}

func (m *objectMetrics) kinds() []countedKind {
	kinds := []countedKind{connections("Integration", &v1alpha1.IntegrationList{})}
	if m.clusterIntegrations {
		kinds = append(kinds, connections("ClusterIntegration", &v1alpha1.ClusterIntegrationList{}))
	}
	for _, kind := range RemoteKinds {
		kinds = append(kinds, remoteObjects(kind))
	}
	return append(kinds,
		countedKind{name: "TicketQuery", list: &v1alpha1.TicketQueryList{}, look: func(object client.Object) []metav1.Condition {
			return object.(*v1alpha1.TicketQuery).Status.Conditions
		}},
		countedKind{name: "AlertReceiver", list: &v1alpha1.AlertReceiverList{}, look: func(object client.Object) []metav1.Condition {
			return object.(*v1alpha1.AlertReceiver).Status.Conditions
		}},
		countedKind{name: "Incident", list: &v1alpha1.IncidentList{}, look: func(object client.Object) []metav1.Condition {
			return object.(*v1alpha1.Incident).Status.Conditions
		}})
}

// connections tells of each Integration whether it is Ready, and its pollInterval.
func connections(name string, list client.ObjectList) countedKind {
	states, intervals := map[client.ObjectKey]float64{}, map[client.ObjectKey]float64{}
	return countedKind{
		name: name, list: list,
		look: func(object client.Object) []metav1.Condition {
			integration := object.(connection.Integration)
			if interval := integration.ConnectionSpec().PollInterval; interval != nil {
				intervals[client.ObjectKeyFromObject(object)] = interval.Seconds()
			}
			conditions := integration.ConnectionStatus().Conditions
			switch readinessOf(conditions).ready {
			case string(metav1.ConditionTrue):
				states[client.ObjectKeyFromObject(object)] = 1
			case string(metav1.ConditionFalse):
				states[client.ObjectKeyFromObject(object)] = 0
			}
			return conditions
		},
		tell: func(metrics chan<- prometheus.Metric) {
			for of, state := range states {
				metrics <- prometheus.MustNewConstMetric(connectedDescription, prometheus.GaugeValue, state, of.Namespace, of.Name)
			}
			for of, interval := range intervals {
				metrics <- prometheus.MustNewConstMetric(intervalDescription, prometheus.GaugeValue, interval, of.Namespace, of.Name)
			}
		},
	}
}

// remoteObjects tells of a kind how many creates are open, and of Tickets how many have drifted.
func remoteObjects(kind remote.Kind) countedKind {
	unconfirmed, drifted := 0, 0
	return countedKind{
		name: kind.Name, list: kind.NewList(),
		look: func(object client.Object) []metav1.Condition {
			status := object.(remote.Object).RemoteStatus()
			if status.OpenAttempt > status.SettledAttempt {
				unconfirmed++
			}
			if ticket, isTicket := object.(*v1alpha1.Ticket); isTicket && len(ticket.Status.Drift) > 0 {
				drifted++
			}
			return status.Conditions
		},
		tell: func(metrics chan<- prometheus.Metric) {
			metrics <- prometheus.MustNewConstMetric(unconfirmedDescription, prometheus.GaugeValue, float64(unconfirmed), kind.Name)
			if _, isTicket := kind.New().(*v1alpha1.Ticket); isTicket {
				metrics <- prometheus.MustNewConstMetric(driftedDescription, prometheus.GaugeValue, float64(drifted))
			}
		},
	}
}

// readiness is what objects are counted by.
type readiness struct{ ready, reason string }

func (k countedKind) count(ctx context.Context, reader client.Reader, metrics chan<- prometheus.Metric) error {
	counts := map[readiness]int{}
	err := lister.Each(ctx, reader, k.list, func(object client.Object) {
		found := readinessOf(k.look(object))
		if _, known := counts[found]; !known && len(counts) >= mostReasons {
			found.reason = otherReason
		}
		counts[found]++
	})
	if err != nil {
		return err
	}
	for found, count := range counts {
		metrics <- prometheus.MustNewConstMetric(objectsDescription, prometheus.GaugeValue, float64(count), k.name, found.ready, found.reason)
	}
	if k.tell != nil {
		k.tell(metrics)
	}
	return nil
}

func readinessOf(conditions []metav1.Condition) readiness {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return readiness{string(metav1.ConditionUnknown), string(metav1.ConditionUnknown)}
	}
	return readiness{string(ready.Status), ready.Reason}
}
