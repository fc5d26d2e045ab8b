// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/lister"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
)

var _ = Describe("Objects of the cache", func() {
	// The names of the indexes and of their values are controller-runtime's own, and nothing else
	// would say that they have changed.
	DescribeTable("that have a value of an index are those of a list, and no copies",
		func(ctx SpecContext, index string, valueOf func(*v1alpha1.Ticket) string) {
			w := newWorld()
			ticket := w.created(w.ticket("one"))
			w.created(w.ticket("other"))
			w.refresh(ticket)
			value, cached := valueOf(ticket), testCluster.GetClient()
			for _, namespace := range []string{w.namespace, ""} {
				var list v1alpha1.TicketList
				Expect(cached.List(ctx, &list, client.InNamespace(namespace), client.MatchingFields{index: value})).To(Succeed())
				Expect(list.Items).To(ContainElement(HaveField("UID", ticket.UID)))
				first, second := visited(ctx, cached, namespace, index, value), visited(ctx, cached, namespace, index, value)
				Expect(first).To(HaveLen(len(list.Items)))
				for i := range list.Items {
					Expect(first).To(HaveKey(list.Items[i].UID))
					Expect(first[list.Items[i].UID]).To(BeIdenticalTo(second[list.Items[i].UID]), "a copy")
				}
			}
			Expect(visited(ctx, cached, w.namespace, index, "nothing has it")).To(BeEmpty())
			Expect(visited(ctx, cached, "no-such-namespace", index, value)).To(BeEmpty())
		},
		Entry("its create key", remote.IndexCreateKey, func(t *v1alpha1.Ticket) string {
			return remote.Bucket(t.Annotations[v1alpha1.CreateKeyAnnotation])
		}),
		Entry("its Integration", remote.IndexIntegration, func(*v1alpha1.Ticket) string { return "default" }),
	)
})

// visited are the Tickets with a value of an index, as EachMatching shows them.
func visited(ctx context.Context, reader client.Reader, namespace, index, value string) map[types.UID]*v1alpha1.Ticket {
	GinkgoHelper()
	tickets := map[types.UID]*v1alpha1.Ticket{}
	Expect(lister.EachMatching(ctx, reader, &v1alpha1.TicketList{}, namespace, index, value, func(ticket *v1alpha1.Ticket) {
		tickets[ticket.UID] = ticket
	})).To(Succeed())
	return tickets
}
