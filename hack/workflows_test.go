// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package hack_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// workflow is what the tests look at in a GitHub workflow.
type workflow struct {
	file        string
	source      string
	Permissions map[string]string `json:"permissions"`
	Jobs        map[string]job    `json:"jobs"`
}

type job struct {
	Permissions map[string]string `json:"permissions"`
	Uses        string            `json:"uses"`
	Strategy    struct {
		Matrix struct {
			Target  []string                  `json:"target"`
			Version []string                  `json:"version"`
			Include []struct{ Target string } `json:"include"`
		} `json:"matrix"`
	} `json:"strategy"`
	Steps []struct {
		Uses string         `json:"uses"`
		Run  string         `json:"run"`
		With map[string]any `json:"with"`
	} `json:"steps"`
}

func readWorkflows(t *testing.T) []workflow {
	t.Helper()
	files, err := filepath.Glob("../.github/workflows/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("workflows: %q, %v", files, err)
	}
	var workflows []workflow
	for _, file := range files {
		one := workflow{file: filepath.Base(file), source: readText(t, file)}
		if err := yaml.Unmarshal([]byte(one.source), &one); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if len(one.Jobs) == 0 {
			t.Fatalf("%s has no jobs", file)
		}
		workflows = append(workflows, one)
	}
	return workflows
}

func readText(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// A tag can be moved to other code; a commit cannot. The tag behind it tells people, and what
// updates it, which version it is.
func TestWorkflowsPinActionsByTheirCommits(t *testing.T) {
	pinned := regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)
	withTag := regexp.MustCompile(`uses: (\S+)@([0-9a-f]{40}) # (v[0-9.]+)\n`)
	versions := map[string]string{}
	for _, w := range readWorkflows(t) {
		actions := 0
		for name, job := range w.Jobs {
			if job.Uses != "" {
				if _, err := os.Stat(filepath.Join("..", job.Uses)); err != nil {
					t.Errorf("%s: job %s: %v", w.file, name, err)
				}
			}
			for _, step := range job.Steps {
				if step.Uses == "" {
					continue
				}
				actions++
				if !pinned.MatchString(step.Uses) {
					t.Errorf("%s: job %s: %s is not pinned by a commit", w.file, name, step.Uses)
				}
			}
		}
		tagged := withTag.FindAllStringSubmatch(w.source, -1)
		if len(tagged) != actions {
			t.Errorf("%s: %d of %d actions have their tag behind them", w.file, len(tagged), actions)
		}
		for _, match := range tagged {
			action, version := match[1], match[2]+" # "+match[3]
			if other, found := versions[action]; found && other != version {
				t.Errorf("%s is used at %s and at %s", action, version, other)
			}
			versions[action] = version
		}
	}
}

// A job without permissions of its own would get those of the repository's settings.
func TestEveryJobOfTheWorkflowsSaysWhatItMayDo(t *testing.T) {
	for _, w := range readWorkflows(t) {
		if w.Permissions == nil || len(w.Permissions) > 0 {
			t.Errorf("%s has the permissions %v, want {}", w.file, w.Permissions)
		}
		for name, job := range w.Jobs {
			if len(job.Permissions) == 0 {
				t.Errorf("%s: job %s names no permissions", w.file, name)
			}
			for permission, level := range job.Permissions {
				if level != "read" && w.file != "release.yaml" {
					t.Errorf("%s: job %s may %s %s, want read alone", w.file, name, level, permission)
				}
			}
		}
	}
}

func TestScriptsOfTheWorkflowsRunWhatExists(t *testing.T) {
	targets := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(readText(t, "../Makefile"), -1) {
		targets[match[1]] = true
	}
	makeTarget := regexp.MustCompile(`\bmake ([a-z-]+)`)
	path := regexp.MustCompile(`(?:^|[\s"'=])((?:\.ci|charts|cmd|config|hack)/[\w./-]+)`)
	checked := 0
	for _, w := range readWorkflows(t) {
		for name, job := range w.Jobs {
			for _, step := range job.Steps {
				// GitHub puts the value into the script, where it can be anything: see env.
				if strings.Contains(step.Run, "${{") {
					t.Errorf("%s: job %s: a script has an expression in it:\n%s", w.file, name, step.Run)
				}
				for _, match := range makeTarget.FindAllStringSubmatch(step.Run, -1) {
					checked++
					if !targets[match[1]] {
						t.Errorf("%s: job %s: the Makefile has no target %s", w.file, name, match[1])
					}
				}
				for _, match := range path.FindAllStringSubmatch(step.Run, -1) {
					checked++
					if _, err := os.Stat(filepath.Join("..", match[1])); err != nil {
						t.Errorf("%s: job %s: %v", w.file, name, err)
					}
				}
			}
		}
	}
	if checked == 0 {
		t.Error("no script of a workflow runs anything of the project")
	}
}

func TestWorkflowsBuildTheImagesOfTheDockerfile(t *testing.T) {
	var stages []string
	for _, image := range images(readDockerfile(t)) {
		stages = append(stages, image.name)
	}
	slices.Sort(stages)
	building := 0
	for _, w := range readWorkflows(t) {
		for name, job := range w.Jobs {
			targets := slices.Clone(job.Strategy.Matrix.Target)
			for _, included := range job.Strategy.Matrix.Include {
				targets = append(targets, included.Target)
			}
			if len(targets) == 0 {
				continue
			}
			building++
			slices.Sort(targets)
			if !slices.Equal(targets, stages) {
				t.Errorf("%s: job %s builds %q, want %q", w.file, name, targets, stages)
			}
		}
	}
	if building != 2 {
		t.Errorf("%d jobs build images, want one of CI and one of the release", building)
	}
}
