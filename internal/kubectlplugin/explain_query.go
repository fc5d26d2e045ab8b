// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// queryTopic is about a TicketQuery.
type queryTopic struct {
	*subject

	query *v1alpha1.TicketQuery
}

func (t *queryTopic) ordinaryReason() string { return v1alpha1.ReasonCounted }

func (t *queryTopic) readyState() string {
	return fmt.Sprintf("remote tickets that match: %d.", ptr.Deref(t.query.Status.Count, 0))
}

func (t *queryTopic) whenReady() advice {
	var next []string
	if interval := t.query.Spec.Interval; interval != nil {
		next = append(next, "The provider is asked again every "+interval.Duration.String()+" (interval).")
	}
	return advice{next: next, actions: []string{"Have it asked at once: " + t.annotate(v1alpha1.SyncRequestedAnnotation, "$(date +%s)")}}
}

func (t *queryTopic) whenNotReady() (advice, bool) {
	if t.ready.Reason == v1alpha1.ReasonPaused {
		return advice{
			next:    []string{"The provider is not asked, while it is paused. The count stays as it is."},
			actions: []string{"Go on: " + t.annotate(v1alpha1.PausedAnnotation, "")},
		}, true
	}
	// A query fails as the requests of other objects do.
	return t.adviceFor(remoteAdvice)
}

func (t *queryTopic) remarks() []string {
	if count := t.query.Status.Count; count != nil && !t.isAwaited() && t.ready.Status != metav1.ConditionTrue {
		return []string{fmt.Sprintf("The count of the latest query that succeeded is kept: %d.", *count)}
	}
	return nil
}
