// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"strings"
	"time"
	"unicode"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

// clockTolerance is how far the provider's clock may be behind the remote API's, by which times of
// this cluster are corrected before they are compared.
const clockTolerance = 30 * time.Second

// Fingerprint is a short form of texts that is the same for those that say the same. Providers
// convert markdown to formats of their own and back, which changes spaces, line ends and markup, so
// letters and digits are what counts; a text without any counts as it is.
func Fingerprint(texts ...string) string {
	words := make([]string, 0, 2*len(texts))
	for _, text := range texts {
		if letters := lettersAndDigits(text); letters != "" {
			words = append(words, "words", letters)
		} else {
			words = append(words, "as it is", strings.TrimSpace(text))
		}
	}
	return Hash(words)
}

func lettersAndDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// NotBefore reports whether something was created at the given time or later, as far as the two
// clocks can tell. What has no time that can be read may have been.
func NotBefore(created synqly.Timestamp, since time.Time) bool {
	return created.Time.IsZero() || since.IsZero() || !created.Time.Before(since.Add(-clockTolerance))
}
