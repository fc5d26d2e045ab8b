// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// Sourcer is an Adapter whose remote objects have a content that the spec may name instead of
// having it. It is a snapshot: it is read when it is to be sent, and what its source has afterwards
// is sent only when somebody asks for that.
type Sourcer[O Object] interface {
	// ReadSource reads the content. It MUST return a *SourceError for what is not there or cannot
	// be sent.
	ReadSource(ctx context.Context, reader client.Reader, object O) (Source, error)
	// IsSent reports whether the remote object, as the status has it, was made of the content.
	IsSent(object O, source Source) bool
	// RecordSent puts into the status what a create attempt has sent. text is what it recorded, the
	// Text of the Source.
	RecordSent(object O, text string)
}

// Source is a content that was read.
type Source struct {
	Content []byte
	// Text identifies the content, and is what Find recognises the remote object by. It is written
	// down before the content is sent, because the source may change at any time.
	Text string
}

// SourceError says why a content cannot be sent.
type SourceError struct {
	// Missing: the source is not there, or may not be read.
	Missing bool
	// Inline: the spec has it, so that no other object can mend it.
	Inline  bool
	Message string
}

func (e *SourceError) Error() string { return e.Message }

// outcome says that nothing was sent. Nothing watches the source, so it is looked at again.
func (e *SourceError) outcome() outcome {
	switch {
	case e.Missing:
		return failed(v1alpha1.ReasonSourceNotFound, e.Message, retryBackoff)
	case e.Inline:
		result := failed(v1alpha1.ReasonInvalidSource, e.Message, retryNever)
		result.stalled = true
		return result
	}
	return failed(v1alpha1.ReasonInvalidSource, e.Message, retrySlowly)
}

// readSource reads what Create is to send, once in a reconcile: what is recorded is what is sent.
func (r *Reconciler[O, R]) readSource(ctx context.Context, s *state[O, R]) error {
	if r.sourcer == nil || s.source != nil {
		return nil
	}
	source, err := r.sourcer.ReadSource(ctx, r.APIReader, s.object)
	var unusable *SourceError
	switch {
	case errors.As(err, &unusable):
		return err
	case err != nil:
		return &kubernetesError{fmt.Errorf("reading the content of the %s: %w", r.adapter.Noun(), err)}
	}
	s.source = &source
	return nil
}

// fingerprint is that of what Create sends.
func (r *Reconciler[O, R]) fingerprint(s *state[O, R]) string {
	if s.source != nil {
		return s.source.Text
	}
	return r.adapter.Fingerprint(s.object)
}

// updateFromSource creates a replacement, unless the remote object was made of the same content,
// which the spec only names in another way.
func (r *Reconciler[O, R]) updateFromSource(ctx context.Context, s *state[O, R]) error {
	if err := r.readSource(ctx, s); err != nil {
		return err
	}
	if r.sourcer.IsSent(s.object, *s.source) {
		s.status.Applied = r.adapter.Fields(s.object)
		return nil
	}
	return r.create(ctx, s)
}

// compareSource looks, when somebody asks for it, whether the source has another content by now:
// then that has not been applied. A source that is gone changes nothing, because the remote object
// needs it no more.
func (r *Reconciler[O, R]) compareSource(ctx context.Context, s *state[O, R]) error {
	if r.sourcer == nil || s.syncRequest() == s.status.LastSyncRequest {
		return nil
	}
	err := r.readSource(ctx, s)
	var unusable *SourceError
	switch isUnusable := errors.As(err, &unusable); {
	case isUnusable && unusable.Missing:
	case isUnusable:
		s.status.Applied = nil // The update says why.
	case err != nil:
		return err
	case !r.sourcer.IsSent(s.object, *s.source):
		s.status.Applied = nil
	}
	return nil
}
