// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/licenseclassifier/v2/assets"
)

func TestOnlyModulesWithAnAllowedLicensePass(t *testing.T) {
	mit, gpl := knownLicense(t, "MIT/pristine.txt"), knownLicense(t, "GPL-3.0/license.txt")
	cases := map[string]struct {
		files []licenseFile
		want  string // in the error; none for no error
	}{
		"an allowed license":                       {files: []licenseFile{{Name: "LICENSE", Text: mit}}},
		"a notice beside an allowed license":       {files: []licenseFile{{Name: "LICENSE", Text: mit}, {Name: "NOTICE", Text: []byte("By ACME.")}}},
		"a license that is not allowed":            {files: []licenseFile{{Name: "LICENSE", Text: gpl}}, want: "the license GPL-3.0 of LICENSE is not among the allowed ones"},
		"copied code with one that is not allowed": {files: []licenseFile{{Name: "LICENSE", Text: mit}, {Name: "gnu/COPYING", Text: gpl}}, want: "the license GPL-3.0 of gnu/COPYING"},
		"no license":                                {want: "no license that is known"},
		"only a text that is no license":            {files: []licenseFile{{Name: "LICENSE", Text: []byte("All rights reserved.")}}, want: "no license that is known"},
		"a license of copied code, and none at all": {files: []licenseFile{{Name: "copied/LICENSE", Text: mit}}, want: "no license that is known"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			modules := []module{{Path: "example.com/module", Version: "v1.2.3", Files: test.files}}
			if err := classify(modules); err != nil {
				t.Fatal(err)
			}
			err := checkAllowed(modules)
			if test.want == "" && err != nil {
				t.Errorf("checkAllowed = %v, want no error", err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), "example.com/module v1.2.3: ") || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("checkAllowed = %v, want an error about the module with %q", err, test.want)
			}
		})
	}
}

func TestTheLicensesOfWhatIsCompiledAreRead(t *testing.T) {
	folder := t.TempDir()
	for _, path := range []string{"LICENSE", "NOTICE.txt", "license.go", "copied/code/LICENSE.md", "other/LICENSE"} {
		path = filepath.Join(folder, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m := module{Dir: folder, Folders: map[string]bool{}}
	m.addFolders(filepath.Join(folder, "copied/code"))
	if err := m.readLicenseFiles(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range m.Files {
		names = append(names, file.Name)
	}
	if got, want := strings.Join(names, " "), "LICENSE NOTICE.txt copied/code/LICENSE.md"; got != want {
		t.Errorf("files = %s, want %s", got, want)
	}
}

func TestTheNoticesHaveTheTextsOfAllModules(t *testing.T) {
	path := filepath.Join(t.TempDir(), "made", "THIRD_PARTY_NOTICES")
	err := writeNotices(path, []module{
		{Path: "example.com/module", Version: "v1.2.3", Files: []licenseFile{{Name: "LICENSE", Text: []byte("Do what you want."), Licenses: []string{"MIT"}}}},
		{Path: standardLibrary, Version: "go1.26", Files: []licenseFile{{Name: "PATENTS", Text: []byte("No patents.")}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	notices, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"example.com/module v1.2.3: LICENSE (MIT)\n", "\nDo what you want.\n",
		"The Go standard library go1.26: PATENTS\n", "\nNo patents.\n",
	} {
		if !strings.Contains(string(notices), want) {
			t.Errorf("the notices lack %q:\n%s", want, notices)
		}
	}
}

// knownLicense is the text of a license, as its file in the classifier has it.
func knownLicense(t *testing.T, file string) []byte {
	t.Helper()
	text, err := assets.ReadLicenseFile("License/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
