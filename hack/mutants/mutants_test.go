// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// moduleRoot is where the folders of the mutants begin.
const moduleRoot = "../.."

func TestEveryMutantHasItsPlaceInTheSource(t *testing.T) {
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			if _, err := m.apply(moduleRoot); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMutantsDiffer(t *testing.T) {
	names, sources := map[string]bool{}, map[string]string{}
	for _, m := range mutants {
		if names[m.name] {
			t.Errorf("two mutants have the name %s", m.name)
		}
		names[m.name] = true
		changed, err := m.apply(moduleRoot)
		if err != nil {
			continue // The test above tells of it.
		}
		if other := sources[string(changed)]; other != "" {
			t.Errorf("%s changes the source as %s does", m.name, other)
		}
		sources[string(changed)] = m.name
	}
}

// A marker of no mutant would tell a reader of the source what is not so.
func TestEveryMarkerInTheSourceBelongsToAMutant(t *testing.T) {
	used := map[string]bool{}
	for _, m := range mutants {
		of, err := m.find(moduleRoot)
		if err != nil {
			continue // The first test tells of it.
		}
		if _, err := m.change(of); err == nil && of.marker != nil {
			used[describe(of.file, *of.marker)] = true
		}
	}
	if len(used) == 0 {
		t.Error("no mutant uses a marker")
	}
	for _, folder := range []string{"api", "cmd", "internal"} {
		for _, marker := range markersBelow(t, filepath.Join(moduleRoot, folder)) {
			if !used[marker] {
				t.Errorf("no mutant uses the marker %s", marker)
			}
		}
	}
}

// markersBelow describes the markers of all Go files in a folder and the folders in it.
func markersBelow(t *testing.T, folder string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || entry.IsDir() {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		parsed, err := parse(path, source)
		if err != nil {
			return err
		}
		for _, marker := range parsed.markers() {
			found = append(found, describe(parsed, marker))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func describe(in *file, of marker) string {
	return fmt.Sprintf("%s%s at %s:%d", markerPrefix, of.mutant, in.path, in.line(of.at))
}
