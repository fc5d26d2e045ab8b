// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package status

import "unicode/utf8"

// Truncate cuts a text to so many characters; a text that was cut ends in an ellipsis. Bytes that
// are not UTF-8 become the replacement character, because the API server takes no others.
func Truncate(text string, characters int) string {
	if !utf8.ValidString(text) {
		text = string([]rune(text))
	}
	if utf8.RuneCountInString(text) <= characters {
		return text
	}
	return string([]rune(text)[:max(characters-1, 0)]) + "…"
}
