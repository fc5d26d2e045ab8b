// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package hack_test

import (
	"path/filepath"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apimachinery/pkg/util/version"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/yaml"
)

// supportedVersions returns the versions of Kubernetes that CI tries, the oldest first.
func supportedVersions(t *testing.T) []string {
	t.Helper()
	var tried []string
	for _, w := range readWorkflows(t) {
		for _, job := range w.Jobs {
			tried = append(tried, job.Strategy.Matrix.Version...)
		}
	}
	if len(tried) < 2 {
		t.Fatalf("CI tries the versions %q of Kubernetes, want several", tried)
	}
	return tried
}

// An API server refuses a CRD with a rule that it cannot compile. The library knows which version
// brought which function.
func TestTheOldestKubernetesKnowsWhatTheValidationRulesUse(t *testing.T) {
	oldest := supportedVersions(t)[0]
	files, err := filepath.Glob("../config/crd/bases/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("CRDs: %q, %v", files, err)
	}
	rules := 0
	for _, file := range files {
		var definition apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict([]byte(readText(t, file)), &definition); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, served := range definition.Spec.Versions {
			if len(served.SelectableFields) > 0 {
				t.Errorf("%s has selectable fields, which are stable since 1.32 only", definition.Name)
			}
			rules += compileRules(t, oldest, definition.Name, structural(t, served.Schema), true)
		}
	}
	if rules == 0 {
		t.Error("the CRDs have no rules")
	}
}

func TestAFunctionOfALaterKubernetesIsNoticed(t *testing.T) {
	versions := supportedVersions(t)
	// Since 1.31.
	name := &schema.Structural{Generic: schema.Generic{Type: "string"}}
	name.XValidations = apiextensionsv1.ValidationRules{{Rule: "!format.dns1123Label().validate(self).hasValue()"}}
	if problems := problemsOfRules(t, versions[0], name, false); len(problems) == 0 {
		t.Errorf("Kubernetes %s compiles a rule of 1.31", versions[0])
	}
	if problems := problemsOfRules(t, versions[len(versions)-1], name, false); len(problems) > 0 {
		t.Errorf("Kubernetes %s does not compile a rule of 1.31: %q", versions[len(versions)-1], problems)
	}
}

func structural(t *testing.T, validation *apiextensionsv1.CustomResourceValidation) *schema.Structural {
	t.Helper()
	var internal apiextensions.CustomResourceValidation
	if err := apiextensionsv1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(validation, &internal, nil); err != nil {
		t.Fatal(err)
	}
	converted, err := schema.NewStructural(internal.OpenAPIV3Schema)
	if err != nil {
		t.Fatal(err)
	}
	return converted
}

// compileRules compiles the rules of a schema and of all that it contains, and returns how many
// there are.
func compileRules(t *testing.T, kubernetes, path string, s *schema.Structural, isResource bool) int {
	t.Helper()
	for _, problem := range problemsOfRules(t, kubernetes, s, isResource) {
		t.Errorf("%s: Kubernetes %s does not compile a rule: %s", path, kubernetes, problem)
	}
	count := len(s.XValidations)
	for name, property := range s.Properties {
		count += compileRules(t, kubernetes, path+"."+name, &property, property.XEmbeddedResource)
	}
	if s.Items != nil {
		count += compileRules(t, kubernetes, path+"[]", s.Items, s.Items.XEmbeddedResource)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Structural != nil {
		value := s.AdditionalProperties.Structural
		count += compileRules(t, kubernetes, path+"{}", value, value.XEmbeddedResource)
	}
	return count
}

func problemsOfRules(t *testing.T, kubernetes string, s *schema.Structural, isResource bool) []string {
	t.Helper()
	if len(s.XValidations) == 0 {
		return nil
	}
	functions := environment.MustBaseEnvSet(version.MustParseGeneric(kubernetes))
	results, err := cel.Compile(s, model.SchemaDeclType(s, isResource), celconfig.PerCallLimit, functions, cel.NewExpressionsEnvLoader())
	if err != nil {
		t.Fatal(err)
	}
	var problems []string
	for i, result := range results {
		if result.Error != nil {
			problems = append(problems, s.XValidations[i].Rule+": "+result.Error.Error())
		}
		if result.MessageExpressionError != nil {
			problems = append(problems, s.XValidations[i].MessageExpression+": "+result.MessageExpressionError.Error())
		}
	}
	return problems
}
