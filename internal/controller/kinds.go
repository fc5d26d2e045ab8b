// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controller sets up the controllers of all kinds. Each kind has a folder of its own; what
// the kinds of remote objects share is in the package remote.
package controller

import (
	"github.com/synqly/ticketing-operator/internal/controller/attachment"
	"github.com/synqly/ticketing-operator/internal/controller/comment"
	"github.com/synqly/ticketing-operator/internal/controller/note"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/controller/ticket"
)

// RemoteKinds are the kinds whose objects stand for remote objects. Controllers, indexes, the
// watches and the finalizer of Integrations, and the fault suite read this list.
var RemoteKinds = []remote.Kind{
	ticket.Kind,
	comment.Kind,
	note.Kind,
	attachment.Kind,
}
