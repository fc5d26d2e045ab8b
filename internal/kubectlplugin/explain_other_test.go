// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/states"
)

func readyFor(reason, message string) metav1.Condition {
	return condition(v1alpha1.ConditionReady, metav1.ConditionTrue, reason, message)
}

func lasting(length time.Duration) *metav1.Duration { return &metav1.Duration{Duration: length} }

func before(length time.Duration) *metav1.Time { return &metav1.Time{Time: now.Add(-length)} }

func newReceiver(conditions ...metav1.Condition) *v1alpha1.AlertReceiver {
	receiver := &v1alpha1.AlertReceiver{ObjectMeta: metadata("platform")}
	receiver.Spec.TokenSecretRef = v1alpha1.SecretKeyReference{Name: "alertmanager-token"}
	receiver.Spec.CommentInterval, receiver.Spec.Retention, receiver.Spec.MaxOpenTickets = lasting(5*time.Minute), lasting(168*time.Hour), 100
	receiver.Spec.Resolve = v1alpha1.ResolveSpec{After: lasting(2 * time.Minute), Status: "Done"}
	receiver.Spec.Refire = v1alpha1.RefireSpec{Within: lasting(24 * time.Hour), Status: "To Do"}
	receiver.Status.ObservedGeneration, receiver.Status.Conditions = 1, conditions
	receiver.Status.URL = "/v1/alerts/ops/platform"
	return receiver
}

// newIncident is an Incident of the receiver with a ticket.
func newIncident(name string, phase v1alpha1.IncidentPhase, conditions ...metav1.Condition) *v1alpha1.Incident {
	incident := &v1alpha1.Incident{ObjectMeta: metadata(name)}
	incident.Spec.ReceiverRef.Name = "platform"
	incident.Status = v1alpha1.IncidentStatus{
		ObservedGeneration: 1, Conditions: conditions, Phase: phase, Firing: 2, Since: before(10 * time.Minute),
		TicketRef: &v1alpha1.TicketReference{Name: name + "-1"}, TicketID: "10001", TicketURL: "https://acme.example.com/browse/10001",
	}
	return incident
}

func newQuery(name string, conditions ...metav1.Condition) *v1alpha1.TicketQuery {
	query := &v1alpha1.TicketQuery{ObjectMeta: metadata(name)}
	query.Spec.Interval, query.Status.Count = lasting(5*time.Minute), ptr.To(int32(3))
	query.Status.ObservedGeneration, query.Status.Conditions = 1, conditions
	return query
}

func TestExplainAnIncident(t *testing.T) {
	tracked := readyFor(v1alpha1.ReasonTracked, "the ticket is as the alerts ask")
	firing := newIncident("firing", v1alpha1.IncidentFiring, tracked)
	firing.Status.CommentedAt = before(time.Minute)
	quiet := newIncident("quiet", v1alpha1.IncidentFiring, tracked)
	quiet.Status.Firing, quiet.Status.ResolvedAt = 0, before(time.Minute)
	resolved := newIncident("resolved", v1alpha1.IncidentResolved, tracked)
	resolved.Status.Firing, resolved.Status.ResolvedAt = 0, before(time.Hour)
	suppressed := newIncident("suppressed", v1alpha1.IncidentSuppressed, readyFor(v1alpha1.ReasonSuppressed, "somebody has closed the ticket"))
	waiting := newIncident("waiting", v1alpha1.IncidentFiring, notReady(v1alpha1.ReasonWaitingForTicket, `the Ticket "waiting-1" is not ready (Throttled): wait`))
	waiting.Spec.TruncatedAlerts = 7
	held := newIncident("held", v1alpha1.IncidentWaiting, notReady(v1alpha1.ReasonHeldBack, "too many"))
	held.Status.TicketRef, held.Status.TicketID = nil, ""
	paused := newIncident("paused", v1alpha1.IncidentFiring, condition(v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonPaused, "paused"))
	paused.Annotations = map[string]string{v1alpha1.PausedAnnotation: "true"}
	alone := newIncident("alone", v1alpha1.IncidentFiring, notReady(v1alpha1.ReasonWaitingForReceiver, "no AlertReceiver"))
	alone.Spec.ReceiverRef.Name = "nobody"
	receiver := newReceiver(readyFor(v1alpha1.ReasonReceiving, "alerts are received"))
	receiver.Status.LastError = "summary: no such field"

	terminal := newTerminal(t, receiver, firing, quiet, resolved, suppressed, waiting, held, paused, alone)
	for argument, parts := range map[string][]string{
		"incident/firing": {
			"incident/firing: Ready: Firing, for 10m. Alerts that fire: 2. Its ticket is 10001 (https://acme.example.com/browse/10001).",
			"at most one every 5m0s (commentInterval): the next one at 2026-12-01T12:04:00Z at the earliest",
			`none fires again within 2m0s (resolve.after), the ticket gets the status "Done"`, "summary: no such field",
		},
		"inc/quiet": {`until 2026-12-01T12:01:00Z (resolve.after), the ticket gets the status "Done"`},
		"inc/resolved": {
			"Resolved, for 60m. Alerts that fire: 0.", `until 2026-12-02T11:00:00Z (refire.within), the ticket gets the status "To Do"`,
			"At 2026-12-08T11:00:00Z this Incident is deleted",
		},
		"inc/suppressed": {"Ready: Suppressed", "Why\n  somebody has closed the ticket", `closedWhileFiring of the AlertReceiver "platform"`},
		"inc/waiting":    {"Not Ready, for 5m: WaitingForTicket", "kubectl ticketing explain waiting-1 -n ops", "The incident is Firing, for 10m", "7 more alerts"},
		"inc/held":       {"every 30 seconds", "kubectl get tickets -l ticketing.synqly.com/receiver=platform -n ops", "It has no ticket."},
		"inc/paused":     {"kubectl annotate incident/paused -n ops ticketing.synqly.com/paused-"},
		"inc/alone":      {`Create the AlertReceiver "nobody" again`, "kubectl delete incident/alone -n ops", "does not exist, or you may not read it"},
	} {
		expectParts(t, terminal.mustRun("explain", argument), parts...)
	}
	receiver.Annotations = map[string]string{v1alpha1.PausedAnnotation: "true"}
	paused.Annotations = nil
	expectParts(t, newTerminal(t, receiver, paused).mustRun("explain", "inc/paused"), "kubectl annotate alertreceiver/platform -n ops ticketing.synqly.com/paused-")
	receiver.Spec.Resolve.Status, receiver.Spec.Refire.Status, receiver.Spec.Comments = "", "", v1alpha1.AlertCommentsNone
	terminal = newTerminal(t, receiver, firing, resolved)
	expectParts(t, terminal.mustRun("explain", "inc/firing"), "comments None", "its ticket stays open (no resolve.status)")
	expectParts(t, terminal.mustRun("explain", "inc/resolved"), "a new ticket is created where this one is closed (no refire.status)")
}

// A Ticket is named only where it is what the incident waits for. It may be in order while the next
// one is kept from being created, or while a change of it is refused.
func TestExplainAnIncidentThatWaitsForSomethingElseThanItsTicket(t *testing.T) {
	const onTicket, obstacle = "kubectl ticketing explain it-1 ", "Where the message names an obstacle, remove it."
	for message, isOnTicket := range map[string]bool{
		`the Ticket "it-1" is not ready (Throttled): wait`:                          true,
		`the Ticket "it-1" was not looked at yet`:                                   true,
		`the Ticket "it-2" cannot be created: exceeded quota`:                       false,
		`the Ticket "it-10" cannot be created: exceeded quota`:                      false,
		`the Ticket "it-2" does not belong to the incident: rename or delete it`:    false,
		`the Ticket is not created yet`:                                             false,
		`the API server refuses what is to be written: tickets "it-1" is forbidden`: false,
	} {
		incident := newIncident("it", v1alpha1.IncidentFiring, notReady(v1alpha1.ReasonWaitingForTicket, message))
		output := newTerminal(t, incident).mustRun("explain", "incident/it")
		if strings.Contains(output, onTicket) != isOnTicket || strings.Contains(output, obstacle) == isOnTicket {
			t.Errorf("%s: the advice is on the Ticket it-1: %t, want %t:\n%s", message, !isOnTicket, isOnTicket, output)
		}
	}
	first := newIncident("it", v1alpha1.IncidentFiring, notReady(v1alpha1.ReasonWaitingForTicket, `the Ticket "it-1" cannot be created: exceeded quota`))
	first.Status.TicketRef = nil
	expectParts(t, newTerminal(t, first).mustRun("explain", "incident/it"), obstacle)
}

func TestExplainAConnection(t *testing.T) {
	connected := newIntegration(readyFor(v1alpha1.ReasonConnected, "the provider accepts the token"))
	connected.Status.ObservedGeneration, connected.Status.ProjectCount, connected.Status.MarkerTags = 1, 3, v1alpha1.MarkerTagsRefused
	expectParts(t, newTerminal(t, connected).mustRun("explain", "integ/default"),
		"integration/default: Ready: the provider accepts the token.", "every 5m0s (pollInterval)", "refuses the tags", "3 projects")

	leaving := connected.DeepCopy()
	leaving.DeletionTimestamp, leaving.Finalizers = before(time.Minute), []string{v1alpha1.InUseFinalizer}
	expectParts(t, newTerminal(t, leaving).mustRun("explain", "integ/default"), "It is being deleted", v1alpha1.OrphanAnnotation)

	for reason, parts := range map[string][]string{
		v1alpha1.ReasonSecretNotFound: {"every 5 seconds", "kubectl create secret generic synqly-token --from-file=token=token.txt -n ops", "wait. Objects in sync"},
		v1alpha1.ReasonInvalidToken:   {`the Secret "synqly-token", key "token"`},
		v1alpha1.ReasonUnreachable:    {"https://api.example.com", "kubectl annotate integration/default -n ops --overwrite ticketing.synqly.com/sync-requested="},
		v1alpha1.ReasonPaused:         {"deletions wait", "kubectl annotate integration/default -n ops ticketing.synqly.com/paused-"},
	} {
		broken := newIntegration(notReady(reason, "what happened"))
		broken.Status.ObservedGeneration = 1
		expectParts(t, newTerminal(t, broken).mustRun("explain", "integration/default"), append(parts, reason, "Why\n  what happened")...)
	}

	shared := &v1alpha1.ClusterIntegration{ObjectMeta: metav1.ObjectMeta{Name: "jira"}}
	shared.Spec.TokenSecretRef.Name = "synqly-token"
	shared.Status.Conditions = []metav1.Condition{notReady(v1alpha1.ReasonSecretNotFound, "no Secret")}
	expectParts(t, newTerminal(t, shared).mustRun("explain", "clusterintegration/jira"), "clusterintegration/jira: Not Ready", "-n synqly-ticketing-system")
}

func TestExplainAReceiver(t *testing.T) {
	receiver := newReceiver(readyFor(v1alpha1.ReasonReceiving, "alerts are received"))
	receiver.Status.Incidents, receiver.Status.OpenTickets, receiver.Status.LastNotification = 4, 2, before(3*time.Minute)
	expectParts(t, newTerminal(t, receiver).mustRun("explain", "alertrx/platform"),
		"alertreceiver/platform: Ready: it takes alerts at the path /v1/alerts/ops/platform", "kubectl get incidents -l ticketing.synqly.com/receiver=platform -n ops",
		"4 Incidents", "Open tickets: 2 of at most 100", "3m ago")
	expectParts(t, newTerminal(t, newReceiver(notReady(v1alpha1.ReasonSecretNotFound, "no Secret"))).mustRun("explain", "alertrx/platform"),
		"no sender is let in", "kubectl create secret generic alertmanager-token --from-file=token=token.txt -n ops")
	expectParts(t, newTerminal(t, newReceiver(notReady(v1alpha1.ReasonWaitingForIntegration, "no Integration"))).mustRun("explain", "alertrx/platform"),
		"Alerts are kept", `Look at the Integration "default"`)
	expectParts(t, newTerminal(t, newReceiver(notReady(v1alpha1.ReasonEndpointDisabled, "no endpoint"))).mustRun("explain", "alertrx/platform"),
		"The tickets of the Incidents that exist are handled as before", "set alerts.enabled to true", "without --alerts-bind-address=0")
}

func TestExplainAQuery(t *testing.T) {
	terminal := newTerminal(t, newQuery("exact", readyFor(v1alpha1.ReasonCounted, "3 tickets")),
		newQuery("inexact", readyFor(v1alpha1.ReasonCountNotExact, "a filter has no effect")),
		newQuery("late", notReady(v1alpha1.ReasonThrottled, "429")))
	expectParts(t, terminal.mustRun("explain", "tquery/exact"),
		"ticketquery/exact: Ready: remote tickets that match: 3.", "every 5m0s (interval)", "kubectl annotate ticketquery/exact -n ops --overwrite")
	expectParts(t, terminal.mustRun("explain", "tquery/inexact"), "Why\n  a filter has no effect")
	expectParts(t, terminal.mustRun("explain", "tquery/late"), "Not Ready, for 5m: Throttled", "latest query that succeeded is kept: 3")
	if output := terminal.mustRun("explain", "tquery/exact"); strings.Contains(output, "Why") {
		t.Errorf("there is nothing to explain:\n%s", output)
	}
}

// reasonsOf are the reasons for which an object of a kind is not Ready, besides those of remote
// objects, which every one of remoteAdvice is.
var reasonsOf = map[string][]string{
	"Integration": notReadyReasons("Integration"), "AlertReceiver": notReadyReasons("AlertReceiver"),
	"Incident": notReadyReasons("Incident"), "TicketQuery": notReadyReasons("TicketQuery"),
}

func notReadyReasons(kind string) []string {
	var reasons []string
	for _, state := range states.OfKind[kind] {
		if state.Ready != metav1.ConditionTrue {
			reasons = append(reasons, state.Reason)
		}
	}
	return reasons
}

func TestEveryReasonOfEachKindIsExplained(t *testing.T) {
	for kind, reasons := range reasonsOf {
		if len(reasons) == 0 {
			t.Errorf("there are no reasons of a kind %s", kind)
		}
		for _, reason := range reasons {
			why := notReady(reason, "what happened")
			integration := newIntegration(why)
			integration.Status.ObservedGeneration = 1
			object := map[string]client.Object{
				"Integration": integration, "AlertReceiver": newReceiver(why), "Incident": newIncident("it", v1alpha1.IncidentFiring, why), "TicketQuery": newQuery("it", why),
			}[kind]
			output := newTerminal(t, object).mustRun("explain", strings.ToLower(kind)+"/"+object.GetName())
			expectParts(t, output, reason, "Why\n  what happened", "What happens next")
			if strings.Contains(output, "does not know the reason") {
				t.Errorf("the reason %s of a kind %s is not explained", reason, kind)
			}
		}
	}
}

// TestNoReasonIsForgotten: a reason that the operator gets is one that the plugin knows.
func TestNoReasonIsForgotten(t *testing.T) {
	known := map[string]bool{
		// Nothing is to be explained, or the message does.
		v1alpha1.ReasonSynced: true, v1alpha1.ReasonConnected: true, v1alpha1.ReasonReceiving: true, v1alpha1.ReasonTracked: true,
		v1alpha1.ReasonCounted: true, v1alpha1.ReasonCountNotExact: true, v1alpha1.ReasonSuppressed: true,
		// Reasons of other conditions than Ready.
		v1alpha1.ReasonFoundByText: true, v1alpha1.ReasonUnknownProject: true, v1alpha1.ReasonUnknownField: true, v1alpha1.ReasonInvalidValue: true,
	}
	for reason := range remoteAdvice {
		known[reason] = true
	}
	for _, reasons := range reasonsOf {
		for _, reason := range reasons {
			known[reason] = true
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "../../api/v1alpha1/conditions.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(node ast.Node) bool {
		value, is := node.(*ast.ValueSpec)
		if !is || !strings.HasPrefix(value.Names[0].Name, "Reason") {
			return true
		}
		found++
		if reason, err := strconv.Unquote(value.Values[0].(*ast.BasicLit).Value); err != nil || !known[reason] {
			t.Errorf("explain does not know %s (%v)", value.Names[0].Name, err)
		}
		return true
	})
	if found == 0 {
		t.Error("there are no reasons")
	}
}

// TestEveryKindIsExplained: a new kind is explained as soon as it is in the API.
func TestEveryKindIsExplained(t *testing.T) {
	scheme, err := newScheme()
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]bool{}
	for _, kind := range allKinds() {
		explained[kind.name] = true
	}
	found := 0
	for name := range scheme.KnownTypes(v1alpha1.GroupVersion) {
		made, err := scheme.New(v1alpha1.GroupVersion.WithKind(name))
		if err != nil {
			t.Fatal(err)
		}
		object, isObject := made.(client.Object)
		if !isObject {
			continue
		}
		found++
		if !explained[name] {
			t.Errorf("the kind %s is missing in kinds.go", name)
			continue
		}
		object.SetName("new")
		if name != "ClusterIntegration" {
			object.SetNamespace(testNamespace)
		}
		expectParts(t, newTerminal(t, object).mustRun("explain", name+"/new"), strings.ToLower(name)+"/new: The operator has not looked at this object yet.")
	}
	if found != len(explained) {
		t.Errorf("there are %d kinds, and %d are explained", found, len(explained))
	}
}
