// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package quickstart_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var (
	operator  = client.ObjectKey{Namespace: "synqly-ticketing-system", Name: "synqly-ticketing-operator"}
	simulator = client.ObjectKey{Namespace: "synqly-simulator", Name: "synqly-simulator"}
)

// kubelet runs the programs of the two Deployments as soon as these exist, and writes into their
// status that they are available.
type kubelet struct {
	*cluster

	programs     string // the folder of the built programs
	simulator    *process
	simulatorURL string
	// done is closed when both run, or err says why not.
	done chan struct{}
	err  error
}

func startKubelet(t *testing.T, c *cluster) *kubelet {
	t.Helper()
	k := &kubelet{cluster: c, programs: t.TempDir(), done: make(chan struct{})}
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", k.programs+"/", "./cmd/manager", "./cmd/synqly-simulator")
	build.Dir = "../.."
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the programs: %v:\n%s", err, output)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	go func() {
		defer close(k.done)
		k.err = k.work(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-k.done
		if k.err != nil {
			t.Errorf("running the programs of the Pods: %v", k.err)
		}
	})
	return k
}

// work starts the simulator first: the operator reaches it through a proxy that has to know where.
func (k *kubelet) work(ctx context.Context) error {
	if err := k.runSimulator(ctx); err != nil {
		return err
	}
	return k.runOperator(ctx)
}

func (k *kubelet) runSimulator(ctx context.Context) error {
	arguments, err := k.arguments(ctx, simulator)
	if err != nil {
		return err
	}
	if !slices.Contains(arguments, "--listen=:8085") {
		return fmt.Errorf("the simulator does not listen on the port of its Service: %q", arguments)
	}
	// The same port on this machine may be taken.
	p, err := startProcess(k.T, nil, filepath.Join(k.programs, "synqly-simulator"), append(arguments, "--listen=127.0.0.1:0")...)
	if err != nil {
		return err
	}
	k.simulator = p
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	if err := poll(ctx, func(context.Context) error {
		if k.simulatorURL = address.FindString(p.output()); k.simulatorURL == "" {
			return errors.New("the simulator has not said where it listens")
		}
		return nil
	}); err != nil {
		return err
	}
	return k.reportAvailable(ctx, simulator)
}

func (k *kubelet) runOperator(ctx context.Context) error {
	arguments, err := k.arguments(ctx, operator)
	if err != nil {
		return err
	}
	proxy, err := k.startProxy(ctx, arguments)
	if err != nil {
		return err
	}
	kubeconfig, err := k.operatorKubeconfig(ctx)
	if err != nil {
		return err
	}
	// What a Pod has of itself: its kubeconfig, its namespace, and ports that nobody else has.
	arguments = append(arguments, "--kubeconfig="+kubeconfig, "--leader-election-namespace="+operator.Namespace,
		"--cluster-resource-namespace="+operator.Namespace,
		"--metrics-bind-address=0", "--health-probe-bind-address=0", "--alerts-bind-address=127.0.0.1:0")
	if err := k.runManager(ctx, "HTTP_PROXY="+proxy, arguments); err != nil {
		return err
	}
	return k.reportAvailable(ctx, operator)
}

// runManager starts the manager, again when it ends, as a kubelet does: it ends when the API server
// does not serve the CRDs yet, which Helm has installed a moment before.
func (k *kubelet) runManager(ctx context.Context, proxy string, arguments []string) error {
	var manager *process
	return poll(ctx, func(context.Context) (err error) {
		if manager == nil || manager.hasEnded() {
			manager, err = startProcess(k.T, []string{proxy, "NO_PROXY="}, filepath.Join(k.programs, "manager"), arguments...)
			if err != nil {
				return err
			}
		}
		if !strings.Contains(manager.output(), "Starting workers") {
			return errors.New("the manager has not started its controllers")
		}
		return nil
	})
}

// arguments waits for the Deployment, and returns the arguments of its container.
func (k *kubelet) arguments(ctx context.Context, key client.ObjectKey) ([]string, error) {
	var deployment appsv1.Deployment
	err := poll(ctx, func(ctx context.Context) error { return k.client.Get(ctx, key, &deployment) })
	if err != nil {
		return nil, err
	}
	return slices.Clone(deployment.Spec.Template.Spec.Containers[0].Args), nil
}

// startProxy stands in for the network of the cluster: it knows the Services, and passes requests
// for that of the simulator on. The operator does not check addresses behind a proxy, so this is
// the place to look whether it would have accepted the host.
func (k *kubelet) startProxy(ctx context.Context, operatorArguments []string) (string, error) {
	var service corev1.Service
	if err := k.client.Get(ctx, simulator, &service); err != nil {
		return "", fmt.Errorf("reading the Service of the simulator: %w", err)
	}
	host := service.Name + "." + service.Namespace + ".svc"
	if allowed := "--allowed-api-hosts=" + host; !slices.Contains(operatorArguments, allowed) {
		return "", fmt.Errorf("the operator has the arguments %q, want %s among them", operatorArguments, allowed)
	}
	address := fmt.Sprintf("%s:%d", host, service.Spec.Ports[0].Port)
	target, err := url.Parse(k.simulatorURL)
	if err != nil {
		return "", fmt.Errorf("reading the address of the simulator: %w", err)
	}
	forward := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != address {
			http.Error(w, "no such host: "+r.Host, http.StatusBadGateway)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	k.Cleanup(server.Close)
	return server.URL, nil
}

// operatorKubeconfig writes a kubeconfig with the rights of the operator's service account.
func (k *kubelet) operatorKubeconfig(ctx context.Context) (string, error) {
	var deployment appsv1.Deployment
	if err := k.client.Get(ctx, operator, &deployment); err != nil {
		return "", fmt.Errorf("reading the Deployment of the operator: %w", err)
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{
		Namespace: operator.Namespace, Name: deployment.Spec.Template.Spec.ServiceAccountName,
	}}
	var request authenticationv1.TokenRequest
	if err := k.client.SubResource("token").Create(ctx, account, &request); err != nil {
		return "", fmt.Errorf("asking for a token of the operator's service account: %w", err)
	}
	config, err := clientcmd.LoadFromFile(k.kubeconfig)
	if err != nil {
		return "", fmt.Errorf("reading the kubeconfig of the administrator: %w", err)
	}
	for _, user := range config.AuthInfos {
		*user = clientcmdapi.AuthInfo{Token: request.Status.Token}
	}
	path := filepath.Join(filepath.Dir(k.kubeconfig), "operator.kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return "", fmt.Errorf("writing the kubeconfig of the operator: %w", err)
	}
	return path, nil
}

// reportAvailable writes the status that the controller of Deployments writes when the Pods are
// ready.
func (k *kubelet) reportAvailable(ctx context.Context, key client.ObjectKey) error {
	var deployment appsv1.Deployment
	if err := k.client.Get(ctx, key, &deployment); err != nil {
		return fmt.Errorf("reading the Deployment %s: %w", key, err)
	}
	deployment.Status = appsv1.DeploymentStatus{
		ObservedGeneration: deployment.Generation,
		Replicas:           1, UpdatedReplicas: 1, ReadyReplicas: 1, AvailableReplicas: 1,
	}
	if err := k.client.Status().Update(ctx, &deployment); err != nil {
		return fmt.Errorf("writing the status of the Deployment %s: %w", key, err)
	}
	return nil
}

func (k *kubelet) fetchFromSimulator(path string) string {
	k.Helper()
	<-k.done
	var content string
	await(k.T, "asking the simulator", func(ctx context.Context) (err error) {
		content, err = fetch(ctx, k.simulatorURL+path)
		return err
	})
	return content
}

func fetch(ctx context.Context, address string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", address, response.Status)
	}
	return string(content), err
}
