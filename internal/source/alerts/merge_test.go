// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// minute is a time of the senders' clock: so many minutes after noon.
func minute(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// fires and resolves are what a sender says of the alert of an instance.
func fires(instance string, start int) v1alpha1.Alert {
	return v1alpha1.Alert{
		Fingerprint: instance, Status: v1alpha1.AlertFiring, StartsAt: *microTime(minute(start)), ReceivedAt: microTime(noon),
		Labels: map[string]string{"alertname": "DiskFull", "instance": instance},
	}
}

func resolves(instance string, start, end int) v1alpha1.Alert {
	alert := fires(instance, start)
	alert.Status, alert.EndsAt = v1alpha1.AlertResolved, microTime(minute(end))
	return alert
}

// received is the alert as it arrived at another time.
func received(alert v1alpha1.Alert, at time.Time) v1alpha1.Alert {
	alert.ReceivedAt = microTime(at)
	return alert
}

// says is a notification with these alerts.
func says(alerts ...v1alpha1.Alert) notification {
	message := notification{groupLabels: diskFull}
	for _, alert := range alerts {
		message.alerts = append(message.alerts, receivedAlert{Alert: alert, labels: alert.Labels})
	}
	return message
}

// recordAll is what an Incident says after the notifications in this order.
func recordAll(messages ...notification) (spec v1alpha1.IncidentSpec) {
	for _, message := range messages {
		spec = record(spec, message)
	}
	return spec
}

// inShort is the status of each alert.
func inShort(spec v1alpha1.IncidentSpec) map[string]v1alpha1.AlertStatus {
	short := map[string]v1alpha1.AlertStatus{}
	for _, alert := range spec.Alerts {
		short[alert.Fingerprint] = alert.Status
	}
	return short
}

func TestTheLatestThatWasSaidOfAnAlertCounts(t *testing.T) {
	for name, test := range map[string]struct {
		said []v1alpha1.Alert
		want v1alpha1.AlertStatus
	}{
		"it fires":               {[]v1alpha1.Alert{fires("a", 0)}, v1alpha1.AlertFiring},
		"it resolves":            {[]v1alpha1.Alert{fires("a", 0), resolves("a", 0, 1)}, v1alpha1.AlertResolved},
		"it fires again":         {[]v1alpha1.Alert{fires("a", 0), resolves("a", 0, 1), fires("a", 2)}, v1alpha1.AlertFiring},
		"it ends when it begins": {[]v1alpha1.Alert{fires("a", 0), resolves("a", 0, 0)}, v1alpha1.AlertResolved},
		"it resolves with an earlier start, as Alertmanager says where two senders disagree": {[]v1alpha1.Alert{fires("a", 1), resolves("a", 0, 2)}, v1alpha1.AlertResolved},
		"it ended before the start that is known":                                            {[]v1alpha1.Alert{fires("a", 3), resolves("a", 0, 2)}, v1alpha1.AlertFiring},
	} {
		t.Run(name, func(t *testing.T) {
			for _, order := range orders(len(test.said)) {
				var messages []notification
				for _, position := range order {
					messages = append(messages, says(test.said[position]))
				}
				if got := recordAll(messages...).Alerts[0].Status; got != test.want {
					t.Errorf("in the order %v the alert is %s, want %s", order, got, test.want)
				}
			}
		})
	}
}

// orders are all orders of so many things.
func orders(count int) [][]int {
	if count == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, shorter := range orders(count - 1) {
		for position := range count {
			all = append(all, slices.Insert(slices.Clone(shorter), position, count-1))
		}
	}
	return all
}

func TestWhatAlertmanagerSentEndsResolvedInEveryOrder(t *testing.T) {
	bodies := recorded(t)
	for _, order := range orders(len(bodies)) {
		var messages []notification
		for _, position := range order {
			messages = append(messages, parsed(t, bodies[position], noon))
		}
		want := map[string]v1alpha1.AlertStatus{"75660623fbaac4ea": v1alpha1.AlertResolved, "b4aad03e50e730dd": v1alpha1.AlertResolved}
		if diff := cmp.Diff(want, inShort(recordAll(messages...))); diff != "" {
			t.Errorf("in the order %v (-want +got):\n%s", order, diff)
		}
	}
}

// The clocks of two senders are hours apart: each is compared with itself.
func TestClocksOfSendersThatAreHoursOff(t *testing.T) {
	for _, off := range []int{-300, 300} {
		spec := recordAll(says(fires("a", off)), says(fires("b", 0)), says(resolves("a", off, off+1)), says(fires("a", off+2)))
		want := map[string]v1alpha1.AlertStatus{"a": v1alpha1.AlertFiring, "b": v1alpha1.AlertFiring}
		if diff := cmp.Diff(want, inShort(spec)); diff != "" {
			t.Errorf("%d minutes off (-want +got):\n%s", off, diff)
		}
	}
}

func TestTextsFollowTheLatestNotification(t *testing.T) {
	value := func(alert v1alpha1.Alert, value string) v1alpha1.Alert {
		alert.Annotations = map[string]string{"value": value}
		return alert
	}
	earlier := says(value(fires("a", 0), "98"))
	later := says(received(value(fires("a", 0), "97"), noon.Add(time.Minute)))
	for _, messages := range [][]notification{{earlier, later}, {later, earlier}} {
		if got := recordAll(messages...).CommonAnnotations["value"]; got != "97" {
			t.Errorf("the annotation is %s, want 97", got)
		}
	}
}

// An Alertmanager that hears nothing of an alert for some minutes resolves it. When it hears of it
// again, the alert fires with the start that it had.
func TestAnAlertThatFiresAgainWithTheSameStart(t *testing.T) {
	resolved := says(resolves("a", 0, 5))
	again := func(after time.Duration) notification { return says(received(fires("a", 0), noon.Add(after))) }

	late := recordAll(says(fires("a", 0)), resolved, again(restartAfter-time.Second))
	if got := late.Alerts[0].Status; got != v1alpha1.AlertResolved {
		t.Errorf("a notification that comes late makes the alert %s", got)
	}
	fired := recordAll(says(fires("a", 0)), resolved, again(restartAfter))
	if got := fired.Alerts[0].Status; got != v1alpha1.AlertFiring {
		t.Fatalf("an alert that fires again is %s", got)
	}
	if got, end := fired.Alerts[0].StartsAt.Time, minute(5); !got.After(end) {
		t.Errorf("it starts at %s, not after it had resolved at %s", got, end)
	}
	for name, message := range map[string]notification{"repeated": again(restartAfter + time.Minute), "the resolution, which comes late": resolved} {
		if diff := cmp.Diff(fired, record(fired, message)); diff != "" {
			t.Errorf("%s (-before +after):\n%s", name, diff)
		}
	}
	if got := record(fired, says(resolves("a", 0, 20))).Alerts[0].Status; got != v1alpha1.AlertResolved {
		t.Errorf("when it resolves for good it is %s", got)
	}
}

func TestANotificationThatSaysNothingNewChangesNothing(t *testing.T) {
	for _, body := range append(recorded(t), testdata(t, "grafana.json")) {
		spec := record(v1alpha1.IncidentSpec{}, parsed(t, body, noon))
		repeated := record(spec, parsed(t, body, noon.Add(4*time.Hour)))
		if diff := cmp.Diff(spec, repeated); diff != "" {
			t.Errorf("a repetition changes (-before +after):\n%s", diff)
		}
	}
}

func TestCommonTextsAreThoseOfTheFiringAlerts(t *testing.T) {
	spec := recordAll(says(fires("a", 0), fires("b", 0)))
	if diff := cmp.Diff(diskFull, spec.CommonLabels); diff != "" {
		t.Errorf("two fire (-want +got):\n%s", diff)
	}
	spec = record(spec, says(resolves("a", 0, 1)))
	if diff := cmp.Diff(fires("b", 0).Labels, spec.CommonLabels); diff != "" {
		t.Errorf("one fires (-want +got):\n%s", diff)
	}
	spec = record(spec, says(resolves("b", 0, 1)))
	if diff := cmp.Diff(diskFull, spec.CommonLabels); diff != "" {
		t.Errorf("none fires (-want +got):\n%s", diff)
	}
}

// numbered are so many alerts.
func numbered(count int, alert func(instance string) v1alpha1.Alert) []v1alpha1.Alert {
	alerts := make([]v1alpha1.Alert, count)
	for i := range alerts {
		alerts[i] = alert(fmt.Sprintf("%05d", i))
	}
	return alerts
}

func TestAlertsBeyondTheListAreCounted(t *testing.T) {
	firing := numbered(10_000, func(instance string) v1alpha1.Alert { return fires(instance, 0) })
	spec := record(v1alpha1.IncidentSpec{}, says(firing...))
	if len(spec.Alerts) != v1alpha1.MaxIncidentAlerts || spec.TruncatedAlerts != 9_900 {
		t.Errorf("%d alerts are listed and %d counted, want 100 and 9900", len(spec.Alerts), spec.TruncatedAlerts)
	}

	message := says(firing[:150]...)
	message.truncated = 7
	if got := record(v1alpha1.IncidentSpec{}, message).TruncatedAlerts; got != 57 {
		t.Errorf("%d alerts are counted, want 50 that have no room and 7 that the sender left out", got)
	}
	// A number that is too large for the field would have the Incident refused for ever.
	message.truncated = math.MaxInt32
	if got := record(v1alpha1.IncidentSpec{}, message).TruncatedAlerts; got != math.MaxInt32 {
		t.Errorf("%d alerts are counted, want as many as the field can hold", got)
	}
	// Alerts that are listed already are no other ones.
	message = says(firing[:100]...)
	if got := record(record(v1alpha1.IncidentSpec{}, message), message).TruncatedAlerts; got != 0 {
		t.Errorf("%d alerts are counted, want none", got)
	}
}

func TestResolvedAlertsGiveWayToFiringOnes(t *testing.T) {
	firing := numbered(150, func(instance string) v1alpha1.Alert { return fires(instance, 0) })
	spec := record(v1alpha1.IncidentSpec{}, says(firing...))

	// The 100 that are listed resolve, and the 50 others take their places.
	alerts := slices.Clone(firing)
	for i, alert := range alerts {
		if i < 100 {
			alerts[i] = resolves(alert.Fingerprint, 0, 1)
		}
	}
	spec = record(spec, says(alerts...))
	var stillFiring []string
	for _, alert := range spec.Alerts {
		if alert.Status == v1alpha1.AlertFiring {
			stillFiring = append(stillFiring, alert.Fingerprint)
		}
	}
	if len(stillFiring) != 50 || len(spec.Alerts) != 100 {
		t.Errorf("%d of %d alerts fire, want 50 of 100", len(stillFiring), len(spec.Alerts))
	}

	// Later ones that fire do not take the places of those that have fired for longer.
	before := record(v1alpha1.IncidentSpec{}, says(firing[:100]...))
	after := record(before, says(numbered(200, func(instance string) v1alpha1.Alert { return fires("later-"+instance, 1) })...))
	if diff := cmp.Diff(before.Alerts, after.Alerts); diff != "" {
		t.Errorf("later alerts change the list (-before +after):\n%s", diff)
	}
}

func TestAnAddressOfASenderStays(t *testing.T) {
	one, two := says(fires("a", 0)), says(fires("a", 0))
	one.externalURL, two.externalURL = "http://alertmanager-0:9093", "http://alertmanager-1:9093"
	for _, messages := range [][]notification{{one, two}, {two, one}, {one, says(fires("a", 0)), two}} {
		if got := recordAll(messages...).ExternalURL; got != one.externalURL {
			t.Errorf("the address is %s, want that of one of the pair in every order", got)
		}
	}
}

// FuzzMerge makes an Incident and two notifications of a seed, and shows that their order and
// repetitions do not matter, as long as the Incident has room for all alerts.
func FuzzMerge(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed, uint8(seed), uint8(seed*13))
	}
	f.Fuzz(func(t *testing.T, seed uint64, first, second uint8) {
		random := rand.New(rand.NewPCG(seed, 0))
		spec := merge(v1alpha1.IncidentSpec{}, randomNotification(random, 10))
		one, two := randomNotification(random, int(first)), randomNotification(random, int(second))

		alternatives := map[string]v1alpha1.IncidentSpec{
			"in the other order": merge(merge(spec, two), one),
			"repeated":           merge(merge(merge(merge(spec, one), two), one), two),
		}
		want := merge(merge(spec, one), two)
		if len(alertsByFingerprint(append(plain(one), append(plain(two), spec.Alerts...)...))) > v1alpha1.MaxIncidentAlerts {
			// What is known of an alert that has no room is forgotten, so there it is the
			// repetition alone that does not matter.
			once := merge(v1alpha1.IncidentSpec{}, one)
			if diff := cmp.Diff(once, merge(once, one)); diff != "" {
				t.Errorf("repeated (-want +got):\n%s", diff)
			}
			alternatives = nil
		}
		for name, got := range alternatives {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		expectBounded(t, want)
		expectFiringKept(t, want, append(plain(one), append(plain(two), spec.Alerts...)...))
	})
}

func plain(message notification) (alerts []v1alpha1.Alert) {
	for _, alert := range message.alerts {
		alerts = append(alerts, alert.Alert)
	}
	return alerts
}

// randomNotification says something about so many alerts of a few instances and times, so that they
// meet.
func randomNotification(random *rand.Rand, count int) notification {
	var alerts []v1alpha1.Alert
	for range count {
		instance, start := fmt.Sprint(random.IntN(max(12, count))), random.IntN(6)
		alert := fires(instance, start)
		if random.IntN(2) == 0 {
			alert = resolves(instance, start, start+random.IntN(4))
		}
		alert.Annotations = map[string]string{"value": fmt.Sprint(random.IntN(3))}
		alerts = append(alerts, received(alert, noon.Add(time.Duration(random.IntN(3))*time.Second)))
	}
	message := says(alerts...)
	message.externalURL = []string{"", "http://alertmanager-0", "http://alertmanager-1"}[random.IntN(3)]
	return message
}

func expectBounded(t *testing.T, spec v1alpha1.IncidentSpec) {
	t.Helper()
	if len(spec.Alerts) > v1alpha1.MaxIncidentAlerts {
		t.Errorf("%d alerts are listed", len(spec.Alerts))
	}
	if len(alertsByFingerprint(spec.Alerts)) != len(spec.Alerts) {
		t.Error("an alert is listed twice")
	}
}

// expectFiringKept shows that an alert of which the latest that was said is that it fires makes the
// Incident fire.
func expectFiringKept(t *testing.T, spec v1alpha1.IncidentSpec, said []v1alpha1.Alert) {
	t.Helper()
	latest := map[string]v1alpha1.Alert{}
	for _, alert := range said {
		if before, exists := latest[alert.Fingerprint]; !exists || compareAge(alert, before) > 0 {
			latest[alert.Fingerprint] = alert
		}
	}
	isFiring := func(alert v1alpha1.Alert) bool { return alert.Status == v1alpha1.AlertFiring }
	for _, alert := range latest {
		if isFiring(alert) && !slices.ContainsFunc(spec.Alerts, isFiring) {
			t.Errorf("the alert %s fires, and none that is listed does", alert.Fingerprint)
		}
	}
}
