// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// admissionLabel is what a namespace needs to use the ClusterIntegration.
const admissionLabel = "example.com/ticketing"

// scenariosOfClusterIntegrations are those of a namespace that uses the connection of all.
func scenariosOfClusterIntegrations() []scenario {
	return []scenario{
		{name: "everything through a ClusterIntegration", primary: theComment, cold: true, setup: func(w *world) {
			w.shareAConnection()
			w.admit(true)
			w.apply(aSharedTicket(), aComment(), aNote())
		}, acts: []func(*world){
			afterwards(func(w *world) {
				editing(theTicket)(w)
				editing(theComment)(w)
			}, deleting(theComment, theNote)),
		}},
		{name: "a namespace that is not admitted for a while", primary: theTicket, cold: true, setup: func(w *world) {
			w.shareAConnection()
			w.admit(true)
			w.apply(aSharedTicket())
		}, acts: []func(*world){func(w *world) {
			w.admit(false)
			editing(theTicket)(w)
			patched := w.remote.RequestCounts()["PatchTicket"]
			w.inTime(soon, func() {
				if w.remote.RequestCounts()["PatchTicket"] > patched {
					w.violate("a ticket is changed for a namespace that is not admitted")
				}
				w.admit(true)
			})
		}}},
	}
}

// shareAConnection has the objects use a ClusterIntegration.
func (w *world) shareAConnection() {
	w.connectedBy = theClusterIntegration
	w.applySecret(firstToken)
	w.apply(w.theConnection())
}

// admit labels the namespace so that the ClusterIntegration admits it, or takes the label away.
func (w *world) admit(admitted bool) {
	var team corev1.Namespace
	w.must(w.people.Get(context.Background(), client.ObjectKey{Name: namespace}, &team))
	team.Labels = map[string]string{admissionLabel: fmt.Sprint(admitted)}
	w.must(w.people.Update(context.Background(), &team))
}

func aSharedTicket() client.Object {
	return ticket(theTicket.name, func(spec *v1alpha1.TicketSpec) {
		spec.IntegrationRef = v1alpha1.IntegrationReference{Kind: v1alpha1.IntegrationKindCluster, Name: theClusterIntegration.name}
	})
}

// namespaceMetadata reads of namespaces what the manager's cache has of them.
type namespaceMetadata struct{ client.Reader }

// Get implements client.Reader.
func (n namespaceMetadata) Get(ctx context.Context, key client.ObjectKey, out client.Object, options ...client.GetOption) error {
	var read corev1.Namespace
	if err := n.Reader.Get(ctx, key, &read, options...); err != nil {
		return err
	}
	out.(*metav1.PartialObjectMetadata).ObjectMeta = read.ObjectMeta
	return nil
}

// List implements client.Reader.
func (n namespaceMetadata) List(ctx context.Context, out client.ObjectList, options ...client.ListOption) error {
	var read corev1.NamespaceList
	if err := n.Reader.List(ctx, &read, options...); err != nil {
		return err
	}
	list := out.(*metav1.PartialObjectMetadataList)
	for i := range read.Items {
		list.Items = append(list.Items, metav1.PartialObjectMetadata{ObjectMeta: read.Items[i].ObjectMeta})
	}
	return nil
}
