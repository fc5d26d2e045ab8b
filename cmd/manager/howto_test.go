// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// These specs run every script of a page, in its order, as an administrator of the cluster does.
var _ = Describe("The commands of", func() {
	It("docs/getting-started.md lead to a ticket that is closed", func(ctx SpecContext) {
		page := readDocument("getting-started.md")
		t := newTenant(ctx)
		t.startManager(ctx)
		reader := t.reader()
		reader.write("token.txt", t.token+"\n")
		for _, script := range page.scripts("In your cluster, with your ticketing system") {
			reader.run(ctx, script)
		}
		Expect(t.remote.Tickets()).To(ConsistOf(And(
			HaveField("Summary", "A first ticket from the cluster"), HaveField("Project", "OPS"), HaveField("Status", "Done"))))
		page.expectEveryScriptTaken()
	})

	It("docs/alerts.md set up a receiver that opens tickets", func(ctx SpecContext) {
		page := readDocument("alerts.md")
		t := newTenant(ctx)
		manager := t.startManager(ctx)
		t.connect(ctx, t.integration())
		reader := t.reader()
		reader.replacements = append(reader.replacements, "--namespace monitoring", "--namespace "+t.namespace)
		for _, script := range page.scripts("Set it up") {
			reader.run(ctx, script)
		}
		receiver := &v1alpha1.AlertReceiver{ObjectMeta: t.named("platform")}
		Eventually(postAlert).WithContext(ctx).WithArguments("http://"+manager.alerts+receiver.EndpointPath(), t.secretIn(reader, "token")).
			Should(Equal(http.StatusOK))
		incident := t.incidentWithTicket(ctx)
		Expect(t.remoteObjects(incident.Status.TicketID).tickets).To(ConsistOf(incident.Status.TicketID))
		page.expectEveryScriptTaken()
	})

	It("docs/rotation.md bring a new token into use", func(ctx SpecContext) {
		page := readDocument("rotation.md")
		t := newTenant(ctx)
		manager := t.startManager(ctx)
		t.connect(ctx, t.integration())
		ticket := t.ticket("ticket")
		create(ctx, ticket)
		expectReady(ctx, ticket)
		reader := t.reader()

		By("rotating the token of the Integration")
		renewed := "canary-" + rand.Text()
		t.secrets = append(t.secrets, renewed)
		reader.write("token.txt", renewed+"\n")
		t.remote.SetToken(renewed)
		for _, script := range page.scripts("The token of an Integration") {
			reader.run(ctx, script)
		}
		edit(ctx, ticket, func() { ticket.Spec.Summary = "With the new token" })
		expectReady(ctx, ticket)
		Expect(t.remote.Tickets()).To(ConsistOf(HaveField("Summary", "With the new token")))

		By("rotating the token of an AlertReceiver")
		former := "canary-" + rand.Text()
		receiver := &v1alpha1.AlertReceiver{ObjectMeta: t.named("platform"), Spec: v1alpha1.AlertReceiverSpec{TokenSecretRef: v1alpha1.SecretKeyReference{Name: "alertmanager-token"}}}
		create[client.Object](ctx, receiver, &corev1.Secret{ObjectMeta: t.named("alertmanager-token"), StringData: map[string]string{"token": former}})
		url := "http://" + manager.alerts + receiver.EndpointPath()
		Eventually(postAlert).WithContext(ctx).WithArguments(url, former).Should(Equal(http.StatusOK))
		for _, script := range page.scripts("The token of an AlertReceiver") {
			reader.run(ctx, script)
		}
		t.secrets = append(t.secrets, former)
		Eventually(postAlert).WithContext(ctx).WithArguments(url, t.secretIn(reader, "token")).Should(Equal(http.StatusOK))
		Eventually(postAlert).WithContext(ctx).WithArguments(url, former).Should(Equal(http.StatusUnauthorized))
		page.expectEveryScriptTaken()
	})

	It("docs/backup.md restore objects that find what they have created", func(ctx SpecContext) {
		page := readDocument("backup.md")
		t := newTenant(ctx)
		manager := t.startManager(ctx)
		t.connect(ctx, t.integration())
		alertToken := &corev1.Secret{ObjectMeta: t.named("alertmanager-token"), StringData: map[string]string{"token": "a"}}
		receiver := &v1alpha1.AlertReceiver{ObjectMeta: t.named("platform"), Spec: v1alpha1.AlertReceiverSpec{TokenSecretRef: v1alpha1.SecretKeyReference{Name: alertToken.Name}}}
		outage := t.ticket("outage")
		objects := []client.Object{outage, t.comment("started", outage.Name), t.note("handover", outage.Name), t.attachment("dump", outage.Name)}
		// No manager finds its Secret, so none uses it.
		shared := &v1alpha1.ClusterIntegration{
			ObjectMeta: metav1.ObjectMeta{Name: "of-" + t.namespace, Labels: map[string]string{"tenant": t.namespace}},
			Spec:       v1alpha1.ClusterIntegrationSpec{IntegrationSpec: v1alpha1.IntegrationSpec{TokenSecretRef: v1alpha1.SecretKeyReference{Name: t.namespace}}},
		}
		DeferCleanup(removeClusterIntegration, shared)
		create[client.Object](ctx, alertToken, receiver, shared)
		create(ctx, objects...)
		expectReady(ctx, objects...)
		Eventually(postAlert).WithContext(ctx).WithArguments("http://"+manager.alerts+receiver.EndpointPath(), "a").Should(Equal(http.StatusOK))
		incident := t.incidentWithTicket(ctx)
		before := t.remoteObjects(outage.Status.ID)
		Expect(before.tickets).To(ConsistOf(outage.Status.ID, incident.Status.TicketID))

		By("losing every object, but for the Secrets, after a backup")
		reader := t.reader()
		reader.replacements = append(reader.replacements, "get clusterintegrations", "get clusterintegrations --selector=tenant="+t.namespace)
		scripts := page.scripts("With kubectl")
		Expect(scripts).To(HaveLen(4))
		reader.run(ctx, scripts[0])
		reader.run(ctx, scripts[1])
		manager.stop()
		t.removeObjects(ctx)
		removeClusterIntegration(ctx, shared)

		By("restoring them")
		manager = t.startManager(ctx)
		reader.run(ctx, scripts[2])
		var restoredShared v1alpha1.ClusterIntegration
		Expect(administrator.Get(ctx, client.ObjectKeyFromObject(shared), &restoredShared)).To(Succeed())
		Expect(restoredShared.UID).NotTo(Equal(shared.UID))
		Expect(restoredShared.Spec).To(Equal(shared.Spec))
		reader.run(ctx, scripts[3])
		restored := t.incidentWithTicket(ctx)
		Expect(restored.UID).NotTo(Equal(incident.UID))
		Expect(restored.Status.TicketID).To(Equal(incident.Status.TicketID))
		Expect(t.remoteObjects(outage.Status.ID)).To(Equal(before))
		Eventually(postAlert).WithContext(ctx).WithArguments("http://"+manager.alerts+receiver.EndpointPath(), "a").Should(Equal(http.StatusOK))
		Consistently(func() objectsOfTicket { return t.remoteObjects(outage.Status.ID) }).Should(Equal(before))

		By("naming the cluster that objects come from")
		var cluster corev1.Namespace
		Expect(administrator.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, &cluster)).To(Succeed())
		Expect(reader.run(ctx, page.scripts("Move to another cluster")[0])).To(Equal(string(cluster.UID) + "\n"))
		page.expectEveryScriptTaken()
	})

	It("docs/multi-tenancy.md give a team tickets, rights and a quota", func(ctx SpecContext) {
		page := readDocument("multi-tenancy.md")
		t := newTenant(ctx)
		t.installUserRoles(ctx)
		team := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "team-"}}
		create(ctx, team)
		t.startManager(ctx, "--watch-namespaces="+team.Name, "--cluster-resource-namespace="+t.namespace)
		integration := &v1alpha1.ClusterIntegration{ObjectMeta: metav1.ObjectMeta{Name: "of-" + team.Name}}
		DeferCleanup(removeClusterIntegration, integration)
		reader := t.reader()
		reader.replacements = append(reader.replacements, "team-a", team.Name, "jira", integration.Name,
			"synqly-ticketing-system", t.namespace, "synqly-ticketing-$role", "$role")
		reader.write("token.txt", t.token+"\n")

		for _, script := range page.scripts("A shared connection") {
			reader.run(ctx, script)
		}
		Expect(t.remote.Tickets()).To(ConsistOf(HaveField("Summary", "The disk of node 7 is full")))

		rights := page.scripts("Rights")
		Expect(rights).To(HaveLen(2))
		reader.run(ctx, rights[0])
		// What the API server grants follows a moment after the RoleBindings.
		Eventually(func(ctx context.Context) string {
			session := reader.start(ctx, rights[1])
			Eventually(session).WithContext(ctx).WithTimeout(scriptTimeout).Should(gexec.Exit())
			return string(session.Out.Contents())
		}).WithContext(ctx).Should(Equal(page.blocks("Rights", "console")[0]))

		for _, script := range page.scripts("Limits") {
			reader.run(ctx, script)
		}
		startControlLoop(ctx, "resourcequota-controller")
		Eventually(usedOfQuota).WithContext(ctx).WithArguments(client.ObjectKey{Namespace: team.Name, Name: "ticketing"}).
			Should(Equal(map[corev1.ResourceName]int64{"count/tickets.ticketing.synqly.com": 1, "count/ticketcomments.ticketing.synqly.com": 0}))
		page.expectEveryScriptTaken()
	})

	It("docs/migration.md take over existing tickets without changing them", func(ctx SpecContext) {
		page := readDocument("migration.md")
		t := newTenant(ctx)
		t.startManager(ctx)
		t.connect(ctx, t.integration())
		for _, summary := range []string{"p99 above 2s", "The disk of node 7 is full", "The certificate expires"} {
			t.remote.AddTicket(simulator.Ticket{Summary: summary, Status: "To Do", Project: "OPS", Priority: "HIGH"})
		}
		t.remote.AddTicket(simulator.Ticket{Summary: "Over", Status: "Done", Project: "OPS"})
		t.remote.AddTicket(simulator.Ticket{Summary: "Of others", Status: "To Do", Project: "SEC"})
		reader := t.reader()
		reader.programs = []string{buildPlugin()}
		reader.replacements = append(reader.replacements, "kubectl ticketing import ", "kubectl ticketing import --allow-insecure-http ")

		scripts := page.scripts("Take over existing tickets")
		Expect(scripts).To(HaveLen(2))
		reader.run(ctx, scripts[0])
		var adopted v1alpha1.TicketList
		Expect(administrator.List(ctx, &adopted, client.InNamespace(t.namespace))).To(Succeed())
		Expect(adopted.Items).To(HaveLen(3))
		Expect(t.remote.RequestCounts()).NotTo(Or(HaveKey("CreateTicket"), HaveKey("PatchTicket")))

		again := reader.start(ctx, scripts[1])
		Eventually(again).WithContext(ctx).WithTimeout(scriptTimeout).Should(gexec.Exit(0))
		Expect(string(again.Err.Contents())).To(Equal(page.blocks("Take over existing tickets", "console")[0]))
		page.expectEveryScriptTaken()
	})
})

// reader is somebody who follows a page as an administrator, in the tenant's namespace and with its
// ticketing system.
func (t *tenant) reader() *shell {
	GinkgoHelper()
	config, err := clientcmd.LoadFromFile(administratorKubeconfig)
	Expect(err).NotTo(HaveOccurred())
	for _, each := range config.Contexts {
		each.Namespace = t.namespace
	}
	path := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(clientcmd.WriteToFile(*config, path)).To(Succeed())
	reader := newShell(path)
	reader.replacements = []string{"spec:\n  tokenSecretRef:\n    name: synqly-token\n", "spec:\n  baseURL: " + t.url + "\n  tokenSecretRef:\n    name: synqly-token\n"}
	return reader
}

// secretIn is the secret that a script has written into a file, which must not be shown anywhere.
func (t *tenant) secretIn(reader *shell, file string) string {
	GinkgoHelper()
	content, err := os.ReadFile(filepath.Join(reader.folder, file)) // #nosec G304 -- the folder is the test's
	Expect(err).NotTo(HaveOccurred())
	secret := strings.TrimSpace(string(content))
	t.secrets = append(t.secrets, secret)
	return secret
}

// incidentWithTicket waits until the one Incident of the namespace has its remote ticket.
func (t *tenant) incidentWithTicket(ctx context.Context) v1alpha1.Incident {
	GinkgoHelper()
	var incidents v1alpha1.IncidentList
	Eventually(func(ctx context.Context) ([]v1alpha1.Incident, error) {
		err := administrator.List(ctx, &incidents, client.InNamespace(t.namespace))
		return incidents.Items, err
	}).WithContext(ctx).Should(ConsistOf(HaveField("Status.TicketID", Not(BeEmpty()))))
	return incidents.Items[0]
}

// usedOfQuota is how many objects count in a quota, by what it limits.
func usedOfQuota(ctx context.Context, name client.ObjectKey) (map[corev1.ResourceName]int64, error) {
	var quota corev1.ResourceQuota
	if err := administrator.Get(ctx, name, &quota); err != nil {
		return nil, err
	}
	used := map[corev1.ResourceName]int64{}
	for resource, quantity := range quota.Status.Used {
		used[resource] = quantity.Value()
	}
	return used, nil
}

// objectsOfTicket are the IDs of all remote tickets, and of what is on one of them.
type objectsOfTicket struct{ tickets, comments, notes, attachments []string }

func (t *tenant) remoteObjects(ticketID string) objectsOfTicket {
	var objects objectsOfTicket
	for _, each := range t.remote.Tickets() {
		objects.tickets = append(objects.tickets, each.ID)
	}
	for _, each := range t.remote.Comments(ticketID) {
		objects.comments = append(objects.comments, each.ID)
	}
	for _, each := range t.remote.Notes(ticketID) {
		objects.notes = append(objects.notes, each.ID)
	}
	for _, each := range t.remote.Attachments(ticketID) {
		objects.attachments = append(objects.attachments, each.ID)
	}
	return objects
}

// buildPlugin builds the plugin of kubectl, and returns the folder in which it is.
func buildPlugin() string {
	GinkgoHelper()
	built, err := gexec.Build("github.com/synqly/ticketing-operator/cmd/kubectl-ticketing", "-buildvcs=false")
	Expect(err).NotTo(HaveOccurred())
	return filepath.Dir(built)
}
