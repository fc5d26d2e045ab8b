// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

// pacer makes every request of a client pass the budget, and counts it.
type pacer struct {
	budget      *Budget
	transport   *interruptible // nil where nothing replaces the connection
	remote      *remoteClock
	clock       clock.PassiveClock
	integration types.NamespacedName
	// down is called when the provider begins to count as down; nil for nobody who wants to know.
	down func()
}

var _ synqly.Pacer = pacer{}

func (p pacer) Admit(ctx context.Context) error {
	if p.transport != nil && p.transport.isClosed() {
		return notSentError{}
	}
	return p.budget.Admit(ctx)
}

func (p pacer) Answered(ctx context.Context, answer synqly.Answer) {
	p.remote.observe(answer.ServerTime, p.clock.Now())
	switch {
	case answer.Class == synqly.Throttled:
		p.budget.Throttled(answer.RetryAfter)
	case answer.Class == synqly.Unavailable && answer.RetryAfter > 0:
		p.budget.Hold(answer.RetryAfter)
	case answer.StatusCode != 0:
		p.budget.Answered()
	}
	switch {
	case answer.Class != synqly.Unavailable:
		p.budget.Up()
	case isBackground(ctx):
		// A poll asks the same for each project, of which one may be broken, and backs off by
		// itself.
	case p.budget.Failed() && p.down != nil:
		p.down()
	}
	countRequest(p.integration, answer)
}
