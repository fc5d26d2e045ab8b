// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/shard"
)

const (
	// tokenLifetime is how long a token that was read is good for.
	tokenLifetime = 10 * time.Second
	// rereadAfter is how soon a token that does not match is read again: a token that was changed a
	// moment ago must not be refused, because senders do not repeat a 401.
	rereadAfter = time.Second
	// tokenReadsPerSecond and tokenReadBurst bound the reads that senders without a token cause.
	tokenReadsPerSecond = 50
	tokenReadBurst      = 100
	// maxStrangers is how many names of receivers that do not exist are remembered.
	maxStrangers = 4096
	// tokenReadTimeout is how long the API server may take for a read.
	tokenReadTimeout = 5 * time.Second
)

var (
	// errUnauthorized means that the token is not that of the receiver, or that there is no such
	// receiver.
	errUnauthorized = errors.New("no such receiver with that token")
	// errTokenUnknown means that the token could not be read now.
	errTokenUnknown = errors.New("the token of the receiver cannot be read")
	// errTooManyReads means that it was not read, because too many others were.
	errTooManyReads = errors.New("too many tokens are read at the same time")
)

// tokens knows the tokens of the receivers. One that does not exist is treated as one with a token
// that nobody has: it costs the same reads and the same comparison, so that nobody can find out
// which receivers there are.
type tokens struct {
	// cached reads AlertReceivers, and live reads from the API server.
	cached, live client.Reader
	shard        shard.Shard
	now          func() time.Time
	limiter      *rate.Limiter
	// nobodys is the digest of a token that nobody has.
	nobodys [sha256.Size]byte

	reads singleflight.Group
	mu    sync.Mutex
	// known are receivers, and strangers names that no receiver has.
	known, strangers map[types.NamespacedName]knownToken
}

// knownToken is what was read of a receiver.
type knownToken struct {
	digest [sha256.Size]byte
	// ref is where it was read, empty where there was no receiver.
	ref    v1alpha1.SecretKeyReference
	readAt time.Time
}

func newTokens(cached, live client.Reader, watched shard.Shard, now func() time.Time) *tokens {
	t := &tokens{
		cached: cached, live: live, shard: watched, now: now,
		limiter: rate.NewLimiter(tokenReadsPerSecond, tokenReadBurst),
		known:   map[types.NamespacedName]knownToken{}, strangers: map[types.NamespacedName]knownToken{},
	}
	_, _ = rand.Read(t.nobodys[:]) // It never fails.
	return t
}

// authorize returns the receiver if the token is its own.
func (t *tokens) authorize(ctx context.Context, name types.NamespacedName, token string) (*v1alpha1.AlertReceiver, error) {
	receiver, err := t.receiver(ctx, t.cached, name)
	if err != nil {
		return nil, err
	}
	presented := sha256.Sum256([]byte(token))
	known, remembered := t.recall(name, receiver)
	age := t.now().Sub(known.readAt)
	matches := known.matches(presented)
	if remembered && age < tokenLifetime && (matches || age < rereadAfter) {
		return authorized(receiver, matches && token != "")
	}
	if !t.limiter.AllowN(t.now(), 1) {
		// A sender that has had the right token until now is not held up by those without one.
		if remembered && matches && receiver != nil && token != "" {
			return receiver, nil
		}
		return nil, errTooManyReads
	}
	receiver, known, err = t.read(ctx, name, receiver)
	if err != nil {
		return nil, err
	}
	return authorized(receiver, known.matches(presented) && token != "")
}

func authorized(receiver *v1alpha1.AlertReceiver, matches bool) (*v1alpha1.AlertReceiver, error) {
	if receiver == nil || !matches {
		return nil, errUnauthorized
	}
	return receiver, nil
}

func (k knownToken) matches(presented [sha256.Size]byte) bool {
	return subtle.ConstantTimeCompare(k.digest[:], presented[:]) == 1
}

// receiver reads an AlertReceiver of the shard; nil where there is none, or none any more.
func (t *tokens) receiver(ctx context.Context, reader client.Reader, name types.NamespacedName) (*v1alpha1.AlertReceiver, error) {
	var receiver v1alpha1.AlertReceiver
	err := reader.Get(ctx, name, &receiver)
	switch {
	case isOfAnotherNamespace(err):
		return nil, errUnauthorized
	case apierrors.IsNotFound(err):
		return nil, nil //nolint:nilnil // No receiver is an answer, not a failure.
	case err != nil:
		return nil, fmt.Errorf("%w: reading the AlertReceiver: %w", errTokenUnknown, err)
	case !receiver.DeletionTimestamp.IsZero(), !t.shard.Has(&receiver): // Live, those of other shards are seen as well.
		return nil, nil //nolint:nilnil // As above.
	}
	return &receiver, nil
}

// isOfAnotherNamespace reports whether the cache does not watch the namespace of what was asked
// for, so that no receiver there is served, whether it exists or not.
func isOfAnotherNamespace(err error) bool {
	return err != nil && strings.Contains(err.Error(), "unknown namespace for the cache")
}

// recall returns what was read of the receiver; nothing where its Secret was another one.
func (t *tokens) recall(name types.NamespacedName, receiver *v1alpha1.AlertReceiver) (knownToken, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if receiver == nil {
		known, remembered := t.strangers[name]
		return known, remembered
	}
	known, remembered := t.known[name]
	return known, remembered && known.ref == receiver.Spec.TokenSecretRef
}

// read reads the token from the API server, once for all that ask for it at the same time. A
// receiver that the cache does not have is looked for there as well: it may be new, and that makes
// one read of either kind of receiver.
func (t *tokens) read(ctx context.Context, name types.NamespacedName, cached *v1alpha1.AlertReceiver) (*v1alpha1.AlertReceiver, knownToken, error) {
	type result struct {
		receiver *v1alpha1.AlertReceiver
		known    knownToken
	}
	shared, err, _ := t.reads.Do(name.String(), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tokenReadTimeout)
		defer cancel()
		receiver := cached
		if receiver == nil {
			var err error
			receiver, err = t.receiver(ctx, t.live, name)
			// What the operator may not read there, it does not serve.
			if err != nil && !apierrors.IsForbidden(err) {
				return nil, err
			}
		}
		known := knownToken{digest: t.nobodys, readAt: t.now()}
		if receiver != nil {
			known.ref = receiver.Spec.TokenSecretRef
			if err := t.readSecret(ctx, name.Namespace, &known); err != nil {
				return nil, err
			}
		}
		t.remember(name, known)
		return result{receiver, known}, nil
	})
	if err != nil {
		return nil, knownToken{}, err
	}
	return shared.(result).receiver, shared.(result).known, nil
}

func (t *tokens) readSecret(ctx context.Context, namespace string, known *knownToken) error {
	var secret corev1.Secret
	err := t.live.Get(ctx, types.NamespacedName{Namespace: namespace, Name: known.ref.Name}, &secret)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: reading the Secret: %w", errTokenUnknown, err)
	}
	// Files and editors end with a line feed that is not a part of the token.
	if token := strings.TrimSpace(string(secret.Data[known.ref.Key])); token != "" {
		known.digest = sha256.Sum256([]byte(token))
	}
	return nil
}

// remember keeps what was read. Where there are too many names that no receiver has, any of them is
// forgotten, and never a receiver: strangers must not make the operator forget a token.
func (t *tokens) remember(name types.NamespacedName, known knownToken) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known.ref != (v1alpha1.SecretKeyReference{}) {
		t.known[name] = known
		return
	}
	for other := range t.strangers {
		if len(t.strangers) < maxStrangers {
			break
		}
		delete(t.strangers, other)
	}
	t.strangers[name] = known
}

// forget drops what is known of a receiver that is gone.
func (t *tokens) forget(name types.NamespacedName) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.known, name)
}
