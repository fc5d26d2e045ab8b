// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

var _ = Describe("the subcommands that read the cluster", func() {
	It("tells of a Ticket and of what belongs to it", func(ctx SpecContext) {
		newConnection(ctx, "default")
		ticket := &v1alpha1.Ticket{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "checkout-latency"}}
		ticket.Spec.Summary = "p99 above 2s since 10:05 UTC"
		comment := &v1alpha1.TicketComment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "checkout-latency-started"}}
		comment.Spec.TicketRef = &v1alpha1.TicketReference{Name: ticket.Name}
		comment.Spec.Content = "Mitigation started."
		apply(ctx, ticket)
		apply(ctx, comment)

		Expect(run(ctx, "wait", "checkout-latency", "--timeout=2m")).To(ContainSubstring("ticket/checkout-latency is ready (remote ID "))
		Expect(run(ctx, "wait", "tcomment/checkout-latency-started", "--timeout=2m")).To(ContainSubstring("is ready"))
		Expect(administrator.Get(ctx, client.ObjectKeyFromObject(ticket), ticket)).To(Succeed())
		Expect(run(ctx, "open", "checkout-latency")).To(Equal("https://acme.example.com/browse/" + ticket.Status.ID + "\n"))
		Expect(run(ctx, "tree", "ticket/checkout-latency")).To(And(
			MatchRegexp(`Ticket/checkout-latency +`+ticket.Status.ID+` +Ready=True,Synced=True +Synced`),
			MatchRegexp(`└─TicketComment/checkout-latency-started +[0-9]+ +Ready=True +Synced`)))
		Expect(run(ctx, "explain", "checkout-latency")).To(ContainSubstring("ticket/checkout-latency: Ready"))
		Expect(run(ctx, "status")).To(MatchRegexp(`integration/default +True +Connected +1000/s, burst 1000 .* [0-9]+ +0 +0`))
		Expect(run(ctx, "__complete", "tree", "check")).To(HavePrefix("checkout-latency\n"))
	})

	It("tells what is wrong with a Ticket that cannot be created", func(ctx SpecContext) {
		newConnection(ctx, "default")
		ticket := &v1alpha1.Ticket{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "unknown-project"}}
		ticket.Spec.Summary, ticket.Spec.Project = "it is in no project", "OSP"
		apply(ctx, ticket)
		_, errorOutput, err := runAs(ctx, kubeconfig, "wait", "unknown-project", "--timeout=2m")
		Expect(err).To(HaveOccurred(), "a Ticket that no retry helps is not to be waited for")
		Expect(errorOutput).To(ContainSubstring("no retry helps until somebody changes something"))
		Expect(run(ctx, "explain", "unknown-project")).To(And(
			ContainSubstring("Rejected"), ContainSubstring("Correct the spec"), ContainSubstring("Valid is False")))
	})
})
