// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerttemplate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	alertmanager "github.com/prometheus/alertmanager/template"
)

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

// messages are what a real Alertmanager has sent: an alert, another one that joins, and both
// resolved.
func messages(t *testing.T) []*Data {
	t.Helper()
	content, err := os.ReadFile("testdata/alertmanager-0.35.0.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var all []*Data
	for line := range bytes.Lines(content) {
		data := &Data{}
		if err := json.Unmarshal(line, &data.Data); err != nil {
			t.Fatal(err)
		}
		all = append(all, data)
	}
	if len(all) != 3 {
		t.Fatalf("%d messages", len(all))
	}
	return all
}

func executed(t *testing.T, text string, data *Data) (string, error) {
	t.Helper()
	parsed, err := Parse("spec.ticket.summary", text)
	if err != nil {
		t.Fatalf("parsing %q: %v", text, err)
	}
	return parsed.execute(time.Now().Add(time.Hour), data, atNoon)
}

// TestSameAsAlertmanager compares what templates make with what Alertmanager itself makes.
func TestSameAsAlertmanager(t *testing.T) {
	templates := []string{
		`no action`,
		`[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}] {{ .GroupLabels.SortedPairs.Values | join " " }}`,
		`{{ range .Alerts }}{{ .Labels.alertname }} on {{ .Labels.instance }}: {{ .Annotations.summary }};{{ end }}`,
		`{{ range $i, $alert := .Alerts.Firing }}{{ if $i }}, {{ end }}{{ $alert.Labels.instance }}{{ else }}none{{ end }}`,
		`{{ with .CommonLabels.severity }}{{ . | title }}{{ else }}none{{ end }} {{ .CommonLabels.missing }}`,
		`{{ define "line" }}{{ .Labels.SortedPairs }}{{ end }}{{ range .Alerts }}{{ template "line" . }}{{ end }}`,
		`{{ (index .Alerts 0).StartsAt.Format "2006-01-02" }} {{ date "15:04" (index .Alerts 0).StartsAt }} {{ (tz "Europe/Paris" (index .Alerts 0).StartsAt).Hour }}`,
		`{{ $names := .CommonLabels.Names }}{{ $names.Join "/" }}{{ range $names }} {{ . }}{{ end }}`,
		`{{ match "^Disk.*" .CommonLabels.alertname }} {{ reReplaceAll "(.)isk" "$1usk" .CommonLabels.alertname }}`,
		`{{ reReplaceAll "a*" "-$0" "baac" }} {{ reReplaceAll "" "x" "é!" }} {{ reReplaceAll "(?P<l>a)|$" "${l}$2$$" "abab" }} {{ reReplaceAll "z" "y" "abc" }}`,
		`{{ .CommonLabels.Remove (stringSlice "severity") }}{{ toJson .GroupLabels }}`,
		`{{ $list := list 1 "two" }}{{ $list = append $list .Status }}{{ join "-" $list }} {{ (dict "a" 1).a }} {{ len $list }}`,
		`{{ range 3 }}{{ . }}{{ end }}{{ range $i := 5 }}{{ if eq $i 1 }}{{ continue }}{{ end }}{{ if eq $i 3 }}{{ break }}{{ end }}{{ $i }}{{ end }}`,
		`{{ printf "%-10s|%5.2f|%q" .Status 1.5 .Receiver }} {{ 1 | printf "%d" }} {{ urlquery "a b" }} {{ html "<a>" }} {{ js "'" }}`,
		`{{ base64encode "x?" }} {{ base64decode "eD8=" }} {{ urlUnescape "a%20b" }} {{ safeHtml "<b>" }} {{ trimSpace " a " }} {{ humanizeDuration 3700.0 }}`,
		`{{ (toDate "2006" "2026").Year }} {{ addDuration "1h" (toDate "2006" "2026") }}`,
		`{{ and .Status .Missing1 }}`, // Fails, in both.
		`{{ index .Alerts 7 }}`,
		`{{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }} {{ .NotificationReason }} {{ routeLabels "team" }}`,
		`{{ if and (eq .Status "firing") (gt (len .Alerts) 1) }}many{{ else if eq .Status "firing" }}one{{ else }}none{{ end }}`,
		`{{ nil | print }}`,
	}
	theirs, err := alertmanager.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range messages(t) {
		for _, text := range templates {
			want, wantErr := theirs.ExecuteTextString(text, &data.Data)
			var got string
			parsed, gotErr := Parse("", text)
			if gotErr == nil {
				got, gotErr = parsed.execute(time.Now().Add(time.Hour), data, atNoon)
			}
			if (gotErr == nil) != (wantErr == nil) {
				t.Errorf("%s: error %v, Alertmanager's %v", text, gotErr, wantErr)
			} else if gotErr == nil && got != want {
				t.Errorf("%s: %q, Alertmanager's %q", text, got, want)
			}
		}
	}
}

func TestNowIsTheClocks(t *testing.T) {
	data := &Data{Data: alertmanager.Data{Alerts: alertmanager.Alerts{{StartsAt: noon.Add(-90 * time.Minute)}}}}
	got, err := executed(t, `{{ now.Format "15:04" }} {{ since (index .Alerts 0).StartsAt }}`, data)
	if err != nil || got != "12:00 1h30m0s" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestTemplatesSeeTheIncident(t *testing.T) {
	got, err := executed(t, `{{ .Incident.Namespace }}/{{ .Incident.Name }} #{{ .Incident.Number }}: {{ .Incident.Firing }} of {{ len .Alerts }}`, example())
	if err != nil || got != "monitoring/platform-1f0c #1: 1 of 2" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestWhatCannotBeParsed(t *testing.T) {
	for text, want := range map[string]string{
		"{{ .Status":                                  "spec.ticket.summary:1: unclosed action",
		"first\n{{ nope }}":                           `spec.ticket.summary:2: function "nope" not defined`,
		"{{ env \"HOME\" }}":                          `spec.ticket.summary:1: function "env" not defined`,
		`{{ template "other" . }}`:                    `spec.ticket.summary: template "other" is not defined`,
		`{{ define "a" }}{{ template "a" }}{{ end }}`: `spec.ticket.summary: template "a" calls itself`,
		`{{ template "spec.ticket.summary" . }}`:      `spec.ticket.summary: template "spec.ticket.summary" calls itself`,
		`{{ print ` + strings.Repeat("1 ", 65) + `}}`: `spec.ticket.summary: a call has more than 64 arguments`,
	} {
		if _, err := Parse("spec.ticket.summary", text); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestErrorsNameNoTypesOfGo(t *testing.T) {
	for text, want := range map[string]string{
		"{{ .Nope }}": "spec.ticket.summary:1:3: executing \"spec.ticket.summary\" at <.Nope>: can't evaluate field Nope",
		"{{ range .Alerts }}{{ .Nope }}{{ end }}": "spec.ticket.summary:1:22: executing \"spec.ticket.summary\" at <.Nope>: can't evaluate field Nope",
		"{{ len . }}": "spec.ticket.summary:1:3: executing \"spec.ticket.summary\" at <len .>: error calling len: len of the wrong type",
	} {
		if _, err := executed(t, text, example()); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestBounds executes templates that would take for ever, or all memory.
func TestBounds(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"loops in loops":                {`{{ range 1000000 }}{{ range 1000000 }}{{ end }}{{ end }}`, "more than 200000 steps"},
		"loops over alerts":             {strings.Repeat("{{ range $.Alerts }}", 30) + strings.Repeat("{{ end }}", 30), "more than 200000 steps"},
		"templates that call templates": {callsOfCalls(40), "more than 200000 steps"},
		"too much text":                 {`{{ range 100000 }}0123456789{{ end }}`, "the text is longer than"},
		"a text that doubles":           {`{{ $x := "ab" }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}`, "the text is longer than"},
		"a text that doubles in a pipe": {`{{ "ab" ` + strings.Repeat(`| printf "%s%[1]s" `, 1) + ` }}`, "printf takes no"},
		"a list that doubles":           {`{{ $x := list 1 }}{{ range 100 }}{{ $x = list $x $x }}{{ end }}{{ $x }}`, "the text is longer than"},
		"a map that doubles":            {`{{ $x := dict "a" 1 }}{{ range 100 }}{{ $x = dict "a" $x "b" $x }}{{ end }}`, "the text is longer than"},
		"joins of joins":                {`{{ $x := "a" }}{{ range 100 }}{{ $x = (index $.Alerts 0).Labels.Values.Join $x }}{{ end }}`, "the text is longer than"},
		"joins within one action":       {`{{ ` + strings.Repeat("(index $.Alerts 0).Labels.Values.Join (", 40) + `print 1` + strings.Repeat(")", 40) + ` }}`, "the text is longer than"},
		"a separator that is long":      {`{{ $x := "ab" }}{{ range 17 }}{{ $x = print $x $x }}{{ end }}{{ join $x (list 1 2 3) }}`, "the text is longer than"},
		"a wide number":                 {`{{ printf "%999999d" 1 }}`, `printf takes no "%999999"`},
		"a width from an argument":      {`{{ printf "%*d" 999999 1 }}`, `printf takes no "%*"`},
		"a regular expression":          {`{{ match "((a{100}){100}){100}" "a" }}`, "invalid repeat count"},
		"one that repeats":              {`{{ match "(a{30}){30}(b{30}){30}(c{30}){30}(d{30}){30}(e{30}){30}" "a" }}`, "repeats too much"},
		"one that is long":              {`{{ match (printf "%0900d%0900d" 1 1) "a" }}`, "longer than 1024 bytes"},
		// The text is short because the race detector lets a sync.Pool lose a part of what it gets:
		// package regexp then allocates its 32 KiB again, for one match in four.
		"a replacement that grows":      {`{{ $x := "ab" }}{{ range 9 }}{{ $x = print $x $x }}{{ end }}{{ reReplaceAll "." "` + strings.Repeat("$0", 512) + `" $x }}`, "the text is longer than"},
		"a large match, very often":     {`{{ $x := "ab" }}{{ range 15 }}{{ $x = print $x $x }}{{ end }}{{ reReplaceAll "(?s).*" "` + strings.Repeat("$0", 512) + `" $x }}`, "the text is longer than"},
		"many groups":                   {`{{ $x := "ab" }}{{ range 15 }}{{ $x = print $x $x }}{{ end }}{{ reReplaceAll "` + strings.Repeat("()", 512) + `" "" $x }}`, "has 512 groups"},
		"a bad regular expression":      {`{{ reReplaceAll "(" "" "a" }}`, "missing closing )"},
		"alerts that are printed often": {`{{ $a := list }}{{ range 500 }}{{ $a = append $a $.Alerts }}{{ end }}{{ $b := list }}{{ range 500 }}{{ $b = append $b $a }}{{ end }}{{ print $b }}`, "the text is longer than"},
		"alerts that are written often": {`{{ $a := list }}{{ range 500 }}{{ $a = append $a $.Alerts }}{{ end }}{{ $b := list }}{{ range 500 }}{{ $b = append $b $a }}{{ end }}{{ $b }}`, "the text is longer than"},
		"alerts that are joined often":  {`{{ $a := list }}{{ range 500 }}{{ $a = append $a $.Alerts }}{{ end }}{{ $b := list }}{{ range 500 }}{{ $b = append $b $a }}{{ end }}{{ join "" $b }}`, "the text is longer than"},
		"alerts as JSON very often":     {`{{ $a := list }}{{ range 500 }}{{ $a = append $a $.Alerts }}{{ end }}{{ $b := list }}{{ range 500 }}{{ $b = append $b $a }}{{ end }}{{ toJson $b }}`, "the text is longer than"},
		"a long text, escaped often":    {longText + `{{ js ` + strings.Repeat("$x ", 64) + `}}`, "the text is longer than"},
		"a long text, formatted often":  {longText + `{{ printf "` + strings.Repeat("%# x", 60) + `" ` + strings.Repeat("$x ", 60) + `}}`, "the text is longer than"},
		"a file":                        {`{{ tz "../../etc/passwd" now }}`, "is no time zone"},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			text, err := executed(t, test.text, example())
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%d bytes, %v; want %s", len(text), err, test.want)
			}
			// The memory of the manager is everybody's. Most of it is garbage of the steps.
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 64<<20 {
				t.Errorf("it took %d MiB of memory", allocated>>20)
			}
		})
	}
}

// longText makes a text of 256 KiB that becomes longer when it is escaped.
const longText = `{{ $x := "\u0001\u0001\u0001\u0001" }}{{ range 16 }}{{ $x = print $x $x }}{{ end }}`

// Each of the 64 Ki matches looks through the rest of the text.
func TestAnExpressionWithManyMatchesEndsWithTheTime(t *testing.T) {
	template, err := Parse("field", `{{ $x := "aaaaaaaa" }}{{ range 13 }}{{ $x = print $x $x }}{{ end }}{{ reReplaceAll "(?:[^x]?){900}[^x]*x|." "" $x }}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := template.execute(time.Now().Add(50*time.Millisecond), example(), atNoon); !errors.Is(err, errTooSlow) {
		t.Errorf("got the error %v, want %v", err, errTooSlow)
	}
}

// callsOfCalls is a chain of templates each of which calls the next one twice.
func callsOfCalls(depth int) string {
	text := `{{ define "0" }}{{ end }}`
	for i := range depth {
		text += fmt.Sprintf(`{{ define "%d" }}{{ template "%d" }}{{ template "%d" }}{{ end }}`, i+1, i, i)
	}
	return text + fmt.Sprintf(`{{ template "%d" }}`, depth)
}

func TestDeadline(t *testing.T) {
	late := &execution{deadline: time.Now().Add(-time.Second)}
	if _, err := late.step(); err != errTooSlow { //nolint:errorlint // the very error
		t.Errorf("after the deadline: %v", err)
	}
	in := &execution{deadline: time.Now().Add(time.Hour)}
	if _, err := in.step(); err != nil {
		t.Errorf("before the deadline: %v", err)
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add(`{{ range .Alerts }}{{ .Labels.SortedPairs.Values | join "," }}{{ end }}`)
	f.Add(`{{ define "a" }}{{ printf "%3d" 1 }}{{ end }}{{ template "a" . }}`)
	f.Add(`{{ $x := list 1 }}{{ range $i, $e := $x }}{{ $x = append $x $e }}{{ end }}`)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		parsed, err := Parse("field", text)
		if err != nil {
			return
		}
		if made, err := parsed.execute(time.Now().Add(time.Hour), example(), atNoon); err == nil && len(made) > maxSize {
			t.Errorf("%d bytes", len(made))
		}
	})
}
