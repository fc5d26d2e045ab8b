// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package child

import (
	"context"
	"fmt"

	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/remote"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// ExplainRefusal says of a request that was refused whether its ticket is closed, which is what
// some providers refuse changes of comments, notes and attachments for. They do not say so in a
// form that could be read, so the ticket is looked at. Any other error is returned as it is.
func ExplainRefusal[O Object, R any](ctx context.Context, call remote.Call[O, R], err error) error {
	if !mayBeClosed(err) {
		return err
	}
	if explained, failure := explain(ctx, call, err); failure == nil {
		return explained
	}
	return err
}

// explainRemoval does the same for a removal. Some providers say then that it is forbidden. As long
// as the ticket cannot be looked at, the removal is not refused for good.
func explainRemoval[O Object, R any](ctx context.Context, call remote.Call[O, R], err error) error {
	if !mayBeClosed(err) && synqly.ClassOf(err) != synqly.Unauthorized {
		return err
	}
	explained, failure := explain(ctx, call, err)
	if failure != nil {
		return fmt.Errorf("looking whether the ticket is closed, after %q: %w", err.Error(), failure)
	}
	return explained
}

func mayBeClosed(err error) bool {
	class := synqly.ClassOf(err)
	return class == synqly.Refused || class == synqly.Conflict
}

func explain[O Object, R any](ctx context.Context, call remote.Call[O, R], refusal error) (explained, failure error) {
	ticket, err := call.Connection.GetTicket(ctx, call.Place.TicketID)
	switch {
	case synqly.IsNotFound(err):
		return refusal, nil
	case err != nil:
		return nil, err
	case !connection.IsClosed(ticket, call.Connection.Integration, call.Now):
		return refusal, nil
	}
	return &remote.ClosedError{TicketID: call.Place.TicketID, Status: ticket.Status, Err: refusal}, nil
}
