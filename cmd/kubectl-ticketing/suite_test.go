// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// These tests run the plugin's program, as a user runs it, against a real etcd and kube-apiserver,
// with the operator and the simulated Synqly API behind them.
package main_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

const (
	// namespace of the specs: the one of a kubeconfig that names none.
	namespace = "default"
	token     = "integration-token"
	// stopTimeout is how long a program may take to end.
	stopTimeout = 10 * time.Second
)

// What BeforeSuite makes.
var (
	controlPlane *envtest.Environment
	// administrator may do everything.
	administrator client.Client
	// administratorKubeconfig is the kubeconfig of the same.
	administratorKubeconfig []byte
	kubeconfig              string
	plugin                  string
	simulated               *simulator.Server
	simulatorURL            string
)

func TestPlugin(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "kubectl plugin")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		Fail("KUBEBUILDER_ASSETS does not name the folder of etcd and kube-apiserver: run these tests by `make test PACKAGES=./cmd/kubectl-ticketing`, which sets it")
	}
	log.SetLogger(GinkgoLogr)
	SetDefaultEventuallyTimeout(2 * time.Minute)
	SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()

	DeferCleanup(gexec.CleanupBuildArtifacts)
	plugin = build("kubectl-ticketing")
	startControlPlane(ctx)
	kubeconfig = filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(os.WriteFile(kubeconfig, administratorKubeconfig, 0o600)).To(Succeed())
	startSimulator()
	startManager(ctx)
})

func build(program string) string {
	GinkgoHelper()
	path, err := gexec.Build("github.com/synqly/ticketing-operator/cmd/"+program, "-buildvcs=false")
	Expect(err).NotTo(HaveOccurred())
	return path
}

func startControlPlane(ctx SpecContext) {
	GinkgoHelper()
	scheme := runtime.NewScheme()
	Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	controlPlane = &envtest.Environment{
		Scheme:                   scheme,
		CRDDirectoryPaths:        []string{"../../config/crd/bases"},
		ErrorIfCRDPathMissing:    true,
		UseExistingCluster:       new(bool), // No cluster of the user's, whatever the environment says.
		ControlPlaneStartTimeout: time.Minute,
		ControlPlaneStopTimeout:  time.Minute,
	}
	// A start that fails half way may leave etcd behind.
	DeferCleanup(func() error { return controlPlane.Stop() })
	config, err := controlPlane.Start()
	Expect(err).NotTo(HaveOccurred())
	config.QPS = -1 // No limit.
	administrator, err = client.New(config, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	administratorKubeconfig = controlPlane.KubeConfig
	// The API server makes these namespaces itself, some time after it has begun to answer.
	for _, name := range []string{metav1.NamespaceSystem, namespace} {
		Eventually(administrator.Get).WithContext(ctx).WithArguments(client.ObjectKey{Name: name}, &corev1.Namespace{}).Should(Succeed())
	}
}

func startSimulator() {
	simulated = simulator.New(simulator.Options{Token: token})
	server := httptest.NewServer(simulated)
	DeferCleanup(func() {
		simulated.Close()
		server.Close()
	})
	simulatorURL = server.URL
}

// startManager starts the operator, which is asked to end after all specs.
func startManager(ctx context.Context) {
	GinkgoHelper()
	command := exec.CommandContext(context.WithoutCancel(ctx), build("manager"),
		"--kubeconfig="+kubeconfig, "--metrics-bind-address=0", "--health-probe-bind-address=0", "--alerts-bind-address=0",
		"--allow-insecure-http", "--allowed-api-cidrs=127.0.0.0/8,::1/128")
	session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() {
		session.Terminate()
		Eventually(session).WithTimeout(stopTimeout).Should(gexec.Exit(0))
	})
}

// run runs a subcommand of the plugin and returns its output, which must not be an error.
func run(ctx context.Context, arguments ...string) string {
	GinkgoHelper()
	output, errorOutput, err := runAs(ctx, kubeconfig, arguments...)
	Expect(err).NotTo(HaveOccurred(), errorOutput)
	return output
}

func runAs(ctx context.Context, kubeconfig string, arguments ...string) (output, errorOutput string, err error) {
	GinkgoHelper()
	command := exec.CommandContext(ctx, plugin, arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "HOME="+GinkgoT().TempDir())
	session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	Eventually(session).WithContext(ctx).Should(gexec.Exit())
	if code := session.ExitCode(); code != 0 {
		err = fmt.Errorf("%v: exit code %d", arguments, code)
	}
	return string(session.Out.Contents()), string(session.Err.Contents()), err
}

// newConnection makes an Integration with its Secret.
func newConnection(ctx context.Context, name string) {
	GinkgoHelper()
	object := metav1.ObjectMeta{Namespace: namespace, Name: name}
	apply(ctx, &corev1.Secret{ObjectMeta: object, StringData: map[string]string{"token": token}})
	integration := &v1alpha1.Integration{ObjectMeta: object}
	integration.Spec.BaseURL = simulatorURL
	integration.Spec.TokenSecretRef.Name = name
	integration.Spec.RateLimit = &v1alpha1.RateLimit{RequestsPerSecond: 1000, Burst: 1000}
	integration.Spec.TicketURLTemplate = "https://acme.example.com/browse/{id}"
	apply(ctx, integration)
	expectReady(ctx, integration, func() []metav1.Condition { return integration.Status.Conditions })
}

// apply creates an object unless it exists.
func apply(ctx context.Context, object client.Object) {
	GinkgoHelper()
	if err := administrator.Create(ctx, object); !apierrors.IsAlreadyExists(err) {
		Expect(err).NotTo(HaveOccurred())
	}
}

func expectReady(ctx context.Context, object client.Object, conditions func() []metav1.Condition) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(administrator.Get(ctx, client.ObjectKeyFromObject(object), object)).To(Succeed())
		g.Expect(meta.IsStatusConditionTrue(conditions(), v1alpha1.ConditionReady)).To(BeTrue(), "%v", conditions())
	}).WithContext(ctx).Should(Succeed())
}
