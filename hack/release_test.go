// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package hack_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// releaseFiles is what the tests look at in .goreleaser.yaml.
type releaseFiles struct {
	Builds []struct {
		ID     string   `json:"id"`
		Main   string   `json:"main"`
		GOOS   []string `json:"goos"`
		GOARCH []string `json:"goarch"`
	} `json:"builds"`
	Archives []struct {
		ID           string   `json:"id"`
		IDs          []string `json:"ids"`
		NameTemplate string   `json:"name_template"`
		Files        []struct {
			Source      string `json:"src"`
			Destination string `json:"dst"`
		} `json:"files"`
	} `json:"archives"`
}

func readReleaseFiles(t *testing.T) releaseFiles {
	t.Helper()
	var files releaseFiles
	if err := yaml.Unmarshal([]byte(readText(t, "../.goreleaser.yaml")), &files); err != nil {
		t.Fatal(err)
	}
	return files
}

func TestEveryProgramIsReleasedWithItsLicenses(t *testing.T) {
	files := readReleaseFiles(t)
	commands, err := filepath.Glob("../cmd/*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	var programs, released []string
	for _, command := range commands {
		programs = append(programs, filepath.Base(filepath.Dir(command)))
	}
	notices := readText(t, "../Makefile")
	notices = notices[strings.Index(notices, "\nnotices:"):]
	for _, build := range files.Builds {
		released = append(released, build.ID)
		if build.Main != "./cmd/"+build.ID {
			t.Errorf("the program %s is built from %s", build.ID, build.Main)
		}
		// The linker ignores a variable that is not there.
		if source := readText(t, filepath.Join("../cmd", build.ID, "main.go")); !strings.Contains(source, "\nvar version = \"dev\"\n") {
			t.Errorf("the program %s has no variable for its version", build.ID)
		}
		if !regexp.MustCompile(`for program in .*\b` + build.ID + `\b.*; do`).MatchString(notices) {
			t.Errorf("make notices does not write those of %s", build.ID)
		}
	}
	slices.Sort(released)
	if diff := cmp.Diff(programs, released); diff != "" {
		t.Errorf("programs of cmd and of the release (-want +got):\n%s", diff)
	}
	for _, archive := range files.Archives {
		var sources []string
		for _, file := range archive.Files {
			sources = append(sources, file.Source)
		}
		if want := []string{"LICENSE", "dist/notices/" + archive.ID}; !slices.Equal(sources, want) || !slices.Equal(archive.IDs, []string{archive.ID}) {
			t.Errorf("the archive of %q has the files %q, want %q", archive.IDs, sources, want)
		}
	}
}

// krew downloads the archives by the addresses in its index.
func TestTheKrewManifestNamesTheArchivesOfThePlugin(t *testing.T) {
	const plugin = "kubectl-ticketing"
	files := readReleaseFiles(t)
	var want []string
	for _, build := range files.Builds {
		if build.ID != plugin {
			continue
		}
		for _, system := range build.GOOS {
			for _, architecture := range build.GOARCH {
				format := "tar.gz"
				if system == "windows" {
					format = "zip"
				}
				want = append(want, plugin+"_{{ .TagName }}_"+system+"_"+architecture+"."+format)
			}
		}
	}
	var got []string
	for _, match := range regexp.MustCompile(`os: (\S+)\n\s*arch: (\S+)\n.*\n.*/releases/download/{{ \.TagName }}/(.*)" \.TagName`).
		FindAllStringSubmatch(readText(t, "../.krew.yaml"), -1) {
		if !strings.Contains(match[3], "_"+match[1]+"_"+match[2]+".") {
			t.Errorf("the archive for %s on %s is %s", match[1], match[2], match[3])
		}
		got = append(got, match[3])
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
		t.Errorf("archives of the plugin (-want +got):\n%s", diff)
	}
	for _, archive := range files.Archives {
		if archive.ID == plugin && archive.NameTemplate != plugin+"_v{{ .Version }}_{{ .Os }}_{{ .Arch }}" {
			t.Errorf("the archive is named %s, which the manifest does not follow", archive.NameTemplate)
		}
	}
}

// The workflows take the published goreleaser, which is there at once. A developer's is built.
func TestTheWorkflowsAndDevelopersMakeFilesWithTheSameGoreleaser(t *testing.T) {
	pinned := regexp.MustCompile(`github\.com/goreleaser/goreleaser/v2 (v\S+)`).FindStringSubmatch(readText(t, "goreleaser/go.mod"))
	if pinned == nil {
		t.Fatal("hack/goreleaser/go.mod does not name goreleaser")
	}
	installed := 0
	for _, w := range readWorkflows(t) {
		for name, job := range w.Jobs {
			for _, step := range job.Steps {
				if !strings.HasPrefix(step.Uses, "goreleaser/goreleaser-action@") {
					continue
				}
				installed++
				if step.With["version"] != pinned[1] {
					t.Errorf("%s: job %s installs goreleaser %v, and hack/goreleaser/go.mod names %s", w.file, name, step.With["version"], pinned[1])
				}
			}
		}
	}
	if installed != 2 {
		t.Errorf("%d jobs install goreleaser, want one of CI and one of the release", installed)
	}
}

func TestTheNotesOfAReleaseAreItsSectionOfTheChangelog(t *testing.T) {
	const changelog = `# Changelog

## [Unreleased]

## [0.2.0] - 2026-02-01

### Added

- Notes.

## [0.1.0] - 2026-01-01

- The first one.

[Unreleased]: https://example.com/compare
`
	cases := map[string]struct {
		tag, want string
		exit      int
	}{
		"a version":                     {tag: "v0.2.0", want: "### Added\n\n- Notes.\n\n"},
		"the last version":              {tag: "v0.1.0", want: "- The first one.\n\n"},
		"a version without a section":   {tag: "v0.3.0", exit: 1},
		"the beginning of a version":    {tag: "v0.1.0-rc.1", exit: 1},
		"a version without all numbers": {tag: "v0.1", exit: 2},
		"what is no version":            {tag: "Unreleased", exit: 2},
	}
	root := t.TempDir()
	script := placeScript(t, root, "hack/release/notes.sh")
	placeFile(t, filepath.Join(root, "CHANGELOG.md"), changelog)
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), script, test.tag)
			command.Stderr = t.Output()
			output, _ := command.Output()
			if got := command.ProcessState.ExitCode(); got != test.exit || test.exit == 0 && string(output) != test.want {
				t.Errorf("notes.sh %s printed %q with exit code %d, want %q with %d", test.tag, output, got, test.want, test.exit)
			}
		})
	}
}

func TestAReleaseIsBuiltFromTheDigestsOfTheBaseImages(t *testing.T) {
	const dockerfile = `FROM --platform=$BUILDPLATFORM golang:1.26.11 AS build
FROM build AS build-manager
FROM gcr.io/distroless/static:nonroot AS simulator
FROM gcr.io/distroless/static:nonroot AS manager
FROM example.com/pinned:1@sha256:0000000000000000000000000000000000000000000000000000000000000000
`
	const digest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	root := t.TempDir()
	script := placeScript(t, root, "hack/release/base-images.sh")
	placeFile(t, filepath.Join(root, "Dockerfile"), dockerfile)
	docker := filepath.Join(root, "docker")
	run := func(answer string) (string, error) {
		placeFile(t, docker, "#!/bin/sh\necho '"+answer+"'\n")
		command := exec.CommandContext(t.Context(), script)
		command.Env = append(os.Environ(), "CONTAINER_TOOL="+docker)
		var failure bytes.Buffer
		command.Stderr = &failure
		output, err := command.Output()
		return string(output) + failure.String(), err
	}

	output, err := run(digest)
	want := "gcr.io/distroless/static:nonroot=docker-image://gcr.io/distroless/static:nonroot@" + digest + "\n" +
		"golang:1.26.11=docker-image://golang:1.26.11@" + digest + "\n"
	if err != nil || output != want {
		t.Errorf("base-images.sh printed %q (%v), want %q", output, err, want)
	}
	if output, err := run("no such tag"); err == nil || !strings.Contains(output, "is no digest") {
		t.Errorf("an answer without a digest: base-images.sh printed %q (%v), want an error", output, err)
	}
}

// The versions that the table promises are those that CI tries.
func TestTheSupportedVersionsOfKubernetesAreTried(t *testing.T) {
	tried := supportedVersions(t)
	oldest, newest := tried[0], tried[len(tried)-1]
	page := readText(t, "../docs/releases.md")
	if want := "| " + oldest + " | " + newest + " |"; !strings.Contains(page, want) {
		t.Errorf("docs/releases.md does not have the versions that CI tries, %q", want)
	}
	if want := `kubeVersion: ">=` + oldest + `.0-0"`; !strings.Contains(readText(t, "../charts/synqly-ticketing-operator/Chart.yaml"), want) {
		t.Errorf("the chart does not have the oldest version that CI tries, %q", want)
	}
	pinned := regexp.MustCompile(`k8s\.io/kubernetes v(\d+\.\d+)\.`).FindStringSubmatch(readText(t, "control-plane/go.mod"))
	if pinned == nil || pinned[1] != newest {
		t.Errorf("the newest version that CI tries is %s, and the tests run with that of hack/control-plane/go.mod: %v", newest, pinned)
	}
}

func TestTheREADMEOfTheChartNamesTheHelmThatTheTestsRun(t *testing.T) {
	pinned := regexp.MustCompile(`helm\.sh/helm/v3 v(\d+\.\d+)\.`).FindStringSubmatch(readText(t, "helm/go.mod"))
	if pinned == nil {
		t.Fatal("hack/helm/go.mod does not have Helm")
	}
	if want := "tested with Helm " + pinned[1] + ";"; !strings.Contains(readText(t, "../charts/synqly-ticketing-operator/README.md"), want) {
		t.Errorf("the README of the chart does not say %q", want)
	}
}

// placeScript copies a script of the project into another folder.
func placeScript(t *testing.T, root, script string) string {
	t.Helper()
	path := filepath.Join(root, script)
	placeFile(t, path, readText(t, filepath.Join("..", script)))
	return path
}

// placeFile writes a file that can be executed, and makes its folder.
func placeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
}
