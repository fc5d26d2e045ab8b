// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
)

// readiness says whether the cache has been filled. Before that the operator does nothing yet. A
// standby fills its cache as well, so that it can take over at once.
type readiness struct {
	cache  cache.Cache
	filled atomic.Bool
}

// addReadiness adds the check to the manager.
func addReadiness(mgr ctrl.Manager) error {
	r := &readiness{cache: mgr.GetCache()}
	if err := mgr.Add(r); err != nil {
		return err
	}
	return mgr.AddReadyzCheck("cache", r.check)
}

// NeedLeaderElection says that it does not.
func (r *readiness) NeedLeaderElection() bool { return false }

// Start waits for the cache.
func (r *readiness) Start(ctx context.Context) error {
	if r.cache.WaitForCacheSync(ctx) {
		r.filled.Store(true)
	}
	return nil
}

func (r *readiness) check(*http.Request) error {
	if !r.filled.Load() {
		return errors.New("the cache is not filled yet")
	}
	return nil
}
