// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const noticesIntroduction = `This program contains the software below. Each part is followed by its licenses and notices.
`

// writeNotices writes the licenses and notices of all modules to a file, and makes its folder.
func writeNotices(path string, modules []module) error {
	var notices bytes.Buffer
	notices.WriteString(noticesIntroduction)
	line := strings.Repeat("=", 100)
	for _, m := range modules {
		name := m.Path
		if name == standardLibrary {
			name = "The Go standard library"
		}
		for _, file := range m.Files {
			licenses := ""
			if len(file.Licenses) > 0 {
				licenses = " (" + strings.Join(file.Licenses, ", ") + ")"
			}
			fmt.Fprintf(&notices, "\n%s\n%s %s: %s%s\n%s\n\n%s\n", line, name, m.Version, file.Name, licenses, line, bytes.TrimSpace(file.Text))
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // Everybody may read it.
		return fmt.Errorf("making the folder of the notices: %w", err)
	}
	if err := os.WriteFile(path, notices.Bytes(), 0o644); err != nil { //nolint:gosec // As above.
		return fmt.Errorf("writing the notices: %w", err)
	}
	return nil
}
