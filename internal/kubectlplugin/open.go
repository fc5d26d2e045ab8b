// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

func (p *plugin) openCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "open TICKET",
		Short:             "Print the address of the remote ticket",
		Long:              "Print the address at which people open the remote ticket in a browser, as status.url has it.",
		Example:           "  kubectl ticketing open checkout-latency\n  xdg-open \"$(kubectl ticketing open checkout-latency)\"",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.completeOne([]kind{ticketKind}),
		RunE: func(command *cobra.Command, arguments []string) error {
			cluster, namespace, _, err := p.cluster()
			if err != nil {
				return err
			}
			ticket, err := getTicket(command.Context(), cluster, namespace, arguments[0])
			if err != nil {
				return err
			}
			address, err := addressOf(ticket)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(p.Out, oneLine(address))
			return err
		},
	}
}

func addressOf(ticket *v1alpha1.Ticket) (string, error) {
	switch {
	case ticket.Status.URL != "":
		return ticket.Status.URL, nil
	case ticket.Status.ID == "":
		return "", fmt.Errorf("the Ticket %q has no remote ticket yet: kubectl ticketing explain %s tells why", ticket.Name, ticket.Name)
	}
	return "", fmt.Errorf("the address of the remote ticket %s is not known: set ticketURLTemplate of the Integration %q, for example to https://acme.example.com/browse/{id}",
		ticket.Status.ID, ticket.Status.Integration)
}
