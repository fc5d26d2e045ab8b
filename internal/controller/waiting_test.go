// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

var _ = Describe("What is applied together", func() {
	It("in the worst order becomes Ready without a Warning", func() {
		w := newWorldWithoutIntegration()
		comment, ticket, integration := w.comment("child", "parent"), w.ticket("parent"), w.integration()
		w.create(comment)
		w.reconcile(comment)
		w.create(ticket)
		w.reconcile(ticket)
		w.create(integration)
		w.reconcile(integration)
		expectNotReady(integration, v1alpha1.ReasonSecretNotFound)
		w.reconcile(ticket)
		w.create(w.secret(canaryToken))
		w.clock.Step(10 * time.Second)
		w.reconcile(integration)
		w.reconcile(ticket)
		w.reconcile(comment)
		expectReady(comment)
		news := strings.Join(w.news(), "\n")
		Expect(news).To(ContainSubstring("Normal WaitingForTicket"))
		Expect(news).To(ContainSubstring("Normal WaitingForIntegration"))
		Expect(news).To(ContainSubstring("Normal SecretNotFound"))
		Expect(news).NotTo(ContainSubstring("Warning"))
	})

	It("and waits for more than a minute gets one Warning, which a restart does not repeat", func() {
		w := newWorldWithoutIntegration()
		comment, ticket, integration := w.comment("child", "typo"), w.ticket("parent"), w.integration()
		w.create(comment, ticket, integration)
		w.reconcile(integration)
		Expect(w.reconcile(comment).RequeueAfter).To(Equal(time.Minute))
		w.reconcile(ticket)
		Expect(strings.Join(w.news(), "\n")).NotTo(ContainSubstring("Warning"))

		w.clock.Step(time.Minute)
		w.reconcile(integration)
		Expect(w.reconcile(comment).RequeueAfter).To(BeZero(), "from here on the watch alone wakes it")
		w.reconcile(ticket)
		expectNotReady(comment, v1alpha1.ReasonWaitingForTicket, `Ticket "typo" does not exist`, "(for more than a minute)")
		news := strings.Join(w.news(), "\n")
		Expect(news).To(And(ContainSubstring("Warning SecretNotFound"), ContainSubstring("Warning WaitingForTicket"), ContainSubstring("Warning WaitingForIntegration")))
		Expect(strings.Count(news, "Warning")).To(Equal(3), news)

		w.restart()
		w.clock.Step(time.Hour)
		w.reconcile(integration)
		w.reconcile(comment)
		w.reconcile(ticket)
		Expect(w.news()).To(BeEmpty())
	})
})
