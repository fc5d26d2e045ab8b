// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// The versions of the notifications that are understood. Both have the same shape.
const (
	alertmanagerVersion = "4"
	grafanaVersion      = "1"
)

// notification is what a sender says about a group of alerts.
type notification struct {
	groupLabels map[string]string
	externalURL string
	alerts      []receivedAlert
	// truncated is how many alerts of the group the sender left out.
	truncated int32
}

// receivedAlert is an alert with all of its labels: they identify it, also where an Incident has no
// room for them.
type receivedAlert struct {
	v1alpha1.Alert
	labels map[string]string
}

// webhook is the body that Alertmanager and Grafana post, as far as it matters. Fields that are not
// listed are ignored: newer versions add some.
type webhook struct {
	Version         string            `json:"version"`
	GroupLabels     map[string]string `json:"groupLabels"`
	ExternalURL     string            `json:"externalURL"`
	TruncatedAlerts int64             `json:"truncatedAlerts"`
	Alerts          []webhookAlert    `json:"alerts"`
}

type webhookAlert struct {
	Status       v1alpha1.AlertStatus `json:"status"`
	Labels       map[string]string    `json:"labels"`
	Annotations  map[string]string    `json:"annotations"`
	StartsAt     string               `json:"startsAt"`
	EndsAt       string               `json:"endsAt"`
	GeneratorURL string               `json:"generatorURL"`
	Fingerprint  string               `json:"fingerprint"`
}

// parse reads a notification. Its errors are sentences for the sender, without any text of the
// notification.
func parse(body []byte, at time.Time) (notification, error) {
	if err := checkMembers(body); err != nil {
		return notification{}, err
	}
	var hook webhook
	if err := json.Unmarshal(body, &hook); err != nil {
		return notification{}, describeJSONError(err)
	}
	if hook.Version != alertmanagerVersion && hook.Version != grafanaVersion {
		return notification{}, errors.New(`the body is not a notification of Alertmanager (version "4") or Grafana Alerting (version "1")`)
	}
	if len(hook.Alerts) == 0 {
		return notification{}, errors.New("the notification has no alerts")
	}
	message := notification{
		groupLabels: hook.GroupLabels,
		externalURL: cut(hook.ExternalURL, urlBytes),
		truncated:   int32(min(max(hook.TruncatedAlerts, 0), math.MaxInt32)),
		alerts:      make([]receivedAlert, 0, len(hook.Alerts)),
	}
	for i, sent := range hook.Alerts {
		alert, err := sent.normalize(at)
		if err != nil {
			return notification{}, fmt.Errorf("alerts[%d]: %w", i, err)
		}
		message.alerts = append(message.alerts, receivedAlert{Alert: alert, labels: sent.Labels})
	}
	return message, nil
}

// normalize checks what matters of an alert and bounds the rest.
func (a webhookAlert) normalize(at time.Time) (v1alpha1.Alert, error) {
	alert := v1alpha1.Alert{
		Fingerprint:  a.fingerprint(),
		Status:       a.Status,
		ReceivedAt:   microTime(at),
		Labels:       boundTexts(a.Labels, labelBytes, firstLabels),
		Annotations:  boundTexts(a.Annotations, annotationBytes, firstAnnotations),
		GeneratorURL: cut(a.GeneratorURL, urlBytes),
	}
	if a.Status != v1alpha1.AlertFiring && a.Status != v1alpha1.AlertResolved {
		return v1alpha1.Alert{}, errors.New("status must be firing or resolved")
	}
	if len(a.Labels) == 0 {
		return v1alpha1.Alert{}, errors.New("labels are missing")
	}
	startsAt, err := time.Parse(time.RFC3339, a.StartsAt)
	if err != nil || !isStorable(startsAt) {
		return v1alpha1.Alert{}, errors.New("startsAt must be a time in RFC 3339 in the years 1000 to 2999")
	}
	alert.StartsAt = *microTime(startsAt)
	if a.Status == v1alpha1.AlertResolved {
		endsAt, err := time.Parse(time.RFC3339, a.EndsAt)
		if err != nil || !isStorable(endsAt) {
			return v1alpha1.Alert{}, errors.New("endsAt of a resolved alert must be a time in RFC 3339 in the years 1000 to 2999")
		}
		if endsAt.Before(startsAt) {
			endsAt = startsAt
		}
		alert.EndsAt = microTime(endsAt)
	}
	return alert, nil
}

// fingerprint is the sender's, or one of the labels where that is missing or too long.
func (a webhookAlert) fingerprint() string {
	if a.Fingerprint != "" && len(a.Fingerprint) <= fingerprintBytes {
		return a.Fingerprint
	}
	sum := sha256.New()
	writeLabels(sum, a.Labels)
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// isStorable reports whether an Incident can hold the time.
func isStorable(t time.Time) bool {
	year := t.UTC().Year()
	return year >= 1000 && year <= 2999
}

// microTime is the time as an Incident stores it.
func microTime(t time.Time) *metav1.MicroTime {
	stored := metav1.NewMicroTime(t.UTC().Truncate(time.Microsecond))
	return &stored
}

// describeJSONError says what is wrong with a body without repeating any of its text.
func describeJSONError(err error) error {
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mismatch) && mismatch.Field != "":
		return fmt.Errorf("the field %s has the wrong type, at byte %d", mismatch.Field, mismatch.Offset)
	case errors.As(err, &mismatch):
		return errors.New("the body must be a JSON object")
	case errors.As(err, &syntax):
		return fmt.Errorf("the body is not JSON, at byte %d", syntax.Offset)
	default:
		return errors.New("the body is not JSON")
	}
}
