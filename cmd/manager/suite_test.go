// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// These tests run the manager's program, as it is deployed, against a real etcd and kube-apiserver,
// with the rights of config/rbac and no others, and against the simulated Synqly API.
package main_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

const (
	operatorNamespace = "synqly-ticketing-system"
	operatorAccount   = "operator"
)

// What BeforeSuite makes.
var (
	// administrator may do everything.
	administrator client.Client
	// administratorKubeconfig is the path of a kubeconfig of the same.
	administratorKubeconfig string
	// managerProgram is the path of the built manager.
	managerProgram string
	// operatorKubeconfig is the path of a kubeconfig with the operator's service account.
	operatorKubeconfig string
	// operatorToken is the service account's token.
	operatorToken string
	// operatorRequests is what the API server writes down of the operator's requests.
	operatorRequests auditLog
)

func TestManager(t *testing.T) {
	RegisterFailHandler(Fail)
	suite, reporter := GinkgoConfiguration()
	// Sooner than go test's own limit, which would end this process without giving it the time to
	// end those that it has started.
	suite.Timeout = 38 * time.Minute
	RunSpecs(t, "Manager", suite, reporter)
}

var _ = BeforeSuite(func(ctx SpecContext) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		Fail("KUBEBUILDER_ASSETS does not name the folder of etcd and kube-apiserver: run these tests by `make test PACKAGES=./cmd/manager`, which sets it")
	}
	log.SetLogger(GinkgoLogr)
	SetDefaultEventuallyTimeout(time.Minute)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	SetDefaultConsistentlyDuration(time.Second)
	SetDefaultConsistentlyPollingInterval(50 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()

	buildManager()
	controlPlane := startControlPlane(ctx)
	installRoles(ctx)
	administratorKubeconfig = filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(os.WriteFile(administratorKubeconfig, controlPlane.KubeConfig, 0o600)).To(Succeed())
	operatorToken = tokenOf(ctx, client.ObjectKey{Namespace: operatorNamespace, Name: operatorAccount})
	operatorKubeconfig = writeKubeconfig(operatorToken, "")
})

func buildManager() {
	GinkgoHelper()
	DeferCleanup(gexec.CleanupBuildArtifacts)
	var err error
	managerProgram, err = gexec.Build("github.com/synqly/ticketing-operator/cmd/manager", "-buildvcs=false")
	Expect(err).NotTo(HaveOccurred())
}

func startControlPlane(ctx SpecContext) *envtest.Environment {
	GinkgoHelper()
	scheme := runtime.NewScheme()
	Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())

	controlPlane := &envtest.Environment{
		Scheme:                   scheme,
		CRDDirectoryPaths:        []string{"../../config/crd/bases"},
		ErrorIfCRDPathMissing:    true,
		UseExistingCluster:       new(bool), // No cluster of the user's, whatever the environment says.
		ControlPlaneStartTimeout: time.Minute,
		ControlPlaneStopTimeout:  time.Minute,
	}
	operatorRequests.configure(controlPlane.ControlPlane.GetAPIServer(), GinkgoT().TempDir())
	// A start that fails half way may leave etcd behind.
	DeferCleanup(func() error { return controlPlane.Stop() })
	config, err := controlPlane.Start()
	Expect(err).NotTo(HaveOccurred())

	config.QPS = -1 // No limit.
	administrator, err = client.New(config, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	// The API server makes this namespace itself, some time after it has begun to answer.
	Eventually(administrator.Get).WithContext(ctx).
		WithArguments(client.ObjectKey{Name: metav1.NamespaceSystem}, &corev1.Namespace{}).Should(Succeed())
	return controlPlane
}

// installRoles applies those files of config/rbac that concern the operator itself, in the
// namespace that kustomize would put them into.
func installRoles(ctx SpecContext) {
	GinkgoHelper()
	Expect(administrator.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: operatorNamespace}})).To(Succeed())
	for _, file := range []string{
		"service_account.yaml", "role.yaml", "role_binding.yaml", "leader_election_role.yaml", "leader_election_role_binding.yaml",
		"metrics_auth_role.yaml", "metrics_auth_role_binding.yaml", "metrics_reader_role.yaml",
	} {
		for _, object := range readManifests(filepath.Join("../../config/rbac", file)) {
			if slices.Contains([]string{"ServiceAccount", "Role", "RoleBinding"}, object.GetKind()) {
				object.SetNamespace(operatorNamespace)
			}
			if subjects, found, _ := unstructured.NestedSlice(object.Object, "subjects"); found {
				for _, subject := range subjects {
					subject.(map[string]any)["namespace"] = operatorNamespace
				}
				Expect(unstructured.SetNestedSlice(object.Object, subjects, "subjects")).To(Succeed())
			}
			Expect(administrator.Create(ctx, object)).To(Succeed(), file)
		}
	}
}

func readManifests(path string) []*unstructured.Unstructured {
	GinkgoHelper()
	file, err := os.Open(path)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = file.Close() }()
	decoder := yaml.NewYAMLOrJSONDecoder(file, 4096)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		Expect(err).NotTo(HaveOccurred(), path)
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

// tokenOf returns a token of a service account.
func tokenOf(ctx SpecContext, name client.ObjectKey) string {
	GinkgoHelper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name}}
	var request authenticationv1.TokenRequest
	Expect(administrator.SubResource("token").Create(ctx, account, &request)).To(Succeed())
	return request.Status.Token
}

// writeKubeconfig returns the path of a kubeconfig with a token, whose user works in a namespace;
// in none where it is empty.
func writeKubeconfig(token, namespace string) string {
	GinkgoHelper()
	config, err := clientcmd.LoadFromFile(administratorKubeconfig)
	Expect(err).NotTo(HaveOccurred())
	for _, user := range config.AuthInfos {
		*user = clientcmdapi.AuthInfo{Token: token}
	}
	for _, each := range config.Contexts {
		each.Namespace = namespace
	}
	path := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(clientcmd.WriteToFile(*config, path)).To(Succeed())
	return path
}
