// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"text/template"
)

const crdKustomizationTemplate = "# Generated from bases/, which is generated from api/v1alpha1, by `make generate`." + `
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
{{- range .}}
- bases/{{.File}}
{{- end}}
labels:
- pairs:
    app.kubernetes.io/name: synqly-ticketing-operator
`

// roleTemplate is filled with a crd and a role.
const roleTemplate = `
{{- if .Namespaced -}}
# Joins {{.JoinedInWords}}: who may {{.May}} a namespace may {{.May}} its {{.Words}}.
{{- else -}}
# Joins no built-in role: those are for namespaces, and the {{.Words}} are in none.
{{- end}}
` + "# Generated from config/crd/bases by `make generate`." + `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{.Spec.Names.Singular}}-{{.Name}}-role
{{- if .Namespaced}}
  labels:
  {{- range .Joins}}
    rbac.authorization.k8s.io/aggregate-to-{{.}}: "true"
  {{- end}}
{{- end}}
rules:
- apiGroups: [{{.Spec.Group}}]
  resources: [{{.Spec.Names.Plural}}]
  verbs: [{{.Verbs}}]
{{- if .HasStatus}}
- apiGroups: [{{.Spec.Group}}]
  resources: [{{.Spec.Names.Plural}}/status]
  verbs: [get]
{{- end}}
`

// render fills a template with a value.
func render(text string, value any) ([]byte, error) {
	parsed, err := template.New("manifest").Parse(text)
	if err != nil {
		return nil, fmt.Errorf("parsing the template of a manifest: %w", err)
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, value); err != nil {
		return nil, fmt.Errorf("filling the template of a manifest: %w", err)
	}
	return out.Bytes(), nil
}
