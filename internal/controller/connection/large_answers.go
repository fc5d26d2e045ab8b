// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"cmp"
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
	"k8s.io/apimachinery/pkg/types"
)

// So many large answers are in memory at the same time, in all and for the Integrations of one
// namespace, whose provider may be slow on purpose. An answer takes several times its size of
// memory while it is decoded, and the manager has 224 MiB unless somebody gives it more.
const (
	largeAtOnce       = 2
	tenantLargeAtOnce = 1
)

// largeAnswers lets each large answer wait until there is room for it.
type largeAnswers struct {
	room *semaphore.Weighted

	mu      sync.Mutex
	tenants map[string]*tenantRoom // Those that have or wait for an answer.
}

type tenantRoom struct {
	*semaphore.Weighted
	answers int
}

func newLargeAnswers() *largeAnswers {
	return &largeAnswers{room: semaphore.NewWeighted(largeAtOnce), tenants: map[string]*tenantRoom{}}
}

// of is what a client of the Integration asks (synqly.Options.AdmitLarge).
func (l *largeAnswers) of(integration types.NamespacedName) func(context.Context) (done func(), err error) {
	// A ClusterIntegration is a tenant of its own.
	tenant := cmp.Or(integration.Namespace, "/"+integration.Name)
	return func(ctx context.Context) (func(), error) { return l.admit(ctx, tenant) }
}

// admit waits first among the answers of the tenant, so that those who wait for room in all are of
// different ones.
func (l *largeAnswers) admit(ctx context.Context, tenant string) (done func(), err error) {
	own := l.enter(tenant)
	if err := own.Acquire(ctx, 1); err != nil {
		l.leave(tenant)
		return nil, err
	}
	if err := l.room.Acquire(ctx, 1); err != nil {
		own.Release(1)
		l.leave(tenant)
		return nil, err
	}
	return func() {
		l.room.Release(1)
		own.Release(1)
		l.leave(tenant)
	}, nil
}

func (l *largeAnswers) enter(tenant string) *tenantRoom {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.tenants[tenant]
	if own == nil {
		own = &tenantRoom{Weighted: semaphore.NewWeighted(tenantLargeAtOnce)}
		l.tenants[tenant] = own
	}
	own.answers++
	return own
}

func (l *largeAnswers) leave(tenant string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tenants[tenant].answers--; l.tenants[tenant].answers == 0 {
		delete(l.tenants, tenant)
	}
}
