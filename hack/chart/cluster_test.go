// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// patience is how long a condition may take on a slow machine.
const patience = time.Minute

// environment is the control plane, without a kubelet: Pods stay pending, so Helm does not wait.
var environment = &envtest.Environment{
	UseExistingCluster:       new(bool), // No cluster of the user's, whatever the environment says.
	ControlPlaneStartTimeout: 5 * time.Minute,
	ControlPlaneStopTimeout:  time.Minute,
}

// startControlPlane starts it for the first test that needs it.
var startControlPlane = sync.OnceValues(func() (client.Client, error) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		return nil, fmt.Errorf("KUBEBUILDER_ASSETS does not name the folder of etcd and kube-apiserver: run these tests by `make test PACKAGES=./hack/chart`, which sets it")
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, rbacv1.AddToScheme, authenticationv1.AddToScheme, apiextensionsv1.AddToScheme, v1alpha1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	config, err := environment.Start()
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // No limit.
	return client.New(config, client.Options{Scheme: scheme})
})

// managerProgram builds the manager for the first test that needs it.
var managerProgram = sync.OnceValues(func() (string, error) {
	return gexec.Build("github.com/synqly/ticketing-operator/cmd/manager", "-buildvcs=false")
})

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	code := m.Run()
	gexec.CleanupBuildArtifacts()
	// A start that fails half way may leave etcd behind.
	if err := environment.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stopping the control plane:", err)
		code = 1
	}
	os.Exit(code)
}

// cluster is the control plane as one test uses it.
type cluster struct {
	*testing.T
	Gomega

	// administrator may do everything.
	administrator client.Client
	kubeconfig    string
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	administrator, err := startControlPlane()
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{T: t, Gomega: NewWithT(t), administrator: administrator, kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	c.SetDefaultEventuallyTimeout(patience)
	c.SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	c.Expect(os.WriteFile(c.kubeconfig, environment.KubeConfig, 0o600)).To(Succeed())
	// The API server makes these namespaces itself, some time after it has begun to answer.
	for _, name := range []string{metav1.NamespaceSystem, metav1.NamespaceDefault} {
		c.Eventually(c.get).WithArguments(&corev1.Namespace{}, "", name).Should(Succeed())
	}
	return c
}

// helm runs Helm as an administrator, and logs how long that took.
func (c *cluster) helm(arguments ...string) (string, error) {
	c.Helper()
	begun := time.Now()
	output, err := run(c.T, "helm", append(arguments, "--kubeconfig="+c.kubeconfig)...)
	result := "done"
	if err != nil {
		result = "refused"
	}
	c.Logf("helm %s: %s after %.1f s", arguments[0], result, time.Since(begun).Seconds())
	return output, err
}

func (c *cluster) mustHelm(arguments ...string) string {
	c.Helper()
	output, err := c.helm(arguments...)
	c.Expect(err).NotTo(HaveOccurred())
	return output
}

func (c *cluster) get(object client.Object, namespace, name string) error {
	return c.administrator.Get(c.Context(), client.ObjectKey{Namespace: namespace, Name: name}, object)
}

// isGone reports whether there is no such object.
func (c *cluster) isGone(object client.Object, namespace, name string) bool {
	return apierrors.IsNotFound(c.get(object, namespace, name))
}

func (c *cluster) create(objects ...client.Object) {
	c.Helper()
	for _, object := range objects {
		c.Expect(c.administrator.Create(c.Context(), object)).To(Succeed())
	}
}

// haveNamespaces creates those that do not exist yet.
func (c *cluster) haveNamespaces(names ...string) {
	c.Helper()
	for _, name := range names {
		err := c.administrator.Create(c.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
		if !apierrors.IsAlreadyExists(err) {
			c.Expect(err).NotTo(HaveOccurred())
		}
	}
}

// apply applies objects server-side, as GitOps tools do.
func (c *cluster) apply(objects []*unstructured.Unstructured) {
	c.Helper()
	for _, object := range objects {
		c.Expect(c.tryApply(object)).To(Succeed(), "%s %s", object.GetKind(), object.GetName())
	}
}

func (c *cluster) tryApply(object *unstructured.Unstructured, options ...client.ApplyOption) error {
	options = append(options, client.FieldOwner("test"), client.ForceOwnership)
	return c.administrator.Apply(c.Context(), client.ApplyConfigurationFromUnstructured(object.DeepCopy()), options...)
}

// expectReady waits until the object is Ready for its latest spec.
func (c *cluster) expectReady(objects ...client.Object) {
	c.Helper()
	for _, object := range objects {
		c.Eventually(func() (*metav1.Condition, error) {
			if err := c.get(object, object.GetNamespace(), object.GetName()); err != nil {
				return nil, err
			}
			ready := meta.FindStatusCondition(conditions(object), v1alpha1.ConditionReady)
			if ready == nil || ready.ObservedGeneration != object.GetGeneration() {
				return nil, nil
			}
			return ready, nil
		}).Should(HaveValue(HaveField("Status", metav1.ConditionTrue)), "%T %s", object, object.GetName())
	}
}

func conditions(object client.Object) []metav1.Condition {
	switch object := object.(type) {
	case *v1alpha1.Integration:
		return object.Status.Conditions
	case *v1alpha1.ClusterIntegration:
		return object.Status.Conditions
	case *v1alpha1.Ticket:
		return object.Status.Conditions
	}
	return nil
}

// accountKubeconfig writes a kubeconfig of a service account.
func (c *cluster) accountKubeconfig(namespace, name string) string {
	c.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	var request authenticationv1.TokenRequest
	c.Expect(c.administrator.SubResource("token").Create(c.Context(), account, &request)).To(Succeed())
	config, err := clientcmd.Load(environment.KubeConfig)
	c.Expect(err).NotTo(HaveOccurred())
	for _, user := range config.AuthInfos {
		*user = clientcmdapi.AuthInfo{Token: request.Status.Token}
	}
	path := filepath.Join(c.TempDir(), "kubeconfig")
	c.Expect(clientcmd.WriteToFile(*config, path)).To(Succeed())
	return path
}

// crd is the definition of a kind of the operator.
func (c *cluster) crd(plural string) (*apiextensionsv1.CustomResourceDefinition, error) {
	crd := &apiextensionsv1.CustomResourceDefinition{}
	return crd, c.get(crd, "", plural+"."+v1alpha1.GroupVersion.Group)
}

// expectCRDs waits until the kinds of the operator are served.
func (c *cluster) expectCRDs() {
	c.Helper()
	var crds apiextensionsv1.CustomResourceDefinitionList
	c.Expect(c.administrator.List(c.Context(), &crds)).To(Succeed())
	expected := 0
	for i := range crds.Items {
		if crds.Items[i].Spec.Group != v1alpha1.GroupVersion.Group {
			continue
		}
		expected++
		c.Eventually(func() (bool, error) {
			crd, err := c.crd(crds.Items[i].Spec.Names.Plural)
			for _, condition := range crd.Status.Conditions {
				if condition.Type == apiextensionsv1.Established && condition.Status == apiextensionsv1.ConditionTrue {
					return true, err
				}
			}
			return false, err
		}).Should(BeTrue(), crds.Items[i].Name)
	}
	files, err := filepath.Glob("../../config/crd/bases/*.yaml")
	c.Expect(err).NotTo(HaveOccurred())
	c.Expect(expected).To(Equal(len(files)))
}

// withoutCRDs removes the kinds of the operator, as they are not there before the first
// installation.
func (c *cluster) withoutCRDs() {
	c.Helper()
	c.Eventually(func() ([]string, error) {
		var crds apiextensionsv1.CustomResourceDefinitionList
		if err := c.administrator.List(c.Context(), &crds); err != nil {
			return nil, err
		}
		var left []string
		for i := range crds.Items {
			if crds.Items[i].Spec.Group != v1alpha1.GroupVersion.Group {
				continue
			}
			left = append(left, crds.Items[i].Name)
			if err := c.administrator.Delete(c.Context(), &crds.Items[i]); client.IgnoreNotFound(err) != nil {
				return nil, err
			}
		}
		return left, nil
	}).Should(BeEmpty())
}

// forget removes the objects of the operator with their finalizers, so that the tests after this
// one find none.
func (c *cluster) forget(namespaces ...string) {
	// The context of the test is done when its cleanup begins.
	ctx := context.WithoutCancel(c.Context())
	withoutFinalizers := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
	var objects []client.Object
	for _, namespace := range namespaces {
		for _, list := range []client.ObjectList{&v1alpha1.TicketList{}, &v1alpha1.IntegrationList{}, &v1alpha1.ClusterIntegrationList{}} {
			c.Expect(c.administrator.List(ctx, list, client.InNamespace(namespace))).To(Succeed())
			c.Expect(meta.EachListItem(list, func(item runtime.Object) error {
				objects = append(objects, item.(client.Object))
				return nil
			})).To(Succeed())
		}
	}
	for _, object := range objects {
		c.Expect(client.IgnoreNotFound(c.administrator.Delete(ctx, object))).To(Succeed())
		c.Expect(client.IgnoreNotFound(c.administrator.Patch(ctx, object, withoutFinalizers))).To(Succeed())
	}
}

// namesWithPrefix are the names of the objects of a list that begin with a prefix.
func (c *cluster) namesWithPrefix(list client.ObjectList, prefix string) ([]string, error) {
	if err := c.administrator.List(c.Context(), list); err != nil {
		return nil, err
	}
	var names []string
	err := meta.EachListItem(list, func(item runtime.Object) error {
		if name := item.(client.Object).GetName(); strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
		return nil
	})
	return names, err
}
