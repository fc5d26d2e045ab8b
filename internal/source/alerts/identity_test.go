// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"maps"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

func receiverWith(spec v1alpha1.AlertReceiverSpec) *v1alpha1.AlertReceiver {
	return &v1alpha1.AlertReceiver{ObjectMeta: metav1.ObjectMeta{Namespace: "monitoring", Name: "platform"}, Spec: spec}
}

// groupOf is a notification about alerts with these labels.
func groupOf(groupLabels map[string]string, labels ...map[string]string) notification {
	message := notification{groupLabels: groupLabels}
	for _, each := range labels {
		message.alerts = append(message.alerts, receivedAlert{Alert: v1alpha1.Alert{Status: v1alpha1.AlertFiring, Labels: each}, labels: each})
	}
	return message
}

// incidentsOf are the names of the incidents of a notification, and how many alerts each has.
func incidentsOf(receiver *v1alpha1.AlertReceiver, message notification) map[string]int {
	counts := map[string]int{}
	for name, part := range message.byIncident(receiver) {
		counts[name] = len(part.alerts)
	}
	return counts
}

var (
	diskFull = map[string]string{"alertname": "DiskFull"}
	onA      = map[string]string{"alertname": "DiskFull", "instance": "a", "cluster": "eu"}
	onB      = map[string]string{"alertname": "DiskFull", "instance": "b", "cluster": "eu"}
	inUS     = map[string]string{"alertname": "DiskFull", "instance": "c", "cluster": "us"}
)

func TestAlertsOfAnIncident(t *testing.T) {
	for name, test := range map[string]struct {
		spec v1alpha1.AlertReceiverSpec
		want []int
	}{
		"a group":                            {v1alpha1.AlertReceiverSpec{TicketPer: v1alpha1.TicketPerGroup}, []int{3}},
		"an alert":                           {v1alpha1.AlertReceiverSpec{TicketPer: v1alpha1.TicketPerAlert}, []int{1, 1, 1}},
		"a label of a group":                 {v1alpha1.AlertReceiverSpec{IdentityLabels: []string{"cluster"}}, []int{1, 2}},
		"a label of an alert":                {v1alpha1.AlertReceiverSpec{TicketPer: v1alpha1.TicketPerAlert, IdentityLabels: []string{"cluster"}}, []int{1, 2}},
		"a label that none has":              {v1alpha1.AlertReceiverSpec{IdentityLabels: []string{"region"}}, []int{3}},
		"a label that all have and one more": {v1alpha1.AlertReceiverSpec{IdentityLabels: []string{"alertname", "instance"}}, []int{1, 1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			got := slices.Sorted(maps.Values(incidentsOf(receiverWith(test.spec), groupOf(diskFull, onA, onB, inUS))))
			if !slices.Equal(got, test.want) {
				t.Errorf("the incidents have %v alerts, want %v", got, test.want)
			}
		})
	}
}

// With identityLabels, an incident is the same one whatever other alerts the sender has grouped
// with it.
func TestTheIdentityDoesNotDependOnTheGroup(t *testing.T) {
	receiver := receiverWith(v1alpha1.AlertReceiverSpec{IdentityLabels: []string{"alertname", "cluster"}})
	alone := incidentsOf(receiver, groupOf(onA, onA))
	together := incidentsOf(receiver, groupOf(diskFull, onB, inUS))
	for name := range alone {
		if together[name] != 1 {
			t.Errorf("the incident %s of an alert alone is not among those of the group, %v", name, together)
		}
	}
}

func TestTheNameOfAnIncident(t *testing.T) {
	names := map[string]string{}
	for what, name := range map[string]string{
		"no labels":                     incidentName("platform", nil),
		"a label":                       incidentName("platform", map[string]string{"a": "bc"}),
		"a label that begins elsewhere": incidentName("platform", map[string]string{"ab": "c"}),
		"two labels":                    incidentName("platform", map[string]string{"a": "b", "c": "d"}),
		"their values in one":           incidentName("platform", map[string]string{"a": "bcd"}),
		"any characters":                incidentName("platform", map[string]string{"größe \x00": "\u2028😀/.."}),
		"another receiver":              incidentName("storage", map[string]string{"a": "bc"}),
	} {
		if other, exists := names[name]; exists {
			t.Errorf("%s and %s have the same name %s", what, other, name)
		}
		names[name] = what
		if problems := validation.IsDNS1123Subdomain(name); len(problems) > 0 {
			t.Errorf("%s: the name %s is not valid: %v", what, name, problems)
		}
	}
	if got, want := incidentName("platform", map[string]string{"a": "bc", "region": ""}), incidentName("platform", map[string]string{"a": "bc"}); got != want {
		t.Errorf("with an empty label the name is %s, without it %s", got, want)
	}
	if longest := incidentName(strings.Repeat("a", 46), nil); len(longest) > validation.LabelValueMaxLength {
		t.Errorf("the longest name has %d characters, too many for a label", len(longest))
	}
	// Names must not change with the version of the operator.
	if got, want := incidentName("platform", diskFull), "platform-033c80cc654c62fc"; got != want {
		t.Errorf("the name is %s, want %s", got, want)
	}
}
