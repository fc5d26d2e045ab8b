// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// findKubectl looks for kubectl in the folder of the control plane's programs, and then on PATH.
// The demo does without where there is none: to build it takes longer than the demo.
func findKubectl(programs string) (string, bool) {
	for _, name := range []string{filepath.Join(programs, "kubectl"), "kubectl"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, true
		}
	}
	return "", false
}

// exportForKubectl is the shell command after which kubectl works against the demo, and finds its
// plugin in the given folder.
func exportForKubectl(programs, plugin, kubeconfig string) string {
	export := "export KUBECONFIG=" + kubeconfig + " PATH=" + plugin
	path, found := findKubectl(programs)
	switch {
	case !found:
		// Where setup-envtest cannot download it, it is built, which takes minutes.
		return export + ":$(hack/control-plane/control-plane.sh kubectl):$PATH"
	case filepath.Dir(path) == filepath.Clean(programs):
		return export + ":" + programs + ":$PATH"
	default:
		return export + ":$PATH"
	}
}

func (d *demo) describeObjects(ctx context.Context) error {
	kubectl, found := findKubectl(d.settings.programs)
	if !found {
		return d.cluster.printObjects(ctx, os.Stdout)
	}
	return d.run(ctx, kubectl, "describe", strings.Join(d.cluster.kinds(), ","))
}

// run runs kubectl as the administrator and shows its output.
func (d *demo) run(ctx context.Context, kubectl string, arguments ...string) error {
	all := append([]string{
		"--kubeconfig=" + d.kubeconfig,
		"--cache-dir=" + filepath.Join(d.folder, "kubectl-cache"), // instead of the user's
	}, arguments...)
	//nolint:gosec // It is the kubectl of the control plane, or of the user.
	command := exec.CommandContext(ctx, kubectl, all...)
	command.Stdout = os.Stdout
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("kubectl %s: %w", strings.Join(arguments, " "), err)
	}
	return nil
}
