// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

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
	registry.MustRegister(controller.NewObjectMetrics(fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build(), leads, true))
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
		&v1alpha1.TicketQuery{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "query"}},
		&v1alpha1.AlertReceiver{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "receiver"}},
		&v1alpha1.Incident{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "incident"}},
	)
	want := map[string]float64{
		"synqly_objects{kind=Ticket,ready=True,reason=Synced}":             2,
		"synqly_objects{kind=Ticket,ready=False,reason=CreateUnconfirmed}": 1,
		"synqly_objects{kind=Ticket,ready=Unknown,reason=Unknown}":         1,
		"synqly_objects{kind=TicketNote,ready=Unknown,reason=Unknown}":     1,
		"synqly_objects{kind=TicketQuery,ready=Unknown,reason=Unknown}":    1,
		"synqly_objects{kind=AlertReceiver,ready=Unknown,reason=Unknown}":  1,
		"synqly_objects{kind=Incident,ready=Unknown,reason=Unknown}":       1,
		"synqly_creates_unconfirmed{kind=Ticket}":                          0,
		"synqly_creates_unconfirmed{kind=TicketComment}":                   0,
		"synqly_creates_unconfirmed{kind=TicketNote}":                      0,
		"synqly_creates_unconfirmed{kind=TicketAttachment}":                0,
		"synqly_drifted_tickets{}":                                         1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestIntegrationsAreToldApart(t *testing.T) {
	integration := func(name string, conditions ...metav1.Condition) *v1alpha1.Integration {
		return &v1alpha1.Integration{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: name}, Status: v1alpha1.IntegrationStatus{Conditions: conditions}}
	}
	ready := func(status metav1.ConditionStatus, reason string) metav1.Condition {
		return metav1.Condition{Type: v1alpha1.ConditionReady, Status: status, Reason: reason}
	}
	shared := &v1alpha1.ClusterIntegration{ObjectMeta: metav1.ObjectMeta{Name: "shared"}}
	shared.Spec.PollInterval = &metav1.Duration{Duration: 5 * time.Minute}
	shared.Status.Conditions = []metav1.Condition{ready(metav1.ConditionTrue, v1alpha1.ReasonConnected)}
	got := objectCounts(t, leading(), shared, integration("new"),
		integration("connected", ready(metav1.ConditionTrue, v1alpha1.ReasonConnected)),
		integration("refused", ready(metav1.ConditionFalse, v1alpha1.ReasonInvalidToken)),
		integration("paused", ready(metav1.ConditionUnknown, v1alpha1.ReasonPaused)))
	maps.DeleteFunc(got, func(name string, _ float64) bool {
		return strings.HasPrefix(name, "synqly_creates_unconfirmed") || strings.HasPrefix(name, "synqly_drifted_tickets")
	})
	want := map[string]float64{
		"synqly_integration_ready{integration=connected,namespace=team}":      1,
		"synqly_integration_ready{integration=refused,namespace=team}":        0,
		"synqly_poll_interval_seconds{integration=shared,namespace=}":         300,
		"synqly_integration_ready{integration=shared,namespace=}":             1,
		"synqly_objects{kind=Integration,ready=True,reason=Connected}":        1,
		"synqly_objects{kind=Integration,ready=False,reason=InvalidToken}":    1,
		"synqly_objects{kind=Integration,ready=Unknown,reason=Paused}":        1,
		"synqly_objects{kind=Integration,ready=Unknown,reason=Unknown}":       1,
		"synqly_objects{kind=ClusterIntegration,ready=True,reason=Connected}": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The reason of Ready may be another one meanwhile: the object is paused, or being deleted.
func TestOpenCreatesAreCountedWhateverTheReasonIs(t *testing.T) {
	open := ticketThatIs("open", metav1.ConditionFalse, v1alpha1.ReasonPaused)
	open.Status.SettledAttempt, open.Status.OpenAttempt = 1, 2
	settled := ticketThatIs("settled", metav1.ConditionTrue, v1alpha1.ReasonSynced)
	settled.Status.SettledAttempt, settled.Status.OpenAttempt = 2, 2
	if got := objectCounts(t, leading(), open, settled)["synqly_creates_unconfirmed{kind=Ticket}"]; got != 1 {
		t.Errorf("%v creates are counted as open, want 1", got)
	}
}

func TestClusterIntegrationsAreNotReadWhereTheyAreNotServed(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	reader := interceptor.NewClient(fake.NewClientBuilder().WithScheme(scheme).Build(), interceptor.Funcs{
		List: func(ctx context.Context, reads client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			if _, is := list.(*v1alpha1.ClusterIntegrationList); is {
				t.Error("ClusterIntegrations are listed")
			}
			return reads.List(ctx, list, options...)
		},
	})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(controller.NewObjectMetrics(reader, leading(), false))
	if _, err := registry.Gather(); err != nil {
		t.Error(err)
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
	maps.DeleteFunc(got, func(name string, _ float64) bool { return !strings.HasPrefix(name, "synqly_objects") })
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
