// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package quickstart_test runs hack/quickstart.sh against a real control plane. That has no
// kubelet, so the tests run the programs of the Pods, with the arguments that the Deployments have.
package quickstart_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// patience is how long anything may take on a slow machine.
const patience = 5 * time.Minute

func TestTheQuickstartMakesATicketAndRemovesEverything(t *testing.T) {
	cluster := startCluster(t)
	kubelet := startKubelet(t, cluster)

	output := cluster.run("hack/quickstart.sh")
	for _, want := range []string{
		"integration.ticketing.synqly.com/default condition met",
		"ticket.ticketing.synqly.com/checkout-latency condition met",
		"ticketcomment.ticketing.synqly.com/checkout-latency-started condition met",
		"http://localhost:8085/tickets/10001", // In the table of the objects.
		"hack/quickstart.sh uninstall",
	} {
		if !strings.Contains(output, want) {
			t.Errorf("the output lacks %q", want)
		}
	}
	for deployment, image := range map[string]string{
		"synqly-ticketing-operator": "registry.example.com:5000/operator:v1",
		"synqly-simulator":          "registry.example.com/simulator:v1",
	} {
		if got := cluster.image(deployment); got != image {
			t.Errorf("the image of %s is %s, want %s", deployment, got, image)
		}
	}
	if page := kubelet.fetchFromSimulator("/simulator/tickets"); !strings.Contains(page, "p99 above 2s since 10:05 UTC") || !strings.Contains(page, "Mitigation started.") {
		t.Errorf("the simulator has no such ticket with its comment:\n%s", page)
	}

	before := cluster.objects()
	if !slices.ContainsFunc(before, func(name string) bool { return strings.HasPrefix(name, "customresourcedefinition") }) {
		t.Errorf("objects that carry the label of the quickstart: %q, want CRDs among them", before)
	}
	// What is deleted cannot be removed from a simulator that does not run any more.
	kubelet.simulator.stop()
	cluster.run("hack/quickstart.sh", "uninstall")
	if left := cluster.objects(); len(left) > 0 {
		t.Errorf("after uninstall these are left: %q", left)
	}

	removesWithoutOperator(t, cluster)
	leavesAlone(t, cluster)
}

// removesWithoutOperator tries to remove an installation whose Pods never became ready. Nobody
// removes the finalizers of its objects.
func removesWithoutOperator(t *testing.T, cluster *cluster) {
	t.Helper()
	image := "registry.example.com:5000/operator@sha256:" + strings.Repeat("a1", 32)
	if output, err := cluster.try("env", "TIMEOUT=1s", "IMG="+image, "hack/quickstart.sh"); err == nil {
		t.Errorf("the quickstart succeeds without Pods:\n%s", output)
	}
	if got := cluster.image("synqly-ticketing-operator"); got != image {
		t.Errorf("the image of the operator is %s, want %s", got, image)
	}
	cluster.run("kubectl", "wait", "--for=condition=Established", "customresourcedefinitions", "--all", "--timeout="+patience.String())
	cluster.run("kubectl", "apply", "--server-side", "--kustomize=config/quickstart/sample")
	for _, object := range []string{"integration/default", "ticket/checkout-latency"} {
		cluster.run("kubectl", "patch", object, "--namespace=synqly-quickstart", "--type=merge", `--patch={"metadata": {"finalizers": ["ticketing.synqly.com/test"]}}`)
	}

	cluster.run("hack/quickstart.sh", "uninstall")
	if left := cluster.objects(); len(left) > 0 {
		t.Errorf("after uninstall without an operator these are left: %q", left)
	}
}

// leavesAlone tries the quickstart where an operator is installed that is not the quickstart's: its
// CRDs are there, or its namespace alone.
func leavesAlone(t *testing.T, cluster *cluster) {
	t.Helper()
	refuses := func(object, advice string, arguments ...string) {
		t.Helper()
		output, err := cluster.try("hack/quickstart.sh", arguments...)
		if err == nil || !strings.Contains(output, "the operator is installed in this cluster, and not by this script") || !strings.Contains(output, advice) {
			t.Errorf("quickstart.sh %q: %v:\n%s", arguments, err, output)
		}
		cluster.run("kubectl", "get", object)
	}
	cluster.run("kubectl", "create", "namespace", operator.Namespace)
	refuses("namespace/"+operator.Namespace, "nothing is removed", "uninstall")
	cluster.run("kubectl", "delete", "namespace", operator.Namespace)
	cluster.run("kubectl", "apply", "--server-side", "--kustomize=config/crd")
	refuses("customresourcedefinition/tickets.ticketing.synqly.com", "use another cluster")
	refuses("customresourcedefinition/tickets.ticketing.synqly.com", "docs/operations.md#uninstall", "uninstall")
}

func TestTheQuickstartSaysWhatIsMissing(t *testing.T) {
	tools := t.TempDir()
	for _, program := range []string{"sh", "dirname", "cat"} {
		path, err := exec.LookPath(program)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(tools, program)); err != nil {
			t.Fatal(err)
		}
	}
	withProgram := func(path, name, content string) string {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+content+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return folder + ":" + path
	}
	withHelm := withProgram(tools, "helm", "")
	cases := map[string]struct {
		path      string
		arguments []string
		want      string
		exit      int
	}{
		"kubectl":              {path: tools, want: "kubectl is not installed, or not in PATH", exit: 1},
		"helm":                 {path: withProgram(tools, "kubectl", ""), want: "helm is not installed, or not in PATH", exit: 1},
		"helm to uninstall":    {path: withProgram(tools, "kubectl", ""), arguments: []string{"uninstall"}, want: "helm is not installed", exit: 1},
		"kubectl to uninstall": {path: tools, arguments: []string{"uninstall"}, want: "kubectl is not installed", exit: 1},
		"kind":                 {path: tools, arguments: []string{"kind"}, want: "kind is not installed, or not in PATH", exit: 1},
		"kind to uninstall":    {path: tools, arguments: []string{"uninstall", "kind"}, want: "kind is not installed", exit: 1},
		"kubectl beside kind":  {path: withProgram(withHelm, "kind", ""), arguments: []string{"kind"}, want: "kubectl is not installed", exit: 1},
		"all that is missing":  {path: withHelm, arguments: []string{"kind"}, want: "docker is not installed", exit: 1},
		"a cluster":            {path: withProgram(withHelm, "kubectl", "exit 1"), want: "kubectl reaches no cluster", exit: 1},
		// Nothing is removed while it is unknown whose operator is there.
		"an answer of the cluster": {
			path:      withProgram(withHelm, "kubectl", `case "$1 $2" in "get --raw" | delete*) ;; *) echo "no answer" >&2; exit 1 ;; esac`),
			arguments: []string{"uninstall"}, want: "no answer", exit: 1,
		},
		"a deletion that takes too long": {
			path: withProgram(withHelm, "kubectl",
				`case "$1 $2" in "get deployment") echo 1 ;; "get namespace" | "get crd") echo "$3" ;; delete*) echo "timed out" >&2; exit 1 ;; esac`),
			arguments: []string{"uninstall"}, want: "quickstart: the alertreceivers of the sample are not gone", exit: 1,
		},
		"CRDs that stay": {
			path:      withProgram(withHelm, "kubectl", `case "$1 $2" in "delete customresourcedefinitions") exit 1 ;; esac`),
			arguments: []string{"uninstall"}, want: "quickstart: the CRDs are not gone yet", exit: 1,
		},
		"a namespace that stays": {
			path:      withProgram(withHelm, "kubectl", `case "$1 $2" in "delete namespaces") exit 1 ;; esac`),
			arguments: []string{"uninstall"}, want: "quickstart: these namespaces are not gone yet", exit: 1,
		},
		"images":       {path: withProgram(withHelm, "kubectl", ""), want: "set IMG and SIMULATOR_IMG", exit: 1},
		"a known word": {path: tools, arguments: []string{"install"}, want: "usage: hack/quickstart.sh", exit: 2},
		"help":         {path: tools, arguments: []string{"--help"}, want: "SIMULATOR_IMG ", exit: 0},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), "../quickstart.sh", test.arguments...)
			command.Env = []string{"PATH=" + test.path}
			output, _ := command.CombinedOutput()
			if got := command.ProcessState.ExitCode(); got != test.exit || !strings.Contains(string(output), test.want) {
				t.Errorf("quickstart.sh %q ended with %d and said %q, want %d and %q", test.arguments, got, output, test.exit, test.want)
			}
		})
	}
}

// await asks until the condition holds.
func await(t *testing.T, what string, holds func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := poll(ctx, holds); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func poll(ctx context.Context, holds func(context.Context) error) error {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := holds(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-ticker.C:
		}
	}
}
