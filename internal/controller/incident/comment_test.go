// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package incident

import (
	"fmt"
	"strings"
	"testing"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// What is not listed may fire or not, so a comment does not count it as firing.
func TestACommentCountsTheAlertsThatFire(t *testing.T) {
	for _, test := range []struct {
		firing, resolved int
		truncated        int32
		want             string
	}{
		{firing: 1, want: "\n1 alert is firing now."},
		{firing: 60, resolved: 40, want: "\n60 alerts are firing now."},
		{firing: 60, resolved: 40, truncated: 50, want: "\nAt least 60 alerts are firing now."},
		{firing: 100, truncated: 50, want: "\nAt least 100 alerts are firing now."},
		{firing: 1, truncated: 1, want: "\nAt least 1 alert is firing now."},
		{resolved: 100, truncated: 50, want: "All alerts are resolved."},
	} {
		incident := &v1alpha1.Incident{Spec: v1alpha1.IncidentSpec{TruncatedAlerts: test.truncated}}
		for i := range test.firing + test.resolved {
			alert := v1alpha1.Alert{Fingerprint: fmt.Sprint(i), Status: v1alpha1.AlertFiring}
			if i >= test.firing {
				alert.Status = v1alpha1.AlertResolved
			}
			incident.Spec.Alerts = append(incident.Spec.Alerts, alert)
		}
		if got := changesOf(incident, firing(incident)); !strings.HasSuffix(got, test.want) {
			t.Errorf("%+v: the comment ends %q", test, got[max(0, len(got)-50):])
		}
	}
}
