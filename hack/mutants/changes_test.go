// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sample has each place that a mutant can name, and some that are there twice.
const sample = `package sample

// Store keeps things.
func (s *Store[K, V]) Store(ctx context.Context, key K) error {
	if key == zero { // mutant: the-key
		return errEmpty
	}
	old := s.find(ctx, key) == nil // an odd   layout stays
	for s.busy() && !s.closed() {
		s.wait(ctx)
	}
	if err := s.backend.Save(ctx, key, Locked{}); err != nil {
		return fmt.Errorf("saving: %w", err)
	}
	s.log.Append(Entry{Name: call.Name, Old: old})
	// mutant: the-end
	return s.flush(ctx)
}

func plain(count int) int {
	switch {
	case count > limit:
		return 0
	}
	return max(count, 1) + 1
}

func twice() { plain(1); plain(2) }
`

func TestChanges(t *testing.T) {
	const method = "Store.Store"
	tests := map[string]struct {
		mutant, function string
		change           change
		// before and after are the only difference.
		before, after string
	}{
		"the only condition of a function": {
			function: "plain", change: never(condition),
			before: "case count > limit:", after: "case (count > limit) && false:",
		},
		"the marked one of several conditions": {
			mutant: "the-key", function: method, change: always(marked(condition)),
			before: "if key == zero {", after: "if (key == zero) || true {",
		},
		"the whole condition around a call": {
			function: method, change: never(conditionOf("closed")),
			before: "for s.busy() && !s.closed() {", after: "for (s.busy() && !s.closed()) && false {",
		},
		"a comparison that is no condition of a statement": {
			function: method, change: always(conditionOf("find")),
			before: "s.find(ctx, key) == nil //", after: "(s.find(ctx, key) == nil) || true //",
		},
		"one side of a condition": {
			mutant: "the-key", function: method, change: replace(marked(condition), "$left == nil"),
			before: "key == zero", after: "key == nil",
		},
		"a statement that is left out": {
			function: method, change: leaveOut(statementOf("wait")),
			before: "s.wait(ctx)", after: "if false { s.wait(ctx) }",
		},
		"the statement whose head has the call": {
			function: method, change: alsoBefore(statementOf("wait"), statementOf("Save")),
			before: "if err := s.backend", after: "s.wait(ctx); if err := s.backend",
		},
		"a call that is returned, marked on the line before": {
			mutant: "the-end", function: method, change: alsoBefore(marked(statement), statementOf("Append")),
			before: "s.log", after: "if err := s.flush(ctx); err != nil { return err }; s.log",
		},
		"a call that is skipped": {
			function: method, change: skip(call("flush")),
			before: "return s.flush(ctx)", after: "return func() error { return nil; return s.flush(ctx) }()",
		},
		"a call whose error is ignored": {
			function: method, change: ignoreError(call("flush")),
			before: "return s.flush(ctx)", after: "return func() error { _ = s.flush(ctx); return nil }()",
		},
		"a call that is repeated": {
			function: method, change: repeatOnError(call("flush")),
			before: "return s.flush(ctx)", after: "return func() error { if err := s.flush(ctx); err == nil { return nil }; return s.flush(ctx) }()",
		},
		"a call without its last argument": {
			function: method, change: withoutLastArgument(call("Save")),
			before: "Save(ctx, key, Locked{})", after: "Save(ctx, key)",
		},
		"a call without its only argument": {
			function: method, change: withoutLastArgument(call("wait")),
			before: "s.wait(ctx)", after: "s.wait()",
		},
		"another call with the same owner and arguments": {
			function: method, change: replace(call("Save"), "$owner.Keep($arguments)"),
			before: "Save(", after: "Keep(",
		},
		"a part of an expression": {
			function: "plain", change: replace(call("max"), "max($arguments, 2)"),
			before: "max(count, 1) + 1", after: "max(count, 1, 2) + 1",
		},
		"the value of a field": {
			function: method, change: replace(valueOf("Name"), "$self.name($owner)"),
			before: "call.Name", after: "s.name(call)",
		},
		"a function that returns at once": {
			function: "plain", change: returnAtOnce("0"),
			before: "(count int) int {", after: "(count int) int { return 0; ",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			changed, err := applySample(t, mutant{name: test.mutant, function: test.function, change: test.change})
			if err != nil {
				t.Fatal(err)
			}
			if strings.Count(sample, test.before) != 1 {
				t.Fatalf("%q must be once in the sample", test.before)
			}
			if want := strings.Replace(sample, test.before, test.after, 1); changed != want {
				t.Errorf("the changed source is\n%s\nand not\n%s", changed, want)
			}
		})
	}
}

func TestMutantsThatAreOutOfDate(t *testing.T) {
	const method = "Store.Store"
	tests := map[string]struct {
		mutant, function string
		change           change
		want             string
	}{
		"no such function":         {function: "Store.Load", change: never(condition), want: "0 functions Store.Load"},
		"the function of a type":   {function: "Store", change: never(condition), want: "0 functions Store"},
		"no such call":             {function: "plain", change: skip(call("send")), want: "plain has 0 times a call of send"},
		"a call that is twice":     {function: "twice", change: skip(call("plain")), want: "twice has 2 times a call of plain"},
		"several conditions":       {function: method, change: never(condition), want: "Store.Store has 3 times a condition"},
		"no such marker":           {mutant: "the-start", function: method, change: never(marked(condition)), want: `has the comment "// mutant: the-start" 0 times`},
		"a marker elsewhere":       {mutant: "the-key", function: "plain", change: never(marked(condition)), want: `plain has the comment "// mutant: the-key" 0 times`},
		"a marker of another":      {mutant: "the-end", function: method, change: never(marked(condition)), want: "the marked line of Store.Store has 0 times a condition"},
		"a part that is not there": {function: "plain", change: replace(call("max"), "$owner.f()"), want: "has no $owner"},
		"what does not parse":      {function: "plain", change: replace(call("max"), "max("), want: "missing"},
		"what changes nothing":     {function: "plain", change: replace(call("max"), "$it"), want: "nothing changes in plain"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := applySample(t, mutant{name: test.mutant, function: test.function, change: test.change})
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "bring the mutant up to date") {
				t.Errorf("the error is %v; want one that says %q and what to do", err, test.want)
			}
		})
	}
}

func TestOneMarkerTwice(t *testing.T) {
	source := strings.Replace(sample, "s.wait(ctx)\n", "s.wait(ctx) // mutant: the-key\n", 1)
	_, err := applyTo(t, source, mutant{name: "the-key", function: "Store.Store", change: never(marked(condition))})
	if want := `the comment "// mutant: the-key" 2 times`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %v; want one that says %q", err, want)
	}
}

func TestSelectedMutants(t *testing.T) {
	if all, err := selected(""); err != nil || len(all) != len(mutants) {
		t.Errorf("an empty pattern selects %d of %d mutants, error %v", len(all), len(mutants), err)
	}
	if one, err := selected("^retry-the-post$"); err != nil || len(one) != 1 || one[0].name != "retry-the-post" {
		t.Errorf("the pattern of a name selects %d mutants, error %v", len(one), err)
	}
	for _, pattern := range []string{"no-such-mutant", "("} {
		if _, err := selected(pattern); err == nil {
			t.Errorf("the pattern %q selects mutants", pattern)
		}
	}
}

func applySample(t *testing.T, m mutant) (string, error) {
	t.Helper()
	return applyTo(t, sample, m)
}

func applyTo(t *testing.T, source string, m mutant) (string, error) {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{"sample.go": source, "sample_test.go": source} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	changed, err := m.apply(root)
	return string(changed), err
}
