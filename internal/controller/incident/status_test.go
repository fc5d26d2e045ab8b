// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// What people did to a ticket differs, and so does what they can do to have it go on.
func TestTheMessageSaysWhyNothingIsDone(t *testing.T) {
	const remote = `"10023" (https://acme.example.com/browse/10023)`
	for name, test := range map[string]struct {
		is   func(*situation)
		want string
	}{
		"a person closed it":          {closed, "somebody has closed the ticket " + remote + " while alerts fire: nothing is done until it is reopened, or all alerts have resolved and fire again"},
		"a person deleted the Ticket": {gone, `somebody has deleted the Ticket "platform-1f0c-2": there is a new one when all alerts have resolved and fire again, or with closedWhileFiring NewTicket`},
		"a person deleted it":         {missing, "somebody has deleted the remote ticket " + remote + ": nothing is done until it is there again; there is a new one when all alerts have resolved and fire again"},
		"people want none":            {unwanted, "somebody has given the ticket " + remote + " a status of suppressStatuses: nothing is done until it is reopened; there is a new one when all alerts have resolved and fire again later than refire.within"},
	} {
		incident := &v1alpha1.Incident{ObjectMeta: metav1.ObjectMeta{Name: "platform-1f0c"}}
		incident.Status = v1alpha1.IncidentStatus{Generation: 2, TicketID: "10023", TicketURL: "https://acme.example.com/browse/10023"}
		s := &state{incident: incident, receiver: &v1alpha1.AlertReceiver{}, situation: firingWith(in(v1alpha1.IncidentSuppressed), test.is)}
		got := s.summary(&incident.Status)
		if got.Ready != metav1.ConditionTrue || got.Reason != v1alpha1.ReasonSuppressed || got.Message != test.want {
			t.Errorf("%s: %+v, want %s", name, got, test.want)
		}
	}
}

// kubectl ticketing explain tells by the first words whether an incident waits for the Ticket that
// it has (waitsForItsTicket).
func TestTheMessageBeginsWithTheTicketThatIsNotReady(t *testing.T) {
	notReady := []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonThrottled, Message: "wait"}}
	for want, conditions := range map[string][]metav1.Condition{
		`the Ticket "platform-1f0c-2" was not looked at yet`:          nil,
		`the Ticket "platform-1f0c-2" is not ready (Throttled): wait`: notReady,
	} {
		incident := &v1alpha1.Incident{ObjectMeta: metav1.ObjectMeta{Name: "platform-1f0c"}}
		ticket := &v1alpha1.Ticket{ObjectMeta: metav1.ObjectMeta{Name: "platform-1f0c-2"}}
		ticket.Status.Conditions = conditions
		s := &state{incident: incident, receiver: &v1alpha1.AlertReceiver{}, latest: ticket, situation: firingWith(in(v1alpha1.IncidentFiring))}
		got := s.summary(&incident.Status)
		if got.Ready != metav1.ConditionFalse || got.Reason != v1alpha1.ReasonWaitingForTicket || got.Message != want {
			t.Errorf("%+v, want %s", got, want)
		}
	}
}
