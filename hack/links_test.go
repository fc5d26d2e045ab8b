// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package hack_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// page is a document: where its links lead, and the anchors that others can link to.
type page struct {
	links   []string
	anchors []string
}

func TestLinksOfTheDocumentsLeadSomewhere(t *testing.T) {
	pages := readPages(t)
	if len(pages) < 20 {
		t.Fatalf("there are %d documents: they are looked for in the wrong folder", len(pages))
	}
	for path, page := range pages {
		for _, link := range page.links {
			if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
				continue
			}
			file, anchor, _ := strings.Cut(link, "#")
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", path, link)
				continue
			}
			if linked, isPage := pages[target]; anchor != "" && isPage && !slices.Contains(linked.anchors, anchor) {
				t.Errorf("%s links to %s, and %s has no such heading", path, link, target)
			}
		}
	}
}

func TestAnchorsAreThoseOfGitHub(t *testing.T) {
	parsed := parsePage([]byte("# What `status.id` says: no, *not* that!\n\n## Again\n\n## Again\n\n<a id=\"own\"></a>\n"))
	want := []string{"what-statusid-says-no-not-that", "again", "again-1", "own"}
	if !slices.Equal(parsed.anchors, want) {
		t.Errorf("the anchors are %q, want %q", parsed.anchors, want)
	}
}

// readPages reads all documents of the project, by their path from here.
func readPages(t *testing.T) map[string]page {
	t.Helper()
	pages := map[string]page{}
	for _, pattern := range []string{"../*.md", "../docs/*.md", "../docs/*/*.md", "../charts/*/*.md", "../config/*/*.md"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			pages[path] = parsePage(content)
		}
	}
	return pages
}

var ownAnchor = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)

func parsePage(content []byte) page {
	var parsed page
	seen := map[string]int{}
	document := goldmark.New(goldmark.WithExtensions(extension.Table)).Parser().Parse(text.NewReader(content))
	_ = ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch of := node.(type) {
		case *ast.Heading:
			parsed.anchors = append(parsed.anchors, anchorOf(textOf(of, content), seen))
		case *ast.Link:
			parsed.links = append(parsed.links, string(of.Destination))
		case *ast.Image:
			parsed.links = append(parsed.links, string(of.Destination))
		}
		return ast.WalkContinue, nil
	})
	for _, match := range ownAnchor.FindAllSubmatch(content, -1) {
		parsed.anchors = append(parsed.anchors, string(match[1]))
	}
	return parsed
}

// anchorOf is the anchor that GitHub gives to a heading: lower case, without punctuation, with
// hyphens for spaces, and with a number where it is not the first of that name.
func anchorOf(heading string, seen map[string]int) string {
	anchor := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, heading)
	number := seen[anchor]
	seen[anchor]++
	if number > 0 {
		return anchor + "-" + strconv.Itoa(number)
	}
	return anchor
}

// textOf is the text of a heading without its markup.
func textOf(node ast.Node, content []byte) string {
	var all strings.Builder
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		if leaf, isText := child.(*ast.Text); isText {
			all.Write(leaf.Segment.Value(content))
			continue
		}
		all.WriteString(textOf(child, content))
	}
	return all.String()
}
