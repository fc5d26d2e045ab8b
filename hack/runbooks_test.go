// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package hack_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// alertingRule is an alert of the PrometheusRule.
type alertingRule struct {
	Alert       string            `json:"alert"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

func alertingRules(t *testing.T) []alertingRule {
	t.Helper()
	content, err := os.ReadFile("../config/components/prometheus/prometheus_rule.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var rule struct {
		Spec struct {
			Groups []struct {
				Rules []alertingRule `json:"rules"`
			} `json:"groups"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(content, &rule); err != nil {
		t.Fatal(err)
	}
	var rules []alertingRule
	for _, group := range rule.Spec.Groups {
		rules = append(rules, group.Rules...)
	}
	return rules
}

// Who gets an alert looks for its section in the order of the rules, or follows the link.
func TestEachAlertHasARunbook(t *testing.T) {
	page, err := os.ReadFile("../docs/runbooks.md")
	if err != nil {
		t.Fatal(err)
	}
	var alerts, sections []string
	for _, rule := range alertingRules(t) {
		alerts = append(alerts, rule.Alert)
		link := "https://github.com/synqly/ticketing-operator/blob/main/docs/runbooks.md#" + strings.ToLower(rule.Alert)
		if got := rule.Annotations["runbook_url"]; got != link {
			t.Errorf("%s has the runbook %s, want %s", rule.Alert, got, link)
		}
		if severity := rule.Labels["severity"]; severity != "warning" && severity != "critical" {
			t.Errorf("%s has the severity %q, want warning or critical", rule.Alert, severity)
		}
		if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
			t.Errorf("%s lacks a summary or a description", rule.Alert)
		}
	}
	for _, match := range regexp.MustCompile(`(?m)^## (\S+)$`).FindAllStringSubmatch(string(page), -1) {
		sections = append(sections, match[1])
	}
	if diff := cmp.Diff(alerts, sections); diff != "" || len(alerts) == 0 {
		t.Errorf("alerts (-config/components/prometheus +docs/runbooks.md):\n%s", diff)
	}
}
