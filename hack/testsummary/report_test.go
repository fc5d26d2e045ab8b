// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReport(t *testing.T) {
	cases := map[string]struct {
		events []string
		want   string
	}{
		"tests that pass are counted and not shown": {
			events: []string{
				`{"Action":"run","Package":"p","Test":"TestA"}`,
				`{"Action":"output","Package":"p","Test":"TestA","Output":"noise\n"}`,
				`{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0.1}`,
				`{"Action":"skip","Package":"p","Test":"TestB"}`,
				`{"Action":"output","Package":"p","Output":"PASS\n"}`,
				`{"Action":"pass","Package":"p","Elapsed":0.26}`,
			},
			want: "ok    p 0.3s\n1 passed, 0 failed, 1 skipped (2s)\n",
		},
		"subtests count in place of their test": {
			events: []string{
				`{"Action":"run","Package":"p","Test":"TestA"}`,
				`{"Action":"run","Package":"p","Test":"TestA/one"}`,
				`{"Action":"run","Package":"p","Test":"TestA/two/three"}`,
				`{"Action":"pass","Package":"p","Test":"TestA/one"}`,
				`{"Action":"pass","Package":"p","Test":"TestA/two/three"}`,
				`{"Action":"pass","Package":"p","Test":"TestA"}`,
			},
			want: "2 passed, 0 failed (2s)\n",
		},
		"the name of a subtest may contain slashes": {
			events: []string{
				`{"Action":"run","Package":"p","Test":"TestA"}`,
				`{"Action":"run","Package":"p","Test":"TestA/GET/tickets"}`,
				`{"Action":"pass","Package":"p","Test":"TestA/GET/tickets"}`,
				`{"Action":"pass","Package":"p","Test":"TestA"}`,
			},
			want: "1 passed, 0 failed (2s)\n",
		},
		"a failed subtest is shown and counts once": {
			events: []string{
				`{"Action":"run","Package":"p","Test":"TestA"}`,
				`{"Action":"run","Package":"p","Test":"TestA/one"}`,
				`{"Action":"output","Package":"p","Test":"TestA/one","Output":"got 1, want 2\n"}`,
				`{"Action":"fail","Package":"p","Test":"TestA/one"}`,
				`{"Action":"fail","Package":"p","Test":"TestA"}`,
				`{"Action":"fail","Package":"p","Elapsed":1}`,
			},
			want: "got 1, want 2\nFAIL  p 1.0s\nfailed: p TestA/one\n0 passed, 1 failed (2s)\n",
		},
		"a test that fails although its subtests pass counts": {
			events: []string{
				`{"Action":"run","Package":"p","Test":"TestA"}`,
				`{"Action":"run","Package":"p","Test":"TestA/one"}`,
				`{"Action":"pass","Package":"p","Test":"TestA/one"}`,
				`{"Action":"fail","Package":"p","Test":"TestA"}`,
			},
			want: "failed: p TestA\n1 passed, 1 failed (2s)\n",
		},
		"the specs of a Ginkgo suite count in place of its test": {
			events: []string{
				`{"Action":"run","Package":"p","Test":"TestSuite"}`,
				`{"Action":"output","Package":"p","Test":"TestSuite","Output":"\u001b[38;5;10m\u001b[1mSUCCESS!\u001b[0m -- \u001b[38;5;10m\u001b[1m12 Passed\u001b[0m | \u001b[38;5;9m\u001b[1m0 Failed\u001b[0m | \u001b[38;5;11m\u001b[1m1 Pending\u001b[0m | \u001b[38;5;14m\u001b[1m2 Skipped\u001b[0m\n"}`,
				`{"Action":"pass","Package":"p","Test":"TestSuite"}`,
			},
			want: "12 passed, 0 failed, 3 skipped (2s)\n",
		},
		"the line of a suite may come in pieces and name flaky specs": {
			events: []string{
				`{"Action":"run","Package":"p","Test":"TestSuite"}`,
				`{"Action":"output","Package":"p","Test":"TestSuite","Output":"FAIL! -- 3 Passed | 2 Failed | "}`,
				`{"Action":"output","Package":"p","Test":"TestSuite","Output":"1 Flaked | 0 Pending | 0 Skipped\n"}`,
				`{"Action":"fail","Package":"p","Test":"TestSuite"}`,
			},
			want: "FAIL! -- 3 Passed | 2 Failed | 1 Flaked | 0 Pending | 0 Skipped\nfailed: p TestSuite\n3 passed, 2 failed (2s)\n",
		},
		"a suite that fails outside of its specs counts as one failure": {
			events: []string{
				`{"Action":"run","Package":"p","Test":"TestSuite"}`,
				`{"Action":"output","Package":"p","Test":"TestSuite","Output":"FAIL! -- 0 Passed | 0 Failed | 0 Pending | 4 Skipped\n"}`,
				`{"Action":"fail","Package":"p","Test":"TestSuite"}`,
			},
			want: "FAIL! -- 0 Passed | 0 Failed | 0 Pending | 4 Skipped\nfailed: p TestSuite\n0 passed, 1 failed, 4 skipped (2s)\n",
		},
		"a package that does not build counts once, with every package that needs it": {
			events: []string{
				`{"ImportPath":"p","Action":"build-output","Output":"p.go:1:1: syntax error\n"}`,
				`{"ImportPath":"p","Action":"build-fail"}`,
				`{"Action":"fail","Package":"p","FailedBuild":"p"}`,
				`{"Action":"fail","Package":"q","FailedBuild":"p"}`,
			},
			want: "p.go:1:1: syntax error\nFAIL  p 0.0s\nFAIL  q 0.0s\nfailed: p (does not build)\n0 passed, 1 failed (2s)\n",
		},
		"a package that fails without a failed test is shown with what it printed": {
			events: []string{
				`{"Action":"run","Package":"p","Test":"TestA"}`,
				`{"Action":"output","Package":"p","Test":"TestA","Output":"about to leave\n"}`,
				`{"Action":"output","Package":"p","Output":"exit status 3\n"}`,
				`{"Action":"fail","Package":"p","Elapsed":0.5}`,
			},
			want: "about to leave\nexit status 3\nFAIL  p 0.5s\nfailed: p\n0 passed, 1 failed (2s)\n",
		},
		"what is no event is passed on": {
			events: []string{`plain text`, `{"some":"JSON"}`},
			want:   "plain text\n{\"some\":\"JSON\"}\n0 passed, 0 failed (2s)\n",
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			r := newReport(&out)
			if err := r.read(strings.NewReader(strings.Join(test.events, "\n") + "\n")); err != nil {
				t.Fatalf("reading the events: %v", err)
			}
			r.close(1600 * time.Millisecond)
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Errorf("report (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRunReturnsTheExitCode(t *testing.T) {
	const (
		passes = `echo '{"Action":"pass","Package":"p","Test":"TestA"}'`
		fails  = `echo '{"Action":"fail","Package":"p","Test":"TestA"}'`
	)
	cases := map[string]struct {
		scripts  []string
		wantCode int
		wantErr  bool
	}{
		"of tests that pass":               {scripts: []string{passes}, wantCode: 0},
		"of the command, when it fails":    {scripts: []string{`exit 3`}, wantCode: 3},
		"1 when no test ran":               {scripts: []string{`true`}, wantCode: 1, wantErr: true},
		"1 when a failure goes unsaid":     {scripts: []string{fails}, wantCode: 1},
		"of two commands that pass":        {scripts: []string{passes, passes}, wantCode: 0},
		"of the first when it fails":       {scripts: []string{`exit 3`, passes}, wantCode: 3},
		"of the second when it fails":      {scripts: []string{passes, `exit 4`}, wantCode: 4},
		"of the first when both fail":      {scripts: []string{`exit 3`, `exit 4`}, wantCode: 3},
		"1 when the second one fails mute": {scripts: []string{passes, fails}, wantCode: 1},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			code, err := run(t.Context(), commandsOf(t, test.scripts...))
			if code != test.wantCode || (err != nil) != test.wantErr {
				t.Errorf("run = %d, %v; want %d, an error: %t", code, err, test.wantCode, test.wantErr)
			}
		})
	}
}

func TestRunRefusesWhatItCannotStart(t *testing.T) {
	for _, arguments := range [][]string{{"--", "true"}, {"true", "--", "--", "true"}, {"cat", "--", "no-such-program"}} {
		if code, err := run(t.Context(), arguments); code != 1 || err == nil {
			t.Errorf("run(%q) = %d, %v; want 1 and an error", arguments, code, err)
		}
	}
}

// Each of the two waits for the other one, so neither ends unless both run at once.
func TestRunRunsTheCommandsAtTheSameTime(t *testing.T) {
	folder := t.TempDir()
	first, second := filepath.Join(folder, "first"), filepath.Join(folder, "second")
	for _, pipe := range []string{first, second} {
		if output, err := exec.CommandContext(t.Context(), "mkfifo", pipe).CombinedOutput(); err != nil {
			t.Fatalf("mkfifo: %v\n%s", err, output)
		}
	}
	const passes = `echo '{"Action":"pass","Package":"p","Test":"TestA"}'`
	meeting := commandsOf(t,
		"echo here >"+first+"; read answer <"+second+"; "+passes,
		"read greeting <"+first+"; echo here >"+second+"; "+passes)
	if code, err := run(t.Context(), meeting); code != 0 || err != nil {
		t.Errorf("run = %d, %v; want 0", code, err)
	}
}

// commandsOf returns the arguments that run these scripts.
func commandsOf(t *testing.T, scripts ...string) []string {
	t.Helper()
	var arguments []string
	for i, script := range scripts {
		path := filepath.Join(t.TempDir(), "script")
		if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			arguments = append(arguments, "--")
		}
		arguments = append(arguments, "sh", path)
	}
	return arguments
}
