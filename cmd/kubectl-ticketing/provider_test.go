// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("the subcommands that ask the provider", func() {
	It("lists projects and fields", func(ctx SpecContext) {
		newConnection(ctx, "default")
		Expect(run(ctx, "projects", "--allow-insecure-http")).To(ContainSubstring("OPS   Operations"))
		Expect(run(ctx, "fields", "--project=OPS", "--allow-insecure-http")).To(MatchRegexp(`severity_OPS +Severity +number +OPS`))
	})

	It("lists and downloads attachments", func(ctx SpecContext) {
		newConnection(ctx, "default")
		id := simulated.AddTicket(simulator.Ticket{Name: "with a file", Summary: "with a file", Project: "DEV"}).ID
		remote, err := synqly.NewClient(synqly.Options{Token: token, Transport: simulated.Transport()})
		Expect(err).NotTo(HaveOccurred())
		_, err = remote.CreateAttachment(ctx, id, synqly.CreateAttachmentRequest{FileName: "heap.txt", Content: []byte("heap")})
		Expect(err).NotTo(HaveOccurred())
		adopting := &v1alpha1.Ticket{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "heap"}}
		adopting.Spec.Summary, adopting.Spec.TicketID = "with a file", id
		apply(ctx, adopting)
		run(ctx, "wait", "heap", "--timeout=2m")

		Expect(run(ctx, "attachments", "list", "heap", "--allow-insecure-http")).To(ContainSubstring("heap.txt"))
		folder := GinkgoT().TempDir()
		run(ctx, "attachments", "get", "heap", "heap.txt", "--allow-insecure-http", "--to="+folder)
		Expect(os.ReadFile(filepath.Join(folder, "heap.txt"))).To(BeEquivalentTo("heap"))
	})

	It("names the right that is missing", func(ctx SpecContext) {
		newConnection(ctx, "default")
		viewer := newUser(ctx, "viewer", rbacv1.PolicyRule{
			APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"integrations", "tickets"}, Verbs: []string{"get", "list"},
		})
		_, errorOutput, err := runAs(ctx, viewer, "import")
		Expect(err).To(HaveOccurred())
		Expect(errorOutput).To(ContainSubstring("you need the right to get this Secret (check it with: kubectl auth can-i get secret/default -n default)"))

		output, errorOutput, err := runAs(ctx, viewer, "tree", "nobody")
		Expect(err).To(HaveOccurred(), output)
		Expect(errorOutput).To(ContainSubstring("not found"))
	})

	It("imports 300 tickets, and applying them writes nothing remotely", func(ctx SpecContext) {
		const count = 300
		newConnection(ctx, "imported")
		for i := range count {
			simulated.AddTicket(exampleTicket(i))
		}
		writes := remoteWrites()
		folder := filepath.Join(GinkgoT().TempDir(), "tickets")
		_, report, err := runAs(ctx, kubeconfig, "import", "--integration=imported", "--allow-insecure-http", "--filter=project[eq]SEC", "--directory="+folder,
			"--fields=name,description,priority,project,issueType,dueDate,tags,status,assignee,contact,creator,completionDate,customFields")
		Expect(err).NotTo(HaveOccurred(), report)
		Expect(report).To(ContainSubstring("300 tickets read, 300 manifests written in 3 files"))

		for _, ticket := range readManifests(folder) {
			ticket.SetNamespace(namespace)
			Expect(administrator.Create(ctx, ticket, client.FieldValidation(metav1.FieldValidationStrict))).To(Succeed())
		}
		Eventually(importedTickets).WithContext(ctx).Should(HaveLen(count))
		Eventually(func(ctx context.Context) (notInSync []string, err error) {
			tickets, err := importedTickets(ctx)
			for _, ticket := range tickets {
				if !meta.IsStatusConditionTrue(ticket.Status.Conditions, v1alpha1.ConditionReady) || len(ticket.Status.Drift) > 0 {
					notInSync = append(notInSync, fmt.Sprintf("%s: %v", ticket.Name, ticket.Status.Conditions))
				}
			}
			return notInSync, err
		}).WithContext(ctx).Should(BeEmpty())
		Expect(remoteWrites()).To(Equal(writes), "an import that is applied is to write nothing remotely")

		_, report, err = runAs(ctx, kubeconfig, "import", "--integration=imported", "--allow-insecure-http", "--filter=project[eq]SEC")
		Expect(err).To(HaveOccurred(), "there is nothing left to import")
		Expect(report).To(MatchRegexp(`300 tickets, for example [0-9]+: left out, a Ticket of the namespace stands for it already`))
	})
})

// newUser makes a user with rights in the namespace, and returns the path of a kubeconfig.
func newUser(ctx context.Context, name string, rules ...rbacv1.PolicyRule) string {
	GinkgoHelper()
	user, err := controlPlane.AddUser(envtest.User{Name: name}, nil)
	Expect(err).NotTo(HaveOccurred())
	content, err := user.KubeConfig()
	Expect(err).NotTo(HaveOccurred())
	path := filepath.Join(GinkgoT().TempDir(), "kubeconfig")
	Expect(os.WriteFile(path, content, 0o600)).To(Succeed())

	object := metav1.ObjectMeta{Namespace: namespace, Name: name}
	apply(ctx, &rbacv1.Role{ObjectMeta: object, Rules: rules})
	apply(ctx, &rbacv1.RoleBinding{
		ObjectMeta: object, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name}},
	})
	return path
}

// exampleTicket is a ticket with all fields, whose texts are not easy to write as YAML.
func exampleTicket(i int) simulator.Ticket {
	due := time.Date(2026, 12, 1, 9, 30, i%60, 123_000_000, time.FixedZone("", 3600))
	return simulator.Ticket{
		Name: fmt.Sprintf("imported %d", i), Summary: fmt.Sprintf("summary: %d # no comment", i),
		Description: fmt.Sprintf("line %d\r\n\r\n- a list\n  with **bold** \n\u0085\t\"quoted\"\n\n", i), Priority: "MEDIUM", Status: "To Do",
		Project: "SEC", IssueType: "Task", Assignee: "jane@example.com", Contact: "yes", Creator: "1e3", DueDate: &due,
		Tags: []string{"team:checkout", "no"}, CustomFields: map[string]any{"region": "eu", "severity": i, "nested": map[string]any{"a": []any{1.5, nil}}},
	}
}

// remoteWrites counts the requests that write, but for those of comments, which the other specs
// make.
func remoteWrites() int {
	counts := simulated.RequestCounts()
	return counts["CreateTicket"] + counts["PatchTicket"]
}

func importedTickets(ctx context.Context) ([]v1alpha1.Ticket, error) {
	var list v1alpha1.TicketList
	err := administrator.List(ctx, &list, client.InNamespace(namespace))
	var imported []v1alpha1.Ticket
	for _, ticket := range list.Items {
		if ticket.Spec.IntegrationRef.Name == "imported" {
			imported = append(imported, ticket)
		}
	}
	return imported, err
}

func readManifests(folder string) []*unstructured.Unstructured {
	GinkgoHelper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	Expect(err).NotTo(HaveOccurred())
	var objects []*unstructured.Unstructured
	for _, path := range paths {
		file, err := os.Open(path)
		Expect(err).NotTo(HaveOccurred())
		decoder := yaml.NewYAMLOrJSONDecoder(file, 4096)
		for {
			object := &unstructured.Unstructured{}
			err := decoder.Decode(&object.Object)
			if errors.Is(err, io.EOF) {
				break
			}
			Expect(err).NotTo(HaveOccurred(), path)
			objects = append(objects, object)
		}
		Expect(file.Close()).To(Succeed())
	}
	return objects
}
