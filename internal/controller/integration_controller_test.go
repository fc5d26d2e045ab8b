// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("An Integration", func() {
	var w *world
	var integration *v1alpha1.Integration
	BeforeEach(func() {
		w = newWorldWithoutIntegration()
		integration = w.integration()
	})

	It("is Ready when the provider answers, and shows what it offers", func() {
		w.create(w.secret(canaryToken), integration)
		result := w.reconcile(integration)
		expectReady(integration)
		Expect(condition(integration, "Ready").Reason).To(Equal(v1alpha1.ReasonConnected))
		Expect(integration.Status.ProjectCount).To(BeEquivalentTo(3))
		Expect(integration.Status.Projects[0]).To(Equal(v1alpha1.Project{ID: "OPS", Name: "Operations"}))
		Expect(integration.Status.RemoteFieldCount).To(BeNumerically(">", 0))
		Expect(integration.Status.LastProbeTime).NotTo(BeNil())
		Expect(result.RequeueAfter).To(BeNumerically(">=", 5*time.Minute))
	})

	It("asks again each pollInterval, and writes only when something has changed", func() {
		w.create(w.secret(canaryToken), integration)
		result := w.reconcile(integration)
		version := integration.ResourceVersion
		w.reconcile(integration)
		w.simulator.ForgetRequests()
		w.reconcile(integration)
		Expect(w.sent()).To(BeEmpty())
		w.clock.Step(result.RequeueAfter)
		w.reconcile(integration)
		Expect(w.sent()).To(Equal([]string{"ListProjects 200"}))
		Expect(integration.ResourceVersion).To(Equal(version))
	})

	It("reads the fields again from time to time, and when it is asked to", func() {
		w.create(w.secret(canaryToken), integration)
		w.reconcile(integration)
		both := []string{"ListProjects 200", "ListRemoteFields 200"}
		Expect(w.sent()).To(Equal(both))

		w.simulator.ForgetRequests()
		w.clock.Step(17 * time.Minute)
		w.reconcile(integration)
		Expect(w.sent()).To(Equal(both))

		w.simulator.ForgetRequests()
		annotate(w, integration, v1alpha1.SyncRequestedAnnotation, "now")
		w.reconcile(integration)
		Expect(w.sent()).To(Equal(both))
		Expect(integration.Status.RemoteFieldCount).To(BeNumerically(">", 0))
	})

	It("counts all projects and lists at most 100", func() {
		var projects []simulator.Project
		for i := range 130 {
			projects = append(projects, simulator.Project{ID: fmt.Sprintf("P%03d", i), Name: "a project"})
		}
		many := simulator.New(simulator.Options{Token: canaryToken, Projects: projects})
		w.server.Config.Handler = many
		w.create(w.secret(canaryToken), integration)
		w.reconcile(integration)
		expectReady(integration)
		Expect(integration.Status.ProjectCount).To(BeEquivalentTo(130))
		Expect(integration.Status.Projects).To(HaveLen(100))
	})

	It("is Ready with a provider that has neither projects nor fields", func() {
		w.simulator.SetBehaviour(simulator.Behaviour{Unsupported: []string{"ListProjects", "ListRemoteFields"}})
		w.create(w.secret(canaryToken), integration)
		w.reconcile(integration)
		expectReady(integration)
	})

	Describe("without its Secret", func() {
		It("says so, shows it on what waits, and goes on by itself when the Secret comes", func() {
			ticket := w.ticket("waiting")
			w.create(integration, ticket)
			w.reconcile(ticket)
			expectNotReady(ticket, v1alpha1.ReasonWaitingForIntegration, "has not been checked yet")
			result := w.reconcile(integration)
			expectNotReady(integration, v1alpha1.ReasonSecretNotFound, `Secret "synqly-token" does not exist`)
			Expect(result.RequeueAfter).To(BeNumerically("<=", 10*time.Second))
			Expect(w.reconcile(ticket).RequeueAfter).To(BeNumerically("~", time.Minute, time.Second), "only the Integration looks for the Secret")
			expectNotReady(ticket, v1alpha1.ReasonWaitingForIntegration, `"synqly-token" does not exist`)

			w.create(w.secret(canaryToken))
			w.reconcile(integration)
			expectReady(integration)
			w.reconcile(ticket)
			expectReady(ticket)
		})

		It("names the key that the Secret lacks", func() {
			secret := w.secret("")
			secret.StringData = map[string]string{"other": "value"}
			w.create(secret, integration)
			w.reconcile(integration)
			expectNotReady(integration, v1alpha1.ReasonSecretNotFound, `no key "token"`)
		})
	})

	for status, reason := range map[int]string{401: v1alpha1.ReasonInvalidToken, 403: v1alpha1.ReasonInvalidToken, 402: v1alpha1.ReasonOrganizationDisabled} {
		It(fmt.Sprintf("is %s after a %d, and so is Unauthorized what waits for it", reason, status), func() {
			w.simulator.Inject(simulator.Fault{Status: status, Message: "refused by the API"})
			ticket := w.ticket("waiting")
			w.create(w.secret(canaryToken), integration, ticket)
			w.reconcile(integration)
			expectNotReady(integration, reason, "refused by the API")
			w.simulator.ForgetRequests()
			w.reconcile(ticket)
			expectNotReady(ticket, v1alpha1.ReasonUnauthorized, "refused by the API")
			Expect(w.sent()).To(BeEmpty())
		})
	}

	It("notices within seconds that a refused token was replaced, and does not try the old one again before", func() {
		w.create(w.secret("wrong-"+canaryToken), integration)
		w.reconcile(integration)
		expectNotReady(integration, v1alpha1.ReasonInvalidToken)
		w.simulator.ForgetRequests()
		w.clock.Step(10 * time.Second)
		result := w.reconcile(integration)
		Expect(w.sent()).To(BeEmpty())
		Expect(result.RequeueAfter).To(BeNumerically("<=", 10*time.Second))

		edit(w, w.secret(""), func(s *corev1.Secret) { s.StringData = map[string]string{"token": canaryToken} })
		w.reconcile(integration)
		expectReady(integration)
	})

	It("lets an object that was refused with a rotated token go on without a restart", func() {
		w.create(w.secret(canaryToken), integration)
		w.reconcile(integration)
		ticket := w.ticket("rotated")
		w.create(ticket)
		w.simulator.SetToken("new-" + canaryToken)
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonUnauthorized)
		Expect(w.options.Connections.Rechecks()).To(Receive())

		edit(w, w.secret(""), func(s *corev1.Secret) { s.StringData = map[string]string{"token": "new-" + canaryToken} })
		w.reconcile(integration)
		expectReady(integration)
		w.reconcile(ticket)
		expectReady(ticket)
	})

	It("is Unreachable while nobody answers at its baseURL, and so waits what needs it", func() {
		integration.Spec.BaseURL = "http://127.0.0.1:1"
		ticket := w.ticket("waiting")
		w.create(w.secret(canaryToken), integration, ticket)
		result := w.reconcile(integration)
		expectNotReady(integration, v1alpha1.ReasonUnreachable, "127.0.0.1:1")
		Expect(result.RequeueAfter).To(BeNumerically(">", 0))
		version := integration.ResourceVersion
		w.clock.Step(result.RequeueAfter)
		w.reconcile(integration)
		Expect(integration.ResourceVersion).To(Equal(version), "the same failure is written once")
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonWaitingForIntegration, "127.0.0.1:1")
	})

	It("is Throttled after a 429, for as long as Retry-After says", func() {
		w.simulator.Inject(simulator.Fault{Status: 429, RetryAfter: "40", Times: 1})
		w.create(w.secret(canaryToken), integration)
		result := w.reconcile(integration)
		expectNotReady(integration, v1alpha1.ReasonThrottled)
		Expect(result.RequeueAfter).To(Equal(40 * time.Second))
		w.clock.Step(39 * time.Second)
		w.simulator.ForgetRequests()
		w.reconcile(integration)
		Expect(w.sent()).To(BeEmpty())
		w.clock.Step(time.Second)
		w.reconcile(integration)
		expectReady(integration)
	})

	It("is Unreachable after a 503, and is not checked before Retry-After has passed", func() {
		w.simulator.Inject(simulator.Fault{Status: 503, RetryAfter: "40", Times: 1})
		w.create(w.secret(canaryToken), integration)
		result := w.reconcile(integration)
		expectNotReady(integration, v1alpha1.ReasonUnreachable, "503")
		Expect(result.RequeueAfter).To(Equal(40 * time.Second))
		w.clock.Step(39 * time.Second)
		w.simulator.ForgetRequests()
		w.reconcile(integration)
		Expect(w.sent()).To(BeEmpty())
		expectNotReady(integration, v1alpha1.ReasonUnreachable, "503")
		w.clock.Step(time.Second)
		w.reconcile(integration)
		expectReady(integration)
	})

	It("opens its connection anew in a process that has just started, before or after its objects", func() {
		w.create(w.secret(canaryToken), integration)
		w.reconcile(integration)
		ticket := w.created(w.ticket("after-restart"))
		w.start()
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Summary = "changed" })
		w.reconcile(ticket)
		Expect(w.sent()).To(Equal([]string{"GetTicket 200", "PatchTicket 200"}), "the process before may have sent the update")
		expectReady(ticket)
	})

	It("writes nothing after a restart with everything in sync", func() {
		w.create(w.secret(canaryToken), integration)
		w.reconcile(integration)
		ticket := w.created(w.ticket("in-sync"))
		w.start()
		written := w.writes.count.Load()
		w.reconcile(integration)
		w.reconcile(ticket)
		Expect(w.writes.count.Load()).To(Equal(written))
	})

	It("is left alone while it is paused", func() {
		integration.Annotations = map[string]string{v1alpha1.PausedAnnotation: "true"}
		w.create(w.secret(canaryToken), integration)
		w.reconcile(integration)
		Expect(condition(integration, "Ready").Status).To(Equal(metav1.ConditionUnknown))
		Expect(condition(integration, "Ready").Reason).To(Equal(v1alpha1.ReasonPaused))
		Expect(w.sent()).To(BeEmpty())
	})

	It("is deleted at once when nothing needs it for a removal", func() {
		w.create(w.secret(canaryToken), integration)
		w.reconcile(integration)
		Expect(integration.Finalizers).To(Equal([]string{v1alpha1.InUseFinalizer}))
		w.created(w.ticket("retained"))
		w.delete(integration)
		w.reconcileAway(integration)
		w.expectGone(integration)
	})

	It("takes no new work while it is being deleted", func() {
		w.create(w.secret(canaryToken), integration)
		w.reconcile(integration)
		w.created(w.ticket("closing", func(s *v1alpha1.TicketSpec) {
			s.DeletionPolicy, s.Close = v1alpha1.TicketClose, &v1alpha1.TicketCloseSpec{Status: "Done"}
		}))
		w.delete(integration)
		w.reconcile(integration)
		late := w.ticket("late")
		w.create(late)
		w.reconcile(late)
		expectNotReady(late, v1alpha1.ReasonWaitingForIntegration, "is being deleted")
		Expect(w.sent()).To(BeEmpty())
	})

	DescribeTable("does not wait for an object that has nothing to remove any more",
		func(change func(*v1alpha1.Ticket)) {
			w.create(w.secret(canaryToken), integration)
			w.reconcile(integration)
			ticket := w.created(w.ticket("closing", func(s *v1alpha1.TicketSpec) {
				s.DeletionPolicy, s.Close = v1alpha1.TicketClose, &v1alpha1.TicketCloseSpec{Status: "Done"}
			}))
			w.delete(integration)
			w.reconcile(integration)
			Expect(condition(integration, "Ready").Message).To(ContainSubstring(`waits for the remote objects of Ticket "closing"`))

			edit(w, ticket, change)
			Expect(ticket.Finalizers).To(ContainElement(v1alpha1.RemoteFinalizer))
			w.reconcileAway(integration)
			w.expectGone(integration)
		},
		Entry("because its deletionPolicy was changed", func(t *v1alpha1.Ticket) { t.Spec.DeletionPolicy, t.Spec.Close = v1alpha1.TicketRetain, nil }),
		Entry("because it was orphaned", func(t *v1alpha1.Ticket) {
			metav1.SetMetaDataAnnotation(&t.ObjectMeta, v1alpha1.OrphanAnnotation, "true")
		}),
	)

	It("says whether the provider keeps the tags by which tickets are found again", func() {
		w.create(w.secret(canaryToken), integration)
		w.reconcile(integration)
		Expect(integration.Status.MarkerTags).To(BeEmpty())
		w.created(w.ticket("kept"))
		Expect(w.options.Connections.Rechecks()).To(Receive())
		w.reconcile(integration)
		Expect(integration.Status.MarkerTags).To(Equal(v1alpha1.MarkerTagsKept))

		w.simulator.SetBehaviour(simulator.Behaviour{DropTags: true})
		w.created(w.ticket("dropped"))
		w.news()
		w.reconcile(integration)
		Expect(integration.Status.MarkerTags).To(Equal(v1alpha1.MarkerTagsDropped))
		Expect(w.news()).To(ContainElement(HavePrefix("Warning TagsDropped")))
	})
})
