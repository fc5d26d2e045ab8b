// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

// shown are the values of the budgets' metrics, by name; all are of the one Integration.
func (w *world) shown(t *testing.T) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(w.Connections)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.Metric {
			labels := map[string]string{}
			for _, pair := range metric.Label {
				labels[pair.GetName()] = pair.GetValue()
			}
			if want := map[string]string{"namespace": integrationName.Namespace, "integration": integrationName.Name}; !cmp.Equal(labels, want) {
				t.Errorf("%s has the labels %v, want %v", family.GetName(), labels, want)
			}
			values[family.GetName()] = metric.GetGauge().GetValue()
		}
	}
	return values
}

func TestHowABudgetIsUsedIsShown(t *testing.T) {
	w := newWorld(t)
	open := w.mustOpen(t, w.integration()) // Half a request per second at first, in a bucket of one.
	expect := func(when string, want map[string]float64) {
		t.Helper()
		if diff := cmp.Diff(want, w.shown(t)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	values := func(rate, waiting, held, down float64) map[string]float64 {
		return map[string]float64{
			"synqly_budget_requests_per_second": rate, "synqly_budget_waiting": waiting,
			"synqly_budget_held_seconds": held, "synqly_provider_down": down,
		}
	}
	expect("at first", values(0.5, 0, 0, 0))
	for _, waiter := range []string{"first", "second", "third"} {
		_, _ = open.ReserveFor(t.Context(), Waiter{Name: waiter}) // The bucket holds one request.
	}
	expect("with two who wait", values(0.5, 2, 0, 0))
	w.clock.Step(time.Minute)
	expect("when their time has come", values(0.5, 0, 0, 0))
	open.Throttled(30 * time.Second)
	expect("after a 429", values(0.25, 0, 30, 0))
	w.clock.Step(time.Minute)
	for range failuresOfAnOutage {
		open.Failed()
	}
	expect("when the provider is down", values(0.25, 0, 0, 1))
	w.Close(integrationName)
	expect("when the Integration is gone", map[string]float64{})
}
