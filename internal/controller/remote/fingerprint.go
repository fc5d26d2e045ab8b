// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fingerprintVersion begins a fingerprint. It changes with what a fingerprint is made of, because
// objects carry fingerprints of attempts that earlier versions of the operator made.
const fingerprintVersion = "2:"

// Fingerprint is a short form of texts that is the same for those that say the same. It has two
// parts: one for the texts in their normal form, and one for their words alone.
func Fingerprint(texts ...string) string {
	exact, words := make([]string, len(texts)), make([]string, len(texts))
	for i, text := range texts {
		exact[i] = normalForm(text)
		words[i] = wordsOf(exact[i])
	}
	return fingerprintVersion + Hash(exact) + ":" + Hash(words)
}

// MatchText compares a fingerprint that an attempt has recorded with texts that the provider shows.
// Texts with the same words and other signs may be the provider's spelling of ours, or what
// somebody else wrote.
func MatchText(recorded string, shown ...string) Verdict {
	version, _, versioned := strings.Cut(recorded, ":")
	switch {
	case recorded == "" || versioned && version+":" != fingerprintVersion:
		return Unclear // nobody can tell
	case !versioned:
		return matchUnversioned(recorded, shown)
	}
	now := Fingerprint(shown...)
	switch {
	case now == recorded:
		return Yes
	case len(now) != len(recorded):
		return Unclear // somebody has damaged it
	case now[strings.LastIndexByte(now, ':'):] == recorded[strings.LastIndexByte(recorded, ':'):]:
		return Unclear
	}
	return No
}

// wordsOf are the words of a text in its normal form, without case, spaces and signs, but for a
// sign before a digit, which changes what the digit says. A text without any stays as it is.
func wordsOf(text string) string {
	var words strings.Builder
	runes := []rune(strings.ToLower(norm.NFKC.String(text)))
	for i, r := range runes {
		beforeDigit := i+1 < len(runes) && unicode.IsDigit(runes[i+1]) && !unicode.IsSpace(r)
		if unicode.In(r, unicode.Letter, unicode.Mark, unicode.Digit) || beforeDigit {
			words.WriteRune(r)
		}
	}
	if words.Len() == 0 {
		return text
	}
	return words.String()
}

// matchUnversioned compares a fingerprint of the first version, which was made of the letters and
// digits of the text as it was sent.
func matchUnversioned(recorded string, shown []string) Verdict {
	normal := make([]string, len(shown))
	for i, text := range shown {
		normal[i] = normalForm(text)
	}
	if lettersAndDigits(shown) == recorded || lettersAndDigits(normal) == recorded {
		return Yes
	}
	return No
}

func lettersAndDigits(texts []string) string {
	words := make([]string, 0, 2*len(texts))
	for _, text := range texts {
		letters := strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, text)
		if letters != "" {
			words = append(words, "words", letters)
		} else {
			words = append(words, "as it is", strings.TrimSpace(text))
		}
	}
	return Hash(words)
}
