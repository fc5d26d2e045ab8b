// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// gate stands in front of an API, so that a spec can act exactly at a certain request.
type gate struct {
	api http.Handler

	mu    sync.Mutex
	guard guard
}

// guard says what is done about a request: when it has arrived, before it is carried out; and when
// it has been carried out, before it is answered. Either may be nil, and either may panic with
// http.ErrAbortHandler to close the connection. It is called by several requests at once.
type guard func(*http.Request) (arrived, carriedOut func())

// setGuard replaces the guard; nil lets everything pass.
func (g *gate) setGuard(replacement guard) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.guard = replacement
}

func (g *gate) ask(request *http.Request) (arrived, carriedOut func()) {
	g.mu.Lock()
	asked := g.guard
	g.mu.Unlock()
	if asked == nil {
		return nil, nil
	}
	return asked(request)
}

// ServeHTTP implements http.Handler.
func (g *gate) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	arrived, carriedOut := g.ask(request)
	if arrived != nil {
		arrived()
	}
	if carriedOut == nil {
		g.api.ServeHTTP(writer, request)
		return
	}
	answer := httptest.NewRecorder()
	// The client may be gone by now, and the request is to be carried out all the same.
	g.api.ServeHTTP(answer, request.WithContext(context.WithoutCancel(request.Context())))
	carriedOut()
	maps.Copy(writer.Header(), answer.Header())
	writer.WriteHeader(answer.Code)
	_, _ = writer.Write(answer.Body.Bytes()) // An error means that the client has gone away.
}

// newAPIServerGate returns a gate in front of the API server, and the path of a kubeconfig with
// which the operator's service account goes through it.
func newAPIServerGate() (*gate, string) {
	GinkgoHelper()
	kubeconfig, err := clientcmd.LoadFromFile(operatorKubeconfig)
	Expect(err).NotTo(HaveOccurred())
	config, err := clientcmd.NewDefaultClientConfig(*kubeconfig, nil).ClientConfig()
	Expect(err).NotTo(HaveOccurred())
	apiServer, err := url.Parse(config.Host)
	Expect(err).NotTo(HaveOccurred())
	// It adds the token: without TLS no client of Kubernetes sends one.
	transport, err := rest.TransportFor(config)
	Expect(err).NotTo(HaveOccurred())
	entrance := &gate{api: &httputil.ReverseProxy{
		Rewrite:   func(request *httputil.ProxyRequest) { request.SetURL(apiServer) },
		Transport: transport,
		ErrorLog:  log.New(GinkgoWriter, "in front of the API server: ", 0),
	}}
	listener := httptest.NewServer(entrance)
	DeferCleanup(func() {
		listener.CloseClientConnections()
		listener.Close()
	})

	for _, cluster := range kubeconfig.Clusters {
		cluster.Server, cluster.CertificateAuthorityData = listener.URL, nil
	}
	path := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(clientcmd.WriteToFile(*kubeconfig, path)).To(Succeed())
	return entrance, path
}
