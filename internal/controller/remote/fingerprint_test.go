// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"testing"
	"time"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

func TestSameText(t *testing.T) {
	for name, test := range map[string]struct {
		a, b string
		same bool
	}{
		"equal":                   {"Mitigation started.", "Mitigation started.", true},
		"both empty":              {"", "", true},
		"white space":             {"", " \r\n", true},
		"line ends":               {"one\ntwo", "one\r\ntwo\r\n", true},
		"spaces between words":    {"one  two", "one two ", true},
		"markup":                  {"**Mitigation** _started_", "<b>*Mitigation*</b> started", false},
		"markdown alone":          {"**Mitigation** _started_", "*Mitigation* started", true},
		"list":                    {"- one\n- two", "* one\n* two", true},
		"heading":                 {"# Cause\ntext", "h. Cause text", false},
		"case":                    {"DONE", "done", true},
		"another word":            {"Mitigation started.", "Mitigation ended.", false},
		"a word more":             {"done", "done now", false},
		"another number":          {"p99 above 2s", "p99 above 3s", false},
		"no word and one":         {"!", "done", false},
		"marks alone, the same":   {"👍", " 👍\n", true},
		"marks alone, different":  {"👍", "👎", false},
		"other letters":           {"привет, мир", "ПРИВЕТ мир", true},
		"other letters, changed":  {"日本語", "日本", false},
		"digits of other scripts": {"٣", "3", false},
		"not UTF-8":               {"a\xffb", "ab", true},
	} {
		if got := sameText(test.a, test.b); got != test.same {
			t.Errorf("%s: sameText(%q, %q) = %t", name, test.a, test.b, got)
		}
		if got := sameText(test.b, test.a); got != test.same {
			t.Errorf("%s: sameText(%q, %q) = %t", name, test.b, test.a, got)
		}
	}
}

func TestNotBefore(t *testing.T) {
	since := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	created := func(after time.Duration) synqly.Timestamp { return synqly.Timestamp{Time: since.Add(after)} }
	for name, test := range map[string]struct {
		created synqly.Timestamp
		since   time.Time
		want    bool
	}{
		"later":                    {created(time.Second), since, true},
		"the same second":          {created(0), since, true},
		"by a clock that is late":  {created(-clockTolerance), since, true},
		"before":                   {created(-clockTolerance - 1), since, false},
		"long before":              {created(-24 * time.Hour), since, false},
		"a time that is not there": {synqly.Timestamp{}, since, true},
		"a time that is no time":   {synqly.Timestamp{Raw: "yesterday"}, since, true},
		"since when is not known":  {created(-24 * time.Hour), time.Time{}, true},
		"in another zone": {
			synqly.Timestamp{Time: since.In(time.FixedZone("", -8*60*60))}, since, true,
		},
	} {
		if got := NotBefore(test.created, test.since); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func sameText(a, b string) bool { return Fingerprint(a) == Fingerprint(b) }
