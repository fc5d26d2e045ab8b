// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"cmp"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const redacted = "[redacted]"

// redactor takes the token out of text that others have written: a proxy or a provider may send
// back the header it was sent.
type redactor struct{ forms *strings.Replacer }

func newRedactor(token string) redactor {
	if token == "" {
		return redactor{}
	}
	var replacements []string
	for _, form := range formsOf(token) {
		replacements = append(replacements, form, redacted)
	}
	return redactor{forms: strings.NewReplacer(replacements...)}
}

// formsOf are the ways in which others write the token: as it is, and escaped for quotes, JSON and
// URLs. Whoever reads one of them has the token. The longest come first, because one may begin with
// another.
func formsOf(token string) []string {
	forms := []string{token}
	for _, escaped := range []string{inJSON(token, true), inJSON(token, false), strings.ReplaceAll(inJSON(token, false), "/", `\/`)} {
		// JSON in a text of JSON is escaped twice.
		forms = append(forms, escaped, inJSON(escaped, true), inJSON(escaped, false))
	}
	for _, escaped := range []string{url.QueryEscape(token), url.PathEscape(token)} {
		forms = append(forms, escaped, urlEscape.ReplaceAllStringFunc(escaped, strings.ToLower))
	}
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b)) })
	return slices.Compact(forms)
}

// urlEscape is an escaped character of a URL, in upper case as Go writes it.
var urlEscape = regexp.MustCompile(`%[0-9A-F]{2}`)

// inJSON is the text as it stands between the quotes of JSON, and of Go's %q. Go escapes what HTML
// has a meaning for as well, other languages do not.
func inJSON(text string, forHTML bool) string {
	var encoded strings.Builder
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(forHTML)
	_ = encoder.Encode(text) // A text can always be encoded.
	return strings.TrimSuffix(strings.TrimPrefix(encoded.String(), `"`), "\"\n")
}

func (r redactor) text(text string) string {
	if r.forms == nil {
		return text
	}
	return r.forms.Replace(text)
}

// clean makes one line of at most limit bytes, without the token, out of text that others have
// written.
func (r redactor) clean(text string, limit int) string {
	return shorten(r.line(text), limit)
}

// line makes one line without the token. Whatever cuts text comes after it: a part of the token
// would no longer be recognised.
func (r redactor) line(text string) string {
	// Twice: what stands between the halves of a token may be among what is dropped.
	return r.text(singleLine(r.text(text)))
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
