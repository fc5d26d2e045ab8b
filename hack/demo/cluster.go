// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// objectNamespace is the namespace of objects whose manifest names none.
const objectNamespace = metav1.NamespaceDefault

// cluster is the control plane, as its administrator sees it.
type cluster struct {
	config *rest.Config
	client client.Client
	// crds are the operator's.
	crds []*apiextensionsv1.CustomResourceDefinition
}

func newCluster(config *rest.Config) (*cluster, error) {
	c, err := client.New(config, client.Options{})
	if err != nil {
		return nil, fmt.Errorf("making a client of the API server: %w", err)
	}
	return &cluster{config: config, client: c}, nil
}

// installCRDs installs the CRDs of a folder and waits until they are served.
func (c *cluster) installCRDs(folder string) error {
	crds, err := envtest.InstallCRDs(c.config, envtest.CRDInstallOptions{
		Paths:              []string{folder},
		ErrorIfPathMissing: true,
		MaxTime:            startTimeout,
	})
	if err != nil {
		return fmt.Errorf("installing the CRDs: %w", err)
	}
	slices.SortFunc(crds, func(a, b *apiextensionsv1.CustomResourceDefinition) int { return cmp.Compare(a.Name, b.Name) })
	c.crds = crds
	return nil
}

// kinds names the operator's kinds as kubectl takes them.
func (c *cluster) kinds() []string {
	var names []string
	for _, crd := range c.crds {
		names = append(names, crd.Name)
	}
	return names
}

// apply applies the objects server-side, in their order, and prints a line for each.
func (c *cluster) apply(ctx context.Context, out io.Writer, objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		name := strings.ToLower(object.GroupVersionKind().GroupKind().String()) + "/" + object.GetName()
		namespaced, err := c.client.IsObjectNamespaced(object)
		if err != nil {
			return fmt.Errorf("applying %s: %w", name, err)
		}
		if namespaced && object.GetNamespace() == "" {
			object.SetNamespace(objectNamespace)
		}
		if err := c.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(object),
			client.FieldOwner("demo"), client.ForceOwnership); err != nil {
			return fmt.Errorf("applying %s: %w", name, err)
		}
		if _, err := fmt.Fprintln(out, name, "applied"); err != nil {
			return err
		}
	}
	return nil
}

// everyObjectIsReady reports whether the objects of all kinds of the operator are Ready.
func (c *cluster) everyObjectIsReady(ctx context.Context) (bool, error) {
	for _, crd := range c.crds {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(schema.GroupVersionKind{
			Group: crd.Spec.Group, Version: servedVersion(crd), Kind: crd.Spec.Names.ListKind,
		})
		if err := c.client.List(ctx, list); err != nil {
			return false, fmt.Errorf("listing %s: %w", crd.Name, err)
		}
		for i := range list.Items {
			if !isReady(&list.Items[i]) {
				return false, nil
			}
		}
	}
	return true, nil
}

func isReady(object *unstructured.Unstructured) bool {
	conditions, _, err := unstructured.NestedSlice(object.Object, "status", "conditions")
	if err != nil {
		return false
	}
	return slices.ContainsFunc(conditions, func(condition any) bool {
		fields, isMap := condition.(map[string]any)
		return isMap && fields["type"] == "Ready" && fields["status"] == string(metav1.ConditionTrue)
	})
}

// servedVersion is the version of a kind's objects that the demo asks for.
func servedVersion(crd *apiextensionsv1.CustomResourceDefinition) string {
	for _, version := range crd.Spec.Versions {
		if version.Served {
			return version.Name
		}
	}
	return ""
}
