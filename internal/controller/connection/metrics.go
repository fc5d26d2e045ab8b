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
		Help: "Requests sent to the Synqly API, by Integration, operation and status code. Code 0 means that there was no response, and other a status code that the API does not document.",
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

// documentedCodes are the status codes of the API, and those that proxies in front of it usually
// send. A server chooses the code, and each one that is counted is a series.
var documentedCodes = map[int]bool{
	0: true, 200: true, 201: true, 202: true, 204: true, 301: true, 302: true, 303: true, 307: true, 308: true,
	400: true, 401: true, 402: true, 403: true, 404: true, 405: true, 408: true, 409: true, 410: true, 413: true, 415: true, 422: true, 429: true,
	500: true, 501: true, 502: true, 503: true, 504: true,
}

// codeLabel is the label for a status code.
func codeLabel(status int) string {
	if !documentedCodes[status] {
		return "other"
	}
	return strconv.Itoa(status)
}

// forgetRequests removes the series of an Integration that is gone. What is under way may bring one
// back, until the connection itself is dropped.
func forgetRequests(integration types.NamespacedName) {
	requestsTotal.DeletePartialMatch(prometheus.Labels{"namespace": integration.Namespace, "integration": integration.Name})
}

// countRequest counts a request of an Integration and the time that it took.
func countRequest(integration types.NamespacedName, answer synqly.Answer) {
	requestsTotal.WithLabelValues(integration.Namespace, integration.Name, answer.Operation, codeLabel(answer.StatusCode)).Inc()
	requestSeconds.WithLabelValues(answer.Operation).Observe(answer.Duration.Round(time.Millisecond).Seconds())
}
