// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package memoryapi_test

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/faultsuite/memoryapi"
)

func TestWhatHasLostItsOwnersIsCollected(t *testing.T) {
	RegisterTestingT(t)
	scheme := runtime.NewScheme()
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	server := memoryapi.NewServer(scheme, time.Now)
	writer := server.NewClient(memoryapi.Hooks{})
	ctx := context.Background()
	create := func(object client.Object, name string, owners ...client.Object) client.Object {
		object.SetNamespace("team")
		object.SetName(name)
		var references []metav1.OwnerReference
		for _, owner := range owners {
			references = append(references, metav1.OwnerReference{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Any", Name: owner.GetName(), UID: owner.GetUID()})
		}
		object.SetOwnerReferences(references)
		Expect(writer.Create(ctx, object)).To(Succeed())
		return object
	}
	exists := func(object client.Object) bool {
		err := writer.Get(ctx, client.ObjectKeyFromObject(object), object)
		Expect(client.IgnoreNotFound(err)).To(Succeed())
		return !apierrors.IsNotFound(err)
	}
	receiver := create(&v1alpha1.AlertReceiver{}, "receiver")
	incident := create(&v1alpha1.Incident{}, "incident", receiver)
	ticket := create(&v1alpha1.Ticket{}, "ticket", incident)
	other := create(&v1alpha1.AlertReceiver{}, "other")
	shared := create(&v1alpha1.Incident{}, "shared", receiver, other)
	free := create(&v1alpha1.Ticket{}, "free")

	server.CollectGarbage()
	for _, object := range []client.Object{receiver, incident, ticket, other, shared, free} {
		Expect(exists(object)).To(BeTrue(), "%s has an owner, or needs none", object.GetName())
	}
	Expect(writer.Delete(ctx, receiver)).To(Succeed())
	server.CollectGarbage()
	Expect(exists(incident)).To(BeFalse())
	Expect(exists(ticket)).To(BeFalse(), "its owner was collected")
	Expect(exists(shared)).To(BeTrue(), "one of its owners is left")
	Expect(exists(free)).To(BeTrue())
}
