// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// counts are the values of a metric of the Integration, by method and result.
func counts(t *testing.T, name string) map[string]float64 {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.Metric {
			labels := prometheus.Labels{}
			for _, pair := range metric.Label {
				labels[pair.GetName()] = pair.GetValue()
			}
			if labels["namespace"] != integrationName.Namespace || labels["integration"] != integrationName.Name {
				t.Errorf("metric of %v", labels)
			}
			values[labels["method"]+" "+labels["result"]] += metric.GetCounter().GetValue()
		}
	}
	return values
}

func TestMetrics(t *testing.T) {
	pollsTotal.Reset()
	remoteChangesTotal.Reset()
	w := newWorld(t, simulator.Behaviour{})
	w.add(ours(time.Hour))
	w.add(others(time.Hour))
	w.settle()
	w.edit(w.store.tickets[0].Status.ID)
	w.remote.Inject(simulator.Fault{Times: 1, Status: 500})
	w.pass(interval + time.Minute)
	want := map[string]float64{"Ours ok": 1, "ChangedSince ok": 1, "ChangedSince error": 1, "Projects ok": 2}
	if diff := cmp.Diff(want, counts(t, "synqly_polls_total")); diff != "" {
		t.Errorf("synqly_polls_total (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]float64{" ": 1}, counts(t, "synqly_remote_changes_total")); diff != "" {
		t.Errorf("synqly_remote_changes_total (-want +got):\n%s", diff)
	}
}

func TestSetupWithManager(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	mgr, err := ctrl.NewManager(&rest.Config{Host: "https://127.0.0.1:1"}, ctrl.Options{
		Scheme: scheme, Metrics: metricsserver.Options{BindAddress: "0"},
		// A test can run more than once in a process.
		Controller: config.Controller{SkipNameValidation: ptr.To(true)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := New(Options{}).SetupWithManager(mgr); err != nil {
		t.Error(err)
	}
}

// BenchmarkPoll polls ten thousand tickets of which one has changed.
func BenchmarkPoll(b *testing.B) {
	w := newWorld(b, simulator.Behaviour{})
	w.fill(10_000)
	w.settle()
	b.ReportAllocs()
	for b.Loop() {
		w.edit(w.store.tickets[0].Status.ID)
		w.passUntilPoll()
	}
}
