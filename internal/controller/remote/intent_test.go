// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"fmt"
	"maps"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

func ticketWith(annotations map[string]string) *v1alpha1.Ticket {
	return &v1alpha1.Ticket{ObjectMeta: metav1.ObjectMeta{Annotations: annotations}}
}

func TestIntentSurvivesTheAnnotations(t *testing.T) {
	for name, want := range map[string]intent{
		"first": {
			key: "00ff", attempt: 1, started: start, installation: "installation-1", hash: "1f0c", place: Place{Integration: "jira", TicketID: "10023"},
		},
		"with a window": {key: "00ff", attempt: 1, started: start, window: Window{From: start, Until: start.Add(time.Minute), Approximate: true}},
		"later":         {key: "00ff", attempt: 12, started: start, installation: "installation-1"},
		"no hash":       {key: "00ff", attempt: 1, started: start},
		"very many":     {key: "00ff", attempt: 1 << 40, started: start},
		"at year end":   {key: "00ff", attempt: 1, started: time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)},
	} {
		ticket := ticketWith(nil)
		want.write(ticket)
		if diff := cmp.Diff(want, readIntent(ticket), cmp.AllowUnexported(intent{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestIntentIsRecordedInUTC(t *testing.T) {
	ticket := ticketWith(nil)
	zone := time.FixedZone("", 2*60*60)
	intent{key: "00ff", attempt: 1, started: start.In(zone).Add(999 * time.Millisecond)}.write(ticket)
	if got, want := unpackRecord(ticket.Annotations)[v1alpha1.CreateStartedAnnotation], "2026-03-01T12:00:00Z"; got != want {
		t.Errorf("%s is %q, want %q", v1alpha1.CreateStartedAnnotation, got, want)
	}
}

func TestNewIntentDropsTheClaimOfTheOneBefore(t *testing.T) {
	ticket := ticketWith(map[string]string{v1alpha1.CreateClaimAnnotation: "10023"})
	intent{key: "00ff", attempt: 2, started: start}.write(ticket)
	if claim, claims := ticket.Annotations[v1alpha1.CreateClaimAnnotation]; claims {
		t.Errorf("it still claims %q", claim)
	}
}

func TestIntentLeavesOtherAnnotationsAlone(t *testing.T) {
	ticket := ticketWith(map[string]string{"team": "checkout", v1alpha1.CreateAttemptAnnotation: "1"})
	intent{key: "00ff", attempt: 2, started: start}.write(ticket)
	if ticket.Annotations["team"] != "checkout" || ticket.Annotations[v1alpha1.CreateAttemptAnnotation] != "2" {
		t.Errorf("annotations %v", ticket.Annotations)
	}
}

func TestDamagedAnnotations(t *testing.T) {
	whole := map[string]string{
		v1alpha1.CreateKeyAnnotation: "00ff", v1alpha1.CreateAttemptAnnotation: "3", v1alpha1.CreateInstallationAnnotation: "installation-1",
		v1alpha1.CreateStartedAnnotation: start.Format(time.RFC3339), v1alpha1.CreateHashAnnotation: "1f0c",
		v1alpha1.CreatePlaceAnnotation: `{"integration":"jira","ticketID":"10023"}`,
	}
	undamaged := intent{
		key: "00ff", attempt: 3, started: start, installation: "installation-1", hash: "1f0c", place: Place{Integration: "jira", TicketID: "10023"},
	}
	nowhere := undamaged
	nowhere.place = Place{}
	withAttempt := func(number int64) intent { i := undamaged; i.attempt = number; return i }
	neverStarted := undamaged
	neverStarted.started = time.Time{}
	const missing = "\x00"

	for name, test := range map[string]struct {
		annotation, value string
		want              intent
	}{
		"nothing":                    {"team", "checkout", undamaged},
		"no key":                     {v1alpha1.CreateKeyAnnotation, missing, intent{}},
		"empty key":                  {v1alpha1.CreateKeyAnnotation, "", intent{}},
		"no attempt":                 {v1alpha1.CreateAttemptAnnotation, missing, withAttempt(1)},
		"attempt is no number":       {v1alpha1.CreateAttemptAnnotation, "three", withAttempt(1)},
		"attempt 0":                  {v1alpha1.CreateAttemptAnnotation, "0", withAttempt(1)},
		"attempt below 0":            {v1alpha1.CreateAttemptAnnotation, "-4", withAttempt(1)},
		"attempt too large to count": {v1alpha1.CreateAttemptAnnotation, "99999999999999999999", withAttempt(1)},
		// One more would be negative.
		"attempt with no next": {v1alpha1.CreateAttemptAnnotation, "9223372036854775807", withAttempt(1)},
		"attempt with spaces":  {v1alpha1.CreateAttemptAnnotation, " 3", withAttempt(1)},
		"no start":             {v1alpha1.CreateStartedAnnotation, missing, neverStarted},
		"start is no time":     {v1alpha1.CreateStartedAnnotation, "yesterday", neverStarted},
		"no place":             {v1alpha1.CreatePlaceAnnotation, missing, nowhere},
		"place is cut off":     {v1alpha1.CreatePlaceAnnotation, `{"integration":"jira","tick`, nowhere},
		"place is half right":  {v1alpha1.CreatePlaceAnnotation, `{"integration":"jira","ticketID":10023}`, nowhere},
		"place is null":        {v1alpha1.CreatePlaceAnnotation, `null`, nowhere},
	} {
		annotations := maps.Clone(whole)
		annotations[test.annotation] = test.value
		if test.value == missing {
			delete(annotations, test.annotation)
		}
		if diff := cmp.Diff(test.want, readIntent(ticketWith(annotations)), cmp.AllowUnexported(intent{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(intent{}, readIntent(ticketWith(nil)), cmp.AllowUnexported(intent{})); diff != "" {
		t.Errorf("without annotations (-want +got):\n%s", diff)
	}
}

func TestCreateKeyNeverChanges(t *testing.T) {
	// Tickets out there carry keys, so another way to make them would be a loss of what they mark.
	// This is the start of the SHA-256 of "installation-1/uid-1".
	if got, want := CreateKey("installation-1", "uid-1"), "71c8d540859af5a4d870a2f5a303fd8b"; got != want {
		t.Errorf("CreateKey = %q, want %q", got, want)
	}
}

func TestCreateKeysAreDistinct(t *testing.T) {
	shape := regexp.MustCompile(`^[0-9a-f]{32}$`)
	seen := map[string]string{}
	for _, installation := range []string{"", "i", "i1", "i2", "7f9a2c1e-0000-4000-8000-000000000001"} {
		for number := range 50 {
			uid := types.UID(fmt.Sprint(number))
			key, from := CreateKey(installation, uid), fmt.Sprintf("%q, %q", installation, uid)
			if !shape.MatchString(key) {
				t.Errorf("CreateKey(%s) = %q, want 32 hexadecimal digits", from, key)
			}
			if other, taken := seen[key]; taken {
				t.Errorf("CreateKey(%s) and CreateKey(%s) are both %q", from, other, key)
			}
			seen[key] = from
		}
	}
}

func TestRemoteIDIndexTellsPlacesApart(t *testing.T) {
	var ids []RemoteID
	for _, parts := range [][3]string{{"a", "b", "c"}, {"ab", "", "c"}, {"a", "bc", ""}, {"a", "", "bc"}, {"", "ab", "c"}, {"abc", "", ""}} {
		ids = append(ids, RemoteID{Place: Place{Integration: parts[0], TicketID: parts[1]}, ID: parts[2]})
	}
	values := map[string]bool{}
	for _, value := range RemoteIDIndex(ids) {
		values[value] = true
	}
	if len(values) != len(ids) {
		t.Errorf("%d places and IDs have %d values", len(ids), len(values))
	}
	if got := RemoteIDIndex(nil); got != nil {
		t.Errorf("of no IDs: %q", got)
	}
}

func TestRemoteIDs(t *testing.T) {
	recorded, claimed := Place{Integration: "jira"}, Place{Integration: "other", TicketID: "7"}
	for name, test := range map[string]struct {
		id, claim        string
		attempt, settled int64
		want             []RemoteID
	}{
		"nothing":               {want: nil},
		"an ID":                 {id: "1", want: []RemoteID{{recorded, "1"}}},
		"a claim":               {claim: "2", attempt: 1, want: []RemoteID{{claimed, "2"}}},
		"a claim of the past":   {claim: "2", attempt: 1, settled: 1, want: nil},
		"an ID and a claim":     {id: "1", claim: "2", attempt: 2, settled: 1, want: []RemoteID{{recorded, "1"}, {claimed, "2"}}},
		"a claim of a stranger": {claim: "2", want: nil},
	} {
		ticket := ticketWith(map[string]string{})
		if test.attempt > 0 {
			intent{key: "00ff", attempt: test.attempt, started: start, place: claimed}.write(ticket)
		}
		if test.claim != "" {
			ticket.Annotations[v1alpha1.CreateClaimAnnotation] = test.claim
		}
		ticket.Status.ID, ticket.Status.SettledAttempt = test.id, test.settled
		if diff := cmp.Diff(test.want, RemoteIDs(ticket, recorded)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestIndexOfCreateKeys(t *testing.T) {
	if got := createKeyIndex(ticketWith(map[string]string{v1alpha1.CreateKeyAnnotation: "00ff"})); !cmp.Equal(got, []string{"00ff"}) {
		t.Errorf("createKeyIndex = %q", got)
	}
	if got := createKeyIndex(ticketWith(nil)); got != nil {
		t.Errorf("createKeyIndex without a key = %q", got)
	}
	lost := ticketWith(nil)
	lost.Status.SettledAttempt = 1
	if got := createKeyIndex(lost); !cmp.Equal(got, []string{KeyLost}) {
		t.Errorf("createKeyIndex of an object that has lost its annotations = %q", got)
	}
}
