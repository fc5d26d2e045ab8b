// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

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
	objects := controller.NewObjectMetrics(mgr.GetClient(), mgr.Elected(), connections.ServesClusterIntegrations())
	for _, collector := range []prometheus.Collector{build, connections, objects} {
		if err := metrics.Registry.Register(collector); err != nil {
			return fmt.Errorf("registering metrics: %w", err)
		}
	}
	return nil
}

// metricsOptions says how the metrics are served, and to whom.
func metricsOptions(o options) (metricsserver.Options, error) {
	served := metricsserver.Options{BindAddress: o.metricsAddress}
	if !o.metricsSecure {
		if o.metricsCertPath != "" {
			return served, errors.New("--metrics-cert-path has no effect with --metrics-secure=false: set one of the two")
		}
		return served, nil
	}
	served.SecureServing = true
	served.FilterProvider = filters.WithAuthenticationAndAuthorization
	served.TLSOpts = []func(*tls.Config){withoutHTTP2}
	if o.metricsCertPath != "" {
		served.CertDir, served.CertName, served.KeyName = o.metricsCertPath, o.metricsCertName, o.metricsCertKey
		// Where these files do not exist, the server would take a self-signed certificate, which
		// clients refuse.
		if _, err := tls.LoadX509KeyPair(filepath.Join(served.CertDir, served.CertName), filepath.Join(served.CertDir, served.KeyName)); err != nil {
			return served, fmt.Errorf("reading the certificate in --metrics-cert-path: %w", err)
		}
	}
	return served, nil
}

// withoutHTTP2 keeps clients from opening many streams and cancelling them, before the API server
// has been asked who they are (CVE-2023-44487). A scrape has no use for HTTP/2.
func withoutHTTP2(config *tls.Config) { config.NextProtos = []string{"http/1.1"} }
