// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"runtime"
	"testing"
	"weak"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

// TestPagesAreDroppedWhileAListIsRead: a list may be larger than the memory of the manager.
func TestPagesAreDroppedWhileAListIsRead(t *testing.T) {
	const pages = 5
	var read []weak.Pointer[synqly.Project]
	list := func(yield func(synqly.Page[synqly.Project], error) bool) {
		for range pages {
			runtime.GC()
			for i := range len(read) - 1 { // The latest page may still be in use.
				if read[i].Value() != nil {
					t.Errorf("page %d of %d is still in memory", i+1, len(read))
				}
			}
			items := []synqly.Project{{ID: "1"}, {ID: "2"}}
			read = append(read, weak.Make(&items[0]))
			if !yield(synqly.Page[synqly.Project]{Items: items}, nil) {
				return
			}
		}
	}
	used := 0
	count, err := readUsable(list, func(page synqly.Page[synqly.Project]) { used += len(page.Items) })
	if err != nil || count != 2*pages || used != 2*pages {
		t.Errorf("counted %d and used %d, %v, want %d", count, used, err, 2*pages)
	}
}
