// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"context"
	"fmt"
	"slices"
	"strings"

	alertmanager "github.com/prometheus/alertmanager/template"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/controller/status"
)

const (
	// maxListed is how many alerts a comment names of each kind.
	maxListed = 20
	// maxAlertText bounds what it says of one, in characters.
	maxAlertText = 300
)

// createComment tells on the ticket what has changed. It fails where the comment exists, which then
// is what was told.
func (r *Reconciler) createComment(ctx context.Context, s *state) error {
	comment := &v1alpha1.TicketComment{
		ObjectMeta: r.metadataOf(s, commentName(s.incident)),
		Spec: v1alpha1.TicketCommentSpec{
			ParentReference: v1alpha1.ParentReference{TicketRef: &v1alpha1.TicketReference{Name: s.latest.Name}},
			Content:         changesOf(s.incident, s.firingNow), DeletionPolicy: v1alpha1.ChildRetain,
		},
	}
	if err := r.Client.Create(ctx, comment, client.FieldOwner(v1alpha1.AlertsFieldManager)); err != nil {
		return fmt.Errorf("creating the TicketComment: %w", err)
	}
	return nil
}

// changesOf says in markdown which alerts have joined and which have resolved since that was last
// told.
func changesOf(incident *v1alpha1.Incident, firingNow []string) string {
	told := incident.Status.Told
	joined, left := without(firingNow, told), without(told, firingNow)
	var text strings.Builder
	writeAlerts(&text, incident, "firing", joined)
	writeAlerts(&text, incident, "resolved", left)
	switch now := len(firingNow); {
	case now == 0:
		text.WriteString("All alerts are resolved.")
	case incident.Spec.TruncatedAlerts > 0:
		// Nobody knows how many of those that are not listed fire.
		fmt.Fprintf(&text, "At least %s firing now.", numberOf(now))
	default:
		fmt.Fprintf(&text, "%s firing now.", numberOf(now))
	}
	return text.String()
}

func numberOf(alerts int) string {
	if alerts == 1 {
		return "1 alert is"
	}
	return fmt.Sprintf("%d alerts are", alerts)
}

func writeAlerts(text *strings.Builder, incident *v1alpha1.Incident, what string, hashes []string) {
	if len(hashes) == 0 {
		return
	}
	noun := "alerts"
	if len(hashes) == 1 {
		noun = "alert"
	}
	fmt.Fprintf(text, "**%d %s %s**\n\n", len(hashes), noun, what)
	named := 0
	for i := range incident.Spec.Alerts {
		alert := &incident.Spec.Alerts[i]
		if named == maxListed || !slices.Contains(hashes, hashOf(alert.Fingerprint)) {
			continue
		}
		fmt.Fprintf(text, "- `%s`\n", describe(alert, incident.Spec.CommonLabels))
		named++
	}
	if more := len(hashes) - named; more > 0 {
		fmt.Fprintf(text, "- and %d more\n", more)
	}
	text.WriteString("\n")
}

// describe is an alert by the labels that not all have, in one line without what ends code.
func describe(alert *v1alpha1.Alert, common map[string]string) string {
	labels := alertmanager.KV(alert.Labels)
	own := labels.Remove(alertmanager.KV(common).Names())
	if len(own) == 0 {
		own = labels
	}
	line := strings.Join(strings.Fields(strings.ReplaceAll(own.String(), "`", "'")), " ")
	if line == "" {
		line = strings.ReplaceAll(alert.Fingerprint, "`", "'")
	}
	return status.Truncate(line, maxAlertText)
}
