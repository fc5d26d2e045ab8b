// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package ticket

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/providermetadata"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// indexedTickets are Tickets in a cache with the index of what their specs adopt.
type indexedTickets struct {
	client.Reader // nil: nothing but List may be called
	tickets       []*v1alpha1.Ticket
	err           error
}

func (r *indexedTickets) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	if r.err != nil {
		return r.err
	}
	var asked client.ListOptions
	asked.ApplyOptions(options)
	tickets := list.(*v1alpha1.TicketList)
	for _, ticket := range r.tickets {
		for _, value := range remote.RemoteIDIndex(adoptedIDs(ticket)) {
			if ticket.Namespace == asked.Namespace && asked.FieldSelector.String() == remote.IndexAdoptID+"="+value {
				tickets.Items = append(tickets.Items, *ticket)
			}
		}
	}
	return nil
}

// claimant is a Ticket of the namespace shop and the Integration default that stands for one remote
// ticket and whose spec names one; either may be empty.
func claimant(name, id, adopts string) *v1alpha1.Ticket {
	ticket := &v1alpha1.Ticket{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID("uid of " + name)}}
	ticket.Spec.TicketID = adopts
	if id != "" {
		ticket.Status.ID, ticket.Status.Integration = id, "default"
	}
	return ticket
}

func inNamespace(namespace string, ticket *v1alpha1.Ticket) *v1alpha1.Ticket {
	ticket.Namespace = namespace
	return ticket
}

func ofIntegration(integration string, ticket *v1alpha1.Ticket) *v1alpha1.Ticket {
	ticket.Spec.IntegrationRef.Name = integration
	return ticket
}

func TestRivalsAreWoken(t *testing.T) {
	cached := []*v1alpha1.Ticket{
		claimant("has 1", "1", "1"),
		claimant("wants 1", "", "1"),
		claimant("wants 1 too", "", "1"),
		claimant("created 2", "2", ""),
		claimant("wants 2", "", "2"),
		inNamespace("other", claimant("wants 1", "", "1")),
		ofIntegration("other", claimant("wants 1 elsewhere", "", "1")),
	}
	for name, test := range map[string]struct {
		changed client.Object
		err     error
		want    []string
	}{
		"one that has what others want":          {claimant("has 1", "1", "1"), nil, []string{"wants 1", "wants 1 too"}},
		"one that created what another wants":    {claimant("created 2", "2", ""), nil, []string{"wants 2"}},
		"one that wants what another has":        {claimant("wants 1", "", "1"), nil, []string{"has 1", "wants 1 too"}},
		"one that wants what another created":    {claimant("wants 2", "", "2"), nil, nil},
		"one that nobody competes with":          {claimant("has 3", "3", "3"), nil, nil},
		"one that has nothing and wants nothing": {claimant("new", "", ""), nil, nil},
		"one of another namespace":               {inNamespace("third", claimant("has 1", "1", "1")), nil, nil},
		"one of another Integration":             {ofIntegration("third", claimant("wants 1", "", "1")), nil, nil},
		"one that has another than it wants":     {claimant("both", "1", "2"), nil, []string{"has 1", "wants 1", "wants 1 too", "wants 2"}},
		"one made anew under the name of a rival": {func() *v1alpha1.Ticket {
			anew := claimant("has 1", "", "1")
			anew.UID = "another"
			return anew
		}(), nil, []string{"has 1", "wants 1", "wants 1 too"}},
		"no Ticket":                  {&v1alpha1.TicketNote{}, nil, nil},
		"one while the cache is odd": {claimant("has 1", "1", "1"), errors.New("no such index"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			waker := enqueueRivals(&indexedTickets{tickets: cached, err: test.err})
			for kind, happen := range map[string]func(workqueue.TypedRateLimitingInterface[reconcile.Request]){
				"created": func(q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
					waker.Create(t.Context(), event.CreateEvent{Object: test.changed}, q)
				},
				"deleted": func(q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
					waker.Delete(t.Context(), event.DeleteEvent{Object: test.changed}, q)
				},
			} {
				var got []string
				for _, request := range queuedBy(happen) {
					got = append(got, request.Name)
				}
				slices.Sort(got)
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("%s: woken (-want +got):\n%s", kind, diff)
				}
			}
		})
	}
}

// queuedBy are the requests that an event puts into the queue.
func queuedBy(happen func(workqueue.TypedRateLimitingInterface[reconcile.Request])) []ctrl.Request {
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer queue.ShutDown()
	happen(queue)
	var requests []ctrl.Request
	for queue.Len() > 0 {
		request, _ := queue.Get()
		queue.Done(request)
		requests = append(requests, request)
	}
	return requests
}

// listedTickets are Tickets in a cache.
type listedTickets struct {
	client.Reader // nil: nothing but List may be called
	tickets       []v1alpha1.Ticket
	err           error
}

func (r *listedTickets) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	var asked client.ListOptions
	asked.ApplyOptions(options)
	for i := range r.tickets {
		if asked.Namespace == "" || r.tickets[i].Namespace == asked.Namespace {
			list.(*v1alpha1.TicketList).Items = append(list.(*v1alpha1.TicketList).Items, r.tickets[i])
		}
	}
	return r.err
}

// Of many Tickets that are in sync, few are wrong about what a provider has.
func TestNewProjectsAndFieldsWakeTheTicketsThatTheyMakeADifferenceTo(t *testing.T) {
	inProject := func(project string, ticket *v1alpha1.Ticket) v1alpha1.Ticket {
		ticket.Spec.Project = project
		return *ticket
	}
	warned := func(ticket v1alpha1.Ticket) v1alpha1.Ticket {
		ticket.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionValid, Status: metav1.ConditionFalse}}
		return ticket
	}
	cached := &listedTickets{tickets: []v1alpha1.Ticket{
		inProject("OPS", claimant("fits", "1", "")),
		inProject("OSP", claimant("does not fit", "", "")),
		warned(inProject("OPS", claimant("said that it does not fit", "3", ""))),
		warned(inProject("OSP", claimant("still does not fit", "", ""))),
		inProject("OSP", ofIntegration("other", claimant("elsewhere", "", ""))),
		inProject("OSP", inNamespace("other", claimant("of another namespace", "", ""))),
	}}
	integration := &v1alpha1.Integration{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "default"}}
	integration.Spec.BaseURL = "https://api.example.com"
	connections := connection.New(connection.Options{Secrets: anySecret{}})
	open, err := connections.Open(t.Context(), integration)
	if err != nil {
		t.Fatal(err)
	}
	projects := providermetadata.NewProjects()
	projects.Add(synqly.Page[synqly.Project]{Items: []synqly.Project{{ID: "OPS"}}})
	connections.SetMetadata(open, providermetadata.New(projects, providermetadata.NewFields(time.Time{})))

	woken := func() []string {
		var names []string
		for _, request := range queuedBy(func(q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueueMisjudged(cached, connections).Generic(t.Context(), <-connections.MetadataChanges(), q)
		}) {
			names = append(names, request.Name)
		}
		slices.Sort(names)
		return names
	}
	if diff := cmp.Diff([]string{"does not fit", "said that it does not fit", "still does not fit"}, woken()); diff != "" {
		t.Errorf("woken (-want +got):\n%s", diff)
	}
	cached.err = errors.New("the cache is odd")
	connections.SetMetadata(open, providermetadata.New(providermetadata.NewProjects(), providermetadata.NewFields(time.Time{})))
	if got := woken(); len(got) > 0 {
		t.Errorf("woken %v by a list that failed", got)
	}
}

// anySecret has a token in every Secret.
type anySecret struct{ client.Reader }

func (anySecret) Get(_ context.Context, _ client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	object.(*corev1.Secret).Data = map[string][]byte{v1alpha1.DefaultTokenKey: []byte("token")}
	return nil
}

func TestWhatAnUpdateMustChangeToWakeRivals(t *testing.T) {
	for name, test := range map[string]struct {
		before, after client.Object
		want          bool
	}{
		"nothing":                      {claimant("t", "1", "1"), claimant("t", "1", "1"), false},
		"the ID":                       {claimant("t", "", "1"), claimant("t", "1", "1"), true},
		"the ID, which was let go":     {claimant("t", "1", ""), claimant("t", "", ""), true},
		"ticketID":                     {claimant("t", "", ""), claimant("t", "", "1"), true},
		"another field of the spec":    {claimant("t", "1", ""), ofIntegration("other", claimant("t", "1", "")), false},
		"something that is no Ticket":  {&v1alpha1.TicketNote{}, &v1alpha1.TicketNote{}, false},
		"something that was no Ticket": {&v1alpha1.TicketNote{}, claimant("t", "1", ""), false},
	} {
		if got := changesOfClaims.Update(event.UpdateEvent{ObjectOld: test.before, ObjectNew: test.after}); got != test.want {
			t.Errorf("%s: %t, want %t", name, got, test.want)
		}
	}
	ticket := claimant("t", "1", "")
	if !changesOfClaims.Create(event.CreateEvent{Object: ticket}) || !changesOfClaims.Delete(event.DeleteEvent{Object: ticket}) {
		t.Error("a Ticket that comes or goes must wake its rivals")
	}
	if changesOfClaims.Generic(event.GenericEvent{Object: ticket}) {
		t.Error("what changes no Ticket must not wake its rivals")
	}
}
