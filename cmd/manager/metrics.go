// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/synqly/ticketing-operator/internal/controller"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

// registerMetrics adds what is collected when somebody asks: the objects, the budgets, and what
// this program is. What is counted as it happens registers itself.
func registerMetrics(mgr ctrl.Manager, connections *connection.Connections) error {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "synqly_build_info",
		Help:        "1, with the version of the operator and of Go as labels.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()},
	})
	build.Set(1)
	for _, collector := range []prometheus.Collector{build, connections, controller.NewObjectMetrics(mgr.GetClient(), mgr.Elected())} {
		if err := metrics.Registry.Register(collector); err != nil {
			return fmt.Errorf("registering metrics: %w", err)
		}
	}
	return nil
}
