// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// mustRegister completes a flag that the command has. It fails for one that is not there, which is
// a mistake of the program.
func mustRegister(command *cobra.Command, flag string, complete cobra.CompletionFunc) {
	if err := command.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err)
	}
}

// completeOne completes the one argument of a command: a Ticket, or an object of one of the other
// kinds once its type is written.
func (p *plugin) completeOne(allowed []kind) cobra.CompletionFunc {
	return func(command *cobra.Command, arguments []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(arguments) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		wanted, prefix := ticketKind, ""
		if resource, _, typed := strings.Cut(begun, "/"); typed {
			found, _, err := parseName(resource+"/any", allowed)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			wanted, prefix = found, resource+"/"
		}
		return p.completeNames(command, wanted.newList(), prefix, begun)
	}
}

// completeNames lists the names of objects that begin like what the user has written.
func (p *plugin) completeNames(command *cobra.Command, list client.ObjectList, prefix, begun string) ([]string, cobra.ShellCompDirective) {
	cluster, namespace, _, err := p.cluster()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	switch list.(type) {
	case *corev1.NamespaceList, *v1alpha1.ClusterIntegrationList:
		namespace = "" // They have none.
	}
	if err := cluster.List(command.Context(), list, client.InNamespace(namespace), client.Limit(listPageSize)); err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp // There is nobody to tell.
	}
	var names []string
	// It fails for what is no list.
	_ = meta.EachListItem(list, func(item runtime.Object) error {
		if name := prefix + item.(metav1.Object).GetName(); strings.HasPrefix(name, begun) {
			names = append(names, name)
		}
		return nil
	})
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (p *plugin) completeIntegrations(command *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	if resource, _, typed := strings.Cut(begun, "/"); typed {
		return p.completeNames(command, &v1alpha1.ClusterIntegrationList{}, resource+"/", begun)
	}
	return p.completeNames(command, &v1alpha1.IntegrationList{}, "", begun)
}

// completeNamespaceFlag completes the flag --namespace, which all subcommands have.
func (p *plugin) completeNamespaceFlag(root *cobra.Command) {
	mustRegister(root, "namespace", func(command *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		return p.completeNames(command, &corev1.NamespaceList{}, "", begun)
	})
}
