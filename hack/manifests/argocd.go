// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/states"
)

const (
	argoFolder   = "config/argocd"
	healthFolder = argoFolder + "/resource_customizations"
	sampleFolder = "config/samples"
)

// waitingForTheOperator is the message of an object whose latest spec the operator has not written
// about.
const waitingForTheOperator = "the operator has not applied the latest spec yet"

// healthCheckTemplate is filled with a healthCheck. Argo CD gives a script the object as obj, and
// no library for strings.
//
//nolint:dupword // Each block of Lua closes with the same word.
const healthCheckTemplate = `-- The health of objects of the kind {{.Kind}} of the Synqly Ticketing Operator.
-- The reasons of the condition Ready that do not go away before somebody does something.
local needs_somebody = {
{{- range .Reasons}}
  {{.}} = true,
{{- end}}
}
if obj.status == nil or obj.status.conditions == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "` + waitingForTheOperator + `"}
end

local health = {status = "Progressing", message = "` + waitingForTheOperator + `"}
for _, condition in ipairs(obj.status.conditions) do
  if condition.type == "Ready" then
    health.message = condition.message
    if condition.status == "True" then
      health.status = "Healthy"
    elseif condition.status == "Unknown" then
      health.status = "Suspended"
{{- if .Recreates}}
    elseif condition.reason == "RemoteMissing" and obj.spec.onRemoteMissing == "Recreate" then
      health.status = "Progressing"
{{- end}}
    elseif needs_somebody[condition.reason] then
      health.status = "Degraded"
    end
  end
end
return health
`

// argoConfigMapTemplate is filled with the healthChecks of all kinds.
const argoConfigMapTemplate = "# Generated from internal/states by `make generate`." + ` Merge the keys into the ConfigMap that is
# there, or use this folder as a kustomize component; docs/gitops.md tells more.
apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-cm
data:
{{- range .}}
  resource.customizations.health.{{.Group}}_{{.Kind}}: |
{{.Indented}}
{{- end}}
`

// healthCheck is a kind and what its health check is made of.
type healthCheck struct {
	Group, Kind string
	// Reasons are those of Ready=False that do not go away before somebody has done something.
	Reasons []string
	// Recreates: objects with onRemoteMissing Recreate mend a missing remote object themselves.
	Recreates bool
	Script    string
}

// healthCase is an entry of Argo CD's health_test.yaml.
type healthCase struct {
	HealthStatus healthStatus `json:"healthStatus"`
	InputPath    string       `json:"inputPath"`
}

type healthStatus struct {
	Status  states.Health `json:"status"`
	Message string        `json:"message"`
}

// generateHealthChecks writes the health checks of all kinds in the folder layout of Argo CD, with
// their tests, and the same as keys of its ConfigMap. The tests use the samples of the project.
func generateHealthChecks(project, destination string) error {
	var checks []healthCheck
	for _, kind := range states.Kinds {
		check, err := healthCheckOf(kind)
		if err != nil {
			return err
		}
		checks = append(checks, check)
		sample, err := sampleOf(project, kind)
		if err != nil {
			return err
		}
		files, err := healthTests(sample)
		if err != nil {
			return fmt.Errorf("the tests of the health check of %s: %w", kind, err)
		}
		files["health.lua"] = []byte(check.Script)
		if err := replaceFolder(filepath.Join(destination, healthFolder, check.Group, kind), files); err != nil {
			return err
		}
	}
	configMap, err := render(argoConfigMapTemplate, checks)
	if err != nil {
		return err
	}
	return write(filepath.Join(destination, argoFolder), map[string][]byte{"argocd-cm.yaml": configMap})
}

// replaceFolder writes files of a folder in which nothing else stays.
func replaceFolder(folder string, files map[string][]byte) error {
	if err := os.RemoveAll(folder); err != nil { // #nosec G703 -- below the folder that the caller names
		return fmt.Errorf("removing the old %s: %w", folder, err)
	}
	if err := os.MkdirAll(filepath.Join(folder, "testdata"), 0o755); err != nil { //nolint:gosec // Everybody may read the project.
		return fmt.Errorf("making a folder for a health check: %w", err)
	}
	return write(folder, files)
}

func healthCheckOf(kind string) (healthCheck, error) {
	check := healthCheck{Group: v1alpha1.GroupVersion.Group, Kind: kind}
	for _, state := range states.OfKind[kind] {
		check.Recreates = check.Recreates || state.Recreated
		if state.Health == states.Degraded && !slices.Contains(check.Reasons, state.Reason) {
			check.Reasons = append(check.Reasons, state.Reason)
		}
	}
	slices.Sort(check.Reasons)
	script, err := render(healthCheckTemplate, check)
	check.Script = string(script)
	return check, err
}

// Indented is the script as it stands in the ConfigMap.
func (c healthCheck) Indented() string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(c.Script, "\n"), "\n", "\n    ")
}

// sampleOf is the first sample of a kind.
func sampleOf(project, kind string) (*unstructured.Unstructured, error) {
	path := filepath.Join(project, sampleFolder, strings.ToLower(kind)+".yaml")
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading a sample: %w", err)
	}
	sample := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(content, &sample.Object); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if sample.GetKind() != kind {
		return nil, fmt.Errorf("%s has an object of the kind %q", path, sample.GetKind())
	}
	return sample, nil
}

// healthTests are health_test.yaml and the objects that it names: one of each verdict, one that the
// operator has not looked at yet, and one whose latest spec it has not looked at.
func healthTests(sample *unstructured.Unstructured) (map[string][]byte, error) {
	files := map[string][]byte{}
	var cases []healthCase
	add := func(name string, verdict states.Health, message string, object *unstructured.Unstructured) error {
		content, err := yaml.Marshal(object.Object)
		files[filepath.Join("testdata", name+".yaml")] = content
		cases = append(cases, healthCase{healthStatus{verdict, message}, "testdata/" + name + ".yaml"})
		return err
	}
	if err := add("not_looked_at", states.Progressing, waitingForTheOperator, states.NotLookedAt(sample)); err != nil {
		return nil, err
	}
	for _, state := range states.OfKind[sample.GetKind()] {
		name := strings.ToLower(string(state.Health))
		if state.Recreated {
			name = "recreated"
		}
		// Of an object that is being deleted Argo CD knows the health without asking.
		if _, present := files[filepath.Join("testdata", name+".yaml")]; present || state.Deleted {
			continue
		}
		object, err := states.Written(sample, state)
		if err != nil {
			return nil, err
		}
		if err := add(name, state.Health, "the message of "+state.Reason, object); err != nil {
			return nil, err
		}
		if state.Health == states.Healthy {
			if err := add("edited", states.Progressing, waitingForTheOperator, states.Edited(object)); err != nil {
				return nil, err
			}
		}
	}
	list, err := yaml.Marshal(map[string]any{"tests": cases})
	files["health_test.yaml"] = list
	return files, err
}
