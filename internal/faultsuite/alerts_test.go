// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faultsuite

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

const (
	receiverName    = "platform"
	alertSecretName = "alertmanager-token"
	alertToken      = canary + "-alertmanager"
	// senderTimeout is how long a sender waits for an answer, and retryInterval how long before it
	// sends a notification again that was not stored. It gives up after maxTries.
	senderTimeout = 30 * time.Second
	retryInterval = 10 * time.Second
	maxTries      = 100
	// peerTimeout is how much later than the first Alertmanager of a pair the second one sends.
	peerTimeout = 15 * time.Second
)

// alertWorld is what fires, the pair of Alertmanagers that tell of it, and what became of that.
type alertWorld struct {
	world *world
	// receiver is what was applied.
	receiver *v1alpha1.AlertReceiver
	// standby is a replica that does not lead.
	standby *process
	// pair are the Alertmanagers: the first one reaches the leader, the second one the replica on
	// standby.
	pair [2]*sender
	// groups are the alerts that there are, by group.
	groups map[string]*alertGroup

	*incidentAudit
}

// alertGroup are the alerts of one group, by name.
type alertGroup struct {
	name   string
	alerts map[string]*alert
}

// alert is how an alert really is.
type alert struct {
	fires         bool
	since, ending time.Time
	// told: that it does not fire any more was said.
	told bool
}

// changedAt is when it got its status.
func (a *alert) changedAt() time.Time {
	if a.fires {
		return a.since
	}
	return a.ending
}

// notification is what a sender says of a group at a time.
type notification struct {
	group  string
	alerts map[string]alert
	body   []byte
}

// sender is an Alertmanager. It says one thing after the other.
type sender struct {
	standby bool
	waiting []notification
	tries   int
}

func newAlertWorld(w *world) *alertWorld {
	a := &alertWorld{world: w, groups: map[string]*alertGroup{}, pair: [2]*sender{{}, {standby: true}}}
	a.incidentAudit = newIncidentAudit(a)
	a.standby = newStandby(w)
	return a
}

// receive applies the AlertReceiver and the Secret with the token of the senders.
func (a *alertWorld) receive(receiver *v1alpha1.AlertReceiver) {
	a.receiver = receiver
	a.world.apply(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: alertSecretName}, Data: map[string][]byte{"token": []byte(alertToken)}}, receiver)
}

// fire has alerts of a group fire.
func (a *alertWorld) fire(group string, names ...string) {
	known := a.groups[group]
	if known == nil {
		known = &alertGroup{name: group, alerts: map[string]*alert{}}
		a.groups[group] = known
	}
	for _, name := range names {
		known.alerts[name] = &alert{fires: true, since: time.Now()}
	}
}

// resolve has all alerts of a group resolve.
func (a *alertWorld) resolve(group string) {
	for _, each := range a.groups[group].alerts {
		each.fires, each.ending, each.told = false, time.Now(), false
	}
}

// notification is what an Alertmanager says of a group now: all that fires, and what has resolved
// since it last said so.
func (a *alertWorld) notification(group string) notification {
	said := notification{group: group, alerts: map[string]alert{}}
	var list []map[string]any
	status := "resolved"
	for _, name := range slices.Sorted(maps.Keys(a.groups[group].alerts)) {
		each := a.groups[group].alerts[name]
		if !each.fires && each.told {
			continue
		}
		said.alerts[name] = *each
		entry := map[string]any{
			"status": "resolved", "labels": map[string]string{"alertname": group, "instance": name}, "annotations": map[string]string{"summary": "p99 above 2s"},
			"startsAt": each.since.Format(time.RFC3339Nano), "endsAt": each.ending.Format(time.RFC3339Nano), "fingerprint": group + "/" + name,
		}
		if each.fires {
			status, entry["status"], entry["endsAt"] = "firing", "firing", "0001-01-01T00:00:00Z"
		}
		each.told = !each.fires
		list = append(list, entry)
	}
	body, err := json.Marshal(map[string]any{
		"version": "4", "receiver": "ticketing", "status": status, "groupLabels": map[string]string{"alertname": group}, "groupKey": group,
		"externalURL": "http://alertmanager:9093", "truncatedAlerts": 0, "alerts": list,
	})
	a.world.must(err)
	said.body = body
	return said
}

// tell has both Alertmanagers say how a group is, the second one some seconds later.
func (a *alertWorld) tell(group string) {
	said := a.notification(group)
	a.send(a.pair[0], said)
	a.world.inTime(peerTimeout, func() { a.send(a.pair[1], said) })
}

// send has a sender say something after all that it has not got rid of yet.
func (a *alertWorld) send(by *sender, said notification) {
	by.waiting = append(by.waiting, said)
	if len(by.waiting) == 1 {
		a.flush(by)
	}
}

// flush has a sender say what it has to. What the answer is not 200 to it says again, except after
// a 4xx, which no repetition mends.
func (a *alertWorld) flush(by *sender) {
	for len(by.waiting) > 0 {
		code := a.deliver(by, by.waiting[0])
		if code != http.StatusOK && code/100 != 4 {
			if by.tries++; by.tries > maxTries {
				a.world.violate("a notification was not stored after %d tries", maxTries)
				return
			}
			a.world.inTime(retryInterval, func() { a.flush(by) })
			return
		}
		by.waiting, by.tries = by.waiting[1:], 0
	}
}

// replica is the process that a sender reaches; nil for none.
func (a *alertWorld) replica(of *sender) *process {
	if of.standby {
		return a.standby
	}
	for _, p := range a.world.managers {
		if !p.frozen {
			return p
		}
	}
	return nil
}

// deliver sends a notification once and returns the answer's code; 0 without an answer.
func (a *alertWorld) deliver(by *sender, said notification) int {
	w, p := a.world, a.replica(by)
	if p == nil {
		return 0
	}
	p.catchUp()
	started, revision, before := time.Now(), w.api.Revision(), w.acting
	endpoint := "Endpoint"
	if by.standby {
		endpoint = "Endpoint on standby"
	}
	w.acting = &action{by: p, of: reference{endpoint, said.group}, started: revision}
	answer := httptest.NewRecorder()
	done := make(chan struct{})
	go func() {
		defer close(done)
		request := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/v1/alerts/"+namespace+"/"+receiverName, bytes.NewReader(said.body))
		request.Header.Set("Authorization", "Bearer "+alertToken)
		p.endpoint.ServeHTTP(answer, request.WithContext(ctrl.LoggerInto(context.Background(), p.logger)))
	}()
	<-done
	w.checkText("an answer to a sender", answer.Body.String())
	code := answer.Code
	if p.crashed {
		code = 0
	}
	w.logf("a notification of %s: %d %s", said.group, code, bytes.TrimSpace(answer.Body.Bytes()))
	w.acting = before
	if code == http.StatusOK {
		a.checkStored(said, revision)
	}
	if time.Since(started) > senderTimeout {
		return 0 // The sender has not waited for it.
	}
	return code
}

// objects are the AlertReceiver and the Incidents.
func (a *alertWorld) objects() []reference {
	objects := []reference{{"AlertReceiver", receiverName}}
	for _, incident := range a.incidents() {
		objects = append(objects, referenceTo(incident))
	}
	return objects
}

func (a *alertWorld) incidents() []*v1alpha1.Incident {
	var list v1alpha1.IncidentList
	a.world.must(a.world.people.List(context.Background(), &list))
	incidents := make([]*v1alpha1.Incident, 0, len(list.Items))
	for i := range list.Items {
		incidents = append(incidents, &list.Items[i])
	}
	return incidents
}

// incidentOf is the Incident of a group, or nil.
func (a *alertWorld) incidentOf(group string) *v1alpha1.Incident {
	for _, incident := range a.incidents() {
		if incident.Spec.GroupLabels["alertname"] == group {
			return incident
		}
	}
	return nil
}

// ticketOf is the latest Ticket of an Incident, or nil.
func (a *alertWorld) ticketOf(incident *v1alpha1.Incident) *v1alpha1.Ticket {
	if incident == nil || incident.Status.TicketRef == nil {
		return nil
	}
	ticket := &v1alpha1.Ticket{}
	if a.world.people.Get(context.Background(), types.NamespacedName{Namespace: namespace, Name: incident.Status.TicketRef.Name}, ticket) != nil {
		return nil
	}
	return ticket
}

// story is what became of the alerts, for a case that failed.
func (a *alertWorld) story() []string {
	var lines []string
	for _, incident := range a.incidents() {
		status := incident.Status
		line := fmt.Sprintf("Incident %s (%s): phase %s, %d tickets, the latest %v, %d comments, told %v, resolved at %v; %s", incident.Name, incident.Spec.GroupLabels["alertname"],
			status.Phase, status.Generation, status.TicketRef, status.Comments, status.Told, status.ResolvedAt, conditionText(status.Conditions))
		for _, each := range incident.Spec.Alerts {
			line += fmt.Sprintf("; %s %s", each.Fingerprint, each.Status)
		}
		lines = append(lines, line)
	}
	for _, shown := range a.world.remote.Tickets() {
		lines = append(lines, fmt.Sprintf("remote ticket %s %q: status %q", shown.ID, shown.Name, shown.Status))
		for _, said := range a.world.remote.Comments(shown.ID) {
			lines = append(lines, fmt.Sprintf("  comment %s: %q", said.ID, said.Content))
		}
	}
	return lines
}
