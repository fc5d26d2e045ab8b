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

// cutOff is for a text that was cut somewhere, possibly in the middle of the token.
func (r redactor) cutOff(text string) string {
	text = r.text(text)
	const tellsNothing = 4 // So few characters at the end are most likely something else.
	for length := min(len(r.token)-1, len(text)); length > tellsNothing; length-- {
		if strings.HasSuffix(text, r.token[:length]) {
			return text[:len(text)-length] + redacted
		}
	}
	return text
}

// clean makes one line of at most limit bytes, without the token, out of text that others have
// written.
func (r redactor) clean(text string, limit int) string {
	// Twice: what stands between the halves of a token may be among what is dropped.
	return shorten(r.text(singleLine(r.text(text))), limit)
}

// value redacts every string of a decoded JSON document.
func (r redactor) value(value any) any {
	switch value := value.(type) {
	case string:
		return r.text(value)
	case []any:
		for i := range value {
			value[i] = r.value(value[i])
		}
		return value
	case map[string]any:
		clean := make(map[string]any, len(value))
		for name, member := range value {
			clean[r.text(name)] = r.value(member)
		}
		return clean
	default:
		return value
	}
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
