// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"sync/atomic"

	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/synqly/ticketing-operator/internal/providermetadata"
)

// metadata is what a connection knows of its provider. A new connection knows nothing: the token
// may be another provider's.
type metadata struct {
	latest atomic.Pointer[providermetadata.Metadata]
	// told is the latest that MetadataChanges has delivered.
	told atomic.Pointer[providermetadata.Metadata]
}

func (m *metadata) forget() {
	m.latest.Store(nil)
	m.told.Store(nil)
}

// Metadata is what is known of the projects and fields of the provider; nil where nothing is.
func (c *Connection) Metadata() *providermetadata.Metadata { return c.metadata.latest.Load() }

// SetMetadata notes what a check has found the provider to have, and has MetadataChanges deliver
// the Integration where that is news. It never blocks: what finds the queue full is delivered after
// the next check.
func (c *Connections) SetMetadata(connection *Connection, latest *providermetadata.Metadata) {
	known := &connection.metadata
	known.latest.Store(latest)
	if told := known.told.Load(); told != nil && told.Equal(latest) {
		known.told.Store(latest) // So that the other one is not kept in memory.
		return
	}
	select {
	case c.metadataChanges <- event.GenericEvent{Object: connection.Integration}:
		known.told.Store(latest)
	default:
	}
}

// MetadataChanges delivers the Integrations whose provider has other projects or fields than
// before.
func (c *Connections) MetadataChanges() <-chan event.GenericEvent { return c.metadataChanges }
