// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// maxNote is the longest note that the API server takes in an Event, in bytes.
const maxNote = 1024

// event is an Event that is published once the status has been written, so that it is not repeated
// when that fails.
type event struct {
	kind, reason, action, note string
	// regarding is the object that it is about; the reconciled one when nil.
	regarding runtime.Object
}

func (s *state[O, R]) emit(e event) {
	s.events = append(s.events, e)
}

// withLink adds to an Event the address at which people find what it tells of; empty for none.
func (e event) withLink(link string) event {
	if link != "" {
		e.note = note("%s (%s)", e.note, link)
	}
	return e
}

func createdEvent(noun, id string) event {
	return event{kind: corev1.EventTypeNormal, reason: "Created", action: "Create", note: note("created the remote %s %q", noun, id)}
}

func adoptedEvent(noun, id string) event {
	return event{kind: corev1.EventTypeNormal, reason: "Adopted", action: "Adopt", note: note("adopted the remote %s %q", noun, id)}
}

// foundEvent tells of a remote object that an unconfirmed attempt turned out to have made.
func foundEvent(noun, id string, candidates int) event {
	if candidates > 1 {
		return event{kind: corev1.EventTypeWarning, reason: "FoundSeveral", action: "Adopt", note: note("%d remote %ss may be the result of the unconfirmed create request: adopted the oldest, %q, and left the others unchanged", candidates, noun, id)}
	}
	return event{kind: corev1.EventTypeNormal, reason: "Found", action: "Adopt", note: note("found the remote %s %q: the unconfirmed create request had succeeded", noun, id)}
}

// copiedEvent tells of an object that was applied with the status of another one.
func copiedEvent(noun, id string) event {
	return event{kind: corev1.EventTypeNormal, reason: "Copied", action: "Create", note: note("this object was copied from another one, which the remote %s %q belongs to; it gets a remote %s of its own", noun, id, noun)}
}

// borrowedEvent tells of an object that was given the status of another one.
func borrowedEvent(noun, id string) event {
	return event{kind: corev1.EventTypeNormal, reason: "Copied", action: "Create", note: note("the status of this object was that of another one, which the remote %s %q belongs to; its own remote %s is looked for", noun, id, noun)}
}

// recreatingEvent names what asks for another remote object.
func recreatingEvent(noun, id, asks string) event {
	return event{kind: corev1.EventTypeNormal, reason: "Recreating", action: "Create", note: note("the remote %s %q is missing: creating a new one because of %s", noun, id, asks)}
}

// changedRemotelyEvent tells what somebody changed in managed fields.
func changedRemotelyEvent(noun, id string, changes []string, enforce bool) event {
	then := "the changes are kept (managementPolicy Apply)"
	if enforce {
		then = "the values of the spec are restored (managementPolicy Enforce)"
	}
	return event{kind: corev1.EventTypeNormal, reason: "RemoteChange", action: "Observe", note: note("somebody changed the remote %s %q: %s; %s", noun, id, strings.Join(changes, "; "), then)}
}

// invalidEvent tells that the spec does not fit what the provider lists.
func invalidEvent(reason, message string) event {
	return event{kind: corev1.EventTypeWarning, reason: reason, action: "Validate", note: note("%s", message)}
}

// expiredEvent tells of an object that is removed because its time has come, with so many that
// belong to it.
func expiredEvent(noun, id string, released int) event {
	objects, others := "this object", ""
	if released > 0 {
		objects, others = fmt.Sprintf("this object and the %d that name it by ticketRef", released), ", with what they stand for,"
	}
	return event{kind: corev1.EventTypeNormal, reason: "Expired", action: "Expire", note: note("ttlAfterClosed has passed since the remote %s %q was closed: deleted %s and left the remote %s%s unchanged", noun, id, objects, noun, others)}
}

// notAdmittedEvent tells of a remote object whose connection the namespace may not use any more.
func notAdmittedEvent(noun string, ids []string, cause error) event {
	return event{kind: corev1.EventTypeWarning, reason: "Retained", action: "Retain", note: note("left %s unchanged: %v", remoteObjects(noun, ids), cause)}
}

// remoteObjects names the remote objects of an object; where none is known, one may exist.
func remoteObjects(noun string, ids []string) string {
	if len(ids) == 0 {
		return fmt.Sprintf("a remote %s that may exist", noun)
	}
	return fmt.Sprintf("the remote %s %s", noun, strings.Join(ids, ", "))
}

// abandonedEvent tells of a remote object that a terminating namespace left behind. It is about the
// namespace, because nothing can be created in there any more.
func abandonedEvent(namespace *corev1.Namespace, kind, name, noun string, ids []string, cause string) event {
	return event{kind: corev1.EventTypeWarning, reason: "Abandoned", action: "Remove", regarding: namespace,
		note: note("removed the finalizer of %s %s/%s without removing %s: %s", kind, namespace.Name, name, remoteObjects(noun, ids), cause)}
}

// emitRemark tells of what the provider has made of what it was sent; empty for nothing.
func (s *state[O, R]) emitRemark(remark string) {
	if remark != "" {
		s.emit(event{kind: corev1.EventTypeNormal, reason: "ShownDifferently", action: "Update", note: note("%s", remark)})
	}
}

func updatedEvent(noun, id string, fields []string) event {
	return event{kind: corev1.EventTypeNormal, reason: "Updated", action: "Update", note: note("updated the remote %s %q: %s", noun, id, strings.Join(fields, ", "))}
}

// removedEvent tells what was done to a remote object before its object goes: that it was closed,
// or removed.
func removedEvent(noun, removed, id string) event {
	reason := strings.ToUpper(removed[:1]) + removed[1:]
	return event{kind: corev1.EventTypeNormal, reason: reason, action: "Remove", note: note("%s the remote %s %q according to deletionPolicy", removed, noun, id)}
}

// unverifiedEvent tells of a remote object that may be a person's.
func unverifiedEvent(noun, id string) event {
	return event{kind: corev1.EventTypeWarning, reason: v1alpha1.ConditionUnverified, action: "Retain", note: note("left the remote %s %q unchanged: it was found by its text alone, and nothing proves that the operator created it; delete it in the ticketing system if it is not needed", noun, id)}
}

// keptByClosedEvent tells of a remote object that cannot be removed any more.
func keptByClosedEvent(noun, id string, refusal *ClosedError) event {
	return event{kind: corev1.EventTypeWarning, reason: "Retained", action: "Retain", note: note("left the remote %s %q unchanged: %v", noun, id, refusal)}
}

// statusRefusedEvent tells what the status cannot.
func statusRefusedEvent(err error) event {
	return event{kind: corev1.EventTypeWarning, reason: v1alpha1.ReasonWriteRefused, action: "Reconcile", note: note("the API server refuses the status of this object, so what the status says may be out of date: %v", err)}
}

func retainedEvent(noun, id string) event {
	return event{kind: corev1.EventTypeNormal, reason: "Retained", action: "Retain", note: note("left the remote %s %q unchanged", noun, id)}
}

// emitConditionEvent tells of a Ready condition that has changed for the worse, or back. That an
// object is in sync after it was created or updated, the Events above have said already. What is
// not wrong, such as a wait for an object that was applied in the same moment, is no Warning.
func (s *state[O, R]) emitConditionEvent(result outcome) {
	switch {
	case result.silent:
	case result.status == metav1.ConditionTrue && len(s.events) > 0:
	case result.status == metav1.ConditionTrue, result.expected:
		s.emit(event{kind: corev1.EventTypeNormal, reason: result.reason, action: "Reconcile", note: note("%s", result.message)})
	default:
		s.emit(event{kind: corev1.EventTypeWarning, reason: result.reason, action: "Reconcile", note: note("%s", result.message)})
	}
}

func note(format string, args ...any) string {
	text := fmt.Sprintf(format, args...)
	for characters := maxNote; len(text) > maxNote; characters -= 64 {
		text = status.Truncate(text, characters)
	}
	return text
}

func (s *state[O, R]) publish(recorder events.EventRecorder) {
	for _, a := range s.events {
		var regarding, related runtime.Object = s.object, nil
		if a.regarding != nil {
			// The recorder takes Events with the same reason about the same object for one, and
			// keeps the first note alone, unless they are related to different objects.
			regarding, related = a.regarding, s.object
		}
		recorder.Eventf(regarding, related, a.kind, a.reason, a.action, "%s", a.note)
	}
	s.events = nil
}
