// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"
)

// closingNoun is what people call the comment.
const closingNoun = "closing comment"

// closingOpen tells whether the attempt that is open is that of the closing comment.
// An object that has its remote object has no other.
func (r *Reconciler[O, R]) closingOpen(p *pass[O, R]) bool {
	return r.commenter != nil && p.status.ID != "" && p.attemptOpen()
}

// comment posts the closing comment exactly once, by the steps of create.go. Nothing
// is said about a remote object that is closed already, as the answer tells then.
func (r *Reconciler[O, R]) comment(ctx context.Context, p *pass[O, R]) (closed bool, err error) {
	if r.commenter == nil || r.commenter.ClosingText(p.object) == "" {
		return false, nil
	}
	if r.closingOpen(p) {
		if err := r.settleComment(ctx, p); err != nil {
			return false, err
		}
	}
	if *r.commenter.ClosingComment(p.object) != "" {
		return false, nil
	}
	closed, err = r.commenter.Closed(ctx, p.call(p.status.ID))
	if err != nil || closed {
		return closed, err
	}
	return false, r.postComment(ctx, p)
}

func (r *Reconciler[O, R]) postComment(ctx context.Context, p *pass[O, R]) error {
	id := ""
	err := r.attempt(ctx, p, closingNoun, r.commenter.ClosingText(p.object), func(ctx context.Context) (err error) {
		id, err = r.commenter.PostClosing(ctx, p.call(p.status.ID))
		return err
	})
	if err != nil {
		return err
	}
	return r.commented(ctx, p, id)
}

func (r *Reconciler[O, R]) settleComment(ctx context.Context, p *pass[O, R]) error {
	observed := r.attempts.observe(p.name, p.object.GetUID(), p.intent.attempt)
	ids, err := r.commenter.FindClosing(ctx, p.call(p.status.ID))
	if err != nil {
		return &UnconfirmedError{Noun: closingNoun, Err: fmt.Errorf("looking for it: %w", err), LookupFailed: true}
	}
	if len(ids) > 0 {
		return r.commented(ctx, p, ids[0])
	}
	return r.cameUpEmpty(p, observed)
}

func (r *Reconciler[O, R]) commented(ctx context.Context, p *pass[O, R], id string) error {
	*r.commenter.ClosingComment(p.object) = id
	p.status.SettledAttempt = p.intent.attempt
	if err := r.persist(ctx, p); err != nil {
		return err
	}
	r.attempts.forget(p.name)
	return nil
}
