// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// module is a module of which packages are compiled into a program. The standard library is one.
type module struct {
	Path, Version string
	Dir           string // where its source is
	// Folders are those of the packages that are compiled, and all above them in the module.
	Folders map[string]bool
	Files   []licenseFile
}

// licenseFile is a file with a license or with notices that belong to one.
type licenseFile struct {
	Name     string // in the folder of the module
	Text     []byte
	Licenses []string // by their SPDX identifiers; none where the text is no license
}

// releasePlatforms are those that .goreleaser.yaml builds for, without the architectures: the
// modules do not depend on them.
var releasePlatforms = []string{"linux", "darwin", "windows"}

// compiledModules lists the modules of the packages and of all that they import, sorted by their
// paths and without this project's own.
func compiledModules(ctx context.Context, packages []string) ([]module, error) {
	platforms := releasePlatforms
	if platform := os.Getenv("GOOS"); platform != "" {
		platforms = []string{platform}
	}
	found := map[string]*module{}
	for _, platform := range platforms {
		if err := addModules(ctx, found, platform, packages); err != nil {
			return nil, fmt.Errorf("listing the modules for %s: %w", platform, err)
		}
	}
	if err := addStandardLibrary(ctx, found); err != nil {
		return nil, err
	}
	var modules []module
	for _, path := range slices.Sorted(maps.Keys(found)) {
		if err := found[path].readLicenseFiles(); err != nil {
			return nil, err
		}
		modules = append(modules, *found[path])
	}
	return modules, nil
}

// listedPackage is what `go list -json` says of a package.
type listedPackage struct {
	Dir    string
	Module *struct {
		Path, Version, Dir string
		Main               bool
		Replace            *struct{ Path, Version string }
	}
}

func addModules(ctx context.Context, found map[string]*module, platform string, packages []string) error {
	//nolint:gosec // The arguments are those of the developer.
	command := exec.CommandContext(ctx, "go", append([]string{"list", "-deps", "-json=Dir,Module", "--"}, packages...)...)
	command.Env = append(os.Environ(), "GOOS="+platform, "CGO_ENABLED=0")
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(output))
	for {
		var listed listedPackage
		if err := decoder.Decode(&listed); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading the answer of go list: %w", err)
		}
		// A package of the standard library has no module.
		if from := listed.Module; from != nil && !from.Main {
			if found[from.Path] == nil {
				found[from.Path] = &module{Path: from.Path, Version: from.Version, Dir: from.Dir, Folders: map[string]bool{}}
			}
			if from.Replace != nil {
				found[from.Path].Version = strings.TrimSpace(from.Replace.Path + " " + from.Replace.Version)
			}
			found[from.Path].addFolders(listed.Dir)
		}
	}
}

// addFolders adds the folder of a package and those above it in the module.
func (m *module) addFolders(folder string) {
	for ; folder != m.Dir && strings.HasPrefix(folder, m.Dir); folder = filepath.Dir(folder) {
		m.Folders[folder] = true
	}
	m.Folders[m.Dir] = true
}

// addStandardLibrary adds the Go distribution, which is in every program.
func addStandardLibrary(ctx context.Context, found map[string]*module) error {
	output, err := exec.CommandContext(ctx, "go", "env", "GOROOT", "GOVERSION").Output()
	if err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	root, version, _ := strings.Cut(strings.TrimSpace(string(output)), "\n")
	found[standardLibrary] = &module{Path: standardLibrary, Version: version, Dir: root, Folders: map[string]bool{root: true}}
	return nil
}

// standardLibrary is the path of the module that the standard library is.
const standardLibrary = "std"

// licenseFileNames are the beginnings of the names of files with licenses, in small letters.
var licenseFileNames = []string{"license", "licence", "copying", "notice", "patents", "copyright"}

// readLicenseFiles reads the licenses of what is compiled of the module: its own, and those of code
// that it has copied from elsewhere into a subfolder.
func (m *module) readLicenseFiles() error {
	if m.Dir == "" {
		return fmt.Errorf("the source of %s is not there: run go mod download", m.Path)
	}
	for _, folder := range slices.Sorted(maps.Keys(m.Folders)) {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return fmt.Errorf("looking for the license of %s: %w", m.Path, err)
		}
		for _, entry := range entries {
			if entry.IsDir() || !isLicenseFile(entry.Name()) {
				continue
			}
			path := filepath.Join(folder, entry.Name())
			text, err := os.ReadFile(path)
			if err != nil {
				return fmt.Errorf("reading a license of %s: %w", m.Path, err)
			}
			name, err := filepath.Rel(m.Dir, path)
			if err != nil {
				return fmt.Errorf("naming a license of %s: %w", m.Path, err)
			}
			m.Files = append(m.Files, licenseFile{Name: filepath.ToSlash(name), Text: text})
		}
	}
	return nil
}

func isLicenseFile(name string) bool {
	name = strings.ToLower(name)
	switch filepath.Ext(name) {
	case "", ".txt", ".md", ".mit", ".bsd", ".apache", ".libyaml":
	default:
		return false
	}
	return slices.ContainsFunc(licenseFileNames, func(beginning string) bool { return strings.HasPrefix(name, beginning) })
}
