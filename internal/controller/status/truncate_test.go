// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"testing"
	"unicode/utf8"
)

func TestTruncate(t *testing.T) {
	for name, test := range map[string]struct {
		text       string
		characters int
		want       string
	}{
		"empty":               {"", 3, ""},
		"shorter":             {"ab", 3, "ab"},
		"exact":               {"abc", 3, "abc"},
		"longer":              {"abcd", 3, "ab…"},
		"one character":       {"abcd", 1, "…"},
		"multi-byte, exact":   {"äöü", 3, "äöü"},
		"multi-byte, longer":  {"äöüß", 3, "äö…"},
		"four bytes":          {"😀😀😀😀", 3, "😀😀…"},
		"invalid":             {"a\xffb", 3, "a\uFFFDb"},
		"invalid, longer":     {"\xff\xfe\xfd\xfc", 3, "\uFFFD\uFFFD…"},
		"character cut short": {"ab\xc3", 3, "ab\uFFFD"},
		"nothing but invalid": {"\xc3", 1, "\uFFFD"},
		"a NUL":               {"a\x00b", 3, "a\uFFFDb"},
		"escape sequences":    {"\x1b[31mred\x1b]0;title\a", 20, "\uFFFD[31mred\uFFFD]0;title\uFFFD"},
		"C1 and DEL":          {"a\u009bb\x7f", 9, "a\uFFFDb\uFFFD"},
		"reversed order":      {"a\u202eb\u2066c\u200fd", 9, "a\uFFFDb\uFFFDc\uFFFDd"},
		"lines and tabs":      {"a\tb\r\nc\n", 9, "a\tb \nc\n"},
		"not cut twice":       {Truncate("abcdef", 4), 3, "ab…"},
	} {
		if got := Truncate(test.text, test.characters); got != test.want {
			t.Errorf("%s: Truncate(%q, %d) = %q, want %q", name, test.text, test.characters, got, test.want)
		}
	}
}

func FuzzTruncate(f *testing.F) {
	f.Add("abcdef", uint16(3))
	f.Add("a\xff😀\xc3", uint16(2))
	f.Fuzz(func(t *testing.T, text string, limit uint16) {
		characters := int(limit) + 1 // the schema's limits are positive
		got := Truncate(text, characters)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > characters {
			t.Errorf("Truncate(%q, %d) = %q", text, characters, got)
		}
		if again := Truncate(got, characters); again != got {
			t.Errorf("cutting %q again makes it %q", got, again)
		}
	})
}
