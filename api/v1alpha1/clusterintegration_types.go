// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ClusterIntegrationSpec defines how to connect to one ticketing provider, and who may use the
// connection.
type ClusterIntegrationSpec struct {
	IntegrationSpec `json:",inline"`

	// namespaceSelector selects, by the labels of namespaces, those whose objects may use the
	// connection. Without it, or where it is empty, none may. To admit every namespace, write
	// matchExpressions with the key kubernetes.io/metadata.name and the operator Exists.
	// +optional
	NamespaceSelector NamespaceSelector `json:"namespaceSelector,omitzero"`
}

// NamespaceSelector selects namespaces by their labels. It is a label selector with limits: a
// namespace has to have all that it names.
type NamespaceSelector struct {
	// matchLabels are labels with their values.
	// +optional
	// +kubebuilder:validation:MaxProperties=64
	MatchLabels map[string]string `json:"matchLabels,omitempty"`

	// matchExpressions are further requirements on labels.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	MatchExpressions []NamespaceRequirement `json:"matchExpressions,omitempty"`
}

// NamespaceRequirement is a requirement on a label of a namespace.
//
// +kubebuilder:validation:XValidation:rule="self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",message="values must be set for the operators In and NotIn, and for no other",fieldPath=".values"
type NamespaceRequirement struct {
	// key is the label.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	Key string `json:"key"`

	// operator is In, NotIn, Exists or DoesNotExist.
	// +required
	// +kubebuilder:validation:Enum=In;NotIn;Exists;DoesNotExist
	Operator metav1.LabelSelectorOperator `json:"operator"`

	// values of the label, for In and NotIn.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=63
	Values []string `json:"values,omitempty"`
}

// LabelSelector is the same for those who match labels.
func (s *NamespaceSelector) LabelSelector() *metav1.LabelSelector {
	selector := &metav1.LabelSelector{MatchLabels: s.MatchLabels}
	for _, requirement := range s.MatchExpressions {
		selector.MatchExpressions = append(selector.MatchExpressions, metav1.LabelSelectorRequirement(requirement))
	}
	return selector
}

// ClusterIntegration is a connection to one ticketing provider that the objects of several
// namespaces use: one Synqly integration token and one request budget for all of them. Objects
// select it with an integrationRef of the kind ClusterIntegration.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,shortName=cinteg,categories=ticketing
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.spec.baseURL`
// +kubebuilder:printcolumn:name="Projects",type=integer,JSONPath=`.status.projectCount`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Polling",type=string,priority=1,JSONPath=`.status.polling.method`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type ClusterIntegration struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec defines how to connect to the provider, and which namespaces may.
	// +required
	Spec ClusterIntegrationSpec `json:"spec"`

	// status is what the operator knows about the connection.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status IntegrationStatus `json:"status,omitempty"`
}

// ClusterIntegrationList is a list of ClusterIntegrations.
//
// +kubebuilder:object:root=true
type ClusterIntegrationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items of the list.
	Items []ClusterIntegration `json:"items"`
}

// ConnectionSpec is what the connection is described by.
func (i *ClusterIntegration) ConnectionSpec() *IntegrationSpec { return &i.Spec.IntegrationSpec }

// ConnectionStatus is what the operator knows about the connection.
func (i *ClusterIntegration) ConnectionStatus() *IntegrationStatus { return &i.Status }
