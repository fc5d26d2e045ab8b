// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bytes"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/kyokomi/emoji/v2"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	renderer "github.com/yuin/goldmark/renderer/html"
	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/unicode/norm"
)

// Providers convert markdown to formats of their own and back: HTML with its escapes, links for
// bare URLs, numbered lists, emoji. normalForm is what all of these spellings of a text have in
// common. Letters, digits and signs stay as they are, because "+1" does not say "-1".

// maxMarkup bounds the texts whose markup is read, in bytes. It is far above what a spec can hold,
// so a longer text says something else in any case.
const maxMarkup = 256 << 10

// markdown renders raw HTML as it is: what the provider returns may be either, or a mixture.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.Linkify, extension.Strikethrough, extension.Table),
	goldmark.WithRendererOptions(renderer.WithUnsafe()),
)

// normalForm is the text without markup, in one spelling.
func normalForm(text string) string {
	plain := strings.ToValidUTF8(text, "")
	if len(text) <= maxMarkup && !isExcessive(plain) {
		plain = withoutMarkup(plain)
	}
	// Not in code, where markdown knows no escapes and providers escape all the same.
	for range 2 {
		plain = html.UnescapeString(plain)
	}
	plain = strings.Map(plainRune, withEmoji(plain))
	plain = strings.ReplaceAll(plain, "…", "...")
	return norm.NFC.String(strings.Join(strings.Fields(plain), " "))
}

// nested is more quotes and lists in each other than anybody writes, and brackets more of those.
// Markdown takes time in the square of both to read.
var nested = regexp.MustCompile(`(?m)^(?:[ \t]*(?:>|[-+*][ \t]|[0-9]{1,9}[.)][ \t])){33}`)

const maxBrackets = 1000

func isExcessive(text string) bool {
	return strings.Count(text, "[") > maxBrackets || nested.MatchString(text)
}

// withoutMarkup is the text that a reader of the markdown, or HTML, sees.
func withoutMarkup(text string) string {
	var rendered bytes.Buffer
	if err := markdown.Convert([]byte(text), &rendered); err != nil {
		return text // A buffer takes everything.
	}
	reader := markupReader{tokens: nethtml.NewTokenizer(&rendered)}
	for reader.next() {
	}
	return reader.text.String()
}

// markupReader collects the text of HTML.
type markupReader struct {
	tokens *nethtml.Tokenizer
	text   strings.Builder
	// lists are the lists that are open, the innermost last.
	lists []atom.Atom
	// link is the target of the link that is open, and linkStart where its text begins.
	link      string
	linkStart int
}

// next reads one token, and returns false at the end.
func (r *markupReader) next() bool {
	switch kind := r.tokens.Next(); kind {
	case nethtml.ErrorToken:
		return false
	case nethtml.TextToken:
		r.text.Write(unescaped(r.tokens.Raw()))
	case nethtml.StartTagToken, nethtml.SelfClosingTagToken, nethtml.EndTagToken:
		raw := string(r.tokens.Raw()) // before the token is read, which changes it
		token := r.tokens.Token()
		switch {
		case !slices.Contains(inline, token.DataAtom) && !slices.Contains(block, token.DataAtom):
			r.text.WriteString(raw) // no tag of HTML, such as <name>: what somebody has written
		case kind == nethtml.EndTagToken:
			r.close(token)
		default:
			r.open(token)
		}
	}
	return true
}

func unescaped(raw []byte) []byte { return []byte(html.UnescapeString(string(raw))) }

func (r *markupReader) open(token nethtml.Token) {
	switch token.DataAtom {
	case atom.A:
		r.link, r.linkStart = attribute(token, "href"), r.text.Len()
		return
	case atom.Img:
		r.text.WriteString(" " + attribute(token, "alt") + " " + attribute(token, "src") + " ")
		return
	case atom.Ol, atom.Ul:
		r.lists = append(r.lists, token.DataAtom)
	case atom.Li:
		r.text.WriteString(r.listMarker())
		return
	}
	r.separate(token)
}

func (r *markupReader) close(token nethtml.Token) {
	switch token.DataAtom {
	case atom.A:
		r.closeLink()
		return
	case atom.Ol, atom.Ul:
		r.lists = r.lists[:max(len(r.lists)-1, 0)]
	}
	r.separate(token)
}

// listMarker is the same for all items of a list: providers number them anew.
func (r *markupReader) listMarker() string {
	if len(r.lists) > 0 && r.lists[len(r.lists)-1] == atom.Ol {
		return " 1. "
	}
	return " - "
}

// closeLink names the target of a link, unless its text does that already: many providers make a
// link of a bare URL.
func (r *markupReader) closeLink() {
	target := strings.TrimSuffix(decodedURL(r.link), "/")
	shown := strings.TrimSpace(r.text.String()[r.linkStart:])
	r.link = ""
	if strings.TrimSuffix(decodedURL(shown), "/") != target {
		r.text.WriteString(" " + target)
		return
	}
	before := r.text.String()[:r.linkStart]
	r.text.Reset()
	r.text.WriteString(before + target)
}

func decodedURL(text string) string {
	if decoded, err := url.PathUnescape(text); err == nil {
		text = decoded
	}
	return strings.TrimPrefix(text, "mailto:")
}

// inline are the tags that may stand within a word, and block the others that formatted text has.
// What looks like another tag is none.
var inline = []atom.Atom{
	atom.B, atom.Strong, atom.I, atom.Em, atom.U, atom.S, atom.Del, atom.Ins, atom.Code, atom.Span,
	atom.Font, atom.Sub, atom.Sup, atom.Small, atom.Mark, atom.Tt, atom.Kbd,
}

var block = []atom.Atom{
	atom.P, atom.Div, atom.Br, atom.Hr, atom.Ul, atom.Ol, atom.Li, atom.Pre, atom.Blockquote, atom.A, atom.Img,
	atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Html, atom.Head, atom.Body, atom.Section, atom.Article,
	atom.Table, atom.Thead, atom.Tbody, atom.Tr, atom.Th, atom.Td, atom.Dl, atom.Dt, atom.Dd,
}

func (r *markupReader) separate(token nethtml.Token) {
	if !slices.Contains(inline, token.DataAtom) {
		r.text.WriteByte(' ')
	}
}

func attribute(token nethtml.Token, name string) string {
	for _, a := range token.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// plainRune drops what is not seen, and has one spelling of what programs replace as people type.
func plainRune(r rune) rune {
	switch r {
	case '\ufe0e', '\ufe0f', '\u200b', '\ufeff', '\u00ad': // variants of emoji, zero width, soft hyphen
		return -1
	case '“', '”', '„':
		return '"'
	case '‘', '’':
		return '\''
	}
	if unicode.IsSpace(r) {
		return ' '
	}
	return r
}

// maxShortcode is the longest shortcode of an emoji that is looked up, in bytes.
const maxShortcode = 64

// withEmoji replaces shortcodes such as :tada: by the emoji.
func withEmoji(text string) string {
	codes := emoji.CodeMap()
	var replaced strings.Builder
	for text != "" {
		start := strings.IndexByte(text, ':')
		if start < 0 {
			break
		}
		replaced.WriteString(text[:start])
		text = text[start:]
		length := strings.IndexByte(text[1:min(len(text), maxShortcode)], ':') + 2
		if symbol, known := codes[text[:max(length, 1)]]; known && length > 2 {
			replaced.WriteString(symbol)
			text = text[length:]
			continue
		}
		replaced.WriteByte(':')
		text = text[1:]
	}
	return replaced.String() + text
}
