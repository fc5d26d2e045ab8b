// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
)

// requiredAbsences is how many times the provider must say that a remote object does
// not exist, the last of them after the settle period, before another one is created.
// Providers answer 404 for a while for other reasons as well: a permission that was
// taken away, a search node that is behind.
const requiredAbsences = 2

// absent decides what becomes of an object whose remote object is not there, where the
// spec asks for another one.
func (r *Reconciler[O, R]) absent(ctx context.Context, p *pass[O, R], missing *MissingError) error {
	observed := r.absences.observe(p.name, p.object.GetUID(), p.status.ID)
	remaining := observed.since.Add(connection.SettlePeriod(p.connection.Integration)).Sub(r.Clock.Now())
	if remaining > 0 || observed.count < requiredAbsences {
		missing.LookAgain = max(remaining, time.Second)
		return missing
	}
	r.absences.forget(p.name)
	return r.letGo(ctx, p, "the policy onRemoteMissing")
}

// letGo forgets a remote object that is missing, so that another one is created. That
// is written down first: after a crash, an attempt to create the new one must not be
// taken for something that belongs to the old one.
func (r *Reconciler[O, R]) letGo(ctx context.Context, p *pass[O, R], asks string) error {
	p.announce(recreating(r.adapter.Noun(), p.status.ID, asks))
	p.status.ID, p.status.Applied, p.status.Returned, p.status.Missing = "", nil, nil, false
	r.setConditions(p, outcome{
		status: metav1.ConditionFalse, reason: v1alpha1.ReasonCreating, silent: true,
		message: "the remote " + r.adapter.Noun() + " was missing, and another one is about to be created",
	})
	return r.persist(ctx, p)
}

// absences is what this process knows of remote objects that are missing. It is lost
// with the process, and then the settle period starts anew.
type absences struct {
	clock clock.Clock
	mu    sync.Mutex
	open  map[types.NamespacedName]absence
}

type absence struct {
	uid types.UID
	id  string
	// since is when it was first missed, and count how often it was.
	since time.Time
	count int
}

func newAbsences(clk clock.Clock) *absences {
	return &absences{clock: clk, open: map[types.NamespacedName]absence{}}
}

// observe counts that a remote object was missing once more.
func (a *absences) observe(name types.NamespacedName, uid types.UID, id string) absence {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.open[name]
	if known.uid != uid || known.id != id {
		known = absence{uid: uid, id: id, since: a.clock.Now()}
	}
	known.count++
	a.open[name] = known
	return known
}

func (a *absences) forget(name types.NamespacedName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, name)
}
