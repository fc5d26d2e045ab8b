// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/alerttemplate"
)

// The labels that Flux gives an event about a Kustomization, and those that the sample of Argo CD
// gives one about an Application.
var (
	fluxLabels = map[string]string{
		"alertname": "FluxKustomizationHealthcheckfailed", "severity": "error", "reason": "HealthCheckFailed", "kind": "Kustomization", "name": "apps",
		"namespace": "flux-system", "reportingcontroller": "kustomize-controller", "revision": "main@sha1:1f0c",
	}
	argoLabels = map[string]string{"alertname": "ArgoCDSyncFailed", "severity": "error", "kind": "Application", "namespace": "argocd", "name": "shop"}
)

// with are the labels with others in place of some.
func with(labels map[string]string, changes ...string) map[string]string {
	changed := maps.Clone(labels)
	for i := 0; i < len(changes); i += 2 {
		changed[changes[i]] = changes[i+1]
	}
	return changed
}

// sentFor is what Alertmanager sends of an alert with these labels, grouped as docs/alerts.md says.
func sentFor(t *testing.T, status, fingerprint string, labels map[string]string) []byte {
	t.Helper()
	end := time.Time{}
	if status == "resolved" {
		end = noon.Add(5 * time.Minute)
	}
	body, err := json.Marshal(map[string]any{
		"version": "4", "status": status,
		"groupLabels":  map[string]string{"kind": labels["kind"], "namespace": labels["namespace"], "name": labels["name"]},
		"commonLabels": labels,
		"alerts": []map[string]any{{
			"status": status, "fingerprint": fingerprint, "labels": labels, "annotations": map[string]string{"message": "health check failed"},
			"startsAt": noon.Format(time.RFC3339), "endsAt": end.Format(time.RFC3339),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestFailuresOfFluxAndArgoCDBecomeAnIncidentForEachObject(t *testing.T) {
	sample, err := os.ReadFile("../../../config/samples/alerts/gitops.yaml")
	if err != nil {
		t.Fatal(err)
	}
	receiver := &v1alpha1.AlertReceiver{}
	if err := yaml.UnmarshalStrict(sample, receiver); err != nil {
		t.Fatal(err)
	}
	if wrong := alerttemplate.Check(&receiver.Spec.Ticket); len(wrong) > 0 {
		t.Fatalf("the templates of the sample: %v", wrong)
	}
	receiver.Namespace, receiver.UID, receiver.Spec.TokenSecretRef.Key = "monitoring", "receiver-2", "token"
	e := newEndpoint(t, receiver)
	gitops := types.NamespacedName{Namespace: "monitoring", Name: receiver.Name}
	for _, body := range [][]byte{
		sentFor(t, "firing", "1", fluxLabels),
		sentFor(t, "resolved", "1", fluxLabels),
		sentFor(t, "firing", "2", with(fluxLabels, "revision", "main@sha1:2e1d")),
		sentFor(t, "firing", "3", with(fluxLabels, "alertname", "FluxKustomizationBuildfailed", "reason", "BuildFailed")),
		sentFor(t, "firing", "4", with(fluxLabels, "name", "infrastructure")),
		sentFor(t, "firing", "5", argoLabels),
		sentFor(t, "firing", "5", argoLabels),
	} {
		if answer := e.post(gitops, body); answer.Code != http.StatusOK {
			t.Fatalf("answered %d: %s", answer.Code, answer.Body)
		}
	}
	var incidents v1alpha1.IncidentList
	if err := e.api.List(t.Context(), &incidents, client.InNamespace("monitoring")); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for i := range incidents.Items {
		spec, failed := alerttemplate.Render(&receiver.Spec.Ticket, alerttemplate.DataOf(&incidents.Items[i], 1), e.clock)
		if len(failed) > 0 || spec.Priority != "HIGH" {
			t.Errorf("a ticket of priority %q, %v", spec.Priority, failed)
		}
		got[spec.Summary] = len(incidents.Items[i].Spec.Alerts)
	}
	want := map[string]int{"Kustomization flux-system/apps fails": 3, "Kustomization flux-system/infrastructure fails": 1, "Application argocd/shop fails": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tickets, with how many alerts each (-want +got):\n%s", diff)
	}
}
