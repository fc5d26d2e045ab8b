// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
)

func (d *demo) samples() string   { return filepath.Join(d.folder, "samples") }
func (d *demo) tokenFile() string { return filepath.Join(d.samples(), "token") }

// writeSamples writes a made-up token, which the simulator accepts and the samples' Secrets get.
func (d *demo) writeSamples() error {
	if err := os.MkdirAll(d.samples(), 0o700); err != nil {
		return fmt.Errorf("making the folder of the samples: %w", err)
	}
	if err := os.WriteFile(d.tokenFile(), []byte(rand.Text()), 0o600); err != nil {
		return fmt.Errorf("writing the token: %w", err)
	}
	return nil
}

// pointSamplesAtSimulator overlays config/samples with what makes them work here: the simulator's
// addresses, its token, and intervals at which changes in the simulator are seen soon and alerts do
// not have to be waited for.
func (d *demo) pointSamplesAtSimulator() error {
	return d.writeKustomization("samples", fmt.Sprintf(`resources: [../../../config/samples]
secretGenerator:
- name: synqly-token
  files: [token]
- name: alertmanager-token
  files: [token]
generatorOptions:
  disableNameSuffixHash: true
patches:
- target: {kind: "(Cluster)?Integration"}
  patch: |
    - {op: add, path: /spec/baseURL, value: %q}
    - {op: add, path: /spec/pollInterval, value: 10s}
    - {op: add, path: /spec/ticketURLTemplate, value: %q}
- target: {kind: TicketQuery}
  patch: |
    - {op: replace, path: /spec/interval, value: 30s}
- target: {kind: AlertReceiver}
  patch: |
    - {op: add, path: /spec/commentInterval, value: 0s}
    - {op: add, path: /spec/resolve/after, value: 1s}
`, d.simulatorURL, d.simulatorURL+"/tickets/{id}"))
}

// writeKustomization writes a kustomization to a folder of the demo's folder.
func (d *demo) writeKustomization(folder, content string) error {
	path := filepath.Join(d.folder, folder, "kustomization.yaml")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("making a folder for a kustomization: %w", err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return fmt.Errorf("writing a kustomization: %w", err)
	}
	return nil
}
