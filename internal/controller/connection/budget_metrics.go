// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"github.com/prometheus/client_golang/prometheus"
)

var (
	budgetRate = prometheus.NewDesc("synqly_budget_requests_per_second",
		"Requests per second that the operator allows itself at present, at most the rateLimit, by Integration.",
		[]string{"namespace", "integration"}, nil)
	budgetWaiting = prometheus.NewDesc("synqly_budget_waiting",
		"Objects that wait for the rateLimit with their first request, by Integration.",
		[]string{"namespace", "integration"}, nil)
	budgetHeld = prometheus.NewDesc("synqly_budget_held_seconds",
		"Seconds for which no request is sent because the provider asked for a pause, with a 429 or a Retry-After, by Integration; 0 without a pause.",
		[]string{"namespace", "integration"}, nil)
	providerDown = prometheus.NewDesc("synqly_provider_down",
		"1 while the provider counts as down, else 0, by Integration.",
		[]string{"namespace", "integration"}, nil)
)

// usage is how a budget is used at a moment.
type usage struct {
	rate    float64
	waiting int
	held    float64
	down    float64
}

func (b *Budget) usage() usage {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	found := usage{rate: b.pace.rate, waiting: b.lines.waiting(now), held: b.holdLeft(now).Seconds()}
	if !b.outage.began.IsZero() {
		found.down = 1
	}
	return found
}

// Describe implements prometheus.Collector.
func (c *Connections) Describe(descriptions chan<- *prometheus.Desc) {
	for _, description := range []*prometheus.Desc{budgetRate, budgetWaiting, budgetHeld, providerDown} {
		descriptions <- description
	}
}

// Collect implements prometheus.Collector: it tells how the budgets of the connections are used
// whose Integrations exist.
func (c *Connections) Collect(metrics chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, connection := range c.open {
		if !connection.closed.IsZero() {
			continue
		}
		used := connection.usage()
		for description, value := range map[*prometheus.Desc]float64{
			budgetRate: used.rate, budgetWaiting: float64(used.waiting), budgetHeld: used.held, providerDown: used.down,
		} {
			metrics <- prometheus.MustNewConstMetric(description, prometheus.GaugeValue, value, name.Namespace, name.Name)
		}
	}
}
