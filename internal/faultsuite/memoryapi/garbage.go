// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package memoryapi

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// CollectGarbage deletes the objects whose owners are all gone, and then those that these own. The
// real cluster does that in the background, some time after the owner is gone.
func (s *Server) CollectGarbage() {
	for s.collectOnce() {
	}
}

// collectOnce deletes what has lost its owners, and reports whether there was anything.
func (s *Server) collectOnce() (found bool) {
	living := s.livingUIDs()
	for _, name := range slices.Sorted(maps.Keys(s.kinds)) {
		known := s.kinds[name]
		for _, key := range known.names() {
			object := known.at(key, Latest)
			if object == nil || object.GetDeletionTimestamp() != nil || !isOrphan(object, living) {
				continue
			}
			// Nothing but an object that is gone refuses a removal without preconditions.
			_ = s.remove(object, nil)
			found = true
		}
	}
	return found
}

func (s *Server) livingUIDs() map[types.UID]bool {
	living := map[types.UID]bool{}
	for _, known := range s.kinds {
		for key := range known.objects {
			if object := known.at(key, Latest); object != nil {
				living[object.GetUID()] = true
			}
		}
	}
	return living
}

// isOrphan reports whether an object has owners, and none of them exists.
func isOrphan(object client.Object, living map[types.UID]bool) bool {
	owners := object.GetOwnerReferences()
	for _, owner := range owners {
		if living[owner.UID] {
			return false
		}
	}
	return len(owners) > 0
}
