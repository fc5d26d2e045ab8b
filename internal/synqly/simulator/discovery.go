// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/synqly/ticketing-operator/internal/synqly/contract"
)

func defaultProjects() []Project {
	return []Project{{ID: "OPS", Name: "Operations"}, {ID: "SEC", Name: "Security"}, {ID: "DEV", Name: "Development"}}
}

// customFields are those that tickets of all projects have by default, with their types.
var customFields = []struct{ name, kind string }{
	{"region", "string"}, {"customerFacing", "other"}, {"services", "other"},
}

// defaultRemoteFields describes the fields of a ticket, custom fields, and one of each project.
func defaultRemoteFields(projects []Project) []RemoteField {
	create, _ := contract.Lookup(contract.CreateTicket)
	var remote []RemoteField
	for _, name := range create.BodyFields() {
		path := "fields." + name
		remote = append(remote, RemoteField{
			FieldID: name, FieldScope: "standard", ProviderFieldName: name, Schema: remoteSchema(create.Body.Properties[name].Value),
			ProviderFieldPath: &path,
		})
	}
	for _, field := range customFields {
		path := "fields.custom." + field.name
		remote = append(remote, RemoteField{
			FieldID: field.name, FieldScope: "integration_custom", ProviderFieldName: field.name,
			Schema: &RemoteFieldSchema{FieldTypeID: field.kind}, ProviderFieldPath: &path,
		})
	}
	for _, project := range projects {
		path := "fields.custom.severity"
		remote = append(remote, RemoteField{
			FieldID: "severity_" + project.ID, FieldScope: "project_custom", ProviderFieldName: "Severity",
			Schema: &RemoteFieldSchema{FieldTypeID: "number"}, ProviderFieldPath: &path, ProjectID: &project.ID,
		})
	}
	return remote
}

func remoteSchema(schema *openapi3.Schema) *RemoteFieldSchema {
	remote := &RemoteFieldSchema{FieldTypeID: "other"}
	if schema.Type.Is(openapi3.TypeString) {
		remote.FieldTypeID = "string"
	}
	for _, value := range schema.Enum {
		remote.FieldTypeID, remote.EnumValues = "enum", append(remote.EnumValues, fmt.Sprint(value))
	}
	return remote
}

// SetRemoteFields replaces the fields of the ticketing system.
func (s *Server) SetRemoteFields(fields []RemoteField) {
	defer s.lock()()
	s.remoteFields = fields
}

func (s *Server) listRemoteFields(r *operationRequest) (*envelope, *problem) {
	return list(s, r, s.remoteFields, maxLimit, position)
}

func (s *Server) listProjects(r *operationRequest) (*envelope, *problem) {
	return list(s, r, s.projects, defaultProjectLimit, position)
}

// position numbers items that never change, from 1.
func position(index int) int { return index + 1 }
