// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"crypto/rand"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// forTheSimulator are values with which the operator may connect to it.
const forTheSimulator = `
allowedAPICIDRs: [127.0.0.0/8, "::1/128"]
extraArgs: [--allow-insecure-http]
`

// team is a namespace with a connection to a ticketing system.
type team struct {
	namespace string
	remote    *simulator.Server
	url       string
	token     string
}

func (c *cluster) newTeam(namespace string) *team {
	c.Helper()
	c.haveNamespaces(namespace)
	t := &team{namespace: namespace, token: rand.Text()}
	t.remote = simulator.New(simulator.Options{Token: t.token})
	listener := httptest.NewServer(t.remote)
	t.url = listener.URL
	c.Cleanup(func() {
		t.remote.Close()
		listener.Close()
	})
	return t
}

func (t *team) named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: t.namespace, Name: name}
}

func (t *team) secret(namespace string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "synqly-token"}, StringData: map[string]string{"token": t.token}}
}

func (t *team) integrationSpec() v1alpha1.IntegrationSpec {
	return v1alpha1.IntegrationSpec{
		BaseURL:        t.url,
		TokenSecretRef: v1alpha1.SecretKeyReference{Name: "synqly-token"},
		RateLimit:      &v1alpha1.RateLimit{RequestsPerSecond: 1000, Burst: 1000},
		SettlePeriod:   &metav1.Duration{Duration: time.Second},
	}
}

func (t *team) integration() *v1alpha1.Integration {
	return &v1alpha1.Integration{ObjectMeta: t.named(v1alpha1.DefaultIntegrationName), Spec: t.integrationSpec()}
}

func (t *team) ticket(name string) *v1alpha1.Ticket {
	return &v1alpha1.Ticket{ObjectMeta: t.named(name), Spec: v1alpha1.TicketSpec{Summary: "The summary of " + name}}
}

// remoteTickets are the IDs of the tickets in the ticketing system.
func (t *team) remoteTickets() []string {
	var ids []string
	for _, ticket := range t.remote.Tickets() {
		ids = append(ids, ticket.ID)
	}
	return ids
}

func TestTheLifeOfARelease(t *testing.T) {
	c := newCluster(t)
	c.withoutCRDs()
	team := c.newTeam("team-of-release")
	t.Cleanup(func() { c.forget(team.namespace) })
	newer := newerChart(c)
	install := func(chart string, more ...string) []string {
		return append([]string{
			"install", releaseName, chart, "--namespace=" + releaseNamespace, "--create-namespace", "--values=" + valuesFile(t, forTheSimulator),
		}, more...)
	}

	// Helm asks the API server for every kind before it creates anything.
	_, err := c.helm(install(chartFolder, `--set-json=integrations=[{"name":"default","spec":{"tokenSecretRef":{"name":"synqly-token"}}}]`)...)
	c.Expect(err).To(MatchError(ContainSubstring("ensure CRDs are installed first")))

	notes := c.mustHelm(install(chartFolder)...)
	c.Expect(notes).To(ContainSubstring("http://synqly-ticketing-alerts.synqly-ticketing-system.svc:9095/v1/alerts/"))
	c.expectCRDs()
	m := c.startManager(releaseNamespace, "synqly-ticketing-operator")
	ticket := team.ticket("lasting")
	c.create(team.secret(team.namespace), team.integration(), ticket)
	c.expectReady(ticket)
	id := ticket.Status.ID

	// An upgrade changes CRDs, and a rollback brings the earlier ones back.
	c.mustHelm("upgrade", releaseName, newer, "--namespace="+releaseNamespace, "--reuse-values", "--set=replicaCount=2")
	c.Expect(c.hasNewerCRD()).To(BeTrue(), "after the upgrade")
	c.Expect(c.replicas()).To(HaveValue(BeEquivalentTo(2)))
	c.mustHelm("rollback", releaseName, "1", "--namespace="+releaseNamespace)
	c.Expect(c.hasNewerCRD()).To(BeFalse(), "after the rollback")
	c.Expect(c.replicas()).To(HaveValue(BeEquivalentTo(1)))
	c.Expect(c.get(ticket, team.namespace, ticket.Name)).To(Succeed())
	c.Expect(ticket.Status.ID).To(Equal(id))

	// CRDs and tickets outlive the release, and the next one takes them over, and brings the CRDs
	// up to date.
	c.stop(m)
	c.mustHelm("uninstall", releaseName, "--namespace="+releaseNamespace)
	c.expectNothingLeft("synqly-ticketing")
	c.expectCRDs()
	c.Expect(c.get(ticket, team.namespace, ticket.Name)).To(Succeed())
	c.Expect(ticket.DeletionTimestamp).To(BeNil())
	c.mustHelm(install(newer)...)
	c.Expect(c.hasNewerCRD()).To(BeTrue(), "after the installation of the newer chart")
	m = c.startManager(releaseNamespace, "synqly-ticketing-operator")
	later := team.ticket("later")
	c.create(later)
	c.expectReady(ticket, later)
	c.Expect(ticket.Status.ID).To(Equal(id))
	c.Expect(team.remoteTickets()).To(ConsistOf(id, later.Status.ID))
	c.stop(m)
	c.mustHelm("uninstall", releaseName, "--namespace="+releaseNamespace)

	// A release with another name has to be told that the CRDs are its own now.
	other := []string{"install", "other", chartFolder, "--namespace=" + releaseNamespace}
	_, err = c.helm(other...)
	c.Expect(err).To(MatchError(ContainSubstring("invalid ownership metadata")))
	c.mustHelm(append(other, "--take-ownership")...)
	c.Expect(c.hasNewerCRD()).To(BeFalse(), "after the installation of the older chart")
	c.Expect(c.get(&appsv1.Deployment{}, releaseNamespace, "other-synqly-ticketing-operator")).To(Succeed())
	c.mustHelm("uninstall", "other", "--namespace="+releaseNamespace)
}

func TestARestartedReleaseKeepsItsIntegrations(t *testing.T) {
	c := newCluster(t)
	team := c.newTeam("team-of-integrations")
	t.Cleanup(func() { c.forget(team.namespace) })
	c.apply(kustomize(t, "crd"))
	c.expectCRDs()
	values := forTheSimulator + `
integrations:
- {name: default, namespace: team-of-integrations, spec: {baseURL: "` + team.url + `", tokenSecretRef: {name: synqly-token}, settlePeriod: 1s}}
`
	c.create(team.secret(team.namespace))
	install := []string{
		"install", releaseName, chartFolder, "--namespace=" + releaseNamespace, "--create-namespace", "--take-ownership", "--values=" + valuesFile(t, values),
	}
	c.mustHelm(install...)
	m := c.startManager(releaseNamespace, "synqly-ticketing-operator")
	ticket := team.ticket("ticket")
	c.create(ticket)
	c.expectReady(ticket)
	c.stop(m)

	c.mustHelm("uninstall", releaseName, "--namespace="+releaseNamespace)
	integration := &v1alpha1.Integration{}
	c.Expect(c.get(integration, team.namespace, "default")).To(Succeed())
	c.Expect(integration.DeletionTimestamp).To(BeNil())
	c.mustHelm(install...)
	c.mustHelm("uninstall", releaseName, "--namespace="+releaseNamespace)
}

func TestAReleaseTakesOverFromKustomize(t *testing.T) {
	c := newCluster(t)
	objects := kustomize(t, "default")
	c.apply(objects)
	c.expectCRDs()

	// Its selector cannot be changed.
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: releaseNamespace, Name: "synqly-ticketing-operator"}}
	c.Expect(c.administrator.Delete(t.Context(), deployment)).To(Succeed())
	c.mustHelm("install", releaseName, chartFolder, "--namespace="+releaseNamespace, "--take-ownership")

	for _, object := range objects {
		if object.GetKind() == "Namespace" {
			continue
		}
		c.Expect(c.get(object, object.GetNamespace(), object.GetName())).To(Succeed())
		c.Expect(object.GetAnnotations()).To(HaveKeyWithValue("meta.helm.sh/release-name", releaseName), "%s %s", object.GetKind(), object.GetName())
	}
	c.mustHelm("uninstall", releaseName, "--namespace="+releaseNamespace)
	c.expectNothingLeft("synqly-ticketing")
}

func TestAReleaseForSomeNamespaces(t *testing.T) {
	c := newCluster(t)
	const namespace = "operator-of-teams"
	teams := []*team{c.newTeam("watched-team-a"), c.newTeam("watched-team-b"), c.newTeam("unwatched-team")}
	c.haveNamespaces(namespace)
	t.Cleanup(func() { c.forget("watched-team-a", "watched-team-b", "unwatched-team") })
	values := forTheSimulator + "watchNamespaces: [watched-team-a, watched-team-b]\n"
	c.mustHelm("install", "teams", chartFolder, "--namespace="+namespace, "--take-ownership", "--values="+valuesFile(t, values))
	c.expectCRDs()

	m := c.startManager(namespace, "teams-synqly-ticketing-operator")
	var tickets []client.Object
	for _, each := range teams {
		ticket := each.ticket("ticket")
		c.create(each.secret(each.namespace), each.integration(), ticket)
		tickets = append(tickets, ticket)
	}
	c.expectReady(tickets[:2]...)
	for _, ticket := range tickets[:2] {
		c.Expect(c.administrator.Delete(t.Context(), ticket)).To(Succeed())
		c.Eventually(c.isGone).WithArguments(ticket, ticket.GetNamespace(), ticket.GetName()).Should(BeTrue())
	}
	unwatched := &v1alpha1.Ticket{}
	c.Expect(c.get(unwatched, "unwatched-team", "ticket")).To(Succeed())
	c.Expect(unwatched.Finalizers).To(BeEmpty())
	c.Expect(unwatched.Status.Conditions).To(BeEmpty())
	c.Expect(teams[2].remoteTickets()).To(BeEmpty())
	c.stop(m)

	// ClusterIntegrations need rights that no Role has.
	c.mustHelm("upgrade", "teams", chartFolder, "--namespace="+namespace, "--reuse-values", "--set=clusterResourceNamespace="+namespace)
	m = c.startManager(namespace, "teams-synqly-ticketing-operator")
	shared := &v1alpha1.ClusterIntegration{ObjectMeta: metav1.ObjectMeta{Name: "shared"}, Spec: v1alpha1.ClusterIntegrationSpec{
		IntegrationSpec: teams[0].integrationSpec(), NamespaceSelector: v1alpha1.NamespaceSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "watched-team-b"}},
	}}
	through := teams[1].ticket("through-shared")
	through.Spec.IntegrationRef = v1alpha1.IntegrationReference{Kind: v1alpha1.IntegrationKindCluster, Name: shared.Name}
	c.create(teams[0].secret(namespace), shared, through)
	c.expectReady(shared, through)
	c.Expect(teams[0].remoteTickets()).To(ContainElement(through.Status.ID))
	c.stop(m)
	c.mustHelm("uninstall", "teams", "--namespace="+namespace)
	c.expectNothingLeft("teams-synqly-ticketing")
}

func TestAFailedUpgradeCanBeRolledBack(t *testing.T) {
	c := newCluster(t)
	const namespace = "operator-of-failed-upgrade"
	c.haveNamespaces(namespace, "first-team", "second-team")
	c.mustHelm("install", "failing", chartFolder, "--namespace="+namespace, "--take-ownership", "--set=watchNamespaces={first-team}")
	_, err := c.helm("upgrade", "failing", chartFolder, "--namespace="+namespace, "--reuse-values", "--set=watchNamespaces={first-team,second-team,no-such-team}")
	c.Expect(err).To(MatchError(ContainSubstring(`namespaces "no-such-team" not found`)))
	const role = "failing-synqly-ticketing-manager-role"
	c.Expect(c.get(&rbacv1.Role{}, "second-team", role)).To(Succeed(), "the upgrade fails half way")

	c.mustHelm("rollback", "failing", "--namespace="+namespace)
	c.Expect(c.get(&rbacv1.Role{}, "first-team", role)).To(Succeed())
	c.Eventually(c.isGone).WithArguments(&rbacv1.Role{}, "second-team", role).Should(BeTrue())
	c.mustHelm("uninstall", "failing", "--namespace="+namespace)
	c.expectNothingLeft("failing-synqly-ticketing")
}

// newerChart is a copy of the chart whose CRD of Tickets has one more field.
func newerChart(c *cluster) string {
	c.Helper()
	folder := filepath.Join(c.TempDir(), "chart")
	c.Expect(os.CopyFS(folder, os.DirFS(chartFolder))).To(Succeed())
	path := filepath.Join(folder, "files/crds/ticketing.synqly.com_tickets.yaml")
	content, err := os.ReadFile(path)
	c.Expect(err).NotTo(HaveOccurred())
	const field = "              summary:\n"
	c.Expect(string(content)).To(ContainSubstring(field))
	newer := strings.Replace(string(content), field, "              fieldOfANewerVersion:\n                type: string\n"+field, 1)
	c.Expect(os.WriteFile(path, []byte(newer), 0o600)).To(Succeed())
	return folder
}

func (c *cluster) hasNewerCRD() (bool, error) {
	crd, err := c.crd("tickets")
	if err != nil {
		return false, err
	}
	_, found := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"].Properties["fieldOfANewerVersion"]
	return found, nil
}

func (c *cluster) replicas() (*int32, error) {
	deployment := &appsv1.Deployment{}
	err := c.get(deployment, releaseNamespace, "synqly-ticketing-operator")
	return deployment.Spec.Replicas, err
}

// expectNothingLeft expects the objects of a release to be gone, but for those that stay.
func (c *cluster) expectNothingLeft(prefix string) {
	c.Helper()
	for _, list := range []client.ObjectList{
		&appsv1.DeploymentList{}, &corev1.ServiceList{}, &corev1.ServiceAccountList{},
		&rbacv1.RoleList{}, &rbacv1.RoleBindingList{}, &rbacv1.ClusterRoleList{}, &rbacv1.ClusterRoleBindingList{},
	} {
		c.Eventually(func() ([]string, error) { return c.namesWithPrefix(list, prefix) }).Should(BeEmpty(), "%T", list)
	}
}
