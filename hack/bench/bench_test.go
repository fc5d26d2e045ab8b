// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/hack/process"
)

const apiServerMetrics = `# TYPE apiserver_request_total counter
apiserver_request_total{code="201",component="apiserver",dry_run="",group="ticketing.synqly.com",resource="tickets",scope="resource",subresource="",verb="POST",version="v1alpha1"} 7
apiserver_request_total{code="200",component="apiserver",dry_run="",group="ticketing.synqly.com",resource="tickets",scope="resource",subresource="",verb="PATCH",version="v1alpha1"} 5
apiserver_request_total{code="409",component="apiserver",dry_run="",group="ticketing.synqly.com",resource="tickets",scope="resource",subresource="",verb="PATCH",version="v1alpha1"} 1
apiserver_request_total{code="200",component="apiserver",dry_run="",group="ticketing.synqly.com",resource="tickets",scope="resource",subresource="status",verb="PATCH",version="v1alpha1"} 4
apiserver_request_total{code="200",component="apiserver",dry_run="",group="ticketing.synqly.com",resource="tickets",scope="cluster",subresource="",verb="LIST",version="v1alpha1"} 2
apiserver_request_sli_duration_seconds_sum{verb="PATCH",resource="tickets"} 9
`

func TestWritesAreCountedFromTheAPIServersMetrics(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			_, _ = w.Write([]byte(apiServerMetrics))
		}
	}))
	defer server.Close()
	b := &bench{config: &rest.Config{Host: server.URL + "/"}}
	counted, err := b.countWrites(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(writes{"POST tickets": 7, "PATCH tickets": 6, "PATCH tickets/status": 4}, counted); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	if got := counted.since(writes{"PATCH tickets": 2}, objectWrites...); got != 8 {
		t.Errorf("%d writes since, want 8", got)
	}
}

func TestATicketCountsWhenItIsReadyForItsGeneration(t *testing.T) {
	tickets := newTracker()
	shown := func(generation, observed int64, ready metav1.ConditionStatus) *v1alpha1.Ticket {
		ticket := newTicket(busyNamespace, "checkout")
		ticket.Generation, ticket.Status.ObservedGeneration = generation, observed
		ticket.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: ready}}
		return ticket
	}
	tickets.apply(client.ObjectKey{Namespace: busyNamespace, Name: "checkout"}, 1)
	for _, ticket := range []*v1alpha1.Ticket{shown(1, 0, metav1.ConditionTrue), shown(1, 1, metav1.ConditionFalse)} {
		tickets.see(ticket)
		if count, err := tickets.countReady(busyNamespace, 1); count != 0 || err != nil {
			t.Errorf("%d Ready, %v", count, err)
		}
	}
	tickets.see(shown(1, 1, metav1.ConditionTrue))
	tickets.see(shown(1, 1, metav1.ConditionTrue))
	if count, err := tickets.countReady(busyNamespace, 1); count != 1 || err != nil {
		t.Errorf("%d Ready, %v", count, err)
	}
	latencies, last := tickets.latencies(busyNamespace, func(string) bool { return true })
	if len(latencies) != 1 || last.IsZero() {
		t.Errorf("latencies %v, last %s", latencies, last)
	}
}

func TestPercentile(t *testing.T) {
	var sorted []time.Duration
	for i := range 100 {
		sorted = append(sorted, time.Duration(i)*time.Second)
	}
	for percent, want := range map[int]float64{50: 50, 99: 99, 100: 99} {
		if got := percentile(sorted, percent); got != want {
			t.Errorf("p%d = %v, want %v", percent, got, want)
		}
	}
	if got := percentile(nil, 50); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

// A run on a system that does not tell what processes use still has results.
func TestTheReportSaysWhatTheSystemDoesNotTell(t *testing.T) {
	memory := 123.4
	b := &bench{settings: settings{folder: t.TempDir()}, result: result{Tickets: 10_000, Bare: bareRuns{{Tickets: 100, Seconds: 0.5}, {Tickets: 100, Seconds: 1.5}}, ReadyPerSecond: 95, RestingMemory: &memory}}
	var table bytes.Buffer
	if err := b.report(&table); err != nil {
		t.Fatal(err)
	}
	for _, line := range [][]string{
		{"Tickets a second that the API server allows (before; after)", "100.0 (200.0; 66.7)"},
		{"Tickets a second that become Ready", "95.0 (95 %)", "at least 90 %"},
		{"Memory at rest", "123 MB", "at most 150 MB"},
		{"peak", "not told by the system"},
	} {
		found := false
		for text := range strings.Lines(table.String()) {
			rest, all := text, true
			for _, part := range line {
				_, after, has := strings.Cut(rest, part)
				rest, all = after, all && has
			}
			found = found || all
		}
		if !found {
			t.Errorf("no line with %q:\n%s", line, table.String())
		}
	}
	written, err := os.ReadFile(filepath.Join(b.folder, "10000.json"))
	if err != nil {
		t.Fatal(err)
	}
	var read map[string]any
	if err := json.Unmarshal(written, &read); err != nil {
		t.Fatal(err)
	}
	if read["restingMemory"] != memory || read["peakMemory"] != nil || read["machine"] == nil {
		t.Errorf("%s", written)
	}
}

func TestAProgramIsEndedAndItsEndIsSeen(t *testing.T) {
	b := &bench{}
	var err error
	if b.simulator, err = process.Start(t.Context(), t.TempDir(), "sleep", "600"); err != nil {
		t.Fatal(err)
	}
	if err := b.checkPrograms(); err != nil {
		t.Error(err)
	}
	if err := b.simulator.Stop(); err != nil {
		t.Error(err)
	}
	err = b.await(context.Background(), "something", func(context.Context) (bool, error) { return false, nil })
	if err == nil || !strings.Contains(err.Error(), "sleep has ended") {
		t.Errorf("error %v", err)
	}
}
