// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("A storm of alerts while the ticketing system is down", func() {
	It("leaves one ticket for each of 200 incidents, of which two senders tell in 1,000 notifications", func(ctx SpecContext) {
		const (
			incidents     = 200
			notifications = 1000
			senders       = 2
		)
		t := newTenant(ctx)
		integration := t.integration()
		integration.Spec.RequestTimeout = &metav1.Duration{Duration: time.Second}
		receiver := &v1alpha1.AlertReceiver{ObjectMeta: t.named("platform"), Spec: v1alpha1.AlertReceiverSpec{
			TokenSecretRef: v1alpha1.SecretKeyReference{Name: secretName}, MaxOpenTickets: incidents, Comments: v1alpha1.AlertCommentsNone,
		}}
		m := t.startManager(ctx)
		t.connect(ctx, integration)
		create(ctx, receiver)
		url := "http://" + m.alerts + receiver.EndpointPath()
		Eventually(postBody).WithContext(ctx).WithArguments(url, t.token, "{}").Should(Equal(http.StatusBadRequest), "the receiver is known")
		t.remote.Inject(simulator.Fault{Status: http.StatusServiceUnavailable})

		By("sending all at once, as two Alertmanagers do, and again what is answered 503")
		bodies := make([]string, notifications)
		for i := range bodies {
			// Of each group one alert, and from the second time on two.
			bodies[i] = stormOf(i/senders%incidents, min(i/senders/incidents+1, 2))
		}
		var repeated atomic.Int32
		begun := time.Now()
		atOnce(bodies, func(body string) {
			Eventually(func() (int, error) {
				code, err := postBody(ctx, url, t.token, body)
				if code == http.StatusServiceUnavailable {
					repeated.Add(1)
				}
				return code, err
			}).WithContext(ctx).Should(Equal(http.StatusOK))
		})
		answered := time.Since(begun)
		var stored v1alpha1.IncidentList
		Expect(administrator.List(ctx, &stored, client.InNamespace(t.namespace))).To(Succeed())
		Expect(stored.Items).To(HaveLen(incidents))
		Expect(stored.Items).To(HaveEach(HaveField("Spec.Alerts", HaveLen(2))))

		Eventually(func(ctx context.Context) (int, error) {
			var tickets v1alpha1.TicketList
			err := administrator.List(ctx, &tickets, client.InNamespace(t.namespace))
			return len(tickets.Items), err
		}).WithContext(ctx).Should(Equal(incidents))
		opened := time.Since(begun)
		Expect(t.remote.Tickets()).To(BeEmpty())

		By("letting the ticketing system come back")
		back := time.Now()
		t.remote.ClearFaults()
		Eventually(t.unready).WithContext(ctx).WithTimeout(2 * time.Minute).Should(BeEmpty())
		created := time.Since(back)
		Expect(t.expectOneRemoteObjectEach(ctx)).To(Equal(map[string]int{"Ticket": incidents}))
		Eventually(func() ([]v1alpha1.Incident, error) {
			err := administrator.List(ctx, &stored, client.InNamespace(t.namespace))
			return stored.Items, err
		}).WithContext(ctx).Should(HaveEach(HaveField("Status.TicketID", Not(BeEmpty()))))
		AddReportEntry("figures", fmt.Sprintf("%d notifications answered 200 after %s (%d answers of 503), %d Tickets after %s; all in sync %s after the ticketing system was back; requests: %v",
			notifications, answered.Round(time.Millisecond), repeated.Load(), incidents, opened.Round(time.Millisecond), created.Round(time.Millisecond), t.remote.RequestCounts()))
	})
})

// stormOf is a notification about a group with a number and so many alerts, which fire.
func stormOf(group, alerts int) string {
	GinkgoHelper()
	name := fmt.Sprint("Storm", group)
	message := map[string]any{
		"version": "4", "status": "firing", "groupLabels": map[string]string{"alertname": name}, "commonLabels": map[string]string{"alertname": name},
	}
	var listed []map[string]any
	for i := range alerts {
		listed = append(listed, map[string]any{
			"status": "firing", "fingerprint": fmt.Sprintf("%08x%08x", group, i), "labels": map[string]string{"alertname": name, "instance": fmt.Sprint("node-", i)},
			"annotations": map[string]string{}, "startsAt": "2026-11-27T04:27:53.625377829Z", "endsAt": "0001-01-01T00:00:00Z",
		})
	}
	message["alerts"] = listed
	body, err := json.Marshal(message)
	Expect(err).NotTo(HaveOccurred())
	return string(body)
}
