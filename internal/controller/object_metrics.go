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
	driftedDescription = prometheus.NewDesc("synqly_drifted_tickets",
		"Tickets of which people have changed managed fields in the ticketing system.",
		nil, nil)
)

// objectMetrics counts the objects in the cache when it is asked.
type objectMetrics struct {
	reader client.Reader
	// leads is closed once this process leads: every replica has a cache, and one of them counts.
	leads <-chan struct{}
}

// NewObjectMetrics returns a collector of how many objects there are, and how they are. reader
// reads from a cache.
func NewObjectMetrics(reader client.Reader, leads <-chan struct{}) prometheus.Collector {
	return &objectMetrics{reader: reader, leads: leads}
}

// Describe implements prometheus.Collector.
func (m *objectMetrics) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- objectsDescription
	descriptions <- driftedDescription
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
	for _, kind := range RemoteKinds {
		if err := m.count(ctx, kind, metrics); err != nil {
			log.Log.Error(err, "counting objects for the metrics", "kind", kind.Name)
		}
	}
}

// readiness is what objects are counted by.
type readiness struct{ ready, reason string }

func (m *objectMetrics) count(ctx context.Context, kind remote.Kind, metrics chan<- prometheus.Metric) error {
	list := kind.NewList()
	// The objects are only read, and there may be many of them.
	if err := m.reader.List(ctx, list, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency); err != nil {
		return err
	}
	counts, drifted := map[readiness]int{}, 0
	err := remote.EachOf(list, func(object remote.Object) {
		found := readinessOf(object)
		if _, known := counts[found]; !known && len(counts) >= mostReasons {
			found.reason = otherReason
		}
		counts[found]++
		if ticket, isTicket := object.(*v1alpha1.Ticket); isTicket && len(ticket.Status.Drift) > 0 {
			drifted++
		}
	})
	if err != nil {
		return err
	}
	for found, count := range counts {
		metrics <- prometheus.MustNewConstMetric(objectsDescription, prometheus.GaugeValue, float64(count), kind.Name, found.ready, found.reason)
	}
	if _, isTicket := kind.New().(*v1alpha1.Ticket); isTicket {
		metrics <- prometheus.MustNewConstMetric(driftedDescription, prometheus.GaugeValue, float64(drifted))
	}
	return nil
}

func readinessOf(object remote.Object) readiness {
	ready := meta.FindStatusCondition(object.RemoteStatus().Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return readiness{string(metav1.ConditionUnknown), string(metav1.ConditionUnknown)}
	}
	return readiness{string(ready.Status), ready.Reason}
}
