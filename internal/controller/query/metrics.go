// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package query

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var pagesTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "synqly_query_pages_total",
	Help: "Pages of tickets that were read for TicketQueries, by Integration.",
}, []string{"namespace", "integration"})

func init() {
	metrics.Registry.MustRegister(pagesTotal)
}

func countPages(integration types.NamespacedName, pages int) {
	pagesTotal.WithLabelValues(integration.Namespace, integration.Name).Add(float64(pages))
}

// forgetPages removes the series of an Integration that is gone.
func forgetPages(integration types.NamespacedName) {
	pagesTotal.DeleteLabelValues(integration.Namespace, integration.Name)
}
