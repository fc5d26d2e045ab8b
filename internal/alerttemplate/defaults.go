// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerttemplate

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	alertmanager "github.com/prometheus/alertmanager/template"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// The texts of fields without a template, or whose template fails.

const (
	alertNameLabel = "alertname"
	severityLabel  = "severity"
)

// distinguishingLabels tell, in this order, alerts of one name apart where the group's labels do
// not.
var distinguishingLabels = []string{"cluster", "namespace", "service", "job", "deployment", "pod", "node", "instance"}

// defaultSummary is the alert's name and what distinguishes it from others of that name, in one
// line.
func defaultSummary(data *Data) string {
	name := firstOf(alertNameLabel, data.GroupLabels, data.CommonLabels, firstAlert(data).Labels)
	if name == "" {
		name = "Alert"
	}
	distinguishes := data.GroupLabels.Remove([]string{alertNameLabel, severityLabel}).SortedPairs()
	if len(distinguishes) == 0 {
		for _, label := range distinguishingLabels {
			if value := data.CommonLabels[label]; value != "" {
				distinguishes = append(distinguishes, alertmanager.Pair{Name: label, Value: value})
			}
		}
	}
	if len(distinguishes) == 0 {
		return "[" + name + "]"
	}
	return fmt.Sprintf("[%s] on %s", name, distinguishes)
}

// priorities of what people write into the label severity.
var priorities = map[string]v1alpha1.Priority{
	"critical": "CRITICAL", "error": "HIGH", "high": "HIGH", "warning": "MEDIUM", "info": "LOW", "low": "LOW",
	"p1": "CRITICAL", "p2": "HIGH", "p3": "MEDIUM", "p4": "LOW",
}

// defaultPriority is the highest that a firing alert's label severity stands for, or empty.
func defaultPriority(data *Data) string {
	firing := data.Alerts.Firing()
	if len(firing) == 0 {
		firing = data.Alerts
	}
	order := []v1alpha1.Priority{"CRITICAL", "HIGH", "MEDIUM", "LOW"}
	highest := len(order)
	for _, alert := range firing {
		priority, known := priorities[strings.ToLower(strings.TrimSpace(alert.Labels[severityLabel]))]
		if known {
			highest = min(highest, slices.Index(order, priority))
		}
	}
	if highest == len(order) {
		return ""
	}
	return string(order[highest])
}

const (
	// maxRows is how many alerts the table of the description has.
	maxRows = 20
	// maxCell bounds a cell of it, and maxListed a value in the lists, in characters.
	maxCell   = 200
	maxListed = 1000
	// maxPairs is how many labels and annotations are listed.
	maxPairs = 30
)

// defaultDescription says in markdown what fires, with labels, annotations, links and the alerts.
func defaultDescription(data *Data) string {
	var text strings.Builder
	writeHead(&text, data)
	writeAnnotations(&text, data)
	writePairs(&text, "Labels", data.CommonLabels)
	writeLinks(&text, data)
	writeTable(&text, data)
	return strings.TrimSpace(text.String())
}

func writeHead(text *strings.Builder, data *Data) {
	fmt.Fprintf(text, "**%s**", countOf(data))
	if !data.Incident.Since.IsZero() {
		fmt.Fprintf(text, " since %s", moment(data.Incident.Since))
	}
	text.WriteString("\n\n")
}

// countOf is how many alerts fire and are resolved, in words.
func countOf(data *Data) string {
	words := fmt.Sprintf("%d alerts firing", data.Incident.Firing)
	if data.Incident.Firing == 1 {
		words = "1 alert firing"
	}
	if data.Incident.Resolved > 0 {
		words += fmt.Sprintf(", %d resolved", data.Incident.Resolved)
	}
	if data.Incident.Truncated > 0 {
		words += fmt.Sprintf(", and %d more that are not listed", data.Incident.Truncated)
	}
	return words
}

// writeAnnotations writes the annotations that all alerts share, or where they share none those of
// the first: summary and description as they are, because people write markdown into them, and the
// others as a list.
func writeAnnotations(text *strings.Builder, data *Data) {
	annotations := annotationsOf(data)
	for _, name := range []string{"summary", "message", "description"} {
		if value := strings.TrimSpace(annotations[name]); value != "" {
			fmt.Fprintf(text, "%s\n\n", status.Truncate(value, 10*maxListed))
		}
	}
	others := annotations.Remove([]string{"summary", "message", "description"})
	for name, value := range others {
		if _, isLink := link(value); isLink {
			others = others.Remove([]string{name})
		}
	}
	writePairs(text, "Annotations", others)
}

func annotationsOf(data *Data) alertmanager.KV {
	if len(data.CommonAnnotations) > 0 {
		return data.CommonAnnotations
	}
	return firstAlert(data).Annotations
}

func writePairs(text *strings.Builder, title string, pairs alertmanager.KV) {
	if len(pairs) == 0 {
		return
	}
	fmt.Fprintf(text, "**%s**\n\n", title)
	sorted := pairs.SortedPairs()
	for _, pair := range sorted[:min(len(sorted), maxPairs)] {
		fmt.Fprintf(text, "- %s: %s\n", code(pair.Name, maxCell), code(pair.Value, maxListed))
	}
	if len(sorted) > maxPairs {
		fmt.Fprintf(text, "- and %d more\n", len(sorted)-maxPairs)
	}
	text.WriteString("\n")
}

// linkNames are what known annotations with a link are called in the list of links.
var linkNames = map[string]string{"runbook_url": "Runbook", "runbook": "Runbook", "dashboard": "Dashboard", "dashboard_url": "Dashboard", "dashboardURL": "Dashboard"}

func writeLinks(text *strings.Builder, data *Data) {
	type named struct{ name, url string }
	var links []named
	annotations := annotationsOf(data).SortedPairs()
	for _, pair := range annotations[:min(len(annotations), maxPairs)] {
		name := linkNames[pair.Name]
		if name == "" {
			name = code(pair.Name, maxCell)
		}
		if target, isLink := link(pair.Value); isLink {
			links = append(links, named{name, target})
		}
	}
	if target, isLink := link(firstAlert(data).GeneratorURL); isLink {
		links = append(links, named{"Source", target})
	}
	if target, isLink := link(data.ExternalURL); isLink {
		links = append(links, named{"Alertmanager", target})
	}
	if len(links) == 0 {
		return
	}
	text.WriteString("**Links**\n\n")
	for _, each := range links {
		fmt.Fprintf(text, "- [%s](%s)\n", each.name, each.url)
	}
	text.WriteString("\n")
}

// link is a value as the target of a link in markdown, if it is one of the web.
func link(value string) (string, bool) {
	parsed, err := url.Parse(strings.TrimSpace(value))
	if err != nil || len(value) > 2048 || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return "", false
	}
	return strings.NewReplacer("(", "%28", ")", "%29", "<", "%3C", ">", "%3E", " ", "%20", "|", "%7C").Replace(parsed.String()), true
}

// writeTable writes the first alerts, each with the labels that not all of them have.
func writeTable(text *strings.Builder, data *Data) {
	if len(data.Alerts) == 0 {
		return
	}
	text.WriteString("| Status | Since | Alert |\n|---|---|---|\n")
	common := data.CommonLabels.Names()
	for _, alert := range data.Alerts[:min(len(data.Alerts), maxRows)] {
		own := alert.Labels.Remove(common)
		if len(own) == 0 {
			own = alert.Labels
		}
		fmt.Fprintf(text, "| %s | %s | %s |\n", code(alert.Status, maxCell), moment(alert.StartsAt), code(own.String(), maxCell))
	}
	if more := int32(len(data.Alerts)-maxRows) + data.Incident.Truncated; more > 0 && len(data.Alerts) >= maxRows {
		fmt.Fprintf(text, "\nand %d more\n", more)
	}
}

// code is a text in one line as code, which neither markup nor a line break in it can leave.
func code(text string, characters int) string {
	line := strings.ReplaceAll(status.Truncate(oneLine(text), characters), "`", "'")
	if line == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(line, "|", `\|`) + "`"
}

func moment(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 MST") }

func firstOf(label string, sets ...alertmanager.KV) string {
	for _, set := range sets {
		if set[label] != "" {
			return set[label]
		}
	}
	return ""
}

// firstAlert is the first that fires, or the first.
func firstAlert(data *Data) alertmanager.Alert {
	if firing := data.Alerts.Firing(); len(firing) > 0 {
		return firing[0]
	}
	if len(data.Alerts) > 0 {
		return data.Alerts[0]
	}
	return alertmanager.Alert{}
}
