// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

var (
	pollsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "synqly_polls_total",
		Help: "Queries for remote changes of tickets with all their pages, and batches of single tickets, by Integration, polling method and result (ok or error).",
	}, []string{"namespace", "integration", "method", "result"})

	remoteChangesTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "synqly_remote_changes_total",
		Help: "Remote changes of tickets that polling has found, by Integration.",
	}, []string{"namespace", "integration"})

	lastPoll = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "synqly_last_poll_timestamp_seconds",
		Help: "Unix time of the latest poll for remote changes that found all that it looked for, by Integration.",
	}, []string{"namespace", "integration"})
)

func init() {
	metrics.Registry.MustRegister(pollsTotal, remoteChangesTotal, lastPoll)
}

// forgetPolls removes the series of an Integration that is gone.
func forgetPolls(integration types.NamespacedName) {
	labels := prometheus.Labels{"namespace": integration.Namespace, "integration": integration.Name}
	pollsTotal.DeletePartialMatch(labels)
	remoteChangesTotal.DeletePartialMatch(labels)
	lastPoll.DeletePartialMatch(labels)
}

func countPoll(integration types.NamespacedName, method v1alpha1.PollingMethod, err error) {
	result := "ok"
	if err != nil {
		result = "error"
	}
	pollsTotal.WithLabelValues(integration.Namespace, integration.Name, string(method), result).Inc()
}

func notePoll(integration types.NamespacedName, at time.Time) {
	lastPoll.WithLabelValues(integration.Namespace, integration.Name).Set(float64(at.Unix()))
}

func countChange(integration types.NamespacedName) {
	remoteChangesTotal.WithLabelValues(integration.Namespace, integration.Name).Inc()
}
