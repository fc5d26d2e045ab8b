// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
)

// Project is a project of the ticketing system. What that is differs: a table of ServiceNow, a
// service of PagerDuty.
type Project struct {
	// ID is what a ticket's project is set to.
	ID       string                     `json:"id"`
	Name     string                     `json:"name"`
	Unmapped map[string]json.RawMessage `json:"unmapped"`
}

// UnmarshalJSON reads an ID that is a number as well.
func (p *Project) UnmarshalJSON(data []byte) error {
	type plain Project
	return json.Unmarshal(withTextIDs(data), (*plain)(p))
}

// RemoteField is a field that the ticketing system has.
type RemoteField struct {
	FieldID string `json:"field_id"`
	// FieldScope is standard, integration_custom, project_custom, ticket_custom or unknown.
	FieldScope        string            `json:"field_scope"`
	ProviderFieldName string            `json:"provider_field_name"`
	Schema            RemoteFieldSchema `json:"schema"`
	// ProviderFieldPath is the path of a nested field, with dots.
	ProviderFieldPath string `json:"provider_field_path"`
	// ProjectID is the project that has the field, empty for all.
	ProjectID string `json:"project_id"`
}

// UnmarshalJSON reads IDs that are numbers as well.
func (f *RemoteField) UnmarshalJSON(data []byte) error {
	type plain RemoteField
	return json.Unmarshal(withTextIDs(data), (*plain)(f))
}

// RemoteFieldSchema says what a field holds. The documentation leaves its members open; these are
// the ones of the vendor's SDKs.
type RemoteFieldSchema struct {
	// FieldTypeID is string, number, enum or other.
	FieldTypeID      string              `json:"field_type_id"`
	EnumValues       []string            `json:"enum_values"`
	EnumOptionValues []RemoteFieldOption `json:"enum_option_values"`
}

// RemoteFieldOption is one of the values that a field allows.
type RemoteFieldOption struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// UnmarshalJSON reads an ID that is a number as well.
func (o *RemoteFieldOption) UnmarshalJSON(data []byte) error {
	type plain RemoteFieldOption
	return json.Unmarshal(withTextIDs(data), (*plain)(o))
}

// ListRemoteFields iterates over the pages of the fields of all projects.
//
// List Remote Fields: GET /v1/ticketing/remote-fields
func (c *Client) ListRemoteFields(ctx context.Context) iter.Seq2[Page[RemoteField], error] {
	return listPages[RemoteField](ctx, c, call{
		operation: "ListRemoteFields", method: http.MethodGet, path: "/v1/ticketing/remote-fields",
	}, PageQuery{})
}

// ListProjects iterates over the pages of projects, 50 a page unless the query says otherwise.
//
// List Projects: GET /v1/ticketing/projects
func (c *Client) ListProjects(ctx context.Context, query PageQuery) iter.Seq2[Page[Project], error] {
	return listPages[Project](ctx, c, call{
		operation: "ListProjects", method: http.MethodGet, path: "/v1/ticketing/projects",
	}, query)
}
