// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

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
)

func quotaIsFull() error {
	return apierrors.NewForbidden(schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: "things"}, "thing", errors.New("exceeded quota"))
}

// webhookDenies is the denial of a webhook that gives no code: 400 and no reason.
func webhookDenies() error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: 400, Message: "admission webhook denied the request: exceeded quota"}}
}

func tooLarge() error { return apierrors.NewRequestEntityTooLargeError("exceeded quota of bytes") }

// refusing reconciles once an Incident in a cluster that answers so to creates and patches of
// Tickets and TicketComments.
func refusing(t *testing.T, answer error, incident *v1alpha1.Incident, spec v1alpha1.AlertReceiverSpec, others ...client.Object) (*v1alpha1.Incident, ctrl.Result, error) {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	receiver := &v1alpha1.AlertReceiver{ObjectMeta: metav1.ObjectMeta{Namespace: "payments", Name: "platform"}, Spec: spec}
	builder := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(incident).WithObjects(incident, receiver).WithObjects(others...)
	for _, object := range []client.Object{&v1alpha1.Ticket{}, &v1alpha1.Incident{}} {
		builder = builder.WithIndex(object, IndexReceiver, func(client.Object) []string { return []string{receiver.Name} })
	}
	reader := builder.WithInterceptorFuncs(interceptor.Funcs{
		Create: func(context.Context, client.WithWatch, client.Object, ...client.CreateOption) error { return answer },
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			return answer
		},
	}).Build()
	reconciler := NewReconciler(Options{Client: reader, Recorder: events.NewFakeRecorder(10), Clock: clocktesting.NewFakePassiveClock(noon)})
	key := client.ObjectKeyFromObject(incident)
	result, err := reconciler.Reconcile(t.Context(), ctrl.Request{NamespacedName: key})
	after := &v1alpha1.Incident{}
	if readErr := reader.Get(t.Context(), key, after); apierrors.IsNotFound(readErr) {
		return nil, result, err
	} else if readErr != nil {
		t.Fatal(readErr)
	}
	return after, result, err
}

func incidentWith(alert v1alpha1.AlertStatus, is v1alpha1.IncidentStatus) *v1alpha1.Incident {
	return &v1alpha1.Incident{
		ObjectMeta: metav1.ObjectMeta{Namespace: "payments", Name: "platform-1f0c", UID: "incident", Generation: 3},
		Spec: v1alpha1.IncidentSpec{
			ReceiverRef: v1alpha1.AlertReceiverReference{Name: "platform"},
			Alerts:      []v1alpha1.Alert{{Fingerprint: "a", Status: alert}},
		},
		Status: is,
	}
}

// openTicketOf has a remote ticket that is as its spec asks.
func openTicketOf(incident *v1alpha1.Incident) *v1alpha1.Ticket {
	owner := metav1.NewControllerRef(incident, v1alpha1.GroupVersion.WithKind("Incident"))
	ticket := &v1alpha1.Ticket{ObjectMeta: metav1.ObjectMeta{Namespace: incident.Namespace, Name: ticketName(incident, 1), OwnerReferences: []metav1.OwnerReference{*owner}}}
	ticket.Status.ID = "10023"
	ticket.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue}, {Type: v1alpha1.ConditionSynced, Status: metav1.ConditionTrue}}
	return ticket
}

func TestReadySaysWhatTheAPIServerRefuses(t *testing.T) {
	ticket := v1alpha1.IncidentStatus{Phase: v1alpha1.IncidentFiring, Generation: 1, TicketID: "10023"}
	quiet := ticket
	quiet.ResolvedAt = &metav1.Time{Time: noon.Add(-time.Hour)}
	refreshed := v1alpha1.AlertReceiverSpec{Refresh: []v1alpha1.RefreshedField{"summary"}}
	closing := v1alpha1.AlertReceiverSpec{Resolve: v1alpha1.ResolveSpec{Status: "Done"}}
	for _, answer := range []error{quotaIsFull(), webhookDenies(), tooLarge()} {
		for name, test := range map[string]struct {
			incident *v1alpha1.Incident
			receiver v1alpha1.AlertReceiverSpec
			want     string
		}{
			"the Ticket":     {incidentWith(v1alpha1.AlertFiring, v1alpha1.IncidentStatus{}), v1alpha1.AlertReceiverSpec{}, "cannot be created"},
			"a comment":      {incidentWith(v1alpha1.AlertFiring, ticket), v1alpha1.AlertReceiverSpec{}, "creating the TicketComment"},
			"a refresh":      {incidentWith(v1alpha1.AlertFiring, ticket), refreshed, "refreshing the fields"},
			"the resolution": {incidentWith(v1alpha1.AlertResolved, quiet), closing, "setting the status"},
		} {
			var others []client.Object
			if test.incident.Status.Generation == 1 {
				others = append(others, openTicketOf(test.incident))
			}
			after, result, err := refusing(t, answer, test.incident, test.receiver, others...)
			if err != nil || result.RequeueAfter != heldBackInterval {
				t.Errorf("%s, refused with %q: %+v, %v, want to look again after %s", name, answer, result, err, heldBackInterval)
			}
			ready := meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionReady)
			if ready == nil || ready.Status != metav1.ConditionFalse || ready.Reason != v1alpha1.ReasonWaitingForTicket || !strings.Contains(ready.Message, test.want) || !strings.Contains(ready.Message, "exceeded quota") {
				t.Errorf("%s, refused with %q: Ready is %+v, want the refusal of %q", name, answer, ready, test.want)
			}
			if after.Status.ObservedGeneration != 3 {
				t.Errorf("%s, refused with %q: the generation %d is observed, want 3", name, answer, after.Status.ObservedGeneration)
			}
		}
	}
}

// The comments of an incident may be what fills the quota that refuses the next one.
func TestAnIncidentGoesAfterRetentionAlthoughItsCommentIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		resolvedFor time.Duration
		answer      error
		stays       bool
	}{
		"its time has come":                    {168 * time.Hour, quotaIsFull(), false},
		"its time has not come":                {167 * time.Hour, quotaIsFull(), true},
		"the API server cannot answer for now": {168 * time.Hour, apierrors.NewInternalError(errors.New("no leader")), true},
	} {
		incident := incidentWith(v1alpha1.AlertResolved, v1alpha1.IncidentStatus{
			Phase: v1alpha1.IncidentResolved, Generation: 1, TicketID: "10023", Told: []string{hashOf("a")},
			ResolvedAt: &metav1.Time{Time: noon.Add(-test.resolvedFor)},
		})
		after, _, _ := refusing(t, test.answer, incident, v1alpha1.AlertReceiverSpec{}, openTicketOf(incident))
		if stays := after != nil; stays != test.stays {
			t.Errorf("%s: it stays: %t, want %t", name, stays, test.stays)
		}
	}
}
