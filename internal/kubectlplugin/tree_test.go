// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// family is an Incident with its Ticket and what belongs to that, and some that do not.
func family(t *testing.T) *terminal {
	t.Helper()
	incident := &v1alpha1.Incident{ObjectMeta: metadata("platform-1a2b")}
	incident.Status.TicketID = "10001"
	incident.Status.Conditions = []metav1.Condition{condition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonTracked, "tracked")}
	ticket := newTicket("slow", "10001", condition(v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced, ""), ready())
	ticket.OwnerReferences = []metav1.OwnerReference{{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Incident", Name: incident.Name}}

	byID := &v1alpha1.TicketNote{ObjectMeta: metadata("by-id"), Spec: v1alpha1.TicketNoteSpec{Title: "title", Content: "text"}}
	byID.Spec.TicketID = "10001"
	byID.Status.Conditions = []metav1.Condition{notReady(v1alpha1.ReasonRejected, "the provider has\n\x1b[31mno notes")}
	otherConnection := newComment("other-connection", "")
	otherConnection.Spec.TicketRef, otherConnection.Spec.TicketID = nil, "10001"
	otherConnection.Spec.IntegrationRef = &v1alpha1.IntegrationReference{Name: "other"}
	return newTerminal(t, incident, ticket, byID, otherConnection, newTicket("fast", "10002"), newComment("started", "slow", ready()), newComment("not-ours", "fast"))
}

func TestTree(t *testing.T) {
	want := `NAME                        ID      CONDITIONS               REASON     AGE   MESSAGE
Incident/platform-1a2b      10001   Ready=True               Tracked    60m
└─Ticket/slow               10001   Ready=True,Synced=True   Synced     60m
  ├─TicketComment/started   -       Ready=True               Synced     60m
  └─TicketNote/by-id        -       Ready=False              Rejected   60m   the provider has �[31mno notes
`
	if diff := cmp.Diff(want, family(t).mustRun("tree", "slow")); diff != "" {
		t.Error(diff)
	}
}

func TestTreeAsObjects(t *testing.T) {
	var list struct {
		metav1.TypeMeta
		Items []metav1.PartialObjectMetadata
	}
	if err := yaml.Unmarshal([]byte(family(t).mustRun("tree", "slow", "-o", "yaml")), &list); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, item := range list.Items {
		names = append(names, item.APIVersion+" "+item.Kind+" "+item.Name)
	}
	want := []string{
		"ticketing.synqly.com/v1alpha1 Incident platform-1a2b", "ticketing.synqly.com/v1alpha1 Ticket slow",
		"ticketing.synqly.com/v1alpha1 TicketComment started", "ticketing.synqly.com/v1alpha1 TicketNote by-id",
	}
	if diff := cmp.Diff(want, names); diff != "" || list.Kind != "List" {
		t.Error(list.Kind, diff)
	}
}

func TestTreeWithoutSomeRights(t *testing.T) {
	terminal := newTerminalWith(t, forbiddingList[*v1alpha1.TicketNoteList]("ticketnotes"), newTicket("slow", "10001", ready()), newComment("started", "slow"))
	output, errorOutput, err := terminal.run("tree", "slow")
	if err != nil {
		t.Fatal(err)
	}
	expectParts(t, output, "TicketComment/started")
	expectParts(t, errorOutput, "TicketNotes are not shown: you may not list them.")
}
