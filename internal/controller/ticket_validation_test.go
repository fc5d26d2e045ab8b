// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"encoding/json"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("A Ticket that does not fit what the provider has", func() {
	var w *world
	BeforeEach(func() { w = newWorld() })

	inProject := func(project string) func(*v1alpha1.TicketSpec) {
		return func(spec *v1alpha1.TicketSpec) { spec.Project = project }
	}
	withField := func(name, value string) func(*v1alpha1.TicketSpec) {
		return func(spec *v1alpha1.TicketSpec) {
			spec.CustomFields = map[string]apiextensionsv1.JSON{name: {Raw: []byte(value)}}
		}
	}
	expectInvalid := func(ticket *v1alpha1.Ticket, reason string, parts ...string) {
		GinkgoHelper()
		expectCondition(ticket, v1alpha1.ConditionValid, metav1.ConditionFalse, reason)
		for _, part := range parts {
			Expect(condition(ticket, v1alpha1.ConditionValid).Message).To(ContainSubstring(part))
		}
	}
	expectNothingSaid := func(ticket *v1alpha1.Ticket) {
		GinkgoHelper()
		Expect(condition(ticket, v1alpha1.ConditionValid)).To(BeNil())
	}
	// has gives the provider other fields, as the next check that reads them finds them.
	has := func(fields ...simulator.RemoteField) *v1alpha1.Integration {
		GinkgoHelper()
		w.simulator.SetRemoteFields(fields)
		w.clock.Step(time.Hour)
		return w.reconcileIntegration()
	}
	suggestsOperations := `project "OSP" is none of the 3 that the provider has (DEV (Development), OPS (Operations), SEC (Security)); did you mean "OPS" (Operations)?`

	It("says so before the request is sent, beside a refusal, and no longer when it is corrected", func() {
		ticket := w.ticket("osp", inProject("OSP"))
		w.create(ticket)
		var sentAtTheWrite []int
		w.writes.before = func(client.Object) error {
			sentAtTheWrite = append(sentAtTheWrite, len(w.simulator.Requests()))
			return nil
		}
		w.reconcile(ticket)
		w.writes.before = nil
		Expect(sentAtTheWrite).To(Equal([]int{0, 0, 1}), "the warning, the intent, and what came of it")
		expectInvalid(ticket, v1alpha1.ReasonUnknownProject, suggestsOperations)
		expectNotReady(ticket, v1alpha1.ReasonRejected, `project is "OSP", and there is no such project`, "; this may be why: "+suggestsOperations)
		w.expectInSync(ticket)

		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Project = "ops" })
		w.reconcile(ticket)
		expectNothingSaid(ticket)
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Project = "OPS" })
		w.reconcile(ticket)
		expectReady(ticket)
		expectNothingSaid(ticket)
	})

	It("has said so when the manager ends before the answer", func() {
		ticket := w.ticket("osp", inProject("OSP"))
		w.create(ticket)
		w.writes.before = func(client.Object) error {
			if len(w.simulator.Requests()) > 0 {
				return fmt.Errorf("the connection to the API server is lost")
			}
			return nil
		}
		_, err := w.tryReconcile(ticket)
		Expect(err).To(HaveOccurred())
		w.refresh(ticket)
		expectInvalid(ticket, v1alpha1.ReasonUnknownProject)
		Expect(condition(ticket, v1alpha1.ConditionReady)).To(BeNil())
	})

	It("is Ready all the same where the provider takes it", func() {
		ticket := w.created(w.ticket("typo", withField("sevrity", "2")))
		expectInvalid(ticket, v1alpha1.ReasonUnknownField, `"sevrity"`, `did you mean "severity"?`)
		remote, _ := w.simulator.Ticket(ticket.Status.ID)
		Expect(remote.CustomFields).To(HaveKeyWithValue("sevrity", BeEquivalentTo(2)))
		w.expectInSync(ticket)

		edit(w, ticket, func(t *v1alpha1.Ticket) { withField("severity", `"2"`)(&t.Spec) })
		w.reconcile(ticket)
		expectInvalid(ticket, v1alpha1.ReasonInvalidValue, "a value of the type string; it has to be a number")
		edit(w, ticket, func(t *v1alpha1.Ticket) { withField("severity", `2`)(&t.Spec) })
		w.reconcile(ticket)
		expectReady(ticket)
		expectNothingSaid(ticket)
	})

	It("is told of the project that the Integration gives it, until it is created", func() {
		edit(w, &v1alpha1.Integration{ObjectMeta: w.named("default")}, func(i *v1alpha1.Integration) {
			i.Spec.Defaults = &v1alpha1.TicketDefaults{Project: "OSP"}
		})
		w.reconcileIntegration()
		ticket := w.ticket("by-default")
		w.create(ticket)
		w.reconcile(ticket)
		expectInvalid(ticket, v1alpha1.ReasonUnknownProject, suggestsOperations)
		expectNotReady(ticket, v1alpha1.ReasonRejected, "; this may be why: ")
	})

	It("is not blamed for a refusal of other fields", func() {
		ticket := w.created(w.ticket("typo", withField("sevrity", "2")))
		w.simulator.Inject(simulator.Fault{Operation: "PatchTicket", Status: 422, Message: "no such transition"})
		edit(w, ticket, func(t *v1alpha1.Ticket) { t.Spec.Status = "Done" })
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonRejected, "no such transition")
		Expect(condition(ticket, v1alpha1.ConditionReady).Message).NotTo(ContainSubstring("this may be why"))
	})

	It("is compared again when the provider has other fields", func() {
		typo, fine := w.created(w.ticket("typo", withField("sevrity", "2"))), w.created(w.ticket("fine", withField("severity", "2")))
		Expect(w.options.Connections.MetadataChanges()).To(Receive())
		has(simulator.RemoteField{FieldID: "field_1", FieldScope: "integration_custom", ProviderFieldName: "Sevrity"})
		Expect(w.options.Connections.MetadataChanges()).To(Receive())
		w.reconcile(typo)
		expectNothingSaid(typo)
		w.reconcile(fine)
		expectInvalid(fine, v1alpha1.ReasonUnknownField, "the custom fields are field_1")

		w.clock.Step(time.Hour)
		w.reconcileIntegration()
		Expect(w.options.Connections.MetadataChanges()).NotTo(Receive(), "nothing is new")
	})

	It("is sent once more after a refusal when the provider has what it names", func() {
		ticket := w.ticket("early", withField("sevrity", "2"))
		w.create(ticket)
		remove := w.simulator.Inject(simulator.Fault{Operation: "CreateTicket", Status: 422, Message: "there is no such field"})
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonRejected, "there is no such field", "; this may be why: customFields has")
		w.expectInSync(ticket)
		remove()

		has(simulator.RemoteField{FieldID: "field_1", FieldScope: "integration_custom", ProviderFieldName: "Sevrity"})
		w.reconcile(ticket)
		expectReady(ticket)
		expectNothingSaid(ticket)
	})

	It("keeps what was said over a restart, after which nothing is known until the Integration is checked", func() {
		said, fine := w.created(w.ticket("typo", withField("sevrity", "2"))), w.created(w.ticket("fine"))
		w.start()
		w.expectInSync(said)
		w.expectInSync(fine)
		expectInvalid(said, v1alpha1.ReasonUnknownField)
		unknown := w.created(w.ticket("another-typo", withField("sevrity", "2")))
		expectNothingSaid(unknown)

		edit(w, said, func(t *v1alpha1.Ticket) { withField("severity", "2")(&t.Spec) })
		w.reconcile(said)
		expectNothingSaid(said)

		w.reconcileIntegration()
		Expect(w.options.Connections.MetadataChanges()).To(Receive())
		w.reconcile(unknown)
		expectInvalid(unknown, v1alpha1.ReasonUnknownField)
		w.expectInSync(fine)
	})

	It("is not compared where nothing is written", func() {
		made := w.created(w.ticket("made"))
		observed := w.ticket("observed", withField("sevrity", "2"), func(spec *v1alpha1.TicketSpec) {
			spec.TicketID, spec.ManagementPolicy = made.Status.ID, v1alpha1.ManagementObserve
		})
		w.delete(made)
		w.expectGone(made)
		w.create(observed)
		w.reconcile(observed)
		expectNothingSaid(observed)
	})

	It("is not told of a provider that its namespace may not use", func() {
		integration := &v1alpha1.ClusterIntegration{
			ObjectMeta: metav1.ObjectMeta{Name: "shared-" + w.namespace},
			Spec: v1alpha1.ClusterIntegrationSpec{
				IntegrationSpec:   w.integration().Spec,
				NamespaceSelector: v1alpha1.NamespaceSelector{MatchLabels: map[string]string{"example.com/team": w.namespace}},
			},
		}
		w.create(integration)
		w.reconcile(integration)
		expectReady(integration)
		ticket := w.ticket("elsewhere", inProject("OSP"), func(spec *v1alpha1.TicketSpec) {
			spec.IntegrationRef = v1alpha1.IntegrationReference{Kind: v1alpha1.IntegrationKindCluster, Name: integration.Name}
		})
		w.create(ticket)
		w.reconcile(ticket)
		expectNotReady(ticket, v1alpha1.ReasonWaitingForIntegration, "does not admit")
		expectNothingSaid(ticket)

		edit(w, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}, func(n *corev1.Namespace) {
			n.Labels["example.com/team"] = w.namespace
		})
		w.reconcile(ticket)
		expectInvalid(ticket, v1alpha1.ReasonUnknownProject, suggestsOperations)
	})

	It("is compared with 10,000 fields, of which the Integration shows the number alone", func() {
		var many []simulator.RemoteField
		for i := range 10_000 {
			many = append(many, simulator.RemoteField{FieldID: fmt.Sprintf("customfield_%05d", i), FieldScope: "integration_custom", ProviderFieldName: fmt.Sprintf("The field %d", i)})
		}
		integration := has(many...)
		expectReady(integration)
		Expect(integration.Status.RemoteFieldCount).To(BeEquivalentTo(10_000))
		Expect(json.Marshal(integration.Status)).NotTo(ContainSubstring("customfield_"))
		expectNothingSaid(w.created(w.ticket("fine", withField("customfield_09999", "2"))))
		ticket := w.created(w.ticket("typo", withField("custmfield_05000", "2")))
		expectInvalid(ticket, v1alpha1.ReasonUnknownField, "and 9990 more", `did you mean "customfield_05000"?`)
		Expect(len(condition(ticket, v1alpha1.ConditionValid).Message)).To(BeNumerically("<", 1024))
	})
})
