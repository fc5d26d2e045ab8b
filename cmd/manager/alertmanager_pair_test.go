// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

const (
	// alertmanagerSample is the configuration that users copy.
	alertmanagerSample = "../../config/samples/alerts/alertmanager.yaml"
	// alertmanagerURL is what both Alertmanagers of a pair call themselves.
	alertmanagerURL = "http://alertmanager.example.com:9093"
)

// tool is the path of a program in bin/tools that the tests run.
func tool(name string) string {
	GinkgoHelper()
	path, err := filepath.Abs(filepath.Join("../../bin/tools", name))
	Expect(err).NotTo(HaveOccurred())
	if _, err := os.Stat(path); err != nil {
		Fail("bin/tools has no " + name + ": run these tests by `make test PACKAGES=./cmd/manager`, which builds it")
	}
	return path
}

// alertmanagerPair is two Alertmanagers of one cluster.
type alertmanagerPair struct {
	configuration string
	members       [2]*alertmanager
}

// alertmanager is one of them. It runs while it has a Session.
type alertmanager struct {
	*gexec.Session

	pair              *alertmanagerPair
	name, api, gossip string // The latter two are addresses.
	state             string // The folder with what it keeps.
}

// startAlertmanagers starts a pair that sends all alerts to the address, with the configuration of
// the samples, and waits until the two know each other.
func startAlertmanagers(ctx context.Context, url, token string) *alertmanagerPair {
	GinkgoHelper()
	pair := &alertmanagerPair{configuration: writeAlertmanagerConfiguration(url, token)}
	for i := range pair.members {
		pair.members[i] = &alertmanager{
			pair: pair, name: fmt.Sprintf("alertmanager-%d", i), api: freeAddress(ctx), gossip: freeAddress(ctx), state: GinkgoT().TempDir(),
		}
	}
	for _, member := range pair.members {
		member.start(ctx)
	}
	for _, member := range pair.members {
		member.expectReadiness(ctx)
	}
	return pair
}

// writeAlertmanagerConfiguration writes the configuration of the samples, with an address and a
// token of a spec, and in a hurry.
func writeAlertmanagerConfiguration(url, token string) string {
	GinkgoHelper()
	folder := GinkgoT().TempDir()
	tokenFile := filepath.Join(folder, "token")
	Expect(os.WriteFile(tokenFile, []byte(token), 0o600)).To(Succeed())
	sample, err := os.ReadFile(alertmanagerSample)
	Expect(err).NotTo(HaveOccurred())
	configuration := string(sample)
	for _, replacement := range []struct{ old, new string }{
		{"http://synqly-ticketing-alerts.synqly-ticketing-system.svc:9095/v1/alerts/monitoring/platform", url},
		{"/etc/alertmanager/secrets/alertmanager-token/token", tokenFile},
		{"group_wait: 30s", "group_wait: 500ms"},
		{"group_interval: 5m", "group_interval: 1s"},
		{"repeat_interval: 4h", "repeat_interval: 3s"},
	} {
		Expect(strings.Count(configuration, replacement.old)).To(Equal(1), "%q in the sample", replacement.old)
		configuration = strings.Replace(configuration, replacement.old, replacement.new, 1)
	}
	path := filepath.Join(folder, "alertmanager.yaml")
	Expect(os.WriteFile(path, []byte(configuration), 0o600)).To(Succeed())
	return path
}

// start starts it. It is killed at the end of the spec if it still runs by then.
func (a *alertmanager) start(ctx context.Context) {
	GinkgoHelper()
	flags := []string{
		"--config.file=" + a.pair.configuration,
		"--storage.path=" + a.state,
		"--web.listen-address=" + a.api,
		"--web.external-url=" + alertmanagerURL,
		"--web.route-prefix=/",
		"--cluster.peer-name=" + a.name,
		"--cluster.listen-address=" + a.gossip,
		"--cluster.advertise-address=" + a.gossip,
		"--cluster.gossip-interval=50ms",
		"--cluster.reconnect-interval=1s",
		"--cluster.peer-timeout=1s",
		"--log.level=debug",
	}
	for _, peer := range a.pair.members {
		flags = append(flags, "--cluster.peer="+peer.gossip)
	}
	command := exec.CommandContext(context.WithoutCancel(ctx), tool("alertmanager"), flags...) // #nosec G204 -- built from its module
	session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { session.Kill().Wait(stopTimeout) })
	a.Session = session
}

// expectReadiness waits until it is ready and has found the other one.
func (a *alertmanager) expectReadiness(ctx context.Context) {
	GinkgoHelper()
	Eventually(func() (int, error) {
		if code := a.ExitCode(); code != stillRunning {
			return 0, StopTrying(fmt.Sprintf("%s has ended with the exit code %d", a.name, code))
		}
		code, body, err := get(ctx, "http://"+a.api+"/api/v2/status")
		if err != nil || code != http.StatusOK {
			return 0, fmt.Errorf("asking for the status: %d, %w", code, err)
		}
		var status struct {
			Cluster struct {
				Status string
				Peers  []any
			}
		}
		if err := json.Unmarshal([]byte(body), &status); err != nil || status.Cluster.Status != "ready" {
			return 0, fmt.Errorf("the cluster is %q, %w", status.Cluster.Status, err)
		}
		return len(status.Cluster.Peers), nil
	}).WithContext(ctx).Should(Equal(len(a.pair.members)))
}

// end kills it.
func (a *alertmanager) end() {
	GinkgoHelper()
	a.Kill()
	Eventually(a.Session).WithTimeout(stopTimeout).Should(gexec.Exit())
	a.Session = nil
}

// forget removes all that it has kept, while it does not run.
func (a *alertmanager) forget() {
	GinkgoHelper()
	Expect(a.Session).To(BeNil())
	Expect(os.RemoveAll(a.state)).To(Succeed())
	Expect(os.Mkdir(a.state, 0o700)).To(Succeed())
}

// prometheusAlert is an alert as Prometheus tells Alertmanager of it.
type prometheusAlert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
}

// newAlert is an alert that has just begun to fire.
func newAlert(name, instance string) *prometheusAlert {
	alert := &prometheusAlert{
		Labels:       map[string]string{"alertname": name, "instance": instance, "severity": "critical"},
		Annotations:  map[string]string{"summary": name + " on " + instance},
		GeneratorURL: "http://prometheus.example.com:9090/graph",
	}
	alert.fire()
	return alert
}

// fire has the alert begin to fire. Its end is when Alertmanager is to forget it, if it does not
// hear of it any more.
func (a *prometheusAlert) fire() { a.StartsAt, a.EndsAt = time.Now(), time.Now().Add(time.Hour) }

func (a *prometheusAlert) resolve() { a.EndsAt = time.Now() }

// tell says what alerts do to each Alertmanager that runs, as Prometheus does.
func (p *alertmanagerPair) tell(ctx context.Context, alerts ...*prometheusAlert) {
	GinkgoHelper()
	body, err := json.Marshal(alerts)
	Expect(err).NotTo(HaveOccurred())
	for _, member := range p.members {
		if member.Session == nil {
			continue
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+member.api+"/api/v2/alerts", bytes.NewReader(body))
		Expect(err).NotTo(HaveOccurred())
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		Expect(err).NotTo(HaveOccurred())
		Expect(response.Body.Close()).To(Succeed())
		Expect(response).To(HaveHTTPStatus(http.StatusOK), member.name)
	}
}

// deliveries stand between a pair and the endpoint for alerts, and keep what is sent there.
type deliveries struct {
	// endpoint is the address of the manager.
	endpoint string

	mu   sync.Mutex
	kept []delivery
}

// delivery is a notification. Its code is zero if there was no answer.
type delivery struct {
	body []byte
	code int
	at   time.Time
}

// deliverTo passes on what comes to the address that it returns.
func deliverTo(endpoint string) (sent *deliveries, url string) {
	sent = &deliveries{endpoint: endpoint}
	listener := httptest.NewServer(sent)
	DeferCleanup(func() {
		listener.CloseClientConnections()
		listener.Close()
	})
	return sent, listener.URL
}

// ServeHTTP implements http.Handler. It closes the connection when there is no answer.
func (d *deliveries) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	code, answer := d.passOn(request, body)
	d.mu.Lock()
	d.kept = append(d.kept, delivery{body: body, code: code, at: time.Now()})
	d.mu.Unlock()
	if code == 0 {
		panic(http.ErrAbortHandler)
	}
	writer.WriteHeader(code)
	_, _ = writer.Write(answer) // An error means that the sender has gone away.
}

func (d *deliveries) passOn(request *http.Request, body []byte) (code int, answer []byte) {
	onward, err := http.NewRequestWithContext(request.Context(), request.Method, "http://"+d.endpoint+request.URL.Path, bytes.NewReader(body))
	if err != nil {
		return 0, nil
	}
	onward.Header = request.Header.Clone()
	response, err := http.DefaultTransport.RoundTrip(onward)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = response.Body.Close() }()
	answer, err = io.ReadAll(response.Body)
	if err != nil {
		return 0, nil
	}
	return response.StatusCode, answer
}

// with returns what was sent since then and got this code.
func (d *deliveries) with(code int, since time.Time) []delivery {
	d.mu.Lock()
	defer d.mu.Unlock()
	var found []delivery
	for _, each := range d.kept {
		if each.code == code && each.at.After(since) {
			found = append(found, each)
		}
	}
	return found
}
