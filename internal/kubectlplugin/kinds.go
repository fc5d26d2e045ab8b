// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

// remoteObject is an object that stands for a remote object.
type remoteObject interface {
	client.Object
	RemoteStatus() *v1alpha1.RemoteObjectStatus
}

// childObject is one of those that belong to a ticket.
type childObject interface {
	remoteObject
	ParentReference() *v1alpha1.ParentReference
	RemoteChildStatus() *v1alpha1.RemoteChildStatus
}

// kind is a kind of objects of the operator.
type kind struct {
	name string
	// resources are the names of the kind in arguments: plural, singular, short.
	resources []string
	newObject func() client.Object
	newList   func() client.ObjectList
}

var ticketKind = kind{
	"Ticket", []string{"tickets", "ticket", "tkt"},
	func() client.Object { return &v1alpha1.Ticket{} }, func() client.ObjectList { return &v1alpha1.TicketList{} },
}

// childKinds are the kinds of objects that belong to a ticket. Each of their objects is a
// childObject.
var childKinds = []kind{
	{
		"TicketComment", []string{"ticketcomments", "ticketcomment", "tcomment"},
		func() client.Object { return &v1alpha1.TicketComment{} }, func() client.ObjectList { return &v1alpha1.TicketCommentList{} },
	},
	{
		"TicketNote", []string{"ticketnotes", "ticketnote", "tnote"},
		func() client.Object { return &v1alpha1.TicketNote{} }, func() client.ObjectList { return &v1alpha1.TicketNoteList{} },
	},
	{
		"TicketAttachment", []string{"ticketattachments", "ticketattachment", "tattach"},
		func() client.Object { return &v1alpha1.TicketAttachment{} }, func() client.ObjectList { return &v1alpha1.TicketAttachmentList{} },
	},
}

// connectionKinds are the kinds of objects that describe a connection. Each of their objects is a
// connection.Integration.
var connectionKinds = []kind{
	{
		"Integration", []string{"integrations", "integration", "integ"},
		func() client.Object { return &v1alpha1.Integration{} }, func() client.ObjectList { return &v1alpha1.IntegrationList{} },
	},
	{
		"ClusterIntegration", []string{"clusterintegrations", "clusterintegration", "cinteg"},
		func() client.Object { return &v1alpha1.ClusterIntegration{} }, func() client.ObjectList { return &v1alpha1.ClusterIntegrationList{} },
	},
}

// otherKinds are the kinds that neither stand for a remote object nor describe a connection.
var otherKinds = []kind{
	{
		"TicketQuery", []string{"ticketqueries", "ticketquery", "tquery"},
		func() client.Object { return &v1alpha1.TicketQuery{} }, func() client.ObjectList { return &v1alpha1.TicketQueryList{} },
	},
	{
		"AlertReceiver", []string{"alertreceivers", "alertreceiver", "alertrx"},
		func() client.Object { return &v1alpha1.AlertReceiver{} }, func() client.ObjectList { return &v1alpha1.AlertReceiverList{} },
	},
	{
		"Incident", []string{"incidents", "incident", "inc"},
		func() client.Object { return &v1alpha1.Incident{} }, func() client.ObjectList { return &v1alpha1.IncidentList{} },
	},
}

// remoteKinds are the Ticket and its children, whose objects are each a remoteObject.
func remoteKinds() []kind { return append([]kind{ticketKind}, childKinds...) }

// allKinds are all kinds of the operator.
func allKinds() []kind { return slices.Concat(remoteKinds(), connectionKinds, otherKinds) }

// isClusterScoped reports whether the objects of the kind are in no namespace.
func (k kind) isClusterScoped() bool {
	_, is := k.newObject().(*v1alpha1.ClusterIntegration)
	return is
}

// conditionsOf are the conditions of an object of the operator, and the generation of the spec that
// they describe.
func conditionsOf(object client.Object) (conditions []metav1.Condition, observedGeneration int64) {
	switch object := object.(type) {
	case remoteObject:
		return object.RemoteStatus().Conditions, object.RemoteStatus().ObservedGeneration
	case connection.Integration:
		return object.ConnectionStatus().Conditions, object.ConnectionStatus().ObservedGeneration
	case *v1alpha1.TicketQuery:
		return object.Status.Conditions, object.Status.ObservedGeneration
	case *v1alpha1.AlertReceiver:
		return object.Status.Conditions, object.Status.ObservedGeneration
	case *v1alpha1.Incident:
		return object.Status.Conditions, object.Status.ObservedGeneration
	}
	return nil, 0
}

// parseName reads an argument as kubectl has it: a name, or TYPE/NAME. A name alone is that of a
// Ticket.
func parseName(argument string, allowed []kind) (kind, string, error) {
	resource, name, typed := strings.Cut(argument, "/")
	if !typed {
		resource, name = ticketKind.resources[0], argument
	}
	if name == "" || strings.Contains(name, "/") {
		return kind{}, "", fmt.Errorf("%q does not name an object: write NAME or TYPE/NAME", argument)
	}
	// As kubectl get -o name writes it: ticket.ticketing.synqly.com/NAME.
	plain, group, qualified := strings.Cut(strings.ToLower(resource), ".")
	if !qualified || group == v1alpha1.GroupVersion.Group || group == v1alpha1.GroupVersion.Version+"."+v1alpha1.GroupVersion.Group {
		for _, each := range allowed {
			if slices.Contains(each.resources, plain) {
				return each, name, nil
			}
		}
	}
	names := make([]string, len(allowed))
	for i, each := range allowed {
		names[i] = each.resources[1]
	}
	return kind{}, "", fmt.Errorf("%q is not a type that this subcommand takes: it takes %s", resource, strings.Join(names, ", "))
}

// get reads an object of the kind.
func (k kind) get(ctx context.Context, cluster client.Reader, namespace, name string) (client.Object, error) {
	object := k.newObject()
	if k.isClusterScoped() {
		namespace = ""
	}
	if err := cluster.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, object); err != nil {
		return nil, fmt.Errorf("getting the %s: %w", k.name, err)
	}
	return object, nil
}

// listRemote reads all objects of one of the remoteKinds, of all namespaces where the namespace is
// empty.
func (k kind) listRemote(ctx context.Context, cluster client.Reader, namespace string) ([]remoteObject, error) {
	var objects []remoteObject
	err := eachPage(ctx, cluster, k.newList, namespace, func(list client.ObjectList) error {
		return meta.EachListItem(list, func(item runtime.Object) error {
			objects = append(objects, item.(remoteObject))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("listing %ss: %w", k.name, err)
	}
	return objects, nil
}

// listPageSize is how many objects are asked for at once, as kubectl does.
const listPageSize = 500

// eachPage lists objects page by page, so that no answer of the API server is large.
func eachPage(
	ctx context.Context, cluster client.Reader, newList func() client.ObjectList, namespace string, use func(client.ObjectList) error,
) error {
	for token := ""; ; {
		page := newList()
		if err := cluster.List(ctx, page, client.InNamespace(namespace), client.Limit(listPageSize), client.Continue(token)); err != nil {
			return err
		}
		if err := use(page); err != nil {
			return err
		}
		if token = page.GetContinue(); token == "" {
			return nil
		}
	}
}

// isAbsentKind reports whether the cluster does not have a kind: its CRDs are older than the
// plugin.
func isAbsentKind(err error) bool { return meta.IsNoMatchError(err) }

// isForbidden reports whether the user may not do something.
func isForbidden(err error) bool { return apierrors.IsForbidden(err) }
