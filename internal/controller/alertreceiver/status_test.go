// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alertreceiver

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// incidentOf was created an hour ago and is in a phase since some minutes ago.
func incidentOf(phase v1alpha1.IncidentPhase, minutes int, changes ...func(*v1alpha1.IncidentStatus)) *v1alpha1.Incident {
	since := metav1.NewTime(minutesAgo(minutes))
	incident := &v1alpha1.Incident{Status: v1alpha1.IncidentStatus{Phase: phase, Since: &since, Generation: 1}}
	incident.CreationTimestamp = metav1.NewTime(minutesAgo(60))
	for _, change := range changes {
		change(&incident.Status)
	}
	return incident
}

func minutesAgo(minutes int) time.Time { return noon.Add(-time.Duration(minutes) * time.Minute) }

func withTicket(status *v1alpha1.IncidentStatus) { status.TicketID = "10023" }

// secondTicket: it has had one before, and none since some minutes ago.
func secondTicket(minutes int) func(*v1alpha1.IncidentStatus) {
	return func(status *v1alpha1.IncidentStatus) {
		status.Generation = 2
		status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, LastTransitionTime: metav1.NewTime(minutesAgo(minutes))}}
	}
}

func TestSinceWhenIncidentsWaitForATicket(t *testing.T) {
	unseen := incidentOf("", 0)
	unseen.Status.Since = nil
	for name, test := range map[string]struct {
		incidents []*v1alpha1.Incident
		// want is how many minutes ago; negative for never.
		want int
	}{
		"none":                         {nil, -1},
		"one that nobody has seen yet": {[]*v1alpha1.Incident{unseen}, 60},
		"one that fires":               {[]*v1alpha1.Incident{incidentOf(v1alpha1.IncidentFiring, 60)}, 60},
		"one that fires again":         {[]*v1alpha1.Incident{incidentOf(v1alpha1.IncidentFiring, 3)}, 3},
		"one that is held back":        {[]*v1alpha1.Incident{incidentOf(v1alpha1.IncidentWaiting, 60)}, 60},
		"one with a ticket":            {[]*v1alpha1.Incident{incidentOf(v1alpha1.IncidentFiring, 60, withTicket)}, -1},
		"one that is over":             {[]*v1alpha1.Incident{incidentOf(v1alpha1.IncidentResolved, 60)}, -1},
		"one that nobody wants":        {[]*v1alpha1.Incident{incidentOf(v1alpha1.IncidentSuppressed, 60)}, -1},
		"one whose ticket was closed":  {[]*v1alpha1.Incident{incidentOf(v1alpha1.IncidentFiring, 60, secondTicket(2))}, 2},
		"the one that waits longest":   {[]*v1alpha1.Incident{incidentOf(v1alpha1.IncidentFiring, 3), incidentOf(v1alpha1.IncidentFiring, 7), incidentOf(v1alpha1.IncidentFiring, 5)}, 7},
	} {
		counted := counts{phases: map[v1alpha1.IncidentPhase]int{}}
		for _, incident := range test.incidents {
			counted.add(incident)
		}
		want := time.Time{}
		if test.want >= 0 {
			want = minutesAgo(test.want)
		}
		if !counted.withoutTicket.Equal(want) {
			t.Errorf("%s: since %s, want %s", name, counted.withoutTicket, want)
		}
	}
}
