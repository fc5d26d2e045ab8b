// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// attachmentCRD is a CRD of a kind in namespaces, with a status.
const attachmentCRD = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: ticketattachments.ticketing.synqly.com
spec:
  group: ticketing.synqly.com
  names: {kind: TicketAttachment, listKind: TicketAttachmentList, plural: ticketattachments, singular: ticketattachment}
  scope: Namespaced
  versions:
  - {name: v1alpha1, served: true, storage: true, subresources: {status: {}}}
`

// policyCRD is a CRD of a kind outside of namespaces, without a status and with an odd plural.
const policyCRD = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: clusterpolicies.ticketing.synqly.com
spec:
  group: ticketing.synqly.com
  names: {kind: ClusterPolicy, listKind: ClusterPolicyList, plural: clusterpolicies, singular: clusterpolicy}
  scope: Cluster
  versions:
  - {name: v1alpha1, served: true, storage: true}
`

const handwrittenRoles = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- role.yaml
`

func TestEveryKindIsListedAndGetsItsRoles(t *testing.T) {
	folder := project(t, map[string]string{
		"config/crd/bases/ticketing.synqly.com_ticketattachments.yaml": attachmentCRD,
		"config/crd/bases/ticketing.synqly.com_clusterpolicies.yaml":   policyCRD,
	})
	if err := generate(folder, folder); err != nil {
		t.Fatal(err)
	}

	want := map[string]string{
		"config/crd/kustomization.yaml": "# Generated from bases/, which is generated from api/v1alpha1, by `make generate`." + `
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- bases/ticketing.synqly.com_clusterpolicies.yaml
- bases/ticketing.synqly.com_ticketattachments.yaml
labels:
- pairs:
    app.kubernetes.io/name: synqly-ticketing-operator
`,
		"config/rbac/kustomization.yaml": handwrittenRoles + generatedFromHere + `
- clusterpolicy_editor_role.yaml
- clusterpolicy_viewer_role.yaml
- ticketattachment_editor_role.yaml
- ticketattachment_viewer_role.yaml
`,
		"config/rbac/ticketattachment_editor_role.yaml": `# Joins the roles admin and edit: who may edit a namespace may edit its ticket attachments.
` + "# Generated from config/crd/bases by `make generate`." + `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: ticketattachment-editor-role
  labels:
    rbac.authorization.k8s.io/aggregate-to-admin: "true"
    rbac.authorization.k8s.io/aggregate-to-edit: "true"
rules:
- apiGroups: [ticketing.synqly.com]
  resources: [ticketattachments]
  verbs: [create, delete, deletecollection, get, list, patch, update, watch]
- apiGroups: [ticketing.synqly.com]
  resources: [ticketattachments/status]
  verbs: [get]
`,
		"config/rbac/ticketattachment_viewer_role.yaml": `# Joins the role view: who may view a namespace may view its ticket attachments.
` + "# Generated from config/crd/bases by `make generate`." + `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: ticketattachment-viewer-role
  labels:
    rbac.authorization.k8s.io/aggregate-to-view: "true"
rules:
- apiGroups: [ticketing.synqly.com]
  resources: [ticketattachments]
  verbs: [get, list, watch]
- apiGroups: [ticketing.synqly.com]
  resources: [ticketattachments/status]
  verbs: [get]
`,
		"config/rbac/clusterpolicy_viewer_role.yaml": `# Joins no built-in role: those are for namespaces, and the cluster policies are in none.
` + "# Generated from config/crd/bases by `make generate`." + `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: clusterpolicy-viewer-role
rules:
- apiGroups: [ticketing.synqly.com]
  resources: [clusterpolicies]
  verbs: [get, list, watch]
`,
	}
	for path, content := range want {
		if diff := cmp.Diff(content, read(t, folder, path)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestTheRolesOfAKindThatIsGoneGo(t *testing.T) {
	folder := project(t, map[string]string{
		"config/crd/bases/ticketing.synqly.com_ticketattachments.yaml": attachmentCRD,
		"config/rbac/ticketgone_editor_role.yaml":                      "",
		"config/rbac/ticketgone_viewer_role.yaml":                      "",
		"config/rbac/role.yaml":                                        "",
	})
	if err := generate(folder, folder); err != nil {
		t.Fatal(err)
	}

	paths, err := filepath.Glob(filepath.Join(folder, roleFolder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var present []string
	for _, path := range paths {
		present = append(present, filepath.Base(path))
	}
	want := []string{"kustomization.yaml", "role.yaml", "ticketattachment_editor_role.yaml", "ticketattachment_viewer_role.yaml"}
	if diff := cmp.Diff(want, present); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestAnotherFolderGetsTheSame(t *testing.T) {
	const crdPath = "config/crd/bases/ticketing.synqly.com_ticketattachments.yaml"
	folder := project(t, map[string]string{crdPath: attachmentCRD})
	other := t.TempDir()
	place(t, other, crdPath, attachmentCRD)
	for _, destination := range []string{folder, other} {
		if err := generate(folder, destination); err != nil {
			t.Fatal(err)
		}
	}

	for _, path := range []string{"config/crd/kustomization.yaml", "config/rbac/kustomization.yaml", "config/rbac/ticketattachment_editor_role.yaml"} {
		if diff := cmp.Diff(read(t, folder, path), read(t, other, path)); diff != "" {
			t.Errorf("%s differs:\n%s", path, diff)
		}
	}
}

func TestWhatCannotBeGeneratedIsAnError(t *testing.T) {
	const path = "config/crd/bases/ticketing.synqly.com_ticketattachments.yaml"
	cases := map[string]struct {
		files map[string]string
		want  string
	}{
		"no CRDs":               {files: nil, want: "there are no CRDs"},
		"a CRD without a kind":  {files: map[string]string{path: "kind: CustomResourceDefinition\n"}, want: "does not name the kind"},
		"a CRD that is no YAML": {files: map[string]string{path: "}"}, want: "reading the CRD"},
		"a kustomization without the line from which on it is generated": {
			files: map[string]string{path: attachmentCRD, "config/rbac/kustomization.yaml": handwrittenRoles},
			want:  "config/rbac/kustomization.yaml: it lacks the line",
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			folder := project(t, test.files)
			if err := generate(folder, folder); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("generate = %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestThePluralIsWrittenInWords(t *testing.T) {
	cases := map[string]struct{ kind, plural string }{
		"integrations":         {"Integration", "integrations"},
		"ticket notes":         {"TicketNote", "ticketnotes"},
		"cluster policies":     {"ClusterPolicy", "clusterpolicies"},
		"cluster ticket notes": {"ClusterTicketNote", "clusterticketnotes"},
	}
	for want, names := range cases {
		var one crd
		one.Spec.Names.Kind, one.Spec.Names.Plural = names.kind, names.plural
		if got := one.Words(); got != want {
			t.Errorf("the words of %s are %q, want %q", names.kind, got, want)
		}
	}
}

// project makes a folder with these files and a kustomization of the roles.
func project(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	place(t, folder, "config/rbac/kustomization.yaml", handwrittenRoles+generatedFromHere+"\n- ticketgone_editor_role.yaml\n")
	for path, content := range files {
		place(t, folder, path, content)
	}
	return folder
}

func place(t *testing.T, folder, path, content string) {
	t.Helper()
	path = filepath.Join(folder, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, folder, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
