// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestMatchText(t *testing.T) {
	for name, test := range map[string]struct {
		sent, shown string
		want        Verdict
	}{
		"equal":                        {"Mitigation started.", "Mitigation started.", Yes},
		"both empty":                   {"", "", Yes},
		"white space":                  {"", " \r\n", Yes},
		"line ends":                    {"one\ntwo", "one\r\ntwo\r\n", Yes},
		"spaces between words":         {"one  two", "one two ", Yes},
		"HTML":                         {"**Mitigation** _started_", "<b>Mitigation</b> <em>started</em>", Yes},
		"HTML paragraphs":              {"one\n\ntwo", "<p>one</p><p>two</p>", Yes},
		"markdown alone":               {"**Mitigation** _started_", "*Mitigation* started", Yes},
		"list":                         {"- one\n- two", "* one\n* two", Yes},
		"HTML escapes":                 {"a < b && b > c", "a &lt; b &amp;&amp; b &gt; c", Yes},
		"HTML escapes in code":         {"`a && b`", "`a &amp;&amp; b`", Yes},
		"HTML escapes twice":           {"Tom & Jerry", "Tom &amp;amp; Jerry", Yes},
		"what looks like a tag":        {"run it for <name>", "run it for &lt;name&gt;", Yes},
		"another name in a tag":        {"run it for <name>", "run it for <other>", No},
		"bare URL as a link":           {"see https://e.com/a?b=1&c=2 now", "see [https://e.com/a?b=1&c=2](https://e.com/a?b=1&c=2) now", Yes},
		"bare URL as an HTML link":     {"see https://e.com/a?b=1&c=2 now", `<p>see <a href="https://e.com/a?b=1&amp;c=2">https://e.com/a?b=1&amp;c=2</a> now</p>`, Yes},
		"bare URL in angle brackets":   {"see https://e.com/a now", "see <https://e.com/a> now", Yes},
		"URL with a slash":             {"see https://e.com", "see https://e.com/", Yes},
		"another URL":                  {"see https://e.com/a", "see https://e.com/b", No},
		"link with another target":     {"[runbook](https://e.com/a)", "[runbook](https://e.com/b)", No},
		"e-mail address as a link":     {"ask jane@example.com", "ask [jane@example.com](mailto:jane@example.com)", Yes},
		"list numbers":                 {"1. one\n1. two\n1. three", "1. one\n2. two\n3. three", Yes},
		"numbered list as HTML":        {"1. one\n1. two", "<ol><li>one</li><li>two</li></ol>", Yes},
		"another item":                 {"1. one\n1. two", "1. one\n2. three", No},
		"composed and decomposed":      {norm.NFC.String("Ausfälle"), norm.NFD.String("Ausfälle"), Yes},
		"emoji as a shortcode":         {"🎉 done", ":tada: done", Yes},
		"emoji with a variant":         {"⚠️ full", "⚠ full", Yes},
		"quotes that are typographic":  {`he said "full"`, "he said “full”", Yes},
		"another case":                 {"Fixed", "fixed", Unclear},
		"another sign":                 {"Fixed", "fixed!", Unclear},
		"plus and minus":               {"+1", "-1", No},
		"a version and a number":       {"v1.1", "v11", No},
		"another number":               {"p99 above 2s", "p99 above 3s", No},
		"another vowel":                {"कि", "की", No},
		"no vowel":                     {"कि", "क", No},
		"another word":                 {"Mitigation started.", "Mitigation ended.", No},
		"a word more":                  {"done", "done now", No},
		"no word and one":              {"!", "done", No},
		"marks alone, the same":        {"👍", " 👍\n", Yes},
		"marks alone, different":       {"👍", "👎", No},
		"marks alone, as a shortcode":  {"👍", ":thumbsup:", Yes},
		"other letters, changed":       {"日本語", "日本", No},
		"digits of other scripts":      {"٣", "3", No},
		"not UTF-8":                    {"a\xffb", "ab", Yes},
		"no emoji":                     {"at 12:30:45", "at 12:30:46", No},
		"nested more than anyone does": {strings.Repeat("> ", 60000) + "a", strings.Repeat("> ", 60000) + "b", No},
	} {
		if got := MatchText(Fingerprint(test.sent), test.shown); got != test.want {
			t.Errorf("%s: %q and %q: %d, want %d", name, test.sent, test.shown, got, test.want)
		}
		if got := MatchText(Fingerprint(test.shown), test.sent); got != test.want {
			t.Errorf("%s: %q and %q: %d, want %d", name, test.shown, test.sent, got, test.want)
		}
	}
}

func TestSeveralTextsAreComparedInTheirOrder(t *testing.T) {
	if got := MatchText(Fingerprint("Handover", "The pool is full."), "Handover", "The pool is full."); got != Yes {
		t.Errorf("the same: %d", got)
	}
	if got := MatchText(Fingerprint("Handover", "The pool is full."), "The pool is full.", "Handover"); got != No {
		t.Errorf("the other way round: %d", got)
	}
}

// Objects out there carry fingerprints of attempts that are open, so one that changes for the same
// text would let a second request go out after an upgrade: a library that reads markup in another
// way needs another fingerprintVersion, and a MatchText that still knows this one.
func TestFingerprintsStayTheSame(t *testing.T) {
	text := "**Mitigation** started &amp; :tada:\n\n1. see https://e.com/a\n1. ask <name>, Ausfälle"
	if got, want := Fingerprint(text), "2:a8f58b9df149:ed5737604ab4"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestFingerprintsOfOtherVersions(t *testing.T) {
	for name, test := range map[string]struct {
		recorded, shown string
		want            Verdict
	}{
		"the first version":                 {"8c7b85fe789d", "Mitigation started.", Yes},
		"the first version, other signs":    {"8c7b85fe789d", "mitigation started", Yes},
		"the first version, as HTML":        {"8c7b85fe789d", "<p>Mitigation started.</p>", Yes},
		"the first version, another text":   {"8c7b85fe789d", "Mitigation ended.", No},
		"a version to come":                 {"3:4b1d5c3f4f56", "Mitigation started.", Unclear},
		"none, which somebody has taken":    {"", "Mitigation started.", Unclear},
		"one that somebody has changed":     {"2:", "Mitigation started.", Unclear},
		"one that somebody has changed too": {":", "Mitigation started.", Unclear},
	} {
		if got := MatchText(test.recorded, test.shown); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func FuzzNormalForm(f *testing.F) {
	f.Add("**a** <b>b</b> [c](https://e.com) :tada:")
	f.Add("1. a\n- b\n> c\n`d`\n<li></ol></a>")
	f.Add("<a href=x><a href=y>:::\xff&#")
	f.Fuzz(func(t *testing.T, text string) {
		form := normalForm(text)
		if !utf8.ValidString(form) {
			t.Errorf("%q becomes %q, which is not UTF-8", text, form)
		}
		if MatchText(Fingerprint(text), text) != Yes {
			t.Errorf("%q is not recognised as itself", text)
		}
	})
}
