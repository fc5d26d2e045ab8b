// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

var (
	requestsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "synqly_requests_total",
		Help: "Requests sent to the Synqly API, by Integration, operation and status code; code 0 is a request without an answer.",
	}, []string{"namespace", "integration", "operation", "code"})

	requestSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "synqly_request_duration_seconds",
		Help:    "Time that a request to the Synqly API took, its answer's body included, by operation.",
		Buckets: prometheus.ExponentialBuckets(0.01, 2, 14),
	}, []string{"operation"})
)

func init() {
	metrics.Registry.MustRegister(requestsTotal, requestSeconds)
}

// pacer makes every request of a client pass the budget, and counts it.
type pacer struct {
	budget      *Budget
	remote      *remoteClock
	clock       clock.PassiveClock
	integration types.NamespacedName
}

var _ synqly.Pacer = pacer{}

func (p pacer) Admit(ctx context.Context) error { return p.budget.Admit(ctx) }

func (p pacer) Answered(answer synqly.Answer) {
	p.remote.saw(answer.ServerTime, p.clock.Now())
	switch {
	case answer.StatusCode == http.StatusTooManyRequests:
		// "Retry-After: 0" names no pause, and without one the refusals would go on.
		p.budget.Throttled(answer.RetryAfter, answer.HasRetryAfter && answer.RetryAfter > 0)
	case answer.StatusCode != 0:
		p.budget.Answered()
	}
	requestsTotal.WithLabelValues(p.integration.Namespace, p.integration.Name, answer.Operation, strconv.Itoa(answer.StatusCode)).Inc()
	requestSeconds.WithLabelValues(answer.Operation).Observe(answer.Duration.Round(time.Millisecond).Seconds())
}
