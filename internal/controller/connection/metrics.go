// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

var (
	requestsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "synqly_requests_total",
		Help: "Requests sent to the Synqly API, by Integration, operation and status code. Code 0 means that there was no response.",
	}, []string{"namespace", "integration", "operation", "code"})

	requestSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "synqly_request_duration_seconds",
		Help:    "Duration of requests to the Synqly API in seconds, including the response body, by operation.",
		Buckets: prometheus.ExponentialBuckets(0.01, 2, 14),
	}, []string{"operation"})
)

func init() {
	metrics.Registry.MustRegister(requestsTotal, requestSeconds)
}

// countRequest counts a request of an Integration and the time that it took.
func countRequest(integration types.NamespacedName, answer synqly.Answer) {
	requestsTotal.WithLabelValues(integration.Namespace, integration.Name, answer.Operation, strconv.Itoa(answer.StatusCode)).Inc()
	requestSeconds.WithLabelValues(answer.Operation).Observe(answer.Duration.Round(time.Millisecond).Seconds())
}
