// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

// mostListed is how many projects, fields or attachments are read at most.
const mostListed = 10_000

// projectRow is what the subcommand projects shows of a project.
type projectRow struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

func (p *plugin) projectsCommand() *cobra.Command {
	var output outputFlag
	command := &cobra.Command{
		Use:   "projects",
		Short: "List the projects of the provider",
		Long: "List the projects of the provider, as spec.project of a Ticket takes them. The provider is asked with the token of\n" +
			"the Integration, so you need the right to get its Secret.",
		Example:           "  kubectl ticketing projects\n  kubectl ticketing projects --integration clusterintegration/jira",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              listing(p, &output, listProjects, projectTable),
	}
	output.addTo(command, formatWide, formatJSON, formatYAML)
	p.addRemoteFlags(command)
	return command
}

func projectTable(projects []projectRow, output *outputFlag) (headers []string, rows [][]string) {
	for _, project := range projects {
		rows = append(rows, []string{project.ID, output.cell(project.Name)})
	}
	return []string{"ID", "NAME"}, rows
}

func listProjects(ctx context.Context, remote *synqly.Client) ([]projectRow, error) {
	projects, err := collect(remote.ListProjects(ctx, synqly.PageQuery{}))
	if err != nil {
		return nil, describeRemoteError(err, "listing the projects")
	}
	rows := make([]projectRow, len(projects))
	for i, project := range projects {
		rows[i] = projectRow{ID: project.ID, Name: project.Name}
	}
	return rows, nil
}

// collect reads the items of all pages, up to a bound.
func collect[T any](pages iter.Seq2[synqly.Page[T], error]) ([]T, error) {
	items := []T{}
	for page, err := range pages {
		if err != nil {
			return nil, err
		}
		if items = append(items, page.Items...); len(items) > mostListed {
			return nil, fmt.Errorf("there are more than %d", mostListed)
		}
	}
	return items, nil
}

// findProject returns the ID of the project that a text names by its ID or its name.
func findProject(projects []projectRow, text string) (string, error) {
	for _, matches := range []func(projectRow) bool{
		func(project projectRow) bool { return project.ID == text },
		func(project projectRow) bool { return strings.EqualFold(project.ID, text) },
		func(project projectRow) bool { return strings.EqualFold(project.Name, text) },
	} {
		for _, project := range projects {
			if matches(project) {
				return project.ID, nil
			}
		}
	}
	return "", fmt.Errorf("the provider has no project %q: kubectl ticketing projects lists those that it has", text)
}
