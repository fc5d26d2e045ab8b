// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const (
	packageName = "synqly-ticketing-operator"
	channel     = "alpha"
)

// annotations say what a bundle is. They are also the labels of its image.
var annotations = map[string]string{
	"operators.operatorframework.io.bundle.mediatype.v1":       "registry+v1",
	"operators.operatorframework.io.bundle.manifests.v1":       "manifests/",
	"operators.operatorframework.io.bundle.metadata.v1":        "metadata/",
	"operators.operatorframework.io.bundle.package.v1":         packageName,
	"operators.operatorframework.io.bundle.channels.v1":        channel,
	"operators.operatorframework.io.bundle.channel.default.v1": channel,
}

// makeBundle returns the contents of the bundle's files by their paths.
func makeBundle(s sources, version, image string) (map[string]any, error) {
	files := map[string]any{
		"metadata/annotations.yaml": map[string]any{"annotations": annotations},
		"Dockerfile":                dockerfile(),
	}
	install := installation{image: image}
	for _, object := range s.installed {
		switch object.GetKind() {
		case "CustomResourceDefinition":
			install.own(object)
			files["manifests/"+object.GetName()+".crd.yaml"] = object.Object
		case "Deployment":
			if err := install.deploy(object); err != nil {
				return nil, err
			}
		case "ClusterRole", "Role":
			install.roles = append(install.roles, object)
		case "ClusterRoleBinding", "RoleBinding":
			install.bindings = append(install.bindings, object)
		case "Service":
			object.SetNamespace("") // That of the operator.
			files["manifests/"+object.GetName()+".service.yaml"] = object.Object
		case "Namespace", "ServiceAccount": // OLM makes these.
		default:
			return nil, fmt.Errorf("there is a %s in config/default, and what OLM does with it is not known", object.GetKind())
		}
	}
	if err := install.grant(); err != nil {
		return nil, err
	}
	for _, role := range install.unbound() {
		files["manifests/"+role.GetName()+".clusterrole.yaml"] = role.Object
	}
	csv, err := install.complete(s, version)
	if err != nil {
		return nil, err
	}
	files["manifests/"+packageName+".clusterserviceversion.yaml"] = csv
	return files, nil
}

// dockerfile makes the image of the bundle, which catalogs name.
func dockerfile() string {
	lines := []string{"FROM scratch"}
	for _, name := range slices.Sorted(maps.Keys(annotations)) {
		lines = append(lines, fmt.Sprintf("LABEL %s=%q", name, annotations[name]))
	}
	return strings.Join(append(lines, "COPY manifests /manifests/", "COPY metadata /metadata/", ""), "\n")
}

// installation collects what the ClusterServiceVersion says of the installation.
type installation struct {
	image                           string
	owned, deployments              []any
	roles, bindings                 []unstructured.Unstructured
	permissions, clusterPermissions []any
	bound                           map[string]bool
}

// own adds the kind of a CRD.
func (i *installation) own(crd unstructured.Unstructured) {
	kind, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "kind")
	versions, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
	for _, version := range versions {
		version, _ := version.(map[string]any)
		description, _, _ := unstructured.NestedString(version, "schema", "openAPIV3Schema", "description")
		i.owned = append(i.owned, map[string]any{
			"name": crd.GetName(), "version": version["name"], "kind": kind,
			"displayName": words(kind), "description": strings.Join(strings.Fields(description), " "),
		})
	}
}

// words puts a space before each capital letter but the first: "Ticket Comment" for TicketComment.
func words(kind string) string {
	var spaced strings.Builder
	for index, letter := range kind {
		if index > 0 && unicode.IsUpper(letter) {
			spaced.WriteByte(' ')
		}
		spaced.WriteRune(letter)
	}
	return spaced.String()
}

func (i *installation) deploy(deployment unstructured.Unstructured) error {
	spec, _, _ := unstructured.NestedMap(deployment.Object, "spec")
	containers, _, err := unstructured.NestedSlice(spec, "template", "spec", "containers")
	if err != nil || len(containers) != 1 {
		return errors.New("the Deployment does not have one container")
	}
	container, _ := containers[0].(map[string]any)
	container["image"] = i.image
	if err := unstructured.SetNestedSlice(spec, containers, "template", "spec", "containers"); err != nil {
		return fmt.Errorf("setting the image: %w", err)
	}
	i.deployments = append(i.deployments, map[string]any{"name": deployment.GetName(), "label": toAny(deployment.GetLabels()), "spec": spec})
	return nil
}

func toAny(labels map[string]string) map[string]any {
	converted := map[string]any{}
	for name, value := range labels {
		converted[name] = value
	}
	return converted
}

// grant gives the service account the rules of the roles that it is bound to.
func (i *installation) grant() error {
	i.bound = map[string]bool{}
	for _, binding := range i.bindings {
		roleKind, _, _ := unstructured.NestedString(binding.Object, "roleRef", "kind")
		roleName, _, _ := unstructured.NestedString(binding.Object, "roleRef", "name")
		role, err := i.role(roleKind, roleName)
		if err != nil {
			return err
		}
		i.bound[roleKind+"/"+roleName] = true
		subjects, _, _ := unstructured.NestedSlice(binding.Object, "subjects")
		rules, _, _ := unstructured.NestedSlice(role.Object, "rules")
		for _, subject := range subjects {
			subject, _ := subject.(map[string]any)
			permission := map[string]any{"serviceAccountName": subject["name"], "rules": rules}
			if binding.GetKind() == "ClusterRoleBinding" {
				i.clusterPermissions = append(i.clusterPermissions, permission)
			} else {
				i.permissions = append(i.permissions, permission)
			}
		}
	}
	return nil
}

func (i *installation) role(kind, name string) (unstructured.Unstructured, error) {
	for _, role := range i.roles {
		if role.GetKind() == kind && role.GetName() == name {
			return role, nil
		}
	}
	return unstructured.Unstructured{}, fmt.Errorf("the %s %s, which a binding names, is not in config/default", kind, name)
}

// unbound are the roles for people.
func (i *installation) unbound() []unstructured.Unstructured {
	var unbound []unstructured.Unstructured
	for _, role := range i.roles {
		if !i.bound[role.GetKind()+"/"+role.GetName()] {
			unbound = append(unbound, role)
		}
	}
	return unbound
}

// complete returns the ClusterServiceVersion.
func (i *installation) complete(s sources, version string) (map[string]any, error) {
	csv := s.base.DeepCopy()
	version = strings.TrimPrefix(version, "v")
	csv.SetName(packageName + ".v" + version)
	examples, err := exampleJSON(s.samples)
	if err != nil {
		return nil, err
	}
	labelled := csv.GetAnnotations()
	labelled["alm-examples"] = examples
	labelled["containerImage"] = i.image
	csv.SetAnnotations(labelled)
	for path, value := range map[string]any{
		"version":                         version,
		"customresourcedefinitions.owned": i.owned,
		"install.strategy":                "deployment",
		"install.spec.deployments":        i.deployments,
		"install.spec.permissions":        i.permissions,
		"install.spec.clusterPermissions": i.clusterPermissions,
	} {
		if err := unstructured.SetNestedField(csv.Object, value, append([]string{"spec"}, strings.Split(path, ".")...)...); err != nil {
			return nil, fmt.Errorf("setting %s: %w", path, err)
		}
	}
	return csv.Object, nil
}

// exampleJSON is the first sample of each kind.
func exampleJSON(samples []unstructured.Unstructured) (string, error) {
	var examples []any
	shown := map[string]bool{}
	for _, sample := range samples {
		if !shown[sample.GetKind()] {
			shown[sample.GetKind()] = true
			examples = append(examples, sample.Object)
		}
	}
	content, err := json.MarshalIndent(examples, "", "  ")
	if err != nil {
		return "", fmt.Errorf("writing the examples: %w", err)
	}
	return string(content), nil
}

// write writes the files: a text as it is, and all else as YAML.
func write(folder string, files map[string]any) error {
	for path, content := range files {
		path = filepath.Join(folder, path)
		var text []byte
		if plain, ok := content.(string); ok {
			text = []byte(plain)
		} else {
			var err error
			if text, err = yaml.Marshal(content); err != nil {
				return fmt.Errorf("writing %s: %w", path, err)
			}
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // Everybody may read it.
			return fmt.Errorf("making a folder of the bundle: %w", err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil { //nolint:gosec // As above.
			return fmt.Errorf("writing a file of the bundle: %w", err)
		}
	}
	return nil
}
