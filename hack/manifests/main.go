// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command manifests writes what follows from the CRDs: the list of them in
// config/crd/kustomization.yaml, an editor and a viewer role of each kind, the list of these roles
// in config/rbac/kustomization.yaml, and what the Helm chart has of config. hack/generate.sh runs
// it after controller-gen, in the folder of the project:
//
//	manifests <folder below which to write>
//
// It reads config/crd/bases of that folder.
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: manifests <folder below which to write>")
		os.Exit(2)
	}
	if err := errors.Join(generate(".", os.Args[1]), generateChart(".", os.Args[1])); err != nil {
		fmt.Fprintln(os.Stderr, "manifests:", err)
		os.Exit(1)
	}
}
