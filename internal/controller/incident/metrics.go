// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var (
	timeToTicket = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "synqly_incident_ticket_seconds",
		Help:    "Time from the first notification about an incident to its first remote ticket, in seconds.",
		Buckets: prometheus.ExponentialBuckets(1, 2, 14),
	})

	templateErrorsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "synqly_alert_template_errors_total",
		Help: "Templates that failed and were replaced by a default, by AlertReceiver.",
	}, []string{"namespace", "receiver"})
)

func init() {
	metrics.Registry.MustRegister(timeToTicket, templateErrorsTotal)
}

func observeTimeToTicket(took time.Duration) { timeToTicket.Observe(max(took, 0).Seconds()) }

func countTemplateErrors(receiver types.NamespacedName, failed int) {
	templateErrorsTotal.WithLabelValues(receiver.Namespace, receiver.Name).Add(float64(failed))
}

// ForgetReceiver removes the series of a receiver that is gone.
func ForgetReceiver(receiver types.NamespacedName) {
	templateErrorsTotal.DeleteLabelValues(receiver.Namespace, receiver.Name)
}
