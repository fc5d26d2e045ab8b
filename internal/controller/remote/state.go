// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/providermetadata"
)

// state is that of one reconcile of one object.
type state[O Object, R any] struct {
	name types.NamespacedName
	// object is changed as the reconcile goes on; stored is what the API server has.
	object, stored O
	status         *v1alpha1.RemoteObjectStatus
	policy         Policy
	intent         intent
	// ownKey is the key that this object gives to what it creates.
	ownKey string
	// group is what all that is created through the Integration has in common; empty without a
	// connection.
	group string

	reader     client.Reader
	place      Place
	connection *connection.Connection
	// endWork ends the deadline of all that is done through the connection.
	endWork context.CancelFunc
	// window is that of the recorded attempt, once it is looked for.
	window Window
	// inputs is all that a refused request rested on.
	inputs string

	// source is the content to send, once it is read.
	source *Source
	// seen is the remote object as fetched in this reconcile.
	seen      *R
	refreshed bool
	// gone: the remote object was not there then, and the object has expired.
	gone bool
	// updateSettled: no update is open, once the status is written.
	updateSettled bool
	// createsUnmarked: the provider refused what marks the remote object.
	createsUnmarked bool
	// now is when the reconcile began.
	now time.Time
	// refused: what the object asks for was refused before.
	refused bool
	// writtenBack is how many times drift was written back in this reconcile.
	writtenBack int
	// answered: the provider has said whether it exists.
	answered bool
	// observation is what was seen of the remote object outside of reconciles, and needsRefresh
	// says that it takes a look to make sense of it.
	observation  *Observation[R]
	needsRefresh bool
	// validator compares the spec with what the provider lists, nil where nothing is known of that,
	// and findings are what does not fit.
	validator func() []providermetadata.Finding
	findings  []providermetadata.Finding
	// finalizerRemoved: nothing is left to do for the object.
	finalizerRemoved bool
	// requeueAfter is when to make sure of that; zero where it is certain.
	requeueAfter time.Duration

	events []event
}

func (r *Reconciler[O, R]) begin(object O) *state[O, R] {
	name := client.ObjectKeyFromObject(object)
	s := &state[O, R]{
		name:   name,
		now:    r.Clock.Now(),
		reader: r.Client,
		object: object,
		stored: object.DeepCopyObject().(O),
		status: object.RemoteStatus(),
		policy: r.adapter.Policy(object),
		intent: readIntent(object),
		ownKey: CreateKey(r.Installation, object.GetUID()),

		endWork: func() {},
	}
	s.inputs = s.inputsWith(nil)
	return s
}

func (r *Reconciler[O, R]) situation(s *state[O, R]) situation {
	return situation{
		policy:           s.policy,
		hasID:            s.status.ID != "",
		attemptOpen:      s.attemptOpen(),
		historyUnknown:   r.historyUnknown(s),
		replacedLeft:     r.replacer != nil && len(*r.replacer.Replaced(s.object)) > 0,
		finalizerMissing: s.policy.RemoveOnDelete && !controllerutil.ContainsFinalizer(s.object, v1alpha1.RemoteFinalizer),
		refreshAsked:     s.syncRequest() != s.status.LastSyncRequest || s.isMissing() || s.needsRefresh,
		refreshed:        s.refreshed,
		gone:             s.gone,
		differs:          len(r.adapter.Diff(s.object)) > 0 || r.updateOpen(s),
		drifted:          len(r.drifted(s)) > 0,
		expired:          r.expired(s),
	}
}

// attemptOpen reports whether a create attempt is recorded whose outcome is not.
func (s *state[O, R]) attemptOpen() bool { return s.intent.attempt > s.status.SettledAttempt }

// clearRemote takes the remote object, and what is known of it, out of the status.
func (r *Reconciler[O, R]) clearRemote(s *state[O, R]) {
	s.status.ID, s.status.Applied, s.status.Returned, s.status.Missing = "", nil, nil, false
	meta.RemoveStatusCondition(&s.status.Conditions, v1alpha1.ConditionUnverified)
	if r.linker != nil {
		r.linker.ShowLink(s.object, &v1alpha1.Integration{}) // Without an ID it is empty.
	}
}

// settleAttempt notes that the outcome of the recorded attempt is known.
func (s *state[O, R]) settleAttempt() { s.status.SettledAttempt = s.intent.attempt }

func (s *state[O, R]) syncRequest() string { return s.annotation(v1alpha1.SyncRequestedAnnotation) }

// annotation is an annotation's value, cut to what the status takes of it.
func (s *state[O, R]) annotation(name string) string {
	return status.Truncate(s.object.GetAnnotations()[name], 1024)
}

// isMissing reports whether the remote object did not exist when the provider was asked last. The
// condition alone does not keep that: another failure, or a pause, takes its place.
func (s *state[O, R]) isMissing() bool {
	ready := meta.FindStatusCondition(s.status.Conditions, v1alpha1.ConditionReady)
	return s.status.Missing || (ready != nil && ready.Reason == v1alpha1.ReasonRemoteMissing)
}

// call is what adapters get; id is empty for a create.
func (s *state[O, R]) call(id string) Call[O, R] {
	var content []byte
	if s.source != nil {
		content = s.source.Content
	}
	return Call[O, R]{
		Connection: s.connection, Reader: s.reader, Place: s.place, Object: s.object,
		ID: id, Key: s.intent.key, Unmarked: s.intent.unmarked || (s.connection != nil && !s.connection.Marks()), Group: s.group, Text: s.intent.text, Window: s.window, Now: s.now, Seen: s.seen, Content: content,
	}
}

// inputsWith names all that a refusal rested on: with any of it changed, the request is worth
// trying again.
func (s *state[O, R]) inputsWith(integration connection.Integration) string {
	inputs := fmt.Sprintf("%s/%d/%t/%s/%s", s.object.GetUID(), s.object.GetGeneration(), s.object.GetDeletionTimestamp().IsZero(), s.syncRequest(), s.annotation(v1alpha1.CreateAgainAnnotation))
	if integration != nil {
		inputs += fmt.Sprintf("/%s/%d/%s", integration.GetUID(), integration.GetGeneration(), integration.ConnectionStatus().TokenVersion)
		// After an outage nobody waits for the end of a pause that it caused.
		ready := meta.FindStatusCondition(integration.ConnectionStatus().Conditions, v1alpha1.ConditionReady)
		if ready != nil && ready.Status == metav1.ConditionTrue {
			inputs += fmt.Sprintf("/ready since %d", ready.LastTransitionTime.Unix())
		}
	}
	return inputs
}

// refusedBefore reports whether the provider refused this generation of the spec under this
// generation of the Integration. It rests on the status alone, so a refusal is not tried again
// after a restart either.
func (s *state[O, R]) refusedBefore(integration connection.Integration) bool {
	stalled := meta.FindStatusCondition(s.status.Conditions, v1alpha1.ConditionStalled)
	return stalled != nil && stalled.Status == metav1.ConditionTrue &&
		stalled.ObservedGeneration == s.object.GetGeneration() &&
		s.status.IntegrationGeneration == integration.GetGeneration() && s.status.IntegrationUID == string(integration.GetUID()) &&
		s.syncRequest() == s.status.LastSyncRequest
}
