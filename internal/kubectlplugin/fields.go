// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

// standardScope is the scope of the fields that every ticket has, which a Ticket sets by fields of
// its own.
const standardScope = "standard"

// fieldRow is what the subcommand fields shows of a field.
type fieldRow struct {
	// Field is the name in customFields.
	Field   string   `json:"field"`
	Name    string   `json:"name,omitempty"`
	Type    string   `json:"type,omitempty"`
	Values  []string `json:"values,omitempty"`
	Scope   string   `json:"scope,omitempty"`
	Project string   `json:"project,omitempty"`
	Path    string   `json:"path,omitempty"`
}

func (p *plugin) fieldsCommand() *cobra.Command {
	var (
		output  outputFlag
		project string
		all     bool
	)
	command := &cobra.Command{
		Use:   "fields",
		Short: "List the custom fields that a ticket of a project can have",
		Long: "List the fields that the provider has for the tickets of a project, as spec.customFields of a Ticket takes them:\n" +
			"the name, the type, and the values that it allows. The provider is asked with the token of the Integration, so you\n" +
			"need the right to get its Secret.",
		Example:           "  kubectl ticketing fields --project OPS\n  kubectl ticketing fields --all -o yaml",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: listing(p, &output, func(ctx context.Context, remote *synqly.Client) ([]fieldRow, error) {
			return listFields(ctx, remote, project, all)
		}, fieldTable),
	}
	output.addTo(command, formatWide, formatJSON, formatYAML)
	command.Flags().StringVar(&project, "project", "", "Only the fields that tickets of this project have; its ID or its name")
	command.Flags().BoolVar(&all, "all", false, "Also the standard fields, which a Ticket sets by fields of its own")
	p.addRemoteFlags(command)
	mustRegister(command, "project", cobra.NoFileCompletions)
	return command
}

// listFields reads the fields of a project, of all projects where it is empty. Some providers list
// a field once for each type of issue; it is shown once.
func listFields(ctx context.Context, remote *synqly.Client, project string, all bool) ([]fieldRow, error) {
	if project != "" {
		projects, err := listProjects(ctx, remote)
		if err != nil {
			return nil, err
		}
		if project, err = findProject(projects, project); err != nil {
			return nil, err
		}
	}
	listed, err := collect(remote.ListRemoteFields(ctx))
	if err != nil {
		return nil, describeRemoteError(err, "listing the fields")
	}
	rows := []fieldRow{}
	seen := map[[2]string]bool{}
	for i := range listed {
		row := fieldRowOf(&listed[i])
		key := [2]string{row.Field, row.Project}
		switch {
		case seen[key], row.Scope == standardScope && !all:
		case project != "" && row.Project != "" && !strings.EqualFold(row.Project, project):
		default:
			seen[key] = true
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b fieldRow) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Project, b.Project))
	})
	return rows, nil
}

func fieldRowOf(field *synqly.RemoteField) fieldRow {
	row := fieldRow{
		Field: field.FieldID, Name: field.ProviderFieldName, Type: field.Schema.FieldTypeID, Values: field.Schema.EnumValues,
		Scope: field.FieldScope, Project: field.ProjectID, Path: field.ProviderFieldPath,
	}
	if len(row.Values) == 0 {
		for _, option := range field.Schema.EnumOptionValues {
			row.Values = append(row.Values, cmp.Or(option.Name, option.ID))
		}
	}
	return row
}

func fieldTable(fields []fieldRow, output *outputFlag) (headers []string, rows [][]string) {
	headers = []string{"FIELD", "NAME", "TYPE", "PROJECT", "VALUES"}
	if output.format == formatWide {
		headers = append(headers, "SCOPE", "PATH")
	}
	for _, field := range fields {
		row := []string{field.Field, output.cell(field.Name), orDash(field.Type), cmp.Or(field.Project, "<all>"), output.cell(orDash(strings.Join(field.Values, ", ")))}
		if output.format == formatWide {
			row = append(row, orDash(field.Scope), orDash(field.Path))
		}
		rows = append(rows, row)
	}
	return headers, rows
}
