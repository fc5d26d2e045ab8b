// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lister

import (
	"context"
	"reflect"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	cachetesting "k8s.io/client-go/tools/cache/testing"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache/informertest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

func newTicket(namespace, name string) *v1alpha1.Ticket {
	return &v1alpha1.Ticket{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(namespace + "-" + name)}}
}

// filledCache waits, as the cache of a manager does, until the informers are filled.
type filledCache struct {
	informers []toolscache.SharedIndexInformer
}

func (c filledCache) GetInformer(ctx context.Context, _ client.Object, _ ...cache.InformerGetOption) (cache.Informer, error) {
	for _, informer := range c.informers {
		if !toolscache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			return nil, ctx.Err()
		}
	}
	return c.informers[0], nil
}

// cachedReader is a client whose cache has an informer for each of the groups of objects.
func cachedReader(t *testing.T, groups ...[]*v1alpha1.Ticket) *cachedClient {
	t.Helper()
	informers := &Informers{}
	var filled filledCache
	for _, group := range groups {
		source := cachetesting.NewFakeControllerSource()
		t.Cleanup(source.Shutdown)
		for _, ticket := range group {
			source.Add(ticket.DeepCopy()) // It numbers what it is given.
		}
		informer := informers.NewInformer(source, &v1alpha1.Ticket{}, 0, toolscache.Indexers{toolscache.NamespaceIndex: toolscache.MetaNamespaceIndexFunc})
		go informer.RunWithContext(t.Context())
		filled.informers = append(filled.informers, informer)
	}
	// Of another kind: nothing of it may be visited.
	informers.NewInformer(cachetesting.NewFakeControllerSource(), &v1alpha1.TicketNote{}, 0, nil)
	return &cachedClient{informers: informers, filled: filled}
}

// visited are the names of the Tickets that Each visits.
func visited(t *testing.T, reader client.Reader) []string {
	t.Helper()
	var names []string
	err := Each(t.Context(), reader, &v1alpha1.TicketList{}, func(ticket *v1alpha1.Ticket) {
		names = append(names, ticket.Namespace+"/"+ticket.Name)
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

func TestEachObjectIsVisitedAsAListShowsIt(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	payment, checkout := []*v1alpha1.Ticket{newTicket("payment", "a"), newTicket("payment", "b")}, []*v1alpha1.Ticket{newTicket("checkout", "a")}
	builder := fake.NewClientBuilder().WithScheme(scheme)
	for _, ticket := range slices.Concat(payment, checkout) {
		builder.WithObjects(ticket.DeepCopy())
	}
	for name, reader := range map[string]client.Reader{
		"one cache for all namespaces": cachedReader(t, slices.Concat(payment, checkout)),
		"a cache for each namespace":   cachedReader(t, payment, checkout),
		"a client without a cache":     builder.Build(),
	} {
		t.Run(name, func(t *testing.T) {
			if got, want := visited(t, reader), []string{"checkout/a", "payment/a", "payment/b"}; !slices.Equal(got, want) {
				t.Errorf("visited %v, want %v", got, want)
			}
		})
	}
}

func TestObjectsOfTheCacheAreNotCopied(t *testing.T) {
	reader := cachedReader(t, []*v1alpha1.Ticket{newTicket("payment", "a")})
	visits := 0
	err := Each(t.Context(), reader, &v1alpha1.TicketList{}, func(ticket *v1alpha1.Ticket) {
		visits++
		kept, _, err := reader.informers.ofType[reflect.TypeOf(ticket)][0].GetStore().Get(ticket)
		if err != nil {
			t.Fatal(err)
		}
		if kept != any(ticket) {
			t.Error("the Ticket is a copy of the cache's")
		}
	})
	if err != nil || visits != 1 {
		t.Errorf("%d visits (error %v), want 1", visits, err)
	}
}

func TestTheManagersClientGoesThroughItsCache(t *testing.T) {
	made, err := new(Informers).NewClient(&rest.Config{}, client.Options{Cache: &client.CacheOptions{Reader: &informertest.FakeInformers{}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := made.(*cachedClient); !ok {
		t.Errorf("the client is a %T, whose lists are copies", made)
	}
}

func TestNothingIsVisitedBeforeTheCacheIsFilled(t *testing.T) {
	informers := &Informers{}
	empty := informers.NewInformer(cachetesting.NewFakeControllerSource(), &v1alpha1.Ticket{}, 0, toolscache.Indexers{})
	reader := &cachedClient{informers: informers, filled: filledCache{[]toolscache.SharedIndexInformer{empty}}}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Each(ended, reader, &v1alpha1.TicketList{}, func(*v1alpha1.Ticket) {}); err == nil {
		t.Error("no error of a cache that was never filled")
	}
}
