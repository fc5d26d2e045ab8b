// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// Integration is an Integration or a ClusterIntegration: what describes a connection. The latter
// has no namespace, by which its name differs from that of any Integration.
type Integration interface {
	client.Object
	ConnectionSpec() *v1alpha1.IntegrationSpec
	ConnectionStatus() *v1alpha1.IntegrationStatus
}

var (
	_ Integration = &v1alpha1.Integration{}
	_ Integration = &v1alpha1.ClusterIntegration{}
)

// IsCluster reports whether a name is that of a ClusterIntegration.
func IsCluster(name types.NamespacedName) bool { return name.Namespace == "" }

// clusterPrefix begins the names of ClusterIntegrations where objects record what they use.
const clusterPrefix = "ClusterIntegration/"

// Recorded is how an object records an Integration that it uses: its name, and of a
// ClusterIntegration the kind as well.
func Recorded(name types.NamespacedName) string {
	if IsCluster(name) {
		return clusterPrefix + name.Name
	}
	return name.Name
}

// RecordedOf is Recorded for a reference in a spec.
func RecordedOf(reference v1alpha1.IntegrationReference) string {
	name := reference.Name
	if name == "" {
		name = v1alpha1.DefaultIntegrationName
	}
	if reference.Kind == v1alpha1.IntegrationKindCluster {
		return clusterPrefix + name
	}
	return name
}

// NameOf is the name of what an object of a namespace has recorded.
func NameOf(namespace, recorded string) types.NamespacedName {
	if name, isCluster := strings.CutPrefix(recorded, clusterPrefix); isCluster {
		return types.NamespacedName{Name: name}
	}
	return types.NamespacedName{Namespace: namespace, Name: recorded}
}

// Describe names an Integration in a message.
func Describe(name types.NamespacedName) string {
	if IsCluster(name) {
		return fmt.Sprintf("ClusterIntegration %q", name.Name)
	}
	return fmt.Sprintf("Integration %q", name.Name)
}

// newFor returns an empty object of the kind that a name is of.
func newFor(name types.NamespacedName) Integration {
	if IsCluster(name) {
		return &v1alpha1.ClusterIntegration{}
	}
	return &v1alpha1.Integration{}
}

// Read reads an Integration or a ClusterIntegration. The error is that of the reader.
func Read(ctx context.Context, reader client.Reader, name types.NamespacedName, options ...client.GetOption) (Integration, error) {
	integration := newFor(name)
	if err := reader.Get(ctx, name, integration, options...); err != nil {
		return nil, err
	}
	return integration, nil
}

// Admits reports whether objects of a namespace may use a connection: through an Integration those
// of its own namespace, through a ClusterIntegration those that its namespaceSelector selects, by
// the labels of the namespace. An empty selector selects none. namespaces reads their metadata.
func Admits(ctx context.Context, namespaces client.Reader, integration Integration, namespace string) (bool, error) {
	cluster, isCluster := integration.(*v1alpha1.ClusterIntegration)
	if !isCluster {
		return integration.GetNamespace() == namespace, nil
	}
	selector, err := NamespaceSelector(cluster)
	if err != nil || selector.Empty() {
		return false, nil //nolint:nilerr // the ClusterIntegration says so itself
	}
	var found metav1.PartialObjectMetadata
	found.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	switch err := namespaces.Get(ctx, types.NamespacedName{Name: namespace}, &found); {
	case apierrors.IsNotFound(err):
		// Whoever takes the finalizer of a namespace away by force leaves objects in one that is
		// not there. They must not stop those of all others.
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reading the labels of the namespace: %w", err)
	}
	return selector.Matches(labels.Set(found.Labels)), nil
}

// Admission tells of which namespaces objects may use a connection, and asks once for each. It is
// for one pass through objects: what is remembered is not looked at again.
type Admission struct {
	namespaces  client.Reader
	integration Integration
	of          map[string]bool
}

// NewAdmission is that of an Integration or a ClusterIntegration. namespaces reads the metadata of
// namespaces.
func NewAdmission(namespaces client.Reader, integration Integration) Admission {
	return Admission{namespaces: namespaces, integration: integration, of: map[string]bool{}}
}

// Admits is the function Admits.
func (a Admission) Admits(ctx context.Context, namespace string) (bool, error) {
	if admitted, known := a.of[namespace]; known {
		return admitted, nil
	}
	admitted, err := Admits(ctx, a.namespaces, a.integration, namespace)
	if err == nil {
		a.of[namespace] = admitted
	}
	return admitted, err
}

// NamespaceSelector is the selector of the namespaces that a ClusterIntegration admits; empty where
// it admits none. The error says what is wrong with it.
func NamespaceSelector(integration *v1alpha1.ClusterIntegration) (labels.Selector, error) {
	selector, err := metav1.LabelSelectorAsSelector(integration.Spec.NamespaceSelector.LabelSelector())
	if err != nil {
		return nil, fmt.Errorf("spec.namespaceSelector: %w", err)
	}
	return selector, nil
}

// copyOf is a copy that nobody else holds.
func copyOf(integration Integration) Integration {
	return integration.DeepCopyObject().(Integration)
}
