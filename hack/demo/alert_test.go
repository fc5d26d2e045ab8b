// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The recorded file is what Alertmanager 0.35 sent, and the endpoint is tested with it.
func TestANotificationHasTheFormOfAlertmanagers(t *testing.T) {
	recorded, err := os.ReadFile("../../internal/source/alerts/testdata/alertmanager-0.35.0.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(recorded), "\n")
	sent, err := json.Marshal(notificationOf("first notification", time.Date(2026, 11, 27, 4, 27, 53, 0, time.UTC), time.Time{}, "a"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(formOf(t, []byte(first)), formOf(t, sent)); diff != "" {
		t.Errorf("members and their types (-Alertmanager +demo):\n%s", diff)
	}
}

// formOf are the members of a notification and of its first alert, with the types of their values.
func formOf(t *testing.T, body []byte) map[string]string {
	t.Helper()
	var message map[string]any
	if err := json.Unmarshal(body, &message); err != nil {
		t.Fatal(err)
	}
	form := map[string]string{}
	for name, value := range message {
		form[name] = typeOf(value)
	}
	for name, value := range message["alerts"].([]any)[0].(map[string]any) {
		form["alerts."+name] = typeOf(value)
	}
	return form
}

func typeOf(value any) string {
	switch value.(type) {
	case string:
		return "text"
	case float64:
		return "number"
	case map[string]any:
		return "object"
	case []any:
		return "list"
	}
	return "something else"
}

func TestAnAlertThatResolvesKeepsItsBeginAndFingerprint(t *testing.T) {
	begin := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	fired := notificationOf("new alerts added", begin, time.Time{}, "a", "b")
	resolved := notificationOf("all alerts resolved", begin, begin.Add(time.Minute), "a", "b")
	if fired.Status != "firing" || resolved.Status != "resolved" || fired.GroupKey != resolved.GroupKey {
		t.Errorf("%s of %s, then %s of %s", fired.Status, fired.GroupKey, resolved.Status, resolved.GroupKey)
	}
	for i := range fired.Alerts {
		before, after := fired.Alerts[i], resolved.Alerts[i]
		if before.Fingerprint != after.Fingerprint || !before.StartsAt.Equal(after.StartsAt) || !before.EndsAt.IsZero() || after.EndsAt.IsZero() {
			t.Errorf("alert %d: %+v, then %+v", i, before, after)
		}
	}
	if fired.Alerts[0].Fingerprint == fired.Alerts[1].Fingerprint {
		t.Error("two alerts have the same fingerprint")
	}
}

func TestANotificationIsSentWithTheToken(t *testing.T) {
	var got []string
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = []string{r.Method, r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("Content-Type")}
		if !json.Valid(body) {
			status = http.StatusBadRequest
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "a sentence")
	}))
	t.Cleanup(server.Close)
	sent := notificationOf("first notification", time.Now(), time.Time{}, "a")
	if err := notify(t.Context(), server.URL+alertsPath, "s3cret", sent); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"POST", "/v1/alerts/default/platform", "Bearer s3cret", "application/json"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	status = http.StatusUnauthorized
	if err := notify(t.Context(), server.URL+alertsPath, "wrong", sent); err == nil || !strings.Contains(err.Error(), "401 Unauthorized: a sentence") {
		t.Errorf("refused: %v", err)
	}
}

func TestTheCommandThatSendsAnAlertHasWhatTheOperatorNeeds(t *testing.T) {
	command := curlOfAlert("/demo/samples/token", "http://127.0.0.1:1"+alertsPath)
	for _, part := range []string{"curl ", `"Authorization: Bearer $(cat '/demo/samples/token')"`, "'" + handmadeAlert + "'", " http://127.0.0.1:1/v1/alerts/default/platform"} {
		if !strings.Contains(command, part) {
			t.Errorf("%s\nlacks %s", command, part)
		}
	}
	var sent notification
	if err := json.Unmarshal([]byte(handmadeAlert), &sent); err != nil {
		t.Fatal(err)
	}
	if sent.Version != "4" || len(sent.Alerts) != 1 || sent.Alerts[0].Status != "firing" || sent.Alerts[0].StartsAt.IsZero() || len(sent.Alerts[0].Labels) == 0 {
		t.Errorf("%+v", sent)
	}
}

func TestAnIncidentIsOneTable(t *testing.T) {
	var out strings.Builder
	shown := incident{name: "platform-1f0c", phase: "Firing", firing: 2, ticket: "platform-1f0c-1", ticketURL: "http://127.0.0.1:1/tickets/10003"}
	if err := printIncident(&out, shown); err != nil {
		t.Fatal(err)
	}
	want := []string{"INCIDENT PHASE FIRING TICKET URL", "platform-1f0c Firing 2 platform-1f0c-1 http://127.0.0.1:1/tickets/10003", "", ""}
	if diff := cmp.Diff(want, withoutPadding(out.String())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
