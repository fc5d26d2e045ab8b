// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// maxNote is the longest note that the API server takes in an Event, in bytes.
const maxNote = 1024

// announcement is an Event that is published once the status has been written, so
// that it is not repeated when that fails.
type announcement struct {
	kind, reason, action, note string
}

func (p *pass[O, R]) announce(a announcement) {
	p.announcements = append(p.announcements, a)
}

func created(noun, id string) announcement {
	return announcement{corev1.EventTypeNormal, "Created", "Create", note("created the remote %s %q", noun, id)}
}

func adopted(noun, id string) announcement {
	return announcement{corev1.EventTypeNormal, "Adopted", "Adopt", note("adopted the remote %s %q", noun, id)}
}

// found tells of a remote object that an unconfirmed attempt turned out to have made.
func found(noun, id string, candidates int) announcement {
	if candidates > 1 {
		return announcement{corev1.EventTypeWarning, "FoundSeveral", "Adopt",
			note("%d remote %ss may be from the create request that was not confirmed; adopted the oldest, %q, and left the others alone", candidates, noun, id)}
	}
	return announcement{corev1.EventTypeNormal, "Found", "Adopt", note("found the remote %s %q: the create request that was not confirmed had succeeded", noun, id)}
}

func updated(noun, id string, fields []string) announcement {
	return announcement{corev1.EventTypeNormal, "Updated", "Update", note("updated the remote %s %q: %s", noun, id, strings.Join(fields, ", "))}
}

func removed(noun, id string) announcement {
	return announcement{corev1.EventTypeNormal, "Removed", "Remove", note("the remote %s %q is removed, as the deletionPolicy asks", noun, id)}
}

func retained(noun, id string) announcement {
	return announcement{corev1.EventTypeNormal, "Retained", "Retain", note("the remote %s %q is left as it is", noun, id)}
}

// announceCondition tells of a Ready condition that has changed for the worse, or
// back. That an object is in sync after it was created or updated, the Events above
// have said already.
func (p *pass[O, R]) announceCondition(result outcome) {
	switch {
	case result.status == metav1.ConditionTrue && len(p.announcements) > 0:
	case result.status == metav1.ConditionTrue:
		p.announce(announcement{corev1.EventTypeNormal, v1alpha1.ReasonSynced, "Reconcile", note("%s", result.message)})
	default:
		p.announce(announcement{corev1.EventTypeWarning, result.reason, "Reconcile", note("%s", result.message)})
	}
}

func note(format string, args ...any) string {
	text := fmt.Sprintf(format, args...)
	for characters := maxNote; len(text) > maxNote; characters -= 64 {
		text = Truncate(text, characters)
	}
	return text
}
