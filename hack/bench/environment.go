// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/hack/process"
)

const (
	// busyNamespace has the tickets, and quietNamespace those of another tenant.
	busyNamespace, quietNamespace, bareNamespace, templateNamespace = "busy", "quiet", "bare", "template"
	// rateLimit of the Integrations: the most that can be set, so that the provider's limit is not
	// what is measured.
	rateLimit = 10_000
	// pollInterval is longer while tickets are created than it is while polls are measured.
	pollInterval, shortPollInterval = 5 * time.Minute, 10 * time.Second

	startTimeout = 2 * time.Minute
	// startPerTicket is added for each ticket that the manager reads when it starts.
	startPerTicket = 5 * time.Millisecond
	etcdQuota      = "8589934592"
	benchToken     = "bench-token"
)

// bench is one run.
type bench struct {
	settings
	started time.Time
	result  result

	controlPlane *envtest.Environment
	config       *rest.Config
	client       client.WithWatch
	kubeconfig   string
	// apiServer and etcd are their process IDs; 0 where they are not known.
	apiServer, etcd int
	simulator       *process.Process
	simulatorURL    string
	manager         *process.Process
	pprof           string
	// template is a Ticket as the operator has left it, and event what it said of it.
	template *v1alpha1.Ticket
	event    *corev1.Event
	// original is the one that those which are in sync from the beginning are made after, and
	// present is how many Tickets there are before the operator creates those that are measured.
	original *v1alpha1.Ticket
	present  int
	tickets  *tracker
	// stopTracking ends the watch of the Tickets.
	stopTracking context.CancelFunc
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(b.started).Seconds(), fmt.Sprintf(format, args...))
}

func (b *bench) startEnvironment(ctx context.Context) error {
	b.say("Starting etcd and kube-apiserver from %s", b.programs)
	if err := b.startControlPlane(); err != nil {
		return err
	}
	if err := b.startSimulator(ctx); err != nil {
		return err
	}
	for _, namespace := range []string{busyNamespace, quietNamespace, bareNamespace, templateNamespace} {
		if err := b.createTenant(ctx, namespace); err != nil {
			return err
		}
	}
	return nil
}

// startControlPlane starts etcd and kube-apiserver, on cores of their own if they are to have some.
// Everything else is started after it, on the others.
func (b *bench) startControlPlane() error {
	var cores []int
	if b.controlPlaneCores > 0 {
		var err error
		if cores, err = availableCores(); err != nil {
			return err
		}
		if err := useCores(cores[:b.controlPlaneCores]); err != nil {
			return err
		}
	}
	b.controlPlane = &envtest.Environment{
		BinaryAssetsDirectory: b.programs, UseExistingCluster: new(bool), ControlPlaneStartTimeout: startTimeout, ControlPlaneStopTimeout: startTimeout,
		CRDDirectoryPaths: []string{"config/crd/bases"}, ErrorIfCRDPathMissing: true,
	}
	// etcd refuses writes over 2 GiB unless it is told otherwise, and what 100,000 Tickets leave
	// between two compactions is more.
	b.controlPlane.ControlPlane.Etcd = &envtest.Etcd{}
	b.controlPlane.ControlPlane.Etcd.Configure().Set("quota-backend-bytes", etcdQuota)
	config, err := b.controlPlane.Start()
	if err != nil {
		return fmt.Errorf("starting etcd and kube-apiserver: %w", err)
	}
	config.QPS = -1
	b.config, b.apiServer, b.etcd = config, childNamed("kube-apiserver"), childNamed("etcd")
	if b.controlPlaneCores > 0 {
		if err := useCores(cores[b.controlPlaneCores:]); err != nil {
			return err
		}
	}
	b.kubeconfig = filepath.Join(b.folder, "kubeconfig")
	if err := os.WriteFile(b.kubeconfig, b.controlPlane.KubeConfig, 0o600); err != nil {
		return fmt.Errorf("writing the kubeconfig: %w", err)
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return err
	}
	if b.client, err = client.NewWithWatch(config, client.Options{Scheme: scheme}); err != nil {
		return fmt.Errorf("making a client of the API server: %w", err)
	}
	return nil
}

func (b *bench) startSimulator(ctx context.Context) error {
	b.say("Starting the simulator, which takes %s for each request", b.latency)
	var err error
	b.simulator, err = process.Start(ctx, b.folder, "bin/synqly-simulator",
		"--listen=127.0.0.1:0", "--token="+benchToken, "--quiet", "--fault=latency="+b.latency.String())
	if err != nil {
		return err
	}
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	return b.await(ctx, "the address of the simulator", func(context.Context) (bool, error) {
		b.simulatorURL = address.FindString(b.simulator.LastLines(100))
		return b.simulatorURL != "", nil
	})
}

// createTenant makes a namespace with an Integration.
func (b *bench) createTenant(ctx context.Context, name string) error {
	in := func(object string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: name, Name: object} }
	for _, object := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}},
		&corev1.Secret{ObjectMeta: in("synqly-token"), StringData: map[string]string{"token": benchToken}},
		&v1alpha1.Integration{ObjectMeta: in("default"), Spec: v1alpha1.IntegrationSpec{
			BaseURL: b.simulatorURL, TokenSecretRef: v1alpha1.SecretKeyReference{Name: "synqly-token"},
			RateLimit:    &v1alpha1.RateLimit{RequestsPerSecond: rateLimit, Burst: rateLimit},
			PollInterval: &metav1.Duration{Duration: pollInterval},
		}},
	} {
		if err := b.client.Create(ctx, object); err != nil {
			return fmt.Errorf("creating %T %s: %w", object, name, err)
		}
	}
	return nil
}

// startManager starts the manager as it is by default, and waits until it says that it is ready.
func (b *bench) startManager(ctx context.Context) error {
	probes, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	if b.pprof, err = freeAddress(ctx); err != nil {
		return err
	}
	b.manager, err = process.Start(ctx, b.folder, "bin/manager", append([]string{
		"--kubeconfig=" + b.kubeconfig, "--allow-insecure-http", "--allowed-api-cidrs=127.0.0.0/8",
		"--metrics-bind-address=0", "--alerts-bind-address=0", "--health-probe-bind-address=" + probes, "--pprof-bind-address=" + b.pprof,
	}, b.managerFlags...)...)
	if err != nil {
		return err
	}
	return b.await(ctx, "the manager to be ready", func(ctx context.Context) (bool, error) {
		_, err := get(ctx, "http://"+probes+"/readyz")
		return err == nil, nil
	})
}

// stop ends all that was started.
func (b *bench) stop() error {
	var plane error
	ended := errors.Join(b.manager.Stop(), b.simulator.Stop())
	if b.stopTracking != nil {
		b.stopTracking() // The API server waits for those that watch.
	}
	if b.controlPlane != nil {
		plane = b.controlPlane.Stop()
	}
	return errors.Join(ended, plane)
}

// await waits until something is so, or a program has ended.
func (b *bench) await(ctx context.Context, what string, isSo func(context.Context) (bool, error)) error {
	limited, cancel := context.WithTimeout(ctx, startTimeout+time.Duration(b.result.Tickets)*startPerTicket)
	defer cancel()
	err := wait.PollUntilContextCancel(limited, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		if err := b.checkPrograms(); err != nil {
			return false, err
		}
		return isSo(ctx)
	})
	if err != nil {
		return fmt.Errorf("waiting for %s: %w", what, err)
	}
	return nil
}

// checkPrograms fails when a program has ended by itself.
func (b *bench) checkPrograms() error {
	for _, p := range []*process.Process{b.manager, b.simulator} {
		if p != nil && p.HasEnded() {
			return fmt.Errorf("%w: see %s", p.EndedEarly(), p.LogFile)
		}
	}
	return nil
}

// writes are the writes that the API server has had, by what was written.
type writes map[string]int

var requestLine = regexp.MustCompile(`^apiserver_request_total\{(.*)\} (\S+)$`)

// label is the value of a label of a series.
func label(labels, name string) string {
	match := regexp.MustCompile(`(?:^|,)` + name + `="([^"]*)"`).FindStringSubmatch(labels)
	if match == nil {
		return ""
	}
	return match[1]
}

// countWrites asks the API server what it has been sent.
func (b *bench) countWrites(ctx context.Context) (writes, error) {
	httpClient, err := rest.HTTPClientFor(b.config)
	if err != nil {
		return nil, err
	}
	text, err := getWith(ctx, httpClient, strings.TrimSuffix(b.config.Host, "/")+"/metrics")
	if err != nil {
		return nil, fmt.Errorf("reading the metrics of the API server: %w", err)
	}
	counted := writes{}
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		match := requestLine.FindStringSubmatch(lines.Text())
		if match == nil {
			continue
		}
		verb, resource := label(match[1], "verb"), label(match[1], "resource")
		if verb == "GET" || verb == "LIST" || verb == "WATCH" {
			continue
		}
		if part := label(match[1], "subresource"); part != "" {
			resource += "/" + part
		}
		value, err := strconv.ParseFloat(match[2], 64)
		if err != nil {
			return nil, fmt.Errorf("reading the metrics of the API server: %w", err)
		}
		counted[verb+" "+resource] += int(value)
	}
	return counted, lines.Err()
}

// since is what was written since an earlier count.
func (w writes) since(before writes, kinds ...string) int {
	total := 0
	for _, kind := range kinds {
		total += w[kind] - before[kind]
	}
	return total
}

// requests are the requests that the simulator has been sent, by operation.
type requests map[string]int

func (b *bench) countRemote(ctx context.Context) (requests, error) {
	text, err := get(ctx, b.simulatorURL+"/simulator/request-counts")
	if err != nil {
		return nil, fmt.Errorf("asking the simulator for its requests: %w", err)
	}
	var counts requests
	if err := json.Unmarshal([]byte(text), &counts); err != nil {
		return nil, fmt.Errorf("reading the requests of the simulator: %w", err)
	}
	return counts, nil
}

// since are the requests since an earlier count, and total is how many these are.
func (r requests) since(before requests) requests {
	later := requests{}
	for operation, count := range r {
		if count > before[operation] {
			later[operation] = count - before[operation]
		}
	}
	return later
}

func (r requests) total() int {
	total := 0
	for _, count := range r {
		total += count
	}
	return total
}

func get(ctx context.Context, url string) (string, error) {
	return getWith(ctx, http.DefaultClient, url)
}

// getWith fetches a text that one of the programs of the bench serves.
func getWith(ctx context.Context, with *http.Client, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	return send(with, request)
}

// send returns the text of an answer that is no error.
func send(with *http.Client, request *http.Request) (string, error) {
	response, err := with.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", request.URL.Path, response.Status)
	}
	return string(text), nil
}

// freeAddress is one on the loopback interface that nothing listens on.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}
