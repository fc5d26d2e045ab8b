// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// chartFiles is the folder of the chart with copies of what config/ has. The templates of the chart
// read them: a chart can be installed from its package alone, so it cannot read config/ itself.
const chartFiles = "charts/synqly-ticketing-operator/files"

// generateChart copies the CRDs, the roles, the alerts and the dashboard into the chart. The first
// two are those below destination, and the others, which are written by hand, those of the project.
func generateChart(project, destination string) error {
	handwrittenRole := func(name string) string { return filepath.Join(project, roleFolder, name+"_role.yaml") }
	for folder, patterns := range map[string][]string{
		"crds": {filepath.Join(destination, crdFolder, "bases", "*.yaml")},
		"rbac": {
			filepath.Join(destination, roleFolder, "role.yaml"),
			filepath.Join(destination, roleFolder, "*"+roles[0].fileSuffix()),
			filepath.Join(destination, roleFolder, "*"+roles[1].fileSuffix()),
			handwrittenRole("leader_election"), handwrittenRole("metrics_auth"), handwrittenRole("metrics_reader"),
		},
		".": {
			filepath.Join(project, "config/components/prometheus/prometheus_rule.yaml"),
			filepath.Join(project, "config/components/grafana/dashboard.json"),
		},
	} {
		files, err := readFiles(patterns)
		if err != nil {
			return err
		}
		to := filepath.Join(destination, chartFiles, folder)
		if err := removeOthers(to, files); err != nil {
			return err
		}
		if err := write(to, files); err != nil {
			return err
		}
	}
	return nil
}

// readFiles returns the files that match the patterns, by name. Each pattern must match one.
func readFiles(patterns []string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("listing files for the chart: %w", err)
		}
		if len(paths) == 0 {
			return nil, fmt.Errorf("there is no %s, which the chart needs", pattern)
		}
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				return nil, fmt.Errorf("reading a file for the chart: %w", err)
			}
			files[filepath.Base(path)] = content
		}
	}
	return files, nil
}

// removeOthers removes from the folder the manifests that are not among the files.
func removeOthers(folder string, files map[string][]byte) error {
	present, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return fmt.Errorf("listing the files of the chart: %w", err)
	}
	for _, path := range present {
		if _, isCurrent := files[filepath.Base(path)]; isCurrent {
			continue
		}
		//nolint:gosec // The folder is the caller's.
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("removing a file of the chart that is gone from config: %w", err)
		}
	}
	return nil
}
