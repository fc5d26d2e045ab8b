// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// auditLog is the API server's own record of the operator's requests: what it was asked, and what
// it answered.
type auditLog struct {
	path string

	mu sync.Mutex
	// requests have been read already, as far as the offset.
	requests []auditedRequest
	offset   int64
}

// auditPolicy records the operator's requests when they are answered, and nobody else's.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
- level: Metadata
  users: ["system:serviceaccount:%s:%s"]
- level: None
`

func (l *auditLog) configure(apiServer *envtest.APIServer, folder string) {
	GinkgoHelper()
	policy := filepath.Join(folder, "audit-policy.yaml")
	Expect(os.WriteFile(policy, fmt.Appendf(nil, auditPolicy, operatorNamespace, operatorAccount), 0o600)).To(Succeed())
	l.path = filepath.Join(folder, "audit.log")
	apiServer.Configure().Set("audit-policy-file", policy).Set("audit-log-path", l.path)
}

// auditedRequest is one request of the operator.
type auditedRequest struct {
	Verb     string
	URI      string        `json:"requestURI"`
	Received time.Time     `json:"requestReceivedTimestamp"`
	Response metav1.Status `json:"responseStatus"`
}

func (r auditedRequest) String() string {
	return fmt.Sprintf("%s %s: %d %s", r.Verb, r.URI, r.Response.Code, r.Response.Message)
}

// all returns the requests that have been answered, oldest first.
func (l *auditLog) all() []auditedRequest {
	GinkgoHelper()
	l.mu.Lock()
	defer l.mu.Unlock()
	file, err := os.Open(l.path)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = file.Close() }()
	_, err = file.Seek(l.offset, io.SeekStart)
	Expect(err).NotTo(HaveOccurred())
	content, err := io.ReadAll(file)
	Expect(err).NotTo(HaveOccurred())
	lines := bytes.SplitAfter(content, []byte("\n"))
	for _, line := range lines[:len(lines)-1] { // What follows the last line end is not whole yet.
		var request auditedRequest
		Expect(json.Unmarshal(line, &request)).To(Succeed())
		l.requests = append(l.requests, request)
		l.offset += int64(len(line))
	}
	return slices.Clone(l.requests)
}

// deniedSince returns the requests since then that the operator's roles do not allow. In a
// namespace that is being deleted nothing can be created, whatever the roles say.
func (l *auditLog) deniedSince(then time.Time) []auditedRequest {
	GinkgoHelper()
	return slices.DeleteFunc(l.all(), func(request auditedRequest) bool {
		denied := request.Response.Code == http.StatusForbidden || request.Response.Code == http.StatusUnauthorized
		return request.Received.Before(then) || !denied || apierrors.HasStatusCause(&apierrors.StatusError{ErrStatus: request.Response}, corev1.NamespaceTerminatingCause)
	})
}

// writesSince returns the requests since then that were to change something.
func (l *auditLog) writesSince(then time.Time) []auditedRequest {
	GinkgoHelper()
	return slices.DeleteFunc(l.all(), func(request auditedRequest) bool {
		return request.Received.Before(then) || slices.Contains([]string{"get", "list", "watch"}, request.Verb)
	})
}
