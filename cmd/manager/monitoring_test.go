// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("The rules for Prometheus", func() {
	It("are accepted by promtool, and fire when they should", func(ctx SpecContext) {
		folder := GinkgoT().TempDir()
		rules := writeRules(folder)
		tests, err := os.ReadFile(prometheusRuleTest)
		Expect(err).NotTo(HaveOccurred())
		testFile := filepath.Join(folder, "test.yaml")
		Expect(os.WriteFile(testFile, tests, 0o600)).To(Succeed())
		promtool(ctx, "", "check", "rules", "--lint=all", "--lint-fatal", rules)
		promtool(ctx, "", "test", "rules", testFile)
	})
})

var _ = Describe("A Prometheus that scrapes the manager as the ServiceMonitor says", func() {
	It("has every metric of the manual, evaluates every rule, and has data for every query of the dashboard", func(ctx SpecContext) {
		t := newTenant(ctx)
		token := t.accountToken(ctx, "prometheus")
		t.allowMetrics(ctx, "prometheus")
		t.secrets = append(t.secrets, token)
		m := t.launchSecureManager(ctx)
		ticket := t.haveEverythingMeasured(ctx, m)
		p := startPrometheus(ctx, writePrometheusConfiguration(GinkgoT().TempDir(), m.metrics, token))
		// Rates need a sample from before.
		Eventually(p.query).WithContext(ctx).WithArguments("count_over_time(synqly_build_info[1m]) > 1").Should(Equal(1))
		t.changeRemotely(ctx, ticket)

		By("having data for every query of the dashboard")
		queries := dashboardQueries()
		Expect(len(queries)).To(BeNumerically(">", 20))
		for _, query := range queries {
			Eventually(p.query).WithContext(ctx).WithArguments(query).Should(BeNumerically(">", 0), query)
		}

		By("evaluating every rule")
		Eventually(p.ruleStates).WithContext(ctx).Should(And(HaveLen(len(alertExpressions())), HaveEach("ok")))

		By("having every metric of the rules, and exactly those of the manual")
		var names []string
		Expect(p.ask(ctx, "label/__name__/values", &names)).To(Succeed())
		for _, expression := range alertExpressions() {
			for _, name := range metricName.FindAllString(expression, -1) {
				Expect(names).To(ContainElement(name), expression)
			}
		}
		Expect(ownMetrics(names)).To(ConsistOf(documentedMetrics()))

		By("having no labels with values that grow with what people write")
		var labels []string
		Expect(p.ask(ctx, "labels?match[]="+url.QueryEscape(`{__name__=~"synqly_.+"}`), &labels)).To(Succeed())
		Expect(labels).To(ConsistOf(slices.Concat(targetLabels, []string{
			"integration", "receiver", // The names of connections and receivers, whose series go with them.
			"kind", "ready", "reason", "phase", "operation", "code", "method", "result", "le", "version", "go_version",
		})))

		By("having names and types as Prometheus recommends them")
		status, scraped, err := m.scrape(ctx, metricsClient(&tls.Config{InsecureSkipVerify: true}), token) // It is self-signed.
		Expect(err).NotTo(HaveOccurred())
		Expect(status).To(Equal(http.StatusOK))
		promtool(ctx, strings.Join(ownLine.FindAllString(scraped, -1), ""), "check", "metrics")

		By("not taking the label namespace for that of the operator")
		Expect(p.query(ctx, `synqly_integration_ready{namespace="`+t.namespace+`"} == 1`)).To(Equal(1))
		Expect(p.query(ctx, `{exported_namespace!=""}`)).To(BeZero())
	})
})

// ownLine finds the lines of a scrape that are about the operator's own metrics.
var ownLine = regexp.MustCompile(`(?m)^(?:# (?:HELP|TYPE) )?synqly_.*\n`)

// promtool expects that it finds nothing wrong.
func promtool(ctx context.Context, input string, arguments ...string) {
	GinkgoHelper()
	command := exec.CommandContext(ctx, tool("promtool"), arguments...) // #nosec G204 -- built from its module
	command.Stdin = strings.NewReader(input)
	output, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(output))
}

// haveEverythingMeasured has the manager count something in each of its metrics. It returns a
// ticket that is Ready.
func (t *tenant) haveEverythingMeasured(ctx SpecContext, m *managerProcess) *v1alpha1.Ticket {
	GinkgoHelper()
	integration := t.integration()
	integration.Spec.PollInterval = &metav1.Duration{Duration: 5 * time.Second}
	t.connect(ctx, integration)
	ticket := t.ticket("ticket")
	create(ctx, ticket)
	expectReady(ctx, ticket)
	query := &v1alpha1.TicketQuery{ObjectMeta: t.named("all")}
	create(ctx, query)
	expectReady(ctx, query)

	By("having one incident with a ticket, and one that is held back")
	token := "canary-" + rand.Text()
	t.secrets = append(t.secrets, token)
	receiver := &v1alpha1.AlertReceiver{ObjectMeta: t.named("platform"), Spec: v1alpha1.AlertReceiverSpec{
		TokenSecretRef: v1alpha1.SecretKeyReference{Name: "alertmanager-token"}, MaxOpenTickets: 1,
	}}
	receiver.Spec.Ticket.Summary = "{{ index .Alerts 7 }}" // There is no such alert.
	create[client.Object](ctx, receiver, &corev1.Secret{ObjectMeta: t.named("alertmanager-token"), StringData: map[string]string{"token": token}})
	for _, group := range []string{"DiskFull", "NodeDown"} {
		body := strings.ReplaceAll(notificationOfDiskFull, "DiskFull", group)
		Eventually(postBody).WithContext(ctx).WithArguments("http://"+m.alerts+receiver.EndpointPath(), token, body).Should(Equal(http.StatusOK))
	}
	Eventually(func(ctx context.Context) ([]v1alpha1.Incident, error) {
		var incidents v1alpha1.IncidentList
		err := administrator.List(ctx, &incidents, client.InNamespace(t.namespace))
		return incidents.Items, err
	}).WithContext(ctx).Should(ConsistOf(
		HaveField("Status.Phase", v1alpha1.IncidentFiring), HaveField("Status.Phase", v1alpha1.IncidentWaiting)))
	return ticket
}

// changeRemotely has somebody change a ticket in the ticketing system, and waits until a poll has
// found that.
func (t *tenant) changeRemotely(ctx context.Context, ticket *v1alpha1.Ticket) {
	GinkgoHelper()
	Expect(t.remote.EditTicket(ticket.Status.ID, func(remote *simulator.Ticket) { remote.Status = "In Progress" })).To(BeTrue())
	Eventually(func(ctx context.Context) (*v1alpha1.RemoteTicket, error) {
		err := administrator.Get(ctx, client.ObjectKeyFromObject(ticket), ticket)
		return ticket.Status.Remote, err
	}).WithContext(ctx).Should(HaveValue(HaveField("Status", "In Progress")))
}

// alertExpressions are those of the PrometheusRule.
func alertExpressions() []string {
	GinkgoHelper()
	var spec struct {
		Groups []struct {
			Name  string           `json:"name"`
			Rules []map[string]any `json:"rules"`
		} `json:"groups"`
	}
	readSpec(prometheusRule, &spec)
	var expressions []string
	for _, group := range spec.Groups {
		for _, rule := range group.Rules {
			expressions = append(expressions, rule["expr"].(string))
		}
	}
	return expressions
}

// ruleStates are the states in which Prometheus has the rules.
func (p *prometheus) ruleStates(ctx context.Context) ([]string, error) {
	var rules struct {
		Groups []struct {
			Rules []struct {
				Health string `json:"health"`
			} `json:"rules"`
		} `json:"groups"`
	}
	if err := p.ask(ctx, "rules", &rules); err != nil {
		return nil, err
	}
	var states []string
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			states = append(states, rule.Health)
		}
	}
	return states, nil
}

// dashboardQueries are the queries of the dashboard's panels, with the values of its variables.
func dashboardQueries() []string {
	GinkgoHelper()
	content, err := os.ReadFile("../../config/components/grafana/dashboard.json")
	Expect(err).NotTo(HaveOccurred())
	var dashboard struct {
		Panels []struct {
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	Expect(json.Unmarshal(content, &dashboard)).To(Succeed())
	variables := strings.NewReplacer("$namespace", ".*", "$integration", ".*", "$__rate_interval", "1m")
	var queries []string
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			query := variables.Replace(target.Expr)
			Expect(query).NotTo(ContainSubstring("$"), panel.Title)
			queries = append(queries, query)
		}
	}
	return queries
}

// targetLabels are those that Prometheus gives each series, and namespace.
var targetLabels = []string{"__name__", "container", "endpoint", "instance", "job", "namespace", "pod", "service"}

// metricName finds the names of metrics in an expression. Labels have shorter names.
var metricName = regexp.MustCompile(`\b(?:synqly|controller_runtime|workqueue)_[a-z_]+\b`)

// ownMetrics are those of the names that are of the operator itself, histograms once.
func ownMetrics(names []string) []string {
	var own []string
	for _, name := range names {
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, suffix)
		}
		if strings.HasPrefix(name, "synqly_") {
			own = append(own, name)
		}
	}
	slices.Sort(own)
	return slices.Compact(own)
}

// documentedMetrics are those of the operator in the table of the manual.
func documentedMetrics() []string {
	GinkgoHelper()
	manual, err := os.ReadFile("../../docs/operations.md")
	Expect(err).NotTo(HaveOccurred())
	var names []string
	for _, match := range regexp.MustCompile("(?m)^\\| `(synqly_[a-z_]+)` \\|").FindAllStringSubmatch(string(manual), -1) {
		names = append(names, match[1])
	}
	return names
}
