// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// namespaceTimeout is how long the deletion of a namespace may take.
const namespaceTimeout = time.Minute

// contents is what is in a namespace that is going to be deleted. Of each kind the first object is
// in step, and the second has an edit that is not.
type contents struct {
	retained, closing []*v1alpha1.Ticket
	comments          []*v1alpha1.TicketComment
	notes             []*v1alpha1.TicketNote
	attachments       []*v1alpha1.TicketAttachment
}

var _ = Describe("kubectl delete", func() {
	It("of a namespace with everything in it takes the comments, notes and attachments with it, and closes tickets", func(ctx SpecContext) {
		startNamespaceController(ctx)
		t := newTenant(ctx)
		t.startManager(ctx)
		t.connect(ctx, t.integration())
		everything := t.fill(ctx)

		begun := time.Now()
		deletion := kubectl(ctx, "delete", "namespace", t.namespace, "--timeout="+namespaceTimeout.String())
		Eventually(t.terminating).WithContext(ctx).Should(BeTrue())
		t.remote.ClearFaults()

		Eventually(deletion).WithTimeout(namespaceTimeout).Should(gexec.Exit(0))
		AddReportEntry("figures", fmt.Sprintf("gone after %s", time.Since(begun).Round(time.Second)))
		t.expectRemovedRemotely(everything)
		Expect(abandonments(ctx, t.namespace)).To(BeEmpty())
	})

	It("of a folder in which the Secret and the Integration come first, and then the namespace, does the same", func(ctx SpecContext) {
		startNamespaceController(ctx)
		t := newTenant(ctx)
		t.startManager(ctx)
		integration := t.integration()
		t.connect(ctx, integration)
		everything := t.fill(ctx)
		folder := t.writeManifests(everything, integration)

		begun := time.Now()
		deletion := kubectl(ctx, "delete", "--ignore-not-found", "--filename="+folder, "--timeout="+namespaceTimeout.String())
		expectGone(ctx, t.secret())
		t.remote.ClearFaults()

		Eventually(deletion).WithTimeout(namespaceTimeout).Should(gexec.Exit(0))
		AddReportEntry("figures", fmt.Sprintf("gone after %s", time.Since(begun).Round(time.Second)))
		t.expectRemovedRemotely(everything)
		Expect(abandonments(ctx, t.namespace)).To(BeEmpty())
	})

	It("of a namespace whose credentials are lost lets it go, and Events say what was left behind", func(ctx SpecContext) {
		startNamespaceController(ctx)
		t := newTenant(ctx)
		m := t.startManager(ctx)
		integration := t.integration()
		t.connect(ctx, integration)
		everything := t.fill(ctx)
		m.stop()
		t.remote.ClearFaults()
		t.remote.ForgetRequests()

		By("losing the Integration and the Secret while no manager runs")
		Expect(administrator.Delete(ctx, t.secret())).To(Succeed())
		Expect(administrator.Delete(ctx, integration)).To(Succeed())
		edit(ctx, integration, func() { integration.Finalizers = nil })
		expectGone(ctx, integration)

		begun := time.Now()
		deletion := kubectl(ctx, "delete", "namespace", t.namespace, "--timeout="+namespaceTimeout.String())
		t.startManager(ctx)

		Eventually(deletion).WithTimeout(namespaceTimeout).Should(gexec.Exit(0))
		AddReportEntry("figures", fmt.Sprintf("gone after %s", time.Since(begun).Round(time.Second)))
		Expect(t.remote.Requests()).To(BeEmpty(), "without a token nothing can be asked")
		left := []any{}
		leftBehind := func(kind, name, noun, id string) {
			left = append(left, HavePrefix("removed the finalizer of %s %s/%s without removing the remote %s %s: ", kind, t.namespace, name, noun, id))
		}
		for _, closing := range everything.closing {
			leftBehind("Ticket", closing.Name, "ticket", closing.Status.ID)
		}
		for _, comment := range everything.comments {
			leftBehind("TicketComment", comment.Name, "comment", comment.Status.ID)
		}
		for _, note := range everything.notes {
			leftBehind("TicketNote", note.Name, "note", note.Status.ID)
		}
		for _, attachment := range everything.attachments {
			leftBehind("TicketAttachment", attachment.Name, "attachment", attachment.Status.ID)
		}
		Eventually(abandonments).WithArguments(ctx, t.namespace).Should(ConsistOf(left...))
	})
})

// fill creates two objects of each kind, and leaves the second of each with an edit that the
// ticketing system does not take until its faults are cleared.
func (t *tenant) fill(ctx SpecContext) contents {
	GinkgoHelper()
	tickets, comments, notes, attachments := t.family(4)
	everything := contents{retained: tickets[:2], closing: tickets[2:], comments: comments, notes: notes, attachments: attachments}
	for _, ticket := range everything.closing {
		ticket.Spec.DeletionPolicy = v1alpha1.TicketClose
		ticket.Spec.Close = &v1alpha1.TicketCloseSpec{Status: "Done", Comment: "Closed with its namespace."}
	}
	create(ctx, tickets...)
	create(ctx, comments...)
	create(ctx, notes...)
	create(ctx, attachments...)
	expectReady(ctx, tickets...)
	expectReady(ctx, comments...)
	expectReady(ctx, notes...)
	expectReady(ctx, attachments...)

	t.remote.Inject(simulator.Fault{Operation: "PatchTicket", Status: 503})
	t.remote.Inject(simulator.Fault{Operation: "PatchNote", Status: 503})
	t.remote.Inject(simulator.Fault{Operation: "CreateComment", Lose: true, AfterCommit: true})
	t.remote.Inject(simulator.Fault{Operation: "CreateAttachment", Lose: true, AfterCommit: true})
	for _, ticket := range []*v1alpha1.Ticket{everything.retained[1], everything.closing[1]} {
		edit(ctx, ticket, func() { ticket.Spec.Summary = "Edited just before" })
		expectReason(ctx, ticket, v1alpha1.ReasonRemoteUnavailable)
	}
	edit(ctx, notes[1], func() { notes[1].Spec.Content = "Edited just before" })
	expectReason(ctx, notes[1], v1alpha1.ReasonRemoteUnavailable)
	edit(ctx, comments[1], func() { comments[1].Spec.Content = "Edited just before" })
	Eventually(func() int { return len(t.remote.Comments(comments[1].Status.TicketID)) }).Should(Equal(2), "the replacement, and what it replaces")
	edit(ctx, attachments[1], func() { attachments[1].Spec.Content = "Edited just before" })
	Eventually(func() int { return len(t.remote.Attachments(attachments[1].Status.TicketID)) }).Should(Equal(2), "the replacement, and what it replaces")
	return everything
}

// expectRemovedRemotely expects the comments, notes and attachments to be gone remotely, the
// tickets with the policy Close closed, and the others as they were.
func (t *tenant) expectRemovedRemotely(everything contents) {
	GinkgoHelper()
	for _, ticket := range everything.retained {
		shown, found := t.remote.Ticket(ticket.Status.ID)
		Expect(found).To(BeTrue())
		Expect(shown.Status).NotTo(Equal("Done"))
		Expect(t.remote.Comments(ticket.Status.ID)).To(BeEmpty(), "comments of %s", ticket.Name)
		Expect(t.remote.Notes(ticket.Status.ID)).To(BeEmpty(), "notes of %s", ticket.Name)
		Expect(t.remote.Attachments(ticket.Status.ID)).To(BeEmpty(), "attachments of %s", ticket.Name)
	}
	for _, ticket := range everything.closing {
		shown, found := t.remote.Ticket(ticket.Status.ID)
		Expect(found).To(BeTrue())
		Expect(shown).To(HaveField("Status", "Done"))
		Expect(t.remote.Comments(ticket.Status.ID)).To(ConsistOf(HaveField("Content", "Closed with its namespace.")), "comments of %s", ticket.Name)
		Expect(t.remote.Notes(ticket.Status.ID)).To(BeEmpty(), "notes of %s", ticket.Name)
		Expect(t.remote.Attachments(ticket.Status.ID)).To(BeEmpty(), "attachments of %s", ticket.Name)
	}
	Expect(t.remote.Tickets()).To(HaveLen(len(everything.retained) + len(everything.closing)))
}

// writeManifests writes the objects to a folder in which kubectl comes to the Integration and the
// Secret first, and then to the namespace. It returns the folder.
func (t *tenant) writeManifests(everything contents, integration *v1alpha1.Integration) string {
	GinkgoHelper()
	folder := GinkgoT().TempDir()
	write := func(file string, kind string, objects ...client.Object) {
		GinkgoHelper()
		for i, object := range objects {
			manifest, err := json.Marshal(map[string]any{
				"apiVersion": apiVersionOf(kind), "kind": kind,
				"metadata": map[string]string{"name": object.GetName(), "namespace": object.GetNamespace()},
			})
			Expect(err).NotTo(HaveOccurred())
			Expect(os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%d.json", file, i)), manifest, 0o600)).To(Succeed())
		}
	}
	write("a", "Integration", integration)
	write("b", "Secret", t.secret())
	write("c", "Namespace", &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: t.namespace}})
	for _, ticket := range slices.Concat(everything.retained, everything.closing) {
		write("d-"+ticket.Name, "Ticket", ticket)
	}
	for _, comment := range everything.comments {
		write("e-"+comment.Name, "TicketComment", comment)
	}
	for _, note := range everything.notes {
		write("f-"+note.Name, "TicketNote", note)
	}
	for _, attachment := range everything.attachments {
		write("g-"+attachment.Name, "TicketAttachment", attachment)
	}
	return folder
}

func apiVersionOf(kind string) string {
	switch kind {
	case "Secret", "Namespace":
		return "v1"
	}
	return v1alpha1.GroupVersion.String()
}

func (t *tenant) terminating(ctx context.Context) (bool, error) {
	var namespace corev1.Namespace
	err := administrator.Get(ctx, client.ObjectKey{Name: t.namespace}, &namespace)
	return err == nil && !namespace.DeletionTimestamp.IsZero(), client.IgnoreNotFound(err)
}

// abandonments are the notes of the Warning Events about a namespace that say what was left behind.
func abandonments(ctx context.Context, namespace string) ([]string, error) {
	var events eventsv1.EventList
	if err := administrator.List(ctx, &events); err != nil {
		return nil, err
	}
	var notes []string
	for _, event := range events.Items {
		if event.Reason == "Abandoned" && event.Type == corev1.EventTypeWarning && event.Regarding.Kind == "Namespace" && event.Regarding.Name == namespace {
			notes = append(notes, event.Note)
		}
	}
	return notes, nil
}

// startNamespaceController starts the controller that empties namespaces that are being deleted.
func startNamespaceController(ctx context.Context) {
	GinkgoHelper()
	startControlLoop(ctx, "namespace-controller")
}

// startControlLoop starts the real kube-controller-manager with one controller and no other, until
// the end of the spec.
func startControlLoop(ctx context.Context, name string) {
	GinkgoHelper()
	startKubernetesProgram(ctx, "kube-controller-manager", "--kubeconfig="+administratorKubeconfig, "--controllers="+name,
		"--leader-elect=false", "--bind-address=127.0.0.1", "--secure-port=0")
}

// kubectl starts kubectl as an administrator.
func kubectl(ctx context.Context, arguments ...string) *gexec.Session {
	GinkgoHelper()
	return startKubernetesProgram(ctx, "kubectl",
		append([]string{"--kubeconfig=" + administratorKubeconfig, "--cache-dir=" + GinkgoT().TempDir()}, arguments...)...)
}

// startKubernetesProgram starts one of the programs that stand beside kube-apiserver. It is killed
// at the end of the spec if it still runs by then.
func startKubernetesProgram(ctx context.Context, name string, arguments ...string) *gexec.Session {
	GinkgoHelper()
	path := filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), name)
	session, err := gexec.Start(exec.CommandContext(context.WithoutCancel(ctx), path, arguments...), GinkgoWriter, GinkgoWriter) // #nosec G204 -- the folder is the control plane's
	Expect(err).NotTo(HaveOccurred(), "`make test` provides all programs of the control plane")
	DeferCleanup(func() { session.Kill().Wait(stopTimeout) })
	return session
}
