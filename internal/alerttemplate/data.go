// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerttemplate

import (
	"time"

	alertmanager "github.com/prometheus/alertmanager/template"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// Data is what a template sees: Alertmanager's data, and the Incident.
type Data struct {
	alertmanager.Data
	Incident Incident `json:"incident"`
}

// Incident is what a template sees of an Incident beside its alerts.
type Incident struct {
	// Name and Namespace of the object.
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	// Number of the ticket: 1 for the first one of the incident.
	Number int32 `json:"number"`
	// Firing and Resolved are how many of the alerts are. Truncated is how many more there are that
	// are not in the list.
	Firing    int32 `json:"firing"`
	Resolved  int32 `json:"resolved"`
	Truncated int32 `json:"truncated"`
	// Since is when the earliest of the alerts that fire has begun.
	Since time.Time `json:"since"`
}

// DataOf is what templates see of an Incident, whose ticket has the number.
func DataOf(incident *v1alpha1.Incident, number int32) *Data {
	data := &Data{
		Data: alertmanager.Data{
			Receiver:    incident.Spec.ReceiverRef.Name,
			Status:      string(v1alpha1.AlertResolved),
			GroupLabels: setOf(incident.Spec.GroupLabels), CommonLabels: setOf(incident.Spec.CommonLabels),
			CommonAnnotations: setOf(incident.Spec.CommonAnnotations), RouteLabels: alertmanager.KV{},
			ExternalURL: incident.Spec.ExternalURL,
			Alerts:      alertmanager.Alerts{},
		},
		Incident: Incident{Name: incident.Name, Namespace: incident.Namespace, Number: number, Truncated: incident.Spec.TruncatedAlerts},
	}
	for _, alert := range incident.Spec.Alerts {
		seen := alertmanager.Alert{
			Status: string(alert.Status), Labels: setOf(alert.Labels), Annotations: setOf(alert.Annotations),
			StartsAt: alert.StartsAt.Time, GeneratorURL: alert.GeneratorURL, Fingerprint: alert.Fingerprint,
		}
		if alert.EndsAt != nil {
			seen.EndsAt = alert.EndsAt.Time
		}
		data.Alerts = append(data.Alerts, seen)
		if alert.Status != v1alpha1.AlertFiring {
			data.Incident.Resolved++
			continue
		}
		data.Status = string(v1alpha1.AlertFiring)
		if data.Incident.Firing++; data.Incident.Since.IsZero() || seen.StartsAt.Before(data.Incident.Since) {
			data.Incident.Since = seen.StartsAt
		}
	}
	return data
}

// setOf is a set of labels that a template can take something from even where there are none.
func setOf(labels map[string]string) alertmanager.KV {
	if labels == nil {
		return alertmanager.KV{}
	}
	return labels
}

// example is data with something in each field, to try templates on.
func example() *Data {
	alert := func(instance, status string) alertmanager.Alert {
		return alertmanager.Alert{
			Status: status, StartsAt: time.Unix(0, 0), EndsAt: time.Unix(0, 0), GeneratorURL: "https://prometheus.example.com/graph", Fingerprint: "75660623fbaac4ea",
			Labels: alertmanager.KV{"alertname": "DiskFull", "instance": instance, "severity": "critical"}, Annotations: alertmanager.KV{"summary": "disk full"},
		}
	}
	return &Data{
		Data: alertmanager.Data{
			Receiver: "platform", Status: string(v1alpha1.AlertFiring), Alerts: alertmanager.Alerts{alert("a", string(v1alpha1.AlertFiring)), alert("b", string(v1alpha1.AlertResolved))},
			GroupLabels: alertmanager.KV{"alertname": "DiskFull"}, CommonLabels: alertmanager.KV{"alertname": "DiskFull", "severity": "critical"},
			CommonAnnotations: alertmanager.KV{"summary": "disk full"}, RouteLabels: alertmanager.KV{}, ExternalURL: "https://alertmanager.example.com",
		},
		Incident: Incident{Name: "platform-1f0c", Namespace: "monitoring", Number: 1, Firing: 1, Resolved: 1, Since: time.Unix(0, 0)},
	}
}
