// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerttemplate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// incidentOf is the Incident that a message makes.
func incidentOf(data *Data) *v1alpha1.Incident {
	incident := &v1alpha1.Incident{ObjectMeta: metav1.ObjectMeta{Namespace: "monitoring", Name: "platform-1f0c"}, Spec: v1alpha1.IncidentSpec{
		ReceiverRef: v1alpha1.AlertReceiverReference{Name: "platform"}, ExternalURL: data.ExternalURL,
		GroupLabels: data.GroupLabels, CommonLabels: data.CommonLabels, CommonAnnotations: data.CommonAnnotations,
	}}
	for _, alert := range data.Alerts {
		incident.Spec.Alerts = append(incident.Spec.Alerts, v1alpha1.Alert{
			Fingerprint: alert.Fingerprint, Status: v1alpha1.AlertStatus(alert.Status), StartsAt: metav1.NewMicroTime(alert.StartsAt),
			Labels: alert.Labels, Annotations: alert.Annotations, GeneratorURL: alert.GeneratorURL,
		})
	}
	return incident
}

func TestDefaultsOfRealMessages(t *testing.T) {
	sent := messages(t)
	spec, failed := Render(&v1alpha1.TicketTemplate{}, DataOf(incidentOf(sent[0]), 1), atNoon)
	want := &v1alpha1.TicketSpec{
		Summary: "[DiskFull] on instance=a", Priority: "CRITICAL",
		Description: strings.Join([]string{
			"**1 alert firing** since 2026-11-27 04:27 UTC", "", "disk full", "",
			"**Labels**", "", "- `alertname`: `DiskFull`", "- `instance`: `a`", "- `severity`: `critical`", "",
			"**Links**", "", "- [Alertmanager](http://alertmanager.example.com:9093)", "",
			"| Status | Since | Alert |", "|---|---|---|", "| `firing` | 2026-11-27 04:27 UTC | `alertname=DiskFull, instance=a, severity=critical` |",
		}, "\n"),
	}
	if difference := cmp.Diff(want, spec); difference != "" || len(failed) > 0 {
		t.Errorf("%v\n%s", failed, difference)
	}
	spec, _ = Render(&v1alpha1.TicketTemplate{}, DataOf(incidentOf(sent[1]), 1), atNoon)
	if spec.Summary != "[DiskFull]" || !strings.Contains(spec.Description, "**2 alerts firing**") || !strings.Contains(spec.Description, "| `instance=b` |") {
		t.Errorf("of two alerts: %+v", spec)
	}
}

func TestDefaultSummary(t *testing.T) {
	for want, data := range map[string]v1alpha1.IncidentSpec{
		"[Alert]":                             {},
		"[Down]":                              {CommonLabels: map[string]string{"alertname": "Down", "team": "web"}},
		"[Down] on cluster=eu, job=node":      {GroupLabels: map[string]string{"alertname": "Down", "job": "node", "cluster": "eu", "severity": "page"}},
		"[Down] on namespace=shop, pod=a":     {GroupLabels: map[string]string{"alertname": "Down"}, CommonLabels: map[string]string{"pod": "a", "namespace": "shop", "x": "y"}},
		"[two lines] on job=with a tab":       {GroupLabels: map[string]string{"alertname": "two\nlines", "job": "with\ta \x00tab"}},
		"[" + strings.Repeat("ä", 1022) + "…": {GroupLabels: map[string]string{"alertname": strings.Repeat("ä", 5000)}},
	} {
		spec, failed := Render(&v1alpha1.TicketTemplate{}, DataOf(&v1alpha1.Incident{Spec: data}, 1), atNoon)
		if spec.Summary != want || len(failed) > 0 {
			t.Errorf("%q, want %q; %v", spec.Summary, want, failed)
		}
	}
}

func TestDefaultPriority(t *testing.T) {
	for severity, want := range map[string]v1alpha1.Priority{
		"critical": "CRITICAL", "Error": "HIGH", "high": "HIGH", "warning": "MEDIUM", "info": "LOW", "low": "LOW",
		"P1": "CRITICAL", "p2": "HIGH", "P3": "MEDIUM", "P4": "LOW", "page": "", "": "",
	} {
		incident := &v1alpha1.Incident{Spec: v1alpha1.IncidentSpec{Alerts: []v1alpha1.Alert{
			{Status: v1alpha1.AlertFiring, Labels: map[string]string{"severity": severity}}, {Status: v1alpha1.AlertResolved, Labels: map[string]string{"severity": "critical"}},
		}}}
		if got, _ := Render(&v1alpha1.TicketTemplate{}, DataOf(incident, 1), atNoon); got.Priority != want {
			t.Errorf("severity %q: %q, want %q", severity, got.Priority, want)
		}
	}
	both := &v1alpha1.Incident{Spec: v1alpha1.IncidentSpec{Alerts: []v1alpha1.Alert{
		{Status: v1alpha1.AlertFiring, Labels: map[string]string{"severity": "warning"}}, {Status: v1alpha1.AlertFiring, Labels: map[string]string{"severity": "critical"}},
	}}}
	if got, _ := Render(&v1alpha1.TicketTemplate{}, DataOf(both, 1), atNoon); got.Priority != "CRITICAL" {
		t.Errorf("of several the highest: %q", got.Priority)
	}
}

// TestDescriptionOfHostileAlerts has alerts whose texts try to leave their place.
func TestDescriptionOfHostileAlerts(t *testing.T) {
	incident := &v1alpha1.Incident{Spec: v1alpha1.IncidentSpec{
		CommonLabels:      map[string]string{"a|b": "c`|\n# head"},
		CommonAnnotations: map[string]string{"runbook_url": "https://example.com/a)b c", "dashboard": "javascript:alert(1)", "note": "x|`y`"},
		TruncatedAlerts:   7,
	}}
	for i := range 100 {
		incident.Spec.Alerts = append(incident.Spec.Alerts, v1alpha1.Alert{
			Fingerprint: fmt.Sprint(i), Status: v1alpha1.AlertFiring, StartsAt: metav1.NewMicroTime(noon),
			Labels: map[string]string{"path": "/a|b\n" + strings.Repeat("ü`", 10_000)}, GeneratorURL: "http://prometheus/graph?g0.expr=(up)",
		})
	}
	spec, failed := Render(&v1alpha1.TicketTemplate{}, DataOf(incident, 1), atNoon)
	text := spec.Description
	if len(failed) > 0 || utf8.RuneCountInString(text) > maxDescription {
		t.Fatalf("%d characters, %v", utf8.RuneCountInString(text), failed)
	}
	for _, wanted := range []string{
		"**100 alerts firing, and 7 more that are not listed**", "- `a\\|b`: `c'\\| # head`", "- `dashboard`: `javascript:alert(1)`",
		"- [Runbook](https://example.com/a%29b%20c)", "- [Source](http://prometheus/graph?g0.expr=%28up%29)", "\nand 87 more",
	} {
		if !strings.Contains(text, wanted) {
			t.Errorf("without %s:\n%.2000s", wanted, text)
		}
	}
	if rows := strings.Count(text, "\n| `firing`"); rows != maxRows {
		t.Errorf("%d rows", rows)
	}
	for _, row := range strings.Split(text, "\n") {
		if strings.HasPrefix(row, "| `firing`") && strings.Count(strings.ReplaceAll(row, `\|`, ""), "|") != 4 {
			t.Errorf("a row with other columns: %.300s", row)
		}
	}
}

func TestRender(t *testing.T) {
	templates := &v1alpha1.TicketTemplate{
		Name: "{{ .Incident.Name }}", Summary: "{{ .CommonLabels.alertname }}\n\tnow", Description: "\n# {{ .Status }}\n", Priority: "{{ .CommonLabels.severity }}",
		Status: "To Do", Project: `{{ if eq .CommonLabels.severity "critical" }}OPS{{ else }}LOW{{ end }}`, IssueType: "Incident", Assignee: "{{ .CommonLabels.missing }}",
		Contact: "a@example.com", Creator: "bot@example.com",
		Tags: []string{"alert:{{ .CommonLabels.alertname }}", "a, b", "{{ .CommonLabels.missing }}", "a  b", "k8s-0123456789abcdef0123456789abcdef"},
		CustomFields: map[string]apiextensionsv1.JSON{
			"text": {Raw: []byte(`"{{ .Status }} \"x\""`)}, "number": {Raw: []byte(`2`)}, "object": {Raw: []byte(`{"a":"{{ .Status }}"}`)}, "null": {Raw: []byte(`null`)},
		},
	}
	spec, failed := Render(templates, example(), atNoon)
	want := &v1alpha1.TicketSpec{
		Name: "platform-1f0c", Summary: "DiskFull now", Description: "# firing", Priority: "CRITICAL", Status: "To Do", Project: "OPS", IssueType: "Incident",
		Contact: "a@example.com", Creator: "bot@example.com", Tags: []string{"alert:DiskFull", "a b"},
		CustomFields: map[string]apiextensionsv1.JSON{
			"text": {Raw: []byte(`"firing \"x\""`)}, "number": {Raw: []byte(`2`)}, "object": {Raw: []byte(`{"a":"{{ .Status }}"}`)}, "null": {Raw: []byte(`null`)},
		},
	}
	if difference := cmp.Diff(want, spec); difference != "" {
		t.Error(difference)
	}
	if len(failed) != 1 || !strings.Contains(failed[0].Error(), "spec.ticket.tags[4]") {
		t.Errorf("%v", failed)
	}
}

// TestRenderWithoutWhatFails has a template that fails in each field.
func TestRenderWithoutWhatFails(t *testing.T) {
	bad := "{{ index .Alerts 7 }}"
	templates := &v1alpha1.TicketTemplate{
		Name: bad, Summary: bad, Description: bad, Priority: "very", Status: bad, Project: bad, IssueType: bad, Assignee: bad, Contact: bad, Creator: bad,
		Tags: []string{bad, "good"}, CustomFields: map[string]apiextensionsv1.JSON{"x": {Raw: []byte(`"` + bad + `"`)}, "y": {Raw: []byte(`"good"`)}},
	}
	spec, failed := Render(templates, example(), time.Now)
	defaults, _ := Render(&v1alpha1.TicketTemplate{}, example(), time.Now)
	defaults.Tags, defaults.CustomFields = []string{"good"}, map[string]apiextensionsv1.JSON{"y": {Raw: []byte(`"good"`)}}
	if difference := cmp.Diff(defaults, spec); difference != "" {
		t.Error(difference)
	}
	var paths []string
	for _, err := range failed {
		path, _, _ := strings.Cut(err.Error(), ":")
		paths = append(paths, strings.TrimPrefix(path, "spec.ticket."))
	}
	want := []string{"name", "summary", "description", "priority", "status", "project", "issueType", "assignee", "contact", "creator", "tags[0]", "customFields.x"}
	if !slices.Equal(paths, want) {
		t.Errorf("%v, want %v", paths, want)
	}
	if empty, failed := Render(&v1alpha1.TicketTemplate{Summary: "{{ .CommonLabels.missing }}"}, example(), time.Now); empty.Summary != defaults.Summary || len(failed) != 1 {
		t.Errorf("a summary of nothing: %q, %v", empty.Summary, failed)
	}
}

func TestCheck(t *testing.T) {
	if wrong := Check(&v1alpha1.TicketTemplate{Summary: "{{ index .Alerts 7 }}", Priority: "{{ .CommonLabels.severity }}", Tags: []string{"{{ .Incident.Name }}"}}); len(wrong) > 0 {
		t.Errorf("what depends on the alerts: %v", wrong)
	}
	wrong := Check(&v1alpha1.TicketTemplate{
		Summary: "{{ .Labels.alertname }}", Description: "a\n{{ if }}", Tags: []string{"fine", "{{ .Nope }}"},
		CustomFields: map[string]apiextensionsv1.JSON{"x": {Raw: []byte(`"{{"`)}, "n": {Raw: []byte(`1`)}},
	})
	var all []string
	for _, err := range wrong {
		all = append(all, err.Error())
	}
	for _, wanted := range []string{"spec.ticket.summary:1:10: ", "spec.ticket.description:2: ", "spec.ticket.tags[1]:1:3: ", "spec.ticket.customFields.x:1: "} {
		if !slices.ContainsFunc(all, func(text string) bool { return strings.HasPrefix(text, wanted) }) {
			t.Errorf("nothing at %q: %q", wanted, all)
		}
	}
	if len(all) != 4 {
		t.Errorf("%q", all)
	}
}

// A receiver may have a hundred templates.
func TestTheTemplatesOfATicketShareTheirTime(t *testing.T) {
	begun := time.Now()
	run := newRendering(example(), time.Now)
	if most := time.Now().Add(maxTicketTime); run.deadline.Before(begun.Add(maxTicketTime)) || run.deadline.After(most) {
		t.Errorf("they have until %s, want %s", run.deadline, most)
	}
	run.deadline = begun
	spec := &v1alpha1.TicketTemplate{Project: "{{ .Status }}"}
	if value, err := fields[5].render(spec, run); value != "" || !errors.Is(err, errTooSlow) {
		t.Errorf("after that a template makes %q, %v; want %v", value, err, errTooSlow)
	}
}
