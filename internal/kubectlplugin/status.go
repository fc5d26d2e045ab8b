// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

// connectionSummary is what the subcommand status shows of an Integration.
type connectionSummary struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`

	Ready   string `json:"ready"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`

	RequestsPerSecond int32                   `json:"requestsPerSecond"`
	Burst             int32                   `json:"burst"`
	PollInterval      string                  `json:"pollInterval"`
	Polling           *v1alpha1.PollingStatus `json:"polling,omitempty"`
	MarkerTags        v1alpha1.MarkerTags     `json:"markerTags,omitempty"`

	Objects  int `json:"objects"`
	NotReady int `json:"notReady"`
	// Unconfirmed are the objects with a create request whose outcome is not known.
	Unconfirmed []string `json:"unconfirmed,omitempty"`
}

func (p *plugin) statusCommand() *cobra.Command {
	var (
		output        outputFlag
		allNamespaces bool
	)
	command := &cobra.Command{
		Use:   "status",
		Short: "Show the health of all Integrations",
		Long: "Show for each Integration and ClusterIntegration whether the provider can be reached, its request budget,\n" +
			"how remote changes are found, how many objects use it, and which create requests have no known outcome yet.",
		Example:           "  kubectl ticketing status\n  kubectl ticketing status --all-namespaces -o json",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := output.check(); err != nil {
				return err
			}
			cluster, namespace, _, err := p.cluster()
			if err != nil {
				return err
			}
			if allNamespaces {
				namespace = ""
			}
			summaries, err := p.summarize(command.Context(), cluster, namespace)
			if err != nil {
				return err
			}
			if output.isData() {
				return output.printData(p.Out, summaries)
			}
			if len(summaries) == 0 {
				_, err := fmt.Fprintln(p.ErrOut, "No Integrations found.")
				return err
			}
			return printSummaries(p.Out, summaries, &output)
		},
	}
	output.addTo(command, formatWide, formatJSON, formatYAML)
	command.Flags().BoolVarP(&allNamespaces, "all-namespaces", "A", false, "Show the Integrations of all namespaces")
	return command
}

// summarize reads the Integrations of a namespace, of all of them where it is empty, the
// ClusterIntegrations as far as the user may list them, and the objects of both.
func (p *plugin) summarize(ctx context.Context, cluster client.Reader, namespace string) ([]*connectionSummary, error) {
	summaries := map[types.NamespacedName]*connectionSummary{}
	add := func(list client.ObjectList) error {
		return meta.EachListItem(list, func(item runtime.Object) error {
			integration := item.(connection.Integration)
			summaries[client.ObjectKeyFromObject(integration)] = summaryOf(integration)
			return nil
		})
	}
	if err := eachPage(ctx, cluster, func() client.ObjectList { return &v1alpha1.IntegrationList{} }, namespace, add); err != nil {
		return nil, fmt.Errorf("listing Integrations: %w", err)
	}
	switch err := eachPage(ctx, cluster, func() client.ObjectList { return &v1alpha1.ClusterIntegrationList{} }, "", add); {
	case isForbidden(err):
		_, _ = fmt.Fprintln(p.ErrOut, "ClusterIntegrations are not shown: you may not list them.")
	case err != nil && !isAbsentKind(err):
		return nil, fmt.Errorf("listing ClusterIntegrations: %w", err)
	}
	objects, err := p.usersOfConnections(ctx, cluster, namespace)
	if err != nil {
		return nil, err
	}
	for _, user := range objects {
		if summary := summaries[user.connection]; summary != nil {
			summary.count(user.kind, user.object, namespace == "")
		}
	}
	sorted := make([]*connectionSummary, 0, len(summaries))
	for _, summary := range summaries {
		slices.Sort(summary.Unconfirmed)
		sorted = append(sorted, summary)
	}
	slices.SortFunc(sorted, func(a, b *connectionSummary) int {
		return cmp.Or(cmp.Compare(b.Kind, a.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return sorted, nil
}

func summaryOf(integration connection.Integration) *connectionSummary {
	budget := connection.RateLimit(integration)
	known := integration.ConnectionStatus()
	summary := &connectionSummary{
		Kind: string(v1alpha1.IntegrationKindNamespaced), Namespace: integration.GetNamespace(), Name: integration.GetName(),
		Ready: "Unknown", RequestsPerSecond: budget.RequestsPerSecond, Burst: budget.Burst,
		PollInterval: connection.PollInterval(integration).String(), Polling: known.Polling, MarkerTags: known.MarkerTags,
	}
	if summary.Namespace == "" {
		summary.Kind = string(v1alpha1.IntegrationKindCluster)
	}
	if ready := meta.FindStatusCondition(known.Conditions, v1alpha1.ConditionReady); ready != nil {
		summary.Ready, summary.Reason, summary.Message = string(ready.Status), ready.Reason, ready.Message
	}
	return summary
}

// connectionUser is an object that uses a connection.
type connectionUser struct {
	kind       kind
	object     remoteObject
	connection types.NamespacedName
}

// usersOfConnections are the objects with a remote object, with the Integration that each uses. A
// child without one yet uses that of its Ticket.
func (p *plugin) usersOfConnections(ctx context.Context, cluster client.Reader, namespace string) ([]connectionUser, error) {
	var users []connectionUser
	ticketUses := map[types.NamespacedName]types.NamespacedName{}
	for _, kind := range remoteKinds() {
		objects, err := kind.listRemote(ctx, cluster, namespace)
		switch {
		case isAbsentKind(err):
			continue
		case err != nil:
			return nil, err
		}
		for _, object := range objects {
			user := connectionUser{kind, object, integrationOf(object, ticketUses)}
			if kind.name == ticketKind.name {
				ticketUses[client.ObjectKeyFromObject(object)] = user.connection
			}
			users = append(users, user)
		}
	}
	return users, nil
}

// integrationOf is the Integration that an object uses, or will use.
func integrationOf(object remoteObject, ticketUses map[types.NamespacedName]types.NamespacedName) types.NamespacedName {
	namespace := object.GetNamespace()
	if recorded := object.RemoteStatus().Integration; recorded != "" {
		return connection.NameOf(namespace, recorded)
	}
	switch object := object.(type) {
	case *v1alpha1.Ticket:
		return connection.NameOf(namespace, connection.RecordedOf(object.Spec.IntegrationRef))
	case childObject:
		parent := object.ParentReference()
		switch {
		case parent.TicketRef != nil:
			return ticketUses[types.NamespacedName{Namespace: namespace, Name: parent.TicketRef.Name}]
		case parent.IntegrationRef != nil:
			return connection.NameOf(namespace, connection.RecordedOf(*parent.IntegrationRef))
		}
	}
	return connection.NameOf(namespace, v1alpha1.DefaultIntegrationName)
}

// count adds an object that uses the connection.
func (s *connectionSummary) count(kind kind, object remoteObject, withNamespace bool) {
	s.Objects++
	if !meta.IsStatusConditionTrue(object.RemoteStatus().Conditions, v1alpha1.ConditionReady) {
		s.NotReady++
	}
	if !isUnconfirmed(object) {
		return
	}
	name := kind.resources[1] + "/" + object.GetName()
	if withNamespace {
		name += " -n " + object.GetNamespace()
	}
	s.Unconfirmed = append(s.Unconfirmed, name)
}

// isUnconfirmed reports whether an object has a create request whose outcome is not known.
func isUnconfirmed(object remoteObject) bool {
	known := object.RemoteStatus()
	ready := meta.FindStatusCondition(known.Conditions, v1alpha1.ConditionReady)
	return known.OpenAttempt > known.SettledAttempt || (ready != nil && ready.Reason == v1alpha1.ReasonCreateUnconfirmed)
}

func printSummaries(out io.Writer, summaries []*connectionSummary, output *outputFlag) error {
	headers := []string{"NAMESPACE", "INTEGRATION", "READY", "REASON", "BUDGET", "POLLING", "OBJECTS", "NOT READY", "UNCONFIRMED"}
	if output.format == formatWide {
		headers = append(headers, "MARKER TAGS", "MESSAGE")
	}
	var rows [][]string
	for _, summary := range summaries {
		row := []string{
			orDash(summary.Namespace), summary.displayName(), summary.Ready, orDash(summary.Reason),
			fmt.Sprintf("%d/s, burst %d", summary.RequestsPerSecond, summary.Burst), summary.polling(),
			strconv.Itoa(summary.Objects), strconv.Itoa(summary.NotReady), strconv.Itoa(len(summary.Unconfirmed)),
		}
		if output.format == formatWide {
			row = append(row, orDash(string(summary.MarkerTags)), summary.Message)
		}
		rows = append(rows, row)
	}
	if err := printTable(out, headers, rows); err != nil {
		return err
	}
	return printTroubles(out, summaries)
}

// printTroubles tells below the table what needs somebody's eye.
func printTroubles(out io.Writer, summaries []*connectionSummary) error {
	var lines []string
	for _, summary := range summaries {
		if summary.Ready != "True" && summary.Message != "" {
			lines = append(lines, fmt.Sprintf("%s is not Ready: %s", summary.displayName(), oneLine(summary.Message)))
		}
		for _, name := range summary.Unconfirmed {
			lines = append(lines, fmt.Sprintf("The outcome of a create request is not known: kubectl ticketing explain %s", name))
		}
	}
	if len(lines) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(out, "\n%s\n", strings.Join(lines, "\n"))
	return err
}

func (s *connectionSummary) displayName() string {
	return strings.ToLower(s.Kind) + "/" + s.Name
}

// polling says how remote changes are found.
func (s *connectionSummary) polling() string {
	if s.Polling == nil || (s.Polling.Method == "" && s.Polling.OtherMethod == "") {
		return "every " + s.PollInterval
	}
	methods := string(s.Polling.Method)
	switch other := string(s.Polling.OtherMethod); {
	case methods == "":
		methods = other
	case other != "" && other != methods:
		methods += "+" + other
	}
	return methods + " every " + s.PollInterval
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
