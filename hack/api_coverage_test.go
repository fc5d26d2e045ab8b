// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package hack_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/synqly/ticketing-operator/internal/synqly"
	"github.com/synqly/ticketing-operator/internal/synqly/contract"
)

// coverage is a row of the table of docs/api-coverage.md.
type coverage struct{ operation, request, action, test string }

func coverageTable(t *testing.T) []coverage {
	t.Helper()
	var rows []coverage
	for line := range strings.Lines(readDocument(t, "api-coverage.md")) {
		cells := strings.Split(strings.Trim(line, "|\n "), " | ")
		if len(cells) == 4 && cells[0] != "operation" {
			rows = append(rows, coverage{cells[0], strings.Trim(cells[1], "`"), cells[2], cells[3]})
		}
	}
	return rows
}

func readDocument(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("../docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestEachOperationIsCovered compares the table with the document of the API.
func TestEachOperationIsCovered(t *testing.T) {
	var documented, covered []string
	for _, operation := range contract.Operations() {
		documented = append(documented, operation.Title+": "+operation.Method+" "+operation.Path)
	}
	for _, row := range coverageTable(t) {
		covered = append(covered, row.operation+": "+row.request)
	}
	slices.Sort(documented)
	slices.Sort(covered)
	if diff := cmp.Diff(documented, covered); diff != "" || len(documented) != 17 {
		t.Errorf("%d operations (-openapi.yaml +docs/api-coverage.md):\n%s", len(documented), diff)
	}
}

// TestTheClientHasEachOperation compares the client with the document of the API: a method of the
// client that sends a request takes a context and has the name of the operation.
func TestTheClientHasEachOperation(t *testing.T) {
	var documented, methods []string
	for _, operation := range contract.Operations() {
		documented = append(documented, operation.Name)
	}
	client := reflect.TypeFor[*synqly.Client]()
	for method := range client.Methods() {
		if method.Type.NumIn() > 1 && method.Type.In(1).String() == "context.Context" {
			methods = append(methods, method.Name)
		}
	}
	if diff := cmp.Diff(documented, methods); diff != "" {
		t.Errorf("operations (-openapi.yaml +methods of the client):\n%s", diff)
	}
}

var (
	testReference = regexp.MustCompile(`^\[([^]]+)\]\(\.\./([^)]+)\): "([^"]+)"$`)
	fieldPath     = regexp.MustCompile("`((?:spec|status)[a-zA-Z.]*)`")
	kindName      = regexp.MustCompile("`([A-Z][a-zA-Z]+)`")
	subcommand    = regexp.MustCompile("`kubectl ticketing ([a-z]+)( [a-z]+)?`")
)

// TestEachOperationNamesATest that exists.
func TestEachOperationNamesATest(t *testing.T) {
	for _, row := range coverageTable(t) {
		reference := testReference.FindStringSubmatch(row.test)
		if reference == nil || reference[1] != filepath.Base(reference[2]) {
			t.Errorf("%s: %q is no reference to a test", row.operation, row.test)
			continue
		}
		content, err := os.ReadFile(filepath.Join("..", reference[2]))
		if err != nil {
			t.Errorf("%s: %v", row.operation, err)
		}
		if !strings.Contains(string(content), `It("`+reference[3]+`",`) && !strings.Contains(string(content), "func "+reference[3]+"(") {
			t.Errorf("%s: there is no test %q in %s", row.operation, reference[3], reference[2])
		}
	}
}

// TestEachOperationNamesWhatUsersHave checks the kinds, the fields and the subcommands of the
// table.
func TestEachOperationNamesWhatUsersHave(t *testing.T) {
	schemas, plugin := schemasByKind(t), readDocument(t, "kubectl-plugin.md")
	for _, row := range coverageTable(t) {
		subcommands, kinds := subcommand.FindAllStringSubmatch(row.action, -1), kindName.FindAllStringSubmatch(row.action, -1)
		if len(subcommands)+len(kinds) == 0 {
			t.Errorf("%s: %q names neither a kind nor a subcommand", row.operation, row.action)
		}
		for _, command := range subcommands {
			if !strings.Contains(plugin, "\n## "+command[1]+"\n") || !strings.Contains(plugin, "$ kubectl ticketing "+command[1]+command[2]) {
				t.Errorf("%s: docs/kubectl-plugin.md does not show kubectl ticketing %s%s", row.operation, command[1], command[2])
			}
		}
		for _, path := range fieldPath.FindAllStringSubmatch(row.action, -1) {
			isField := func(kind []string) bool { return hasField(schemas[kind[1]], strings.Split(path[1], ".")) }
			if !slices.ContainsFunc(kinds, isField) {
				t.Errorf("%s: %s is no field of %q", row.operation, path[1], kinds)
			}
		}
		for _, kind := range kinds {
			if _, exists := schemas[kind[1]]; !exists {
				t.Errorf("%s: there is no kind %s", row.operation, kind[1])
			}
		}
	}
}

// schemasByKind are the schemas of the CustomResourceDefinitions.
func schemasByKind(t *testing.T) map[string]apiextensionsv1.JSONSchemaProps {
	t.Helper()
	files, err := filepath.Glob("../config/crd/bases/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	schemas := map[string]apiextensionsv1.JSONSchemaProps{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var definition apiextensionsv1.CustomResourceDefinition
		if err := yaml.Unmarshal(content, &definition); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		schemas[definition.Spec.Names.Kind] = *definition.Spec.Versions[0].Schema.OpenAPIV3Schema
	}
	return schemas
}

func hasField(schema apiextensionsv1.JSONSchemaProps, path []string) bool {
	if len(path) == 0 {
		return true
	}
	member, exists := schema.Properties[path[0]]
	return exists && hasField(member, path[1:])
}
