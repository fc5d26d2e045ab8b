// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the custom resources of the API group ticketing.synqly.com: Integration,
// ClusterIntegration, Ticket, TicketComment, TicketNote, TicketAttachment, TicketQuery,
// AlertReceiver and Incident.
//
// +kubebuilder:object:generate=true
// +groupName=ticketing.synqly.com
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the group and version of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "ticketing.synqly.com", Version: "v1alpha1"}

// AddToScheme registers the kinds of this package in a scheme.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&Integration{}, &IntegrationList{},
		&ClusterIntegration{}, &ClusterIntegrationList{},
		&Ticket{}, &TicketList{},
		&TicketComment{}, &TicketCommentList{},
		&TicketNote{}, &TicketNoteList{},
		&TicketAttachment{}, &TicketAttachmentList{},
		&AlertReceiver{}, &AlertReceiverList{},
		&Incident{}, &IncidentList{},
		&TicketQuery{}, &TicketQueryList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
