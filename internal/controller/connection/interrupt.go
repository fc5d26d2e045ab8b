// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package connection

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// ErrInterrupted is why a request was given up, or not sent: its Integration was changed or
// deleted, or its token was replaced. What was to be done is done anew with what holds now.
var ErrInterrupted = errors.New("the Integration, or its token, was changed meanwhile")

// AfterInterruption is the pause of what was given up, which the new Integration takes a moment to
// show. The change has enqueued it as well.
const AfterInterruption = time.Second

// notSentError is ErrInterrupted for a request that did not leave the process.
type notSentError struct{}

func (notSentError) Error() string   { return ErrInterrupted.Error() }
func (notSentError) Unwrap() error   { return ErrInterrupted }
func (notSentError) NeverSent() bool { return true }

// writeGrace is how long a request that changes something may go on when it is interrupted. A
// create that is cut off is unconfirmed, and takes a search to sort out; a read can be repeated.
const writeGrace = 3 * time.Second

// interruptible lets the requests of one connection be interrupted.
type interruptible struct {
	next http.RoundTripper

	mu     sync.Mutex
	ended  context.Context // of the requests that are under way
	end    context.CancelFunc
	closed bool
}

func newInterruptible(next http.RoundTripper) *interruptible {
	t := &interruptible{next: next}
	t.ended, t.end = context.WithCancel(context.Background())
	return t
}

// interrupt ends the requests that are under way. Later ones are sent.
func (t *interruptible) interrupt() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end()
	t.ended, t.end = context.WithCancel(context.Background())
}

// close ends the requests that are under way and lets no other be sent.
func (t *interruptible) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.interrupt()
}

func (t *interruptible) isClosed() bool {
	_, closed := t.current()
	return closed
}

func (t *interruptible) current() (ended context.Context, closed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended, t.closed
}

// RoundTrip implements http.RoundTripper.
func (t *interruptible) RoundTrip(request *http.Request) (*http.Response, error) {
	ended, closed := t.current()
	if closed {
		return nil, notSentError{}
	}
	ctx, cancel := context.WithCancelCause(request.Context())
	stop := context.AfterFunc(ended, func() {
		if request.Method == http.MethodGet {
			cancel(ErrInterrupted)
			return
		}
		timer := time.AfterFunc(writeGrace, func() { cancel(ErrInterrupted) })
		context.AfterFunc(ctx, func() { timer.Stop() })
	})
	release := func() { stop(); cancel(nil) }
	response, err := t.next.RoundTrip(request.WithContext(ctx))
	if err != nil || response == nil || response.Body == nil {
		defer release()
		return response, interrupted(ctx, err)
	}
	response.Body = &interruptibleBody{ReadCloser: response.Body, ctx: ctx, release: release}
	return response, nil
}

// interrupted adds to an error that the request was interrupted, where it was.
func interrupted(ctx context.Context, err error) error {
	if err == nil || !errors.Is(context.Cause(ctx), ErrInterrupted) {
		return err
	}
	return errors.Join(ErrInterrupted, err)
}

// interruptibleBody releases what its request holds when it is closed.
type interruptibleBody struct {
	io.ReadCloser
	ctx     context.Context // that of the request, which lasts as long as the body
	release func()
}

func (b *interruptibleBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		return n, err
	}
	return n, interrupted(b.ctx, err)
}

func (b *interruptibleBody) Close() error {
	defer b.release()
	return b.ReadCloser.Close()
}
