// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

func TestWindowHolds(t *testing.T) {
	from := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	until := from.Add(150 * time.Second)
	exact := Window{From: from, Until: until}
	approximate := Window{From: from, Until: until, Approximate: true}
	open := Window{From: from}
	at := func(moment time.Time) synqly.Timestamp { return synqly.Timestamp{Time: moment} }
	for name, test := range map[string]struct {
		window  Window
		created synqly.Timestamp
		want    Verdict
	}{
		"within":                           {exact, at(from.Add(time.Second)), Yes},
		"at the start":                     {exact, at(from), Yes},
		"by a clock that is late":          {exact, at(from.Add(-clockTolerance)), Yes},
		"before":                           {exact, at(from.Add(-clockTolerance - 1)), No},
		"at the end":                       {exact, at(until), Yes},
		"by a clock that is early":         {exact, at(until.Add(clockTolerance)), Yes},
		"after":                            {exact, at(until.Add(clockTolerance + 1)), No},
		"a time that is not there":         {exact, synqly.Timestamp{}, Unclear},
		"a time that is no time":           {exact, synqly.Timestamp{Raw: "yesterday"}, Unclear},
		"in another zone":                  {exact, at(from.In(time.FixedZone("", -8*60*60))), Yes},
		"a window that is not known":       {Window{}, at(from), Unclear},
		"without an end, later":            {open, at(from.Add(24 * time.Hour)), Yes},
		"without an end, before":           {open, at(from.Add(-time.Hour)), No},
		"by an unknown clock, within":      {approximate, at(from), Yes},
		"by an unknown clock, before":      {approximate, at(from.Add(-5 * time.Minute)), Unclear},
		"by an unknown clock, after":       {approximate, at(until.Add(5 * time.Minute)), Unclear},
		"by an unknown clock, long before": {approximate, at(from.Add(-clockDoubt - 1)), No},
	} {
		if got := test.window.Holds(test.created); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func TestWindowStartsAfter(t *testing.T) {
	from := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	window := Window{From: from, Until: from.Add(time.Minute)}
	for name, test := range map[string]struct {
		window  Window
		created synqly.Timestamp
		want    bool
	}{
		"older":                      {window, synqly.Timestamp{Time: from.Add(-time.Hour)}, true},
		"as old, within tolerance":   {window, synqly.Timestamp{Time: from.Add(-time.Second)}, false},
		"newer":                      {window, synqly.Timestamp{Time: from.Add(time.Hour)}, false},
		"a time that is no time":     {window, synqly.Timestamp{Raw: "yesterday"}, false},
		"a window that is not known": {Window{}, synqly.Timestamp{Time: from}, false},
	} {
		if got := test.window.StartsAfter(test.created); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestWindowSurvivesItsAnnotation(t *testing.T) {
	from := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, window := range map[string]Window{
		"2026-03-01T12:00:00Z/2026-03-01T12:02:30Z":   {From: from, Until: from.Add(150 * time.Second)},
		"2026-03-01T12:00:00Z~/2026-03-01T12:02:30Z~": {From: from, Until: from.Add(150 * time.Second), Approximate: true},
		"2026-03-01T12:00:00Z~/..":                    {From: from, Approximate: true},
		"":                                            {},
	} {
		if got := window.String(); got != text {
			t.Errorf("%+v is written as %q, want %q", window, got, text)
		}
		if diff := cmp.Diff(window, parseWindow(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestDamagedWindowsAreNotKnown(t *testing.T) {
	for _, text := range []string{
		"yesterday", "/", "2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z/", "2026-03-01T12:00:00Z/tomorrow", "../2026-03-01T12:00:00Z",
	} {
		if got := parseWindow(text); got != (Window{}) {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}
