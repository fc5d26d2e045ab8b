// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"text/template"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// fluxFailure is what Flux's notification-controller posts of a Kustomization that fails: it has no
// end, which it writes as the zero time, and the revision is a label.
func fluxFailure(name, reason, revision string) []byte {
	GinkgoHelper()
	body, err := json.Marshal([]map[string]any{{
		"status": "firing",
		"labels": map[string]string{
			"alertname": "FluxKustomization" + cases.Title(language.Und).String(reason), "severity": "error", "reason": reason, "kind": "Kustomization", "name": name,
			"namespace": "flux-system", "reportingcontroller": "kustomize-controller", "revision": revision,
		},
		"annotations": map[string]string{"message": "health check failed after 30s: timeout waiting for: [Ticket/shop/outage status: 'InProgress']"},
		"startsAt":    time.Now().Format(time.RFC3339),
		"endsAt":      time.Time{}.Format(time.RFC3339),
	}})
	Expect(err).NotTo(HaveOccurred())
	return body
}

// argoCDFailure is what Argo CD's notifications-controller posts with the template of the samples:
// it has no end at all, and the address of the repository.
func argoCDFailure(name, message string) []byte {
	GinkgoHelper()
	content, err := os.ReadFile("../../config/samples/alerts/argocd_notifications.yaml")
	Expect(err).NotTo(HaveOccurred())
	var configMap corev1.ConfigMap
	Expect(yaml.UnmarshalStrict(content, &configMap)).To(Succeed())
	var sample struct {
		Alertmanager struct {
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
		} `json:"alertmanager"`
	}
	Expect(yaml.UnmarshalStrict([]byte(configMap.Data["template.sync-failed"]), &sample)).To(Succeed())
	application := map[string]any{"app": map[string]any{
		"metadata": map[string]any{"name": name, "namespace": "argocd"},
		"status":   map[string]any{"operationState": map[string]any{"message": message}},
	}}
	for _, texts := range []map[string]string{sample.Alertmanager.Labels, sample.Alertmanager.Annotations} {
		Expect(texts).NotTo(BeEmpty())
		for key, text := range texts {
			parsed, err := template.New(key).Option("missingkey=error").Parse(text)
			Expect(err).NotTo(HaveOccurred())
			var filled strings.Builder
			Expect(parsed.Execute(&filled, application)).To(Succeed())
			texts[key] = filled.String()
		}
	}
	body, err := json.Marshal([]map[string]any{{
		"labels": sample.Alertmanager.Labels, "annotations": sample.Alertmanager.Annotations,
		"generatorURL": "https://git.example.com/shop.git", "startsAt": time.Now(),
	}})
	Expect(err).NotTo(HaveOccurred())
	return body
}

// gitOpsAlerting is a tenant with the receiver of the samples for Flux and Argo CD, and one
// Alertmanager.
type gitOpsAlerting struct {
	*tenant

	alertmanager *alertmanager
}

func startGitOpsAlerting(ctx SpecContext) *gitOpsAlerting {
	GinkgoHelper()
	a := &gitOpsAlerting{tenant: newTenant(ctx)}
	token, endpoint := "canary-"+rand.Text(), freeAddress(ctx)
	a.secrets = append(a.secrets, token)
	a.startManager(ctx, "--alerts-bind-address="+endpoint)
	a.connect(ctx, a.integration())
	content, err := os.ReadFile("../../config/samples/alerts/gitops.yaml")
	Expect(err).NotTo(HaveOccurred())
	receiver := &v1alpha1.AlertReceiver{}
	Expect(yaml.UnmarshalStrict(content, receiver)).To(Succeed())
	receiver.Namespace = a.namespace
	create[client.Object](ctx, receiver, &corev1.Secret{ObjectMeta: a.named(receiver.Spec.TokenSecretRef.Name), StringData: map[string]string{"token": token}})
	expectReady(ctx, receiver)

	configuration := writeAlertmanagerConfiguration("http://"+endpoint+receiver.EndpointPath(), token)
	written, err := os.ReadFile(configuration)
	Expect(err).NotTo(HaveOccurred())
	Expect(string(written)).To(ContainSubstring("group_by: [alertname, namespace]"))
	grouped := strings.Replace(string(written), "group_by: [alertname, namespace]", "group_by: [kind, namespace, name]", 1)
	Expect(os.WriteFile(configuration, []byte("global:\n  resolve_timeout: 3s\n"+grouped), 0o600)).To(Succeed())
	// The other member of the pair never starts.
	pair := &alertmanagerPair{configuration: configuration}
	for i := range pair.members {
		pair.members[i] = &alertmanager{pair: pair, name: "alertmanager", api: freeAddress(ctx), gossip: freeAddress(ctx), state: GinkgoT().TempDir()}
	}
	a.alertmanager = pair.members[0]
	a.alertmanager.start(ctx)
	Eventually(func() (int, error) {
		code, _, err := get(ctx, "http://"+a.alertmanager.api+"/-/ready")
		return code, err
	}).WithContext(ctx).Should(Equal(http.StatusOK))
	return a
}

// post sends a body to the address that the samples name for both tools.
func (a *gitOpsAlerting) post(ctx context.Context, body []byte) {
	GinkgoHelper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+a.alertmanager.api+"/api/v2/alerts", bytes.NewReader(body))
	Expect(err).NotTo(HaveOccurred())
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	Expect(err).NotTo(HaveOccurred())
	Expect(response.Body.Close()).To(Succeed())
	Expect(response).To(HaveHTTPStatus(http.StatusOK))
}

// expectIncidents waits for the Incidents, each with how many of its alerts fire and how many there
// are.
func (a *gitOpsAlerting) expectIncidents(ctx SpecContext, step string, matchers ...any) {
	GinkgoHelper()
	Eventually(func(ctx context.Context) ([][2]int, error) {
		var incidents v1alpha1.IncidentList
		err := administrator.List(ctx, &incidents, client.InNamespace(a.namespace))
		var counts [][2]int
		for _, incident := range incidents.Items {
			if incident.Status.TicketID != "" {
				counts = append(counts, [2]int{int(incident.Status.Firing), len(incident.Spec.Alerts)})
			}
		}
		return counts, err
	}).WithContext(ctx).Should(ConsistOf(matchers...), step)
}

var _ = Describe("What Flux and Argo CD tell Alertmanager", func() {
	It("becomes a ticket for each object that fails, which stays open when nobody says more", func(ctx SpecContext) {
		a := startGitOpsAlerting(ctx)
		wantTickets := ConsistOf(
			ticketWith("Kustomization flux-system/apps fails", "health check failed after 30s"),
			ticketWith("Application argocd/shop fails", "one or more objects failed to apply"),
		)

		By("failing")
		a.post(ctx, fluxFailure("apps", "HealthCheckFailed", "main@sha1:1f0c"))
		a.post(ctx, argoCDFailure("shop", "one or more objects failed to apply"))
		Eventually(a.remote.Tickets).WithContext(ctx).Should(wantTickets)

		By("saying nothing for longer than the resolve_timeout of Alertmanager")
		a.expectIncidents(ctx, "resolved", [2]int{0, 1}, [2]int{0, 1})
		Expect(a.remote.Tickets()).To(wantTickets)

		By("failing again, with another revision")
		a.post(ctx, fluxFailure("apps", "HealthCheckFailed", "main@sha1:2e1d"))
		a.expectIncidents(ctx, "another revision", HaveExactElements(BeNumerically("<=", 1), 2), [2]int{0, 1})
		Expect(a.remote.Tickets()).To(wantTickets)
	})
})

// ticketWith matches an open remote ticket for an error.
func ticketWith(summary, description string) gomegatypes.GomegaMatcher {
	return And(
		HaveField("Summary", summary), HaveField("Description", ContainSubstring(description)),
		HaveField("Status", "To Do"), HaveField("Priority", "HIGH"),
	)
}
