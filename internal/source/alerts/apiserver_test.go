// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// replicas are endpoints with caches of their own in front of one API server.
type replicas struct {
	config *rest.Config
	api    client.Client
}

func startAPIServer(t testing.TB) *replicas {
	t.Helper()
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run the tests with make test")
	}
	environment := &envtest.Environment{CRDDirectoryPaths: []string{"../../../config/crd/bases"}, ErrorIfCRDPathMissing: true}
	config, err := environment.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := environment.Stop(); err != nil {
			t.Error(err)
		}
	})
	config.QPS = -1
	api, err := client.New(config, client.Options{Scheme: testScheme()})
	if err != nil {
		t.Fatal(err)
	}
	r := &replicas{config: config, api: api}
	r.create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: platform.Namespace}})
	r.create(t, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: platform.Namespace, Name: "alertmanager-token"},
		StringData: map[string]string{"token": canaryToken},
	})
	r.create(t, &v1alpha1.AlertReceiver{
		ObjectMeta: metav1.ObjectMeta{Namespace: platform.Namespace, Name: platform.Name},
		Spec:       v1alpha1.AlertReceiverSpec{TokenSecretRef: v1alpha1.SecretKeyReference{Name: "alertmanager-token"}},
	})
	return r
}

func (r *replicas) create(t testing.TB, object client.Object) {
	t.Helper()
	if err := r.api.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
}

// start starts a replica.
func (r *replicas) start(t testing.TB) http.Handler {
	t.Helper()
	replica, err := cluster.New(r.config, func(o *cluster.Options) {
		o.Scheme = testScheme()
		o.Client.Cache = &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	go func() { _ = replica.Start(ctx) }() // It ends with the context.
	if !replica.GetCache().WaitForCacheSync(ctx) {
		t.Fatal("the cache has not started")
	}
	server, err := New(Options{Client: replica.GetClient(), APIReader: replica.GetAPIReader(), Informers: replica.GetCache()})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.watch(ctx); err != nil {
		t.Fatal(err)
	}
	return server.Handler()
}

// postTo sends a notification and returns the code of the answer.
func postTo(replica http.Handler, body []byte) int {
	request := httptest.NewRequestWithContext(context.Background(), http.MethodPost, pathOf(platform), bytes.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+canaryToken)
	recorder := httptest.NewRecorder()
	replica.ServeHTTP(recorder, request)
	return recorder.Code
}

// alertOf is an alert of a notification.
func alertOf(instance, status string, start, end time.Time, texts map[string]string) map[string]any {
	return map[string]any{
		"status": status, "fingerprint": instance, "labels": map[string]string{"alertname": "DiskFull", "instance": instance},
		"annotations": texts, "startsAt": start.Format(time.RFC3339Nano), "endsAt": end.Format(time.RFC3339Nano),
	}
}

func groupNamed(name string, alerts ...map[string]any) []byte {
	encoded, err := json.Marshal(map[string]any{"version": "4", "groupLabels": map[string]string{"alertname": name}, "alerts": alerts})
	if err != nil {
		panic(err) // A test that cannot be.
	}
	return encoded
}

func TestAgainstAnAPIServer(t *testing.T) {
	r := startAPIServer(t)
	one, two := r.start(t), r.start(t)
	read := func(t *testing.T, group string) *v1alpha1.Incident {
		t.Helper()
		var incident v1alpha1.Incident
		key := types.NamespacedName{Namespace: platform.Namespace, Name: incidentName(platform.Name, map[string]string{"alertname": group})}
		if err := r.api.Get(t.Context(), key, &incident); err != nil {
			t.Fatal(err)
		}
		return &incident
	}

	t.Run("two senders write one Incident through two replicas at once, and nothing is lost", func(t *testing.T) {
		const instances = 12
		var bodies [][]byte
		for i := range instances {
			instance := fmt.Sprint("node-", i)
			bodies = append(bodies, groupNamed("DiskFull", alertOf(instance, "firing", minute(i), time.Time{}, nil)))
			if i%2 == 0 {
				bodies = append(bodies, groupNamed("DiskFull", alertOf(instance, "resolved", minute(i), minute(i+1), nil)))
			}
		}
		// A resolution that comes before all else would find no Incident.
		if code := postTo(one, bodies[0]); code != http.StatusOK {
			t.Fatalf("got %d", code)
		}
		var senders sync.WaitGroup
		for _, replica := range []http.Handler{one, two} {
			for _, position := range rand.Perm(len(bodies)) {
				senders.Go(func() {
					eventually(t, "an answer of 200", func() bool { return postTo(replica, bodies[position]) == http.StatusOK })
				})
			}
		}
		senders.Wait()
		got := inShort(read(t, "DiskFull").Spec)
		if len(got) != instances {
			t.Errorf("%d alerts are stored, want %d", len(got), instances)
		}
		for i := range instances {
			want := v1alpha1.AlertFiring
			if i%2 == 0 {
				want = v1alpha1.AlertResolved
			}
			if instance := fmt.Sprint("node-", i); got[instance] != want {
				t.Errorf("%s is %q, want %s", instance, got[instance], want)
			}
		}
	})

	t.Run("the largest Incident is stored", func(t *testing.T) {
		texts := map[string]string{}
		for i := range 70 {
			texts[fmt.Sprint("text-", i)] = strings.Repeat("\x01<\u2028é😀", 12)
		}
		var alerts []map[string]any
		for i := range 150 {
			alert := alertOf(fmt.Sprint("node-", i), "firing", noon, time.Time{}, texts)
			alert["labels"], alert["generatorURL"] = texts, texts["text-0"]
			alerts = append(alerts, alert)
		}
		if code := postTo(one, groupNamed("Large", alerts...)); code != http.StatusOK {
			t.Fatalf("got %d", code)
		}
		spec := read(t, "Large").Spec
		if len(spec.Alerts) != v1alpha1.MaxIncidentAlerts || spec.TruncatedAlerts != 50 {
			t.Errorf("%d alerts are listed and %d counted", len(spec.Alerts), spec.TruncatedAlerts)
		}
	})

	t.Run("what is stored says nothing new when it comes again", func(t *testing.T) {
		body := groupNamed("Größe \x00 😀", alertOf("ä\x00\u2028", "firing", noon.Add(123456789), time.Time{}, map[string]string{"": "", "a/b": "\x7f"}))
		if code := postTo(one, body); code != http.StatusOK {
			t.Fatalf("got %d", code)
		}
		before := read(t, "Größe \x00 😀").ResourceVersion
		for _, replica := range []http.Handler{one, two} {
			if code := postTo(replica, body); code != http.StatusOK {
				t.Fatalf("got %d", code)
			}
		}
		if after := read(t, "Größe \x00 😀").ResourceVersion; after != before {
			t.Errorf("the resourceVersion has changed from %s to %s", before, after)
		}
	})
}

// BenchmarkNotifications says how many notifications one replica takes, from as many senders at
// once as there may be of a namespace, and how many objects the API server creates for as many
// clients.
func BenchmarkNotifications(b *testing.B) {
	r := startAPIServer(b)
	replica := r.start(b)
	texts := map[string]string{"summary": "disk full"}
	group := func(name string) []byte {
		return groupNamed(name, alertOf("node", "firing", noon, time.Time{}, texts))
	}
	post := func(b *testing.B, body []byte) {
		if code := postTo(replica, body); code != http.StatusOK {
			b.Errorf("got %d", code)
		}
	}
	post(b, group("Known"))
	var number atomic.Int64
	b.Run("nothing new", func(b *testing.B) { atOnce(b, func() { post(b, group("Known")) }) })
	b.Run("all new", func(b *testing.B) { atOnce(b, func() { post(b, group(fmt.Sprint("New", number.Add(1)))) }) })
	b.Run("the API server alone", func(b *testing.B) {
		atOnce(b, func() {
			incident := &v1alpha1.Incident{
				ObjectMeta: metav1.ObjectMeta{Namespace: platform.Namespace, Name: fmt.Sprint("alone-", number.Add(1))},
				Spec:       v1alpha1.IncidentSpec{ReceiverRef: v1alpha1.AlertReceiverReference{Name: platform.Name}, Alerts: []v1alpha1.Alert{fires("node", 0)}},
			}
			if err := r.api.Create(context.Background(), incident); err != nil {
				b.Error(err)
			}
		})
	})
}

// atOnce does b.N things, as many at once as one namespace may ask for.
func atOnce(b *testing.B, do func()) {
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	var workers sync.WaitGroup
	for range tenantRequestsAtOnce {
		workers.Go(func() {
			for left.Add(-1) >= 0 {
				do()
			}
		})
	}
	workers.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "per-second")
}
