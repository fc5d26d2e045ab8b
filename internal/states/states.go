// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package states lists every state that the objects of each kind can be in, as their conditions say
// it, and what the tools that apply objects from Git are to make of it. Tests hold the list against
// the reasons in api/v1alpha1, and against kstatus and Argo CD's health checks; these health checks
// in config/argocd, and docs/reference/states.md, follow from it.
package states

import (
	"fmt"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// KStatus is a verdict of kstatus, which Flux and cli-utils use.
type KStatus string

// The verdicts of kstatus.
const (
	Current     KStatus = "Current"
	InProgress  KStatus = "InProgress"
	Failed      KStatus = "Failed"
	Terminating KStatus = "Terminating"
)

// Health is a verdict of an Argo CD health check.
type Health string

// The verdicts of a health check.
const (
	Healthy     Health = "Healthy"
	Progressing Health = "Progressing"
	Degraded    Health = "Degraded"
	Suspended   Health = "Suspended"
)

// State is what the conditions Ready and Stalled of an object can say.
type State struct {
	Reason string
	Ready  metav1.ConditionStatus
	// Stalled: the condition Stalled is there, with the same reason.
	Stalled bool
	// Deleted: the state exists only while the object is being deleted.
	Deleted bool
	// Recreated: the state is that of an object with onRemoteMissing Recreate.
	Recreated bool
	KStatus   KStatus
	Health    Health
}

// fine is a state in which nothing is to be done.
func fine(reason string) State {
	return State{Reason: reason, Ready: metav1.ConditionTrue, KStatus: Current, Health: Healthy}
}

// waiting is a state that ends without anybody changing this object.
func waiting(reason string) State {
	return State{Reason: reason, Ready: metav1.ConditionFalse, KStatus: InProgress, Health: Progressing}
}

// awaitingSomebody is a state that is tried again, and in which that will not help before somebody
// has done something.
func awaitingSomebody(reason string) State {
	return State{Reason: reason, Ready: metav1.ConditionFalse, KStatus: InProgress, Health: Degraded}
}

// stalled is a state in which nothing is tried before somebody has changed something.
func stalled(reason string) State {
	return State{Reason: reason, Ready: metav1.ConditionFalse, Stalled: true, KStatus: Failed, Health: Degraded}
}

// deleted is a state of an object that is being deleted.
func deleted(reason string) State {
	return State{Reason: reason, Ready: metav1.ConditionFalse, Deleted: true, KStatus: Terminating, Health: Progressing}
}

// paused is the state of an object with the annotation of that name.
func paused() State {
	return State{Reason: v1alpha1.ReasonPaused, Ready: metav1.ConditionUnknown, KStatus: InProgress, Health: Suspended}
}

// connectionStates are those of Integrations and ClusterIntegrations.
func connectionStates() []State {
	return []State{
		fine(v1alpha1.ReasonConnected),
		waiting(v1alpha1.ReasonSecretNotFound),
		waiting(v1alpha1.ReasonThrottled),
		waiting(v1alpha1.ReasonUnreachable),
		awaitingSomebody(v1alpha1.ReasonInvalidToken),
		awaitingSomebody(v1alpha1.ReasonOrganizationDisabled),
		awaitingSomebody(v1alpha1.ReasonWriteRefused),
		stalled(v1alpha1.ReasonInvalidConfiguration),
		paused(),
	}
}

// remoteStates are those of all objects that stand for remote ones.
func remoteStates() []State {
	return []State{
		fine(v1alpha1.ReasonSynced),
		waiting(v1alpha1.ReasonCreating),
		waiting(v1alpha1.ReasonCreateUnconfirmed),
		waiting(v1alpha1.ReasonWaitingForIntegration),
		waiting(v1alpha1.ReasonThrottled),
		waiting(v1alpha1.ReasonRemoteUnavailable),
		awaitingSomebody(v1alpha1.ReasonUnauthorized),
		awaitingSomebody(v1alpha1.ReasonRemoteMissing),
		awaitingSomebody(v1alpha1.ReasonConflict),
		awaitingSomebody(v1alpha1.ReasonWriteRefused),
		stalled(v1alpha1.ReasonRejected),
		paused(),
		deleted(v1alpha1.ReasonDeleting),
		deleted(v1alpha1.ReasonDeleteBlocked),
	}
}

// childStates are those of objects that belong to a ticket.
func childStates() []State {
	return append(remoteStates(), waiting(v1alpha1.ReasonWaitingForTicket))
}

// OfKind has the states of each kind.
var OfKind = map[string][]State{
	"Integration":        connectionStates(),
	"ClusterIntegration": connectionStates(),
	"Ticket": append(remoteStates(),
		State{Reason: v1alpha1.ReasonRemoteMissing, Ready: metav1.ConditionFalse, Recreated: true, KStatus: InProgress, Health: Progressing},
		waiting(v1alpha1.ReasonDrifted),
	),
	"TicketComment": childStates(),
	"TicketNote":    childStates(),
	"TicketAttachment": append(childStates(),
		waiting(v1alpha1.ReasonSourceNotFound),
		awaitingSomebody(v1alpha1.ReasonInvalidSource),
		stalled(v1alpha1.ReasonInvalidSource),
	),
	"TicketQuery": {
		fine(v1alpha1.ReasonCounted),
		fine(v1alpha1.ReasonCountNotExact),
		waiting(v1alpha1.ReasonWaitingForIntegration),
		waiting(v1alpha1.ReasonThrottled),
		waiting(v1alpha1.ReasonRemoteUnavailable),
		awaitingSomebody(v1alpha1.ReasonUnauthorized),
		stalled(v1alpha1.ReasonRejected),
		paused(),
	},
	"AlertReceiver": {
		fine(v1alpha1.ReasonReceiving),
		waiting(v1alpha1.ReasonSecretNotFound),
		waiting(v1alpha1.ReasonWaitingForIntegration),
		awaitingSomebody(v1alpha1.ReasonInvalidToken),
		stalled(v1alpha1.ReasonInvalidTemplate),
		stalled(v1alpha1.ReasonEndpointDisabled),
		paused(),
	},
	"Incident": {
		fine(v1alpha1.ReasonTracked),
		fine(v1alpha1.ReasonSuppressed),
		waiting(v1alpha1.ReasonWaitingForTicket),
		waiting(v1alpha1.ReasonWaitingForReceiver),
		awaitingSomebody(v1alpha1.ReasonHeldBack),
		paused(),
	},
}

// Kinds are the kinds, in the order in which the documentation has them.
var Kinds = []string{
	"Integration", "ClusterIntegration", "Ticket", "TicketComment", "TicketNote", "TicketAttachment",
	"TicketQuery", "AlertReceiver", "Incident",
}

// Remark is what a condition beside Ready and Stalled can say, which no verdict rests on.
type Remark struct {
	Condition string
	Status    metav1.ConditionStatus
	Reasons   []string
}

// RemarksOf has the remarks of each kind that has any. Synced has the reasons of Ready.
var RemarksOf = map[string][]Remark{
	"Ticket":           {unverified, {v1alpha1.ConditionValid, metav1.ConditionFalse, []string{v1alpha1.ReasonUnknownProject, v1alpha1.ReasonUnknownField, v1alpha1.ReasonInvalidValue}}},
	"TicketComment":    {unverified},
	"TicketNote":       {unverified},
	"TicketAttachment": {unverified},
}

var unverified = Remark{v1alpha1.ConditionUnverified, metav1.ConditionTrue, []string{v1alpha1.ReasonFoundByText}}

// Check fails where the conditions of an object say what is not listed for its kind. It knows the
// kind by the type, and has nothing against other objects.
func Check(object client.Object) error {
	kind := reflect.TypeOf(object).Elem().Name()
	listed, isOurs := OfKind[kind]
	if !isOurs {
		return nil
	}
	conditions := reflect.ValueOf(object).Elem().FieldByName("Status").FieldByName("Conditions").Interface().([]metav1.Condition)
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	stalled := meta.FindStatusCondition(conditions, v1alpha1.ConditionStalled)
	if ready == nil && stalled == nil {
		return nil
	}
	says := func(state State) bool {
		isStalled := stalled != nil && stalled.Status == metav1.ConditionTrue && stalled.Reason == state.Reason
		return ready != nil && ready.Reason == state.Reason && ready.Status == state.Ready && isStalled == state.Stalled && (stalled != nil) == state.Stalled
	}
	if !slices.ContainsFunc(listed, says) {
		return fmt.Errorf("internal/states has no state of the %s %q: Ready %v, Stalled %v", kind, object.GetName(), ready, stalled)
	}
	return nil
}
