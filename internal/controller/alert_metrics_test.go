// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// seriesOf are the series of a namespace about alerts, incidents and queries, by their names, and
// by the phase where they have one.
func seriesOf(namespace string) map[string]float64 {
	GinkgoHelper()
	families, err := metrics.Registry.Gather()
	Expect(err).NotTo(HaveOccurred())
	found := map[string]float64{}
	for _, family := range families {
		isWanted := func(prefix string) bool { return strings.HasPrefix(family.GetName(), prefix) }
		if !slices.ContainsFunc([]string{"synqly_incident", "synqly_alert", "synqly_query"}, isWanted) {
			continue
		}
		for _, series := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range series.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			if labels["namespace"] == namespace {
				found[strings.TrimSpace(family.GetName()+" "+labels["phase"])] = series.GetGauge().GetValue() + series.GetCounter().GetValue()
			}
		}
	}
	return found
}

// timesToTicket are how many times from an alert to its ticket were observed, and their sum.
func timesToTicket() (observed uint64, sum float64) {
	GinkgoHelper()
	families, err := metrics.Registry.Gather()
	Expect(err).NotTo(HaveOccurred())
	for _, family := range families {
		if family.GetName() == "synqly_incident_ticket_seconds" {
			histogram := family.GetMetric()[0].GetHistogram()
			return histogram.GetSampleCount(), histogram.GetSampleSum()
		}
	}
	return 0, 0
}

var _ = Describe("The metrics of alerts", func() {
	It("count incidents, say how long tickets take, and go with their receiver", func() {
		a := newAlerting(func(spec *v1alpha1.AlertReceiverSpec) {
			spec.MaxOpenTickets, spec.Ticket.Summary = 1, "{{ index .Alerts 7 }}"
		})
		observedBefore, sumBefore := timesToTicket()
		a.reconcile(a.receiver)
		Expect(seriesOf(a.namespace)).To(Equal(map[string]float64{
			"synqly_incidents Firing": 0, "synqly_incidents Resolved": 0, "synqly_incidents Suppressed": 0, "synqly_incidents Waiting": 0,
			"synqly_incident_without_ticket_since_seconds": float64(a.incident.CreationTimestamp.Unix()),
		}))

		By("one gets its ticket, and there is no room for another")
		a.clock.SetTime(a.incident.CreationTimestamp.Add(7 * time.Second))
		a.settle()
		observed, sum := timesToTicket()
		Expect(observed - observedBefore).To(BeEquivalentTo(1))
		Expect(sum - sumBefore).To(Equal(7.0))
		Expect(seriesOf(a.namespace)).NotTo(HaveKey("synqly_incident_without_ticket_since_seconds"))
		other := a.newIncident("platform-2e1d", "b")
		a.create(other)
		a.settle()
		a.refresh(other)
		waits := max(other.CreationTimestamp.Unix(), other.Status.Since.Unix())
		Expect(seriesOf(a.namespace)).To(And(
			HaveKeyWithValue("synqly_incidents Firing", 1.0),
			HaveKeyWithValue("synqly_incidents Waiting", 1.0),
			HaveKeyWithValue("synqly_alert_template_errors_total", BeNumerically(">=", 1)),
			HaveKeyWithValue("synqly_incident_without_ticket_since_seconds", float64(waits)),
		))

		By("the receiver goes")
		a.delete(a.receiver)
		a.reconcileAway(a.receiver)
		Expect(seriesOf(a.namespace)).To(BeEmpty())
	})
})
