// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// permissions are the verbs that somebody may use, by resource, each list sorted.
type permissions map[string][]string

var (
	reading = []string{"get", "list", "watch"}
	writing = []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
	asking  = []string{"get"}
	nothing = []string(nil)
)

// namespaced are the kinds that belong to a team.
var namespaced = []string{"alertreceivers", "incidents", "integrations", "ticketattachments", "ticketcomments", "ticketnotes", "ticketqueries", "tickets"}

// ofTeams is the same permission for each of the kinds that belong to a team, and another one for
// ClusterIntegrations, which belong to the administrators of the cluster.
func ofTeams(verbs, ofClusterIntegrations []string) permissions {
	granted := permissions{"clusterintegrations": ofClusterIntegrations}
	for _, resource := range namespaced {
		granted[resource] = verbs
	}
	return granted
}

var _ = Describe("kubectl auth can-i", func() {
	It("says what each role may do", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.installUserRoles(ctx)
		startControlLoop(ctx, "clusterrole-aggregation-controller")
		for user, role := range map[string]string{"namespace-admin": "admin", "developer": "edit", "auditor": "view"} {
			create(ctx, &rbacv1.RoleBinding{ObjectMeta: t.named(user),
				RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
				Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}}})
		}
		platform := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{GenerateName: "platform-engineer-"},
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "clusterintegration-editor-role"},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "platform-engineer"}}}
		create(ctx, platform)
		DeferCleanup(func(ctx SpecContext) { Expect(administrator.Delete(ctx, platform)).To(Succeed()) })

		operator := permissions{
			"alertreceivers": reading, "clusterintegrations": {"get", "list", "patch", "watch"}, "integrations": {"get", "list", "patch", "watch"},
			"incidents": {"create", "delete", "get", "list", "patch", "watch"}, "tickets": {"create", "delete", "get", "list", "patch", "watch"},
			"ticketcomments": {"create", "delete", "get", "list", "patch", "watch"}, "ticketnotes": {"delete", "get", "list", "patch", "watch"}, "ticketattachments": {"delete", "get", "list", "patch", "watch"}, "ticketqueries": reading,
		}
		for _, test := range []struct {
			user string
			// kinds is what the user may do with objects, status with their status.
			kinds, status permissions
			secrets       []string
		}{
			{"namespace-admin", ofTeams(writing, nothing), ofTeams(asking, nothing), writing},
			{"developer", ofTeams(writing, nothing), ofTeams(asking, nothing), writing},
			{"auditor", ofTeams(reading, nothing), ofTeams(asking, nothing), nothing},
			{"platform-engineer", ofTeams(nothing, writing), ofTeams(nothing, asking), nothing},
			{"system:serviceaccount:" + operatorNamespace + ":" + operatorAccount, operator, ofTeams([]string{"patch"}, []string{"patch"}), asking},
		} {
			want := permissions{"secrets": test.secrets}
			for resource, verbs := range test.kinds {
				want[resource+"."+v1alpha1.GroupVersion.Group] = verbs
			}
			for resource, verbs := range test.status {
				want[resource+"."+v1alpha1.GroupVersion.Group+"/status"] = verbs
			}
			for resource, verbs := range want {
				if len(verbs) == 0 {
					delete(want, resource)
				}
			}
			// The rules of the built-in roles grow a moment after ours are there.
			Eventually(t.permissionsOf).WithContext(ctx).WithArguments(test.user).Should(Equal(want), test.user)
		}
	})
})

// installUserRoles applies what config/rbac has for users.
func (t *tenant) installUserRoles(ctx context.Context) {
	GinkgoHelper()
	var kustomization struct {
		Resources []string `json:"resources"`
	}
	content, err := os.ReadFile("../../config/rbac/kustomization.yaml")
	Expect(err).NotTo(HaveOccurred())
	Expect(yaml.Unmarshal(content, &kustomization)).To(Succeed())
	for _, file := range kustomization.Resources {
		if !strings.HasSuffix(file, "_editor_role.yaml") && !strings.HasSuffix(file, "_viewer_role.yaml") {
			continue
		}
		for _, role := range readManifests(filepath.Join("../../config/rbac", file)) {
			if err := administrator.Create(ctx, role); !apierrors.IsAlreadyExists(err) {
				Expect(err).NotTo(HaveOccurred(), file)
			}
		}
	}
}

// permissionsOf are those of a user for the kinds of the operator and for Secrets, in the
// namespace.
func (t *tenant) permissionsOf(ctx context.Context, user string) (permissions, error) {
	session := kubectl(ctx, "auth", "can-i", "--list", "--no-headers", "--as="+user, "--namespace="+t.namespace)
	Eventually(session).WithContext(ctx).Should(gexec.Exit(0))
	granted := permissions{}
	for line := range strings.Lines(string(session.Out.Contents())) {
		resource, rest, _ := strings.Cut(line, " ")
		if resource != "secrets" && !strings.Contains(resource, "."+v1alpha1.GroupVersion.Group) {
			continue
		}
		verbs := rest[strings.LastIndex(rest, "[")+1 : strings.LastIndex(rest, "]")]
		granted[resource] = append(granted[resource], strings.Fields(verbs)...)
	}
	for resource, verbs := range granted {
		slices.Sort(verbs)
		granted[resource] = slices.Compact(verbs)
	}
	return granted, nil
}
