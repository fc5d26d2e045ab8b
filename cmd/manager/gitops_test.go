// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// The manifests of a folder in Git, but for the Integration and the Secrets.
const manifestsInGit = `
apiVersion: ticketing.synqly.com/v1alpha1
kind: Ticket
metadata: {name: outage, namespace: %[1]s, labels: {team: shop}}
spec: {summary: Outage, description: From Git, tags: [shop], deletionPolicy: Close, close: {status: Done}}
---
apiVersion: ticketing.synqly.com/v1alpha1
kind: TicketComment
metadata: {name: started, namespace: %[1]s}
spec: {ticketRef: {name: outage}, content: Started}
---
apiVersion: ticketing.synqly.com/v1alpha1
kind: TicketNote
metadata: {name: handover, namespace: %[1]s}
spec: {ticketRef: {name: outage}, title: Handover, content: Looked at}
---
apiVersion: ticketing.synqly.com/v1alpha1
kind: TicketAttachment
metadata: {name: dump, namespace: %[1]s}
spec: {ticketRef: {name: outage}, fileName: dump.txt, content: A dump}
---
apiVersion: ticketing.synqly.com/v1alpha1
kind: TicketQuery
metadata: {name: open, namespace: %[1]s}
spec: {filters: ["status[ne]Done"]}
---
apiVersion: ticketing.synqly.com/v1alpha1
kind: AlertReceiver
metadata: {name: platform, namespace: %[1]s}
spec: {tokenSecretRef: {name: alertmanager-token}}
`

// What another tool applies of the same Ticket.
const manifestOfAnotherTool = `
apiVersion: ticketing.synqly.com/v1alpha1
kind: Ticket
metadata: {name: outage, namespace: %[1]s, annotations: {example.com/owner: platform}}
spec: {priority: HIGH}
`

// gitOps is a tenant with a folder of manifests.
type gitOps struct {
	*tenant

	manager         *managerProcess
	folder, another string
	// objects are those of the folder.
	objects []client.Object
}

func newGitOps(ctx SpecContext) *gitOps {
	GinkgoHelper()
	g := &gitOps{tenant: newTenant(ctx), folder: GinkgoT().TempDir(), another: GinkgoT().TempDir()}
	for folder, manifests := range map[string]string{g.folder: manifestsInGit, g.another: manifestOfAnotherTool} {
		Expect(os.WriteFile(filepath.Join(folder, "objects.yaml"), fmt.Appendf(nil, manifests, g.namespace), 0o600)).To(Succeed())
	}
	g.objects = []client.Object{
		&v1alpha1.Ticket{ObjectMeta: g.named("outage")}, &v1alpha1.TicketComment{ObjectMeta: g.named("started")},
		&v1alpha1.TicketNote{ObjectMeta: g.named("handover")}, &v1alpha1.TicketAttachment{ObjectMeta: g.named("dump")},
		&v1alpha1.TicketQuery{ObjectMeta: g.named("open")}, &v1alpha1.AlertReceiver{ObjectMeta: g.named("platform")},
	}
	g.manager = g.startManager(ctx, "--alerts-bind-address="+freeAddress(ctx))
	integration := g.integration()
	// A poll that has something to tell would be a write that nobody's apply has caused.
	integration.Spec.PollInterval = &metav1.Duration{Duration: time.Hour}
	g.connect(ctx, integration)
	// The first one comes soon after the start.
	Eventually(g.manager.metric).WithContext(ctx).WithArguments("synqly_last_poll_timestamp_seconds").Should(BeNumerically(">", 0))
	create(ctx, &corev1.Secret{ObjectMeta: g.named("alertmanager-token"), StringData: map[string]string{"token": "a"}})
	return g
}

// run runs kubectl, and expects that it succeeds.
func (g *gitOps) run(ctx context.Context, arguments ...string) {
	GinkgoHelper()
	Eventually(kubectl(ctx, arguments...)).WithContext(ctx).Should(gexec.Exit(0), "kubectl %s", strings.Join(arguments, " "))
}

// versions are the resource versions of the objects of the folder.
func (g *gitOps) versions(ctx context.Context) map[string]string {
	GinkgoHelper()
	versions := map[string]string{}
	for _, object := range g.objects {
		Expect(administrator.Get(ctx, client.ObjectKeyFromObject(object), object)).To(Succeed())
		versions[fmt.Sprintf("%T", object)] = object.GetResourceVersion()
	}
	return versions
}

// settle waits until everything is Ready, and nothing is left to do.
func (g *gitOps) settle(ctx SpecContext) {
	GinkgoHelper()
	expectReady(ctx, g.objects...)
	Eventually(func(ctx context.Context) (float64, error) {
		waiting, err := g.manager.metric(ctx, "workqueue_depth")
		if err != nil {
			return 0, err
		}
		working, err := g.manager.metric(ctx, "controller_runtime_active_workers")
		return waiting + working, err
	}).WithContext(ctx).Should(BeZero())
}

// expectNoFight expects that to apply again writes nothing, here and remotely, and that there is no
// difference between the folder and the cluster.
func (g *gitOps) expectNoFight(ctx SpecContext, arguments ...string) {
	GinkgoHelper()
	g.settle(ctx)
	versions, begun := g.versions(ctx), time.Now()
	g.remote.ForgetRequests()
	g.run(ctx, append([]string{"apply"}, arguments...)...)
	g.run(ctx, append([]string{"diff"}, arguments...)...)
	Consistently(func() map[string]string { return g.versions(ctx) }).Should(Equal(versions))
	Expect(operatorRequests.writesSince(begun)).NotTo(ContainElement(HaveField("URI", MatchRegexp(
		"/apis/ticketing.synqly.com/.*/"+g.namespace+"/(tickets|ticketcomments|ticketnotes|ticketattachments|ticketqueries|alertreceivers)(/|$)"))))
	Expect(g.remote.RequestCounts()).NotTo(HaveKey(HavePrefix("Patch")))
}

// expectNoSpecOfTheOperators expects that nobody but those who apply owns a field of a spec.
func (g *gitOps) expectNoSpecOfTheOperators(ctx context.Context, appliers ...string) {
	GinkgoHelper()
	g.versions(ctx)
	for _, object := range g.objects {
		Expect(object.GetManagedFields()).To(ContainElement(HaveField("Subresource", "status")), "%T", object)
		for _, entry := range object.GetManagedFields() {
			if strings.Contains(entry.FieldsV1.GetRawString(), `"f:spec"`) {
				Expect(entry.Manager).To(BeElementOf(appliers), "%T", object)
			}
		}
	}
}

var _ = Describe("Objects from Git", func() {
	It("are applied by two tools on the server without a fight, and end when they are pruned in the worst order", func(ctx SpecContext) {
		g := newGitOps(ctx)
		first := []string{"--server-side", "--field-manager=kustomize-controller", "--filename=" + g.folder}
		second := []string{"--server-side", "--field-manager=argocd-controller", "--filename=" + g.another}
		ticket := g.objects[0].(*v1alpha1.Ticket)

		By("applying a folder, and once more")
		g.run(ctx, append([]string{"apply"}, first...)...)
		g.expectNoFight(ctx, first...)
		Expect(ticket.Annotations).To(HaveKey(v1alpha1.CreateKeyAnnotation))
		Expect(ticket.Finalizers).To(ContainElement(v1alpha1.RemoteFinalizer))

		By("having another tool apply other fields, without force")
		g.run(ctx, append([]string{"apply"}, second...)...)
		g.expectNoFight(ctx, second...)
		g.expectNoFight(ctx, first...)
		Expect(ticket.Spec.Priority).To(BeEquivalentTo("HIGH"))
		Expect(g.remote.Tickets()).To(ConsistOf(And(HaveField("Priority", "HIGH"), HaveField("Description", "From Git"))))
		g.expectNoSpecOfTheOperators(ctx, "kustomize-controller", "argocd-controller")

		By("pruning the Secret and the Integration first")
		remoteID := ticket.Status.ID
		Expect(administrator.Delete(ctx, g.secret())).To(Succeed())
		expectGone(ctx, g.secret())
		integration := g.integration()
		for _, object := range append([]client.Object{integration}, g.objects...) {
			Expect(administrator.Delete(ctx, object)).To(Succeed())
		}
		for _, object := range append(g.objects, integration) {
			expectGone(ctx, object)
		}
		Expect(g.remote.Tickets()).To(ConsistOf(And(HaveField("ID", remoteID), HaveField("Status", "Done"))))
		Expect(g.remote.Comments(remoteID)).To(BeEmpty())
		Expect(g.remote.Notes(remoteID)).To(BeEmpty())
	})

	It("are applied by a client without a difference", func(ctx SpecContext) {
		g := newGitOps(ctx)
		g.run(ctx, "apply", "--filename="+g.folder)
		g.expectNoFight(ctx, "--filename="+g.folder)
		g.expectNoSpecOfTheOperators(ctx, "kubectl-client-side-apply")
	})
})

var _ = Describe("The health checks for Argo CD", func() {
	It("are added to a ConfigMap as docs/gitops.md says", func(ctx SpecContext) {
		t := newTenant(ctx)
		configMap := &corev1.ConfigMap{ObjectMeta: t.named("argocd-cm"), Data: map[string]string{"url": "https://argocd.example.com"}}
		create(ctx, configMap)
		Eventually(kubectl(ctx, "patch", "configmap", "argocd-cm", "--namespace="+t.namespace, "--patch-file=../../config/argocd/argocd-cm.yaml")).
			WithContext(ctx).Should(gexec.Exit(0))
		Expect(administrator.Get(ctx, client.ObjectKeyFromObject(configMap), configMap)).To(Succeed())
		Expect(configMap.Data).To(And(HaveKey("url"), HaveKey("resource.customizations.health.ticketing.synqly.com_Ticket")))
	})
})
