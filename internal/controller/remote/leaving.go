// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A provider may refuse changes of what belongs to a remote object that is closed. So when
// everything is deleted together, the remote object is closed last.

const (
	// leavingGrace is how long that is waited for, from the deletion on.
	leavingGrace = time.Minute
	// leavingInterval is how often it is looked whether they have gone.
	leavingInterval = time.Second
	// mostLeavingNamed is how many of them a message names.
	mostLeavingNamed = 3
)

// Holder is an Adapter with remote objects that others belong to.
type Holder[O Object] interface {
	// Leaving names the objects that are being deleted and have something to remove from the remote
	// object first.
	Leaving(ctx context.Context, reader client.Reader, object O) ([]string, error)
	// Held are the objects that belong to the object, those that are being deleted included. They
	// must not be changed.
	Held(ctx context.Context, reader client.Reader, object O) ([]Object, error)
}

// leavingError says which objects are waited for.
type leavingError struct {
	noun      string
	names     []string
	lookAgain time.Duration
}

func (e *leavingError) Error() string {
	names := e.names
	others := ""
	if len(names) > mostLeavingNamed {
		others = fmt.Sprintf(" and %d others", len(names)-mostLeavingNamed)
		names = names[:mostLeavingNamed]
	}
	return fmt.Sprintf("the remote %s is closed after what is being deleted with it: %s%s", e.noun, strings.Join(names, ", "), others)
}

// waitForLeaving lets the objects go first that have something to remove from the remote object.
func (r *Reconciler[O, R]) waitForLeaving(ctx context.Context, s *state[O, R]) error {
	remaining := s.object.GetDeletionTimestamp().Add(leavingGrace).Sub(r.Clock.Now())
	if r.holder == nil || remaining <= 0 {
		return nil
	}
	names, err := r.holder.Leaving(ctx, r.Client, s.object)
	if err != nil {
		return &kubernetesError{err}
	}
	if len(names) == 0 {
		return nil
	}
	return &leavingError{noun: r.adapter.Noun(), names: names, lookAgain: min(remaining, leavingInterval)}
}
