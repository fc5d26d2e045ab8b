// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/cert"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var _ = Describe("The metrics", func() {
	It("are served over HTTPS, to those whom the API server lets read them", func(ctx SpecContext) {
		t := newTenant(ctx)
		m := t.launchSecureManager(ctx)
		reader, stranger := t.accountToken(ctx, "prometheus"), t.accountToken(ctx, "stranger")
		t.allowMetrics(ctx, "prometheus")
		t.secrets = append(t.secrets, reader, stranger)
		anyCertificate := metricsClient(&tls.Config{InsecureSkipVerify: true}) // It is self-signed.

		m.expectMetrics(ctx, anyCertificate, reader)
		for token, want := range map[string]int{
			"":            http.StatusUnauthorized,
			"not-a-token": http.StatusInternalServerError, // That is how the filter answers.
			stranger:      http.StatusForbidden,
		} {
			status, body, err := m.scrape(ctx, anyCertificate, token)
			Expect(err).NotTo(HaveOccurred())
			Expect(status).To(Equal(want), body)
			Expect(body).NotTo(ContainSubstring("synqly_"))
		}
		status, body, err := get(ctx, "http://"+m.metrics+"/metrics")
		Expect(err).NotTo(HaveOccurred())
		Expect(status).To(Equal(http.StatusBadRequest), body)
	})

	It("are served with the certificate of --metrics-cert-path, also after it was renewed", func(ctx SpecContext) {
		t := newTenant(ctx)
		token := t.accountToken(ctx, "prometheus")
		t.allowMetrics(ctx, "prometheus")
		t.secrets = append(t.secrets, token)
		folder := GinkgoT().TempDir()
		first := writeCertificate(folder)

		m := t.launchSecureManager(ctx, "--metrics-cert-path="+folder, "--metrics-cert-name=metrics.crt", "--metrics-cert-key=metrics.key")

		m.expectMetrics(ctx, metricsClient(&tls.Config{RootCAs: first, MinVersion: tls.VersionTLS12}), token)
		renewed := writeCertificate(folder)
		m.expectMetrics(ctx, metricsClient(&tls.Config{RootCAs: renewed, MinVersion: tls.VersionTLS12}), token)
	})
})

// writeCertificate writes a new certificate and its key into the folder, and returns what it is
// verified with.
func writeCertificate(folder string) *x509.CertPool {
	GinkgoHelper()
	certificate, key, err := cert.GenerateSelfSignedCertKey("127.0.0.1", nil, nil)
	Expect(err).NotTo(HaveOccurred())
	Expect(os.WriteFile(filepath.Join(folder, "metrics.crt"), certificate, 0o600)).To(Succeed())
	Expect(os.WriteFile(filepath.Join(folder, "metrics.key"), key, 0o600)).To(Succeed())
	authorities := x509.NewCertPool()
	Expect(authorities.AppendCertsFromPEM(certificate)).To(BeTrue())
	return authorities
}

// launchSecureManager starts a manager that works in this namespace alone, and serves its metrics
// as it does when no flag says otherwise.
func (t *tenant) launchSecureManager(ctx context.Context, flags ...string) *managerProcess {
	GinkgoHelper()
	m := launchManager(ctx, append([]string{"--watch-namespaces=" + t.namespace, "--metrics-secure"}, flags...)...)
	t.managers = append(t.managers, m)
	return m
}

// accountToken makes a service account of the namespace and returns a token of it.
func (t *tenant) accountToken(ctx context.Context, name string) string {
	GinkgoHelper()
	account := &corev1.ServiceAccount{ObjectMeta: t.named(name)}
	create[client.Object](ctx, account)
	var request authenticationv1.TokenRequest
	Expect(administrator.SubResource("token").Create(ctx, account, &request)).To(Succeed())
	return request.Status.Token
}

// allowMetrics gives a service account of the namespace the role for readers of metrics.
func (t *tenant) allowMetrics(ctx SpecContext, account string) {
	GinkgoHelper()
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "metrics-reader-"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: t.namespace, Name: account}},
	}
	create(ctx, binding)
	DeferCleanup(func(ctx SpecContext) { Expect(administrator.Delete(ctx, binding)).To(Succeed()) })
}

func metricsClient(config *tls.Config) *http.Client {
	transport := &http.Transport{TLSClientConfig: config}
	DeferCleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// scrape reads the metrics over HTTPS; an empty token is none.
func (m *managerProcess) scrape(ctx context.Context, through *http.Client, token string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+m.metrics+"/metrics", http.NoBody)
	if err != nil {
		return 0, "", err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := through.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	return response.StatusCode, string(content), err
}

// expectMetrics waits until the metrics can be read with the token: the manager has to serve them,
// and the API server to know of the role.
func (m *managerProcess) expectMetrics(ctx context.Context, through *http.Client, token string) {
	GinkgoHelper()
	Eventually(func() (string, error) {
		if code := m.ExitCode(); code != stillRunning {
			return "", StopTrying(fmt.Sprintf("the manager has ended with the exit code %d", code))
		}
		_, body, err := m.scrape(ctx, through, token)
		return body, err
	}).WithContext(ctx).Should(ContainSubstring("synqly_build_info"))
}
