// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package shard divides the objects of a cluster between several managers by their labels.
package shard

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"reflect"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Shard is the part of the objects that one manager works on: those whose labels a selector
// matches. The zero value is all of them.
type Shard struct {
	// selector is nil for all objects.
	selector labels.Selector
}

// Parse reads a label selector in the form that kubectl takes. An empty one selects all objects.
func Parse(selector string) (Shard, error) {
	parsed, err := labels.Parse(selector)
	if err != nil {
		return Shard{}, err
	}
	if parsed.Empty() {
		return Shard{}, nil
	}
	return Shard{selector: parsed}, nil
}

// IsWhole reports whether there is only this manager, which works on all objects.
func (s Shard) IsWhole() bool { return s.selector == nil }

func (s Shard) String() string {
	if s.IsWhole() {
		return ""
	}
	return s.selector.String()
}

// Has reports whether an object is in the shard.
func (s Shard) Has(object client.Object) bool {
	return s.IsWhole() || s.selector.Matches(labels.Set(object.GetLabels()))
}

// LeaseName is the name of the lease by which the replicas of this shard elect their leader. Each
// shard has a leader.
func (s Shard) LeaseName(name string) string {
	if s.IsWhole() {
		return name
	}
	sum := sha256.Sum256([]byte(s.selector.String()))
	return name + "-" + hex.EncodeToString(sum[:5])
}

// Cache is the setting by which a cache holds of the kinds of an API group only the objects of the
// shard. Other kinds, such as namespaces, have no part in it.
func (s Shard) Cache(scheme *runtime.Scheme, group schema.GroupVersion) map[client.Object]cache.ByObject {
	if s.IsWhole() {
		return nil
	}
	configured := map[client.Object]cache.ByObject{}
	for kind, goType := range scheme.KnownTypes(group) {
		object, isObject := reflect.New(goType).Interface().(client.Object)
		// The group also has types that Kubernetes has registered in it, such as ListOptions.
		if isObject && scheme.Recognizes(group.WithKind(kind+"List")) {
			configured[object] = cache.ByObject{Label: s.selector}
		}
	}
	return configured
}

// Inherit gives an object that the operator creates, or finds to be its own, the labels by which
// the shards are divided, so that it is in the shard of the object that it comes from. It returns
// the object's labels.
func (s Shard) Inherit(object map[string]string, from client.Object) map[string]string {
	if s.IsWhole() {
		return object
	}
	inherited := maps.Clone(object)
	requirements, _ := s.selector.Requirements()
	for _, requirement := range requirements {
		value, present := from.GetLabels()[requirement.Key()]
		switch {
		case !present:
			delete(inherited, requirement.Key())
		case inherited == nil:
			inherited = map[string]string{requirement.Key(): value}
		default:
			inherited[requirement.Key()] = value
		}
	}
	return inherited
}

// Hint ends a message about an object that does not exist as far as this manager sees. It is empty
// where a manager sees all objects.
func (s Shard) Hint() string {
	if s.IsWhole() {
		return ""
	}
	return fmt.Sprintf(". If it exists: this operator sees only objects whose labels match %q (--watch-label-selector), so both need the same labels", s.selector)
}
