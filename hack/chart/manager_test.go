// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
)

// manager is the operator's program, started as a Deployment says.
type manager struct {
	command *exec.Cmd
	output  lockedBuffer
	// ended gets the result when the program has ended.
	ended chan error
}

// lockedBuffer can be read while the program writes.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(content []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(content)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// startManager starts the program with the arguments, the environment and the service account of
// the Deployment that is in the cluster. Outside of a Pod it does not know its namespace, and it
// listens on the loopback interface alone; nothing else differs. It returns when the program is
// ready.
func (c *cluster) startManager(namespace, deploymentName string) *manager {
	c.Helper()
	deployment := &appsv1.Deployment{}
	c.Expect(c.get(deployment, namespace, deploymentName)).To(Succeed())
	program, err := managerProgram()
	c.Expect(err).NotTo(HaveOccurred())

	pod := deployment.Spec.Template.Spec
	probes := c.freeAddress()
	arguments := append(slices.Clone(pod.Containers[0].Args),
		"--kubeconfig="+c.accountKubeconfig(namespace, pod.ServiceAccountName),
		"--leader-election-namespace="+namespace,
		"--health-probe-bind-address="+probes, "--metrics-bind-address=127.0.0.1:0", "--alerts-bind-address=127.0.0.1:0")
	m := &manager{ended: make(chan error, 1)}
	m.command = exec.CommandContext(context.WithoutCancel(c.Context()), program, arguments...) // #nosec G204 -- built above
	m.command.Env = os.Environ()
	for _, variable := range pod.Containers[0].Env {
		m.command.Env = append(m.command.Env, variable.Name+"="+variable.Value)
	}
	m.command.Stdout, m.command.Stderr = &m.output, &m.output
	c.Expect(m.command.Start()).To(Succeed())
	go func() { m.ended <- m.command.Wait() }()
	c.Cleanup(func() { _ = m.command.Process.Kill() })

	c.Eventually(func() (int, error) {
		select {
		case err := <-m.ended:
			return 0, StopTrying(fmt.Sprintf("the manager has ended: %v", err))
		default:
		}
		request, err := http.NewRequestWithContext(c.Context(), http.MethodGet, "http://"+probes+"/readyz", http.NoBody)
		if err != nil {
			return 0, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0, err
		}
		return response.StatusCode, response.Body.Close()
	}).Should(Equal(http.StatusOK), "%s", &m.output)
	return m
}

// stop ends the program, and expects that the API server has allowed it everything that it asked
// for.
func (c *cluster) stop(m *manager) {
	c.Helper()
	c.Expect(m.command.Process.Signal(syscall.SIGTERM)).To(Succeed())
	c.Eventually(m.ended).Should(Receive(BeNil()), "%s", &m.output)
	c.Expect(m.output.String()).NotTo(ContainSubstring("forbidden"), "the roles of the chart should suffice")
}

// freeAddress finds a port of the loopback interface on which nobody listens. It is below the ports
// that systems give to outgoing connections.
func (c *cluster) freeAddress() string {
	c.Helper()
	var config net.ListenConfig
	for port := 31_000 + os.Getpid()%1_000; port < 32_768; port++ {
		listener, err := config.Listen(c.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			c.Expect(listener.Close()).To(Succeed())
			return listener.Addr().String()
		}
	}
	c.Fatal("there is no free port")
	return ""
}
