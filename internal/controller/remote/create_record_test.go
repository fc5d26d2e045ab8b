// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

func TestAnAttemptIsRecordedInFewAnnotations(t *testing.T) {
	ticket := ticketWith(map[string]string{"team": "checkout", v1alpha1.CreateAgainAnnotation: "yes"})
	intent{key: "00ff", attempt: 1, started: start, installation: "installation-1", hash: "1f0c", text: "2e1d", place: Place{Integration: "jira"}}.write(ticket)
	want := []string{"team", v1alpha1.CreateAgainAnnotation, v1alpha1.CreateAttemptAnnotation, v1alpha1.CreateKeyAnnotation, v1alpha1.CreateRecordAnnotation}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(ticket.Annotations))); diff != "" {
		t.Errorf("names of annotations (-want +got):\n%s", diff)
	}
	record := `{"hash":"1f0c","installation":"installation-1","place":{"integration":"jira"},"started":"2026-03-01T12:00:00Z","text":"2e1d"}`
	if got := ticket.Annotations[v1alpha1.CreateRecordAnnotation]; got != record {
		t.Errorf("the record is %s, want %s", got, record)
	}
}

// Earlier versions wrote an annotation for each detail.
func TestTheAnnotationsOfEarlierVersions(t *testing.T) {
	earlier := map[string]string{
		v1alpha1.CreateKeyAnnotation: "00ff", v1alpha1.CreateAttemptAnnotation: "2", v1alpha1.CreateHashAnnotation: "1f0c",
		v1alpha1.CreateInstallationAnnotation: "installation-1", v1alpha1.CreatePlaceAnnotation: `{"integration":"jira"}`,
	}
	ticket := ticketWith(maps.Clone(earlier))
	want := intent{key: "00ff", attempt: 2, hash: "1f0c", installation: "installation-1", place: Place{Integration: "jira"}}
	if diff := cmp.Diff(want, readIntent(ticket), cmp.AllowUnexported(intent{})); diff != "" {
		t.Errorf("as they are (-want +got):\n%s", diff)
	}

	packRecord(ticket.Annotations)
	if diff := cmp.Diff(want, readIntent(ticket), cmp.AllowUnexported(intent{})); diff != "" {
		t.Errorf("in the record (-want +got):\n%s", diff)
	}
	if _, apart := ticket.Annotations[v1alpha1.CreateHashAnnotation]; apart {
		t.Error("the annotation of the earlier version is still there")
	}

	// After a downgrade and another attempt, what the earlier version wrote is newer.
	ticket.Annotations[v1alpha1.CreateHashAnnotation] = "2e1d"
	want.hash = "2e1d"
	if diff := cmp.Diff(want, readIntent(ticket), cmp.AllowUnexported(intent{})); diff != "" {
		t.Errorf("beside the record (-want +got):\n%s", diff)
	}
}

func TestADamagedRecordCountsAsNotThere(t *testing.T) {
	for _, damaged := range []string{"", "null", "{", "[]", `"text"`, "7"} {
		ticket := ticketWith(map[string]string{v1alpha1.CreateKeyAnnotation: "00ff", v1alpha1.CreateAttemptAnnotation: "2", v1alpha1.CreateRecordAnnotation: damaged})
		if diff := cmp.Diff(intent{key: "00ff", attempt: 2}, readIntent(ticket), cmp.AllowUnexported(intent{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", damaged, diff)
		}
	}
}
