// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"sync"
)

const (
	// maxBodyBytes is the largest notification.
	maxBodyBytes = 10 << 20
	// smallBodyBytes is the largest one that does not count as large. It holds several hundred
	// alerts.
	smallBodyBytes = 256 << 10

	// So many requests are worked on at the same time, of senders with and without a token, so that
	// their bodies fit into the memory of the manager; and so many of one namespace, so that the
	// senders of one do not hold up those of the others.
	requestsAtOnce       = 64
	tenantRequestsAtOnce = 16
	largeAtOnce          = 2
	tenantLargeAtOnce    = 1
)

// slots bounds how much is worked on at the same time, in all and for each key.
type slots struct {
	total, perKey int

	mu    sync.Mutex
	taken int
	byKey map[string]int
}

func newSlots(total, perKey int) *slots {
	return &slots{total: total, perKey: perKey, byKey: map[string]int{}}
}

// take takes a slot if there is one, and returns how to give it back.
func (s *slots) take(key string) (giveBack func(), taken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken >= s.total || s.byKey[key] >= s.perKey {
		return nil, false
	}
	s.taken++
	s.byKey[key]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.taken--
		if s.byKey[key]--; s.byKey[key] == 0 {
			delete(s.byKey, key)
		}
	}, true
}
