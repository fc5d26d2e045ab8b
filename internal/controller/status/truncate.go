// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Truncate makes a text fit for a status or an Event: it cuts it to so many characters, and a text
// that was cut ends in an ellipsis. Bytes that are not UTF-8 become the replacement character,
// because the API server takes no others, and so do characters that a terminal would obey: the text
// may be a stranger's, and kubectl prints it as it is.
func Truncate(text string, characters int) string {
	// Map makes replacement characters of what is not UTF-8.
	text = strings.Map(printable, text)
	if utf8.RuneCountInString(text) <= characters {
		return text
	}
	return string([]rune(text)[:max(characters-1, 0)]) + "…"
}

// printable replaces control characters, but for tabs and line breaks, and the characters that
// reverse the order of what follows them.
func printable(character rune) rune {
	switch {
	case character == '\t' || character == '\n':
		return character
	case character == '\r':
		return ' '
	case unicode.IsControl(character), unicode.Is(unicode.Bidi_Control, character):
		return utf8.RuneError
	}
	return character
}
