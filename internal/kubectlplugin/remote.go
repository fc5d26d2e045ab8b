// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// defaultResourceNamespace is where config/default installs the operator, which reads the Secrets
// of ClusterIntegrations from its own namespace.
const defaultResourceNamespace = "synqly-ticketing-system"

// remoteFlags are the flags of the subcommands that ask the provider.
type remoteFlags struct {
	integration       string
	resourceNamespace string
	allowInsecureHTTP bool
}

func (p *plugin) addRemoteFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&p.remote.integration, "integration", v1alpha1.DefaultIntegrationName,
		"Integration whose provider is asked; of a ClusterIntegration with its type, as in clusterintegration/NAME")
	flags.StringVar(&p.remote.resourceNamespace, "cluster-resource-namespace", defaultResourceNamespace,
		"Namespace of the Secrets of ClusterIntegrations, as the operator has it")
	flags.BoolVar(&p.remote.allowInsecureHTTP, "allow-insecure-http", false,
		"Send the token to a baseURL with http:// too, over which everybody on the way can read it")
	mustRegister(command, "integration", p.completeIntegrations)
}

// integrationName reads the flag --integration.
func (f *remoteFlags) integrationName(namespace string) (types.NamespacedName, error) {
	argument := f.integration
	if !strings.Contains(argument, "/") {
		argument = "integration/" + argument
	}
	kind, name, err := parseName(argument, connectionKinds)
	if err != nil {
		return types.NamespacedName{}, fmt.Errorf("--integration=%q names no Integration: write NAME, or clusterintegration/NAME", f.integration)
	}
	if kind.isClusterScoped() {
		namespace = ""
	}
	return types.NamespacedName{Namespace: namespace, Name: name}, nil
}

// provider is a client of the provider of the Integration that the flags name.
func (p *plugin) provider(ctx context.Context, cluster client.Reader, namespace string) (*synqly.Client, types.NamespacedName, error) {
	name, err := p.remote.integrationName(namespace)
	if err != nil {
		return nil, name, err
	}
	remote, err := p.providerOf(ctx, cluster, name)
	return remote, name, err
}

// listing is what runs a subcommand that lists what the provider has, as data or as a table.
func listing[R any](
	p *plugin, output *outputFlag, list func(context.Context, *synqly.Client) ([]R, error), table func([]R, *outputFlag) (headers []string, rows [][]string),
) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, _ []string) error {
		if err := output.check(); err != nil {
			return err
		}
		cluster, namespace, _, err := p.cluster()
		if err != nil {
			return err
		}
		remote, _, err := p.provider(command.Context(), cluster, namespace)
		if err != nil {
			return err
		}
		listed, err := list(command.Context(), remote)
		if err != nil {
			return err
		}
		if output.isData() {
			return output.printData(p.Out, listed)
		}
		headers, rows := table(listed, output)
		return printTable(p.Out, headers, rows)
	}
}

// providerOf is a client of the provider of an Integration, with the token of its Secret.
func (p *plugin) providerOf(ctx context.Context, cluster client.Reader, name types.NamespacedName) (*synqly.Client, error) {
	integration, err := connection.Read(ctx, cluster, name)
	if err != nil {
		return nil, describeReadError(err, connection.Describe(name))
	}
	token, err := p.token(ctx, cluster, integration)
	if err != nil {
		return nil, err
	}
	spec := integration.ConnectionSpec()
	if strings.HasPrefix(strings.ToLower(spec.BaseURL), "http://") && !p.remote.allowInsecureHTTP {
		return nil, fmt.Errorf("the baseURL of %s is %s, which is not encrypted: everybody on the way could read the token; "+
			"use --allow-insecure-http to send it all the same", connection.Describe(name), spec.BaseURL)
	}
	options := synqly.Options{
		BaseURL: spec.BaseURL, Token: token, RequestTimeout: connection.RequestTimeout(integration),
		Transport: p.Transport, AllowInsecureHTTP: p.remote.allowInsecureHTTP, UserAgent: "kubectl-ticketing/" + p.Version,
	}
	if options.Transport == nil {
		anywhere, err := everyDestination()
		if err != nil {
			return nil, err
		}
		options.Transport = synqly.NewTransport(anywhere)
	}
	remote, err := synqly.NewClient(options)
	if err != nil {
		return nil, fmt.Errorf("connecting to the provider of %s: %w", connection.Describe(name), err)
	}
	return remote, nil
}

// everyDestination accepts every address. The operator refuses private ones, because those who
// write Integrations must not reach through it what they cannot reach themselves. The plugin runs
// on its user's machine, with what that machine can reach, and shows the answers to that user
// alone.
func everyDestination() (synqly.Destinations, error) {
	return synqly.ParseDestinations([]string{"0.0.0.0/0", "::/0"}, nil)
}

// token reads the token of an Integration with the rights of the user.
func (p *plugin) token(ctx context.Context, cluster client.Reader, integration connection.Integration) (string, error) {
	reference := integration.ConnectionSpec().TokenSecretRef
	key := reference.Key
	if key == "" {
		key = v1alpha1.DefaultTokenKey
	}
	name := types.NamespacedName{Namespace: integration.GetNamespace(), Name: reference.Name}
	owner := connection.Describe(client.ObjectKeyFromObject(integration))
	if name.Namespace == "" {
		name.Namespace = p.remote.resourceNamespace
	}
	var secret corev1.Secret
	switch err := cluster.Get(ctx, name, &secret); {
	case isForbidden(err):
		return "", fmt.Errorf("the token of %s is in the Secret %q of the namespace %q, which you may not read: "+
			"you need the right to get this Secret (check it with: kubectl auth can-i get secret/%s -n %s)",
			owner, name.Name, name.Namespace, name.Name, name.Namespace)
	case apierrors.IsNotFound(err):
		return "", fmt.Errorf("the Secret %q with the token of %s does not exist in the namespace %q", name.Name, owner, name.Namespace)
	case err != nil:
		return "", fmt.Errorf("getting the Secret with the token of %s: %w", owner, err)
	}
	token, found := secret.Data[key]
	if !found {
		return "", fmt.Errorf("the Secret %q of the namespace %q has no key %q, which %s names", name.Name, name.Namespace, key, owner)
	}
	return string(token), nil
}

// describeReadError says which object could not be read, and which right is missing if it is that.
func describeReadError(err error, what string) error {
	if isForbidden(err) {
		return fmt.Errorf("you may not read %s: %w", what, err)
	}
	return fmt.Errorf("reading %s: %w", what, err)
}

// describeRemoteError says what an error of the provider means to a person.
func describeRemoteError(err error, doing string) error {
	switch synqly.ClassOf(err) {
	case synqly.Unsupported:
		return fmt.Errorf("%s: the provider does not have this operation: %w", doing, err)
	case synqly.Throttled:
		return fmt.Errorf("%s: the provider asks to slow down; try again later: %w", doing, err)
	case synqly.Unauthorized, synqly.PaymentRequired:
		return fmt.Errorf("%s: the token of the Integration may not do this: %w", doing, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
