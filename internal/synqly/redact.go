// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const redacted = "[redacted]"

// redactor takes the token out of text that others have written: a proxy or a provider may send
// back the header it was sent.
type redactor struct{ token string }

func (r redactor) text(text string) string {
	if r.token == "" {
		return text
	}
	return strings.ReplaceAll(text, r.token, redacted)
}

// clean makes one line of at most limit bytes, without the token, out of text that others have
// written.
func (r redactor) clean(text string, limit int) string {
	// Twice: what stands between the halves of a token may be among what is dropped.
	return shorten(r.text(singleLine(r.text(text))), limit)
}

// singleLine replaces runs of white space and control characters by one space, and drops invisible
// characters, some of which reverse the order in which a terminal shows the rest.
func singleLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r):
			return -1
		case unicode.IsControl(r):
			return ' '
		default:
			return r
		}
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.Join(strings.Fields(text), " ")
}

// shorten cuts text to at most limit bytes, between two characters.
func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const ellipsis = "…"
	end := limit - len(ellipsis)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return strings.TrimRight(text[:end], " ") + ellipsis
}
