// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// These tests hold the Helm chart against config/, whose objects it has to install, try the values
// that it takes, and run Helm against a real kube-apiserver.
package chart_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

const (
	chartFolder = "../../charts/synqly-ticketing-operator"
	// With this release, names are those of config/default.
	releaseName      = "synqly-ticketing-operator"
	releaseNamespace = "synqly-ticketing-system"
)

// run runs a program of bin/tools, which `make test` builds, and returns what it prints. The error
// has what it complains about.
func run(t *testing.T, name string, arguments ...string) (string, error) {
	t.Helper()
	program, err := filepath.Abs(filepath.Join("../../bin/tools", name))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, arguments...) // #nosec G204 -- built from its module
	// Nothing of the user's: no repositories, no plugins, no cluster.
	for _, folder := range []string{"HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"} {
		command.Env = append(command.Env, folder+"="+filepath.Join(t.TempDir(), folder))
	}
	command.Env = append(command.Env, "HOME="+t.TempDir(), "KUBECONFIG="+os.DevNull)
	var output, complaints bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaints
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%s %s (`make test` builds it): %w\n%s", name, strings.Join(arguments, " "), err, &complaints)
	}
	return output.String(), nil
}

// valuesFile writes values for Helm's --values.
func valuesFile(t *testing.T, values string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(path, []byte(values), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// rendered are manifests that Helm has printed before, by values.
var rendered = map[string]string{}

// template is what Helm would install with these values.
func template(t *testing.T, values string) ([]*unstructured.Unstructured, error) {
	t.Helper()
	if output, found := rendered[values]; found {
		return decode(t, output), nil
	}
	output, err := run(t, "helm", "template", releaseName, chartFolder, "--namespace="+releaseNamespace, "--values="+valuesFile(t, values),
		"--kube-version=1.30.0") // Helm's own default is older, unless its makers build it.
	if err != nil {
		return nil, err
	}
	rendered[values] = output
	return decode(t, output), nil
}

func mustTemplate(t *testing.T, values string) []*unstructured.Unstructured {
	t.Helper()
	objects, err := template(t, values)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// kustomize builds a folder of config.
func kustomize(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	output, err := run(t, "kustomize", "build", filepath.Join("../../config", folder))
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, output)
}

func decode(t *testing.T, manifests string) []*unstructured.Unstructured {
	t.Helper()
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifests), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(object.Object) > 0 { // A document may be nothing but a comment.
			objects = append(objects, object)
		}
	}
}
