// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// restartAfter is how long after a resolution was recorded a notification that says that the alert
// fires, with the start that it had, is news and not an old notification that comes late. Senders
// repeat a notification for as long as group_interval, which is 5 minutes if nobody has set it.
const restartAfter = 10 * time.Minute

// record is what an Incident says after a notification: merge, with what depends on the order of
// arrival on purpose. It is the same spec where the notification says nothing new.
func record(spec v1alpha1.IncidentSpec, message notification) v1alpha1.IncidentSpec {
	merged := merge(spec, restarted(spec, message))
	known := alertsByFingerprint(spec.Alerts)
	for i, alert := range merged.Alerts {
		if before, exists := known[alert.Fingerprint]; exists && sayTheSame(before, alert) {
			merged.Alerts[i].ReceivedAt = before.ReceivedAt
		}
	}
	return merged
}

// restarted is the notification in which alerts that fire again have a start after their
// resolution. An Alertmanager that hears nothing of an alert resolves it, and when it hears of it
// again, it fires with the start that it had.
func restarted(spec v1alpha1.IncidentSpec, message notification) notification {
	known := alertsByFingerprint(spec.Alerts)
	message.alerts = slices.Clone(message.alerts)
	for i, alert := range message.alerts {
		before, exists := known[alert.Fingerprint]
		if !exists || before.Status != v1alpha1.AlertResolved || alert.Status != v1alpha1.AlertFiring || before.ReceivedAt == nil {
			continue
		}
		resolution := lastChange(before)
		if !alert.StartsAt.After(resolution) && alert.ReceivedAt.Sub(before.ReceivedAt.Time) >= restartAfter {
			message.alerts[i].StartsAt = *microTime(resolution.Add(time.Microsecond))
		}
	}
	return message
}

// merge is what an Incident says after a notification. As long as the incident has at most as many
// alerts as it lists, notifications can come in any order and any number of times: of each alert
// the one that is later stays. What is known of an alert without room is forgotten; the sender's
// next notification, which has all that fire, says it again.
func merge(spec v1alpha1.IncidentSpec, message notification) v1alpha1.IncidentSpec {
	latest := alertsByFingerprint(spec.Alerts)
	for _, alert := range message.alerts {
		if before, exists := latest[alert.Fingerprint]; !exists || compareAge(alert.Alert, before) > 0 {
			latest[alert.Fingerprint] = alert.Alert
		}
	}
	merged := v1alpha1.IncidentSpec{
		ReceiverRef: spec.ReceiverRef,
		GroupLabels: boundTexts(message.groupLabels, labelBytes, firstLabels),
		ExternalURL: message.externalURL,
		Alerts:      mostImportant(latest),
	}
	if len(spec.Alerts) > 0 {
		merged.GroupLabels = inCommon([]map[string]string{spec.GroupLabels, merged.GroupLabels})
	}
	// Two senders of a pair may have different addresses: one of them stays.
	if spec.ExternalURL != "" && (merged.ExternalURL == "" || spec.ExternalURL < merged.ExternalURL) {
		merged.ExternalURL = spec.ExternalURL
	}
	unlisted := notListed(message.alerts, merged.Alerts)
	// What the sender says may be as large as the field can hold.
	merged.TruncatedAlerts = unlisted + min(message.truncated, math.MaxInt32-unlisted)
	merged.CommonLabels, merged.CommonAnnotations = commonTexts(merged.Alerts)
	return merged
}

// compareAge says which of two descriptions of an alert is later. It is a total order of what they
// say, so it does not depend on the order of their arrival, and compares only times of the senders
// with each other, whatever their clocks are.
//
// A resolution is as late as its end, not as its start: an Alertmanager that learns of an earlier
// start resolves the alert with that. When a sender says different things of one and the same
// firing, such as another value in an annotation, what came later counts.
func compareAge(a, b v1alpha1.Alert) int {
	byTime := cmp.Or(
		lastChange(a).Compare(lastChange(b)),
		cmp.Compare(isResolved(a), isResolved(b)),
		receivedAt(a).Compare(receivedAt(b)),
		a.StartsAt.Compare(b.StartsAt.Time),
	)
	if byTime != 0 {
		return byTime
	}
	return strings.Compare(texts(a), texts(b))
}

// lastChange is the time at which the alert got its status, by the clock of the sender.
func lastChange(alert v1alpha1.Alert) time.Time {
	if alert.Status == v1alpha1.AlertResolved && alert.EndsAt != nil {
		return alert.EndsAt.Time
	}
	return alert.StartsAt.Time
}

func isResolved(alert v1alpha1.Alert) int {
	if alert.Status == v1alpha1.AlertResolved {
		return 1
	}
	return 0
}

func receivedAt(alert v1alpha1.Alert) time.Time {
	if alert.ReceivedAt == nil {
		return time.Time{}
	}
	return alert.ReceivedAt.Time
}

// texts are what an alert says besides its times, in one way only.
func texts(alert v1alpha1.Alert) string {
	encoded, err := json.Marshal([]any{alert.Labels, alert.Annotations, alert.GeneratorURL})
	if err != nil { // Which no text can cause.
		return ""
	}
	return string(encoded)
}

// sayTheSame reports whether two descriptions of an alert differ in the time of their arrival at
// most.
func sayTheSame(a, b v1alpha1.Alert) bool {
	a.ReceivedAt, b.ReceivedAt = nil, nil
	return equality.Semantic.DeepEqual(a, b)
}

// mostImportant are the alerts that an Incident lists. Resolved ones give way to firing ones, so
// that an incident whose list is too short still fires for as long as one of its alerts does. Of
// the firing ones the oldest stay, so that none leaves the list before it has resolved; of the
// resolved ones the latest.
func mostImportant(alerts map[string]v1alpha1.Alert) []v1alpha1.Alert {
	sorted := slices.SortedFunc(maps.Values(alerts), func(a, b v1alpha1.Alert) int {
		age := lastChange(a).Compare(lastChange(b))
		if a.Status == v1alpha1.AlertResolved {
			age = -age
		}
		return cmp.Or(cmp.Compare(isResolved(a), isResolved(b)), age, strings.Compare(a.Fingerprint, b.Fingerprint))
	})
	return sorted[:min(len(sorted), v1alpha1.MaxIncidentAlerts)]
}

// notListed is how many of the alerts of a notification are not in the list.
func notListed(alerts []receivedAlert, listed []v1alpha1.Alert) (count int32) {
	known := alertsByFingerprint(listed)
	missing := map[string]bool{}
	for _, alert := range alerts {
		if _, exists := known[alert.Fingerprint]; !exists && !missing[alert.Fingerprint] {
			missing[alert.Fingerprint] = true
			count++
		}
	}
	return count
}

// commonTexts are the labels and annotations that the firing alerts have in common, or all alerts
// where none fires.
func commonTexts(alerts []v1alpha1.Alert) (labels, annotations map[string]string) {
	firing := slices.DeleteFunc(slices.Clone(alerts), func(alert v1alpha1.Alert) bool { return alert.Status != v1alpha1.AlertFiring })
	if len(firing) == 0 {
		firing = alerts
	}
	var allLabels, allAnnotations []map[string]string
	for _, alert := range firing {
		allLabels = append(allLabels, alert.Labels)
		allAnnotations = append(allAnnotations, alert.Annotations)
	}
	return inCommon(allLabels), inCommon(allAnnotations)
}

// inCommon is what all of the maps have with the same value; nil where there is nothing.
func inCommon(all []map[string]string) map[string]string {
	if len(all) == 0 {
		return nil
	}
	common := maps.Clone(all[0])
	for _, other := range all[1:] {
		maps.DeleteFunc(common, func(name, value string) bool {
			text, exists := other[name]
			return !exists || text != value
		})
	}
	if len(common) == 0 {
		return nil
	}
	return common
}

func alertsByFingerprint(alerts []v1alpha1.Alert) map[string]v1alpha1.Alert {
	known := make(map[string]v1alpha1.Alert, len(alerts))
	for _, alert := range alerts {
		known[alert.Fingerprint] = alert
	}
	return known
}
