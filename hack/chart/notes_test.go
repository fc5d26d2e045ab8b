// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestTheNotesSayWhatIsInstalledAndWhatIsNext(t *testing.T) {
	const (
		withIntegration        = `integrations: [{name: jira, namespace: team-a, spec: {tokenSecretRef: {name: synqly-token}}}]`
		withClusterIntegration = `clusterIntegrations: [{name: shared, spec: {tokenSecretRef: {name: synqly-token}}}]`
	)
	for name, test := range map[string]struct {
		values       string
		want, absent []string
	}{
		"the image that runs": {
			values: "image: {repository: registry.example.com/operator, tag: v0.1.0}",
			want:   []string{"with the image registry.example.com/operator:v0.1.0."},
			absent: []string{"latest"},
		},
		"the way to a ticket": {
			want: []string{
				"kubectl create secret generic synqly-token", "kind: Integration\n", "kind: Ticket\n",
				"https://github.com/synqly/ticketing-operator/blob/main/docs/getting-started.md",
			},
			absent: []string{"integrationRef"},
		},
		"Integrations that are there": {
			values: withIntegration,
			want:   []string{"kubectl get integrations --all-namespaces", "kubectl apply --namespace team-a -f -", "integrationRef:\n      name: jira\n"},
			absent: []string{"kind: Integration", "kubectl get clusterintegrations"},
		},
		"ClusterIntegrations that are there": {
			values: withClusterIntegration,
			want:   []string{"kubectl get clusterintegrations", "integrationRef:\n      kind: ClusterIntegration\n      name: shared\n"},
			absent: []string{"kind: Integration", "kubectl get integrations"},
		},
		"no CRDs": {values: "crds: {enabled: false}", want: []string{"The CRDs are not part of this release: apply crds.yaml"}},
	} {
		t.Run(name, func(t *testing.T) {
			notes := renderNotes(t, test.values)
			for _, want := range test.want {
				if !strings.Contains(notes, want) {
					t.Errorf("the notes lack %q:\n%s", want, notes)
				}
			}
			for _, absent := range test.absent {
				if strings.Contains(notes, absent) {
					t.Errorf("the notes have %q:\n%s", absent, notes)
				}
			}
		})
	}
}

// renderNotes renders the notes as a field of an object of another chart with the same templates:
// Helm itself prints them only after it has installed something.
func renderNotes(t *testing.T, values string) string {
	t.Helper()
	chart := t.TempDir()
	if err := os.CopyFS(chart, os.DirFS(chartFolder)); err != nil {
		t.Fatal(err)
	}
	notes, err := os.ReadFile(filepath.Join(chart, "templates/NOTES.txt"))
	if err != nil {
		t.Fatal(err)
	}
	object := `{{ define "notes" }}` + string(notes) + `{{ end }}{{ dict "apiVersion" "v1" "kind" "ConfigMap" "data" (dict "notes" (include "notes" .)) | toYaml }}`
	if err := os.WriteFile(filepath.Join(chart, "templates/notes.yaml"), []byte(object), 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := run(t, "helm", "template", releaseName, chart, "--namespace="+releaseNamespace, "--values="+valuesFile(t, values),
		"--kube-version=1.30.0", "--show-only=templates/notes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := unstructured.NestedString(decode(t, output)[0].Object, "data", "notes")
	return text
}
