// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"maps"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

func parsed(t *testing.T, selector string) Shard {
	t.Helper()
	shard, err := Parse(selector)
	if err != nil {
		t.Fatalf("%q: %v", selector, err)
	}
	return shard
}

func TestWithoutASelectorThereIsOneShard(t *testing.T) {
	for _, selector := range []string{"", " "} {
		whole := parsed(t, selector)
		own := map[string]string{"a": "b"}
		if !whole.IsWhole() || whole.Hint() != "" || whole.LeaseName("operator") != "operator" || whole.Cache(runtime.NewScheme(), v1alpha1.GroupVersion) != nil {
			t.Errorf("%q: %+v", selector, whole)
		}
		if got := whole.Inherit(own, &v1alpha1.Ticket{}); !maps.Equal(got, own) {
			t.Errorf("%q: inherited %v", selector, got)
		}
	}
}

func TestWhatIsNoSelectorIsRefused(t *testing.T) {
	for _, selector := range []string{"a==b==c", "a in b", "not a label", "/=x"} {
		if shard, err := Parse(selector); err == nil {
			t.Errorf("%q is read as %q", selector, shard)
		}
	}
}

// Two shards with one lease would have one leader, and the other one's objects nobody.
func TestEveryShardHasALeaseOfItsOwn(t *testing.T) {
	names := map[string]string{}
	for _, selector := range []string{"", "shard=a", "shard=b", "!shard", "shard in (a,b)"} {
		name := parsed(t, selector).LeaseName("operator")
		if other, taken := names[name]; taken {
			t.Errorf("%q and %q have the lease %s", selector, other, name)
		}
		names[name] = selector
	}
	if parsed(t, "shard in (b,a)").LeaseName("operator") != parsed(t, "shard in (a,b)").LeaseName("operator") {
		t.Error("the same selector in other words has another lease")
	}
}

func TestEveryKindOfTheGroupIsDivided(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for object, settings := range parsed(t, "shard=a").Cache(scheme, v1alpha1.GroupVersion) {
		kind, err := apiutil.GVKForObject(object, scheme)
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, kind.Kind)
		if !settings.Label.Matches(labels.Set{"shard": "a"}) || settings.Label.Matches(labels.Set{"shard": "b"}) {
			t.Errorf("the cache of %s selects %q", kind.Kind, settings.Label)
		}
	}
	slices.Sort(kinds)
	var registered []string
	for kind := range scheme.KnownTypes(v1alpha1.GroupVersion) {
		if scheme.Recognizes(v1alpha1.GroupVersion.WithKind(kind + "List")) {
			registered = append(registered, kind)
		}
	}
	slices.Sort(registered)
	if len(kinds) == 0 || !slices.Equal(kinds, registered) {
		t.Errorf("of the kinds %q these are divided: %q", registered, kinds)
	}
}

func TestWhatComesFromAnObjectIsInItsShard(t *testing.T) {
	for _, test := range []struct {
		selector              string
		own, from, wantLabels map[string]string
	}{
		{"shard=a", nil, map[string]string{"shard": "a", "team": "x"}, map[string]string{"shard": "a"}},
		{"shard=a", map[string]string{"receiver": "r", "shard": "b"}, map[string]string{"shard": "a"}, map[string]string{"receiver": "r", "shard": "a"}},
		{"!shard", map[string]string{"receiver": "r", "shard": "b"}, nil, map[string]string{"receiver": "r"}},
		{"shard notin (a,b),region=eu", map[string]string{"receiver": "r"}, map[string]string{"shard": "c", "region": "eu"}, map[string]string{"receiver": "r", "shard": "c", "region": "eu"}},
	} {
		before := maps.Clone(test.own)
		from := &v1alpha1.AlertReceiver{}
		from.Labels = test.from
		shard := parsed(t, test.selector)
		got := shard.Inherit(test.own, from)
		if !maps.Equal(got, test.wantLabels) || !shard.selector.Matches(labels.Set(got)) {
			t.Errorf("%s: %v from %v gives %v, want %v", test.selector, test.own, test.from, got, test.wantLabels)
		}
		if !maps.Equal(before, test.own) {
			t.Errorf("%s: the labels that were given have become %v", test.selector, test.own)
		}
	}
}
