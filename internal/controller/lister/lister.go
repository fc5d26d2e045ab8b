// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package lister goes through the objects of a cache without copying them.
//
// A list of controller-runtime's cached client copies the struct of each object into the list, even
// where the objects themselves are not copied. For 100,000 Tickets these are more than 80 MB, each
// time that an Integration is polled or the metrics are read; and each reconcile looks for other
// objects with the same key among the few dozen that share a value of an index.
package lister

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Each calls visit with each object of a kind that the cache has. The objects are the cache's own
// and must not be changed. What this process has written just now may not be among them yet.
//
// A reader that does not come from Informers is asked for a list.
func Each[O client.Object](ctx context.Context, reader client.Reader, list client.ObjectList, visit func(O)) error {
	if cached, ok := reader.(*cachedClient); ok {
		return cached.each(ctx, list, func(object any) {
			if object, is := object.(O); is {
				visit(object)
			}
		})
	}
	if err := reader.List(ctx, list, client.UnsafeDisableDeepCopy, client.DisableReadYourWritesConsistency); err != nil {
		return err
	}
	return EachItem(list, visit)
}

// EachMatching calls visit as Each does, with each object of a namespace or, where that is empty,
// of all of them, that has a value of an index. What this process has written is among them, as it
// is in a list, unless an option says otherwise.
func EachMatching[O client.Object](ctx context.Context, reader client.Reader, list client.ObjectList, namespace, index, value string, visit func(O), options ...client.ListOption) error {
	options = append([]client.ListOption{client.InNamespace(namespace), client.MatchingFields{index: value}, client.UnsafeDisableDeepCopy}, options...)
	if cached, ok := reader.(*cachedClient); ok {
		// The list waits until the cache shows what was written.
		if err := reader.List(ctx, list, slices.Concat(options, []client.ListOption{client.Limit(1)})...); err != nil || meta.LenList(list) == 0 {
			return err
		}
		objects, err := cached.matching(list, namespace, index, value)
		if err != nil {
			return err
		}
		for _, object := range objects {
			if object, is := object.(O); is {
				visit(object)
			}
		}
		if len(objects) > 0 {
			return nil
		}
	}
	if err := reader.List(ctx, list, options...); err != nil {
		return err
	}
	return EachItem(list, visit)
}

// EachItem calls visit with each object of a list that is of a type.
func EachItem[O client.Object](list client.ObjectList, visit func(O)) error {
	return meta.EachListItem(list, func(item runtime.Object) error {
		if object, is := item.(O); is {
			visit(object)
		}
		return nil
	})
}

// Informers are the informers of one cache. The zero value is ready to use.
type Informers struct {
	mu sync.Mutex
	// ofType has, by the type of their objects, one informer for each namespace that is watched by
	// itself, or one for all.
	ofType map[reflect.Type][]toolscache.SharedIndexInformer
}

// NewInformer makes an informer as the cache does by itself, and keeps it. It is the NewInformer of
// cache.Options.
func (i *Informers) NewInformer(source toolscache.ListerWatcher, object runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
	informer := toolscache.NewSharedIndexInformer(source, object, resync, indexers)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.ofType == nil {
		i.ofType = map[reflect.Type][]toolscache.SharedIndexInformer{}
	}
	i.ofType[reflect.TypeOf(object)] = append(i.ofType[reflect.TypeOf(object)], informer)
	return informer
}

// NewClient makes a client as the manager does by itself, with which Each does not copy anything.
// It is the NewClient of manager.Options.
func (i *Informers) NewClient(config *rest.Config, options client.Options) (client.Client, error) {
	made, err := client.New(config, options)
	if err != nil || options.Cache == nil {
		return made, err
	}
	filled, ok := options.Cache.Reader.(cache.Informers)
	if !ok {
		return made, nil
	}
	return &cachedClient{Client: made, informers: i, filled: filled}, nil
}

func (i *Informers) of(objects reflect.Type) []toolscache.SharedIndexInformer {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.ofType[objects]
}

// cachedClient is a client that knows the informers behind its cache.
type cachedClient struct {
	client.Client
	informers *Informers
	filled    interface {
		// GetInformer waits until the cache is filled with the objects of a type.
		GetInformer(ctx context.Context, object client.Object, options ...cache.InformerGetOption) (cache.Informer, error)
	}
}

func (c *cachedClient) each(ctx context.Context, list client.ObjectList, visit func(any)) error {
	example, err := itemOf(list)
	if err != nil {
		return err
	}
	if _, err := c.filled.GetInformer(ctx, example); err != nil {
		return err
	}
	for _, informer := range c.informers.of(reflect.TypeOf(example)) {
		for _, object := range informer.GetStore().List() {
			visit(object)
		}
	}
	return nil
}

// matching are the objects with a value of an index, as the cache of controller-runtime keeps it:
// under the name of the field, and once for each namespace and once for all.
func (c *cachedClient) matching(list client.ObjectList, namespace, index, value string) ([]any, error) {
	example, err := itemOf(list)
	if err != nil {
		return nil, err
	}
	if namespace == "" {
		namespace = "__all_namespaces"
	}
	var found []any
	for _, informer := range c.informers.of(reflect.TypeOf(example)) {
		objects, err := informer.GetIndexer().ByIndex("field:"+index, namespace+"/"+value)
		if err != nil {
			return nil, err
		}
		found = append(found, objects...)
	}
	return found, nil
}

// itemOf is an object of the kind that a list has.
func itemOf(list client.ObjectList) (client.Object, error) {
	items, err := meta.GetItemsPtr(list)
	if err != nil {
		return nil, err
	}
	item, ok := reflect.New(reflect.TypeOf(items).Elem().Elem()).Interface().(client.Object)
	if !ok {
		return nil, fmt.Errorf("%T is not a list of objects", list)
	}
	return item, nil
}
