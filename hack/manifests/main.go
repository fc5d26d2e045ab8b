// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command manifests writes what follows from the CRDs: the list of them in
// config/crd/kustomization.yaml, an editor and a viewer role of each kind, the list of these roles
// in config/rbac/kustomization.yaml, and what the Helm chart has of config. It writes as well what
// follows from the states of the kinds in internal/states: Argo CD's health checks in
// config/argocd, and docs/reference/states.md. hack/generate.sh runs it after controller-gen, in
// the folder of the project:
//
//	manifests <folder below which to write>
//
// It reads config/crd/bases of that folder.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: manifests <folder below which to write>")
		os.Exit(2)
	}
	destination := os.Args[1]
	for _, step := range []func() error{
		func() error { return generate(".", destination) },
		func() error { return generateChart(".", destination) },
		func() error { return generateHealthChecks(".", destination) },
		func() error { return generateStatesPage(destination) },
	} {
		if err := step(); err != nil {
			fmt.Fprintln(os.Stderr, "manifests:", err)
			os.Exit(1)
		}
	}
}
