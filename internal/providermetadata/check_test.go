// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package providermetadata

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

// aProvider has three projects, fields that all of them have, and some that one has.
func aProvider() *Metadata {
	return New(projectList(
		synqly.Project{ID: "10001", Name: "Operations", Unmapped: map[string]json.RawMessage{"key": []byte(`"OPS"`), "number": []byte(`7`)}},
		synqly.Project{ID: "10002", Name: "Security", Unmapped: map[string]json.RawMessage{"key": []byte(`"SEC"`)}},
		synqly.Project{ID: "10003", Name: "Development"},
	), fieldList(
		synqly.RemoteField{FieldID: "summary", FieldScope: "standard", ProviderFieldName: "Summary", Schema: synqly.RemoteFieldSchema{FieldTypeID: "string"}},
		synqly.RemoteField{FieldID: "customfield_1", FieldScope: "integration_custom", ProviderFieldName: "Region", Schema: synqly.RemoteFieldSchema{FieldTypeID: "string"}, ProviderFieldPath: "fields.geo.region"},
		synqly.RemoteField{FieldID: "customfield_2", FieldScope: "project_custom", ProviderFieldName: "Severity", Schema: synqly.RemoteFieldSchema{FieldTypeID: "number"}, ProjectID: "10001"},
		synqly.RemoteField{FieldID: "customfield_3", FieldScope: "project_custom", ProviderFieldName: "Exposure", ProjectID: "SEC", Schema: synqly.RemoteFieldSchema{
			FieldTypeID: "enum", EnumValues: []string{"internal"}, EnumOptionValues: []synqly.RemoteFieldOption{{ID: "31", Name: "Public"}, {ID: "32", Name: "Partner"}},
		}},
		synqly.RemoteField{FieldID: "customfield_4", FieldScope: "unknown", ProviderFieldName: "Anything", Schema: synqly.RemoteFieldSchema{FieldTypeID: "user"}},
		synqly.RemoteField{FieldID: "customfield_5", FieldScope: "project_custom", ProviderFieldName: "Weight", Schema: synqly.RemoteFieldSchema{FieldTypeID: "number"}, ProjectID: "10001"},
		synqly.RemoteField{FieldID: "customfield_6", FieldScope: "ticket_custom", ProviderFieldName: "Weight", Schema: synqly.RemoteFieldSchema{FieldTypeID: "string"}, ProjectID: "10001"},
		synqly.RemoteField{FieldID: "customfield_7", FieldScope: "project_custom", ProviderFieldName: "Owner", Schema: synqly.RemoteFieldSchema{FieldTypeID: "string"}, ProjectID: "a project of another name"},
	))
}

func projectList(projects ...synqly.Project) *Projects {
	list := NewProjects()
	list.Add(synqly.Page[synqly.Project]{Items: projects})
	return list
}

func fieldList(fields ...synqly.RemoteField) *Fields {
	list := NewFields(time.Time{})
	list.Add(synqly.Page[synqly.RemoteField]{Items: fields})
	list.Complete()
	return list
}

// fields are custom fields, with values in JSON.
func fields(namesAndValues ...string) map[string]apiextensionsv1.JSON {
	custom := map[string]apiextensionsv1.JSON{}
	for i := 0; i < len(namesAndValues); i += 2 {
		custom[namesAndValues[i]] = apiextensionsv1.JSON{Raw: []byte(namesAndValues[i+1])}
	}
	return custom
}

func TestWhatFitsIsNotFound(t *testing.T) {
	for name, wanted := range map[string]Wanted{
		"nothing":                                  {},
		"a project by its ID":                      {Project: "10001"},
		"a project by its name":                    {Project: "Operations"},
		"a project by its key":                     {Project: "OPS"},
		"a project by a number":                    {Project: "7"},
		"a project in another case":                {Project: " ops "},
		"a field by its ID":                        {Project: "OPS", CustomFields: fields("customfield_2", `2`)},
		"a field by its name":                      {Project: "OPS", CustomFields: fields("Severity", `2`)},
		"a field in another case":                  {Project: "OPS", CustomFields: fields("severity", `2.5`)},
		"a field by its path":                      {Project: "OPS", CustomFields: fields("fields.geo.region", `"eu"`)},
		"a field by the end of its path":           {Project: "OPS", CustomFields: fields("geo.region", `"eu"`)},
		"a standard field":                         {Project: "OPS", CustomFields: fields("summary", `"x"`)},
		"a field of the project, by its key":       {Project: "10002", CustomFields: fields("exposure", `"public"`)},
		"a field of a project that is not known":   {Project: "OPS", CustomFields: fields("owner", `"jane"`)},
		"a field where no project is named":        {CustomFields: fields("severity", `2`, "exposure", `"Public"`)},
		"a field of the project that it is in":     {FieldsOf: "SEC", CustomFields: fields("exposure", `"Public"`)},
		"null":                                     {Project: "OPS", CustomFields: fields("severity", `null`, "region", `null`)},
		"a text in the provider's own form":        {Project: "OPS", CustomFields: fields("region", `{"type":"doc"}`)},
		"any value of a type that is not known":    {Project: "OPS", CustomFields: fields("anything", `[{"a":1}]`)},
		"a value that one of two fields takes":     {Project: "OPS", CustomFields: fields("weight", `"heavy"`)},
		"an enumeration by name":                   {Project: "SEC", CustomFields: fields("exposure", `"Partner"`)},
		"an enumeration by ID":                     {Project: "SEC", CustomFields: fields("exposure", `31`)},
		"an enumeration by value":                  {Project: "SEC", CustomFields: fields("exposure", `"INTERNAL"`)},
		"an enumeration by an object":              {Project: "SEC", CustomFields: fields("exposure", `{"id":"31"}`)},
		"an enumeration by an object it knows not": {Project: "SEC", CustomFields: fields("exposure", `{"self":"31"}`)},
		"an enumeration with several values":       {Project: "SEC", CustomFields: fields("exposure", `["Public",{"name":"Partner"}]`)},
		"an enumeration without a value":           {Project: "SEC", CustomFields: fields("exposure", `""`)},
	} {
		if found := aProvider().Check(wanted); len(found) > 0 || !aProvider().Fits(wanted) {
			t.Errorf("%s: found %v", name, found)
		}
	}
}

func TestWhatDoesNotFitIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		wanted        Wanted
		field, reason string
		parts         []string
	}{
		"an unknown project": {
			Wanted{Project: "OSP"}, "project", "UnknownProject",
			[]string{`project "OSP" is none of the 3 that the provider has (10001 (Operations), 10002 (Security), 10003 (Development)); did you mean "10001" (Operations)?`},
		},
		"a project that is like no other": {
			Wanted{Project: "Marketing"}, "project", "UnknownProject", []string{`project "Marketing" is none of the 3`},
		},
		"an unknown field": {
			Wanted{Project: "OPS", CustomFields: fields("sevrity", `2`)}, "customFields/sevrity", "UnknownField",
			[]string{`customFields has "sevrity", which is no field of project "OPS"; the custom fields are customfield_1, customfield_2`, `did you mean "Severity"?`},
		},
		"an unknown field where no project is named": {
			Wanted{CustomFields: fields("exposuer", `2`)}, "customFields/exposuer", "UnknownField",
			[]string{`which is no field of the provider`, `did you mean "Exposure"?`},
		},
		"a field of another project": {
			Wanted{Project: "OPS", CustomFields: fields("exposure", `"Public"`)}, "customFields/exposure", "UnknownField",
			[]string{`customFields has "exposure", which is no field of project "OPS" but of other projects (10002)`},
		},
		"a field of another project than the ticket is in": {
			Wanted{FieldsOf: "Operations", CustomFields: fields("exposure", `"Public"`)}, "customFields/exposure", "UnknownField",
			[]string{`no field of project "Operations"`},
		},
		"a text for a number": {
			Wanted{Project: "OPS", CustomFields: fields("severity", `"2"`)}, "customFields/severity", "InvalidValue",
			[]string{`customFields has "severity" with a value of the type string; it has to be a number`},
		},
		"a number for a text": {
			Wanted{Project: "OPS", CustomFields: fields("region", `2`)}, "customFields/region", "InvalidValue",
			[]string{`customFields has "region" with a value of the type number; it has to be a string`},
		},
		"a value that no field of the name takes": {
			Wanted{Project: "OPS", CustomFields: fields("weight", `true`)}, "customFields/weight", "InvalidValue",
			[]string{`has to be a number or a string`},
		},
		"a value that is not in the enumeration": {
			Wanted{Project: "SEC", CustomFields: fields("exposure", `"pubilc"`)}, "customFields/exposure", "InvalidValue",
			[]string{`customFields has "exposure" with the value "pubilc", which is none of those that the field takes (31, 32, Partner, Public, internal); did you mean "Public"?`},
		},
		"one of several values": {
			Wanted{Project: "SEC", CustomFields: fields("exposure", `["Public",{"name":"Partnr"}]`)}, "customFields/exposure", "InvalidValue",
			[]string{`"Partnr"`, `did you mean "Partner"?`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			metadata := aProvider()
			if metadata.Fits(c.wanted) {
				t.Error("it fits")
			}
			for range 2 { // The second message is one that was kept.
				found := metadata.Check(c.wanted)
				if len(found) != 1 || found[0].Field != c.field || found[0].Reason != c.reason {
					t.Fatalf("found %+v, want one of %s with the reason %s", found, c.field, c.reason)
				}
				for _, part := range c.parts {
					if !strings.Contains(found[0].Message, part) {
						t.Errorf("the message is %q, want %q in it", found[0].Message, part)
					}
				}
			}
		})
	}
}

func TestNothingIsSuggestedThatIsLikeNothing(t *testing.T) {
	found := aProvider().Check(Wanted{Project: "Marketing"})
	if len(found) != 1 || strings.Contains(found[0].Message, "did you mean") {
		t.Errorf("found %v", found)
	}
}

func TestAMistakenProjectDoesNotMakeItsFieldsWrong(t *testing.T) {
	found := aProvider().Check(Wanted{Project: "OSP", CustomFields: fields("severity", `2`, "exposure", `"Public"`)})
	if len(found) != 1 || found[0].Field != "project" {
		t.Errorf("found %v", found)
	}
}

// A name that two projects have says nothing about which of them is meant.
func TestANameOfSeveralProjectsIsKnown(t *testing.T) {
	metadata := New(projectList(synqly.Project{ID: "1", Name: "Team"}, synqly.Project{ID: "2", Name: "team"}), fieldList(
		synqly.RemoteField{FieldID: "a", FieldScope: "project_custom", ProjectID: "1"}, synqly.RemoteField{FieldID: "b", FieldScope: "project_custom", ProjectID: "2"},
	))
	if found := metadata.Check(Wanted{Project: "Team", CustomFields: fields("a", `1`, "b", `1`)}); len(found) > 0 {
		t.Errorf("found %v", found)
	}
	if found := metadata.Check(Wanted{Project: "1", CustomFields: fields("a", `1`, "b", `1`)}); len(found) != 1 {
		t.Errorf("found %v, want b alone, which is of project 2", found)
	}
}

func TestWhatIsNotListedCompletelyIsNotMissed(t *testing.T) {
	skipped := NewProjects()
	skipped.Add(synqly.Page[synqly.Project]{Items: []synqly.Project{{ID: "OPS"}}, Skipped: []string{"result[1] has no ID"}})
	skipped.Add(synqly.Page[synqly.Project]{Items: []synqly.Project{{ID: "SEC"}}})
	fieldsSkipped := NewFields(time.Time{})
	fieldsSkipped.Add(synqly.Page[synqly.RemoteField]{Items: []synqly.RemoteField{{FieldID: "severity", FieldScope: "project_custom"}}, Skipped: []string{"result[1]"}})
	standard := fieldList(synqly.RemoteField{FieldID: "summary", FieldScope: "standard"})
	wanted := Wanted{Project: "OSP", CustomFields: fields("sevrity", `2`)}
	for name, metadata := range map[string]*Metadata{
		"nothing is known":             nil,
		"the provider lists nothing":   New(NewProjects(), NewFields(time.Time{})),
		"an entry cannot be read":      New(skipped, fieldsSkipped),
		"no custom field is ever told": New(NewProjects(), standard),
	} {
		if found := metadata.Check(wanted); len(found) > 0 || !metadata.Fits(wanted) {
			t.Errorf("%s: found %v", name, found)
		}
	}
	if skipped.Count() != 2 || fieldsSkipped.Count() != 1 {
		t.Errorf("counted %d projects and %d fields", skipped.Count(), fieldsSkipped.Count())
	}
}

func TestMessagesAreBounded(t *testing.T) {
	long := strings.Repeat("x", 255)
	custom := map[string]apiextensionsv1.JSON{}
	for i := range 100 {
		custom[strings.Repeat("y", 100+i)] = apiextensionsv1.JSON{Raw: []byte(`1`)}
	}
	custom["exposure"] = apiextensionsv1.JSON{Raw: []byte(`"` + strings.Repeat("z", 1<<16) + `"`)}
	message := Describe(aProvider().Check(Wanted{Project: long, CustomFields: custom}))
	if len(message) > 5000 || !strings.HasSuffix(message, "; and 97 more") {
		t.Errorf("the message has %d bytes and ends in %q", len(message), message[max(0, len(message)-40):])
	}
}
