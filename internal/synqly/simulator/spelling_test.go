// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import "testing"

func TestSpelling(t *testing.T) {
	for name, test := range map[string]struct {
		spelling   Spelling
		text, want string
	}{
		"none":             {Spelling{}, "a & b 🎉", "a & b 🎉"},
		"HTML escapes":     {Spelling{EscapeHTML: true}, `a < b & "c" 'd'`, `a &lt; b &amp; "c" 'd'`},
		"links":            {Spelling{LinkURLs: true}, "see https://e.com/a, now", "see [https://e.com/a,](https://e.com/a,) now"},
		"numbers of lists": {Spelling{NumberLists: true}, "1. a\n1. b", "1. a\n2. b"},
		"decomposed":       {Spelling{Decompose: true}, "\u00e4", "a\u0308"},
		"shortcodes":       {Spelling{EmojiShortcodes: true}, "🎉", ":tada:"},
		"HTML":             {Spelling{HTML: true}, "a & b\nc\n\nd", "<p>a &amp; b<br>c</p><p>d</p>"},
	} {
		if got := test.spelling.spell(test.text); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
