// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"strings"
	"time"
	"unicode"

	"github.com/synqly/ticketing-operator/internal/synqly"
)

// clockTolerance is how far the provider's clock may be behind this cluster's when
// times of both are compared.
const clockTolerance = 5 * time.Minute

// sameText tells whether two texts say the same. Providers convert markdown to
// formats of their own and back, which changes spaces, line ends and markup, so
// letters and digits are what is compared; a text without any is compared as it is.
func sameText(a, b string) bool {
	wordsA, wordsB := lettersAndDigits(a), lettersAndDigits(b)
	if wordsA == "" && wordsB == "" {
		return strings.TrimSpace(a) == strings.TrimSpace(b)
	}
	return wordsA == wordsB
}

func lettersAndDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// notBefore tells whether something was created at the given time or later, as far
// as the two clocks can tell. What has no time that can be read may have been.
func notBefore(created synqly.Timestamp, since time.Time) bool {
	return created.Time.IsZero() || since.IsZero() || !created.Time.Before(since.Add(-clockTolerance))
}
