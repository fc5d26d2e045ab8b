// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"fmt"
	"math"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/controller/status"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// Looks are the remote requests for objects that have no remote object of their own and only look
// at what there is. It says what their failures mean, and keeps the pauses between them, in the
// same way as for remote objects.
type Looks struct{ retries *retries }

// NewLooks returns Looks without any pause.
func NewLooks(clk clock.Clock) *Looks { return &Looks{retries: newRetries(clk)} }

// Failure is what the failure of a look means.
type Failure struct {
	status.Summary
	// Silent: nothing is worth telling the object's owner.
	Silent bool
	// Recheck: the Integration must check its token.
	Recheck bool
	// Again is when to look again; zero where a change of something brings the object back.
	Again time.Duration
}

// InputsOf names all that the outcome of a look rests on: with any of it changed, there is no
// pause.
func InputsOf(object client.Object, integration connection.Integration) string {
	inputs := fmt.Sprintf("%s/%d/%s/%s/%d/%s", object.GetUID(), object.GetGeneration(), object.GetAnnotations()[v1alpha1.SyncRequestedAnnotation],
		integration.GetUID(), integration.GetGeneration(), integration.ConnectionStatus().TokenVersion)
	ready := meta.FindStatusCondition(integration.ConnectionStatus().Conditions, v1alpha1.ConditionReady)
	if ready != nil && ready.Status == metav1.ConditionTrue {
		inputs += fmt.Sprintf("/ready since %d", ready.LastTransitionTime.Unix())
	}
	return inputs
}

// Remaining is how long an object has to wait before it looks again.
func (l *Looks) Remaining(name types.NamespacedName, inputs string) time.Duration {
	return l.retries.remaining(name, inputs)
}

// Pause has an object with these inputs wait, after a look that succeeded.
func (l *Looks) Pause(name types.NamespacedName, inputs string, after time.Duration) {
	l.Forget(name)
	l.pauseFor(name, inputs, after)
}

func (l *Looks) pauseFor(name types.NamespacedName, inputs string, after time.Duration) {
	l.retries.mu.Lock()
	defer l.retries.mu.Unlock()
	l.retries.pauses[name] = pause{until: l.retries.clock.Now().Add(after), inputs: inputs}
}

// Forget forgets all pauses of an object.
func (l *Looks) Forget(name types.NamespacedName) { l.retries.succeeded(name) }

// Failed notes that a look has failed. A refusal is not repeated while the inputs are the same.
// open is the connection of the look, or nil.
func (l *Looks) Failed(name types.NamespacedName, inputs string, err error, open *connection.Connection) Failure {
	result := translate(err, "query")
	if synqly.IsNotFound(err) {
		// It is not about a remote object that was there.
		result = failed(v1alpha1.ReasonRemoteUnavailable, err.Error(), retryBackoff)
	}
	if result.retry == retryHold {
		result.retry, result.after = retryAfter, time.Second
		if open != nil {
			result.after = max(open.HeldFor(), time.Second)
		}
	}
	failure := Failure{Summary: result.summary(), Silent: result.silent, Recheck: result.recheckConnection}
	failure.Again = l.retries.failed(name, inputs, result)
	if result.stalled {
		l.pauseFor(name, inputs, math.MaxInt64/2)
	}
	return failure
}
