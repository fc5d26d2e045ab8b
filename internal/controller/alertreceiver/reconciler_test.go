// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alertreceiver

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/incident"
)

// A quota of Tickets that is full, while incidents wait, does not hide how the receiver is.
func TestTheStatusIsWrittenAlthoughTheCollectingTicketIsRefused(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(scheme), corev1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	quotaIsFull := apierrors.NewForbidden(schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: "tickets"}, "platform-waiting-1", errors.New("exceeded quota"))
	for _, answer := range []error{quotaIsFull, apierrors.NewInternalError(errors.New("no leader"))} {
		receiver := &v1alpha1.AlertReceiver{ObjectMeta: metav1.ObjectMeta{Namespace: "payments", Name: "platform", Generation: 3}}
		receiver.Spec.TokenSecretRef.Name = "token"
		waiting := incidentOf(v1alpha1.IncidentWaiting, 5)
		waiting.Namespace, waiting.Name = "payments", "platform-1f0c"
		builder := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(receiver).WithObjects(receiver, waiting)
		for _, object := range []client.Object{&v1alpha1.Ticket{}, &v1alpha1.Incident{}} {
			builder = builder.WithIndex(object, incident.IndexReceiver, func(client.Object) []string { return []string{receiver.Name} })
		}
		cluster := builder.WithInterceptorFuncs(interceptor.Funcs{
			Create: func(context.Context, client.WithWatch, client.Object, ...client.CreateOption) error { return answer },
		}).Build()
		reconciler := NewReconciler(Options{Client: cluster, Secrets: cluster, Recorder: events.NewFakeRecorder(10), Clock: clocktesting.NewFakePassiveClock(noon)})

		result, err := reconciler.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(receiver)})
		if refused := errors.Is(answer, quotaIsFull); refused != (err == nil) || refused != (result.RequeueAfter > 0) {
			t.Errorf("%q: %+v, %v, want to look for the Secret again where people have to act, and else to try again", answer, result, err)
		}
		after := &v1alpha1.AlertReceiver{}
		if err := cluster.Get(t.Context(), client.ObjectKeyFromObject(receiver), after); err != nil {
			t.Fatal(err)
		}
		ready := meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Reason != v1alpha1.ReasonSecretNotFound || after.Status.ObservedGeneration != 3 {
			t.Errorf("%q: Ready is %+v, want that the Secret does not exist", answer, ready)
		}
	}
}
