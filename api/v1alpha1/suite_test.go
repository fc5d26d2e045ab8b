// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"context"
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// crdFolder holds the generated CustomResourceDefinitions, seen from this package.
const crdFolder = "../../config/crd/bases"

// testNamespace is where every object of the suite lives.
const testNamespace = "schema"

var (
	testEnv    *envtest.Environment
	restConfig *rest.Config
	// apiClient knows the Go types of this package, and takes unstructured objects too.
	apiClient client.Client
	suiteCtx  context.Context
)

func TestCustomResources(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "The custom resources, as a real API server takes them")
}

var _ = BeforeSuite(func() {
	Expect(os.Getenv("KUBEBUILDER_ASSETS")).NotTo(BeEmpty(), "KUBEBUILDER_ASSETS is not set: run the tests with make test")
	ctrl.SetLogger(zap.New(zap.WriteTo(GinkgoWriter)))
	suiteCtx = context.Background()
	testEnv = &envtest.Environment{CRDDirectoryPaths: []string{crdFolder}, ErrorIfCRDPathMissing: true}
	var err error
	restConfig, err = testEnv.Start()
	Expect(err).NotTo(HaveOccurred())
	restConfig.QPS = -1

	scheme := runtime.NewScheme()
	Expect(corev1.AddToScheme(scheme)).To(Succeed())
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	apiClient, err = client.New(restConfig, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: testNamespace}}
	Expect(apiClient.Create(suiteCtx, namespace)).To(Succeed())
})

var _ = AfterSuite(func() {
	if testEnv != nil {
		Expect(testEnv.Stop()).To(Succeed())
	}
})
