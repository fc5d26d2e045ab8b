// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/licenseclassifier/v2/assets"
)

// allowed are the licenses that let us give the programs to users under Apache-2.0, together with
// the texts of these licenses.
var allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0", "Unlicense", "CC0-1.0"}

// certain is how much of a known license a text has to be to count as that license.
const certain = 0.9

// knownLicenses reads the texts of the known licenses, which takes a moment, once.
var knownLicenses = sync.OnceValues(assets.DefaultClassifier)

// classify finds out which licenses the texts are.
func classify(modules []module) error {
	classifier, err := knownLicenses()
	if err != nil {
		return fmt.Errorf("reading the known licenses: %w", err)
	}
	for _, of := range modules {
		for j := range of.Files {
			file := &of.Files[j]
			for _, match := range classifier.Match(classifier.Normalize(file.Text)).Matches {
				if match.MatchType == "License" && match.Confidence >= certain && !slices.Contains(file.Licenses, match.Name) {
					file.Licenses = append(file.Licenses, match.Name)
				}
			}
			slices.Sort(file.Licenses)
		}
	}
	return nil
}

// checkAllowed returns an error that names each module without a license that is known, or with one
// that is not allowed.
func checkAllowed(modules []module) error {
	var problems []error
	for _, m := range modules {
		known := false
		for _, file := range m.Files {
			for _, license := range file.Licenses {
				if !strings.Contains(file.Name, "/") {
					known = true
				}
				if !slices.Contains(allowed, license) {
					problems = append(problems, fmt.Errorf("%s %s: the license %s of %s is not among the allowed ones (%s)",
						m.Path, m.Version, license, file.Name, strings.Join(allowed, ", ")))
				}
			}
		}
		if !known {
			problems = append(problems, fmt.Errorf("%s %s: its folder has no license that is known", m.Path, m.Version))
		}
	}
	return errors.Join(problems...)
}
