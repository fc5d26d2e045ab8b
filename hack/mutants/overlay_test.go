// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheMutantsOfAFunctionStandBeforeItsBody(t *testing.T) {
	root := t.TempDir()
	source := "package sample\n\nfunc check(ready bool) bool {\n\tif ready {\n\t\treturn true\n\t}\n\treturn false\n}\n\nfunc tell() {\n\tprintln()\n}\n"
	path := filepath.Join(root, "sample.go")
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	some := []mutant{
		{name: "first", function: "check", change: always(condition)},
		{name: "second", function: "check", change: returnAtOnce("true")},
		{name: "third", function: "tell", change: leaveOut(statement)},
	}
	sources, err := combine(root, some)
	if err != nil {
		t.Fatal(err)
	}
	want := `package sample

func check(ready bool) bool {
if mutantInForce == "first" {
//line first.go:1

	if (ready) || true {
		return true
	}
	return false

}
//line sample.go:3

if mutantInForce == "second" {
//line second.go:1
 return true; 
	if ready {
		return true
	}
	return false

}
//line sample.go:3

	if ready {
		return true
	}
	return false
}

func tell() {
if mutantInForce == "third" {
//line third.go:1

	if false { println() }

return
}
//line sample.go:10

	println()
}
`
	if diff := cmp.Diff(want, string(sources[path])); diff != "" {
		t.Errorf("the combined source (-want +got):\n%s", diff)
	}
	if added := string(sources[filepath.Join(root, "mutant_in_force.go")]); !strings.HasPrefix(added, "package sample\n") {
		t.Errorf("the added file is %q", added)
	}
}

func TestAFunctionWithALabelIsRefused(t *testing.T) {
	root := t.TempDir()
	source := "package sample\n\nfunc check() {\nagain:\n\tfor {\n\t\tcontinue again\n\t}\n}\n"
	if err := os.WriteFile(filepath.Join(root, "sample.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := combine(root, []mutant{{name: "first", function: "check", change: returnAtOnce("")}})
	if err == nil || !strings.Contains(err.Error(), "label") {
		t.Errorf("combine with a label: %v", err)
	}
}
