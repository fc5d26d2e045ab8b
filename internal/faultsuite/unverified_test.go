// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/internal/controller/remote"
)

// What the operator has found by its words alone may be a person's, and is left behind when it is
// not needed any more. That is an exception from invariants 1, 2 and 5, and has to be told.

// wasUnverified reports whether an object has said that it stands for a remote object of which
// nothing proves that the operator made it. Without a fault everything is proven.
func (w *world) wasUnverified(of reference, id string) bool {
	if w.strike == nil {
		return false
	}
	return slices.ContainsFunc(w.api.History(of.kind, of.key()), func(version client.Object) bool {
		object, isRemote := version.(remote.Object)
		return isRemote && object.RemoteStatus().ID == id && remote.IsUnverified(object.RemoteStatus())
	})
}

// leftBehind reports whether such a remote object was left behind, and an Event says so.
func (w *world) leftBehind(of reference, id string) bool {
	return w.wasUnverified(of, id) && slices.ContainsFunc(w.news, func(event string) bool {
		return strings.Contains(event, fmt.Sprintf("Warning Unverified %s: left the remote", of)) && strings.Contains(event, fmt.Sprintf("%q", id))
	})
}

// isAPersons reports whether an object stands for what a person wrote in the same words and at the
// same time, which nobody can tell, and says that this may be so.
func (w *world) isAPersons(of reference, id string) bool {
	object, isRemote := w.get(of).(remote.Object)
	return w.saidMeanwhile[id] && isRemote && remote.IsUnverified(object.RemoteStatus()) && w.wasUnverified(of, id)
}
