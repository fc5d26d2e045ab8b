// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package hack_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// stage is one of the Dockerfile: what follows a FROM, up to the next.
type stage struct {
	from, name   string
	instructions []instruction
}

type instruction struct {
	keyword, arguments string
}

// all returns the arguments of the stage's instructions of one kind.
func (s stage) all(keyword string) []string {
	var arguments []string
	for _, one := range s.instructions {
		if one.keyword == keyword {
			arguments = append(arguments, one.arguments)
		}
	}
	return arguments
}

// images returns the stages that are images of the project. The others are earlier stages.
func images(stages []stage) []stage {
	return slices.DeleteFunc(slices.Clone(stages), func(s stage) bool {
		return !strings.HasPrefix(s.from, "gcr.io/distroless/")
	})
}

func readDockerfile(t *testing.T) []stage {
	t.Helper()
	source := regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(readText(t, "../Dockerfile"), "")
	source = regexp.MustCompile(`\\\n\s*`).ReplaceAllString(source, "")
	from := regexp.MustCompile(`^(?:--platform=\S+ )?(\S+) AS (\S+)$`)
	var stages []stage
	for line := range strings.Lines(source) {
		keyword, arguments, found := strings.Cut(strings.TrimSpace(line), " ")
		if !found {
			continue
		}
		if keyword == "FROM" {
			match := from.FindStringSubmatch(arguments)
			if match == nil {
				t.Fatalf("the Dockerfile has a stage without a name: FROM %s", arguments)
			}
			stages = append(stages, stage{from: match[1], name: match[2]})
			continue
		}
		if len(stages) == 0 {
			t.Fatalf("the Dockerfile has an instruction before its first stage: %s", line)
		}
		last := &stages[len(stages)-1]
		last.instructions = append(last.instructions, instruction{keyword, arguments})
	}
	if len(images(stages)) == 0 {
		t.Fatal("the Dockerfile makes no images")
	}
	return stages
}

// Nothing but the program and its licenses is added to the base image, and nothing runs in it.
func TestAnImageHoldsNothingButItsProgram(t *testing.T) {
	for _, image := range images(readDockerfile(t)) {
		t.Run(image.name, func(t *testing.T) {
			want := map[string][]string{
				"COPY":       {"--from=build-" + image.name + " /out/ /"},
				"USER":       {"65532:65532"},
				"ENTRYPOINT": {`["/` + image.name + `"]`},
				"RUN":        nil,
				"ADD":        nil,
			}
			got := map[string][]string{}
			for keyword := range want {
				got[keyword] = image.all(keyword)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("instructions (-want +got):\n%s", diff)
			}
		})
	}
}

// A tag can be moved to another image; a digest cannot.
func TestTheBaseOfTheImagesIsPinnedByItsDigest(t *testing.T) {
	pinned := regexp.MustCompile(`^gcr\.io/distroless/static:nonroot@sha256:[0-9a-f]{64}$`)
	stages := images(readDockerfile(t))
	for _, image := range stages {
		if !pinned.MatchString(image.from) {
			t.Errorf("the image %s is built from %s, want distroless/static:nonroot by its digest", image.name, image.from)
		}
		if image.from != stages[0].from {
			t.Errorf("the image %s is built from %s, and %s from %s", image.name, image.from, stages[0].name, stages[0].from)
		}
	}
}

// The Dockerfile names the folders that it copies, so that a change elsewhere does not build the
// image again.
func TestTheImagesAreBuiltFromEverythingThatTheirProgramsImport(t *testing.T) {
	stages := readDockerfile(t)
	var copied []string
	for _, arguments := range stages[0].all("COPY") {
		sources := strings.Fields(arguments)
		copied = append(copied, sources[:len(sources)-1]...)
	}
	ignored := readText(t, "../.dockerignore")
	for _, source := range copied {
		if !strings.Contains(ignored, "\n!"+source+"\n") {
			t.Errorf("the Dockerfile copies %s, which .dockerignore leaves out", source)
		}
	}

	packages := []string{"./hack/licenses"}
	for _, image := range images(stages) {
		packages = append(packages, "./cmd/"+image.name)
	}
	command := exec.CommandContext(t.Context(), "go", append([]string{"list", "-deps",
		"-f", "{{if .Module}}{{if .Module.Main}}{{.ImportPath}}{{end}}{{end}}"}, packages...)...)
	command.Dir = ".."
	command.Stderr = t.Output()
	output, err := command.Output()
	if err != nil {
		t.Fatalf("listing what the programs import: %v", err)
	}
	imported := strings.Fields(string(output))
	if len(imported) <= len(packages) {
		t.Fatalf("the programs import only %q", imported)
	}
	for _, path := range imported {
		folder := strings.TrimPrefix(path, "github.com/synqly/ticketing-operator/")
		if !slices.ContainsFunc(copied, func(source string) bool {
			inside, err := filepath.Rel(source, folder)
			return err == nil && filepath.IsLocal(inside)
		}) {
			t.Errorf("a program imports %s, which the Dockerfile does not copy", path)
		}
	}
}
