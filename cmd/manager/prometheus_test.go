// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	"sigs.k8s.io/yaml"
)

const (
	prometheusRule     = "../../config/components/prometheus/prometheus_rule.yaml"
	prometheusRuleTest = "../../config/components/prometheus/prometheus_rule_test.yaml"
	serviceMonitor     = "../../config/components/prometheus/service_monitor.yaml"
)

// prometheus is one that scrapes a manager. It runs until the spec ends.
type prometheus struct {
	*gexec.Session

	address string
}

// scrapeEndpoint is what a ServiceMonitor says of the port that is scraped, in the words of its
// CRD.
type scrapeEndpoint struct {
	Port            string `json:"port"`
	Path            string `json:"path"`
	Scheme          string `json:"scheme"`
	HonorLabels     bool   `json:"honorLabels"`
	BearerTokenFile string `json:"bearerTokenFile"`
	TLSConfig       struct {
		InsecureSkipVerify bool `json:"insecureSkipVerify"`
	} `json:"tlsConfig"`
}

// readSpec decodes the spec of the one object in a manifest. A field that spec does not have is an
// error.
func readSpec(path string, spec any) {
	GinkgoHelper()
	objects := readManifests(path)
	Expect(objects).To(HaveLen(1))
	content, err := json.Marshal(objects[0].Object["spec"])
	Expect(err).NotTo(HaveOccurred())
	Expect(yaml.UnmarshalStrict(content, spec)).To(Succeed(), path)
}

// writeYAML writes a file into a folder and returns its path.
func writeYAML(folder, name string, content any) string {
	GinkgoHelper()
	encoded, err := yaml.Marshal(content)
	Expect(err).NotTo(HaveOccurred())
	path := filepath.Join(folder, name)
	Expect(os.WriteFile(path, encoded, 0o600)).To(Succeed())
	return path
}

// writeRules writes the rules of the PrometheusRule as Prometheus reads them.
func writeRules(folder string) string {
	GinkgoHelper()
	var rules map[string]any
	readSpec(prometheusRule, &rules)
	return writeYAML(folder, "rules.yaml", rules)
}

// writePrometheusConfiguration writes what the Prometheus Operator makes of the ServiceMonitor and
// the PrometheusRule, for one Pod with these metrics, and in a hurry.
func writePrometheusConfiguration(folder, metrics, token string) string {
	GinkgoHelper()
	var monitor struct {
		Selector  map[string]any   `json:"selector"`
		Endpoints []scrapeEndpoint `json:"endpoints"`
	}
	readSpec(serviceMonitor, &monitor)
	Expect(monitor.Endpoints).To(HaveLen(1))
	endpoint := monitor.Endpoints[0]
	Expect(endpoint.BearerTokenFile).To(Equal("/var/run/secrets/kubernetes.io/serviceaccount/token"))
	tokenFile := filepath.Join(folder, "token")
	Expect(os.WriteFile(tokenFile, []byte(token), 0o600)).To(Succeed())
	return writeYAML(folder, "prometheus.yaml", map[string]any{
		"global":     map[string]any{"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "1s"},
		"rule_files": []string{writeRules(folder)},
		"scrape_configs": []any{map[string]any{
			"job_name":      "serviceMonitor/" + operatorNamespace + "/synqly-ticketing-operator/0",
			"scheme":        endpoint.Scheme,
			"metrics_path":  endpoint.Path,
			"honor_labels":  endpoint.HonorLabels,
			"authorization": map[string]any{"credentials_file": tokenFile},
			"tls_config":    map[string]any{"insecure_skip_verify": endpoint.TLSConfig.InsecureSkipVerify},
			"static_configs": []any{map[string]any{"targets": []string{metrics}, "labels": map[string]string{
				"namespace": operatorNamespace, "service": "synqly-ticketing-metrics", "job": "synqly-ticketing-metrics",
				"endpoint": endpoint.Port, "pod": "synqly-ticketing-operator-0", "container": "manager",
			}}},
		}},
	})
}

// startPrometheus starts one with the configuration, and waits until it answers.
func startPrometheus(ctx context.Context, configuration string) *prometheus {
	GinkgoHelper()
	p := &prometheus{address: freeAddress(ctx)}
	command := exec.CommandContext(context.WithoutCancel(ctx), tool("prometheus"), // #nosec G204 -- built from its module
		"--config.file="+configuration, "--storage.tsdb.path="+GinkgoT().TempDir(), "--web.listen-address="+p.address, "--log.level=warn")
	session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	p.Session = session
	DeferCleanup(func() { session.Kill().Wait(stopTimeout) })
	Eventually(func() (int, error) {
		if code := p.ExitCode(); code != stillRunning {
			return 0, StopTrying(fmt.Sprintf("Prometheus has ended with the exit code %d", code))
		}
		status, _, err := get(ctx, "http://"+p.address+"/-/ready")
		return status, err
	}).WithContext(ctx).Should(Equal(http.StatusOK))
	return p
}

// ask calls the HTTP API and decodes the data of the answer.
func (p *prometheus) ask(ctx context.Context, path string, data any) error {
	_, body, err := get(ctx, "http://"+p.address+"/api/v1/"+path)
	if err != nil {
		return err
	}
	var answer struct {
		Status string          `json:"status"`
		Error  string          `json:"error"`
		Data   json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return fmt.Errorf("reading the answer %q: %w", body, err)
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", path, answer.Error)
	}
	return json.Unmarshal(answer.Data, data)
}

// query returns how many series a query finds now.
func (p *prometheus) query(ctx context.Context, expression string) (int, error) {
	var found struct {
		Result []json.RawMessage `json:"result"`
	}
	if err := p.ask(ctx, "query?query="+url.QueryEscape(expression), &found); err != nil {
		return 0, err
	}
	return len(found.Result), nil
}
