// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// The remote API has no idempotency key, so this file keeps the promise that each custom resource
// gets exactly one remote object, whatever crashes:
//
//  1. recordIntent writes the attempt into the annotations, under the object's
//     resourceVersion. Of two processes only one succeeds; the other stops.
//  2. attempt sends one request, under a deadline that was armed before step 1.
//  3. The answer is sorted: created, certainly not created, or unconfirmed.
//  4. settle looks for what an unconfirmed attempt may have made, and adopts it.
//  5. Only when the settle period has passed, by the clock of whoever observes,
//     and two complete look-ups were empty, the attempt counts as failed, and the
//     next one begins at step 1.

// requiredEmptyLookups is how many complete look-ups must find nothing, the last of them after the
// settle period.
const requiredEmptyLookups = 2

// shutdownGrace is how long a create request that is on its way may go on when the manager stops.
// Cutting it off at once would leave it unconfirmed for no reason.
const shutdownGrace = 3 * time.Second

// create creates the remote object and records it.
func (r *Reconciler[O, R]) create(ctx context.Context, s *state[O, R]) error {
	if err := r.readSource(ctx, s); err != nil {
		return err
	}
	if err := r.locate(ctx, s); err != nil {
		return err
	}
	var remote *R
	err := r.attempt(ctx, s, r.adapter.Noun(), r.fingerprint(s), func(ctx context.Context) (err error) {
		return r.logged(ctx, s, "create the "+r.adapter.Noun(), func() (string, error) {
			if remote, err = r.adapter.Create(ctx, s.call("")); err != nil {
				return "", err
			}
			return r.adapter.ID(remote), nil
		})
	})
	var refused *MarkRefusedError
	if errors.As(err, &refused) && !s.createsUnmarked {
		s.createsUnmarked = true
		return nil // The attempt is settled, so that the next step is to create once more.
	}
	if err != nil {
		return err
	}
	r.attempts.answered(s.name, remote)
	return r.created(ctx, s, Found[R]{Remote: *remote, Proven: true}, createdEvent(r.adapter.Noun(), r.adapter.ID(remote)))
}

// locate finds out under which ID the provider knows the place, before the place is written down:
// objects that name it in different ways have to see each other's claims.
func (r *Reconciler[O, R]) locate(ctx context.Context, s *state[O, R]) error {
	if r.locator == nil {
		return nil
	}
	place, err := r.locator.Locate(ctx, s.call(""))
	if err != nil {
		return err
	}
	s.place = place
	return nil
}

// attempt is one attempt to create something, steps 1 to 3: it records the intent, calls send once,
// and sorts the answer. text is the fingerprint of the words to send.
func (r *Reconciler[O, R]) attempt(ctx context.Context, s *state[O, R], noun, text string, send func(context.Context) error) error {
	ctx, cancel := armed(ctx, s.connection.RequestTimeout())
	defer cancel()
	if err := r.recordIntent(ctx, s, text); err != nil {
		return err
	}
	r.attempts.started(s.name, s.object.GetUID(), s.intent)
	if err := ctx.Err(); err != nil {
		// Nothing was sent, and nobody else may send this attempt.
		s.settleAttempt()
		return fmt.Errorf("the deadline passed before the request could be sent: %w", err)
	}
	err := send(ctx)
	switch {
	case err == nil:
		return nil
	case synqly.CommitmentOf(err) == synqly.NotCommitted:
		s.settleAttempt()
		return fmt.Errorf("creating the remote %s: %w", noun, err)
	}
	r.adapter.RecordPlace(s.object, s.place)
	return &UnconfirmedError{Noun: noun, Err: err}
}

// recordIntent is step 1. A conflict means that the cache was stale.
func (r *Reconciler[O, R]) recordIntent(ctx context.Context, s *state[O, R], text string) error {
	key := s.intent.key
	if key == "" {
		key = s.ownKey
	}
	now := r.Clock.Now()
	next := intent{
		key:          key,
		attempt:      max(s.intent.attempt, s.status.SettledAttempt) + 1,
		started:      now,
		window:       r.windowFrom(s, now),
		installation: r.Installation,
		hash:         fieldsHash(r.adapter.Fields(s.object)),
		text:         text,
		place:        s.place,
		parent:       r.adapter.Parent(s.object),
		unmarked:     r.adapter.MarksRemote() && (s.createsUnmarked || !s.connection.Marks()),
	}
	err := r.updateMetadata(ctx, s, "recording the intent to create the remote "+r.adapter.Noun(), func(object O) {
		next.write(object)
		r.addFinalizer(s, object)
	})
	if err != nil {
		return err
	}
	s.intent = next
	return nil
}

// addFinalizer puts the finalizer on an object whose policy needs it.
func (r *Reconciler[O, R]) addFinalizer(s *state[O, R], object O) {
	if s.policy.RemoveOnDelete && !slices.Contains(object.GetFinalizers(), v1alpha1.RemoteFinalizer) {
		object.SetFinalizers(append(object.GetFinalizers(), v1alpha1.RemoteFinalizer))
	}
}

// created records a remote object that the latest attempt made, and writes its ID before anything
// else can fail.
func (r *Reconciler[O, R]) created(ctx context.Context, s *state[O, R], made Found[R], news event) error {
	remote := &made.Remote
	r.replace(s)
	s.status.ID, s.updateSettled = r.adapter.ID(remote), true
	r.recordProof(s, made.Proven)
	if r.sourcer != nil {
		r.sourcer.RecordSent(s.object, s.intent.text)
	}
	s.settleAttempt()
	s.recordCreateKey()
	fields := r.adapter.Fields(s.object)
	if s.intent.hash == fieldsHash(fields) {
		s.status.Returned = r.adapter.RemoteFields(s.object, remote)
		r.applied(s, remote, nil)
	} else {
		// The spec was edited after the request went out; what it sets now has not been applied.
		s.status.Applied, s.status.Returned = nil, r.adapter.RemoteFields(s.object, remote)
		r.recordSeen(s, remote)
	}
	s.emit(news.withLink(r.link(s)))
	if r.reporter != nil {
		_, remark := r.reporter.WithoutEffect(s.object, remote, slices.Sorted(maps.Keys(fields)))
		s.emitRemark(remark)
	}
	if s.object.GetDeletionTimestamp().IsZero() && decide(r.situation(s)) == inSync {
		r.updateConditions(s, outcomeOf(nil, false, r.adapter.Noun()))
	}
	if err := r.persist(ctx, s); err != nil {
		return err
	}
	r.attempts.forget(s.name)
	return nil
}

// settle finds out what became of the recorded attempt: steps 4 and 5.
func (r *Reconciler[O, R]) settle(ctx context.Context, s *state[O, R]) error {
	r.adapter.RecordPlace(s.object, s.place)
	observed := r.attempts.observe(s.name, s.object.GetUID(), s.intent.attempt)
	if observed.answer != nil {
		// The request was answered, and only writing the ID failed.
		return r.created(ctx, s, Found[R]{Remote: *observed.answer, Proven: true}, createdEvent(r.adapter.Noun(), r.adapter.ID(observed.answer)))
	}
	search, err := r.find(ctx, s)
	switch {
	case err != nil:
		return r.lookupFailed(err)
	case len(search.Found) > 0:
		return r.takeFound(ctx, s, search.Found)
	case search.Doubt != "":
		return r.lookupFailed(&InconclusiveError{Doubt: search.Doubt})
	}
	return r.foundNothing(s, observed)
}

func (r *Reconciler[O, R]) lookupFailed(err error) error {
	return &UnconfirmedError{Noun: r.adapter.Noun(), Err: fmt.Errorf("searching for it: %w", err), LookupFailed: true}
}

// takeFound adopts the oldest of what the attempt has made.
func (r *Reconciler[O, R]) takeFound(ctx context.Context, s *state[O, R], found []Found[R]) error {
	oldest := slices.MinFunc(found, func(a, b Found[R]) int { return r.adapter.CreatedAt(&a.Remote).Compare(r.adapter.CreatedAt(&b.Remote)) })
	// Of several, people may have made some.
	oldest.Proven = oldest.Proven && (len(found) == 1 || r.adapter.MarksRemote())
	id := r.adapter.ID(&oldest.Remote)
	if err := r.claim(ctx, s, oldest); err != nil {
		return err
	}
	return r.created(ctx, s, oldest, foundEvent(r.adapter.Noun(), id, len(found)))
}

// foundNothing counts a complete look-up that found nothing. With the last one that is needed the
// attempt counts as failed; before, the error says when to look again.
func (r *Reconciler[O, R]) foundNothing(s *state[O, R], observed attempt[R]) error {
	emptyLookups := r.attempts.foundNothing(s.name)
	quiet := observed.since.Add(s.connection.RequestTimeout() + s.connection.SettlePeriod())
	if remaining := quiet.Sub(r.Clock.Now()); remaining > 0 { // mutant: skip-settle-period
		return &UnconfirmedError{Noun: r.adapter.Noun(), LookAgain: min(remaining, nextLookup(emptyLookups))}
	}
	if emptyLookups < requiredEmptyLookups {
		return &UnconfirmedError{Noun: r.adapter.Noun(), LookAgain: time.Second}
	}
	s.settleAttempt()
	r.attempts.forget(s.name)
	return nil
}

// nextLookup spaces the look-ups within the settle period: 1s, 2s, 4s … 1m.
func nextLookup(done int) time.Duration {
	return min(time.Second<<min(max(done-1, 0), 6), time.Minute)
}

// find looks for the remote objects that the attempt may have made and that no other object stands
// for. Those of which it is not certain make the result doubtful.
func (r *Reconciler[O, R]) find(ctx context.Context, s *state[O, R]) (Search[R], error) {
	s.window = r.window(s)
	search, err := r.adapter.Find(ctx, s.call(""))
	if err != nil {
		return Search[R]{}, err
	}
	own := []string{s.status.ID}
	if r.replacer != nil {
		own = append(own, *r.replacer.Replaced(s.object)...)
	}
	unowned := Search[R]{Doubt: search.Doubt}
	for _, found := range search.Found {
		id := r.adapter.ID(&found.Remote)
		if slices.Contains(own, id) {
			continue
		}
		owner, err := r.ownerOf(ctx, s, found)
		switch {
		case err != nil:
			return Search[R]{}, err
		case owner != "":
		case found.Doubt != "":
			unowned.Doubt = found.Doubt
		default:
			unowned.Found = append(unowned.Found, found)
			own = append(own, id) // a list may name the same ID twice
		}
	}
	return unowned, nil
}

// armed returns a context that ends after the timeout and, when its parent ends, after
// shutdownGrace.
func armed(parent context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(parent), timeout)
	stop := context.AfterFunc(parent, func() {
		timer := time.AfterFunc(shutdownGrace, cancel)
		context.AfterFunc(ctx, func() { timer.Stop() })
	})
	return ctx, func() { stop(); cancel() }
}
