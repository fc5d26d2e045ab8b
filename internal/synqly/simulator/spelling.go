// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"html"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Spelling is how a provider shows the texts of comments and notes that it keeps as they were sent:
// what their conversion to its own format and back makes of them.
type Spelling struct {
	// EscapeHTML writes & < and > as HTML does.
	EscapeHTML bool `json:"escape_html"`
	// LinkURLs makes a markdown link of a bare URL.
	LinkURLs bool `json:"link_urls"`
	// NumberLists numbers the items of a numbered list one after the other.
	NumberLists bool `json:"number_lists"`
	// Decompose writes letters with marks as two characters (NFD).
	Decompose bool `json:"decompose"`
	// EmojiShortcodes writes emoji as shortcodes, as far as it knows them.
	EmojiShortcodes bool `json:"emoji_shortcodes"`
	// HTML makes paragraphs, and line breaks, of the text.
	HTML bool `json:"html"`
}

var (
	bareURL      = regexp.MustCompile(`https?://[^\s<>()\[\]]+`)
	numberedItem = regexp.MustCompile(`(?m)^[0-9]+\. `)
	shortcodes   = strings.NewReplacer("🎉", ":tada:", "👍", ":thumbsup:", "🚨", ":rotating_light:")
)

// spell shows a text as the provider does.
func (s Spelling) spell(text string) string {
	if s.NumberLists {
		number := 0
		text = numberedItem.ReplaceAllStringFunc(text, func(string) string {
			number++
			return fmt.Sprintf("%d. ", number)
		})
	}
	if s.LinkURLs {
		text = bareURL.ReplaceAllString(text, "[${0}](${0})")
	}
	if s.Decompose {
		text = norm.NFD.String(text)
	}
	if s.EmojiShortcodes {
		text = shortcodes.Replace(text)
	}
	if s.EscapeHTML {
		text = strings.NewReplacer("&#39;", "'", "&#34;", `"`).Replace(html.EscapeString(text))
	}
	if s.HTML {
		text = "<p>" + strings.ReplaceAll(strings.ReplaceAll(html.EscapeString(text), "\n\n", "</p><p>"), "\n", "<br>") + "</p>"
	}
	return text
}
