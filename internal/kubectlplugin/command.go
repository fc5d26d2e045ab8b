// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kubectlplugin is the kubectl plugin "kubectl ticketing": a file for each subcommand, and
// what they share.
//
// It reads the cluster with the rights of its user and writes nothing into it. What only the
// provider knows it asks the provider for, with the token of an Integration, and it changes nothing
// there either.
package kubectlplugin

import (
	"net/http"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// Options are what the plugin runs with.
type Options struct {
	genericiooptions.IOStreams
	// Version is what --version shows.
	Version string
	// Clock tells how old objects are; the real one when nil.
	Clock clock.Clock
	// Cluster is a client of the cluster; when nil, one of the cluster that the flags name.
	Cluster client.Client
	// Transport carries the requests to the provider; when nil, one to any address.
	Transport http.RoundTripper
}

// plugin is what the subcommands share.
type plugin struct {
	Options
	config *genericclioptions.ConfigFlags
	remote remoteFlags
}

// NewCommand returns the command kubectl ticketing.
func NewCommand(options Options) *cobra.Command {
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	p := &plugin{Options: options, config: genericclioptions.NewConfigFlags(true)}
	root := &cobra.Command{
		Use:   "kubectl-ticketing",
		Short: "Look at tickets and at the ticketing system behind them",
		Long: "Look at the Tickets of the Synqly Ticketing Operator and at the ticketing system behind them.\n" +
			"No subcommand changes anything in the cluster or in the ticketing system.",
		Version:           options.Version,
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl ticketing"},
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
	}
	root.SetIn(options.In)
	root.SetOut(options.Out)
	root.SetErr(options.ErrOut)
	p.config.AddFlags(root.PersistentFlags())
	for _, subcommand := range []func() *cobra.Command{
		p.statusCommand, p.treeCommand, p.explainCommand, p.openCommand, p.waitCommand,
		p.projectsCommand, p.fieldsCommand, p.importCommand, p.attachmentsCommand,
	} {
		root.AddCommand(subcommand())
	}
	p.completeNamespaceFlag(root)
	return root
}

// cluster returns a client of the cluster, and the namespace that the user works in. chosen says
// that a flag has named it.
func (p *plugin) cluster() (cluster client.Client, namespace string, chosen bool, err error) {
	namespace, chosen, err = p.config.ToRawKubeConfigLoader().Namespace()
	if err != nil || p.Cluster != nil {
		return p.Cluster, namespace, chosen, err
	}
	config, err := p.config.ToRESTConfig()
	if err != nil {
		return nil, "", false, err
	}
	config.QPS = -1 // The API server has limits of its own, and waiting for one here would use up a timeout.
	scheme, err := newScheme()
	if err != nil {
		return nil, "", false, err
	}
	cluster, err = client.New(config, client.Options{Scheme: scheme})
	return cluster, namespace, chosen, err
}

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	return scheme, nil
}
