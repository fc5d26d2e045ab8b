// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"encoding/json"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

func TestStatusOfAllIntegrations(t *testing.T) {
	integration := newIntegration(ready())
	integration.Spec.RateLimit = &v1alpha1.RateLimit{RequestsPerSecond: 5, Burst: 7}
	integration.Status.Polling = &v1alpha1.PollingStatus{Method: v1alpha1.PollingOurs, OtherMethod: v1alpha1.PollingProjects}
	shared := &v1alpha1.ClusterIntegration{ObjectMeta: metav1.ObjectMeta{Name: "jira"}}
	shared.Status.Conditions = []metav1.Condition{notReady(v1alpha1.ReasonInvalidToken, "the token was refused")}
	unconfirmed := newTicket("lost", "", notReady(v1alpha1.ReasonCreateUnconfirmed, "no answer"))
	unconfirmed.Status.OpenAttempt = 1
	onShared := newTicket("shared", "", notReady(v1alpha1.ReasonWaitingForIntegration, "not ready"))
	onShared.Spec.IntegrationRef = v1alpha1.IntegrationReference{Kind: v1alpha1.IntegrationKindCluster, Name: "jira"}
	elsewhere := newTicket("elsewhere", "1", ready())
	elsewhere.Namespace = "dev"

	terminal := newTerminal(t, integration, shared, unconfirmed, onShared, elsewhere, newTicket("slow", "10001", ready()), newComment("started", "shared"))
	var summaries []connectionSummary
	if err := json.Unmarshal([]byte(terminal.mustRun("status", "-o", "json")), &summaries); err != nil {
		t.Fatal(err)
	}
	if len(summaries) != 2 {
		t.Fatalf("%d connections, want the Integration and the ClusterIntegration", len(summaries))
	}
	own, cluster := summaries[0], summaries[1]
	if own.Name != "default" || own.Ready != "True" || own.Objects != 2 || own.NotReady != 1 || own.RequestsPerSecond != 5 ||
		strings.Join(own.Unconfirmed, ",") != "ticket/lost" {
		t.Errorf("the Integration is %+v", own)
	}
	// The comment uses what its Ticket uses.
	if cluster.Name != "jira" || cluster.Kind != "ClusterIntegration" || cluster.Objects != 2 || cluster.NotReady != 2 {
		t.Errorf("the ClusterIntegration is %+v", cluster)
	}
	expectParts(t, terminal.mustRun("status"), "integration/default", "5/s, burst 7", "Ours+Projects every 5m0s",
		"clusterintegration/jira is not Ready: the token was refused", "kubectl ticketing explain ticket/lost")
	expectParts(t, terminal.mustRun("status", "-A"), "explain ticket/lost -n ops")
}

func TestStatusWithoutTheRightToListClusterIntegrations(t *testing.T) {
	terminal := newTerminalWith(t, forbiddingList[*v1alpha1.ClusterIntegrationList]("clusterintegrations"), newIntegration(ready()))
	output, errorOutput, err := terminal.run("status")
	if err != nil {
		t.Fatal(err)
	}
	expectParts(t, output, "integration/default")
	expectParts(t, errorOutput, "ClusterIntegrations are not shown: you may not list them.")
}

func TestStatusOfAnEmptyNamespace(t *testing.T) {
	output, errorOutput, err := newTerminal(t).run("status")
	if err != nil || output != "" {
		t.Errorf("output %q, error %v, want none", output, err)
	}
	expectParts(t, errorOutput, "No Integrations found.")
}
