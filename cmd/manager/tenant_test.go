// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

const (
	integrationName = v1alpha1.DefaultIntegrationName
	secretName      = "synqly-token"
)

// tenant is a namespace with a ticketing system of its own.
type tenant struct {
	namespace string
	remote    *simulator.Server
	// entrance is what the ticketing system's requests come through.
	entrance *gate
	url      string
	// token is what the ticketing system accepts at first.
	token string
	// secrets must not be shown anywhere.
	secrets []string

	managers []*managerProcess

	begun    time.Time
	listener *httptest.Server
}

// newTenant makes a namespace and a ticketing system, and ends them at the end of the spec, when
// its managers have ended.
func newTenant(ctx SpecContext) *tenant {
	GinkgoHelper()
	t := makeTenant(ctx)
	DeferCleanup(t.end)
	return t
}

// makeTenant is newTenant for those who call end themselves.
func makeTenant(ctx context.Context) *tenant {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "tenant-"}}
	Expect(administrator.Create(ctx, namespace)).To(Succeed())
	t := &tenant{namespace: namespace.Name, token: "canary-" + rand.Text(), begun: time.Now()}
	t.secrets = []string{t.token, operatorToken}
	t.remote = simulator.New(simulator.Options{Token: t.token, Seed: uint64(GinkgoRandomSeed())})
	t.entrance = &gate{api: t.remote}
	t.listener = httptest.NewServer(t.entrance)
	t.url = t.listener.URL
	return t
}

// end checks what must hold in every spec: the API server has denied the operator nothing, and no
// token is to be seen.
func (t *tenant) end(ctx SpecContext) {
	GinkgoHelper()
	t.remote.Close()
	t.listener.Close()
	defer t.removeObjects(ctx)
	t.expectTokensUnseen(ctx)
	Expect(operatorRequests.deniedSince(t.begun)).To(BeEmpty(), "the roles of config/rbac should suffice")
}

// startManager starts a manager that works in this namespace alone.
func (t *tenant) startManager(ctx context.Context, flags ...string) *managerProcess {
	GinkgoHelper()
	m := startManager(ctx, append([]string{"--watch-namespaces=" + t.namespace}, flags...)...)
	t.managers = append(t.managers, m)
	return m
}

// The objects of a namespace, not yet created.

func (t *tenant) named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: t.namespace, Name: name}
}

func (t *tenant) secret() *corev1.Secret {
	return &corev1.Secret{ObjectMeta: t.named(secretName), StringData: map[string]string{"token": t.token}}
}

// integration is the connection to the ticketing system, without a rate limit to speak of and with
// the shortest settle period.
func (t *tenant) integration() *v1alpha1.Integration {
	return &v1alpha1.Integration{ObjectMeta: t.named(integrationName), Spec: v1alpha1.IntegrationSpec{
		BaseURL:        t.url,
		TokenSecretRef: v1alpha1.SecretKeyReference{Name: secretName},
		RateLimit:      &v1alpha1.RateLimit{RequestsPerSecond: 1000, Burst: 1000},
		RequestTimeout: &metav1.Duration{Duration: 10 * time.Second},
		SettlePeriod:   &metav1.Duration{Duration: time.Second},
	}}
}

func (t *tenant) ticket(name string) *v1alpha1.Ticket {
	return &v1alpha1.Ticket{ObjectMeta: t.named(name), Spec: v1alpha1.TicketSpec{Summary: "The summary of " + name}}
}

func (t *tenant) comment(name, ticket string) *v1alpha1.TicketComment {
	return &v1alpha1.TicketComment{ObjectMeta: t.named(name), Spec: v1alpha1.TicketCommentSpec{
		ParentReference: v1alpha1.ParentReference{TicketRef: &v1alpha1.TicketReference{Name: ticket}},
		Content:         "The content of " + name,
	}}
}

func (t *tenant) note(name, ticket string) *v1alpha1.TicketNote {
	return &v1alpha1.TicketNote{ObjectMeta: t.named(name), Spec: v1alpha1.TicketNoteSpec{
		ParentReference: v1alpha1.ParentReference{TicketRef: &v1alpha1.TicketReference{Name: ticket}},
		Title:           "The title of " + name,
		Content:         "The content of " + name,
	}}
}

// create creates objects, as kubectl apply does.
func create[O client.Object](ctx context.Context, objects ...O) {
	GinkgoHelper()
	for _, object := range objects {
		Expect(administrator.Create(ctx, object)).To(Succeed())
	}
}

// connect creates the Secret and the Integration, and waits until it is connected.
func (t *tenant) connect(ctx SpecContext, integration *v1alpha1.Integration) {
	GinkgoHelper()
	create[client.Object](ctx, t.secret(), integration)
	expectReady(ctx, integration)
}

// edit changes the spec of an object, as a person does.
func edit[O client.Object](ctx context.Context, object O, change func()) {
	GinkgoHelper()
	before := object.DeepCopyObject().(O)
	change()
	Expect(administrator.Patch(ctx, object, client.MergeFrom(before))).To(Succeed())
}

// readyCondition reads the object and returns its Ready condition, or an empty one when there is
// none yet for what the spec says now.
func readyCondition(ctx context.Context, object client.Object) (metav1.Condition, error) {
	if err := administrator.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
		return metav1.Condition{}, err
	}
	ready := meta.FindStatusCondition(conditions(object), v1alpha1.ConditionReady)
	if ready == nil || ready.ObservedGeneration != object.GetGeneration() {
		return metav1.Condition{}, nil
	}
	return *ready, nil
}

func conditions(object client.Object) []metav1.Condition {
	switch object := object.(type) {
	case *v1alpha1.Integration:
		return object.Status.Conditions
	case *v1alpha1.ClusterIntegration:
		return object.Status.Conditions
	case *v1alpha1.Ticket:
		return object.Status.Conditions
	case *v1alpha1.TicketComment:
		return object.Status.Conditions
	case *v1alpha1.TicketNote:
		return object.Status.Conditions
	case *v1alpha1.TicketAttachment:
		return object.Status.Conditions
	case *v1alpha1.TicketQuery:
		return object.Status.Conditions
	case *v1alpha1.AlertReceiver:
		return object.Status.Conditions
	case *v1alpha1.Incident:
		return object.Status.Conditions
	}
	return nil
}

func beReady() gomegatypes.GomegaMatcher { return HaveField("Status", metav1.ConditionTrue) }

// expectReady waits until each of the objects is Ready for its latest spec. The objects hold their
// latest state then.
func expectReady[O client.Object](ctx SpecContext, objects ...O) {
	GinkgoHelper()
	for _, object := range objects {
		Eventually(readyCondition).WithContext(ctx).WithArguments(object).Should(beReady(), "%T %s", object, object.GetName())
	}
}

// expectReason waits until the object is not Ready for this reason, and returns the message.
func expectReason(ctx SpecContext, object client.Object, reason string) string {
	GinkgoHelper()
	Eventually(readyCondition).WithContext(ctx).WithArguments(object).Should(
		And(HaveField("Reason", reason), HaveField("Status", metav1.ConditionFalse)), "%T %s", object, object.GetName())
	return meta.FindStatusCondition(conditions(object), v1alpha1.ConditionReady).Message
}

// expectGone waits until the object does not exist any more.
func expectGone(ctx SpecContext, object client.Object) {
	GinkgoHelper()
	Eventually(func(ctx context.Context) bool {
		return apierrors.IsNotFound(administrator.Get(ctx, client.ObjectKeyFromObject(object), object))
	}).WithContext(ctx).Should(BeTrue(), "%T %s should be gone", object, object.GetName())
}

// expectOneRemoteTicketEach expects the ticketing system to have one ticket for each of the
// objects, which are as the API server has them, and no other.
func (t *tenant) expectOneRemoteTicketEach(tickets ...*v1alpha1.Ticket) {
	GinkgoHelper()
	want := map[string]string{}
	for _, ticket := range tickets {
		want[ticket.Status.ID] = ticket.Name
	}
	got := map[string]string{}
	for _, ticket := range t.remote.Tickets() {
		got[ticket.ID] = ticket.Name
	}
	Expect(got).To(Equal(want), "remote tickets, by ID")
	Expect(got).To(HaveLen(len(tickets)), "no two objects should stand for the same ticket")
}

// expectTokensUnseen expects no token in any log line, Event or object.
func (t *tenant) expectTokensUnseen(ctx SpecContext) {
	GinkgoHelper()
	places := map[string]string{}
	for i, m := range t.managers {
		places[fmt.Sprintf("the log of manager %d", i+1)] = m.log()
	}
	for _, list := range append(t.lists(), &eventsv1.EventList{}) {
		Expect(administrator.List(ctx, list, client.InNamespace(t.namespace))).To(Succeed())
		shown, err := json.Marshal(list)
		Expect(err).NotTo(HaveOccurred())
		places[fmt.Sprintf("%T", list)] = string(shown)
	}
	for place, text := range places {
		for _, secret := range t.secrets {
			// The matchers' messages would show the token, in the one test that must not.
			if strings.Contains(text, secret) {
				Fail("a token is to be seen in " + place)
			}
		}
	}
}

// eventReasons are the reasons of the Events in the namespace.
func (t *tenant) eventReasons(ctx context.Context) ([]string, error) {
	var events eventsv1.EventList
	if err := administrator.List(ctx, &events, client.InNamespace(t.namespace)); err != nil {
		return nil, err
	}
	reasons := make([]string, len(events.Items))
	for i := range events.Items {
		reasons[i] = events.Items[i].Reason
	}
	return reasons, nil
}

func (t *tenant) lists() []client.ObjectList {
	return []client.ObjectList{
		&v1alpha1.AlertReceiverList{}, &v1alpha1.IncidentList{}, &v1alpha1.TicketQueryList{},
		&v1alpha1.TicketCommentList{}, &v1alpha1.TicketNoteList{}, &v1alpha1.TicketAttachmentList{}, &v1alpha1.TicketList{}, &v1alpha1.IntegrationList{},
	}
}

// removeObjects deletes the objects without a manager, so that managers of later specs find nothing
// of this one.
func (t *tenant) removeObjects(ctx SpecContext) {
	GinkgoHelper()
	for _, kind := range []client.Object{
		&v1alpha1.AlertReceiver{}, &v1alpha1.Incident{}, &v1alpha1.TicketQuery{}, &v1alpha1.TicketComment{}, &v1alpha1.TicketNote{}, &v1alpha1.TicketAttachment{}, &v1alpha1.Ticket{}, &v1alpha1.Integration{},
	} {
		Expect(administrator.DeleteAllOf(ctx, kind, client.InNamespace(t.namespace))).To(Succeed())
	}
	var remaining []client.Object
	for _, list := range t.lists() {
		Expect(administrator.List(ctx, list, client.InNamespace(t.namespace))).To(Succeed())
		Expect(meta.EachListItem(list, func(item runtime.Object) error {
			remaining = append(remaining, item.(client.Object))
			return nil
		})).To(Succeed())
	}
	atOnce(remaining, func(object client.Object) {
		withoutFinalizers := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
		Expect(client.IgnoreNotFound(administrator.Patch(ctx, object, withoutFinalizers))).To(Succeed())
	})
}

// atOnce does something for each of the subjects, for several at once.
func atOnce[S any](subjects []S, do func(S)) {
	GinkgoHelper()
	var done atomic.Int32
	var group sync.WaitGroup
	slots := make(chan struct{}, 16)
	for _, each := range subjects {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			defer GinkgoRecover()
			do(each)
			done.Add(1)
		})
	}
	group.Wait()
	Expect(done.Load()).To(BeEquivalentTo(len(subjects)), "what has failed for some is said above")
}
