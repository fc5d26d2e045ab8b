// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

func TestExplainSaysWhyWhatNextAndWhatToDo(t *testing.T) {
	blocked := newIntegration(notReady(v1alpha1.ReasonInvalidToken, "the token was refused"))
	unconfirmed := newTicket("lost", "", notReady(v1alpha1.ReasonCreateUnconfirmed, "no answer"))
	unconfirmed.Annotations = map[string]string{v1alpha1.CreateRecordAnnotation: `{"started":"2026-12-01T11:59:00Z"}`}
	recreated := newTicket("gone", "10001", notReady(v1alpha1.ReasonRemoteMissing, "deleted"))
	recreated.Spec.OnRemoteMissing = v1alpha1.RemoteMissingRecreate
	adopted := newTicket("adopted", "10002", notReady(v1alpha1.ReasonRemoteMissing, "deleted"))
	adopted.Spec.TicketID = "10002"
	changed := newTicket("changed", "10003", ready())
	changed.Generation = 2
	closed := newTicket("closed", "10004", ready())
	closed.Spec.TTLAfterClosed = &metav1.Duration{Duration: time.Hour}
	closed.Status.ClosedAt = &metav1.Time{Time: now}
	closed.Status.Drift = []string{"status"}
	doubtful := newTicket("doubtful", "10005", ready(), condition(v1alpha1.ConditionValid, metav1.ConditionFalse, v1alpha1.ReasonUnknownProject, "no such project"))

	terminal := newTerminal(t, blocked, unconfirmed, recreated, adopted, changed, closed, doubtful,
		newTicket("new", ""), newTicket("waiting", "", notReady(v1alpha1.ReasonWaitingForIntegration, "not ready")),
		newTicket("refused", "", notReady(v1alpha1.ReasonRejected, "no such\nstatus"), condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, "Rejected", "")),
		newComment("early", "waiting", notReady(v1alpha1.ReasonWaitingForTicket, "no remote ticket")),
		newComment("orphaned", "nobody", notReady(v1alpha1.ReasonWaitingForTicket, "no Ticket")))
	for argument, parts := range map[string][]string{
		"new":               {"has not looked at this object yet", "kubectl get pods"},
		"changed":           {"The spec has changed"},
		"waiting":           {"Not Ready, for 5m: WaitingForIntegration", "as soon as the Integration is Ready", `The Integration "default" is not Ready (InvalidToken): the token was refused`},
		"refused":           {"no such status", "(Stalled)", "until the spec", "kubectl annotate ticket/refused -n ops --overwrite ticketing.synqly.com/sync-requested="},
		"lost":              {"at 2026-12-01T12:01:30Z at the earliest", "kubectl patch ticket/lost -n ops", "create-again"},
		"gone":              {"settlePeriod of the Integration (2m0s)", "create-again"},
		"adopted":           {"creates nothing: the ticket was adopted"},
		"closed":            {"Ready: it is as the spec asks. Its remote ID is 10004.", "deleted at 2026-12-01T13:00:00Z", "People have changed status"},
		"doubtful":          {"Valid is False: no such project"},
		"tcomment/early":    {"ticketcomment/early", "kubectl ticketing explain waiting -n ops"},
		"tcomment/orphaned": {`Create the Ticket "nobody"`},
	} {
		expectParts(t, terminal.mustRun("explain", argument), parts...)
	}
	expectParts(t, terminal.mustRun("explain", "ticketcomment", "early"), "ticketcomment/early") // as kubectl takes it
	if output := terminal.mustRun("explain", "adopted"); strings.Contains(output, "create-again") {
		t.Errorf("an adopted ticket cannot be created again:\n%s", output)
	}
}

// TestEveryReasonIsExplained: each says what happens next or what to do, and one of a newer
// operator is passed on.
func TestEveryReasonIsExplained(t *testing.T) {
	for reason := range remoteAdvice {
		output := newTerminal(t, newTicket("slow", "", notReady(reason, "what happened"))).mustRun("explain", "slow")
		expectParts(t, output, reason, "what happened", "What happens next")
	}
	output := newTerminal(t, newTicket("slow", "", notReady("Newer", "what happened"))).mustRun("explain", "slow")
	expectParts(t, output, "what happened", "does not know the reason Newer")
}

func TestExplainAsData(t *testing.T) {
	output := newTerminal(t, newTicket("slow", "", notReady(v1alpha1.ReasonThrottled, "429"))).mustRun("explain", "slow", "-o", "yaml")
	expectParts(t, output, "object: ticket/slow", "why: \"429\"", "next:")
}
