// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
)

func TestAbsences(t *testing.T) {
	name, other := types.NamespacedName{Namespace: "shop", Name: "ticket"}, types.NamespacedName{Namespace: "shop", Name: "other"}
	const minute = time.Minute
	// after is when something happens, counted from the start.
	type event struct {
		after time.Duration
		happens
	}
	miss := func(name types.NamespacedName, uid types.UID, id string) happens {
		return func(a *missingObjects) missingObject { return a.observe(name, uid, id) }
	}
	forget := func(name types.NamespacedName) happens {
		return func(a *missingObjects) missingObject { a.forget(name); return missingObject{} }
	}
	for title, test := range map[string]struct {
		before []event
		last   event
		// since is when the last one began, and count how often it was seen.
		since time.Duration
		count int
	}{
		"the first": {nil, event{minute, miss(name, "u", "1")}, minute, 1},
		"the second": {
			[]event{{0, miss(name, "u", "1")}}, event{3 * minute, miss(name, "u", "1")}, 0, 2,
		},
		"the third": {
			[]event{{minute, miss(name, "u", "1")}, {2 * minute, miss(name, "u", "1")}}, event{3 * minute, miss(name, "u", "1")}, minute, 3,
		},
		"after it was there again": {
			[]event{{0, miss(name, "u", "1")}, {minute, forget(name)}}, event{3 * minute, miss(name, "u", "1")}, 3 * minute, 1,
		},
		"of another remote object": {
			[]event{{0, miss(name, "u", "1")}}, event{3 * minute, miss(name, "u", "2")}, 3 * minute, 1,
		},
		"of an object made anew": {
			[]event{{0, miss(name, "u", "1")}}, event{3 * minute, miss(name, "v", "1")}, 3 * minute, 1,
		},
		"after that of another object": {
			[]event{{0, miss(other, "u", "1")}}, event{3 * minute, miss(name, "u", "1")}, 3 * minute, 1,
		},
		"after another object was there again": {
			[]event{{0, miss(name, "u", "1")}, {minute, forget(other)}}, event{3 * minute, miss(name, "u", "1")}, 0, 2,
		},
	} {
		t.Run(title, func(t *testing.T) {
			clock := clocktesting.NewFakeClock(start)
			known := newMissingObjects(clock)
			for _, event := range test.before {
				clock.SetTime(start.Add(event.after))
				event.happens(known)
			}
			clock.SetTime(start.Add(test.last.after))
			got := test.last.happens(known)
			type seen struct {
				Since time.Duration
				Count int
			}
			if diff := cmp.Diff(seen{test.since, test.count}, seen{got.since.Sub(start), got.count}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// happens is what is learned of remote objects.
type happens func(*missingObjects) missingObject
