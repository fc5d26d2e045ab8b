// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

var _ = Describe("A custom field that the provider does not list", func() {
	It("is warned of until the provider has it", func(ctx SpecContext) {
		t := newTenant(ctx)
		t.startManager(ctx)
		integration := t.integration()
		t.connect(ctx, integration)
		ticket, other := t.ticket("typo"), t.ticket("fine")
		ticket.Spec.CustomFields = map[string]apiextensionsv1.JSON{"sevrity": {Raw: []byte("2")}}
		create(ctx, ticket, other)
		expectReady(ctx, ticket, other)
		valid := func(ctx context.Context) (*metav1.Condition, error) {
			err := administrator.Get(ctx, client.ObjectKeyFromObject(ticket), ticket)
			return meta.FindStatusCondition(ticket.Status.Conditions, v1alpha1.ConditionValid), err
		}
		Eventually(valid).WithContext(ctx).Should(HaveField("Message", ContainSubstring(`did you mean "severity"?`)))

		By("comparing the Ticket again when a check finds other fields, and no other Ticket")
		Expect(administrator.Get(ctx, client.ObjectKeyFromObject(other), other)).To(Succeed())
		version := other.ResourceVersion
		t.remote.SetRemoteFields([]simulator.RemoteField{{FieldID: "sevrity", FieldScope: "integration_custom", ProviderFieldName: "Sevrity"}})
		Expect(administrator.Get(ctx, client.ObjectKeyFromObject(integration), integration)).To(Succeed())
		edit(ctx, integration, func() {
			metav1.SetMetaDataAnnotation(&integration.ObjectMeta, v1alpha1.SyncRequestedAnnotation, "now")
		})
		Eventually(valid).WithContext(ctx).Should(BeNil())
		expectReady(ctx, ticket)
		Expect(administrator.Get(ctx, client.ObjectKeyFromObject(other), other)).To(Succeed())
		Expect(other.ResourceVersion).To(Equal(version))
	})
})
