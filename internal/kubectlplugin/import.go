// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

const (
	defaultImportLimit = 10_000
	largestImportLimit = 100_000
)

// importFlags are the flags of the subcommand import.
type importFlags struct {
	filters        []string
	observe        bool
	fields         []string
	limit          int
	directory      string
	namePrefix     string
	includeManaged bool
	keepUnmatched  bool
}

func (p *plugin) importCommand() *cobra.Command {
	var flags importFlags
	command := &cobra.Command{
		Use:   "import",
		Short: "Write manifests of Tickets that adopt existing remote tickets",
		Long: "Write manifests of Tickets that adopt existing remote tickets, ready for Git. A Ticket has the fields of its remote\n" +
			"ticket as they are now, so that applying it writes nothing remotely. Without a filter, all tickets are read.\n\n" +
			"The description and the custom fields take a request for each ticket. What people change every day, such as the\n" +
			"status, is not among the fields by default: a ticket that moves on before the manifest is applied would be moved back.\n\n" +
			"Tickets that a Ticket of the namespace has already are left out, and so are those that an operator has created.\n" +
			"The provider is asked with the token of the Integration, so you need the right to get its Secret.",
		Example: "  kubectl ticketing import --filter 'project[eq]OPS' --filter 'status[ne]Done' --directory tickets\n" +
			"  kubectl ticketing import --filter 'tags[in]team:checkout' --observe | kubectl apply -f -",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := flags.check(); err != nil {
				return err
			}
			return p.importTickets(command.Context(), &flags)
		},
	}
	set := command.Flags()
	set.StringArrayVar(&flags.filters, "filter", nil, "Only tickets that match, as in project[eq]OPS or tags[in]a,b; given several times, all have to match")
	set.BoolVar(&flags.observe, "observe", false, "Write Tickets that only observe the remote ticket (managementPolicy Observe)")
	set.StringSliceVar(&flags.fields, "fields", defaultImportedFields(), "Fields that the Tickets manage, besides summary; one of "+strings.Join(importedFieldNames(), ", "))
	set.IntVar(&flags.limit, "limit", defaultImportLimit, fmt.Sprintf("How many tickets are read at most, 1 to %d", largestImportLimit))
	set.StringVar(&flags.directory, "directory", "", "Folder in which the manifests are written, in files of at most 100 Tickets and 1 MiB; the standard output without it")
	set.StringVar(&flags.namePrefix, "name-prefix", "", "Text before the ID of the remote ticket in the names of the Tickets")
	set.BoolVar(&flags.includeManaged, "include-managed", false, "Also tickets that an operator has created, of another cluster for example")
	set.BoolVar(&flags.keepUnmatched, "keep-unmatched", false, "Also tickets whose fields do not match the filters, where the provider returns them all the same")
	p.addRemoteFlags(command)
	mustRegister(command, "fields", cobra.FixedCompletions(importedFieldNames(), cobra.ShellCompDirectiveNoFileComp))
	return command
}

func (f *importFlags) check() error {
	if f.limit < 1 || f.limit > largestImportLimit {
		return fmt.Errorf("--limit=%d is not between 1 and %d", f.limit, largestImportLimit)
	}
	if f.namePrefix != "" && baseName(f.namePrefix, "x") != f.namePrefix+"x" {
		return fmt.Errorf("--name-prefix=%q cannot begin a name: use lowercase letters, digits, '-' and '.'", f.namePrefix)
	}
	for _, name := range f.fields {
		if !slices.Contains(importedFieldNames(), name) {
			return fmt.Errorf("--fields has %q: use some of %s", name, strings.Join(importedFieldNames(), ", "))
		}
	}
	return nil
}

func (p *plugin) importTickets(ctx context.Context, flags *importFlags) error {
	cluster, namespace, chosen, err := p.cluster()
	if err != nil {
		return err
	}
	// Before the provider is asked, which may take minutes.
	output, err := newManifestOutput(p.Out, flags.directory)
	if err != nil {
		return err
	}
	remote, integration, err := p.provider(ctx, cluster, namespace)
	if err != nil {
		return err
	}
	existing, err := p.existingTickets(ctx, cluster, namespace)
	if err != nil {
		return err
	}
	manifests := newManifestWriter(flags, integration, existing)
	if chosen {
		manifests.namespace = namespace
	}
	reader := &ticketReader{remote: remote, filters: flags.filters, limit: flags.limit, clock: p.Clock, progress: p.ErrOut}
	manifests.get = reader.get
	if err := reader.each(ctx, manifests.add); err != nil {
		return err
	}
	written, files, err := manifests.writeTo(output)
	if err != nil {
		return err
	}
	return p.reportImport(manifests, written, files, flags)
}

// reportImport says on the error output what has become of the tickets.
func (p *plugin) reportImport(manifests *manifestWriter, written, files int, flags *importFlags) error {
	where := ""
	if flags.directory != "" {
		where = fmt.Sprintf(" in %d files of %s", files, flags.directory)
	}
	report := []string{fmt.Sprintf("%d tickets read, %d manifests written%s.", len(manifests.seen), written, where)}
	for _, reason := range manifests.reasons() {
		report = append(report, reason.String())
	}
	_, err := fmt.Fprintln(p.ErrOut, strings.Join(report, "\n"))
	if err == nil && written == 0 {
		return errors.New("there is nothing to import")
	}
	return err
}

// existingTickets are the Tickets of the namespace.
type existingTickets struct {
	// standFor has the remote tickets that they stand for.
	standFor map[remoteTicket]bool
	names    map[string]bool
}

// remoteTicket is a ticket of the provider of an Integration.
type remoteTicket struct {
	integration types.NamespacedName
	id          string
}

func (p *plugin) existingTickets(ctx context.Context, cluster client.Reader, namespace string) (existingTickets, error) {
	existing := existingTickets{standFor: map[remoteTicket]bool{}, names: map[string]bool{}}
	objects, err := ticketKind.listRemote(ctx, cluster, namespace)
	if isForbidden(err) {
		_, err := fmt.Fprintln(p.ErrOut, "You may not list Tickets: the manifests may name remote tickets that a Ticket of the namespace has already.")
		return existing, err
	}
	if err != nil {
		return existing, err
	}
	for _, object := range objects {
		ticket := object.(*v1alpha1.Ticket)
		existing.names[ticket.Name] = true
		for _, id := range []string{ticket.Status.ID, ticket.Spec.TicketID} {
			existing.standFor[remoteTicket{integrationOf(ticket, nil), id}] = true
		}
	}
	return existing, nil
}

// integrationReference is how a Ticket names an Integration.
func integrationReference(name types.NamespacedName) v1alpha1.IntegrationReference {
	if connection.IsCluster(name) {
		return v1alpha1.IntegrationReference{Kind: v1alpha1.IntegrationKindCluster, Name: name.Name}
	}
	return v1alpha1.IntegrationReference{Name: name.Name}
}
