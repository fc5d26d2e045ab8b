// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// forTheChart is the least of a project that the chart has copies of.
var forTheChart = map[string]string{
	"config/crd/bases/ticketing.synqly.com_tickets.yaml":      "a CRD\n",
	"config/rbac/role.yaml":                                   "the generated role\n",
	"config/rbac/ticket_editor_role.yaml":                     "an editor\n",
	"config/rbac/ticket_viewer_role.yaml":                     "a viewer\n",
	"config/rbac/leader_election_role.yaml":                   "a lease\n",
	"config/rbac/metrics_auth_role.yaml":                      "who asks\n",
	"config/rbac/metrics_reader_role.yaml":                    "who reads\n",
	"config/components/prometheus/prometheus_rule.yaml":       "alerts\n",
	"config/components/prometheus/prometheus_rule_test.yaml":  "tests of alerts\n",
	"config/components/grafana/dashboard.json":                "{}\n",
	chartFiles + "/crds/ticketing.synqly.com_ticketgone.yaml": "",
	chartFiles + "/rbac/ticketgone_editor_role.yaml":          "",
	chartFiles + "/gone.yaml":                                 "",
}

func TestTheChartHasWhatConfigHas(t *testing.T) {
	folder := project(t, forTheChart)
	if err := generateChart(folder, folder); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"crds/ticketing.synqly.com_tickets.yaml": "a CRD\n", "rbac/role.yaml": "the generated role\n",
		"rbac/ticket_editor_role.yaml": "an editor\n", "rbac/ticket_viewer_role.yaml": "a viewer\n",
		"rbac/leader_election_role.yaml": "a lease\n", "rbac/metrics_auth_role.yaml": "who asks\n", "rbac/metrics_reader_role.yaml": "who reads\n",
		"prometheus_rule.yaml": "alerts\n", "dashboard.json": "{}\n",
	}
	root := filepath.Join(folder, chartFiles)
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if content, found := want[name]; !found || content != read(t, root, name) {
			t.Errorf("%s has the content %q", name, read(t, root, name))
		}
		delete(want, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		t.Errorf("%s is missing", name)
	}
}

func TestTheChartOfAnotherFolderHasTheManifestsOfThatFolder(t *testing.T) {
	folder, other := project(t, forTheChart), t.TempDir()
	for name := range forTheChart {
		if strings.HasPrefix(name, "config/crd") || slices.Contains([]string{"role.yaml", "ticket_editor_role.yaml", "ticket_viewer_role.yaml"}, filepath.Base(name)) {
			place(t, other, name, "newer\n")
		}
	}
	if err := generateChart(folder, other); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"rbac/role.yaml": "newer\n", "crds/ticketing.synqly.com_tickets.yaml": "newer\n", "rbac/metrics_auth_role.yaml": "who asks\n"} {
		if got := read(t, other, filepath.Join(chartFiles, name)); got != content {
			t.Errorf("%s has the content %q, want %q", name, got, content)
		}
	}
}

func TestAChartWithoutWhatItNeedsIsAnError(t *testing.T) {
	for name := range forTheChart {
		if strings.HasPrefix(name, chartFiles) || strings.HasSuffix(name, "_test.yaml") {
			continue
		}
		folder := project(t, forTheChart)
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
		if err := generateChart(folder, folder); err == nil || !strings.Contains(err.Error(), "which the chart needs") {
			t.Errorf("without %s generateChart returns %v", name, err)
		}
	}
}
