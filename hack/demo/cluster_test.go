// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
)

func TestManifestsAreApplied(t *testing.T) {
	c := clusterInMemory()
	objects, err := decodeManifests(strings.NewReader(`
apiVersion: example.com/v1
kind: Clock
metadata: {name: wall}
---
# Nothing but a comment.
---
apiVersion: example.com/v1
kind: Clock
metadata: {name: tower, namespace: town}
---
apiVersion: example.com/v1
kind: Zone
metadata: {name: utc}
`))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := c.apply(t.Context(), &out, objects); err != nil {
		t.Fatal(err)
	}

	want := "clock.example.com/wall applied\nclock.example.com/tower applied\nzone.example.com/utc applied\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	for kind, key := range map[string]client.ObjectKey{
		"Clock wall":  {Namespace: objectNamespace, Name: "wall"},
		"Clock tower": {Namespace: "town", Name: "tower"},
		"Zone utc":    {Name: "utc"},
	} {
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(schema.GroupVersionKind{Group: "example.com", Version: "v1", Kind: strings.Fields(kind)[0]})
		if err := c.client.Get(t.Context(), key, object); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestEveryObjectOfEveryKindHasToBeReady(t *testing.T) {
	const (
		ready    = `[{"type": "Stalled", "status": "False"}, {"type": "Ready", "status": "True"}]`
		notReady = `[{"type": "Stalled", "status": "True"}, {"type": "Ready", "status": "False"}]`
	)
	cases := map[string]struct {
		clocks []string // the conditions of each
		zones  []string
		want   bool
	}{
		"all are":                        {clocks: []string{ready, ready}, zones: []string{ready}, want: true},
		"one of the first kind is not":   {clocks: []string{ready, notReady}, zones: []string{ready}},
		"one of the second kind is not":  {clocks: []string{ready}, zones: []string{notReady}},
		"one has no condition yet":       {clocks: []string{`[]`}, zones: []string{ready}},
		"a kind without objects is fine": {clocks: []string{ready}, want: true},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			var objects []client.Object
			for kind, all := range map[string][]string{"Clock": test.clocks, "Zone": test.zones} {
				for i, conditions := range all {
					objects = append(objects, objectOf(t, fmt.Sprintf(
						`{apiVersion: example.com/v1, kind: %s, metadata: {name: number-%d}, status: {conditions: %s}}`, kind, i, conditions)))
				}
			}
			got, err := clusterInMemory(objects...).everyObjectIsReady(t.Context())
			if err != nil || got != test.want {
				t.Errorf("everyObjectIsReady = %t, %v; want %t", got, err, test.want)
			}
		})
	}
}

func TestObjectsAreShownAsTheTablesOfTheAPIServer(t *testing.T) {
	tables := map[string]string{
		"/apis/example.com/v1/namespaces/default/clocks": `{
			"columnDefinitions": [{"name": "Name"}, {"name": "Ticks"}, {"name": "Message", "priority": 1}],
			"rows": [
				{"cells": ["wall", 12000000, "is\nslow"], "object": null},
				{"cells": ["tower", 3, null], "object": null}
			]}`,
		"/apis/example.com/v1/empties": `{"columnDefinitions": [{"name": "Name"}], "rows": []}`,
		"/apis/example.com/v1/zones":   `{"columnDefinitions": [{"name": "Name"}], "rows": [{"cells": ["utc"], "object": null}]}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		table, known := tables[r.URL.Path]
		if !known || r.Header.Get("Accept") != "application/json;as=Table;g=meta.k8s.io;v=v1" {
			http.Error(w, fmt.Sprintf("asked for %s as %s", r.URL, r.Header.Get("Accept")), http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(table))
	}))
	t.Cleanup(server.Close)
	c := clusterInMemory()
	c.config = &rest.Config{Host: server.URL}

	var out strings.Builder
	if err := c.printObjects(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"NAME TICKS MESSAGE",
		"clock.example.com/wall 12000000 is slow",
		"clock.example.com/tower 3",
		"",
		"NAME",
		"zone.example.com/utc",
		"",
	}
	if diff := cmp.Diff(want, withoutPadding(out.String())); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
}

// clusterInMemory has a kind in namespaces, Clock, and the kinds Empty and Zone outside of them.
func clusterInMemory(objects ...client.Object) *cluster {
	scheme := runtime.NewScheme()
	mapper := meta.NewDefaultRESTMapper(nil)
	c := &cluster{}
	for _, kind := range []struct {
		name, plural string
		scope        apiextensionsv1.ResourceScope
		mapped       meta.RESTScope
	}{
		{"Clock", "clocks", apiextensionsv1.NamespaceScoped, meta.RESTScopeNamespace},
		{"Empty", "empties", apiextensionsv1.ClusterScoped, meta.RESTScopeRoot},
		{"Zone", "zones", apiextensionsv1.ClusterScoped, meta.RESTScopeRoot},
	} {
		version := schema.GroupVersion{Group: "example.com", Version: "v1"}
		scheme.AddKnownTypeWithName(version.WithKind(kind.name), &unstructured.Unstructured{})
		scheme.AddKnownTypeWithName(version.WithKind(kind.name+"List"), &unstructured.UnstructuredList{})
		singular := strings.ToLower(kind.name)
		mapper.AddSpecific(version.WithKind(kind.name), version.WithResource(kind.plural), version.WithResource(singular), kind.mapped)
		crd := &apiextensionsv1.CustomResourceDefinition{}
		crd.Name = kind.plural + ".example.com"
		crd.Spec.Group = "example.com"
		crd.Spec.Scope = kind.scope
		crd.Spec.Names = apiextensionsv1.CustomResourceDefinitionNames{
			Kind: kind.name, ListKind: kind.name + "List", Plural: kind.plural, Singular: singular,
		}
		crd.Spec.Versions = []apiextensionsv1.CustomResourceDefinitionVersion{{Name: "v0"}, {Name: "v1", Served: true}}
		c.crds = append(c.crds, crd)
	}
	c.client = fake.NewClientBuilder().WithScheme(scheme).WithRESTMapper(mapper).WithObjects(objects...).Build()
	return c
}

func objectOf(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	objects, err := decodeManifests(strings.NewReader(manifest))
	if err != nil || len(objects) != 1 {
		t.Fatalf("%d objects, %v, want one, of %s", len(objects), err, manifest)
	}
	return objects[0]
}
