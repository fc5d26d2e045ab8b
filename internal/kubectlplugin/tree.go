// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

// treeObject is a line of the tree.
type treeObject struct {
	kind       string
	depth      int
	last       bool // of its siblings
	id         string
	conditions []metav1.Condition
	object     client.Object
}

func (p *plugin) treeCommand() *cobra.Command {
	var output outputFlag
	command := &cobra.Command{
		Use:   "tree TICKET",
		Short: "Show a Ticket with all that belongs to it",
		Long: "Show a Ticket with the Incident that it stands for and the objects that belong to it, with their conditions:\n" +
			"those that name it by ticketRef, and those that name its remote ticket by ticketID.",
		Example:           "  kubectl ticketing tree checkout-latency\n  kubectl ticketing tree ticket/checkout-latency -o yaml",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: p.completeOne([]kind{ticketKind}),
		RunE: func(command *cobra.Command, arguments []string) error {
			if err := output.check(); err != nil {
				return err
			}
			cluster, namespace, _, err := p.cluster()
			if err != nil {
				return err
			}
			ticket, err := getTicket(command.Context(), cluster, namespace, arguments[0])
			if err != nil {
				return err
			}
			tree, err := p.treeOf(command.Context(), cluster, ticket)
			if err != nil {
				return err
			}
			if output.isData() {
				return output.printData(p.Out, listOf(tree, cluster))
			}
			return p.printTree(tree, &output)
		},
	}
	output.addTo(command, formatWide, formatJSON, formatYAML)
	return command
}

func getTicket(ctx context.Context, cluster client.Reader, namespace, argument string) (*v1alpha1.Ticket, error) {
	kind, name, err := parseName(argument, []kind{ticketKind})
	if err != nil {
		return nil, err
	}
	object, err := kind.get(ctx, cluster, namespace, name)
	if err != nil {
		return nil, err
	}
	return object.(*v1alpha1.Ticket), nil
}

// treeOf is the Incident, the Ticket and its children, from top to bottom.
func (p *plugin) treeOf(ctx context.Context, cluster client.Reader, ticket *v1alpha1.Ticket) ([]treeObject, error) {
	var tree []treeObject
	if incident := p.incidentOf(ctx, cluster, ticket); incident != nil {
		tree = append(tree, treeObject{kind: "Incident", last: true, id: incident.Status.TicketID, conditions: incident.Status.Conditions, object: incident})
	}
	depth := len(tree)
	tree = append(tree, treeObject{kind: ticketKind.name, depth: depth, last: true, id: ticket.Status.ID, conditions: ticket.Status.Conditions, object: ticket})
	for _, kind := range childKinds {
		objects, err := kind.listRemote(ctx, cluster, ticket.Namespace)
		switch {
		case isAbsentKind(err):
			continue
		case isForbidden(err):
			_, _ = fmt.Fprintf(p.ErrOut, "%ss are not shown: you may not list them.\n", kind.name)
			continue
		case err != nil:
			return nil, err
		}
		for _, object := range objects {
			child := object.(childObject)
			if belongsTo(child, ticket) {
				known := child.RemoteStatus()
				tree = append(tree, treeObject{kind: kind.name, depth: depth + 1, id: known.ID, conditions: known.Conditions, object: child})
			}
		}
	}
	tree[len(tree)-1].last = true
	return tree, nil
}

// incidentOf is the Incident that has made the Ticket, nil where there is none.
func (p *plugin) incidentOf(ctx context.Context, cluster client.Reader, ticket *v1alpha1.Ticket) *v1alpha1.Incident {
	for _, owner := range ticket.OwnerReferences {
		if owner.Kind != "Incident" || !strings.HasPrefix(owner.APIVersion, v1alpha1.GroupVersion.Group+"/") {
			continue
		}
		var incident v1alpha1.Incident
		err := cluster.Get(ctx, types.NamespacedName{Namespace: ticket.Namespace, Name: owner.Name}, &incident)
		if err != nil {
			_, _ = fmt.Fprintf(p.ErrOut, "The Incident %q is not shown: %v\n", owner.Name, err)
			return nil
		}
		return &incident
	}
	return nil
}

// belongsTo reports whether an object belongs to the ticket: it names the Ticket, or the remote
// ticket in the same Integration.
func belongsTo(child childObject, ticket *v1alpha1.Ticket) bool {
	parent := child.ParentReference()
	if parent.TicketRef != nil {
		return parent.TicketRef.Name == ticket.Name
	}
	reference := v1alpha1.IntegrationReference{}
	if parent.IntegrationRef != nil {
		reference = *parent.IntegrationRef
	}
	return ticket.Status.ID != "" && parent.TicketID == ticket.Status.ID && connection.RecordedOf(reference) == ticket.Status.Integration
}

func (p *plugin) printTree(tree []treeObject, output *outputFlag) error {
	var rows [][]string
	for _, each := range tree {
		ready := meta.FindStatusCondition(each.conditions, v1alpha1.ConditionReady)
		reason, message := "-", ""
		if ready != nil {
			reason = ready.Reason
			if ready.Status != metav1.ConditionTrue || output.format == formatWide {
				message = output.cell(ready.Message)
			}
		}
		rows = append(rows, []string{
			each.branch() + each.kind + "/" + each.object.GetName(), orDash(each.id), conditionsText(each.conditions), reason,
			age(p.Clock.Now(), each.object.GetCreationTimestamp().Time), message,
		})
	}
	return printTable(p.Out, []string{"NAME", "ID", "CONDITIONS", "REASON", "AGE", "MESSAGE"}, rows)
}

// branch is what the line begins with.
func (t treeObject) branch() string {
	switch {
	case t.depth == 0:
		return ""
	case t.last:
		return strings.Repeat("  ", t.depth-1) + "└─"
	default:
		return strings.Repeat("  ", t.depth-1) + "├─"
	}
}

// conditionsText names the conditions, Ready first.
func conditionsText(conditions []metav1.Condition) string {
	var ready, others []string
	for _, condition := range conditions {
		text := condition.Type + "=" + string(condition.Status)
		if condition.Type == v1alpha1.ConditionReady {
			ready = append(ready, text)
		} else {
			others = append(others, text)
		}
	}
	return orDash(strings.Join(append(ready, others...), ","))
}

// listOf is a List of the objects, as kubectl get -o yaml writes it.
func listOf(tree []treeObject, cluster client.Client) any {
	items := make([]client.Object, len(tree))
	for i, each := range tree {
		items[i] = each.object
		items[i].SetManagedFields(nil)
		// A typed object comes without its kind.
		if gvk, err := cluster.GroupVersionKindFor(each.object); err == nil {
			each.object.GetObjectKind().SetGroupVersionKind(gvk)
		}
	}
	return map[string]any{"apiVersion": "v1", "kind": "List", "items": items}
}
