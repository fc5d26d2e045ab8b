// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"crypto/rand"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("The token", func() {
	It("can be rotated without a restart", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.startManager(ctx)
		integration := t.integration()
		secret := t.secret()
		create[client.Object](ctx, secret, integration)
		edited := t.ticket("edited")
		create(ctx, edited)
		expectReady(ctx, edited)

		By("revoking the token")
		renewed := "canary-" + rand.Text()
		t.secrets = append(t.secrets, renewed)
		t.remote.SetToken(renewed)
		edit(ctx, edited, func() { edited.Spec.Summary = "Edited in between" })
		expectReason(ctx, edited, v1alpha1.ReasonUnauthorized)
		added := t.ticket("added")
		create(ctx, added)
		expectReason(ctx, integration, v1alpha1.ReasonInvalidToken)
		expectReason(ctx, added, v1alpha1.ReasonUnauthorized)

		By("putting another one into the Secret")
		edit(ctx, secret, func() { secret.StringData = map[string]string{"token": renewed} })
		expectReady(ctx, integration)
		expectReady(ctx, edited, added)
		t.expectOneRemoteTicketEach(edited, added)
		Expect(t.remote.Tickets()[0]).To(HaveField("Summary", "Edited in between"))
	})

	It("is not shown, whoever sends it back", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.startManager(ctx, "--zap-log-level=10")
		integration := t.integration()
		t.connect(ctx, integration)
		ticket := t.ticket("ticket")
		create(ctx, ticket)
		expectReady(ctx, ticket)

		By("refusing requests with messages that repeat the token")
		echo := "the header was Authorization: Bearer " + t.token
		t.remote.Inject(simulator.Fault{Operation: "CreateTicket", Status: 400, Message: echo})
		t.remote.Inject(simulator.Fault{Operation: "CreateComment", Status: 400, Body: []byte("<html>" + echo), ContentType: "text/html"})
		t.remote.Inject(simulator.Fault{Operation: "CreateNote", Body: []byte(`{"result": "` + echo), AfterCommit: true})
		t.remote.Inject(simulator.Fault{Operation: "PatchTicket", Status: 503, Message: echo})
		t.remote.Inject(simulator.Fault{Operation: "ListNotes", Status: 500, Message: echo})
		refused, comment, note := t.ticket("refused"), t.comment("comment", ticket.Name), t.note("note", ticket.Name)
		create[client.Object](ctx, refused, comment, note)
		edit(ctx, ticket, func() { ticket.Spec.Summary = "Another" })
		Expect(expectReason(ctx, refused, v1alpha1.ReasonRejected)).To(ContainSubstring("the header was Authorization: Bearer"))
		expectReason(ctx, comment, v1alpha1.ReasonCreateUnconfirmed) // A page proves nothing.
		expectReason(ctx, note, v1alpha1.ReasonCreateUnconfirmed)
		expectReason(ctx, ticket, v1alpha1.ReasonRemoteUnavailable)
		t.remote.Inject(simulator.Fault{Operation: "ListProjects", Status: 401, Message: echo})
		edit(ctx, integration, func() { integration.Spec.Defaults = &v1alpha1.TicketDefaults{Project: "OPS"} })
		expectReason(ctx, integration, v1alpha1.ReasonInvalidToken)

		By("putting a token that is none into another Secret")
		malformed := t.secret()
		malformed.Name, malformed.StringData["token"] = "malformed", "two words: "+t.token
		other := t.integration()
		other.Name, other.Spec.TokenSecretRef.Name = "other", malformed.Name
		create[client.Object](ctx, malformed, other)
		expectReason(ctx, other, v1alpha1.ReasonInvalidToken)

		Eventually(t.eventReasons).WithContext(ctx).Should(ContainElements(
			v1alpha1.ReasonRejected, v1alpha1.ReasonCreateUnconfirmed, v1alpha1.ReasonRemoteUnavailable, v1alpha1.ReasonInvalidToken))
		t.expectTokensUnseen(ctx)
	})
})
