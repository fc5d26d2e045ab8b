// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"testing"
	"time"

	"github.com/synqly/ticketing-operator/internal/providermetadata"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

func metadataWith(projects ...string) *providermetadata.Metadata {
	list := providermetadata.NewProjects()
	for _, id := range projects {
		list.Add(synqly.Page[synqly.Project]{Items: []synqly.Project{{ID: id}}})
	}
	return providermetadata.New(list, providermetadata.NewFields(time.Time{}))
}

// news is how many changes wait to be delivered.
func (w *world) news() int {
	count := 0
	for {
		select {
		case <-w.MetadataChanges():
			count++
		default:
			return count
		}
	}
}

func TestOnlyNewMetadataIsDelivered(t *testing.T) {
	w := newWorld(t)
	connection := w.mustOpen(t, w.integration())
	if connection.Metadata() != nil {
		t.Error("a new connection knows what the provider has")
	}
	for i, step := range []struct {
		metadata *providermetadata.Metadata
		news     int
	}{{metadataWith("OPS"), 1}, {metadataWith("OPS"), 0}, {metadataWith("OPS", "SEC"), 1}, {metadataWith("SEC", "OPS"), 0}, {metadataWith("OPS"), 1}} {
		w.SetMetadata(connection, step.metadata)
		if got := w.news(); got != step.news || connection.Metadata() != step.metadata {
			t.Errorf("step %d: %d news, want %d", i, got, step.news)
		}
	}
	changed := w.integration()
	changed.Generation++
	if another := w.mustOpen(t, changed); another.Metadata() != nil {
		t.Error("what another provider may have was kept")
	}
}

func TestMetadataThatFindsTheQueueFullIsDeliveredLater(t *testing.T) {
	w := newWorld(t)
	connection := w.mustOpen(t, w.integration())
	capacity := cap(w.metadataChanges)
	for i := range capacity {
		w.SetMetadata(connection, []*providermetadata.Metadata{metadataWith("A"), metadataWith("B")}[i%2])
	}
	w.SetMetadata(connection, metadataWith("OPS")) // The test ends in a deadlock where this blocks.
	if got := w.news(); got != capacity {
		t.Fatalf("%d of %d changes were delivered", got, capacity)
	}
	w.SetMetadata(connection, metadataWith("OPS"))
	if got := w.news(); got != 1 {
		t.Errorf("%d changes were delivered after the next check, want 1", got)
	}
}
