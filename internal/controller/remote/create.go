// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// The remote API has no idempotency key, so this file keeps the promise that each
// custom resource gets exactly one remote object, whatever crashes:
//
//  1. recordIntent writes the attempt into the annotations, under the object's
//     resourceVersion. Of two processes only one succeeds; the other stops.
//  2. attempt sends one request, under a deadline that was armed before step 1.
//  3. The answer is sorted: created, certainly not created, or unconfirmed.
//  4. settle looks for what an unconfirmed attempt may have made, and adopts it.
//  5. Only when the settle period has passed, by the clock of whoever observes,
//     and two complete look-ups were empty, the attempt counts as failed, and the
//     next one begins at step 1.

// requiredEmptyLookups is how many complete look-ups must find nothing, the last
// of them after the settle period.
const requiredEmptyLookups = 2

// shutdownGrace is how long a create request that is on its way may go on when the
// manager stops. Cutting it off at once would leave it unconfirmed for no reason.
const shutdownGrace = 3 * time.Second

// decided serves a person's decision to create again: an attempt that cannot be
// confirmed counts as failed, and a remote object that is missing is let go of.
func (r *Reconciler[O, R]) decided(ctx context.Context, p *pass[O, R]) error {
	decision := p.annotation(v1alpha1.CreateAgainAnnotation)
	if decision == "" || decision == p.status.LastCreateAgain {
		return nil
	}
	p.status.LastCreateAgain = decision
	switch {
	case p.attemptOpen():
		p.status.SettledAttempt = p.intent.attempt
		r.attempts.forget(p.name)
	case p.wasMissing() && p.policy.AdoptID == "" && p.object.GetDeletionTimestamp().IsZero():
		return r.letGo(ctx, p, "the annotation "+v1alpha1.CreateAgainAnnotation)
	}
	return nil
}

// recognise sorts out annotations that some other object wrote: those of a copied
// manifest are ignored, those of a restored backup are settled with their own key,
// and those of another installation are a conflict.
func (r *Reconciler[O, R]) recognise(ctx context.Context, p *pass[O, R]) error {
	switch {
	case p.status.ID != "" && p.policy.AdoptID != "" && p.status.ID != p.policy.AdoptID:
		return &ConflictError{fmt.Sprintf("spec.ticketID is %q, but this object stands for the remote %s %q: delete it and create another object", p.policy.AdoptID, r.adapter.Noun(), p.status.ID)}
	case p.intent.key == "" || p.intent.key == p.ownKey:
		return nil
	case p.status.ID != "":
		p.intent = intent{}
		return nil
	case p.policy.AdoptID != "":
		return nil
	case p.intent.installation != r.Installation && !slices.Contains(r.FormerInstallations, p.intent.installation):
		return &ConflictError{fmt.Sprintf("the annotation %s names another installation (%s), which may have created a remote %s for this object: start the manager with --former-installations=%s to take over from it, or remove the annotation %s to create another one",
			v1alpha1.CreateInstallationAnnotation, Truncate(p.intent.installation, 64), r.adapter.Noun(), Truncate(p.intent.installation, 64), v1alpha1.CreateKeyAnnotation)}
	}
	others, err := r.others(ctx, p, "", IndexCreateKey, p.intent.key)
	if err != nil {
		return err
	}
	for _, other := range others {
		if CreateKey(p.intent.installation, other.GetUID()) != p.intent.key {
			continue
		}
		exists, err := r.stillExists(ctx, other)
		if err != nil {
			return err
		}
		if exists {
			p.intent = intent{}
			return nil
		}
	}
	return nil
}

// stillExists asks the API server for an object that the cache shows. A cache that is
// behind shows the object that a restored one has taken the place of, and would make
// the restored one a copy of it.
func (r *Reconciler[O, R]) stillExists(ctx context.Context, cached client.Object) (bool, error) {
	latest := r.adapter.New()
	err := r.APIReader.Get(ctx, client.ObjectKeyFromObject(cached), latest)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, &kubernetesError{fmt.Errorf("reading the %s %q: %w", r.adapter.Kind(), cached.GetName(), err)}
	}
	return latest.GetUID() == cached.GetUID(), nil
}

// create creates the remote object and records it.
func (r *Reconciler[O, R]) create(ctx context.Context, p *pass[O, R]) error {
	var remote *R
	err := r.attempt(ctx, p, r.adapter.Noun(), r.adapter.Fingerprint(p.object), func(ctx context.Context) (err error) {
		remote, err = r.adapter.Create(ctx, p.call(""))
		return err
	})
	if err != nil {
		return err
	}
	r.attempts.answered(p.name, remote)
	return r.created(ctx, p, remote, created(r.adapter.Noun(), r.adapter.ID(remote)))
}

// attempt is one attempt to create something, steps 1 to 3: it records the intent, calls
// send once, and sorts the answer. text is the fingerprint of the words to send.
func (r *Reconciler[O, R]) attempt(ctx context.Context, p *pass[O, R], noun, text string, send func(context.Context) error) error {
	ctx, cancel := armed(ctx, p.connection.RequestTimeout())
	defer cancel()
	if err := r.recordIntent(ctx, p, text); err != nil {
		return err
	}
	r.attempts.started(p.name, p.object.GetUID(), p.intent.attempt)
	if err := ctx.Err(); err != nil {
		// Nothing was sent, and nobody else may send this attempt.
		p.status.SettledAttempt = p.intent.attempt
		return fmt.Errorf("the deadline passed before the request could be sent: %w", err)
	}
	err := send(ctx)
	switch {
	case err == nil:
		return nil
	case synqly.CommitmentOf(err) == synqly.NotCommitted:
		p.status.SettledAttempt = p.intent.attempt
		return fmt.Errorf("creating the remote %s: %w", noun, err)
	}
	r.adapter.RecordPlace(p.object, p.place)
	return &UnconfirmedError{Noun: noun, Err: err}
}

// recordIntent is step 1. A conflict means that the cache was stale.
func (r *Reconciler[O, R]) recordIntent(ctx context.Context, p *pass[O, R], text string) error {
	key := p.intent.key
	if key == "" {
		key = p.ownKey
	}
	next := intent{
		key:          key,
		attempt:      max(p.intent.attempt, p.status.SettledAttempt) + 1,
		started:      r.Clock.Now(),
		installation: r.Installation,
		hash:         fieldsHash(r.adapter.Fields(p.object)),
		text:         text,
		place:        p.place,
	}
	err := r.updateMetadata(ctx, p, "recording the intent to create the remote "+r.adapter.Noun(), func(object O) {
		next.write(object)
		if p.policy.RemoveOnDelete && !slices.Contains(object.GetFinalizers(), v1alpha1.RemoteFinalizer) {
			object.SetFinalizers(append(object.GetFinalizers(), v1alpha1.RemoteFinalizer))
		}
	})
	if err != nil {
		return err
	}
	p.intent = next
	return nil
}

// created records a remote object that the latest attempt made, and writes its ID
// before anything else can fail.
func (r *Reconciler[O, R]) created(ctx context.Context, p *pass[O, R], remote *R, news announcement) error {
	if r.replacer != nil && p.status.ID != "" {
		replaced := r.replacer.Replaced(p.object)
		*replaced = append(slices.Clone(*replaced), p.status.ID)
	}
	p.status.ID = r.adapter.ID(remote)
	p.status.SettledAttempt = p.intent.attempt
	fields := r.adapter.Fields(p.object)
	if p.intent.hash == fieldsHash(fields) {
		p.status.Returned = r.adapter.RemoteFields(p.object, remote)
		r.applied(p, remote, nil)
	} else {
		// The spec was edited after the request went out; what it sets now has not
		// been applied.
		p.status.Applied, p.status.Returned = nil, nil
		r.saw(p, remote)
	}
	p.announce(news)
	if p.object.GetDeletionTimestamp().IsZero() && decide(r.situation(p)) == inSync {
		r.setConditions(p, outcomeOf(nil, false, r.adapter.Noun()))
	}
	if err := r.persist(ctx, p); err != nil {
		return err
	}
	r.attempts.forget(p.name)
	return nil
}

// settle finds out what became of the recorded attempt: steps 4 and 5.
func (r *Reconciler[O, R]) settle(ctx context.Context, p *pass[O, R]) error {
	r.adapter.RecordPlace(p.object, p.place)
	observed := r.attempts.observe(p.name, p.object.GetUID(), p.intent.attempt)
	if observed.answer != nil {
		// The request was answered, and only writing the ID failed.
		return r.created(ctx, p, observed.answer, created(r.adapter.Noun(), r.adapter.ID(observed.answer)))
	}
	candidates, err := r.candidates(ctx, p)
	if err != nil {
		return &UnconfirmedError{Noun: r.adapter.Noun(), Err: fmt.Errorf("looking for it: %w", err), LookupFailed: true}
	}
	if len(candidates) > 0 {
		oldest := slices.MinFunc(candidates, func(a, b *R) int { return r.adapter.CreatedAt(a).Compare(r.adapter.CreatedAt(b)) })
		if err := r.claim(ctx, p, r.adapter.ID(oldest)); err != nil {
			return err
		}
		return r.created(ctx, p, oldest, found(r.adapter.Noun(), r.adapter.ID(oldest), len(candidates)))
	}
	return r.cameUpEmpty(p, observed)
}

// cameUpEmpty counts a complete look-up that found nothing. With the last one that is
// needed the attempt counts as failed; before, the error says when to look again.
func (r *Reconciler[O, R]) cameUpEmpty(p *pass[O, R], observed attempt[R]) error {
	emptyLookups := r.attempts.cameUpEmpty(p.name)
	quiet := observed.since.Add(p.connection.RequestTimeout() + p.connection.SettlePeriod())
	if remaining := quiet.Sub(r.Clock.Now()); remaining > 0 {
		return &UnconfirmedError{Noun: r.adapter.Noun(), LookAgain: min(remaining, nextLookup(emptyLookups))}
	}
	if emptyLookups < requiredEmptyLookups {
		return &UnconfirmedError{Noun: r.adapter.Noun(), LookAgain: time.Second}
	}
	p.status.SettledAttempt = p.intent.attempt
	r.attempts.forget(p.name)
	return nil
}

// nextLookup spaces the look-ups within the settle period: 1s, 2s, 4s … 1m.
func nextLookup(done int) time.Duration {
	return min(time.Second<<min(max(done-1, 0), 6), time.Minute)
}

// candidates are the remote objects that the attempt may have made and that no
// other object stands for.
func (r *Reconciler[O, R]) candidates(ctx context.Context, p *pass[O, R]) ([]*R, error) {
	remotes, err := r.adapter.Find(ctx, p.call(""))
	if err != nil {
		return nil, err
	}
	own := []string{p.status.ID}
	if r.replacer != nil {
		own = append(own, *r.replacer.Replaced(p.object)...)
	}
	var candidates []*R
	for i := range remotes {
		id := r.adapter.ID(&remotes[i])
		if slices.Contains(own, id) {
			continue
		}
		owner, err := r.ownerOf(ctx, p, id)
		if err != nil {
			return nil, err
		}
		if owner == "" {
			candidates = append(candidates, &remotes[i])
			own = append(own, id) // a list may name the same ID twice
		}
	}
	return candidates, nil
}

// armed returns a context that ends after the timeout and, when its parent ends,
// after shutdownGrace.
func armed(parent context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(parent), timeout)
	stop := context.AfterFunc(parent, func() {
		timer := time.AfterFunc(shutdownGrace, cancel)
		context.AfterFunc(ctx, func() { timer.Stop() })
	})
	return ctx, func() { stop(); cancel() }
}
