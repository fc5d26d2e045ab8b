// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestArmedContext(t *testing.T) {
	const timeout = 30 * time.Second
	for name, test := range map[string]struct {
		// parentEnds is when the parent ends; negative for before the start.
		parentEnds time.Duration
		want       time.Duration
		wantErr    error
	}{
		"parent that stays":                 {time.Hour, timeout, context.DeadlineExceeded},
		"parent that ends on the way":       {10 * time.Second, 10*time.Second + shutdownGrace, context.Canceled},
		"parent that ends just before":      {timeout - time.Second, timeout, context.DeadlineExceeded},
		"parent that has ended before":      {-1, shutdownGrace, context.Canceled},
		"parent that ends with the timeout": {timeout, timeout, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				parent, end := context.WithCancel(t.Context())
				defer end()
				if test.parentEnds < 0 {
					end()
				}
				began := time.Now()
				ctx, cancel := armed(parent, timeout)
				defer cancel()
				if ctx.Err() != nil {
					t.Fatal("it has ended at once")
				}
				ending := time.AfterFunc(max(test.parentEnds, 0), end)
				defer ending.Stop()
				<-ctx.Done()
				if got := time.Since(began); got != test.want || !errors.Is(ctx.Err(), test.wantErr) {
					t.Errorf("it ends after %s with %v, want after %s with %v", got, ctx.Err(), test.want, test.wantErr)
				}
			})
		})
	}
}

func TestArmedContextEndsWithItsCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, end := context.WithCancel(t.Context())
		ctx, cancel := armed(parent, time.Minute)
		end()
		synctest.Wait() // the grace has begun
		cancel()
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("error = %v", ctx.Err())
		}
	})
}

func TestArmedContextKeepsValues(t *testing.T) {
	type key struct{}
	ctx, cancel := armed(context.WithValue(t.Context(), key{}, "reservation"), time.Minute)
	defer cancel()
	if got := ctx.Value(key{}); got != "reservation" {
		t.Errorf("the value is %v", got)
	}
	if deadline, set := ctx.Deadline(); !set || time.Until(deadline) > time.Minute {
		t.Errorf("the deadline is %s, %t", deadline, set)
	}
}

func TestLookupsAreSpaced(t *testing.T) {
	var got []time.Duration
	for done := range 10 {
		got = append(got, nextLookup(done))
	}
	got = append(got, nextLookup(1_000_000))
	const s = time.Second
	want := []time.Duration{s, s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 60 * s, 60 * s, 60 * s, 60 * s}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
