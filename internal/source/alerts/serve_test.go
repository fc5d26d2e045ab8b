// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/cache/informertest"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not in time", what)
		}
	}
}

// serve starts the endpoint on the loopback interface and returns its address and how to end it.
func (e *endpoint) serve(t *testing.T, informers *informertest.FakeInformers) (address string, end func() error) {
	t.Helper()
	e.options.Address = freeAddress(t)
	e.options.Informers = informers
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Start(ctx) }()
	t.Cleanup(cancel)
	eventually(t, "listening", func() bool { return e.Ready(nil) == nil })
	return e.options.Address, func() error {
		cancel()
		return <-ended
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// send posts a notification over the network and returns the code of the answer, 0 where there is
// none.
func send(t *testing.T, address string, transport http.RoundTripper) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+pathOf(platform), bytes.NewReader(hook()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+canaryToken)
	response, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func TestTheEndpointServesUntilTheManagerEnds(t *testing.T) {
	e := newEndpoint(t)
	if e.Ready(nil) == nil {
		t.Error("it is ready before it listens")
	}
	address, end := e.serve(t, &informertest.FakeInformers{Scheme: testScheme()})
	if code := send(t, "http://"+address, http.DefaultTransport); code != http.StatusOK {
		t.Fatalf("got %d", code)
	}
	if err := end(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if e.Ready(nil) == nil {
		t.Error("it is ready after its end")
	}
	if e.NeedLeaderElection() {
		t.Error("only the leader serves it")
	}
}

func TestAReceiverThatIsDeletedIsForgotten(t *testing.T) {
	e := newEndpoint(t)
	informers := &informertest.FakeInformers{Scheme: testScheme()}
	e.serve(t, informers)
	e.expectCode(t, http.StatusOK, e.post(platform, hook()))
	if got := e.remembers(); got != 2 {
		t.Fatalf("%d things are remembered, want the token and the time of the notification", got)
	}

	informer, err := informers.FakeInformerFor(t.Context(), &v1alpha1.AlertReceiver{})
	if err != nil {
		t.Fatal(err)
	}
	informer.Delete(receiverWith(v1alpha1.AlertReceiverSpec{}))
	eventually(t, "forgetting", func() bool {
		_, isCounted := counted(t)["monitoring/platform 200"]
		return !isCounted && e.remembers() == 0
	})
}

// remembers says of how many receivers something is remembered.
func (e *endpoint) remembers() int {
	e.tokens.mu.Lock()
	defer e.tokens.mu.Unlock()
	e.statuses.mu.Lock()
	defer e.statuses.mu.Unlock()
	return len(e.tokens.known) + len(e.statuses.written)
}

func TestTheCertificateIsReadAgain(t *testing.T) {
	e := newEndpoint(t)
	folder := t.TempDir()
	e.options.CertFile, e.options.KeyFile = filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")
	first := e.writeCertificate(t)
	address, _ := e.serve(t, &informertest.FakeInformers{Scheme: testScheme()})
	isServed := func(roots *x509.CertPool) bool {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}
		return send(t, "https://"+address, transport) == http.StatusOK
	}
	if !isServed(first) {
		t.Fatal("the certificate is not served")
	}
	if send(t, "http://"+address, http.DefaultTransport) == http.StatusOK {
		t.Error("it takes notifications without encryption")
	}
	second := e.writeCertificate(t)
	eventually(t, "the new certificate", func() bool { return isServed(second) })
}

// writeCertificate writes a new certificate and its key, and returns who trusts it.
func (e *endpoint) writeCertificate(t *testing.T) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "alerts"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	encodedKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		e.options.KeyFile:  {Type: "PRIVATE KEY", Bytes: encodedKey},
		e.options.CertFile: {Type: "CERTIFICATE", Bytes: certificate},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(certificate)
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(parsed)
	return roots
}

func TestACertificateNeedsItsKey(t *testing.T) {
	for _, options := range []Options{{CertFile: "tls.crt"}, {KeyFile: "tls.key"}} {
		if _, err := New(options); err == nil || !strings.Contains(err.Error(), "needs both") {
			t.Errorf("%+v: got the error %v", options, err)
		}
	}
}
