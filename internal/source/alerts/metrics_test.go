// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// counted are the notifications so far, by namespace/receiver and code.
func counted(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]float64{}
	for _, family := range families {
		if family.GetName() != "synqly_alert_notifications_total" {
			continue
		}
		for _, series := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range series.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			counts[labels["namespace"]+"/"+labels["receiver"]+" "+labels["code"]] = series.GetCounter().GetValue()
		}
	}
	return counts
}
