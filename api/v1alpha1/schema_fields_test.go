// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// schemaField is a field of a spec or a status in a CustomResourceDefinition.
type schemaField struct {
	path   string
	schema apiextensionsv1.JSONSchemaProps
	// isElement says that it is what a list or a map holds; its description is that of the list or
	// map.
	isElement bool
}

// unlimited are the fields that have no limit of their own, and why.
var unlimited = map[string]string{
	"Ticket.status.applied[*]":         "a hash that the operator computes; controller-gen cannot limit the values of a map",
	"Ticket.status.returned[*]":        "a hash that the operator computes; controller-gen cannot limit the values of a map",
	"Ticket.status.drift[*]":           "a field's name, as long as the name of a custom field, which a schema cannot limit",
	"TicketComment.status.applied[*]":  "as in Ticket",
	"TicketComment.status.returned[*]": "as in Ticket",
	"TicketNote.status.applied[*]":     "as in Ticket",
	"TicketNote.status.returned[*]":    "as in Ticket",

	"TicketAttachment.status.applied[*]":  "as in Ticket",
	"TicketAttachment.status.returned[*]": "as in Ticket",

	"ClusterIntegration.spec.namespaceSelector.matchLabels[*]": "no longer one selects nothing; controller-gen cannot limit the values of a map",

	"Incident.spec.groupLabels[*]":           "the endpoint cuts it; controller-gen cannot limit the values of a map",
	"Incident.spec.commonLabels[*]":          "as in groupLabels",
	"Incident.spec.commonAnnotations[*]":     "as in groupLabels",
	"Incident.spec.alerts[*].labels[*]":      "as in groupLabels",
	"Incident.spec.alerts[*].annotations[*]": "as in groupLabels",
}

func TestEveryFieldIsDescribed(t *testing.T) {
	for kind, fields := range generatedFields(t) {
		for _, field := range fields {
			name := field.path[strings.LastIndex(field.path, ".")+1:]
			description := field.schema.Description
			if field.isElement && description == "" {
				continue
			}
			if !field.isElement && !strings.HasPrefix(description, name+" ") && !strings.HasPrefix(description, name+":") {
				t.Errorf("%s.%s: the description must begin with the name of the field, it is %q", kind, field.path, description)
			}
			if !strings.HasSuffix(description, ".") {
				t.Errorf("%s.%s: the description must be sentences, it is %q", kind, field.path, description)
			}
		}
	}
}

func TestEveryFieldHasALimit(t *testing.T) {
	var without []string
	for kind, fields := range generatedFields(t) {
		for _, field := range fields {
			if !isLimited(field.schema) {
				without = append(without, kind+"."+field.path)
			}
		}
	}
	slices.Sort(without)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(unlimited)), without); diff != "" {
		t.Errorf("fields without a limit (-known exceptions +found):\n%s", diff)
	}
}

// TestEveryTextLimitIsTried keeps textLimits complete: it must name each text of each spec that the
// schema limits, with the limit that the schema has.
func TestEveryTextLimitIsTried(t *testing.T) {
	tried, generated := map[string]int64{}, map[string]int64{}
	for kind, limits := range textLimits {
		for _, limit := range limits {
			tried[kind+"."+limit.field] = int64(limit.characters)
		}
	}
	for kind, fields := range generatedFields(t) {
		for _, field := range fields {
			// Durations, dates, tags and alerts have forms of their own and tests of their own.
			isBelowAList := strings.Contains(field.path, "[*]")
			isPlainText := (field.schema.MinLength != nil || refusesBlank(field.schema)) && !isBelowAList
			if isPlainText && strings.HasPrefix(field.path, "spec.") {
				generated[kind+"."+field.path] = *field.schema.MaxLength
			}
		}
	}
	if diff := cmp.Diff(generated, tried); diff != "" {
		t.Errorf("limits of texts (-schema +tried against the API server):\n%s", diff)
	}
}

// refusesBlank reports whether a rule of the schema, rather than a length, refuses an empty text.
func refusesBlank(schema apiextensionsv1.JSONSchemaProps) bool {
	return slices.ContainsFunc(schema.XValidations, func(rule apiextensionsv1.ValidationRule) bool {
		return strings.HasPrefix(rule.Rule, "self.trim() != ''")
	})
}

// TestEveryStatusLimitIsTried keeps statusLimits complete.
func TestEveryStatusLimitIsTried(t *testing.T) {
	tried, generated := map[string]bool{}, map[string]bool{}
	for kind, groups := range statusLimits {
		for _, group := range groups {
			for _, limit := range group {
				tried[kind+"."+limit.field] = true
			}
		}
	}
	for kind, fields := range generatedFields(t) {
		for _, field := range fields {
			isGroup := len(field.schema.Properties) > 0
			isBelowAList := strings.Contains(field.path, "[*]")
			if strings.HasPrefix(field.path, "status.") && !isGroup && !isBelowAList {
				generated[kind+"."+field.path] = true
			}
		}
	}
	if diff := cmp.Diff(generated, tried); diff != "" {
		t.Errorf("fields of the status (-schema +tried against the API server):\n%s", diff)
	}
}

// isLimited says whether the API server bounds the size of what the field holds. A group of fields
// is as large as its fields.
func isLimited(schema apiextensionsv1.JSONSchemaProps) bool {
	switch schema.Type {
	case "string":
		return schema.MaxLength != nil || len(schema.Enum) > 0 || schema.Format == "date-time"
	case "integer":
		return schema.Minimum != nil && (schema.Maximum != nil || schema.Format == "int32" || schema.Format == "int64")
	case "array":
		return schema.MaxItems != nil
	case "object":
		return len(schema.Properties) > 0 || schema.MaxProperties != nil
	default:
		return schema.Type == "boolean"
	}
}

// generatedFields are the fields of each kind's spec and status, all levels of them.
func generatedFields(t *testing.T) map[string][]schemaField {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(crdFolder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string][]schemaField{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var definition apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(content, &definition); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		kind := definition.Spec.Names.Kind
		for _, version := range definition.Spec.Versions {
			for _, part := range []string{"spec", "status"} {
				schema := version.Schema.OpenAPIV3Schema.Properties[part]
				fields[kind] = appendFields(fields[kind], schemaField{path: part, schema: schema})
			}
		}
	}
	for kind := range manifestOf {
		if len(fields[kind]) < 10 {
			t.Fatalf("found only %d fields of %s in %s: run make generate", len(fields[kind]), kind, crdFolder)
		}
	}
	return fields
}

// appendFields appends the field and all below it.
func appendFields(fields []schemaField, field schemaField) []schemaField {
	fields = append(fields, field)
	for _, name := range slices.Sorted(maps.Keys(field.schema.Properties)) {
		fields = appendFields(fields, schemaField{path: field.path + "." + name, schema: field.schema.Properties[name]})
	}
	if items := field.schema.Items; items != nil {
		fields = appendFields(fields, schemaField{path: field.path + "[*]", schema: *items.Schema, isElement: true})
	}
	if values := field.schema.AdditionalProperties; values != nil {
		fields = appendFields(fields, schemaField{path: field.path + "[*]", schema: *values.Schema, isElement: true})
	}
	return fields
}
