// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

func defaultProjects() []Project {
	return []Project{{ID: "OPS", Name: "Operations"}, {ID: "SEC", Name: "Security"}, {ID: "DEV", Name: "Development"}}
}

// defaultRemoteFields describes the fields of a ticket, and a custom field of each project.
func defaultRemoteFields(projects []Project) []RemoteField {
	kinds := map[fieldType]string{
		textField: "string", priorityField: "enum", dateTimeField: "string", textListField: "other", objectField: "other",
	}
	var remote []RemoteField
	for _, known := range ticketFields {
		path := "fields." + known.name
		schema := RemoteFieldSchema{FieldTypeID: kinds[known.kind]}
		if known.kind == priorityField {
			schema.EnumValues = priorities
		}
		remote = append(remote, RemoteField{
			FieldID: known.name, FieldScope: "standard", ProviderFieldName: known.name, Schema: &schema, ProviderFieldPath: &path,
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

func (s *Server) listRemoteFields(r *operationRequest) (*envelope, *problem) {
	return list(s, r, s.remoteFields, maxLimit, position)
}

func (s *Server) listProjects(r *operationRequest) (*envelope, *problem) {
	return list(s, r, s.projects, defaultProjectLimit, position)
}

// position numbers items that never change, from 1.
func position(index int) int { return index + 1 }
