// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package quickstart_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// cluster is a control plane whose administrator runs scripts.
type cluster struct {
	*testing.T

	config      *rest.Config
	client      client.Client
	kubeconfig  string
	environment []string
}

// startCluster starts etcd, kube-apiserver, and of the controllers the one that removes namespaces.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		t.Fatal("KUBEBUILDER_ASSETS does not name the folder of the control plane: run `make test PACKAGES=./hack/quickstart`, which sets it")
	}
	log.SetLogger(logr.Discard())
	controlPlane := &envtest.Environment{
		UseExistingCluster:       new(bool), // No cluster of the user's, whatever the environment says.
		ControlPlaneStartTimeout: patience,
		ControlPlaneStopTimeout:  time.Minute,
	}
	t.Cleanup(func() {
		if err := controlPlane.Stop(); err != nil {
			t.Errorf("ending the control plane: %v", err)
		}
	})
	config, err := controlPlane.Start()
	if err != nil {
		t.Fatalf("starting the control plane: %v", err)
	}
	c := &cluster{T: t, config: config, kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	if c.client, err = client.New(config, client.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.kubeconfig, controlPlane.KubeConfig, 0o600); err != nil {
		t.Fatal(err)
	}
	tools, err := filepath.Abs("../../bin/tools") // `make test` builds Helm there.
	if err != nil {
		t.Fatal(err)
	}
	c.environment = append(os.Environ(),
		"PATH="+strings.Join([]string{assets, tools, os.Getenv("PATH")}, string(os.PathListSeparator)),
		// Nothing of the user's: no repositories, no plugins.
		"HELM_CACHE_HOME="+t.TempDir(), "HELM_CONFIG_HOME="+t.TempDir(), "HELM_DATA_HOME="+t.TempDir(),
		"KUBECONFIG="+c.kubeconfig, "KUBECACHEDIR="+t.TempDir(),
		"IMG=registry.example.com:5000/operator:v1", "SIMULATOR_IMG=registry.example.com/simulator:v1",
		"TIMEOUT="+patience.String())
	if _, err := startProcess(t, nil, filepath.Join(assets, "kube-controller-manager"), "--kubeconfig="+c.kubeconfig,
		"--controllers=namespace-controller", "--leader-elect=false", "--bind-address=127.0.0.1", "--secure-port=0"); err != nil {
		t.Fatal(err)
	}
	return c
}

// run runs a program in the folder of the project as the administrator, and returns what it says.
func (c *cluster) run(program string, arguments ...string) string {
	c.Helper()
	output, err := c.try(program, arguments...)
	if err != nil {
		c.Fatalf("%s %q: %v:\n%s", program, arguments, err, output)
	}
	return output
}

func (c *cluster) try(program string, arguments ...string) (string, error) {
	c.Helper()
	// env finds the program by the PATH that it sets.
	command := exec.CommandContext(c.Context(), "env", append([]string{program}, arguments...)...)
	command.Dir = "../.."
	command.Env = c.environment
	output, err := command.CombinedOutput()
	c.Logf("%s %q:\n%s", program, arguments, output)
	return string(output), err
}

// objects are those that the quickstart has installed, and the namespaces that are its own.
func (c *cluster) objects() []string {
	c.Helper()
	labelled := c.run("kubectl", "get", "customresourcedefinitions,clusterroles,clusterrolebindings,namespaces", "--output=name",
		"--selector=ticketing.synqly.com/quickstart=true", "--ignore-not-found")
	all := c.run("kubectl", "get", "namespaces,deployments,services,serviceaccounts", "--all-namespaces", "--output=name")
	names := slices.DeleteFunc(strings.Fields(labelled+all), func(name string) bool { return !strings.Contains(name, "synqly") })
	slices.Sort(names)
	return slices.Compact(names)
}

// image is what the container of a Deployment runs.
func (c *cluster) image(deployment string) string {
	c.Helper()
	return strings.TrimSpace(c.run("kubectl", "get", "deployments", "--all-namespaces", "--field-selector=metadata.name="+deployment,
		"--output=jsonpath={.items[*].spec.template.spec.containers[*].image}"))
}

// process is a program that runs until the end of the test.
type process struct {
	log     string // the path of what it prints
	command *exec.Cmd
	ended   chan struct{}
}

func startProcess(t *testing.T, environment []string, program string, arguments ...string) (*process, error) {
	t.Helper()
	p := &process{log: filepath.Join(t.TempDir(), "log"), ended: make(chan struct{})}
	output, err := os.Create(p.log)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", program, err)
	}
	// The end of the test ends it, after what the test has started later.
	command := exec.CommandContext(context.WithoutCancel(t.Context()), program, arguments...)
	command.Env = append(os.Environ(), environment...)
	command.Stdout, command.Stderr = output, output
	p.command = command
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	go func() {
		defer close(p.ended)
		_ = command.Wait()
	}()
	t.Cleanup(func() {
		p.stop()
		_ = output.Close()
		if t.Failed() {
			t.Logf("%s %q:\n%s", program, arguments, p.output())
		}
	})
	return p, nil
}

// stop ends the program if it still runs.
func (p *process) stop() {
	_ = p.command.Process.Kill()
	<-p.ended
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// output is what the program has printed so far.
func (p *process) output() string {
	content, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(content)
}
