// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// newProvider is a terminal with an Integration, its Secret, and a simulated provider behind it.
func newProvider(t *testing.T, objects ...client.Object) (*terminal, *simulator.Server) {
	t.Helper()
	return newProviderWith(t, interceptor.Funcs{}, objects...)
}

func newProviderWith(t *testing.T, funcs interceptor.Funcs, objects ...client.Object) (*terminal, *simulator.Server) {
	t.Helper()
	simulated := simulator.New(simulator.Options{Token: testToken})
	t.Cleanup(simulated.Close)
	terminal := newTerminalWith(t, funcs, append(objects, newIntegration(ready()), newSecret())...)
	terminal.transport = simulated.Transport()
	return terminal, simulated
}

func TestProjects(t *testing.T) {
	terminal, _ := newProvider(t)
	expectParts(t, terminal.mustRun("projects"), "ID    NAME\nOPS   Operations\n")
	expectParts(t, terminal.mustRun("projects", "-o", "yaml"), "- id: OPS\n  name: Operations\n")
}

func TestFieldsOfAProject(t *testing.T) {
	terminal, simulated := newProvider(t)
	var fields []fieldRow
	// By its name, for people know no IDs.
	if err := json.Unmarshal([]byte(terminal.mustRun("fields", "--project", "operations", "-o", "json")), &fields); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, field := range fields {
		names = append(names, field.Field)
	}
	if diff := cmp.Diff([]string{"customerFacing", "region", "services", "severity_OPS"}, names); diff != "" {
		t.Error(diff)
	}
	expectParts(t, terminal.mustRun("fields", "--all"), "priority", "URGENT, CRITICAL", "severity_SEC")
	terminal.mustFail([]string{`no project "PSO"`}, "fields", "--project", "PSO")

	project := "OPS"
	simulated.SetRemoteFields([]simulator.RemoteField{
		{FieldID: "size", FieldScope: "project_custom", ProviderFieldName: "Size", ProjectID: &project, Schema: &simulator.RemoteFieldSchema{FieldTypeID: "enum", EnumValues: []string{"S", "M"}}},
		{FieldID: "size", FieldScope: "project_custom", ProviderFieldName: "Size", ProjectID: &project, Schema: &simulator.RemoteFieldSchema{FieldTypeID: "enum", EnumValues: []string{"S", "M"}}},
	})
	want := "FIELD   NAME   TYPE   PROJECT   VALUES\nsize    Size   enum   OPS       S, M\n"
	if diff := cmp.Diff(want, terminal.mustRun("fields", "--project", "OPS")); diff != "" {
		t.Error("a field that is listed for each type of issue is one field:", diff)
	}
}

func TestClusterIntegrationReadsItsSecretWhereTheOperatorDoes(t *testing.T) {
	shared := &v1alpha1.ClusterIntegration{ObjectMeta: metav1.ObjectMeta{Name: "jira"}}
	shared.Spec.BaseURL, shared.Spec.TokenSecretRef = "https://api.example.com", v1alpha1.SecretKeyReference{Name: "jira-token", Key: "key"}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "operator", Name: "jira-token"}, Data: map[string][]byte{"key": []byte(testToken)}}
	terminal, _ := newProvider(t, shared, secret)
	expectParts(t, terminal.mustRun("projects", "--integration=clusterintegration/jira", "--cluster-resource-namespace=operator"), "Operations")
	terminal.mustFail([]string{`"synqly-ticketing-system"`, "does not exist"}, "projects", "--integration=cinteg/jira")
}

func TestWhatKeepsTheProviderFromBeingAsked(t *testing.T) {
	insecure := newIntegration(ready())
	insecure.Name, insecure.Spec.BaseURL = "insecure", "http://api.example.com"
	keyless := newIntegration(ready())
	keyless.Name, keyless.Spec.TokenSecretRef.Key = "keyless", "other"
	secretless := newIntegration(ready())
	secretless.Name, secretless.Spec.TokenSecretRef.Name = "secretless", "nothing"
	terminal, simulated := newProvider(t, insecure, keyless, secretless)
	for integration, said := range map[string]string{
		"insecure": "--allow-insecure-http", "keyless": `has no key "other"`, "secretless": "does not exist", "nobody": "not found",
		"pod/default": "names no Integration", "integration/": "names no Integration",
	} {
		terminal.mustFail([]string{said}, "projects", "--integration", integration)
	}
	if requests := len(simulated.Requests()); requests != 0 {
		t.Errorf("the provider was asked %d times", requests)
	}
	expectParts(t, terminal.mustRun("projects", "--integration=integ/insecure", "--allow-insecure-http"), "Operations")

	withoutRight, _ := newProviderWith(t, forbidding[*corev1.Secret]("secrets"))
	withoutRight.mustFail([]string{`the Secret "synqly-token" of the namespace "ops"`, "you need the right to get this Secret", "kubectl auth can-i get secret/synqly-token -n ops"}, "projects")
	withoutRight, _ = newProviderWith(t, forbidding[*v1alpha1.Integration]("integrations"))
	withoutRight.mustFail([]string{`you may not read Integration "default"`}, "projects")
}

func TestAnswersOfTheProviderAreExplained(t *testing.T) {
	for status, said := range map[int]string{
		http.StatusNotImplemented: "does not have this operation", http.StatusTooManyRequests: "try again later",
		http.StatusUnauthorized: "may not do this", http.StatusInternalServerError: "listing the projects",
	} {
		terminal, simulated := newProvider(t)
		simulated.Inject(simulator.Fault{Operation: "ListProjects", Status: status})
		terminal.mustFail([]string{said}, "projects")
	}
}

// TestEveryAddressIsAccepted: from the machine of a user a private address is as good as any.
func TestEveryAddressIsAccepted(t *testing.T) {
	simulated := simulator.New(simulator.Options{Token: testToken})
	t.Cleanup(simulated.Close)
	server := httptest.NewServer(simulated)
	t.Cleanup(server.Close)
	integration := newIntegration(ready())
	integration.Spec.BaseURL = server.URL
	terminal := newTerminal(t, integration, newSecret())
	expectParts(t, terminal.mustRun("projects", "--allow-insecure-http"), "Operations")
}
