// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bundle writes a bundle for the Operator Lifecycle Manager: what config/default installs,
// in the form that OLM installs it in. `make bundle` runs it in the folder of the project:
//
//	bundle <version> <image> <folder to write>
//
// What the manifests do not say is in config/manifests/clusterserviceversion.yaml.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: bundle <version> <image> <folder to write>")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

func run(version, image, folder string) error {
	sources, err := readSources(".")
	if err != nil {
		return err
	}
	files, err := makeBundle(sources, version, image)
	if err != nil {
		return err
	}
	return write(folder, files)
}
