// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/providermetadata"
)

// The condition Valid is there only while the spec does not fit what the provider lists. It is a
// warning, because the lists are some minutes old, and a provider may take more than it lists:
// nothing waits for it, and it changes nothing about Ready.

// validate compares the spec with the provider's projects and fields, as the latest check of the
// connection has found them.
func (r *Reconciler[O, R]) validate(ctx context.Context, s *state[O, R]) error {
	if r.validator == nil {
		return nil
	}
	var err error
	if s.validator, err = r.validatorFor(ctx, s); err != nil {
		return err
	}
	if s.validator == nil {
		// After a restart nothing is known for a moment. What was said of this spec stays.
		valid := meta.FindStatusCondition(s.status.Conditions, v1alpha1.ConditionValid)
		if s.policy.Observe || valid != nil && valid.ObservedGeneration != s.object.GetGeneration() {
			meta.RemoveStatusCondition(&s.status.Conditions, v1alpha1.ConditionValid)
		}
	}
	before := meta.FindStatusCondition(s.status.Conditions, v1alpha1.ConditionValid)
	r.judge(s)
	if before != nil && s.validator != nil && len(s.findings) == 0 {
		// The provider may have refused what it has now, so a refused request is sent once more.
		meta.RemoveStatusCondition(&s.status.Conditions, v1alpha1.ConditionStalled)
	}
	return nil
}

// judge finds what does not fit, and says so in the condition. It is repeated once the remote
// object exists: that has told which project it is in.
func (r *Reconciler[O, R]) judge(s *state[O, R]) {
	if s.validator == nil {
		return
	}
	s.findings = s.validator()
	r.setValid(s, s.status)
}

// validatorFor returns what compares the object with the provider that it is sent to; nil where
// nothing is known of that, or nothing is written to it. A namespace that a ClusterIntegration does
// not admit is told nothing about its provider.
func (r *Reconciler[O, R]) validatorFor(ctx context.Context, s *state[O, R]) (func() []providermetadata.Finding, error) {
	place, err := r.adapter.Place(ctx, s.reader, s.object)
	if err != nil || s.policy.Observe {
		return nil, err
	}
	open := r.Connections.Last(connection.NameOf(s.name.Namespace, place.Integration))
	if open == nil || open.Metadata() == nil {
		return nil, nil
	}
	admitted, err := r.admits(ctx, place, s.name.Namespace)
	if err != nil || !admitted {
		return nil, err
	}
	defaults, metadata := open.Defaults(), open.Metadata()
	return func() []providermetadata.Finding { return r.validator.Validate(s.object, &defaults, metadata) }, nil
}

// setValid writes the findings into the condition Valid.
func (r *Reconciler[O, R]) setValid(s *state[O, R], into *v1alpha1.RemoteObjectStatus) {
	if len(s.findings) == 0 {
		meta.RemoveStatusCondition(&into.Conditions, v1alpha1.ConditionValid)
		return
	}
	status.SetCondition(&into.Conditions, v1alpha1.ConditionValid, metav1.ConditionFalse,
		s.findings[0].Reason, providermetadata.Describe(s.findings), s.object.GetGeneration(), r.Clock.Now())
}

// warnFirst writes findings that are new into the status before a request is sent. It writes
// nothing else: what the status says of requests is not true before they are.
func (r *Reconciler[O, R]) warnFirst(ctx context.Context, s *state[O, R]) error {
	if len(s.findings) == 0 {
		return nil
	}
	before := meta.FindStatusCondition(s.stored.RemoteStatus().Conditions, v1alpha1.ConditionValid)
	now := meta.FindStatusCondition(s.status.Conditions, v1alpha1.ConditionValid)
	if before != nil && before.Message == now.Message {
		return nil
	}
	warned := s.stored.DeepCopyObject().(O)
	r.setValid(s, warned.RemoteStatus())
	ctx, cancel := detached(ctx)
	defer cancel()
	patch := client.MergeFromWithOptions(s.stored, client.MergeFromWithOptimisticLock{})
	if err := r.patchStatusOf(ctx, s, warned, patch); err != nil {
		return err
	}
	s.emit(invalidEvent(now.Reason, now.Message))
	warned.SetResourceVersion(s.object.GetResourceVersion())
	s.stored = warned
	return nil
}

// explainRefusal adds to what a provider says that refuses a request what its lists have against
// the fields of that.
func (r *Reconciler[O, R]) explainRefusal(s *state[O, R], result *outcome) {
	if result.reason != v1alpha1.ReasonRejected || !s.object.GetDeletionTimestamp().IsZero() {
		return
	}
	sent := s.findings
	if s.status.ID != "" {
		written := r.adapter.Diff(s.object)
		sent = slices.DeleteFunc(slices.Clone(sent), func(finding providermetadata.Finding) bool { return !slices.Contains(written, finding.Field) })
	}
	if len(sent) > 0 {
		result.message += "; this may be why: " + providermetadata.Describe(sent)
	}
}
