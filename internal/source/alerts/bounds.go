// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"maps"
	"slices"
	"unicode/utf8"
)

// What an alert may take of an Incident. An object that is stored in etcd may have 1.5 MiB, and an
// Incident has up to 100 alerts; so an alert gets 10 KiB, counted as they are stored.
const (
	labelBytes       = 3 << 10
	annotationBytes  = 5 << 10
	urlBytes         = 1 << 10
	fingerprintBytes = 128
	mapEntries       = 64
	// shortestCut is what a text that is cut has left at least.
	shortestCut = 32
)

const ellipsis = "…"

// firstLabels and firstAnnotations are kept first where there is no room for all.
var (
	firstLabels      = []string{"alertname", "severity", "namespace", "cluster", "job", "instance", "service", "grafana_folder"}
	firstAnnotations = []string{"summary", "runbook_url", "dashboard", "dashboard_url", "description", "message"}
)

// boundTexts is what there is room for of labels or annotations: names in order, those that matter
// most before the others. A text that does not fit is cut, or dropped where too little of it would
// be left.
func boundTexts(texts map[string]string, bytes int, first []string) map[string]string {
	bounded := make(map[string]string, min(len(texts), mapEntries))
	for _, name := range namesInOrder(texts, first) {
		if len(bounded) == mapEntries {
			break
		}
		room := bytes - storedBytes(name)
		text := cut(texts[name], room)
		if text == ellipsis || room < 0 {
			continue
		}
		bounded[name] = text
		bytes = room - storedBytes(text)
	}
	if len(bounded) == 0 {
		return nil
	}
	return bounded
}

func namesInOrder(texts map[string]string, first []string) []string {
	names := make([]string, 0, len(texts))
	for _, name := range first {
		if _, exists := texts[name]; exists {
			names = append(names, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if !slices.Contains(first, name) {
			names = append(names, name)
		}
	}
	return names
}

// cut is the text within so many bytes as they are stored; a text that was cut ends in an ellipsis.
func cut(text string, bytes int) string {
	if storedBytes(text) <= bytes {
		return text
	}
	if bytes < shortestCut {
		return ellipsis
	}
	room := bytes - storedBytes(ellipsis)
	for position, character := range text {
		room -= storedLength(character)
		if room < 0 {
			return text[:position] + ellipsis
		}
	}
	return text
}

// storedBytes is the length of a text in JSON, with its quotes.
func storedBytes(text string) int {
	length := len(`""`)
	for _, character := range text {
		length += storedLength(character)
	}
	return length
}

// storedLength is the length of a character in JSON, at most. Go escapes some that HTML would take
// for markup.
func storedLength(character rune) int {
	switch character {
	case '"', '\\', '\n', '\r', '\t':
		return len(`\n`)
	case '<', '>', '&', '\u2028', '\u2029', utf8.RuneError:
		return len(`\u003c`)
	}
	if character < ' ' {
		return len(`\u0000`)
	}
	return utf8.RuneLen(character)
}
