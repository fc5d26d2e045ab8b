// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package query

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// firstLooks tells the first look of this process at a TicketQuery from later ones.
type firstLooks struct {
	mu   sync.Mutex
	seen map[types.NamespacedName]struct{}
}

func newFirstLooks() *firstLooks { return &firstLooks{seen: map[types.NamespacedName]struct{}{}} }

// isFirst reports whether this is the first call for a name.
func (f *firstLooks) isFirst(name types.NamespacedName) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, seen := f.seen[name]
	f.seen[name] = struct{}{}
	return !seen
}

func (f *firstLooks) forget(name types.NamespacedName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.seen, name)
}
