// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package hack_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// referenced are the kinds that a type of a field names objects of. A KeyReference tells by the
// name of the field.
var referenced = map[reflect.Type][]string{
	reflect.TypeFor[v1alpha1.IntegrationReference]():   {"Integration", "ClusterIntegration"},
	reflect.TypeFor[v1alpha1.TicketReference]():        {"Ticket"},
	reflect.TypeFor[v1alpha1.AlertReceiverReference](): {"AlertReceiver"},
	reflect.TypeFor[v1alpha1.SecretKeyReference]():     {"Secret"},
}

var referencedByField = map[string][]string{"configMapKeyRef": {"ConfigMap"}, "secretKeyRef": {"Secret"}}

// TestEveryReferenceIsKnownToKustomize walks the specs of all kinds for fields whose names end in
// Ref or Refs. One that kustomize does not know keeps the name that it had before a namePrefix.
func TestEveryReferenceIsKnownToKustomize(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	var inTypes []string
	for kind, typ := range scheme.KnownTypes(v1alpha1.GroupVersion) {
		if spec, has := typ.FieldByName("Spec"); has && strings.HasPrefix(typ.PkgPath(), "github.com/synqly") {
			inTypes = append(inTypes, referencesIn(t, kind, "spec", spec.Type)...)
		}
	}
	slices.Sort(inTypes)
	if len(inTypes) < 10 {
		t.Fatalf("only %d references were found in the types: %q", len(inTypes), inTypes)
	}
	if diff := cmp.Diff(inTypes, configuredReferences(t)); diff != "" {
		t.Errorf("config/kustomize-component/name_references.yaml (-types +configured):\n%s", diff)
	}
}

// referencesIn are the references of a type, as "kind path -> kind".
func referencesIn(t *testing.T, kind, path string, typ reflect.Type) []string {
	t.Helper()
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice || typ.Kind() == reflect.Map {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || !strings.HasPrefix(typ.PkgPath(), "github.com/synqly") {
		return nil
	}
	var found []string
	for i := range typ.NumField() {
		field := typ.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		isReference := strings.HasSuffix(name, "Ref") || strings.HasSuffix(name, "Refs")
		switch {
		case name == "" && strings.Contains(options, "inline"):
			found = append(found, referencesIn(t, kind, path, field.Type)...)
		case isReference:
			found = append(found, referenceTo(t, kind, path, name, field.Type)...)
		default:
			found = append(found, referencesIn(t, kind, path+"/"+name, field.Type)...)
		}
	}
	return found
}

func referenceTo(t *testing.T, kind, path, name string, typ reflect.Type) []string {
	t.Helper()
	if typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	to := slices.Concat(referenced[typ], referencedByField[name])
	if len(to) == 0 {
		t.Errorf("the test does not know which kind the field %s/%s of %s (%s) names", path, name, kind, typ)
	}
	var found []string
	for _, target := range to {
		found = append(found, kind+" "+path+"/"+name+"/name -> "+target)
	}
	return found
}

func configuredReferences(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile("../config/kustomize-component/name_references.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var configuration struct {
		NameReference []struct {
			Kind, Group, Version string
			FieldSpecs           []struct{ Group, Kind, Path string }
		}
	}
	if err := sigsyaml.UnmarshalStrict(content, &configuration); err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, to := range configuration.NameReference {
		if to.Group != v1alpha1.GroupVersion.Group && to.Version != "v1" {
			t.Errorf("%s is of no known group", to.Kind)
		}
		for _, from := range to.FieldSpecs {
			if from.Group != v1alpha1.GroupVersion.Group {
				t.Errorf("%s %s is of the group %q", from.Kind, from.Path, from.Group)
			}
			found = append(found, from.Kind+" "+from.Path+" -> "+to.Kind)
		}
	}
	slices.Sort(found)
	return found
}

// The base has an object for each kind of reference, and the overlay changes all names.
const (
	referringBase = `
apiVersion: ticketing.synqly.com/v1alpha1
kind: Integration
metadata: {name: default}
spec: {tokenSecretRef: {name: synqly-token}}
---
apiVersion: ticketing.synqly.com/v1alpha1
kind: ClusterIntegration
metadata: {name: shared}
spec: {tokenSecretRef: {name: synqly-token}}
---
apiVersion: ticketing.synqly.com/v1alpha1
kind: Ticket
metadata: {name: outage}
spec: {summary: Outage, integrationRef: {name: default}}
---
apiVersion: ticketing.synqly.com/v1alpha1
kind: Ticket
metadata: {name: by-cluster}
spec: {summary: Outage, integrationRef: {kind: ClusterIntegration, name: shared}}
---
apiVersion: ticketing.synqly.com/v1alpha1
kind: TicketComment
metadata: {name: started}
spec: {ticketRef: {name: outage}, content: Started}
---
apiVersion: ticketing.synqly.com/v1alpha1
kind: TicketNote
metadata: {name: elsewhere}
spec: {ticketRef: {name: not-in-this-folder}, content: Looked at}
---
apiVersion: ticketing.synqly.com/v1alpha1
kind: TicketAttachment
metadata: {name: dump}
spec: {ticketRef: {name: outage}, fileName: heap.txt, configMapKeyRef: {name: heap, key: heap.txt}}
---
apiVersion: ticketing.synqly.com/v1alpha1
kind: TicketAttachment
metadata: {name: key}
spec: {ticketID: "1", integrationRef: {name: default}, fileName: key.txt, secretKeyRef: {name: synqly-token, key: token}}
---
apiVersion: ticketing.synqly.com/v1alpha1
kind: TicketQuery
metadata: {name: open}
spec: {integrationRef: {kind: ClusterIntegration, name: shared}}
---
apiVersion: ticketing.synqly.com/v1alpha1
kind: AlertReceiver
metadata: {name: platform}
spec: {integrationRef: {name: default}, tokenSecretRef: {name: synqly-token}}
---
apiVersion: ticketing.synqly.com/v1alpha1
kind: Incident
metadata: {name: disk-full}
spec: {receiverRef: {name: platform}}
`
	renamingOverlay = `
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namePrefix: prod-
nameSuffix: -eu
resources: [../base]
components: [../component]
secretGenerator:
- name: synqly-token
  literals: [token=a]
configMapGenerator:
- name: heap
  literals: [heap.txt=a]
`
)

// TestKustomizeRenamesReferences runs kustomize, as Flux and Argo CD do, over an overlay that
// renames everything.
func TestKustomizeRenamesReferences(t *testing.T) {
	folder := t.TempDir()
	writeFiles(t, folder, map[string]string{
		"base/kustomization.yaml":    "resources: [objects.yaml]",
		"base/objects.yaml":          referringBase,
		"overlay/kustomization.yaml": renamingOverlay,
	})
	copyFolder(t, "../config/kustomize-component", filepath.Join(folder, "component"))
	objects := kustomized(t, filepath.Join(folder, "overlay"))

	names := map[string]bool{}
	for _, object := range objects {
		names[object.GetKind()+" "+object.GetName()] = true
		if !strings.HasPrefix(object.GetName(), "prod-") {
			t.Errorf("%s %s has no prefix", object.GetKind(), object.GetName())
		}
	}
	resolved := 0
	for _, object := range objects {
		for _, reference := range configuredReferences(t) {
			from, target, _ := strings.Cut(reference, " -> ")
			kind, path, _ := strings.Cut(from, " ")
			name, found, err := unstructured.NestedString(object.Object, strings.Split(path, "/")...)
			if err != nil {
				t.Fatal(err)
			}
			if kind != object.GetKind() || !found || name == "not-in-this-folder" || isOtherKind(t, object, target) {
				continue
			}
			resolved++
			if !names[target+" "+name] {
				t.Errorf("%s %s: there is no %s %q", object.GetKind(), object.GetName(), target, name)
			}
		}
	}
	if resolved != 13 {
		t.Errorf("%d references were looked at, want 13", resolved)
	}
}

// isOtherKind reports whether a reference to an Integration names one of the other kind.
func isOtherKind(t *testing.T, object *unstructured.Unstructured, target string) bool {
	t.Helper()
	kind, found, err := unstructured.NestedString(object.Object, "spec", "integrationRef", "kind")
	if err != nil {
		t.Fatal(err)
	}
	if !found {
		kind = "Integration"
	}
	return strings.HasSuffix(target, "Integration") && kind != target
}

// TestArgoCDComponentKeepsWhatIsThere adds the health checks to a ConfigMap of Argo CD.
func TestArgoCDComponentKeepsWhatIsThere(t *testing.T) {
	folder := t.TempDir()
	writeFiles(t, folder, map[string]string{
		"install/kustomization.yaml": "resources: [argocd-cm.yaml]\ncomponents: [../component]\nnamespace: argocd\n",
		"install/argocd-cm.yaml":     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata: {url: https://argocd.example.com}\n",
	})
	copyFolder(t, "../config/argocd", filepath.Join(folder, "component"))
	objects := kustomized(t, filepath.Join(folder, "install"))
	if len(objects) != 1 {
		t.Fatalf("%d objects, want the ConfigMap", len(objects))
	}
	configMap := &corev1.ConfigMap{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(objects[0].Object, configMap); err != nil {
		t.Fatal(err)
	}
	if configMap.Namespace != "argocd" || configMap.Data["url"] != "https://argocd.example.com" || configMap.Data["resource.customizations.health.ticketing.synqly.com_Ticket"] == "" {
		t.Errorf("the ConfigMap has the keys %q", keysOf(configMap.Data))
	}
}

func keysOf(data map[string]string) []string {
	return slices.Sorted(maps.Keys(data))
}

// kustomized is what kustomize makes of a folder.
func kustomized(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	var complaints bytes.Buffer
	command := exec.CommandContext(t.Context(), "../bin/tools/kustomize", "build", folder)
	command.Stderr = &complaints
	output, err := command.Output()
	if err != nil {
		t.Fatalf("kustomize build: %v: %s (run the tests with make test, which builds kustomize)", err, complaints.String())
	}
	var objects []*unstructured.Unstructured
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(output), 4096); ; {
		object := &unstructured.Unstructured{}
		switch err := decoder.Decode(&object.Object); {
		case errors.Is(err, io.EOF):
			return objects
		case err != nil:
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
}

func writeFiles(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
