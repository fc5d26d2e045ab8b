// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

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
			values[labels["method"]+" "+labels["result"]] += metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
		}
	}
	return values
}

func TestMetrics(t *testing.T) {
	pollsTotal.Reset()
	remoteChangesTotal.Reset()
	lastPoll.Reset()
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
	if at := counts(t, "synqly_last_poll_timestamp_seconds")[" "]; at == 0 || at > float64(w.clock.Now().Unix()) {
		t.Errorf("the latest poll is at %v, it is %v now", at, w.clock.Now().Unix())
	}
}

func TestPollsOfAnIntegrationThatIsGoneAreForgotten(t *testing.T) {
	w := newWorld(t, simulator.Behaviour{})
	w.add(ours(time.Hour))
	w.settle()
	countChange(integrationName)
	if len(counts(t, "synqly_polls_total")) == 0 {
		t.Fatal("nothing was counted")
	}
	w.forget(integrationName)
	for _, name := range []string{"synqly_polls_total", "synqly_remote_changes_total", "synqly_last_poll_timestamp_seconds"} {
		if left := counts(t, name); len(left) > 0 {
			t.Errorf("%s has %v of an Integration that is gone", name, left)
		}
	}
}
