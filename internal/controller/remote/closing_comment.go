// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"
)

// closingNoun is what people call the comment.
const closingNoun = "closing comment"

// closingOpen reports whether the attempt that is open is that of the closing comment. An object
// that has its remote object has no other.
func (r *Reconciler[O, R]) closingOpen(s *state[O, R]) bool {
	return r.commenter != nil && s.status.ID != "" && s.attemptOpen()
}

// comment posts the closing comment exactly once, by the steps of create.go. Nothing is said about
// a remote object that is closed already, as the answer tells then.
func (r *Reconciler[O, R]) comment(ctx context.Context, s *state[O, R]) (closed bool, err error) {
	if r.commenter == nil || r.commenter.ClosingText(s.object) == "" {
		return false, nil
	}
	if r.closingOpen(s) {
		if err := r.settleComment(ctx, s); err != nil {
			return false, err
		}
	}
	if *r.commenter.ClosingComment(s.object) != "" {
		return false, nil
	}
	closed, err = r.commenter.Closed(ctx, s.call(s.status.ID))
	if err != nil || closed {
		return closed, err
	}
	return false, r.postComment(ctx, s)
}

func (r *Reconciler[O, R]) postComment(ctx context.Context, s *state[O, R]) error {
	id := ""
	err := r.attempt(ctx, s, closingNoun, r.commenter.ClosingText(s.object), func(ctx context.Context) (err error) {
		return r.logged(ctx, s, "post the "+closingNoun, func() (string, error) {
			id, err = r.commenter.PostClosing(ctx, s.call(s.status.ID))
			return id, err
		})
	})
	if err != nil {
		return err
	}
	return r.recordComment(ctx, s, id)
}

func (r *Reconciler[O, R]) settleComment(ctx context.Context, s *state[O, R]) error {
	observed := r.attempts.observe(s.name, s.object.GetUID(), s.intent.attempt)
	s.window = r.window(s)
	ids, err := r.commenter.FindClosing(ctx, s.call(s.status.ID))
	if err != nil {
		return &UnconfirmedError{Noun: closingNoun, Err: fmt.Errorf("searching for it: %w", err), LookupFailed: true}
	}
	if len(ids) > 0 {
		return r.recordComment(ctx, s, ids[0])
	}
	return r.foundNothing(s, observed)
}

func (r *Reconciler[O, R]) recordComment(ctx context.Context, s *state[O, R], id string) error {
	*r.commenter.ClosingComment(s.object) = id
	s.settleAttempt()
	if err := r.persist(ctx, s); err != nil {
		return err
	}
	r.attempts.forget(s.name)
	return nil
}
