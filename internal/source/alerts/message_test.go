// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// noon is when notifications of the tests arrive, where that does not matter.
var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// recorded are the notifications that an Alertmanager sent, one in each line: an alert fires, a
// second one joins, both resolve.
func recorded(t testing.TB) (bodies [][]byte) {
	t.Helper()
	return bytes.Split(bytes.TrimSpace(testdata(t, "alertmanager-0.35.0.jsonl")), []byte("\n"))
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func parsed(t testing.TB, body []byte, at time.Time) notification {
	t.Helper()
	message, err := parse(body, at)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func TestParseReadsWhatAlertmanagerSends(t *testing.T) {
	message := parsed(t, recorded(t)[2], noon)

	want := v1alpha1.Alert{
		Fingerprint: "75660623fbaac4ea",
		Status:      v1alpha1.AlertResolved,
		StartsAt:    *microTime(time.Date(2026, 11, 27, 4, 26, 59, 0, time.UTC)),
		EndsAt:      microTime(time.Date(2026, 11, 27, 4, 27, 59, 0, time.UTC)),
		ReceivedAt:  microTime(noon),
		Labels:      map[string]string{"alertname": "DiskFull", "instance": "a", "severity": "critical"},
	}
	if diff := cmp.Diff(want, message.alerts[0].Alert); diff != "" {
		t.Errorf("first alert (-want +got):\n%s", diff)
	}
	if got := len(message.alerts); got != 2 {
		t.Errorf("there are %d alerts, want 2", got)
	}
	if diff := cmp.Diff(map[string]string{"alertname": "DiskFull"}, message.groupLabels); diff != "" {
		t.Errorf("group labels (-want +got):\n%s", diff)
	}
	if want := "http://alertmanager.example.com:9093"; message.externalURL != want {
		t.Errorf("the address of the sender is %q, want %q", message.externalURL, want)
	}
}

func TestParseReadsWhatGrafanaSends(t *testing.T) {
	message := parsed(t, testdata(t, "grafana.json"), noon)

	want := v1alpha1.Alert{
		Fingerprint:  "c6eadffa33fcdf37",
		Status:       v1alpha1.AlertFiring,
		StartsAt:     *microTime(time.Date(2026, 11, 27, 4, 27, 50, 0, time.UTC)),
		ReceivedAt:   microTime(noon),
		Labels:       map[string]string{"alertname": "DiskFull", "grafana_folder": "Storage", "instance": "a"},
		Annotations:  map[string]string{"summary": "disk full"},
		GeneratorURL: "https://grafana.example.com/alerting/grafana/d1/view?orgId=1",
	}
	if diff := cmp.Diff(want, message.alerts[0].Alert); diff != "" {
		t.Errorf("alert (-want +got):\n%s", diff)
	}
}

// hook is a notification as a sender writes it, with the changes made.
func hook(changes ...func(map[string]any)) []byte {
	body := map[string]any{
		"version":     "4",
		"groupLabels": map[string]any{"alertname": "DiskFull"},
		"alerts": []any{map[string]any{
			"status": "firing", "startsAt": "2026-11-27T04:27:50Z", "endsAt": "0001-01-01T00:00:00Z",
			"fingerprint": "75660623fbaac4ea", "labels": map[string]any{"alertname": "DiskFull", "instance": "a"},
		}},
	}
	for _, change := range changes {
		change(body)
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err) // A test that cannot be.
	}
	return encoded
}

func set(field string, value any) func(map[string]any) {
	return func(body map[string]any) { body[field] = value }
}

func setInAlert(field string, value any) func(map[string]any) {
	return func(body map[string]any) { body["alerts"].([]any)[0].(map[string]any)[field] = value }
}

func TestParseRefusesWhatIsNoNotification(t *testing.T) {
	tests := map[string]struct {
		body []byte
		want string
	}{
		"nothing":                      {nil, "the body is not JSON"},
		"no JSON":                      {[]byte("alertname=DiskFull"), "the body is not JSON, at byte 1"},
		"something after the JSON":     {append(hook(), "{}"...), "the body is not JSON"},
		"a list":                       {[]byte("[]"), "the body must be a JSON object"},
		"another object":               {[]byte("{}"), "the body is not a notification"},
		"another version":              {hook(set("version", "3")), "the body is not a notification"},
		"a version that is no text":    {hook(set("version", 4)), "the field version has the wrong type"},
		"no alerts":                    {hook(set("alerts", []any{})), "the notification has no alerts"},
		"alerts that are no list":      {hook(set("alerts", "canary")), "the field alerts has the wrong type"},
		"a label that is no text":      {hook(setInAlert("labels", map[string]any{"canary": 1})), "has the wrong type"},
		"no labels":                    {hook(setInAlert("labels", map[string]any{})), "alerts[0]: labels are missing"},
		"another status":               {hook(setInAlert("status", "canary")), "alerts[0]: status must be firing or resolved"},
		"no start":                     {hook(setInAlert("startsAt", "")), "alerts[0]: startsAt must be a time"},
		"a start that is no time":      {hook(setInAlert("startsAt", "canary")), "alerts[0]: startsAt must be a time"},
		"a start before all years":     {hook(setInAlert("startsAt", "0001-01-01T00:00:00Z")), "alerts[0]: startsAt must be a time"},
		"a start after all years":      {hook(setInAlert("startsAt", "3000-01-01T00:00:00Z")), "alerts[0]: startsAt must be a time"},
		"too many alerts":              {listOf("{}"), "too many alerts or labels"},
		"too many numbers for alerts":  {listOf("0"), "too many alerts or labels"},
		"too many below deep lists":    {tooManyBelow(maxDepth - 1), "too many alerts or labels"},
		"lists that are too deep":      {tooManyBelow(maxDepth), "the body is not JSON"},
		"too many labels":              {hook(setInAlert("labels", manyLabels())), "too many alerts or labels"},
		"a resolution without its end": {hook(setInAlert("status", "resolved")), "alerts[0]: endsAt of a resolved alert must be a time"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parse(test.body, noon)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got the error %v, want %q", err, test.want)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the error %q repeats what was sent", err)
			}
		})
	}
}

// listOf is a notification with more alerts than are read, each the same text.
func listOf(alert string) []byte {
	return fmt.Appendf(nil, `{"version":"4","alerts":[%s%s]}`, strings.Repeat(alert+",", maxMembers), alert)
}

// tooManyBelow is a notification with more alerts than are read, behind lists in lists.
func tooManyBelow(lists int) []byte {
	return fmt.Appendf(nil, `{"future":%s0%s,%s`, strings.Repeat("[", lists), strings.Repeat("]", lists), listOf("0")[1:])
}

func manyLabels() map[string]any {
	labels := map[string]any{}
	for i := range maxMembers + 1 {
		labels[fmt.Sprintf("l%d", i)] = ""
	}
	return labels
}

// What is refused for its size has not been kept before: 10 MiB of empty alerts would be more than
// 500 MB.
func TestManySmallAlertsTakeLittleMemory(t *testing.T) {
	for _, alert := range []string{"0,", "{},", "[],"} {
		body := []byte(`{"version":"4","alerts":[` + strings.Repeat(alert, maxBodyBytes/len(alert)-20) + "0]}")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := parse(body, noon)
		runtime.ReadMemStats(&after)
		if !errors.Is(err, errTooManyMembers) {
			t.Errorf("%s: got the error %v", alert, err)
		}
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 8<<20 {
			t.Errorf("%s: took %d bytes", alert, allocated)
		}
	}
}

func TestListsInListsTakeLittleMemory(t *testing.T) {
	body := []byte(`{"version":"4","alerts":` + strings.Repeat("[", maxBodyBytes-100))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := parse(body, noon)
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "the body is not JSON") {
		t.Errorf("got the error %v", err)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 8<<20 {
		t.Errorf("took %d bytes", allocated)
	}
}

func TestANotificationWithTheMostAlertsIsRead(t *testing.T) {
	alert := `{"status":"firing","startsAt":"2026-11-27T04:27:50Z","labels":{"alertname":"DiskFull"}}`
	body := fmt.Appendf(nil, `{"version":"4","alerts":[%s%s]}`, strings.Repeat(alert+",", maxMembers-1), alert)
	if got := len(parsed(t, body, noon).alerts); got != maxMembers {
		t.Errorf("read %d alerts, want %d", got, maxMembers)
	}
}

func TestParseTakesWhatSendersMayLeaveOut(t *testing.T) {
	changes := map[string]func(map[string]any){
		"the group labels":        set("groupLabels", nil),
		"the annotations":         setInAlert("annotations", nil),
		"the end of a firing one": setInAlert("endsAt", ""),
		"an offset of the time":   setInAlert("startsAt", "2026-11-27T05:27:50+01:00"),
		"a field of the future":   set("notification_reason", map[string]any{"any": []any{1}}),
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			message := parsed(t, hook(change), noon)
			if want := time.Date(2026, 11, 27, 4, 27, 50, 0, time.UTC); !message.alerts[0].StartsAt.Time.Equal(want) {
				t.Errorf("the alert starts at %s, want %s", message.alerts[0].StartsAt, want)
			}
		})
	}
}

func TestAnAlertHasAFingerprintOfItsLabels(t *testing.T) {
	fingerprint := func(changes ...func(map[string]any)) string {
		return parsed(t, hook(changes...), noon).alerts[0].Fingerprint
	}
	if got, want := fingerprint(), "75660623fbaac4ea"; got != want {
		t.Errorf("the fingerprint is %q, want the sender's, %q", got, want)
	}
	without := fingerprint(setInAlert("fingerprint", ""))
	if tooLong := fingerprint(setInAlert("fingerprint", strings.Repeat("a", 129))); tooLong != without || len(without) != 16 {
		t.Errorf("the fingerprints are %q and %q, want one of the labels", without, tooLong)
	}
	other := setInAlert("labels", map[string]any{"alertname": "DiskFull", "instance": "b"})
	if fingerprint(setInAlert("fingerprint", ""), other) == without {
		t.Error("alerts with different labels have the same fingerprint")
	}
}

func TestAResolutionIsNotBeforeTheStart(t *testing.T) {
	body := hook(setInAlert("status", "resolved"), setInAlert("endsAt", "2026-11-27T04:00:00Z"))
	alert := parsed(t, body, noon).alerts[0]
	if !alert.EndsAt.Time.Equal(alert.StartsAt.Time) {
		t.Errorf("the alert starts at %s and ends at %s", alert.StartsAt, alert.EndsAt)
	}
}

// What an Incident can hold is what the API server can store: 1.5 MiB.
func TestAnIncidentOfTheLargestAlertsCanBeStored(t *testing.T) {
	texts := map[string]map[string]any{
		"plain":   {},
		"escaped": {},
		"many":    {},
	}
	for i := range 70 {
		name := strings.Repeat("n", i)
		texts["plain"][name] = strings.Repeat("é", 5<<10)
		texts["escaped"][name+"\x01"] = strings.Repeat("\x01<\"\u2028", 1<<10)
		texts["many"][name] = "v"
	}
	for name, labels := range texts {
		t.Run(name, func(t *testing.T) {
			labels["alertname"] = "DiskFull"
			body := hook(set("groupLabels", labels), setInAlert("labels", labels), setInAlert("annotations", labels), setInAlert("generatorURL", strings.Repeat("\x01", 5000)))
			spec := record(v1alpha1.IncidentSpec{}, parsed(t, body, noon))
			if got := spec.Alerts[0].Labels["alertname"]; got != "DiskFull" {
				t.Errorf("the label alertname is %q: it must be kept before others", got)
			}
			for i := range v1alpha1.MaxIncidentAlerts {
				spec.Alerts = append(spec.Alerts[:i:i], spec.Alerts[0])
			}
			encoded, err := json.Marshal(spec)
			if err != nil {
				t.Fatal(err)
			}
			if most := 1200 << 10; len(encoded) > most {
				t.Errorf("the spec has %d bytes, want at most %d", len(encoded), most)
			}
			if got := len(spec.Alerts[0].Labels); got > mapEntries {
				t.Errorf("the alert has %d labels, want at most %d", got, mapEntries)
			}
		})
	}
}

func TestTextsAreCutAtACharacter(t *testing.T) {
	for _, test := range []struct {
		text  string
		bytes int
		want  string
	}{
		{"short", 7, "short"},
		{strings.Repeat("a", 100), 40, strings.Repeat("a", 35) + "…"},
		{strings.Repeat("é", 100), 40, strings.Repeat("é", 17) + "…"},
		{strings.Repeat("\x01", 100), 40, strings.Repeat("\x01", 5) + "…"},
		{strings.Repeat("a", 100), 31, "…"},
	} {
		got := cut(test.text, test.bytes)
		if got != test.want {
			t.Errorf("cut(%q, %d) = %q, want %q", test.text, test.bytes, got, test.want)
		}
	}
}
