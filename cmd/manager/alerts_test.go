// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// notificationOfDiskFull is what Alertmanager sends.
const notificationOfDiskFull = `{"version":"4","groupLabels":{"alertname":"DiskFull"},"alerts":[{"status":"firing","fingerprint":"75660623fbaac4ea",
"labels":{"alertname":"DiskFull","instance":"a"},"annotations":{},"startsAt":"2026-11-27T04:27:53.625377829Z","endsAt":"0001-01-01T00:00:00Z"}]}`

var _ = Describe("The endpoint for alerts", func() {
	It("keeps in an Incident what a sender with the token says, in a replica that is not the leader too", func(ctx SpecContext) {
		t := newTenant(ctx)
		token := "canary-" + rand.Text()
		t.secrets = append(t.secrets, token)
		receiver := &v1alpha1.AlertReceiver{ObjectMeta: t.named("platform"), Spec: v1alpha1.AlertReceiverSpec{TokenSecretRef: v1alpha1.SecretKeyReference{Name: "alertmanager-token"}}}
		create[client.Object](ctx, receiver, &corev1.Secret{ObjectMeta: t.named("alertmanager-token"), StringData: map[string]string{"token": token}})
		electing := []string{"--leader-elect", "--leader-election-namespace=" + operatorNamespace}
		replicas := []*managerProcess{t.startManager(ctx, electing...), t.startManager(ctx, electing...)}

		for _, replica := range replicas {
			url := "http://" + replica.alerts + receiver.EndpointPath()
			Eventually(postAlert).WithContext(ctx).WithArguments(url, token).Should(Equal(http.StatusOK))
			Expect(postAlert(ctx, url, "wrong")).To(Equal(http.StatusUnauthorized))
			Expect(postAlert(ctx, url+"-that-does-not-exist", token)).To(Equal(http.StatusUnauthorized))
			Expect(replica.metric(ctx, "synqly_alert_notifications_total")).To(BeNumerically(">=", 3))
		}
		var incidents v1alpha1.IncidentList
		Expect(administrator.List(ctx, &incidents, client.InNamespace(t.namespace))).To(Succeed())
		Expect(incidents.Items).To(ConsistOf(HaveField("Spec.Alerts", ConsistOf(HaveField("Fingerprint", "75660623fbaac4ea")))))
		Eventually(func() (*v1alpha1.AlertReceiver, error) {
			return receiver, administrator.Get(ctx, client.ObjectKeyFromObject(receiver), receiver)
		}).WithContext(ctx).Should(HaveField("Status.LastNotification", Not(BeNil())))
	})
})

// postAlert sends a notification and returns the code of the answer.
func postAlert(ctx context.Context, url, token string) (int, error) {
	return postBody(ctx, url, token, notificationOfDiskFull)
}

// postBody sends a body as a sender with the token does.
func postBody(ctx context.Context, url, token, body string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}
