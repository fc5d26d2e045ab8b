// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// stopTimeout is how long the manager may take to end after SIGTERM. Kubernetes gives it the
// terminationGracePeriodSeconds of the Deployment, which are more.
const stopTimeout = 5 * time.Second

// managerProcess is a manager that runs.
type managerProcess struct {
	*gexec.Session

	probes, metrics, alerts string // Addresses.
}

// runManager starts the program with these flags and no others. It is killed at the end of the spec
// if it still runs by then.
func runManager(ctx context.Context, flags ...string) *gexec.Session {
	GinkgoHelper()
	command := exec.CommandContext(context.WithoutCancel(ctx), managerProgram, flags...)
	session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { session.Kill().Wait(stopTimeout) })
	return session
}

// startManager starts a manager as launchManager does, and waits until it says that it is ready.
func startManager(ctx context.Context, flags ...string) *managerProcess {
	GinkgoHelper()
	m := launchManager(ctx, flags...)
	m.expectReadiness(ctx)
	return m
}

// launchManager starts a manager of the whole cluster that talks to simulators. Flags that are
// given win over the ones here. At the end of the spec it is asked to end, and must do so in time
// and without complaint.
func launchManager(ctx context.Context, flags ...string) *managerProcess {
	GinkgoHelper()
	m := &managerProcess{probes: freeAddress(ctx), metrics: freeAddress(ctx), alerts: freeAddress(ctx)}
	m.Session = runManager(ctx, append([]string{
		"--kubeconfig=" + operatorKubeconfig,
		"--health-probe-bind-address=" + m.probes,
		"--metrics-bind-address=" + m.metrics,
		"--metrics-secure=false", // Most specs read what is counted, and not how it is served.
		"--allow-insecure-http",  // The simulator speaks plain HTTP, on the loopback interface.
		"--allowed-api-cidrs=127.0.0.0/8,::1/128",
		"--alerts-bind-address=" + m.alerts,
		"--zap-log-level=debug",
	}, flags...)...)
	DeferCleanup(func() {
		if m.ExitCode() == stillRunning {
			m.stop()
		}
	})
	return m
}

// expectReadiness waits until the manager says that it is ready, and its metrics can be read: the
// two servers start at the same time, and either may be the first to listen.
func (m *managerProcess) expectReadiness(ctx context.Context) {
	GinkgoHelper()
	for _, url := range []string{"http://" + m.probes + "/readyz", "http://" + m.metrics + "/metrics"} {
		Eventually(func() (int, error) {
			if code := m.ExitCode(); code != stillRunning {
				return 0, StopTrying(fmt.Sprintf("the manager has ended with the exit code %d", code))
			}
			status, _, err := get(ctx, url)
			return status, err
		}).WithContext(ctx).Should(Equal(http.StatusOK))
	}
}

// stillRunning is gexec's exit code of a process that has not ended.
const stillRunning = -1

// stop sends SIGTERM and expects a clean end in time.
func (m *managerProcess) stop() {
	GinkgoHelper()
	m.Terminate()
	Eventually(m.Session).WithTimeout(stopTimeout).Should(gexec.Exit(0), "the manager was asked to end by SIGTERM")
}

// crash sends SIGKILL.
func (m *managerProcess) crash() {
	GinkgoHelper()
	Expect(m.ExitCode()).To(Equal(stillRunning), "the manager should run until it is killed")
	m.Kill()
	Eventually(m.Session).WithTimeout(stopTimeout).Should(gexec.Exit())
}

// log is all that the manager has written so far.
func (m *managerProcess) log() string {
	return string(m.Out.Contents()) + string(m.Err.Contents())
}

// metric is the sum of a metric over all its labels; zero when it has never been set.
func (m *managerProcess) metric(ctx context.Context, name string) (float64, error) {
	status, body, err := get(ctx, "http://"+m.metrics+"/metrics")
	if err != nil {
		return 0, fmt.Errorf("asking for the metrics: %w", err)
	}
	if status != http.StatusOK {
		return 0, fmt.Errorf("asking for the metrics: status %d", status)
	}
	sum := 0.0
	for lines := bufio.NewScanner(strings.NewReader(body)); lines.Scan(); {
		rest, found := strings.CutPrefix(lines.Text(), name)
		if !found || (!strings.HasPrefix(rest, "{") && !strings.HasPrefix(rest, " ")) {
			continue
		}
		value, err := strconv.ParseFloat(rest[strings.LastIndex(rest, " ")+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("reading the metric %s: %w", name, err)
		}
		sum += value
	}
	return sum, nil
}

func get(ctx context.Context, url string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	return response.StatusCode, string(content), err
}

// freeAddress finds a port of the loopback interface on which nobody listens.
func freeAddress(ctx context.Context) string {
	GinkgoHelper()
	var config net.ListenConfig
	for range 1000 {
		nextPort++
		listener, err := config.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", nextPort))
		if err == nil {
			Expect(listener.Close()).To(Succeed())
			return listener.Addr().String()
		}
	}
	Fail("there is no free port")
	return ""
}

// nextPort is below the ports that systems give to outgoing connections. One of those could be
// taken before the program that it is meant for listens on it.
var nextPort = 10_000 + os.Getpid()%20_000
