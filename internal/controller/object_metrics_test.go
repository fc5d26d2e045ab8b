// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller"
)

// objectCounts are the values of the objects' metrics, by name and labels.
func objectCounts(t *testing.T, leads <-chan struct{}, objects ...client.Object) map[string]float64 {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(controller.NewObjectMetrics(fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build(), leads))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.Metric {
			var labels []string
			for _, pair := range metric.Label {
				labels = append(labels, pair.GetName()+"="+pair.GetValue())
			}
			values[family.GetName()+"{"+strings.Join(labels, ",")+"}"] = metric.GetGauge().GetValue()
		}
	}
	return values
}

func ticketThatIs(name string, status metav1.ConditionStatus, reason string, drift ...string) *v1alpha1.Ticket {
	ticket := &v1alpha1.Ticket{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name}}
	ticket.Status.Drift = drift
	if reason != "" {
		ticket.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: status, Reason: reason}}
	}
	return ticket
}

func leading() <-chan struct{} {
	leads := make(chan struct{})
	close(leads)
	return leads
}

func TestObjectsAreCountedByKindReadinessAndReason(t *testing.T) {
	got := objectCounts(t, leading(),
		ticketThatIs("one", metav1.ConditionTrue, v1alpha1.ReasonSynced, "status"),
		ticketThatIs("two", metav1.ConditionTrue, v1alpha1.ReasonSynced),
		ticketThatIs("lost", metav1.ConditionFalse, v1alpha1.ReasonCreateUnconfirmed),
		ticketThatIs("new", "", ""),
		&v1alpha1.TicketNote{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "note"}},
	)
	want := map[string]float64{
		"synqly_objects{kind=Ticket,ready=True,reason=Synced}":             2,
		"synqly_objects{kind=Ticket,ready=False,reason=CreateUnconfirmed}": 1,
		"synqly_objects{kind=Ticket,ready=Unknown,reason=Unknown}":         1,
		"synqly_objects{kind=TicketNote,ready=Unknown,reason=Unknown}":     1,
		"synqly_drifted_tickets{}":                                         1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAStandbyCountsNoObjects(t *testing.T) {
	if got := objectCounts(t, make(chan struct{}), ticketThatIs("one", metav1.ConditionTrue, v1alpha1.ReasonSynced)); len(got) > 0 {
		t.Errorf("a process that does not lead counts %v", got)
	}
}

func TestReasonsOfObjectsAreBounded(t *testing.T) {
	var objects []client.Object
	for i := range 200 {
		objects = append(objects, ticketThatIs(fmt.Sprintf("ticket-%d", i), metav1.ConditionFalse, fmt.Sprintf("Reason%d", i)))
	}
	got := objectCounts(t, leading(), objects...)
	delete(got, "synqly_drifted_tickets{}")
	if len(got) > 65 || got["synqly_objects{kind=Ticket,ready=False,reason=Other}"] != 136 {
		t.Errorf("%d series, of which Other counts %v", len(got), got["synqly_objects{kind=Ticket,ready=False,reason=Other}"])
	}
	total := 0.0
	for _, count := range slices.Collect(maps.Values(got)) {
		total += count
	}
	if total != 200 {
		t.Errorf("%v of 200 objects are counted", total)
	}
}
