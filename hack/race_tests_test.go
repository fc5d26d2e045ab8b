// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package hack_test tests the scripts of this folder.
package hack_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	passes = `echo '{"Action":"pass","Package":"p","Test":"TestA"}'`
	fails  = `echo '{"Action":"fail","Package":"p","Test":"TestA"}'; exit 1`
)

func TestBothRunsDecideOnTheExitCode(t *testing.T) {
	cases := map[string]struct {
		withRace, without string
		wantFailure       bool
	}{
		"both pass":                    {withRace: passes, without: passes},
		"the first fails":              {withRace: fails, without: passes, wantFailure: true},
		"the second fails":             {withRace: passes, without: fails, wantFailure: true},
		"both fail":                    {withRace: fails, without: fails, wantFailure: true},
		"a signal ends the first":      {withRace: "kill -TERM $$", without: passes, wantFailure: true},
		"a signal ends the second":     {withRace: passes, without: "kill -TERM $$", wantFailure: true},
		"the first cannot be started":  {withRace: "exit 127", without: passes, wantFailure: true},
		"the second cannot be started": {withRace: passes, without: "exit 127", wantFailure: true},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := raceTests(t, test.withRace, test.without)
			var exit *exec.ExitError
			if failed := errors.As(err, &exit); failed != test.wantFailure || (err != nil && !failed) {
				t.Errorf("race-tests.sh: %v, want a failure: %t", err, test.wantFailure)
			}
		})
	}
}

func TestTheEventsOfTheSecondRunFollowUnderANameOfTheirOwn(t *testing.T) {
	// The first run goes on after the second one, of which nothing may stand in between.
	meeting := filepath.Join(t.TempDir(), "meeting")
	makeFIFO(t, meeting)
	const (
		firstLine  = `{"Action":"start","Package":"p"}`
		lastLine   = `{"Action":"pass","Package":"p"}`
		secondLine = `{"Action":"output","Package":"p","Output":"\"Package\":\"p\"\n"}`
	)
	got, err := raceTests(t,
		"echo '"+firstLine+"'; read here <"+meeting+"; echo '"+lastLine+"'",
		`printf '%s\n' '`+secondLine+"'; echo here >"+meeting)
	if err != nil {
		t.Fatal(err)
	}
	want := firstLine + "\n" + lastLine + "\n" +
		`{"Action":"output","Package":"p (without the race detector)","Output":"\"Package\":\"p\"\n"}` + "\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// Each of the two waits for the other one, so neither ends unless both run at once.
func TestBothRunsGoOnAtTheSameTime(t *testing.T) {
	folder := t.TempDir()
	first, second := filepath.Join(folder, "first"), filepath.Join(folder, "second")
	makeFIFO(t, first)
	makeFIFO(t, second)
	if _, err := raceTests(t,
		"echo here >"+first+"; read answer <"+second,
		"read greeting <"+first+"; echo here >"+second); err != nil {
		t.Error(err)
	}
}

// Nobody needs the rest when the first run was ended from outside.
func TestTheSecondRunEndsWithTheFirst(t *testing.T) {
	started := filepath.Join(t.TempDir(), "started")
	makeFIFO(t, started)
	// exec puts the sleeper in place of the shell, so the signal reaches it.
	got, err := raceTests(t,
		"read here <"+started+"; kill -INT $$",
		"echo here >"+started+"; echo never shown; exec sleep 600")
	if err == nil || got != "" {
		t.Errorf("race-tests.sh printed %q and returned %v, want nothing and a failure", got, err)
	}
}

// raceTests runs race-tests.sh with two scripts in place of go test, and returns what it prints.
func raceTests(t *testing.T, withRace, without string) (string, error) {
	t.Helper()
	goTest := filepath.Join(t.TempDir(), "go-test")
	script := "case $* in\n'-race ./...') " + withRace + ";;\n./suite) " + without + ";;\n*) echo \"go test $*\" >&2; exit 2;;\nesac\n"
	if err := os.WriteFile(goTest, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "./race-tests.sh", "./suite", "sh", goTest)
	var out bytes.Buffer
	command.Stdout = &out
	command.Stderr = t.Output()
	err := command.Run()
	return out.String(), err
}

func makeFIFO(t *testing.T, path string) {
	t.Helper()
	if output, err := exec.CommandContext(t.Context(), "mkfifo", path).CombinedOutput(); err != nil {
		t.Fatalf("mkfifo: %v\n%s", err, output)
	}
}
