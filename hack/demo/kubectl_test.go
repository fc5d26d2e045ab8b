// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKubectlIsUsedWhereItIs(t *testing.T) {
	cases := map[string]struct {
		inFolder, onPath bool
		wantFolder       string // "programs", "path" or none
		wantPATH         string // what is put before $PATH, after the folder of the plugin
	}{
		"in the folder of the programs": {inFolder: true, wantFolder: "programs", wantPATH: "PROGRAMS"},
		"in the folder before PATH":     {inFolder: true, onPath: true, wantFolder: "programs", wantPATH: "PROGRAMS"},
		"on PATH":                       {onPath: true, wantFolder: "path"},
		"nowhere":                       {wantPATH: "$(hack/control-plane/control-plane.sh kubectl)"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			programs, onPath := filepath.Join(root, "programs"), filepath.Join(root, "path")
			t.Setenv("PATH", onPath)
			for folder, present := range map[string]bool{programs: test.inFolder, onPath: test.onPath} {
				if err := os.Mkdir(folder, 0o700); err != nil {
					t.Fatal(err)
				}
				if present {
					writeProgram(t, filepath.Join(folder, "kubectl"))
				}
			}

			path, found := findKubectl(programs)
			want := ""
			if test.wantFolder != "" {
				want = filepath.Join(root, test.wantFolder, "kubectl")
			}
			if path != want || found != (want != "") {
				t.Errorf("findKubectl = %q, %t; want %q", path, found, want)
			}
			wantExport := "export KUBECONFIG=/demo/kubeconfig PATH=/project/bin:"
			if test.wantPATH != "" {
				wantExport += strings.ReplaceAll(test.wantPATH, "PROGRAMS", programs) + ":"
			}
			wantExport += "$PATH"
			if got := exportForKubectl(programs, "/project/bin", "/demo/kubeconfig"); got != wantExport {
				t.Errorf("the command for the shell is %q, want %q", got, wantExport)
			}
		})
	}
}

func writeProgram(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}
