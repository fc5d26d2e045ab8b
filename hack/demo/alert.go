// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	alertmanager "github.com/prometheus/alertmanager/template"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/hack/process"
)

// alertName is the name of the alert that the demo fires. No sample has it.
const alertName = "CheckoutDown"

// alertsPath is where the AlertReceiver of the samples takes notifications.
const alertsPath = "/v1/alerts/" + objectNamespace + "/platform"

// notification is the body that Alertmanager sends to a webhook.
type notification struct {
	*alertmanager.Data
	Version         string `json:"version"`
	GroupKey        string `json:"groupKey"`
	TruncatedAlerts uint64 `json:"truncatedAlerts"`
}

// notificationOf says of alerts of these instances, which have the same begin, that they fire; or
// that they have resolved, where end is not zero.
func notificationOf(reason string, begin, end time.Time, instances ...string) notification {
	status, common := "firing", alertmanager.KV{"alertname": alertName, "severity": "critical"}
	if !end.IsZero() {
		status = "resolved"
	}
	data := &alertmanager.Data{
		Receiver: "ticketing", Status: status, NotificationReason: reason, ExternalURL: "http://alertmanager.example.com",
		GroupLabels: alertmanager.KV{"alertname": alertName}, CommonLabels: common, CommonAnnotations: alertmanager.KV{}, RouteLabels: alertmanager.KV{},
	}
	for _, instance := range instances {
		data.Alerts = append(data.Alerts, alertmanager.Alert{
			Status: status, StartsAt: begin, EndsAt: end, Fingerprint: fmt.Sprintf("%016x", instance),
			Labels:       alertmanager.KV{"alertname": alertName, "severity": "critical", "instance": instance},
			Annotations:  alertmanager.KV{"summary": instance + " does not answer"},
			GeneratorURL: "http://prometheus.example.com/graph",
		})
	}
	if len(instances) == 1 {
		common["instance"] = instances[0]
		data.CommonAnnotations = data.Alerts[0].Annotations
	}
	return notification{Data: data, Version: "4", GroupKey: fmt.Sprintf("{}:{alertname=%q}", alertName)}
}

// notify sends a notification to the operator, as Alertmanager does.
func notify(ctx context.Context, url, token string, sent notification) error {
	body, err := json.Marshal(sent)
	if err != nil {
		return fmt.Errorf("writing the notification: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("sending the notification: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("sending the notification: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		sentence, _ := io.ReadAll(io.LimitReader(response.Body, 1024))
		return fmt.Errorf("sending the notification: the operator answered %s: %s", response.Status, sentence)
	}
	return nil
}

// curlOfAlert is a command that sends the notification of an alert with the token of the demo.
func curlOfAlert(tokenFile, url string) string {
	return fmt.Sprintf(`  curl --header "Authorization: Bearer $(cat '%s')" --data '%s' %s`, tokenFile, handmadeAlert, url)
}

// handmadeAlert is a notification to send by hand.
const handmadeAlert = `{"version": "4", "groupLabels": {"alertname": "ByHand"}, "alerts": [{"status": "firing", "startsAt": "2026-01-01T00:00:00Z", "labels": {"alertname": "ByHand"}}]}`

// fireAlert fires an alert, and shows what comes of it.
func (d *demo) fireAlert(ctx context.Context) error {
	d.alertBegan = time.Now()
	d.say("Firing an alert, as Alertmanager does: POST %s", d.alertsURL)
	if err := d.notify(ctx, notificationOf("first notification", d.alertBegan, time.Time{}, "shop-1")); err != nil {
		return err
	}
	err := process.WaitFor(ctx, "the ticket of the alert", readyTimeout, func(ctx context.Context) (bool, error) {
		incident, err := d.cluster.incidentOfAlert(ctx)
		return err == nil && incident.ticketURL != "", err
	}, d.operator, d.simulator)
	if err != nil {
		return err
	}
	d.say("The Incident has its ticket:")
	return d.showIncident(ctx)
}

// resolveAlert lets a second alert join and both resolve, and shows the end.
func (d *demo) resolveAlert(ctx context.Context) error {
	d.say("A second alert of the group fires, and then both resolve")
	if err := d.notify(ctx, notificationOf("new alerts added", d.alertBegan, time.Time{}, "shop-1", "shop-2")); err != nil {
		return err
	}
	if err := d.waitForTicket(ctx, "the comment on the second alert", func(ticket remoteTicket) bool { return len(ticket.Comments) == 1 }); err != nil {
		return err
	}
	if err := d.notify(ctx, notificationOf("all alerts resolved", d.alertBegan, time.Now(), "shop-1", "shop-2")); err != nil {
		return err
	}
	if err := d.waitForTicket(ctx, "the end of the incident", func(ticket remoteTicket) bool {
		return len(ticket.Comments) == 2 && ticket.Status == "Done"
	}); err != nil {
		return err
	}
	if err := process.WaitFor(ctx, "the Incident to be resolved", readyTimeout, func(ctx context.Context) (bool, error) {
		incident, err := d.cluster.incidentOfAlert(ctx)
		return err == nil && incident.phase == "Resolved", err
	}, d.operator); err != nil {
		return err
	}
	d.say("The comments tell what happened, and the ticket is closed:")
	return d.showIncident(ctx)
}

func (d *demo) notify(ctx context.Context, sent notification) error {
	token, err := os.ReadFile(d.tokenFile())
	if err != nil {
		return fmt.Errorf("reading the token: %w", err)
	}
	return notify(ctx, d.alertsURL, string(token), sent)
}

// waitForTicket waits until the remote ticket of the alert is as expected.
func (d *demo) waitForTicket(ctx context.Context, what string, is func(remoteTicket) bool) error {
	return process.WaitFor(ctx, what, readyTimeout, func(ctx context.Context) (bool, error) {
		ticket, err := d.ticketOfAlert(ctx)
		return err == nil && is(ticket), err
	}, d.operator, d.simulator)
}

func (d *demo) ticketOfAlert(ctx context.Context) (remoteTicket, error) {
	incident, err := d.cluster.incidentOfAlert(ctx)
	if err != nil {
		return remoteTicket{}, err
	}
	tickets, err := fetchTickets(ctx, d.simulatorURL)
	if err != nil {
		return remoteTicket{}, err
	}
	position := slices.IndexFunc(tickets, func(ticket remoteTicket) bool { return ticket.ID == incident.ticketID })
	if position < 0 {
		return remoteTicket{}, fmt.Errorf("the simulator has no ticket %q, which the Incident names", incident.ticketID)
	}
	return tickets[position], nil
}

// showIncident shows the Incident, its ticket and the comments.
func (d *demo) showIncident(ctx context.Context) error {
	incident, err := d.cluster.incidentOfAlert(ctx)
	if err != nil {
		return err
	}
	ticket, err := d.ticketOfAlert(ctx)
	if err != nil {
		return err
	}
	fmt.Println()
	if err := errors.Join(printIncident(os.Stdout, incident), printTickets(os.Stdout, []remoteTicket{ticket})); err != nil {
		return fmt.Errorf("printing the incident: %w", err)
	}
	fmt.Println()
	return nil
}

// incident is what the demo shows of an Incident.
type incident struct {
	name, phase, ticket, ticketID, ticketURL string
	firing                                   int64
}

// incidentOfAlert finds the Incident of the alert. It has no name yet where there is none.
func (c *cluster) incidentOfAlert(ctx context.Context) (incident, error) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(schema.GroupVersionKind{Group: "ticketing.synqly.com", Version: "v1alpha1", Kind: "IncidentList"})
	if err := c.client.List(ctx, list, client.InNamespace(objectNamespace)); err != nil {
		return incident{}, fmt.Errorf("listing the Incidents: %w", err)
	}
	for _, each := range list.Items {
		if textAt(each, "spec", "groupLabels", "alertname") != alertName {
			continue
		}
		firing, _, _ := unstructured.NestedInt64(each.Object, "status", "firing")
		return incident{
			name: each.GetName(), phase: textAt(each, "status", "phase"), firing: firing, ticket: textAt(each, "status", "ticketRef", "name"),
			ticketID: textAt(each, "status", "ticketID"), ticketURL: textAt(each, "status", "ticketURL"),
		}, nil
	}
	return incident{}, nil
}

// textAt is a text of an object; empty where there is none.
func textAt(object unstructured.Unstructured, path ...string) string {
	text, _, _ := unstructured.NestedString(object.Object, path...)
	return text
}

func printIncident(out io.Writer, shown incident) error {
	// A tabwriter keeps the first error and returns it from Flush.
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprintln(table, "INCIDENT\tPHASE\tFIRING\tTICKET\tURL")
	_, _ = fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\n\n", shown.name, shown.phase, shown.firing, shown.ticket, shown.ticketURL)
	return table.Flush()
}
